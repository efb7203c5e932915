/** Deletes pods that do not tolerate a NoExecute taint of their node: the eviction API plays no part in it (kubernetes pkg/controller/tainteviction). */

import { tolerates } from "../../model/selectors.ts";
import { rfc3339 } from "../clock.ts";
import type { KubeObject } from "../store.ts";
import { setCondition } from "./conditions.ts";
import type { Reconciler } from "./control-loop.ts";
import { isOf, keyOf, managers, nodes, objectAt, onStatus, pods } from "./keys.ts";
import { isDeleting, type Taint, taintsOf } from "./objects.ts";
import type { World } from "./world.ts";

export function createTaintEviction(world: World): Reconciler {
  return {
    name: "taint-eviction",
    *touches({ type, key, object, previous }) {
      if (isOf(key, pods) && type === "ADDED") yield keyOf(object);
      if (isOf(key, pods) && object.spec?.nodeName !== previous?.spec?.nodeName) yield keyOf(object);
      if (!isOf(key, nodes) || JSON.stringify(taintsOf(object)) === JSON.stringify(previous?.spec?.taints ?? []))
        return;
      for (const pod of world.podsOn.get(object.metadata.name)) yield keyOf(pod);
    },
    reconcile(key) {
      const pod = objectAt(world.store, pods, key);
      if (pod?.spec.nodeName === undefined || isDeleting(pod)) return undefined;
      const node = world.store.get(nodes, undefined, pod.spec.nodeName);
      const taints = node === undefined ? [] : taintsOf(node).filter((taint) => taint.effect === "NoExecute");
      if (taints.length === 0) return undefined;
      const dueMs = evictionDue(pod, taints);
      const leftMs = dueMs - world.clock.now().getTime();
      if (leftMs > 0) return Number.isFinite(leftMs) ? leftMs : undefined;
      evict(world, pod);
      return undefined;
    },
  };
}

/** The moment up to which the pod's tolerations cover the taints; 0 when one is not tolerated, Infinity when all are for ever. */
function evictionDue(pod: KubeObject, taints: readonly Taint[]): number {
  const tolerations: (Parameters<typeof tolerates>[0] & { tolerationSeconds?: number })[] = pod.spec.tolerations ?? [];
  let due = Number.POSITIVE_INFINITY;
  for (const taint of taints) {
    const fitting = tolerations.filter((toleration) => tolerates(toleration, taint));
    if (fitting.length === 0) return 0;
    const seconds = Math.min(...fitting.map(({ tolerationSeconds }) => tolerationSeconds ?? Number.POSITIVE_INFINITY));
    due = Math.min(due, Date.parse(taint.timeAdded ?? pod.metadata.creationTimestamp) + Math.max(0, seconds) * 1000);
  }
  return due;
}

function evict(world: World, pod: KubeObject): void {
  const { namespace, name, uid } = pod.metadata;
  const message = `Marking for deletion Pod ${keyOf(pod)}`;
  world.record(pod, { type: "Normal", reason: "TaintManagerEviction", message, from: "taint-eviction-controller" });
  const now = rfc3339(world.clock.now());
  const condition = {
    type: "DisruptionTarget",
    status: "True",
    reason: "DeletionByTaintManager",
    message: "Taint manager: deleting due to NoExecute taint",
  };
  const change = (draft: KubeObject): void => setCondition(draft, condition, now);
  world.store.modify(pods, namespace, name, change, onStatus(managers.controllerManager));
  world.store.delete(pods, namespace, name, { preconditions: { uid } }, managers.controllerManager);
}
