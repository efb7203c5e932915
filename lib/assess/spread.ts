/** topologySpreadConstraints that keep a pod from running (scheduler plugin PodTopologySpread), on the nodes of the picture. */
import type { Pod, SpreadConstraint } from "../model/kubernetes.ts";
import { cordonToleration, untoleratedTaint } from "../model/scheduling.ts";
import { hasLabels, matchesNode, matchesSelector } from "../model/selectors.ts";
import type { Place } from "./room.ts";

/** Why the constraints keep the new pod from a node; `true` when they do not, `undefined` when pods that count were not read. */
export type SpreadRule = (place: Place) => string | true | undefined;

/** The rule for one new pod. `leaving` is the pod that ends before the new one starts, and so does not count. */
export function spreadRule(pod: Pod, places: readonly Place[], leaving: Pod | undefined): SpreadRule {
  const { spread } = pod.spec;
  if (spread === undefined) return () => true;
  const keyed = places.filter((place) => spread.every(({ topologyKey }) => valueAt(place, topologyKey) !== undefined));
  const rules = spread.map((constraint) => ruleOf(constraint, pod, keyed, leaving));
  return (place) => {
    const answers = rules.map((rule) => rule(place));
    const refusal = answers.find((answer) => typeof answer === "string");
    return refusal ?? (answers.includes(undefined) ? undefined : true);
  };
}

function ruleOf(
  constraint: SpreadConstraint,
  pod: Pod,
  places: readonly Place[],
  leaving: Pod | undefined,
): SpreadRule {
  const { topologyKey, maxSkew, minDomains } = constraint;
  const counted = places.filter((place) => takesPart(constraint, pod, place));
  const isUnread = counted.some((place) => !place.roomKnown && !place.isTarget);
  const counts = new Map<string, number>();
  for (const place of counted) {
    const value = valueAt(place, topologyKey) ?? "";
    const matching = [...place.pods].filter((other) => other !== leaving && isSpread(constraint, pod, other));
    counts.set(value, (counts.get(value) ?? 0) + matching.length);
  }
  const least = counts.size < minDomains ? 0 : Math.min(...counts.values());
  const own = isSpread(constraint, pod, pod) ? 1 : 0;
  return (place) => {
    const value = valueAt(place, topologyKey);
    if (value === undefined) return `has no label ${topologyKey}, over whose values its pods must be spread`;
    if (isUnread) return undefined;
    if ((counts.get(value) ?? 0) + own - least <= maxSkew) return true;
    return `more of its kind than elsewhere (topologySpreadConstraints, ${topologyKey})`;
  };
}

function valueAt({ node }: Place, topologyKey: string): string | undefined {
  return node.metadata.labels[topologyKey];
}

/** Whether the pods of the node count, and its domain with them. A cordon alone takes no node out, unless taints are to be honoured. */
function takesPart({ ignoresAffinity, honoursTaints }: SpreadConstraint, { spec }: Pod, place: Place): boolean {
  const { metadata, spec: nodeSpec } = place.node;
  const { requiredNodes } = spec.affinity;
  const fits =
    hasLabels(metadata.labels, spec.nodeSelector) &&
    (requiredNodes === undefined || matchesNode(metadata, requiredNodes));
  if (!ignoresAffinity && !fits) return false;
  if (!honoursTaints) return true;
  const isClosed = place.isTarget && cordonToleration(spec.tolerations) === undefined;
  return !isClosed && untoleratedTaint(spec.tolerations, nodeSpec.taints) === undefined;
}

/** Whether `other` is of the pods that are to be spread: of the same namespace, not ending, selected. An empty selector selects none. */
function isSpread({ labelSelector, matchLabelKeys }: SpreadConstraint, pod: Pod, { metadata }: Pod): boolean {
  if (metadata.namespace !== pod.metadata.namespace || metadata.deletionTimestamp !== undefined) return false;
  const own = pod.metadata.labels;
  const keys = matchLabelKeys.filter((key) => own[key] !== undefined);
  const { matchLabels = {}, matchExpressions = [] } = labelSelector ?? {};
  if (Object.keys(matchLabels).length + matchExpressions.length + keys.length === 0) return false;
  return matchesSelector(metadata.labels, labelSelector) && keys.every((key) => metadata.labels[key] === own[key]);
}
