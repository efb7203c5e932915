/** When a pending migration may begin: limits, priorities and the back-off after failures (pkg/virt-controller/watch/migration). */
import {
  evacuationMigrationAnnotation,
  migrationJobNameAnnotation,
  workloadUpdateMigrationAnnotation,
} from "../../platform/names.ts";
import { instances, migrations } from "../kubernetes/keys.ts";
import { isDeleting } from "../kubernetes/objects.ts";
import type { World } from "../kubernetes/world.ts";
import type { KubeObject } from "../store.ts";
import { activePodCount, migrationsOf } from "./instance.ts";
import { migrationSettings } from "./settings.ts";
import { anyMigration, type Virt } from "./virt.ts";

const priorities: Readonly<Record<string, number>> = {
  "system-critical": 100,
  "user-triggered": 50,
  "system-maintenance": 20,
};

function priorityOf(migration: KubeObject): number {
  return priorities[migration.spec?.priority] ?? 0;
}

/** How long a migration that found the limits reached waits before it asks again (`getRequeueDelayForPriority`). */
export function requeueMs(migration: KubeObject): number {
  const priority = priorityOf(migration);
  if (priority >= 100) return 1000;
  return priority >= 50 ? 3000 : 5000;
}

const runningPhases = ["Scheduling", "Scheduled", "PreparingTarget", "TargetReady", "Running"];

/** Running migrations, and pending ones that already have a target pod (`findRunningMigrations`). */
function running(virt: Virt): KubeObject[] {
  const begun = virt.targetPods.get(anyMigration).flatMap((pod) => {
    const name = pod.metadata.annotations?.[migrationJobNameAnnotation] ?? "";
    const migration = virt.world.store.get(migrations, pod.metadata.namespace, name);
    return migration?.status?.phase === "Pending" ? [migration] : [];
  });
  return [...runningPhases.flatMap((phase) => virt.migrationsIn.get(phase)), ...begun];
}

/** True when the cluster and the VMI's node have a free slot, and nothing of an earlier migration is left (`handleTargetPodCreation`). */
export function hasSlot(virt: Virt, vmi: KubeObject): boolean {
  const { world } = virt;
  if (activePodCount(world, vmi) > 1) return false;
  const settings = migrationSettings(world);
  const inFlight = running(virt);
  if (inFlight.length >= settings.parallelMigrationsPerCluster) return false;
  const node = vmi.status?.nodeName;
  const outbound = inFlight.filter((migration) => {
    const moved = world.store.get(instances, migration.metadata.namespace, migration.spec.vmiName);
    return moved?.status?.nodeName === node || moved?.status?.migrationState?.sourceNode === node;
  });
  return outbound.length < settings.parallelOutboundMigrationsPerNode;
}

/** The pending migrations that should ask for a slot now that one is free, highest priority first. */
export function nextPending(virt: Virt): KubeObject[] {
  return virt.migrationsIn
    .get("Pending")
    .sort((a, b) => priorityOf(b) - priorityOf(a) || created(a, b))
    .slice(0, migrationSettings(virt.world).parallelMigrationsPerCluster);
}

/** Milliseconds until a migration that follows failures may begin: 20 s, doubling per failure in a row (`handleMigrationBackoff`). */
export function backoffMs(world: World, vmi: KubeObject, migration: KubeObject): number {
  if (!isAutomatic(migration)) return 0;
  const [newest, ...earlier] = migrationsOf(world, vmi)
    .filter(isAutomatic)
    .sort((a, b) => created(b, a));
  if (newest?.metadata.uid !== migration.metadata.uid || earlier.length === 0) return 0;
  let backoffSeconds = 0;
  for (const attempt of earlier) {
    if (attempt.status?.phase === "Succeeded") break;
    if (isDeleting(attempt) || attempt.status?.phase !== "Failed") continue;
    backoffSeconds = backoffSeconds === 0 ? 20 : backoffSeconds * 2;
  }
  if (backoffSeconds === 0) return 0;
  return Math.max(0, failedAt(earlier[0]) + backoffSeconds * 1000 - world.clock.now().getTime());
}

function isAutomatic(migration: KubeObject): boolean {
  const annotations = migration.metadata.annotations ?? {};
  return evacuationMigrationAnnotation in annotations || workloadUpdateMigrationAnnotation in annotations;
}

function failedAt(migration: KubeObject | undefined): number {
  const stamps: { phase: string; phaseTransitionTimestamp: string }[] =
    migration?.status?.phaseTransitionTimestamps ?? [];
  const stamp = stamps.find(({ phase }) => phase === "Failed");
  return stamp === undefined ? 0 : Date.parse(stamp.phaseTransitionTimestamp);
}

/** Oldest first; objects of one second in the order of their versions. */
export function created(a: KubeObject, b: KubeObject): number {
  const [first, second] = [a.metadata.creationTimestamp, b.metadata.creationTimestamp];
  if (first !== second) return first < second ? -1 : 1;
  return Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion);
}
