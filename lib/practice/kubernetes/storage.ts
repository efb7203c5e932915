/** Claims and the volumes behind them. */
import type { KubeObject } from "../store.ts";
import { claims, objectAt, volumes } from "./keys.ts";
import { claimsOf, type World } from "./world.ts";

/** The PersistentVolume that a claim (namespace/name) is bound to. */
export function boundVolumeName(world: World, claimKey: string): string | undefined {
  return objectAt(world.store, claims, claimKey)?.spec.volumeName;
}

/** The bound volumes of a pod that a CSI driver must attach. */
export function attachableVolumes(world: World, pod: KubeObject): KubeObject[] {
  return claimsOf(pod).flatMap((claim) => {
    const name = boundVolumeName(world, claim);
    const volume = name === undefined ? undefined : world.store.get(volumes, undefined, name);
    return volume?.spec.csi === undefined ? [] : [volume];
  });
}

/** True when the volume may be attached to several nodes at once (attach/detach controller, `IsMultiAttachAllowed`). */
export function isShared(volume: KubeObject): boolean {
  const modes: string[] = volume.spec.accessModes ?? [];
  return modes.includes("ReadWriteMany") || modes.includes("ReadOnlyMany");
}
