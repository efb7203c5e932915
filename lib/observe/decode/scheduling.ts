/** Decodes where something may run: tolerations, selectors and the required part of affinities, alike in pods, VMIs and volumes. */
import { objectOf } from "../../model/json.ts";
import type {
  Affinity,
  LabelSelector,
  LabelSelectorRequirement,
  NodeSelector,
  PodAffinityTerm,
  SpreadConstraint,
  Taint,
  Toleration,
} from "../../model/kubernetes.ts";
import { listOf, number, text, textMap } from "../read-field.ts";

/** One without a key is kept: it may tolerate everything. */
export function decodeTolerations(value: unknown): readonly Toleration[] {
  return listOf(value, (entry) => {
    const fields = objectOf(entry);
    return {
      key: text(fields.key),
      operator: text(fields.operator),
      value: text(fields.value),
      effect: text(fields.effect),
    };
  });
}

/** One without a key is none. */
export function decodeTaints(value: unknown): readonly Taint[] {
  return listOf(value, (entry) => {
    const fields = objectOf(entry);
    const key = text(fields.key);
    return key === undefined ? undefined : { key, value: text(fields.value), effect: text(fields.effect) ?? "" };
  });
}

/** Undefined when the field is absent, which differs from a selector without requirements. */
export function decodeLabelSelector(value: unknown): LabelSelector | undefined {
  if (value === undefined || value === null) return undefined;
  const fields = objectOf(value);
  return { matchLabels: textMap(fields.matchLabels), matchExpressions: decodeRequirements(fields.matchExpressions) };
}

/** Undefined when the field is absent: that asks for nothing, where a selector without terms matches no node. */
export function decodeNodeSelector(value: unknown): NodeSelector | undefined {
  if (value === undefined || value === null) return undefined;
  return {
    nodeSelectorTerms: listOf(objectOf(value).nodeSelectorTerms, (term) => ({
      matchExpressions: decodeRequirements(objectOf(term).matchExpressions),
      matchFields: decodeRequirements(objectOf(term).matchFields),
    })),
  };
}

/** What is only preferred is left out. */
export function decodeAffinity(value: unknown): Affinity {
  const fields = objectOf(value);
  const required = (kind: unknown) => objectOf(kind).requiredDuringSchedulingIgnoredDuringExecution;
  return {
    requiredNodes: decodeNodeSelector(required(fields.nodeAffinity)),
    requiredPods: listOf(required(fields.podAffinity), decodePodTerm),
    requiredAntiPods: listOf(required(fields.podAntiAffinity), decodePodTerm),
  };
}

/** Those that keep a pod from running; undefined without any, as almost all pods are. */
export function decodeSpread(value: unknown): readonly SpreadConstraint[] | undefined {
  const constraints = listOf(value, (entry) => {
    const fields = objectOf(entry);
    if (fields.whenUnsatisfiable !== "DoNotSchedule") return undefined;
    return {
      topologyKey: text(fields.topologyKey) ?? "",
      maxSkew: number(fields.maxSkew) ?? 1,
      labelSelector: decodeLabelSelector(fields.labelSelector),
      matchLabelKeys: listOf(fields.matchLabelKeys, text),
      minDomains: number(fields.minDomains) ?? 1,
      ignoresAffinity: fields.nodeAffinityPolicy === "Ignore",
      honoursTaints: fields.nodeTaintsPolicy === "Honor",
    };
  });
  return constraints.length === 0 ? undefined : constraints;
}

function decodePodTerm(value: unknown): PodAffinityTerm {
  const fields = objectOf(value);
  return {
    labelSelector: decodeLabelSelector(fields.labelSelector),
    topologyKey: text(fields.topologyKey) ?? "",
    namespaces: listOf(fields.namespaces, text),
    namespaceSelector: decodeLabelSelector(fields.namespaceSelector),
  };
}

function decodeRequirements(value: unknown): readonly LabelSelectorRequirement[] {
  return listOf(value, (entry) => {
    const fields = objectOf(entry);
    return {
      key: text(fields.key) ?? "",
      operator: text(fields.operator) ?? "",
      // The empty value is one that a label can have.
      values: listOf(fields.values, (item) => (typeof item === "string" ? item : undefined)),
    };
  });
}
