/** Removes pods that nobody will end any more: of missing nodes, and terminating ones of nodes out of service (kubernetes pkg/controller/podgc). */
import { rfc3339 } from "../clock.ts";
import type { KubeObject } from "../store.ts";
import { setCondition } from "./conditions.ts";
import type { Reconciler } from "./control-loop.ts";
import { managers, nodes, onStatus, pods } from "./keys.ts";
import { hasTaint, isDeleting, isFinished, isReady } from "./objects.ts";
import { unassigned, type World } from "./world.ts";

/** `gcCheckPeriod` and the time a node must be missing (kubernetes pkg/controller/podgc/gc_controller.go). */
const periodMs = 20_000;
const quarantineMs = 40_000;
export const outOfService = "node.kubernetes.io/out-of-service";

export function createPodGc(world: World): Reconciler {
  const missingSince = new Map<string, number>();
  return {
    name: "pod-gc",
    // Like the real one it looks at all pods in turn, not at events; the first look starts the rhythm.
    *touches({ type, key }) {
      if (type === "ADDED" && key.resource === "nodes") yield "all";
    },
    reconcile() {
      const again = world.every(periodMs);
      if (again === undefined) return undefined;
      for (const node of world.store.list(nodes)) {
        if (!isReady(node) && hasTaint(node, outOfService)) collectTerminating(world, node);
      }
      collectOrphans(world, missingSince);
      for (const pod of world.podsOn.get(unassigned)) if (isDeleting(pod)) remove(world, pod, undefined);
      return again;
    },
  };
}

function collectTerminating(world: World, node: KubeObject): void {
  for (const pod of world.podsOn.get(node.metadata.name)) if (isDeleting(pod)) remove(world, pod, undefined);
}

function collectOrphans(world: World, missingSince: Map<string, number>): void {
  const now = world.clock.now().getTime();
  const missing = new Set<string>();
  for (const pod of world.store.list(pods)) {
    const node = pod.spec?.nodeName;
    if (node === undefined || world.store.get(nodes, undefined, node) !== undefined) continue;
    missing.add(node);
    const since = missingSince.get(node) ?? now;
    missingSince.set(node, since);
    if (now - since >= quarantineMs) remove(world, pod, "PodGC: node no longer exists");
  }
  for (const node of missingSince.keys()) if (!missing.has(node)) missingSince.delete(node);
}

/** `MarkPodFailedAndDeletePod`: an unfinished pod becomes Failed first, then the object goes without grace. */
function remove(world: World, pod: KubeObject, why: string | undefined): void {
  const { namespace, name, uid } = pod.metadata;
  const now = rfc3339(world.clock.now());
  if (!isFinished(pod)) {
    const change = (draft: KubeObject): void => {
      draft.status = { ...draft.status, phase: "Failed" };
      if (why === undefined) return;
      setCondition(draft, { type: "DisruptionTarget", status: "True", reason: "DeletionByPodGC", message: why }, now);
    };
    world.store.modify(pods, namespace, name, change, onStatus(managers.controllerManager));
  }
  const options = { gracePeriodSeconds: 0, preconditions: { uid } };
  world.store.delete(pods, namespace, name, options, managers.controllerManager);
}
