/** Lets deleted claims and volumes go when nothing uses them any more (kubernetes pkg/controller/volume/pvcprotection, pvprotection). */
import type { KubeObject } from "../store.ts";
import type { Reconciler } from "./control-loop.ts";
import { claims, isOf, keyOf, managers, pods, splitKey, volumes } from "./keys.ts";
import { isDeleting, isFinished, removeFinalizer } from "./objects.ts";
import { claimsOf, type World } from "./world.ts";

export function createClaimProtection(world: World): Reconciler {
  return {
    name: "pvc-protection",
    *touches({ type, key, object }) {
      if (isOf(key, claims) && isDeleting(object)) yield keyOf(object);
      if (isOf(key, pods) && (type === "DELETED" || isFinished(object))) yield* claimsOf(object);
    },
    reconcile(key) {
      const { namespace, name } = splitKey(key);
      const claim = world.store.get(claims, namespace, name);
      if (claim === undefined || !isDeleting(claim)) return undefined;
      // A pod without a node does not count: no kubelet starts it with a claim that is being deleted.
      const users = world.podsOfClaim.get(key).filter((pod) => pod.spec.nodeName !== undefined && !isFinished(pod));
      if (users.length > 0) return undefined;
      const change = (draft: KubeObject): void => removeFinalizer(draft, "kubernetes.io/pvc-protection");
      world.store.modify(claims, namespace, name, change, managers.controllerManager);
      const volume = world.store.get(volumes, undefined, claim.spec.volumeName ?? "");
      if (volume?.spec.persistentVolumeReclaimPolicy === "Delete") {
        world.store.delete(volumes, undefined, volume.metadata.name, {}, managers.controllerManager);
      }
      return undefined;
    },
  };
}

export function createVolumeProtection(world: World): Reconciler {
  return {
    name: "pv-protection",
    *touches({ key, object }) {
      if (isOf(key, volumes) && isDeleting(object)) yield object.metadata.name;
    },
    reconcile(name) {
      const change = (draft: KubeObject): void => removeFinalizer(draft, "kubernetes.io/pv-protection");
      const volume = world.store.get(volumes, undefined, name);
      if (volume === undefined || !isDeleting(volume)) return undefined;
      const { namespace, name: claim } = volume.spec.claimRef ?? {};
      if (claim !== undefined && world.store.get(claims, namespace, claim) !== undefined) return 1000;
      world.store.modify(volumes, undefined, name, change, managers.controllerManager);
      return undefined;
    },
  };
}
