/** Judges the pods that are no VMs as kubectl drain does (k8s.io/kubectl pkg/drain/filters.go), in its words. */
import type { Finding } from "../model/finding.ts";
import { controllerOf, isFinishedPod, type Pod } from "../model/kubernetes.ts";
import type { PodVerdict } from "../model/verdict.ts";
import { isLauncherPod } from "../platform/launcher-pod.ts";
import { appLabel, hotplugApp, mirrorPodAnnotation } from "../platform/names.ts";
import { budgetRefusal, budgetsFor } from "./budgets.ts";
import type { Rules } from "./eviction.ts";
import { makeFinding, podReference } from "./findings.ts";

export interface DrainFilters {
  readonly force: boolean;
  readonly ignoreDaemonsets: boolean;
  readonly deleteEmptydirData: boolean;
  /** Pods whose deletion timestamp is more than so many seconds old are left out; 0 leaves out none. */
  readonly skipWaitForDeleteTimeout?: number | undefined;
}

/**
 * The pods of a node that are no VMs. Without filters (a drain of VMs alone) all of them stay; with filters each is judged as
 * kubectl drain would judge it, and by its budgets. kubectl removes finished pods, too, those of VMs that have left among them.
 */
export function otherPodsOf(rules: Rules, node: string, filters: DrainFilters | undefined): PodVerdict[] {
  const pods = rules.index.podsByNode.get(node) ?? [];
  const isOther = (pod: Pod) => !isLauncherPod(pod) || (filters !== undefined && isFinishedPod(pod));
  return pods.filter(isOther).map((pod) => judgePod(rules, pod, filters));
}

function judgePod({ index, capabilities }: Rules, pod: Pod, filters: DrainFilters | undefined): PodVerdict {
  const { namespace, name, uid } = pod.metadata;
  const identity = { namespace, name, uid };
  // Without an owner it goes with no launcher, and KubeVirt lets it be evicted.
  if (pod.metadata.labels[appLabel] === hotplugApp && controllerOf(pod.metadata) !== undefined)
    return { ...identity, outcome: "hotplug", ...(capabilities.guardsHotplugPods ? {} : { warning: unguarded }) };
  if (filters === undefined) {
    if (isFinishedPod(pod)) return { ...identity, outcome: "finished" };
    return { ...identity, outcome: "skipped", ...(staysForGood(pod) ? { permanent: true } : {}) };
  }
  if (isLongDeleted(pod, filters, index.facts.time)) return { ...identity, outcome: "skipped" };
  const filtered = applyFilters(pod, filters);
  if (filtered.error !== undefined)
    return { ...identity, outcome: "blocks", finding: podBlocked(pod, filtered.error, filtered.proof) };
  if (filtered.skip) return { ...identity, outcome: "skipped", ...warningOf(filtered) };
  // Budgets do not protect what has finished (pkg/registry/core/pod/storage/eviction.go, canIgnorePDB).
  const refusal = isFinishedPod(pod) ? undefined : budgetRefusal(index, pod, budgetsFor(index, pod));
  if (refusal !== undefined) return { ...identity, outcome: "blocks", finding: refusal.finding };
  return { ...identity, outcome: "evicted", ...warningOf(filtered) };
}

/** Nothing but our restraint protects such a pod then. */
const unguarded =
  "never evict this hotplug pod by itself: this version of KubeVirt would let its disk be detached under the running VM";

/** True for pods that no drain takes off a node: those of DaemonSets, and static ones. */
export function staysForGood(pod: Pod): boolean {
  return daemonSet(pod, everythingAccepted).skip === true || mirrorPod(pod).skip === true;
}

const everythingAccepted: DrainFilters = { force: true, ignoreDaemonsets: true, deleteEmptydirData: true };

interface Filtered {
  readonly skip?: boolean;
  readonly warning?: string;
  readonly error?: string;
  readonly proof?: { readonly field: string; readonly value: string };
}

function warningOf({ warning }: Filtered): { readonly warning?: string } {
  return warning === undefined ? {} : { warning };
}

function isLongDeleted(pod: Pod, filters: DrainFilters, now: string): boolean {
  const seconds = filters.skipWaitForDeleteTimeout ?? 0;
  const deleted = Date.parse(pod.metadata.deletionTimestamp ?? "");
  return seconds > 0 && (Date.parse(now) - deleted) / 1000 > seconds;
}

/** kubectl's filters in its order; the first that leaves a pod out ends the chain. All warnings are kept, unlike kubectl's. */
function applyFilters(pod: Pod, filters: DrainFilters): Filtered {
  const warnings: string[] = [];
  for (const filter of [daemonSet, mirrorPod, localStorage, unreplicated]) {
    const { warning, ...answer } = filter(pod, filters);
    if (answer.error !== undefined || answer.skip) return warning === undefined ? answer : { ...answer, warning };
    if (warning !== undefined) warnings.push(warning);
  }
  return warnings.length === 0 ? {} : { warning: warnings.join("; ") };
}

function daemonSet(pod: Pod, { ignoreDaemonsets }: DrainFilters): Filtered {
  const owner = controllerOf(pod.metadata);
  if (owner?.kind !== "DaemonSet" || !owner.apiVersion.startsWith("apps/") || isFinishedPod(pod)) return {};
  if (ignoreDaemonsets) return { skip: true, warning: "ignoring DaemonSet-managed Pods" };
  return {
    error: "cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore)",
    proof: { field: "metadata.ownerReferences", value: `DaemonSet/${owner.name}` },
  };
}

function mirrorPod(pod: Pod): Filtered {
  return pod.metadata.annotations[mirrorPodAnnotation] === undefined ? {} : { skip: true };
}

function localStorage(pod: Pod, { deleteEmptydirData }: DrainFilters): Filtered {
  const volume = pod.spec.volumes.find((entry) => entry.emptyDir);
  if (volume === undefined || isFinishedPod(pod)) return {};
  if (deleteEmptydirData) return { warning: "deleting Pods with local storage" };
  return {
    error: "cannot delete Pods with local storage (use --delete-emptydir-data to override)",
    proof: { field: "spec.volumes[].emptyDir", value: volume.name },
  };
}

function unreplicated(pod: Pod, { force }: DrainFilters): Filtered {
  if (controllerOf(pod.metadata) !== undefined || isFinishedPod(pod)) return {};
  if (force) return { warning: "deleting Pods that declare no controller" };
  return {
    error: "cannot delete Pods that declare no controller (use --force to override)",
    proof: { field: "metadata.ownerReferences", value: "<none>" },
  };
}

function podBlocked(pod: Pod, reason: string, proof: Filtered["proof"]): Finding {
  return makeFinding({
    code: "PodBlocked",
    object: podReference(pod),
    reason,
    field: proof?.field ?? "metadata.name",
    value: proof?.value ?? pod.metadata.name,
  });
}
