/**
 * Binds claims that wait for a volume: the PV controller's part (kubernetes pkg/controller/volume/persistentvolume) and the CSI
 * provisioner's in one, so that claims applied by hand work.
 */
import type { KubeObject } from "../store.ts";
import type { Reconciler } from "./control-loop.ts";
import { claims, isOf, keyOf, managers, objectAt, storageClasses, volumes } from "./keys.ts";
import { createCompleted } from "./new-objects.ts";
import { isDeleting } from "./objects.ts";
import type { EventText } from "./recorder.ts";
import type { World } from "./world.ts";

const defaultClass = "storageclass.kubernetes.io/is-default-class";
const staticProvisioner = "kubernetes.io/no-provisioner";
/** How often a claim that found no volume is looked at again (`--pvclaimbinder-sync-period`). */
const resyncMs = 15_000;
const from = "persistentvolume-controller";

export function createProvisioner(world: World): Reconciler {
  return {
    name: "provisioner",
    *touches({ key, object }) {
      if (isOf(key, claims)) yield keyOf(object);
    },
    reconcile(key) {
      const claim = objectAt(world.store, claims, key);
      if (claim === undefined || claim.spec.volumeName !== undefined || isDeleting(claim)) return undefined;
      const className = claim.spec.storageClassName ?? defaultClassName(world);
      const obstacle = obstacleOf(world, className);
      if (obstacle !== undefined) {
        world.record(claim, { ...obstacle, from });
        return resyncMs;
      }
      provision(world, claim, className);
      return undefined;
    },
  };
}

/** A claim without a class gets the default one (RetroactiveDefaultStorageClass). */
function defaultClassName(world: World): string {
  const chosen = world.store
    .list(storageClasses)
    .find(({ metadata }) => metadata.annotations?.[defaultClass] === "true");
  return chosen?.metadata.name ?? "";
}

/** Why no volume can be made, as the PV controller says it. */
function obstacleOf(world: World, className: string): Omit<EventText, "from"> | undefined {
  if (className === "") {
    const message = "no persistent volumes available for this claim and no storage class is set";
    return { type: "Normal", reason: "FailedBinding", message };
  }
  const storageClass = world.store.get(storageClasses, undefined, className);
  if (storageClass === undefined) {
    const message = `storageclass.storage.k8s.io "${className}" not found`;
    return { type: "Warning", reason: "ProvisioningFailed", message };
  }
  if (storageClass.provisioner !== staticProvisioner) return undefined;
  const message = "waiting for first consumer to be created before binding";
  return { type: "Normal", reason: "WaitForFirstConsumer", message };
}

function provision(world: World, claim: KubeObject, className: string): void {
  const { namespace, name, uid } = claim.metadata;
  const volumeName = `pvc-${uid}`;
  const { accessModes, volumeMode = "Filesystem", resources } = claim.spec;
  const capacity = { storage: resources?.requests?.storage ?? "10Gi" };
  createCompleted(
    world.store,
    volumes,
    {
      metadata: { name: volumeName },
      spec: {
        accessModes,
        capacity,
        claimRef: { apiVersion: "v1", kind: "PersistentVolumeClaim", namespace, name, uid },
        csi: { driver: "rook-ceph.rbd.csi.ceph.com", volumeHandle: `0001-0009-rook-ceph-${uid}` },
        persistentVolumeReclaimPolicy: "Delete",
        storageClassName: className,
        volumeMode,
      },
      status: { phase: "Bound" },
    },
    { manager: "csi-provisioner" },
  );
  const bind = (draft: KubeObject): void => {
    draft.spec.volumeName = volumeName;
    draft.spec.storageClassName = className;
    draft.status = { phase: "Bound", accessModes, capacity };
  };
  world.store.modify(claims, namespace, name, bind, managers.controllerManager);
}
