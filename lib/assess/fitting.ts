/** Whether one node takes one VM's pod, and if not, why not in plain words. */
import { findCondition, type NodeSelector, type Pod, taintText } from "../model/kubernetes.ts";
import { formatUnits } from "../model/quantity.ts";
import { cordonToleration, untoleratedTaint } from "../model/scheduling.ts";
import { matchesNode } from "../model/selectors.ts";
import {
  architectureLabel,
  cpuFeaturePrefix,
  cpuModelMigrationPrefix,
  cpuModelPrefix,
  cpuVendorPrefix,
  hostnameLabel,
  schedulableLabel,
} from "../platform/names.ts";
import { type AffinityRule, affinityRule, type Surroundings } from "./pod-affinity.ts";
import { type Place, shortageFor } from "./room.ts";
import { type SpreadRule, spreadRule } from "./spread.ts";

/** A pod that is to run somewhere else: a migration's target, or the next run of a VM that was shut down. */
export interface Arrival {
  /** As it will be: its node selector is the new pod's. */
  readonly pod: Pod;
  /** Where the VM is now. */
  readonly source: string;
  /** The pod that runs now, where it ends before the new one starts. */
  readonly leaving?: Pod | undefined;
  readonly disks: readonly BoundDisk[];
}

/** A disk that cannot be reached from every node. */
export interface BoundDisk {
  readonly name: string;
  /** Undefined for a file on the source node (hostDisk). */
  readonly nodeAffinity?: NodeSelector | undefined;
}

/** Why a node does not take a pod, and the node's field that shows it. */
export interface Refusal {
  readonly reason: string;
  readonly field: string;
  readonly value: string | undefined;
}

/** What the pods that are there mean for a new one. */
export interface PodRules {
  readonly affinity: AffinityRule;
  readonly spread: SpreadRule;
}

/** The rules for a pod among those of the nodes. */
export function podRules({ pod, leaving }: Arrival, surroundings: Surroundings): PodRules {
  return {
    affinity: affinityRule(pod, surroundings, leaving),
    spread: spreadRule(pod, surroundings.all, leaving),
  };
}

/**
 * Why the node does not take the pod; `true` when it does, `undefined` when everything fits but what is free there is not known.
 * The rules are the scheduler's filters, in an order that names the plainest cause first.
 */
export function fits(arrival: Arrival, place: Place, rules: PodRules): true | undefined | Refusal {
  const state = stateRefusal(arrival, place);
  const spread = rules.spread(place);
  const rule = ruleRefusal(arrival, place) ?? crowdRefusal(place, rules.affinity(place) ?? spread);
  // A cordon can be lifted, so it is the cause only where nothing else keeps the VM away.
  const refusal = state?.field === "spec.unschedulable" ? (rule ?? state) : (state ?? rule);
  if (refusal !== undefined) return refusal;
  if (!place.roomKnown || spread === undefined) return undefined;
  const shortage = shortageFor(place, arrival.pod);
  if (shortage === undefined) return true;
  const { resource, needed } = shortage;
  const all = place.node.status.allocatable[resource];
  const free = formatUnits(resource, Math.max(0, shortage.free));
  const proof = { field: `status.allocatable[${resource}]`, value: all && `${all}, ${free} of it free` };
  if (resource === "pods") return { reason: "no pod more may run there (limit of pods)", ...proof };
  if (all === undefined) return { reason: `has no ${resource}`, ...proof };
  return { reason: `too little ${resource}: needs ${formatUnits(resource, needed)}, ${free} free`, ...proof };
}

/** True when the node does not take the pod whatever runs there. */
export function isClosed(arrival: Arrival, place: Place): boolean {
  return (stateRefusal(arrival, place) ?? ruleRefusal(arrival, place)) !== undefined;
}

/** What keeps the node from taking any VM, or this one unless it tolerates it. */
function stateRefusal({ pod }: Arrival, { node, isTarget }: Place): Refusal | undefined {
  const { labels, name } = node.metadata;
  if (isTarget) return { reason: "is to be drained, too", field: "metadata.name", value: name };
  const ready = findCondition(node.status.conditions, "Ready")?.status;
  if (ready !== "True") return { reason: "not Ready", field: "status.conditions[Ready].status", value: ready };
  if (node.spec.unschedulable && cordonToleration(pod.spec.tolerations) === undefined)
    return { reason: "cordoned", field: "spec.unschedulable", value: "true" };
  if (labels[schedulableLabel] !== "true") {
    const reason = "KubeVirt runs no VMs there (kubevirt.io/schedulable is not true)";
    return { reason, ...labelOf(labels, schedulableLabel) };
  }
  const taint = untoleratedTaint(pod.spec.tolerations, node.spec.taints);
  if (taint === undefined) return undefined;
  return { reason: `taint ${taintText(taint)}`, field: "spec.taints", value: taintText(taint) };
}

/** What the pod asks for and the node does not have. */
function ruleRefusal(arrival: Arrival, place: Place): Refusal | undefined {
  const { labels, name } = place.node.metadata;
  const { pod } = arrival;
  for (const [key, value] of Object.entries(pod.spec.nodeSelector)) {
    if (labels[key] !== value) return { reason: missingLabel(key, value), ...labelOf(labels, key) };
  }
  const { requiredNodes } = pod.spec.affinity;
  if (requiredNodes !== undefined && !matchesNode({ name, labels }, requiredNodes))
    return { reason: "does not match its node affinity", field: "metadata.labels", value: JSON.stringify(labels) };
  const disk = arrival.disks.find((entry) => !reaches(entry, place));
  if (disk !== undefined)
    return { reason: `its disk ${disk.name} cannot be reached from there`, field: "metadata.name", value: name };
  return undefined;
}

/** Because of the pods that are there. */
function crowdRefusal({ pods }: Place, reason: ReturnType<SpreadRule>): Refusal | undefined {
  return typeof reason === "string" ? { reason, field: "pods on the node", value: String(pods.size) } : undefined;
}

function labelOf(labels: Readonly<Record<string, string>>, key: string) {
  return { field: `metadata.labels[${key}]`, value: labels[key] };
}

/** Whether a node can use the disk. */
export function reaches(disk: BoundDisk, { node: { metadata } }: Place): boolean {
  return disk.nodeAffinity !== undefined && matchesNode(metadata, disk.nodeAffinity);
}

/** What a label of a launcher pod's node selector stands for (pkg/virt-controller/services/nodeselectorrenderer.go). */
const meanings: readonly (readonly [string, string])[] = [
  [cpuModelMigrationPrefix, "cannot take over a VM with host CPU model"],
  [cpuModelPrefix, "does not offer CPU model"],
  [cpuFeaturePrefix, "lacks CPU feature"],
  [cpuVendorPrefix, "has no CPU of vendor"],
];

function missingLabel(key: string, value: string): string {
  for (const [prefix, meaning] of meanings) {
    if (key.startsWith(prefix)) return `${meaning} ${key.slice(prefix.length)}`;
  }
  if (key === hostnameLabel) return `its nodeSelector pins it to ${value}`;
  if (key === architectureLabel) return `is not of architecture ${value}`;
  return `does not match its nodeSelector (${key}=${value})`;
}
