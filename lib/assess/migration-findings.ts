/** The findings of the rows that have to do with migrating: why it runs, waits, fails, or cannot be. */
import type { Facts } from "../model/facts.ts";
import type { Finding } from "../model/finding.ts";
import { controllerOf, findCondition, type Pod } from "../model/kubernetes.ts";
import { isMigrating, type VirtualMachineInstance, type VirtualMachineInstanceMigration } from "../model/kubevirt.ts";
import type { VmVerdict } from "../model/verdict.ts";
import { vmKind } from "../platform/names.ts";
import { isHyperConverged } from "../platform/platform.ts";
import { listing, makeFinding, named, patchCommand, refer, vmiReference } from "./findings.ts";
import { migrationLimits } from "./kubevirt-state.ts";
import { type Index, targetPodOf, unfinishedMigration } from "./subjects.ts";

/** The node that the VM is on its way to, once that is settled. */
export function migrationTarget(index: Index, vmi: VirtualMachineInstance): string | undefined {
  const state = vmi.status.migrationState;
  const migration = unfinishedMigration(index, vmi);
  if (migration === undefined) return isMigrating(vmi) ? state?.targetNode : undefined;
  // The state may still be that of the migration before.
  if (state?.migrationUid === migration.metadata.uid && state.targetNode !== undefined) return state.targetNode;
  return targetPodOf(index, vmi, migration)?.spec.nodeName;
}

/** D5, and a note for a VM that an eviction would shut down in the midst of its migration. */
export function migrationRuns(index: Index, vmi: VirtualMachineInstance, strategy?: string): Finding {
  const migration = unfinishedMigration(index, vmi);
  const target = migrationTarget(index, vmi);
  const queued = migration !== undefined && !isMigrating(vmi) && isQueued(migration);
  const state = vmi.status.migrationState;
  const isOf = migration === undefined || state?.migrationUid === migration.metadata.uid;
  const since = (isOf ? state?.startTimestamp : undefined) ?? migration?.metadata.creationTimestamp;
  const what = queued
    ? `A migration away from here is queued${heldUpBy(migration)}.`
    : `Already migrating${target === undefined ? "" : ` to ${target}`}${since === undefined ? "" : ` since ${since}`}.`;
  const warning =
    strategy === "None"
      ? " An eviction now would shut the guest down (strategy None): the drain waits for the migration to end first."
      : "";
  return makeFinding({
    code: "AlreadyMigrating",
    object: vmiReference(vmi),
    reason: what + warning,
    ...(migration === undefined
      ? { field: "status.migrationState.startTimestamp", value: since }
      : {
          field: "status.phase",
          value: migration.status.phase,
          provedBy: refer("virtualmachineinstancemigration", migration.metadata),
        }),
  });
}

function isQueued({ status: { phase } }: VirtualMachineInstanceMigration): boolean {
  return phase === "" || phase === "Pending";
}

/** Conditions of a migration that say why it stays Pending. */
const obstacles: Readonly<Record<string, string>> = {
  migrationRejectedByResourceQuota: "a resource quota of its namespace refuses the target pod",
  migrationBlockedByUtilityVolumes: "utility volumes are attached",
  migrationBlockedByBackup: "a backup of it runs",
};

function heldUpBy(migration: VirtualMachineInstanceMigration): string {
  const words = obstaclesOf(migration);
  return words.length > 0 ? `: ${words.join(", ")}` : "";
}

/** Why a migration stays Pending that would have a slot, in words; empty where it only waits for one. */
export function obstaclesOf({ status: { conditions } }: VirtualMachineInstanceMigration): readonly string[] {
  return conditions.filter(({ status }) => status === "True").flatMap(({ type }) => obstacles[type] ?? []);
}

/** KubeVirt looks at a queued migration every 5 s (pkg/virt-controller/watch/migration, getRequeueDelayForPriority). */
const idleAfter = 60_000;

/**
 * D5, where a migration is queued although it may begin, and nothing has changed for a minute: the server refuses its target pod
 * (LimitRange, pod security, a webhook), which only an event tells. Undefined where that cannot be said.
 */
export function targetNotMade(index: Index, vmi: VirtualMachineInstance): Finding | undefined {
  const { migrations, time } = index.facts;
  const migration = unfinishedMigration(index, vmi);
  if (migration?.status.phase !== "Pending" || obstaclesOf(migration).length > 0) return undefined;
  if (targetPodOf(index, vmi, migration) !== undefined) return undefined;
  const changes = migrations.flatMap(({ metadata, status }) => [
    metadata.creationTimestamp ?? "",
    ...status.phaseTransitionTimestamps.map((change) => change.time),
  ]);
  const quietSince = changes.sort().at(-1);
  const lasts = Date.parse(time) - Date.parse(quietSince ?? "") >= idleAfter;
  if (!lasts || !hasFreeSlot(index)) return undefined;
  return makeFinding({
    code: "TargetNotMade",
    object: vmiReference(vmi),
    reason: `Its migration may begin, but since ${quietSince} KubeVirt has made no target pod for it. The VM's events may tell why.`,
    field: "status.phase",
    value: migration.status.phase,
    provedBy: refer("virtualmachineinstancemigration", migration.metadata),
    fix: `kubectl describe vmi ${named(vmi.metadata)}`,
  });
}

/** Whether fewer migrations than may run have a target pod, from which on they take a slot (findRunningMigrations). */
function hasFreeSlot(index: Index): boolean {
  const { perNode, perCluster, running } = migrationLimits(index);
  const waiting = index.facts.migrations.filter((migration) => {
    const vmi = index.vmis.get(`${migration.metadata.namespace}/${migration.spec.vmiName}`);
    return isQueued(migration) && (vmi === undefined || targetPodOf(index, vmi, migration) === undefined);
  });
  return running !== undefined && running - waiting.length < Math.min(perNode, perCluster);
}

/** D7. */
export function migratabilityNotKnown(vmi: VirtualMachineInstance): Finding {
  const condition = findCondition(vmi.status.conditions, "LiveMigratable");
  return makeFinding({
    code: "MigratabilityUnknown",
    object: vmiReference(vmi),
    reason:
      "KubeVirt does not know yet whether it can migrate (still starting, or virt-handler has not reported). Until then its eviction is refused.",
    field: "status.conditions[LiveMigratable].status",
    value: condition?.status,
  });
}

/** D8. */
export function cannotMigrate(vmi: VirtualMachineInstance): Finding {
  const condition = findCondition(vmi.status.conditions, "LiveMigratable");
  const because = [condition?.reason, condition?.message].filter(Boolean).join(": ");
  return makeFinding({
    code: "NotLiveMigratable",
    object: vmiReference(vmi),
    reason: `Must migrate (LiveMigrate) but cannot${because === "" ? "" : `: ${because}`}. Shut it down, fix the cause, or change the strategy to LiveMigrateIfPossible or None on its owner and restart it.`,
    field: "status.conditions[LiveMigratable].status",
    value: condition?.status,
    fix: shutdownCommand(vmi),
  });
}

/** How a person takes a VM out of the drain's way. */
export function shutdownCommand(vmi: VirtualMachineInstance): string {
  const owner = controllerOf(vmi.metadata);
  return owner?.kind === vmKind
    ? `virtctl stop ${owner.name} -n ${vmi.metadata.namespace}`
    : `kubectl delete vmi ${named(vmi.metadata)}`;
}

/** The VMI's strategy is one that nobody has heard of, or the cluster's could not be read. */
export function strategyNotKnown(facts: Facts, vmi: VirtualMachineInstance, strategy: VmVerdict["strategy"]): Finding {
  const object = vmiReference(vmi);
  const code = "StrategyUnknown";
  if (facts.kubevirt === undefined && strategy.from === "cluster") {
    const reason =
      "It has no eviction strategy of its own, and the cluster's could not be read: whether it is migrated or shut down is not known.";
    return makeFinding({ code, object, reason, field: "spec.evictionStrategy", value: undefined });
  }
  const reason = `Eviction strategy ${strategy.value} is not known; KubeVirt would let the eviction pass, and the guest would be shut down.`;
  return strategy.from === "vmi"
    ? makeFinding({ code, object, reason, field: "spec.evictionStrategy", value: strategy.value, fix: vmFix(vmi) })
    : makeFinding({
        code,
        object,
        reason,
        field: "spec.configuration.evictionStrategy",
        value: strategy.value,
        provedBy: facts.kubevirt && refer("kubevirt", facts.kubevirt.metadata),
        fix: clusterStrategyFix(facts),
      });
}

function vmFix(vmi: VirtualMachineInstance): string | undefined {
  const owner = controllerOf(vmi.metadata);
  if (owner?.kind !== vmKind) return undefined;
  const patch = { spec: { template: { spec: { evictionStrategy: "LiveMigrate" } } } };
  return patchCommand("vm", { name: owner.name, namespace: vmi.metadata.namespace }, patch);
}

/** Where HyperConverged owns the KubeVirt resource, only a change there lasts. */
function clusterStrategyFix({ kubevirt }: Facts): string | undefined {
  if (kubevirt === undefined) return undefined;
  if (!isHyperConverged(kubevirt)) {
    const patch = { spec: { configuration: { evictionStrategy: "LiveMigrate" } } };
    return patchCommand("kubevirt", kubevirt.metadata, patch);
  }
  const name = kubevirt.metadata.ownerReferences.find((owner) => owner.controller)?.name ?? "kubevirt-hyperconverged";
  const object = { name, namespace: kubevirt.metadata.namespace };
  return patchCommand("hyperconvergeds.v1beta1.hco.kubevirt.io", object, { spec: { evictionStrategy: "LiveMigrate" } });
}

/**
 * D10. KubeVirt tries again after 20 s, doubled with every failure, and never gives up
 * (pkg/virt-controller/watch/migration, handleMigrationBackoff).
 */
export function evacuationFailing(
  index: Index,
  vmi: VirtualMachineInstance,
  failures: readonly VirtualMachineInstanceMigration[],
  givenUp: boolean,
): Finding {
  const [last] = failures;
  const count = failures.length;
  const cause = last?.status.migrationState?.failureReason ?? failureOnVmi(vmi, last);
  const times = count === 1 ? "once" : `${count} times`;
  const reason = cause === undefined ? "" : `; last: ${cause}`;
  const next = nextTry(index.facts, last, count);
  // Without a pause that has still to pass it is tried at this moment.
  const later = next ? ` (next try in about ${next} s)` : " and is tried again";
  return makeFinding({
    code: givenUp ? "MigrationFailedRepeatedly" : "EvacuationFailing",
    object: vmiReference(vmi),
    reason: givenUp
      ? `Its migration failed ${times} in a row${reason}. KubeVirt goes on trying, but something must be changed.`
      : `Its evacuation failed ${times}${later}${reason}.`,
    field: "status.phase",
    value: last?.status.phase,
    provedBy: last && refer("virtualmachineinstancemigration", last.metadata),
    fix: last && `kubectl describe vmim ${named(last.metadata)}`,
  });
}

function failureOnVmi(
  vmi: VirtualMachineInstance,
  migration: VirtualMachineInstanceMigration | undefined,
): string | undefined {
  const state = vmi.status.migrationState;
  return state !== undefined && state.migrationUid === migration?.metadata.uid ? state.failureReason : undefined;
}

function nextTry(
  facts: Facts,
  last: VirtualMachineInstanceMigration | undefined,
  failures: number,
): number | undefined {
  const failedAt = last?.status.phaseTransitionTimestamps.find((entry) => entry.phase === "Failed")?.time;
  const due = Date.parse(failedAt ?? "") + 20_000 * 2 ** (failures - 1);
  return Number.isNaN(due) ? undefined : Math.max(0, Math.round((due - Date.parse(facts.time)) / 1000));
}

/** D11. */
export function waitsForLeftover(vmi: VirtualMachineInstance, others: readonly Pod[]): Finding {
  const names = listing(others.map((pod) => pod.metadata.name));
  return makeFinding({
    code: "EarlierMigrationPod",
    object: vmiReference(vmi),
    reason: `A pod of an earlier migration has not ended; KubeVirt waits for it before trying again: ${names}.`,
    field: "status.phase",
    value: others[0]?.status.phase,
    provedBy: others[0] && refer("pod", others[0].metadata),
  });
}

/**
 * KubeVirt labels a migration with the VMI's name, and labels have at most 63 characters: the server refuses every migration of
 * it (pkg/virt-api/webhooks/mutating-webhook/mutators, addMigrationSelectorLabel).
 */
export function nameTooLong(vmi: VirtualMachineInstance): Finding {
  const { length } = vmi.metadata.name;
  return makeFinding({
    code: "NameTooLong",
    object: vmiReference(vmi),
    reason: `Its name has ${length} characters, and KubeVirt can make no migration for names longer than ${longestMigratableName}.`,
    field: "metadata.name",
    value: vmi.metadata.name,
    fix: shutdownCommand(vmi),
  });
}

/** The longest value of a label. */
export const longestMigratableName = 63;

/**
 * A mark that names another node: KubeVirt takes every eviction for one that is under way already, and migrates nothing
 * (pkg/virt-controller/watch/drain/evacuation, hasMigratedOnEviction).
 */
export function staleMark({ facts }: Index, vmi: VirtualMachineInstance, mark: string): Finding {
  const path = `/apis/subresources.kubevirt.io/v1/namespaces/${vmi.metadata.namespace}/virtualmachineinstances/${vmi.metadata.name}/evacuate/cancel`;
  const body = JSON.stringify({ evacuationNodeName: mark });
  return makeFinding({
    code: "StaleEvacuationMark",
    object: vmiReference(vmi),
    reason: `Still marked for an evacuation of ${mark}, where it no longer runs: KubeVirt takes every eviction for one under way and migrates nothing. Take the mark off first.`,
    field: "status.evacuationNodeName",
    value: mark,
    fix: facts.evacuateCancel === false ? undefined : `echo '${body}' | kubectl replace --raw ${path} -f -`,
  });
}

/** D9. */
export function externalStrategy(vmi: VirtualMachineInstance, strategy: VmVerdict["strategy"]): Finding {
  return makeFinding({
    code: "ExternalStrategy",
    object: vmiReference(vmi),
    reason:
      "Strategy External: KubeVirt only marks it; whoever manages it must move or stop it. The drain waits until that happens.",
    field: "spec.evictionStrategy",
    value: strategy.value,
  });
}

/** D13. */
export function willMigrate(vmi: VirtualMachineInstance): Finding {
  return makeFinding({
    code: "LiveMigrates",
    object: vmiReference(vmi),
    reason: "Will be live-migrated; not interrupted.",
    field: "status.conditions[LiveMigratable].status",
    value: "True",
  });
}

/** A note to D13: it takes long. */
export function disksCopied(vmi: VirtualMachineInstance): Finding {
  return makeFinding({
    code: "DisksCopied",
    object: vmiReference(vmi),
    reason: "Its disks are copied, too (BlockMigration): slow.",
    field: "status.migrationMethod",
    value: vmi.status.migrationMethod,
  });
}
