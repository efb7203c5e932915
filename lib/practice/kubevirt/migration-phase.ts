/** How far a migration is, and whether it can still succeed: the rules of virt-controller's `updateStatus` (pkg/virt-controller/watch/migration/migration.go). */
import { isDeleting, isFinished, isReady } from "../kubernetes/objects.ts";
import type { KubeObject } from "../store.ts";
import { attachmentPodsOf } from "./hotplug.ts";
import { hotplugVolumes, isFinal, isFinalMigration, isHandoverReady, migrationsOf, phaseOf } from "./instance.ts";
import type { Virt } from "./virt.ts";

/** A migration with its VMI and its target pod. */
export interface Case {
  readonly virt: Virt;
  readonly migration: KubeObject;
  readonly vmi: KubeObject;
  readonly pod: KubeObject | undefined;
}

/** The VMI's migration state, when it is this migration's. */
export function stateOf(vmi: KubeObject, migration: KubeObject) {
  const state = vmi.status?.migrationState;
  return state?.migrationUid === migration.metadata.uid ? state : undefined;
}

/** Another migration of the VMI still runs (`canMigrateVMI`). */
export function isExcluded({ virt, vmi, migration }: Case): boolean {
  const active = vmi.status?.migrationState?.migrationUid;
  if (active === undefined || active === migration.metadata.uid) return false;
  const other = migrationsOf(virt.world, vmi).find(({ metadata }) => metadata.uid === active);
  return other !== undefined && !isFinalMigration(other);
}

/** Why the migration is over without success, in the order of `updateStatus`; undefined while it may go on. */
export function failureOf(at: Case): string | undefined {
  const { migration, vmi, pod } = at;
  const phase = phaseOf(migration);
  const state = stateOf(vmi, migration);
  const created = phase !== "" && phase !== "Pending";
  const handedOff = ["PreparingTarget", "TargetReady", "Running"].includes(phase);
  if (isFinal(vmi)) return "Migration failed vmi shutdown during migration.";
  if (isDeleting(migration) && state === undefined) return "Migration failed due to being canceled";
  if (pod !== undefined && isFinished(pod)) return "Migration failed because target pod shutdown during migration";
  if (created && pod === undefined) return "Migration target pod was removed during active migration.";
  if (handedOff && vmi.status?.migrationState === undefined) {
    return "VMI's migration state was cleared during the active migration.";
  }
  if (handedOff && state === undefined) {
    return "VMI's migration state was taken over by another migration job during active migration.";
  }
  if (state?.failed === true) return "source node reported migration failed";
  if (phase === "" && isExcluded(at)) {
    return "VMI is not eligible for migration because another migration job is in progress.";
  }
  return undefined;
}

/** `processMigrationPhase`. */
export function nextPhase({ virt, migration, vmi, pod }: Case): string {
  const state = stateOf(vmi, migration);
  const attached = (launcher: KubeObject): boolean =>
    hotplugVolumes(vmi).length === 0 || attachmentPodsOf(virt, launcher).some(isReady);
  switch (phaseOf(migration)) {
    case "":
      return "Pending";
    case "Pending":
      return pod !== undefined && attached(pod) ? "Scheduling" : "Pending";
    case "Scheduling":
      return pod !== undefined && isHandoverReady(pod) && attached(pod) ? "Scheduled" : "Scheduling";
    case "Scheduled":
      return state?.targetNode ? "PreparingTarget" : "Scheduled";
    case "PreparingTarget":
      return state?.targetNode && state.targetNodeAddress ? "TargetReady" : "PreparingTarget";
    case "TargetReady":
      return state?.startTimestamp ? "Running" : "TargetReady";
    case "Running":
      return state?.completed === true ? "Succeeded" : "Running";
    default:
      return phaseOf(migration);
  }
}
