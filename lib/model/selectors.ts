/** How Kubernetes matches labels, nodes and taints: pure, and lenient about absent fields as the API is. */
import type { Toleration } from "./kubernetes.ts";

interface Requirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[] | undefined;
}

interface Labels {
  readonly [key: string]: string;
}

export interface LabelSelectorFields {
  readonly matchLabels?: Labels | undefined;
  readonly matchExpressions?: readonly Requirement[] | undefined;
}

export interface NodeSelectorFields {
  readonly nodeSelectorTerms: readonly {
    readonly matchExpressions?: readonly Requirement[] | undefined;
    readonly matchFields?: readonly Requirement[] | undefined;
  }[];
}

interface TaintFields {
  readonly key: string;
  readonly value?: string | undefined;
  readonly effect: string;
}

/** True when every pair is among the labels (nodeSelector, a Service's selector). */
export function hasLabels(labels: Labels | undefined, wanted: Labels | undefined): boolean {
  return Object.entries(wanted ?? {}).every(([key, value]) => labels?.[key] === value);
}

/** An absent selector matches nothing, an empty one everything (`metav1.LabelSelectorAsSelector`). */
export function matchesSelector(labels: Labels | undefined, selector: LabelSelectorFields | undefined): boolean {
  if (selector === undefined || selector === null) return false;
  if (!hasLabels(labels, selector.matchLabels)) return false;
  return (selector.matchExpressions ?? []).every((requirement) => meets(labels?.[requirement.key], requirement));
}

/** Terms are ORed, a term without requirements matches nothing (component-helpers `nodeaffinity`). */
export function matchesNode(
  node: { readonly name: string; readonly labels?: Labels | undefined },
  selector: NodeSelectorFields,
): boolean {
  return selector.nodeSelectorTerms.some((term) => {
    const expressions = term.matchExpressions ?? [];
    const fields = term.matchFields ?? [];
    if (expressions.length + fields.length === 0) return false;
    return (
      expressions.every((requirement) => meets(node.labels?.[requirement.key], requirement)) &&
      fields.every((requirement) => requirement.key === "metadata.name" && meets(node.name, requirement))
    );
  });
}

/** `v1.Toleration.ToleratesTaint`: an empty key with Exists tolerates everything, an empty effect every effect. */
export function tolerates(toleration: Toleration, taint: TaintFields): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  if (toleration.operator === "Exists") return true;
  return Boolean(toleration.key) && (toleration.value ?? "") === (taint.value ?? "");
}

function meets(value: string | undefined, { operator, values = [] }: Requirement): boolean {
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    case "Gt":
      return toInteger(value) > toInteger(values[0]);
    case "Lt":
      return toInteger(value) < toInteger(values[0]);
    default:
      return false;
  }
}

/** NaN for what is no integer, so that every comparison with it is false. */
function toInteger(value: string | undefined): number {
  return value !== undefined && /^[+-]?\d+$/.test(value) ? Number(value) : Number.NaN;
}
