/** Gives pods without a node one that fits, or says why there is none (kubernetes pkg/scheduler). */
import { rfc3339 } from "../clock.ts";
import type { KubeObject } from "../store.ts";
import { setCondition } from "./conditions.ts";
import type { Reconciler } from "./control-loop.ts";
import { misfits, requestedOn } from "./fit.ts";
import { claims, isOf, keyOf, managers, nodes, objectAt, onStatus, pods, splitKey, storageClasses } from "./keys.ts";
import type { Misfit } from "./misfit.ts";
import { isDeleting, isFinished, isReady } from "./objects.ts";
import { claimsOf, unassigned, type World } from "./world.ts";

export function createScheduler(world: World): Reconciler {
  return {
    name: "scheduler",
    *touches({ type, key, object, previous }) {
      if (isOf(key, pods) && isWaiting(object) && type !== "DELETED") yield keyOf(object);
      if (!mayMakeRoom(type, key, object, previous)) return;
      for (const pod of world.podsOn.get(unassigned)) if (isWaiting(pod)) yield keyOf(pod);
    },
    reconcile(key) {
      const pod = objectAt(world.store, pods, key);
      if (pod !== undefined && isWaiting(pod)) schedule(world, pod);
      return undefined;
    },
  };
}

function isWaiting(pod: KubeObject): boolean {
  return pod.spec?.nodeName === undefined && !isFinished(pod) && !isDeleting(pod);
}

/** Events after which an unschedulable pod is tried again (the scheduler's queueing hints). */
function mayMakeRoom(
  type: string,
  key: { group: string; resource: string },
  object: KubeObject,
  previous: KubeObject | undefined,
): boolean {
  if (isOf(key, claims)) return true;
  if (isOf(key, pods)) {
    const ended = type === "DELETED" || (isFinished(object) && previous !== undefined && !isFinished(previous));
    return ended && object.spec?.nodeName !== undefined;
  }
  if (!isOf(key, nodes)) return false;
  return previous === undefined || fingerprint(previous) !== fingerprint(object);
}

function fingerprint(node: KubeObject): string {
  return JSON.stringify([node.metadata.labels, node.spec, node.status?.allocatable, isReady(node)]);
}

function schedule(world: World, pod: KubeObject): void {
  const all = world.store.list(nodes);
  const unbound = unboundClaim(world, pod);
  const found = all.map((node) => ({ node, misfits: unbound === undefined ? misfits(world, pod, node) : [] }));
  const fitting = unbound === undefined ? found.filter((entry) => entry.misfits.length === 0) : [];
  const chosen = choose(
    world,
    pod,
    fitting.map((entry) => entry.node),
  );
  if (chosen !== undefined) bind(world, pod, chosen.metadata.name);
  else if (all.length === 0) refuse(world, pod, "no nodes available to schedule pods");
  else if (unbound !== undefined) refuse(world, pod, `0/${all.length} nodes are available: ${unbound}.`);
  else {
    const why = found.map((entry) => entry.misfits);
    refuse(world, pod, explain(all.length, why));
  }
}

/** The preferred node if it fits, else the one with the least requested memory (NodeResourcesFit, LeastAllocated). */
function choose(world: World, pod: KubeObject, fitting: readonly KubeObject[]): KubeObject | undefined {
  const wanted = world.placement(pod);
  const preferred = fitting.find((node) => node.metadata.name === wanted);
  if (preferred !== undefined || fitting.length < 2) return preferred ?? fitting[0];
  const load = (node: KubeObject): number => {
    const requested = requestedOn(world, node.metadata.name);
    return (requested.memory ?? 0) + (requested.pods ?? 0) * 2 ** 20;
  };
  return fitting.map((node) => ({ node, load: load(node) })).sort((a, b) => a.load - b.load)[0]?.node;
}

/** A claim that must be bound before any node can be taken (VolumeBinding plugin). */
function unboundClaim(world: World, pod: KubeObject): string | undefined {
  for (const key of claimsOf(pod)) {
    const { namespace, name } = splitKey(key);
    const claim = world.store.get(claims, namespace, name);
    if (claim === undefined) return `persistentvolumeclaim "${name}" not found`;
    if (claim.metadata.deletionTimestamp) return `persistentvolumeclaim "${name}" is being deleted`;
    const storageClass = world.store.get(storageClasses, undefined, claim.spec.storageClassName);
    const immediate = storageClass?.volumeBindingMode !== "WaitForFirstConsumer";
    if (claim.spec.volumeName === undefined && immediate) return "pod has unbound immediate PersistentVolumeClaims";
  }
  return undefined;
}

/** FitError.Error() of kube-scheduler with the message of its preemption. */
function explain(total: number, misfit: readonly Misfit[][]): string {
  const none = `0/${total} nodes are available`;
  const reasons = countUp(misfit.flatMap((found) => found.map(({ reason }) => reason)));
  const hopeless = misfit.filter((found) => found.some(({ resolvable }) => !resolvable)).length;
  const help = [
    ...(misfit.length > hopeless ? [`${misfit.length - hopeless} No preemption victims found for incoming pod`] : []),
    ...(hopeless > 0 ? [`${hopeless} Preemption is not helpful for scheduling`] : []),
  ];
  return `${none}: ${reasons}. no new claims to deallocate, preemption: ${none}: ${help.join(", ")}.`;
}

function countUp(reasons: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts]
    .map(([reason, count]) => `${count} ${reason}`)
    .sort()
    .join(", ");
}

function refuse(world: World, pod: KubeObject, message: string): void {
  world.record(pod, { type: "Warning", reason: "FailedScheduling", message, from: "default-scheduler" });
  const { namespace, name } = pod.metadata;
  const condition = { type: "PodScheduled", status: "False", reason: "Unschedulable", message };
  world.store.modify(
    pods,
    namespace,
    name,
    (draft) => {
      setCondition(draft, { lastProbeTime: null, ...condition }, rfc3339(world.clock.now()));
    },
    onStatus(managers.scheduler),
  );
}

function bind(world: World, pod: KubeObject, node: string): void {
  const now = rfc3339(world.clock.now());
  world.store.modify(
    pods,
    pod.metadata.namespace,
    pod.metadata.name,
    (draft) => {
      draft.spec.nodeName = node;
      setCondition(draft, { type: "PodScheduled", status: "True", lastProbeTime: null }, now);
    },
    { ...managers.scheduler, subresource: "binding" },
  );
  world.record(pod, {
    type: "Normal",
    reason: "Scheduled",
    message: `Successfully assigned ${keyOf(pod)} to ${node}`,
    from: "default-scheduler",
  });
}
