/** What the next pod of a VM will ask of a node: the target pod of a migration, or the pod of a new start. */
import { keyOf, type Pod, type PodAffinityTerm } from "../model/kubernetes.ts";
import type { VirtualMachineInstance } from "../model/kubevirt.ts";
import {
  architectureLabel,
  cpuFeaturePrefix,
  cpuModelMigrationPrefix,
  cpuVendorPrefix,
  createdByLabel,
  hostModelFeaturePrefix,
  hostModelPrefix,
} from "../platform/names.ts";
import type { Arrival, BoundDisk } from "./fitting.ts";
import { type Index, isMigrationTarget } from "./subjects.ts";

const hostModel = "host-model";

/** The target pod that KubeVirt will make to migrate the VM away (pkg/virt-controller/watch/migration, createTargetPod). */
export function migrationArrival(index: Index, pod: Pod, vmi: VirtualMachineInstance): Arrival {
  const source = pod.spec.nodeName ?? vmi.status.nodeName ?? "";
  const labels = index.nodes.get(source)?.metadata.labels ?? {};
  const nodeSelector = { ...selectorOfVmi(pod, vmi) };
  const { hostModelOf, vendor } = processorOf(labels);
  if (vmi.spec.cpuModel === hostModel && !Object.keys(nodeSelector).some(isHostModelKey)) {
    Object.assign(nodeSelector, hostModelOf);
  }
  if (vendor !== undefined && !Object.keys(nodeSelector).some((key) => key.startsWith(cpuVendorPrefix))) {
    nodeSelector[vendor] = "true";
  }
  return { pod: withSelector(pod, nodeSelector), source, disks: disksOf(index, pod, vmi) };
}

/** The pod of the next start, after a shutdown: what an earlier migration added to the present pod is not in it. */
export function restartArrival(index: Index, pod: Pod, vmi: VirtualMachineInstance): Arrival {
  const source = pod.spec.nodeName ?? vmi.status.nodeName ?? "";
  let nodeSelector = selectorOfVmi(pod, vmi);
  if (isMigrationTarget(pod)) {
    const isAdded = (key: string): boolean =>
      key.startsWith(cpuVendorPrefix) || (vmi.spec.cpuModel === hostModel && isHostModelKey(key));
    nodeSelector = filterKeys(nodeSelector, (key) => !isAdded(key) || vmi.spec.nodeSelector[key] !== undefined);
  }
  const files = vmi.spec.volumes.filter((volume) => volume.hostDisk).map((volume) => ({ name: volume.name }));
  return {
    pod: ofAnotherVmi(withSelector(pod, nodeSelector)),
    source,
    leaving: pod,
    disks: [...files, ...disksOf(index, pod, vmi)],
  };
}

/** A migration's target is kept apart from the other pods of its VMI; the next start has nothing to do with these. */
function ofAnotherVmi({ metadata, spec, status }: Pod): Pod {
  const labels = filterKeys(metadata.labels, (key) => key !== createdByLabel);
  const isOwn = ({ labelSelector }: PodAffinityTerm) => labelSelector?.matchLabels[createdByLabel] !== undefined;
  const requiredAntiPods = spec.affinity.requiredAntiPods.filter((term) => !isOwn(term));
  return {
    metadata: { ...metadata, labels },
    spec: { ...spec, affinity: { ...spec.affinity, requiredAntiPods } },
    status,
  };
}

/**
 * The node selector that KubeVirt renders for every pod of the VMI. A pod that came by a migration may carry more: what that
 * migration asked for by itself (`addedNodeSelector`), which the next one does not.
 */
function selectorOfVmi(pod: Pod, vmi: VirtualMachineInstance): Readonly<Record<string, string>> {
  if (!isMigrationTarget(pod)) return pod.spec.nodeSelector;
  return filterKeys(
    pod.spec.nodeSelector,
    (key) => vmi.spec.nodeSelector[key] !== undefined || key.includes("kubevirt.io") || key === architectureLabel,
  );
}

function filterKeys(map: Readonly<Record<string, string>>, keep: (key: string) => boolean): Record<string, string> {
  return Object.fromEntries(Object.entries(map).filter(([key]) => keep(key)));
}

function isHostModelKey(key: string): boolean {
  return key.startsWith(cpuModelMigrationPrefix) || key.startsWith(cpuFeaturePrefix);
}

interface Processor {
  /** The node selector of a VM with host-model that was started there. */
  readonly hostModelOf: Readonly<Record<string, string>>;
  /** The label of its vendor. */
  readonly vendor: string | undefined;
}

/** Nodes have a hundred labels, and are asked for each of their VMs. */
const processors = new WeakMap<object, Processor>();

function processorOf(labels: Readonly<Record<string, string>>): Processor {
  const known = processors.get(labels);
  if (known !== undefined) return known;
  const vendor = Object.keys(labels).find((key) => key.startsWith(cpuVendorPrefix));
  const processor = { hostModelOf: hostModelSelector(labels), vendor };
  processors.set(labels, processor);
  return processor;
}

/** A VM with host-model takes the CPU of its first node along (getHostCpuModelFromMap of the same file). */
function hostModelSelector(labels: Readonly<Record<string, string>>): Record<string, string> {
  const selector: Record<string, string> = {};
  for (const [key, value] of Object.entries(labels)) {
    if (key.startsWith(hostModelPrefix)) selector[cpuModelMigrationPrefix + key.slice(hostModelPrefix.length)] = value;
    if (key.startsWith(hostModelFeaturePrefix))
      selector[cpuFeaturePrefix + key.slice(hostModelFeaturePrefix.length)] = value;
  }
  return selector;
}

function withSelector(pod: Pod, nodeSelector: Readonly<Record<string, string>>): Pod {
  return { ...pod, spec: { ...pod.spec, nodeSelector } };
}

/** The claims of the VM whose volumes cannot be reached from everywhere. */
export function disksOf(index: Index, pod: Pod, vmi: VirtualMachineInstance): BoundDisk[] {
  const claims = new Set([...vmi.spec.volumes, ...pod.spec.volumes].flatMap((volume) => volume.claimName ?? []));
  const disks: BoundDisk[] = [];
  for (const name of claims) {
    const claim = index.claims.get(keyOf({ namespace: pod.metadata.namespace, name }));
    const volume = claim?.volumeName === undefined ? undefined : index.volumes.get(claim.volumeName);
    if (volume?.nodeAffinity !== undefined) disks.push({ name, nodeAffinity: volume.nodeAffinity });
  }
  return disks;
}
