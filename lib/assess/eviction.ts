/**
 * The drain's decision table, D1 to D22 (docs/rules.md): what an eviction would do to each VM of a node.
 * The order of the rows is that of the code; the first that matches wins.
 */

import type { Facts } from "../model/facts.ts";
import type { Finding } from "../model/finding.ts";
import { findCondition, isBeingDeleted, keyOf, type Pod, type PodDisruptionBudget } from "../model/kubernetes.ts";
import { isFinalVmi, isMigrating, type VirtualMachineInstance } from "../model/kubevirt.ts";
import type { DrainRow, Outcome } from "../model/verdict.ts";
import { isLauncherPod, vmiOfLauncher } from "../platform/launcher-pod.ts";
import { migrationJobUidLabel } from "../platform/names.ts";
import type { Capabilities } from "../platform/version.ts";
import { allowsSome, budgetRefusal, budgetsFor, counts, isOwnBudget, severalBudgets } from "./budgets.ts";
import { makeFinding, podReference, vmiReference } from "./findings.ts";
import {
  effectiveStrategy,
  guestGrace,
  hasDrainTaint,
  isSet,
  isVirtApiDown,
  migratability,
  virtApiIsDown,
  virtApiService,
} from "./kubevirt-state.ts";
import {
  cannotMigrate,
  disksCopied,
  evacuationFailing,
  externalStrategy,
  longestMigratableName,
  migratabilityNotKnown,
  migrationRuns,
  migrationTarget,
  nameTooLong,
  staleMark,
  strategyNotKnown,
  targetNotMade,
  waitsForLeftover,
  willMigrate,
} from "./migration-findings.ts";
import { afterShutdown } from "./owners.ts";
import {
  activePodsOf,
  failedEvacuations,
  findGap,
  type Index,
  isIncoming,
  latestMigration,
  namesakeOf,
  type Subject,
  unfinishedMigration,
  vmiNameOf,
  vmiOf,
  vmiUidOf,
} from "./subjects.ts";

export interface Rules {
  readonly index: Index;
  readonly capabilities: Capabilities;
  readonly waived: ReadonlySet<string>;
  /** Ordinary pods are evicted, too, and take their share of the budgets. */
  readonly allPods: boolean;
}

/** What a row says. `needs` tells that another node must have room for it, before the row is final. */
export interface Judgement {
  readonly row: DrainRow;
  readonly outcome: Outcome;
  readonly findings: readonly Finding[];
  readonly needs?: "migration" | "restart" | undefined;
}

/** The row of one subject. D1 is not among them: a finished pod is no subject. */
export function judge(rules: Rules, subject: Subject): Judgement {
  if (subject.pod === undefined) return withoutPod(rules, subject.vmi, subject.node);
  const { pod, vmi, node } = subject;
  if (vmi === undefined) return withoutVmi(rules, pod);
  return (
    endingAlready(rules, pod, vmi, node) ??
    migratingAlready(rules, vmi) ??
    withoutVirtApi(rules, pod) ??
    judgeByStrategy(rules, pod, vmi, node)
  );
}

function withoutPod({ index }: Rules, vmi: VirtualMachineInstance, node: string): Judgement {
  const object = vmiReference(vmi);
  const gap = findGap(index.facts, "pods");
  if (gap !== undefined) {
    const reason = `Its launcher pod could not be read (${gap.reason}).`;
    return unknown(makeFinding({ code: "Unreadable", object, reason, field: "status.nodeName", value: node }));
  }
  if (isLeaving(index, vmi, node)) return { row: "D5", outcome: "moves", findings: [migrationRuns(index, vmi)] };
  const reason = "No pod of it is left on the node; KubeVirt is about to notice that it has ended.";
  return waits("D3", makeFinding({ code: "ShuttingDown", object, reason, field: "status.nodeName", value: node }));
}

/** A migration's last moments: the guest runs on the target, and nobody has written that down yet. */
function isLeaving(index: Index, vmi: VirtualMachineInstance, node: string): boolean {
  if (unfinishedMigration(index, vmi) !== undefined || isMigrating(vmi)) return true;
  const { migrationState } = latestMigration(index, vmi)?.status ?? {};
  return migrationState?.completed === true && !migrationState.failed && migrationState.sourceNode === node;
}

const domainField = "metadata.annotations[kubevirt.io/domain]";

/** D2, if the VMI is known not to exist; otherwise the pod waits until its VMI was read. */
function withoutVmi({ index }: Rules, pod: Pod): Judgement {
  const object = podReference(pod);
  if (vmiOfLauncher(pod) === undefined) {
    const reason = "Nothing tells which VM runs in this launcher pod, and KubeVirt would let it be shut down.";
    return unknown(makeFinding({ code: "Unreadable", object, reason, field: domainField, value: undefined }));
  }
  const name = vmiNameOf(pod);
  const proof = { field: domainField, value: name };
  const gap = findGap(index.facts, "virtualmachineinstances", pod.metadata.namespace);
  if (gap !== undefined) {
    const reason = `The VMI of this launcher pod could not be read (${gap.reason}), so what runs in it is not known.`;
    return unknown(makeFinding({ code: "Unreadable", object, reason, ...proof }));
  }
  const { deletionTimestamp } = pod.metadata;
  if (deletionTimestamp !== undefined) {
    const reason = "Its VMI no longer exists, and the pod is being deleted.";
    const field = "metadata.deletionTimestamp";
    return waits("D3", makeFinding({ code: "ShuttingDown", object, reason, field, value: deletionTimestamp }));
  }
  if (!isVmiAbsent(index, pod)) {
    const reason = "Its VMI has not been read yet: it starts, arrives, or has just left.";
    return waits("D7", makeFinding({ code: "VmiNotReadYet", object, reason, ...proof }));
  }
  const consequence =
    namesakeOf(index, pod) === undefined
      ? "KubeVirt refuses its eviction for ever"
      : "an eviction would concern another one of its name";
  const reason = `The VMI of this launcher pod no longer exists; ${consequence}. Delete the pod once you know that nothing runs in it.`;
  const fix = `kubectl delete pod ${pod.metadata.name} -n ${pod.metadata.namespace}`;
  return blocks("D2", makeFinding({ code: "OrphanLauncherPod", object, reason, ...proof, fix }));
}

/** True when the VMI was looked for and not found, or another one bears its name now, which is not the one before it. */
function isVmiAbsent(index: Index, pod: Pod): boolean {
  const namesake = namesakeOf(index, pod);
  if (namesake !== undefined) return vmiUidOf(pod) === undefined || !(madeAt(pod) > madeAt(namesake));
  return index.facts.absent?.includes(keyOf({ namespace: pod.metadata.namespace, name: vmiNameOf(pod) })) ?? false;
}

function madeAt({ metadata }: Pod | VirtualMachineInstance): number {
  return Date.parse(metadata.creationTimestamp ?? "");
}

/** D3 and D4: something is on its way that no eviction can speed up. */
function endingAlready({ index }: Rules, pod: Pod, vmi: VirtualMachineInstance, node: string): Judgement | undefined {
  const object = vmiReference(vmi);
  const ending = endingSign(pod, vmi);
  if (ending !== undefined) {
    const seconds = remainingSeconds(index.facts, pod, vmi);
    const reason = `Already shutting down; wait for up to ${seconds} s.`;
    return waits("D3", makeFinding({ code: "ShuttingDown", object, reason, ...ending }));
  }
  const elsewhere = vmi.status.nodeName;
  if (elsewhere === undefined || elsewhere === "") return undefined;
  const proof = { field: "status.nodeName", value: elsewhere };
  if (elsewhere === node) {
    if (unfinishedMigration(index, vmi) === undefined || migrationTarget(index, vmi) !== node) return undefined;
    const reason = `It has just arrived on ${node}; its migration must be over before it can leave again.`;
    return arriving(index, vmi, makeFinding({ code: "MigrationArriving", object, reason, ...proof }));
  }
  if (!isIncoming(index, pod, vmi)) {
    const reason = `Runs on ${elsewhere} now; its pod here is ending.`;
    return waits("D3", makeFinding({ code: "ShuttingDown", object, reason, ...proof }));
  }
  if (unfinishedMigration(index, vmi) === undefined && !isMigrating(vmi)) {
    const reason = `A migration from ${elsewhere} to ${node} has ended without the VM; KubeVirt removes its pod.`;
    return waits("D4", makeFinding({ code: "MigrationArriving", object, reason, ...proof }));
  }
  const reason = `A migration of this VM to ${node} is arriving. It must end first; the VM then counts as a VM of this node.`;
  return arriving(index, vmi, makeFinding({ code: "MigrationArriving", object, reason, ...proof }));
}

/** A drain sends on what arrives only where it moves: for anything else nobody has given consent. */
function arriving({ facts }: Index, vmi: VirtualMachineInstance, finding: Finding): Judgement {
  const { value } = effectiveStrategy(facts, vmi);
  const waiting = waits("D4", finding);
  if (value === "LiveMigrate" || value === "LiveMigrateIfPossible") return waiting;
  const reason = `Once it is here its strategy ${value} does not let it move on: the drain would leave it. Check again when it has arrived.`;
  const object = vmiReference(vmi);
  const left = makeFinding({ code: "ArrivesToStay", object, reason, field: "spec.evictionStrategy", value });
  return { ...waiting, findings: [finding, left] };
}

function endingSign(pod: Pod, vmi: VirtualMachineInstance) {
  if (isBeingDeleted(pod)) {
    const provedBy = podReference(pod);
    return { field: "metadata.deletionTimestamp", value: pod.metadata.deletionTimestamp, provedBy };
  }
  if (isBeingDeleted(vmi)) return { field: "metadata.deletionTimestamp", value: vmi.metadata.deletionTimestamp };
  return isFinalVmi(vmi) ? { field: "status.phase", value: vmi.status.phase } : undefined;
}

/** A deletion timestamp already contains the grace period. */
function remainingSeconds(facts: Facts, pod: Pod, vmi: VirtualMachineInstance): number {
  const end = Date.parse(pod.metadata.deletionTimestamp ?? "");
  const left = Math.ceil((end - Date.parse(facts.time)) / 1000);
  return Number.isNaN(left) ? guestGrace(vmi) : Math.max(0, left);
}

/** D5, and D10 for a migration that is tried again after four failures. */
function migratingAlready(rules: Rules, vmi: VirtualMachineInstance): Judgement | undefined {
  const { index } = rules;
  const migration = unfinishedMigration(index, vmi);
  if (migration === undefined && !isMigrating(vmi)) return undefined;
  const strategy = effectiveStrategy(index.facts, vmi).value;
  // Without a strategy that migrates, the eviction is allowed and shuts the guest down: the owner's row says what follows.
  if (strategy === "None") return undefined;
  const failures = failedEvacuations(index, vmi);
  if (failures.length >= failuresThatBlock && !isMigrating(vmi)) {
    return blocks("D10", evacuationFailing(index, vmi, failures, true));
  }
  const findings = [migrationRuns(index, vmi, strategy)];
  // After a failure it waits on purpose.
  const more = failures.length > 0 ? evacuationFailing(index, vmi, failures, false) : targetNotMade(index, vmi);
  if (more !== undefined) findings.push(more);
  return { row: "D5", outcome: "moves", findings, needs: "migration" };
}

/** How many failures in a row end the hope that the next try succeeds (design: waiting ends). */
const failuresThatBlock = 4;

/** D6: without virt-api no eviction passes. Before 1.5 it passed unhindered, and the budgets decide. */
function withoutVirtApi({ index, capabilities }: Rules, pod: Pod): Judgement | undefined {
  if (!isVirtApiDown(index.facts) || !capabilities.failsClosed) return undefined;
  return blocks(
    "D6",
    makeFinding({
      code: "VirtApiUnavailable",
      object: podReference(pod),
      reason: virtApiIsDown,
      field: "ready endpoints",
      value: "0",
      provedBy: virtApiService(index.facts),
    }),
  );
}

function judgeByStrategy(rules: Rules, pod: Pod, vmi: VirtualMachineInstance, node: string): Judgement {
  const { facts } = rules.index;
  const strategy = effectiveStrategy(facts, vmi);
  if (isVirtApiDown(facts)) return shutDown(rules, pod, vmi, "virt-api is down and cannot stop it");
  const migratable = migratability(vmi);
  switch (strategy.value) {
    case "LiveMigrate":
      if (migratable === "Unknown") return waits("D7", migratabilityNotKnown(vmi));
      if (migratable === "False") return blocks("D8", cannotMigrate(vmi));
      return migrates(rules, pod, vmi, node);
    case "External":
      return { row: "D9", outcome: "waits", findings: [externalStrategy(vmi, strategy)] };
    case "LiveMigrateIfPossible":
      return migratable === "True"
        ? migrates(rules, pod, vmi, node)
        : shutDown(rules, pod, vmi, "LiveMigrateIfPossible, and it cannot migrate");
    case "None":
      return shutDown(rules, pod, vmi, strategy.from === "default" ? "no eviction strategy is set" : "strategy None");
    default:
      // KubeVirt lets evictions pass for a strategy that it does not know.
      return rules.waived.has("StrategyUnknown")
        ? shutDown(rules, pod, vmi, `strategy ${strategy.value}`)
        : unknown(strategyNotKnown(facts, vmi, strategy));
  }
}

/** D10 to D13. */
function migrates(rules: Rules, pod: Pod, vmi: VirtualMachineInstance, node: string): Judgement {
  const { index, capabilities } = rules;
  if (!capabilities.refusesAlways) {
    // Up to 1.4 the eviction reaches the budgets, and KubeVirt's own one counts with the user's.
    const budgets = budgetsFor(index, pod);
    if (budgets.length > 1 && budgets.some((budget) => !isOwnBudget(budget)))
      return blocks("D14", severalBudgets(pod, budgets));
  }
  if (vmi.metadata.name.length > longestMigratableName) return blocks("D12", nameTooLong(vmi));
  const mark = vmi.status.evacuationNodeName;
  const marked = mark === node || hasDrainTaint(index, node);
  if (isSet(mark) && !marked) return blocks("D12", staleMark(index, vmi, mark));
  const failures = marked ? failedEvacuations(index, vmi) : [];
  if (failures.length >= failuresThatBlock) return blocks("D10", evacuationFailing(index, vmi, failures, true));
  if (failures.length > 0) {
    const findings = [evacuationFailing(index, vmi, failures, false)];
    return { row: "D10", outcome: "moves", findings, needs: "migration" };
  }
  const others = marked ? activePodsOf(index, vmi).filter((other) => isLeftover(index, other, pod)) : [];
  if (others.length > 0) return waits("D11", waitsForLeftover(vmi, others));
  const findings = [willMigrate(vmi)];
  if (vmi.status.migrationMethod === "BlockMigration") findings.push(disksCopied(vmi));
  return { row: "D13", outcome: "moves", findings, needs: "migration" };
}

/**
 * Another pod of the VMI that has outlived its migration. The target of a migration that has not been seen yet is none: pods and
 * migrations are watched apart, and the pod may be seen first.
 */
export function isLeftover(index: Index, other: Pod, pod: Pod): boolean {
  if (other.metadata.uid === pod.metadata.uid) return false;
  const job = other.metadata.labels[migrationJobUidLabel];
  return job === undefined || index.facts.migrations.some((migration) => migration.metadata.uid === job);
}

/** D14 to D22: the webhook allows the eviction, so the budgets are asked, and then the guest is shut down. */
function shutDown(rules: Rules, pod: Pod, vmi: VirtualMachineInstance, because: string): Judgement {
  const { index } = rules;
  const budgets = budgetsFor(index, pod);
  const refusal = budgetRefusal(index, pod, budgets);
  if (refusal !== undefined) return blocks(refusal.row, refusal.finding);
  const condition = findCondition(vmi.status.conditions, "LiveMigratable");
  const cause = migratability(vmi) === "False" && isSet(condition?.reason) ? `: ${condition.reason}` : "";
  const why = `Will be shut down within ${guestGrace(vmi)} s (${because}${because.endsWith("migrate") ? cause : ""}).`;
  const after = afterShutdown(index, vmi, why);
  const findings = [...after.findings];
  const [budget] = budgets;
  const wanting = budget === undefined || pod.status.phase === "Pending" ? 0 : podsThatAsk(rules, budget);
  const allowed = budget?.status.disruptionsAllowed ?? 0;
  const shared = budget !== undefined && allowed > 0 && wanting > allowed;
  if (shared) findings.push(allowsSome(pod, budget, wanting));
  // KubeVirt does not protect a VM with strategy None that somebody migrates: it would be shut down in the midst of it.
  if (unfinishedMigration(index, vmi) !== undefined || isMigrating(vmi))
    findings.push(migrationRuns(index, vmi, "None"));
  const needs = after.outcome === "restarts" ? "restart" : undefined;
  return { row: shared ? "D18" : after.row, outcome: after.outcome, findings, needs };
}

/** How many pods of the targets that this budget selects would be evicted through it. */
function podsThatAsk(rules: Rules, budget: PodDisruptionBudget): number {
  const { index } = rules;
  let count = 0;
  for (const node of index.facts.targets) {
    for (const pod of index.podsByNode.get(node) ?? []) {
      if (counts(budget, pod) && (isLauncherPod(pod) ? isShutDown(index, pod) : rules.allPods)) count++;
    }
  }
  return count;
}

function isShutDown(index: Index, pod: Pod): boolean {
  const vmi = vmiOf(index, pod);
  if (vmi === undefined || isBeingDeleted(pod)) return false;
  const strategy = effectiveStrategy(index.facts, vmi).value;
  return strategy === "None" || (strategy === "LiveMigrateIfPossible" && migratability(vmi) !== "True");
}

function blocks(row: DrainRow, finding: Finding): Judgement {
  return { row, outcome: "blocks", findings: [finding] };
}

function waits(row: DrainRow, finding: Finding): Judgement {
  return { row, outcome: "waits", findings: [finding] };
}

function unknown(finding: Finding): Judgement {
  return { row: "unknown", outcome: "unknown", findings: [finding] };
}
