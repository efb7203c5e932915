/** virt-controller's migration controller: target pod, phases, timeouts, abort, history (pkg/virt-controller/watch/migration/migration.go). */

import { unschedulableTimeoutAnnotation, vmiNameLabel } from "../../platform/names.ts";
import { rfc3339 } from "../clock.ts";
import { cloneJson } from "../fields.ts";
import { conditionOf, hasCondition, removeCondition, setCondition } from "../kubernetes/conditions.ts";
import type { Reconciler } from "../kubernetes/control-loop.ts";
import {
  instances,
  isOf,
  keyOf,
  managers,
  migrations,
  nodes,
  objectAt,
  onStatus,
  pods,
  quotas,
} from "../kubernetes/keys.ts";
import { elapsedMs, isDeleting, isFinished, removeFinalizer } from "../kubernetes/objects.ts";
import { tryToCreatePod } from "../kubernetes/pods.ts";
import type { World } from "../kubernetes/world.ts";
import { StoreError } from "../status.ts";
import type { KubeObject } from "../store.ts";
import { vmiKeyOfMigration } from "./evacuation.ts";
import { attachmentPod, attachmentPodsOf, vmiKeyOfAttachment } from "./hotplug.ts";
import {
  currentPod,
  hotplugVolumes,
  isFinalMigration,
  isHandoverReady,
  migrationsOf,
  phaseOf,
  stampPhase,
  vmiKeyOfPod,
} from "./instance.ts";
import { migrationTargetPod } from "./launcher-pod.ts";
import { type Case, failureOf, isExcluded, nextPhase, stateOf } from "./migration-phase.ts";
import { resolveMigrationConfiguration } from "./migration-policy.ts";
import { backoffMs, created, hasSlot, nextPending, requeueMs } from "./migration-queue.ts";
import {
  latestApiAnnotation,
  migrationFinalizer,
  migrationTargetNodeLabel,
  pendingTimeoutAnnotation,
  targetReadyAnnotation,
} from "./names.ts";
import { launcherOptions, type Virt } from "./virt.ts";
import { noteApiVersion } from "./vmi-controller.ts";
import { modify, modifyInstance } from "./writes.ts";

/** Until there is room in the quota (`migrationRejectedByResourceQuota`). */
const rejectedByQuota = "migrationRejectedByResourceQuota";
const refusedRetryMs = 10_000;
const writer = managers.virtController;
const from = "virtualmachine-controller";
const unschedulableSeconds = 5 * 60;
const pendingSeconds = 15 * 60;
/** Finished migrations kept per VMI. */
const keptMigrations = 5;

export function createMigrationController(virt: Virt): Reconciler {
  const { world } = virt;
  return {
    name: "virt-controller-migration",
    *touches({ key, object }) {
      if (isOf(key, migrations)) yield keyOf(object);
      // One that was refused is tried again when a quota changes (`updateResourceQuota`).
      if (isOf(key, quotas))
        for (const migration of world.store.list(migrations, object.metadata.namespace))
          if (hasCondition(migration, rejectedByQuota)) yield keyOf(migration);
      const ofPod = isOf(key, pods) ? (vmiKeyOfPod(object) ?? vmiKeyOfAttachment(virt, object)) : undefined;
      const vmi = isOf(key, instances) ? keyOf(object) : ofPod;
      if (vmi !== undefined) for (const migration of world.migrationsOf.get(vmi)) yield keyOf(migration);
    },
    reconcile(key) {
      const migration = objectAt(world.store, migrations, key);
      if (migration === undefined) return undefined;
      if (migration.metadata.annotations?.[latestApiAnnotation] === undefined) {
        modify(world, migrations, migration, prepare, writer);
        return undefined;
      }
      return reconcileMigration(virt, migration);
    },
  };
}

function prepare(draft: KubeObject): void {
  noteApiVersion(draft);
  draft.metadata.labels = { [vmiNameLabel]: draft.spec.vmiName, ...draft.metadata.labels };
}

function reconcileMigration(virt: Virt, migration: KubeObject): number | undefined {
  const { world } = virt;
  const vmi = objectAt(world.store, instances, vmiKeyOfMigration(migration));
  if (vmi === undefined) {
    dropOrphan(virt, migration);
    return undefined;
  }
  const pod = virt.targetPods.get(migration.metadata.uid)[0];
  const again = sync({ virt, migration, vmi, pod });
  updateStatus({ virt, migration, vmi, pod });
  if (isFinalMigration(migration)) {
    collectHistory(virt, vmi);
    for (const pending of nextPending(virt)) world.loop.enqueue("virt-controller-migration", keyOf(pending));
  }
  return again;
}

/** Migrations of a VMI that no longer exists are deleted; nobody takes their finalizer off but their end. */
function dropOrphan(virt: Virt, migration: KubeObject): void {
  const { namespace, name } = migration.metadata;
  if (!isDeleting(migration)) virt.world.store.delete(migrations, namespace, name, {}, writer);
  else modify(virt.world, migrations, migration, (draft) => removeFinalizer(draft, migrationFinalizer), writer);
}

function sync(at: Case): number | undefined {
  const { virt, migration, vmi, pod } = at;
  const state = stateOf(vmi, migration);
  if (isDeleting(vmi) || state?.completed === true || isExcluded(at)) return undefined;
  switch (migration.status?.phase) {
    case "Pending":
      return syncPending(at);
    case "Scheduling":
      if (isDeleting(migration)) cancelBeforeHandoff(at);
      else if (pod !== undefined) return checkTimeouts(at, pod);
      return undefined;
    case "Scheduled":
      if (isDeleting(migration) && state === undefined) cancelBeforeHandoff(at);
      else if (pod !== undefined && isHandoverReady(pod)) handOff(at, pod);
      return undefined;
    case "PreparingTarget":
    case "TargetReady":
      if (pod !== undefined && !isFinished(pod)) return undefined;
      if (state !== undefined && state.startTimestamp === undefined && !state.failed) markFailed(at);
      return undefined;
    case "Failed":
      if (state !== undefined && !state.failed) markFailed(at);
      return undefined;
    case "Running":
      if (isDeleting(migration) && state !== undefined && !state.abortRequested) requestAbort(virt, vmi, migration);
      return undefined;
    default:
      return undefined;
  }
}

function syncPending(at: Case): number | undefined {
  const { virt, migration, vmi, pod } = at;
  const { world } = virt;
  if (isDeleting(migration)) {
    cancelBeforeHandoff(at);
    return undefined;
  }
  const waitMs = backoffMs(world, vmi, migration);
  if (waitMs > 0) {
    const message = `backoff migrating vmi ${keyOf(vmi)}`;
    world.record(vmi, { type: "Warning", reason: "MigrationBackoff", message, from });
    return waitMs;
  }
  if (pod !== undefined) {
    if (!isHandoverReady(pod)) return checkTimeouts(at, pod);
    if (hotplugVolumes(vmi).length > 0 && attachmentPodsOf(virt, pod).length === 0) attach(at, pod);
    return undefined;
  }
  if (currentPod(world, vmi) === undefined || migration.status?.phase !== "Pending") return undefined;
  if (!hasSlot(virt, vmi)) return requeueMs(migration);
  return phaseOf(vmi) === "Running" ? createTargetPod(at) : undefined;
}

/** When to try again; undefined where that depends on others. */
function createTargetPod({ virt, migration, vmi }: Case): number | undefined {
  const { world } = virt;
  const node = world.store.get(nodes, undefined, vmi.status.nodeName);
  if (node === undefined) return undefined;
  const target = migrationTargetPod(vmi, migration, node, launcherOptions(virt, vmi.metadata.namespace));
  const pod = tryToCreatePod(world, target, { owner: vmi, from, writer, failed: "Error creating pod" });
  if (pod instanceof StoreError) {
    if (pod.message.includes("exceeded quota")) rejectByQuota(world, migration);
    return refusedRetryMs;
  }
  const message = `Created migration target pod ${pod.metadata.name}`;
  world.record(migration, { type: "Normal", reason: "SuccessfulCreate", message, from });
  return undefined;
}

function rejectByQuota(world: World, migration: KubeObject): void {
  const now = rfc3339(world.clock.now());
  const change = (draft: KubeObject): void =>
    setCondition(draft, { type: rejectedByQuota, status: "True", lastProbeTime: now }, now);
  modify(world, migrations, migration, change, onStatus(writer));
}

function attach({ virt, migration, vmi }: Case, pod: KubeObject): void {
  const created = virt.world.store.create(pods, attachmentPod(virt, vmi, pod), writer);
  const message = `Created attachment pod ${created.metadata.name}`;
  virt.world.record(migration, { type: "Normal", reason: "SuccessfulCreate", message, from });
}

/** Gives up a target pod that finds no node for 5 min, or does not start for 15 min (`handlePendingPodTimeout`). */
function checkTimeouts({ virt, migration, vmi }: Case, pod: KubeObject): number | undefined {
  if (pod.status?.phase !== "Pending" || isDeleting(pod)) return undefined;
  const annotations = migration.metadata.annotations ?? {};
  const spentSeconds = Math.floor(elapsedMs(pod.metadata.creationTimestamp, virt.world.clock.now()) / 1000);
  const limitFor = (annotation: string, otherwise: number): number => Number(annotations[annotation] ?? otherwise);
  const scheduled = conditionOf(pod, "PodScheduled");
  const unschedulable = scheduled?.status === "False" && scheduled.reason === "Unschedulable";
  const limits = [{ seconds: limitFor(pendingTimeoutAnnotation, pendingSeconds), what: "pending" }];
  if (unschedulable) {
    const message = `Migration target pod for VMI [${keyOf(vmi)}] is currently unschedulable.`;
    virt.world.record(migration, { type: "Warning", reason: "migrationTargetPodUnschedulable", message, from });
    const seconds = limitFor(unschedulableTimeoutAnnotation, unschedulableSeconds);
    limits.unshift({ seconds, what: "unschedulable" });
  }
  const over = limits.find(({ seconds }) => spentSeconds >= seconds);
  if (over === undefined) return 1000 * Math.min(...limits.map(({ seconds }) => seconds - spentSeconds));
  deleteTarget(virt, migration, pod, `${over.what} pod ${keyOf(pod)} timeout period exceeded`);
  return undefined;
}

function deleteTarget(virt: Virt, migration: KubeObject, pod: KubeObject, message: string): void {
  if (isDeleting(pod)) return;
  virt.world.store.delete(pods, pod.metadata.namespace, pod.metadata.name, {}, writer);
  virt.world.record(migration, { type: "Normal", reason: "SuccessfulDelete", message, from });
}

function cancelBeforeHandoff({ virt, migration, pod }: Case): void {
  if (pod !== undefined) deleteTarget(virt, migration, pod, `migration canceled and pod ${keyOf(pod)} is deleted`);
}

/** Tells the VMI, and so the target's virt-handler, where it is to go (`handleTargetPodHandoff`). */
function handOff({ virt, migration, vmi }: Case, pod: KubeObject): void {
  if (stateOf(vmi, migration) !== undefined) return;
  const { world } = virt;
  const policy = resolveMigrationConfiguration(world, vmi);
  const change = (draft: KubeObject): void => {
    draft.status.migrationState = {
      migrationUid: migration.metadata.uid,
      migrationConfiguration: policy.configuration,
      ...(policy.name === undefined ? {} : { migrationPolicyName: policy.name }),
      sourceNode: vmi.status.nodeName,
      ...(migration.status?.migrationState?.sourcePod === undefined
        ? {}
        : { sourcePod: migration.status.migrationState.sourcePod }),
      targetNode: pod.spec.nodeName,
      targetPod: pod.metadata.name,
    };
    draft.metadata.labels = { ...draft.metadata.labels, [migrationTargetNodeLabel]: pod.spec.nodeName };
  };
  modifyInstance(world, vmi, change, writer);
  const message = "Migration target pod is ready for preparation by virt-handler.";
  world.record(migration, { type: "Normal", reason: "SuccessfulHandOver", message, from });
}

/** `handleMarkMigrationFailedOnVMI`. */
function markFailed({ virt, migration, vmi }: Case): void {
  const now = rfc3339(virt.world.clock.now());
  const change = (draft: KubeObject): void => {
    const state = draft.status.migrationState;
    Object.assign(state, { failed: true, completed: true });
    state.startTimestamp ??= now;
    state.endTimestamp ??= now;
    state.failureReason ??= "Target pod is down";
  };
  modifyInstance(virt.world, vmi, change, writer);
  const { uid } = migration.metadata;
  const message = `VirtualMachineInstance migration uid ${uid} failed. reason: Target pod is down`;
  virt.world.record(vmi, { type: "Warning", reason: "FailedMigration", message, from });
}

function requestAbort(virt: Virt, vmi: KubeObject, migration: KubeObject): void {
  const change = (draft: KubeObject): void => {
    draft.status.migrationState.abortRequested = true;
  };
  modifyInstance(virt.world, vmi, change, writer);
  const message = "Migration is ready to be canceled by virt-handler.";
  virt.world.record(migration, { type: "Normal", reason: "SuccessfulAbortMigration", message, from });
}

function updateStatus(at: Case): void {
  const { virt, migration } = at;
  const { world } = virt;
  const now = world.clock.now();
  if (isFinalMigration(migration)) {
    finish(at);
    return;
  }
  const failure = failureOf(at);
  const change = (draft: KubeObject): void => {
    draft.status ??= {};
    if (failure !== undefined) draft.status.phase = "Failed";
    else draft.status.phase = nextPhase(at);
    if (draft.status.phase !== "Pending") removeCondition(draft, rejectedByQuota);
    if (isDeleting(migration)) setAborted(draft, rfc3339(now));
    stampPhase(draft, phaseOf(migration), now);
    noteSourcePod(at, draft);
  };
  modify(world, migrations, migration, change, onStatus(writer));
  if (failure !== undefined)
    world.record(migration, { type: "Warning", reason: "FailedMigration", message: failure, from });
  if (phaseOf(migration) !== "Succeeded" && failure === undefined && nextPhase(at) === "Succeeded") {
    const message = "Source node reported migration succeeded";
    world.record(migration, { type: "Normal", reason: "SuccessfulMigration", message, from });
  }
  if (phaseOf(migration) === "Running") noteTargetReady(at);
}

/** The final state is copied from the VMI, then the migration may be deleted. */
function finish({ virt, migration, vmi }: Case): void {
  const state = stateOf(vmi, migration);
  const copy = (draft: KubeObject): void => {
    if (state !== undefined) draft.status.migrationState = cloneJson(state);
  };
  modify(virt.world, migrations, migration, copy, onStatus(writer));
  modify(virt.world, migrations, migration, (draft) => removeFinalizer(draft, migrationFinalizer), writer);
}

function setAborted(draft: KubeObject, now: string): void {
  if (hasCondition(draft, "migrationAbortRequested")) return;
  setCondition(draft, { type: "migrationAbortRequested", status: "True", lastProbeTime: now }, now);
}

function noteSourcePod({ virt, vmi }: Case, draft: KubeObject): void {
  if (draft.status.phase !== "Pending") return;
  const source = currentPod(virt.world, vmi);
  if (source !== undefined) {
    draft.status.migrationState = { ...draft.status.migrationState, sourcePod: source.metadata.name };
  }
}

/** The target pod is told when its guest runs, for CNI plugins that move the address. */
function noteTargetReady({ virt, migration, vmi, pod }: Case): void {
  const ready = stateOf(vmi, migration)?.targetNodeDomainReadyTimestamp;
  if (ready === undefined || pod === undefined || pod.metadata.annotations?.[targetReadyAnnotation] !== undefined)
    return;
  const change = (draft: KubeObject): void => {
    draft.metadata.annotations = { ...draft.metadata.annotations, [targetReadyAnnotation]: ready };
  };
  virt.world.store.modify(pods, pod.metadata.namespace, pod.metadata.name, change, writer);
}

/** Keeps the newest five finished migrations of a VMI; an older one takes its leftover pod with it. */
function collectHistory(virt: Virt, vmi: KubeObject): void {
  const { world } = virt;
  const finished = migrationsOf(world, vmi)
    .filter((migration) => isFinalMigration(migration) && !isDeleting(migration))
    .sort(created);
  for (const migration of finished.slice(0, Math.max(0, finished.length - keptMigrations))) {
    const state = migration.status?.migrationState;
    const leftover = state?.failed ? state.targetPod : state?.completed ? state.sourcePod : undefined;
    if (leftover !== undefined) world.store.delete(pods, vmi.metadata.namespace, leftover, {}, writer);
    world.store.delete(migrations, migration.metadata.namespace, migration.metadata.name, {}, writer);
  }
}
