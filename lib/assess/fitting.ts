/** Whether one node takes one VM's pod, and if not, why not in plain words. */
import { findCondition, type NodeSelector, type Pod, type Taint } from "../model/kubernetes.ts";
import { formatUnits } from "../model/quantity.ts";
import { isCordonedFor, untoleratedTaint } from "../model/scheduling.ts";
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
import { affinityRefusal } from "./pod-affinity.ts";
import { type Place, shortageFor } from "./room.ts";

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

/**
 * Why the node does not take the pod; `true` when it does, `undefined` when everything fits but what is free there is not known.
 * The rules are the scheduler's filters, in an order that names the plainest cause first.
 */
export function fits(arrival: Arrival, place: Place, places: readonly Place[]): true | undefined | string {
  const refusal = rejection(arrival, place, places);
  if (refusal !== undefined) return refusal;
  if (!place.roomKnown) return undefined;
  const shortage = shortageFor(place, arrival.pod);
  if (shortage === undefined) return true;
  const { resource, needed, free } = shortage;
  if (resource === "pods") return "no pod more may run there (limit of pods)";
  if (place.node.status.allocatable[resource] === undefined) return `has no ${resource}`;
  return `too little ${resource}: needs ${formatUnits(resource, needed)}, ${formatUnits(resource, Math.max(0, free))} free`;
}

function rejection(arrival: Arrival, place: Place, places: readonly Place[]): string | undefined {
  const { node } = place;
  const { labels, name } = node.metadata;
  const { pod } = arrival;
  if (place.isTarget) return "is to be drained, too";
  const ready = findCondition(node.status.conditions, "Ready");
  if (ready?.status !== "True") return "not Ready";
  if (isCordonedFor(pod.spec.tolerations, node)) return "cordoned";
  if (labels[schedulableLabel] !== "true") return "KubeVirt runs no VMs there (kubevirt.io/schedulable is not true)";
  const taint = untoleratedTaint(pod.spec.tolerations, node.spec.taints);
  if (taint !== undefined) return `taint ${printTaint(taint)}`;
  for (const [key, value] of Object.entries(pod.spec.nodeSelector)) {
    if (labels[key] !== value) return missingLabel(key, value);
  }
  const { requiredNodes } = pod.spec.affinity;
  if (requiredNodes !== undefined && !matchesNode({ name, labels }, requiredNodes))
    return "does not match its node affinity";
  const disk = arrival.disks.find((entry) => !reaches(entry, place));
  if (disk !== undefined) return `its disk ${disk.name} cannot be reached from there`;
  return affinityRefusal({ pod, place, places, leaving: arrival.leaving });
}

/** Whether a node can use the disk. */
export function reaches(disk: BoundDisk, { node: { metadata } }: Place): boolean {
  return disk.nodeAffinity !== undefined && matchesNode(metadata, disk.nodeAffinity);
}

export function printTaint(taint: Taint): string {
  return taint.value === undefined || taint.value === ""
    ? `${taint.key}:${taint.effect}`
    : `${taint.key}=${taint.value}:${taint.effect}`;
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
