/** topologySpreadConstraints that must be met, as kube-scheduler's filter plugin PodTopologySpread has them. */
import { matchesSelector } from "../../model/selectors.ts";
import type { KubeObject } from "../store.ts";
import { nodes } from "./keys.ts";
import { type Misfit, resolvable, unresolvable } from "./misfit.ts";
import { isFinished, taintsOf } from "./objects.ts";
import type { World } from "./world.ts";

interface Constraint {
  readonly maxSkew: number;
  readonly topologyKey: string;
  readonly whenUnsatisfiable: string;
  readonly labelSelector?: Parameters<typeof matchesSelector>[1];
  readonly minDomains?: number;
  readonly nodeAffinityPolicy?: string;
  readonly nodeTaintsPolicy?: string;
}

/** How the scheduler judges a node for the pod by rules that also say which nodes count. */
export interface NodeRules {
  isWanted(pod: KubeObject, node: KubeObject): boolean;
  isTainted(pod: KubeObject, taints: ReturnType<typeof taintsOf>): boolean;
}

/** Why the node would have too many of the pod's kind, or cannot be counted. */
export function spreadMisfits(world: World, pod: KubeObject, node: KubeObject, rules: NodeRules): Misfit[] {
  const all: readonly Constraint[] = pod.spec.topologySpreadConstraints ?? [];
  const constraints = all.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === "DoNotSchedule");
  const refusal = "node(s) didn't match pod topology spread constraints";
  if (constraints.some(({ topologyKey }) => domainOf(node, topologyKey) === undefined))
    return unresolvable(`${refusal} (missing required label)`);
  const keyed = world.store
    .list(nodes)
    .filter((each) => constraints.every(({ topologyKey }) => domainOf(each, topologyKey) !== undefined));
  const isMet = (constraint: Constraint) => {
    const counted = keyed.filter((each) => takesPart(constraint, pod, each, rules));
    return hasRoom(constraint, { pod, node, counts: countPods(world, constraint, pod, counted) });
  };
  return constraints.every(isMet) ? [] : resolvable(refusal);
}

function domainOf(node: KubeObject, topologyKey: string): string | undefined {
  return node.metadata.labels?.[topologyKey];
}

function takesPart(constraint: Constraint, pod: KubeObject, node: KubeObject, rules: NodeRules): boolean {
  if (constraint.nodeAffinityPolicy !== "Ignore" && !rules.isWanted(pod, node)) return false;
  return constraint.nodeTaintsPolicy !== "Honor" || !rules.isTainted(pod, taintsOf(node));
}

function countPods(world: World, constraint: Constraint, pod: KubeObject, counted: readonly KubeObject[]) {
  const counts = new Map<string, number>();
  for (const node of counted) {
    const domain = domainOf(node, constraint.topologyKey) ?? "";
    const pods = world.podsOn.get(node.metadata.name).filter((other) => !isFinished(other));
    const matching = pods.filter((other) => isSelected(constraint, pod, other));
    counts.set(domain, (counts.get(domain) ?? 0) + matching.length);
  }
  return counts;
}

interface Candidate {
  readonly pod: KubeObject;
  readonly node: KubeObject;
  readonly counts: ReadonlyMap<string, number>;
}

function hasRoom(constraint: Constraint, { pod, node, counts }: Candidate): boolean {
  const least = counts.size < (constraint.minDomains ?? 1) ? 0 : Math.min(...counts.values());
  const there = counts.get(domainOf(node, constraint.topologyKey) ?? "") ?? 0;
  return there + (isSelected(constraint, pod, pod) ? 1 : 0) - least <= constraint.maxSkew;
}

/** An empty selector selects no pod here, and pods that are ending do not count. */
function isSelected({ labelSelector }: Constraint, pod: KubeObject, other: KubeObject): boolean {
  if (other.metadata.namespace !== pod.metadata.namespace || other.metadata.deletionTimestamp !== undefined)
    return false;
  if (labelSelector === undefined || Object.values(labelSelector).every((part) => Object.keys(part).length === 0))
    return false;
  return matchesSelector(other.metadata.labels, labelSelector);
}
