/** Questions about VMIs, migrations and their pods that several of KubeVirt's components ask (pkg/controller/controller.go, pkg/util/migrations). */
import { rfc3339 } from "../clock.ts";
import { conditionOf, hasCondition } from "../kubernetes/conditions.ts";
import { instances, keyOf } from "../kubernetes/keys.ts";
import { controllerOf, isControlledBy, isDeleting, isFinished } from "../kubernetes/objects.ts";
import type { World } from "../kubernetes/world.ts";
import type { KubeObject } from "../store.ts";
import { effectiveStrategy } from "./settings.ts";

/** Empty before virt-controller has seen it. */
export function phaseOf(vmi: KubeObject): string {
  return vmi.status?.phase ?? "";
}

/** Its guest has ended for good (`VirtualMachineInstance.IsFinal`). */
export function isFinal(vmi: KubeObject): boolean {
  return phaseOf(vmi) === "Succeeded" || phaseOf(vmi) === "Failed";
}

/** virt-handler has found nothing against a migration. */
export function isMigratable(vmi: KubeObject): boolean {
  return hasCondition(vmi, "LiveMigratable");
}

/** An eviction has marked it to leave its node (`VirtualMachineInstance.IsMarkedForEviction`). */
export function isMarked(vmi: KubeObject): boolean {
  return Boolean(vmi.status?.evacuationNodeName);
}

/** Started and not ended (`migrations.IsMigrating`). */
export function isMigrating(vmi: KubeObject): boolean {
  const state = vmi.status?.migrationState;
  return state?.startTimestamp !== undefined && state.endTimestamp === undefined;
}

/** Whether KubeVirt itself would move the VMI when it is evicted (`migrations.VMIMigratableOnEviction`). */
export function movesOnEviction(world: World, vmi: KubeObject): boolean {
  const strategy = effectiveStrategy(world, vmi);
  return strategy === "LiveMigrate" || (strategy === "LiveMigrateIfPossible" && isMigratable(vmi));
}

/** The launcher pods that the VMI controls, oldest first. */
export function podsOf(world: World, vmi: KubeObject): KubeObject[] {
  return world.ownedPods.get(vmi.metadata.uid).filter((pod) => isControlledBy(pod, vmi));
}

/** The newest pod on the VMI's node, or the newest at all while it has none (`controller.CurrentVMIPod`). */
export function currentPod(world: World, vmi: KubeObject): KubeObject | undefined {
  const node = vmi.status?.nodeName;
  let current: KubeObject | undefined;
  for (const pod of podsOf(world, vmi)) {
    if (node && pod.spec.nodeName !== node) continue;
    if (current === undefined || current.metadata.creationTimestamp < pod.metadata.creationTimestamp) current = pod;
  }
  return current;
}

/** Pods that have not finished, terminating ones included (`controller.VMIActivePodsCount`). */
export function activePodCount(world: World, vmi: KubeObject): number {
  return podsOf(world, vmi).filter((pod) => !isFinished(pod)).length;
}

/** Every container but `compute` ready, and that one started (`controller.IsPodReady`). */
export function isHandoverReady(pod: KubeObject): boolean {
  if (isDownOrGoingDown(pod) || pod.status?.phase !== "Running") return false;
  const statuses: { name: string; ready: boolean; state?: { running?: unknown } }[] =
    pod.status.containerStatuses ?? [];
  return statuses.every((status) => (status.name === "compute" ? status.state?.running !== undefined : status.ready));
}

/** It has ended, is being deleted, or its guest has ended in it. */
export function isDownOrGoingDown(pod: KubeObject): boolean {
  if (isFinished(pod) || isDeleting(pod)) return true;
  const statuses: { name: string; state?: { terminated?: unknown } }[] = pod.status?.containerStatuses ?? [];
  return statuses.some((status) => status.name === "compute" && status.state?.terminated !== undefined);
}

/** The VMI that controls a launcher pod, as namespace/name. */
export function vmiKeyOfPod(pod: KubeObject): string | undefined {
  const owner = controllerOf(pod);
  return owner?.kind === "VirtualMachineInstance" ? `${pod.metadata.namespace}/${owner.name}` : undefined;
}

/** The VMI that controls a launcher pod, if it still exists. */
export function vmiOfPod(world: World, pod: KubeObject): KubeObject | undefined {
  const owner = controllerOf(pod);
  if (owner?.kind !== "VirtualMachineInstance") return undefined;
  const vmi = world.store.get(instances, pod.metadata.namespace, owner.name);
  return vmi?.metadata.uid === owner.uid ? vmi : undefined;
}

/** Nothing more comes of it (`VirtualMachineInstanceMigration.IsFinal`). */
export function isFinalMigration(migration: KubeObject): boolean {
  return migration.status?.phase === "Succeeded" || migration.status?.phase === "Failed";
}

/** The target pod exists or should exist: the migration counts against the limits (`VirtualMachineInstanceMigration.IsRunning`). */
export function isRunningMigration(migration: KubeObject): boolean {
  const phase = migration.status?.phase ?? "";
  return !["", "Pending", "Succeeded", "Failed", "WaitingForSync", "Synchronizing"].includes(phase);
}

/** All migrations of the VMI, ended or not. */
export function migrationsOf(world: World, vmi: KubeObject): KubeObject[] {
  return world.migrationsOf.get(keyOf(vmi));
}

/** Notes when an object came into its phase, once per phase (`SetVMIPhaseTransitionTimestamp`). */
export function stampPhase(draft: KubeObject, before: string, now: Date): void {
  const phase = phaseOf(draft);
  if (phase === before) return;
  const stamps: { phase: string; phaseTransitionTimestamp: string }[] = draft.status.phaseTransitionTimestamps ?? [];
  if (!stamps.some((stamp) => stamp.phase === phase)) {
    stamps.push({ phase, phaseTransitionTimestamp: rfc3339(now) });
  }
  draft.status.phaseTransitionTimestamps = stamps;
}

/** Why the VMI is not ready, where its condition says so. */
export function readyReason(vmi: KubeObject): string | undefined {
  const ready = conditionOf(vmi, "Ready");
  return ready?.status === "False" ? ready.reason : undefined;
}

/** Hotplugged volumes in the spec (`controller.VMIHasHotplugVolumes`). */
export function hotplugVolumes(vmi: KubeObject): { name: string; claim: string }[] {
  const volumes: {
    name: string;
    persistentVolumeClaim?: { claimName: string; hotpluggable?: boolean };
    dataVolume?: { name: string; hotpluggable?: boolean };
  }[] = vmi.spec.volumes ?? [];
  return volumes.flatMap(({ name, persistentVolumeClaim: claim, dataVolume }) => {
    if (claim?.hotpluggable) return [{ name, claim: claim.claimName }];
    return dataVolume?.hotpluggable ? [{ name, claim: dataVolume.name }] : [];
  });
}
