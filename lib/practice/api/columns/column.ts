/** A column of a table as kube-apiserver prints it, and the cells that many kinds share. */
import { humanDuration } from "../../../model/duration.ts";
import type { KubeObject } from "../../store.ts";

export type Cell = string | number | boolean | null;

export interface Column {
  readonly name: string;
  readonly type: "string" | "integer" | "number" | "boolean" | "date";
  readonly format: string;
  /** 0 is always shown, 1 only with `-o wide`. */
  readonly priority: number;
  readonly cell: (object: KubeObject, now: Date) => Cell;
}

type CellOf = Column["cell"];

/** A text column. */
export function column(name: string, cell: CellOf): Column {
  return { name, type: "string", format: "", priority: 0, cell };
}

/** A column of numbers. */
export function integer(name: string, cell: CellOf): Column {
  return { ...column(name, cell), type: "integer" };
}

/** The columns as they are with `-o wide` only. */
export function wide(...columns: readonly Column[]): Column[] {
  return columns.map((each) => ({ ...each, priority: 1 }));
}

export const nameColumn: Column = { ...column("Name", (object) => object.metadata.name), format: "name" };

export const ageColumn: Column = column("Age", (object, now) => since(object.metadata.creationTimestamp, now));

export const createdAtColumn: Column = {
  ...column("Created At", (object) => object.metadata.creationTimestamp),
  type: "date",
};

/** The time since a moment as kubectl's AGE column has it. */
export function since(moment: string | null | undefined, now: Date): string {
  return moment ? humanDuration(now.getTime() - Date.parse(moment)) : "<unknown>";
}

/** The text, or what kubectl shows instead of nothing. */
export function orNone(text: string | undefined): string {
  return text === undefined || text === "" ? "<none>" : text;
}

/** `a=b,c=d`, sorted; `<none>` when empty (labels.FormatLabels). */
export function labelText(labels: Record<string, string> | undefined): string {
  const pairs = Object.entries(labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return orNone(pairs.map(([key, value]) => `${key}=${value}`).join(","));
}

interface SelectorFields {
  readonly matchLabels?: Record<string, string>;
  readonly matchExpressions?: readonly { key: string; operator: string; values?: string[] }[];
}

/** A label selector as text (metav1.FormatLabelSelector). */
export function selectorText(selector: SelectorFields | undefined): string {
  if (selector === undefined) return "<none>";
  const parts = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  for (const { key, operator, values = [] } of selector.matchExpressions ?? []) {
    const set = `(${[...values].sort().join(",")})`;
    if (operator === "In") parts.push(`${key} in ${set}`);
    else if (operator === "NotIn") parts.push(`${key} notin ${set}`);
    else parts.push(operator === "Exists" ? key : `!${key}`);
  }
  return orNone(parts.sort().join(","));
}
