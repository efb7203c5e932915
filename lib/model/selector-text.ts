/** The text form of a label selector, as `-l` and `--pod-selector` take it. */
import type { LabelSelector, LabelSelectorRequirement } from "./kubernetes.ts";

const key = "(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?";
const value = "(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?";
const setForm = new RegExp(`^(${key})\\s+(in|notin)\\s*\\(([^()]*)\\)$`);
const compareForm = new RegExp(`^(${key})\\s*(==|=|!=|>|<)\\s*(${value})$`);
const existsForm = new RegExp(`^(!?)\\s*(${key})$`);
const valueForm = new RegExp(`^${value}$`);

const operators: Readonly<Record<string, string>> = {
  in: "In",
  notin: "NotIn",
  "=": "In",
  "==": "In",
  "!=": "NotIn",
  ">": "Gt",
  "<": "Lt",
};

/**
 * Reads `a=b,c!=d,e in (x,y),f notin (z),g,!h,i>1` (apimachinery pkg/labels Parse).
 * Undefined when it is not a selector; the empty text selects everything.
 */
export function parseLabelSelector(text: string): LabelSelector | undefined {
  const matchExpressions: LabelSelectorRequirement[] = [];
  if (text.trim() === "") return { matchLabels: {}, matchExpressions };
  for (const part of text.split(/,(?![^()]*\))/)) {
    const requirement = parseRequirement(part.trim());
    if (requirement === undefined) return undefined;
    matchExpressions.push(requirement);
  }
  return { matchLabels: {}, matchExpressions };
}

function parseRequirement(text: string): LabelSelectorRequirement | undefined {
  const set = setForm.exec(text);
  if (set !== null) {
    const values = (set[3] ?? "").split(",").map((entry) => entry.trim());
    if (!values.every((entry) => valueForm.test(entry))) return undefined;
    return requirementOf(set[1], operators[set[2] ?? ""], values);
  }
  const comparison = compareForm.exec(text);
  if (comparison !== null) {
    const operator = operators[comparison[2] ?? ""];
    const operand = comparison[3] ?? "";
    if ((operator === "Gt" || operator === "Lt") && !/^\d+$/.test(operand)) return undefined;
    return requirementOf(comparison[1], operator, [operand]);
  }
  const existence = existsForm.exec(text);
  if (existence === null) return undefined;
  return requirementOf(existence[2], existence[1] === "!" ? "DoesNotExist" : "Exists", []);
}

function requirementOf(
  key: string | undefined,
  operator: string | undefined,
  values: readonly string[],
): LabelSelectorRequirement | undefined {
  return key === undefined || operator === undefined ? undefined : { key, operator, values };
}
