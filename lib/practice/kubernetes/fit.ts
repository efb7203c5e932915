/** Whether a pod fits a node, and if not why, in the words of kube-scheduler's filter plugins (kubernetes pkg/scheduler/framework/plugins). */
import { parseQuantity } from "../../model/quantity.ts";
import { hasLabels, matchesNode, tolerates } from "../../model/selectors.ts";
import type { KubeObject } from "../store.ts";
import { claims, objectAt, volumes } from "./keys.ts";
import { type Misfit, resolvable, unresolvable } from "./misfit.ts";
import { isFinished, type Taint, taintsOf } from "./objects.ts";
import { affinityMisfits } from "./pod-affinity.ts";
import { spreadMisfits } from "./topology-spread.ts";
import { claimsOf, type World } from "./world.ts";

type Amounts = Record<string, number>;

const requestsCache = new WeakMap<KubeObject, Amounts>();

/** What a pod requests: containers summed up, init containers as maximum, sidecars added (component-helpers `PodRequests`). */
export function requestsOf(pod: KubeObject): Amounts {
  const cached = requestsCache.get(pod);
  if (cached !== undefined) return cached;
  const total = sumOf(pod, "requests");
  requestsCache.set(pod, total);
  return total;
}

/** The same of its limits (`PodLimits`). */
export function limitsOf(pod: KubeObject): Amounts {
  return sumOf(pod, "limits");
}

type Kind = "requests" | "limits";

function sumOf(pod: KubeObject, kind: Kind): Amounts {
  const total: Amounts = {};
  const addTo = (amounts: Amounts, container: Container): void => addQuantities(amounts, container.resources?.[kind]);
  for (const container of pod.spec.containers ?? []) addTo(total, container);
  let sidecars: Amounts = {};
  const peaks: Amounts = {};
  for (const container of pod.spec.initContainers ?? []) {
    const during = { ...sidecars };
    addTo(during, container);
    raiseTo(peaks, during);
    if (container.restartPolicy !== "Always") continue;
    addTo(total, container);
    sidecars = during;
  }
  raiseTo(total, peaks);
  addQuantities(total, pod.spec.overhead);
  total.pods = 1;
  return total;
}

interface Container {
  readonly resources?: Partial<Record<Kind, Record<string, string>>>;
}

function addQuantities(amounts: Amounts, quantities: Record<string, string> | undefined): void {
  for (const [name, quantity] of Object.entries(quantities ?? {})) {
    amounts[name] = (amounts[name] ?? 0) + (parseQuantity(quantity) ?? 0);
  }
}

function raiseTo(amounts: Amounts, floor: Amounts): void {
  for (const [name, amount] of Object.entries(floor)) amounts[name] = Math.max(amounts[name] ?? 0, amount);
}

/** What the unfinished pods of a node request together. */
export function requestedOn(world: World, node: string): Amounts {
  const total: Amounts = {};
  for (const pod of world.podsOn.get(node)) {
    if (isFinished(pod)) continue;
    for (const [name, amount] of Object.entries(requestsOf(pod))) total[name] = (total[name] ?? 0) + amount;
  }
  return total;
}

/** The first filter that rejects the node, in kube-scheduler's order of plugins; undefined when the pod fits. */
export function misfits(world: World, pod: KubeObject, node: KubeObject): Misfit[] {
  const filters = [
    unschedulable,
    untoleratedTaint,
    nodeAffinity,
    resources,
    volumeAffinity,
    exclusiveClaim,
    spread,
    affinityMisfits,
  ];
  for (const filter of filters) {
    const found = filter(world, pod, node);
    if (found.length > 0) return found;
  }
  return [];
}

function unschedulable(_world: World, pod: KubeObject, node: KubeObject): Misfit[] {
  const cordoned = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" };
  return node.spec?.unschedulable === true && !toleratesTaint(pod, cordoned)
    ? unresolvable("node(s) were unschedulable")
    : [];
}

function untoleratedTaint(_world: World, pod: KubeObject, node: KubeObject): Misfit[] {
  return isTainted(pod, taintsOf(node)) ? unresolvable("node(s) had untolerated taint(s)") : [];
}

function isTainted(pod: KubeObject, taints: readonly Taint[]): boolean {
  return taints.some(
    (taint) => (taint.effect === "NoSchedule" || taint.effect === "NoExecute") && !toleratesTaint(pod, taint),
  );
}

/** Whether any toleration of the pod matches the taint. */
export function toleratesTaint(pod: KubeObject, taint: Taint): boolean {
  const tolerations: Parameters<typeof tolerates>[0][] = pod.spec.tolerations ?? [];
  return tolerations.some((toleration) => tolerates(toleration, taint));
}

/** nodeSelector and required node affinity, as the scheduler and the DaemonSet controller ask it. */
export function matchesNodeAffinity(pod: KubeObject, node: KubeObject): boolean {
  if (!hasLabels(node.metadata.labels, pod.spec.nodeSelector)) return false;
  const required = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return required === undefined || matchesNode(node.metadata, required);
}

function nodeAffinity(_world: World, pod: KubeObject, node: KubeObject): Misfit[] {
  return matchesNodeAffinity(pod, node) ? [] : unresolvable("node(s) didn't match Pod's node affinity/selector");
}

function resources(world: World, pod: KubeObject, node: KubeObject): Misfit[] {
  const requested = requestedOn(world, node.metadata.name);
  const lacking: Misfit[] = [];
  for (const [name, wanted] of Object.entries(requestsOf(pod))) {
    const allocatable = parseQuantity(node.status?.allocatable?.[name]) ?? 0;
    if (wanted === 0 || wanted + (requested[name] ?? 0) <= allocatable) continue;
    const reason = name === "pods" ? "Too many pods" : `Insufficient ${name}`;
    lacking.push({ reason, resolvable: wanted <= allocatable });
  }
  return lacking;
}

function volumeAffinity(world: World, pod: KubeObject, node: KubeObject): Misfit[] {
  for (const claim of boundClaims(world, pod)) {
    const volume = world.store.get(volumes, undefined, claim.spec.volumeName);
    if (volume === undefined)
      return unresolvable("node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)");
    const required = volume.spec.nodeAffinity?.required;
    if (required !== undefined && !matchesNode(node.metadata, required)) {
      return unresolvable("node(s) didn't match PersistentVolume's node affinity");
    }
  }
  return [];
}

/** ReadWriteOncePod: no other pod may use the claim (VolumeRestrictions plugin). */
function exclusiveClaim(world: World, pod: KubeObject): Misfit[] {
  for (const key of claimsOf(pod)) {
    const claim = objectAt(world.store, claims, key);
    if (!claim?.spec.accessModes?.includes("ReadWriteOncePod")) continue;
    const users = world.podsOfClaim
      .get(key)
      .filter(
        (user) => user.metadata.uid !== pod.metadata.uid && user.spec.nodeName !== undefined && !isFinished(user),
      );
    if (users.length === 0) continue;
    return resolvable("node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode");
  }
  return [];
}

function spread(world: World, pod: KubeObject, node: KubeObject): Misfit[] {
  return spreadMisfits(world, pod, node, { isWanted: matchesNodeAffinity, isTainted });
}

function boundClaims(world: World, pod: KubeObject): KubeObject[] {
  return claimsOf(pod).flatMap((key) => {
    const claim = objectAt(world.store, claims, key);
    return claim?.spec.volumeName === undefined ? [] : [claim];
  });
}
