/** Where each VM of a drain stands: from the picture, the verdicts and the ledger to one state per VM. */
import type { EvictionAnswer } from "../model/eviction.ts";
import type { Facts } from "../model/facts.ts";
import type { Pod } from "../model/kubernetes.ts";
import {
  isFinalVmi,
  isFinishedMigration,
  type VirtualMachineInstance,
  type VirtualMachineInstanceMigration,
} from "../model/kubevirt.ts";
import type { VmProgress, VmState } from "../model/progress.ts";
import type { NodeVerdict, VmVerdict } from "../model/verdict.ts";
import { consentCovers, type DrainIntent, type PlannedVm } from "./intent.ts";
import { isFinalRefusal, type Ledger, nextTry } from "./ledger.ts";

/** A VM that runs on the node, or did when the drain was confirmed. */
export interface VmOnItsWay {
  readonly progress: VmProgress;
  /** Absent when nothing of the VM is on the node any more. */
  readonly verdict?: VmVerdict | undefined;
  readonly planned?: PlannedVm | undefined;
}

export interface ProgressInput {
  readonly facts: Facts;
  readonly nodes: readonly NodeVerdict[];
  readonly intent: DrainIntent;
  readonly ledger: Ledger;
  /** Milliseconds of the API server's clock. */
  readonly now: number;
}

interface Standing {
  readonly state: VmState;
  readonly detail?: string | undefined;
  readonly until?: number | undefined;
  readonly target?: string | undefined;
  readonly phase?: string | undefined;
  readonly fix?: string | undefined;
}

/** A terminating pod may be this late before it counts as stuck. */
const lateness = 30_000;
/** How long a wait without an end of its own may last: a VMI that becomes migratable, a leftover pod, a restart elsewhere. */
const patience = 5 * 60_000;
/** How long a start may show a cause that keeps it from running before that counts as its result. */
const startTrouble = 60_000;

/** Every VM of the plan, and those that came later, in the order of the plan. */
export function vmsOnTheirWay(input: ProgressInput): readonly VmOnItsWay[] {
  const here = new Map<string, { readonly node: string; readonly verdict: VmVerdict }>();
  for (const node of input.nodes) for (const verdict of node.vms) here.set(verdict.uid, { node: node.name, verdict });

  const vms: VmOnItsWay[] = [];
  for (const planned of Object.values(input.intent.planned)) {
    const present = here.get(planned.uid);
    here.delete(planned.uid);
    vms.push(
      present === undefined
        ? { progress: departed(input, planned), planned }
        : { progress: onNode(input, present.node, present.verdict, planned), verdict: present.verdict, planned },
    );
  }
  for (const { node, verdict } of here.values())
    vms.push({ progress: onNode(input, node, verdict, undefined), verdict });
  return vms;
}

function onNode(input: ProgressInput, node: string, verdict: VmVerdict, planned: PlannedVm | undefined): VmProgress {
  const standing = standingOnNode(input, node, verdict, planned);
  return {
    namespace: verdict.namespace,
    name: verdict.name,
    uid: verdict.uid,
    node,
    pod: verdict.pod.name,
    state: standing.state,
    since: sinceWhen(input, verdict.uid, standing.state),
    ...presentFields(standing),
  };
}

function presentFields(standing: Standing): Partial<VmProgress> {
  return {
    phase: standing.phase,
    target: standing.target,
    detail: standing.detail,
    until: standing.until === undefined ? undefined : new Date(standing.until).toISOString(),
    fix: standing.fix,
  };
}

function sinceWhen(input: ProgressInput, uid: string, state: VmState): string {
  const seen = input.ledger.seen[uid];
  return new Date(seen?.state === state ? seen.since : input.now).toISOString();
}

function standingOnNode(
  input: ProgressInput,
  node: string,
  verdict: VmVerdict,
  planned: PlannedVm | undefined,
): Standing {
  const reason = verdict.findings[0]?.reason;
  const fix = verdict.findings[0]?.fix;
  const refusal = input.ledger.pods[verdict.pod.uid];
  switch (verdict.row) {
    case "D3":
      return shuttingDown(input, verdict);
    case "D5":
      return migrating(input, verdict);
    case "D4":
      return { state: "held", detail: reason };
    case "D7":
    case "D11":
      return patientlyHeld(input, verdict, reason, fix);
    case "D10":
      return verdict.outcome === "blocks"
        ? { state: "blocked", detail: reason, fix }
        : { state: "queued", detail: reason };
  }
  if (verdict.outcome === "blocks" || verdict.outcome === "unknown") {
    const accepted = input.intent.skipBlocked && planned !== undefined && planned.outcome === verdict.outcome;
    return { state: accepted ? "left-behind" : "blocked", detail: reason, fix };
  }
  if (isFinalRefusal(refusal)) return { state: "blocked", detail: refusal?.answer?.message };
  if (!consentCovers(planned?.outcome, verdict.outcome)) return notAgreedTo(verdict, planned);
  if (verdict.row === "D9") return { state: "held", detail: reason };
  if (wasJustAnswered(input, verdict, "evicted")) return { state: "shutting-down" };
  if (isMarked(input, verdict, node)) return { state: "queued", detail: "marked for evacuation" };
  if (refusal?.answer !== undefined && refusal.answer.kind !== "evacuating" && refusal.answer.kind !== "evicted")
    return { state: "waiting", detail: refusal.answer.message, until: nextTry(refusal) };
  return { state: "waiting" };
}

/** Marked in the picture, or so recently that the picture may not show it yet. */
export function isMarked(input: ProgressInput, verdict: VmVerdict, node: string): boolean {
  if (findVmi(input.facts, verdict)?.status.evacuationNodeName === node) return true;
  return wasJustAnswered(input, verdict, "evacuating");
}

function wasJustAnswered(input: ProgressInput, verdict: VmVerdict, kind: EvictionAnswer["kind"]): boolean {
  const entry = input.ledger.pods[verdict.pod.uid];
  return entry?.answer?.kind === kind && input.now < nextTry(entry);
}

function notAgreedTo(verdict: VmVerdict, planned: PlannedVm | undefined): Standing {
  const now =
    verdict.outcome === "restarts" ? "would be shut down and restarted" : `has the outcome "${verdict.outcome}"`;
  const then = planned === undefined ? "it came after the confirmation" : `confirmed was "${planned.outcome}"`;
  return { state: "left-behind", detail: `${now} now; ${then}. Run the command again to confirm it.` };
}

function shuttingDown(input: ProgressInput, verdict: VmVerdict): Standing {
  const deletion = findPod(input.facts, verdict.pod.uid)?.metadata.deletionTimestamp;
  if (deletion === undefined) return { state: "shutting-down", detail: verdict.findings[0]?.reason };
  const until = Date.parse(deletion) + lateness;
  if (input.now <= until) return { state: "shutting-down", until };
  return {
    state: "blocked",
    detail: `should have ended at ${deletion}, but its pod is still there`,
    fix: `kubectl describe pod ${verdict.pod.name} -n ${verdict.namespace}`,
  };
}

/** Waits that should end by themselves: after five minutes they count as blocked. */
function patientlyHeld(
  input: ProgressInput,
  verdict: VmVerdict,
  detail: string | undefined,
  fix: string | undefined,
): Standing {
  const seen = input.ledger.seen[verdict.uid];
  const until = (seen?.row === verdict.row ? seen.since : input.now) + patience;
  return input.now < until ? { state: "held", detail, until } : { state: "blocked", detail, fix };
}

function migrating(input: ProgressInput, verdict: VmVerdict): Standing {
  const migration = unfinishedMigration(input.facts, verdict);
  const phase = migration?.status.phase;
  const waits = phase === "" || phase === "Pending";
  return {
    state: waits ? "queued" : "migrating",
    phase: phase === "" ? undefined : phase,
    target: verdict.migratingTo ?? findVmi(input.facts, verdict)?.status.migrationState?.targetNode,
    detail: verdict.findings.find((finding) => finding.code === "NoNodeFits")?.reason,
  };
}

/** A VM of the plan of which nothing is left on the node: where is it now? */
function departed(input: ProgressInput, planned: PlannedVm): VmProgress {
  const before = input.ledger.ended[planned.uid];
  if (before !== undefined) return before;
  const standing = whereItWent(input, planned);
  const ended = hasEnded(standing.state);
  const asked = input.ledger.pods[planned.pod.uid]?.requestedAt;
  return {
    namespace: planned.namespace,
    name: planned.name,
    uid: planned.uid,
    node: planned.node,
    pod: planned.pod.name,
    state: standing.state,
    since: sinceWhen(input, planned.uid, standing.state),
    ...presentFields(standing),
    seconds: ended && asked !== undefined ? Math.max(0, Math.round((input.now - asked) / 1000)) : undefined,
  };
}

function whereItWent(input: ProgressInput, planned: PlannedVm): Standing {
  const vmi = findVmi(input.facts, planned);
  if (vmi?.metadata.uid === planned.uid && !isFinalVmi(vmi)) {
    const node = vmi.status.nodeName;
    if (node !== undefined && node !== planned.node) return { state: "moved", target: node };
  }
  const migration = lastArrival(input.facts, planned);
  if (migration !== undefined) return { state: "moved", target: migration };
  if (vmi !== undefined && vmi.metadata.uid !== planned.uid) return restarting(input, planned, vmi);
  if (planned.outcome === "restarts") return restarting(input, planned, undefined);
  if (
    planned.outcome === "stops" ||
    input.facts.absent?.includes(keyOf(planned)) ||
    (vmi !== undefined && isFinalVmi(vmi))
  )
    return { state: "stopped" };
  return { state: "migrating", detail: "has left the node; where it runs now is being read" };
}

function restarting(input: ProgressInput, planned: PlannedVm, vmi: VirtualMachineInstance | undefined): Standing {
  const node = vmi?.status.nodeName;
  if (vmi?.status.phase === "Running" && node !== undefined) return { state: "restarted", target: node };
  const seen = input.ledger.seen[planned.uid];
  const since = seen?.state === "starting" ? seen.since : input.now;
  const status = input.facts.virtualMachines.find(
    (vm) => vm.metadata.namespace === planned.namespace && vm.metadata.name === planned.name,
  )?.printableStatus;
  const trouble = status !== undefined && troubles.has(status);
  if (input.now >= since + (trouble ? startTrouble : patience))
    return {
      state: "failed",
      detail: `was shut down, but does not run again: ${status ?? "not started"}`,
      fix: `kubectl describe vmi ${planned.name} -n ${planned.namespace}`,
    };
  return { state: "starting", target: node, detail: trouble ? status : undefined, until: since + patience };
}

/** VM printable statuses that say why a VM does not start (KubeVirt staging/src/kubevirt.io/api/core/v1/types.go). */
const troubles: ReadonlySet<string> = new Set([
  "CrashLoopBackOff",
  "ErrorUnschedulable",
  "ErrImagePull",
  "ImagePullBackOff",
  "ErrorPvcNotFound",
  "DataVolumeError",
  "ErrorDataVolumeNotFound",
]);

/** True when nothing more is awaited of the VM. */
export function hasEnded(state: VmState): boolean {
  return state === "moved" || state === "restarted" || state === "stopped" || state === "failed";
}

function lastArrival(facts: Facts, planned: PlannedVm): string | undefined {
  for (const migration of facts.migrations) {
    const state = migration.status.migrationState;
    if (migration.metadata.namespace !== planned.namespace || migration.spec.vmiName !== planned.name) continue;
    if (migration.status.phase !== "Succeeded" || state?.sourceNode !== planned.node) continue;
    if (state.sourcePod === undefined || state.sourcePod === planned.pod.name) return state.targetNode;
  }
  return undefined;
}

function keyOf(vm: { readonly namespace: string; readonly name: string }): string {
  return `${vm.namespace}/${vm.name}`;
}

function findVmi(
  facts: Facts,
  vm: { readonly namespace: string; readonly name: string },
): VirtualMachineInstance | undefined {
  return facts.vmis.find((vmi) => vmi.metadata.namespace === vm.namespace && vmi.metadata.name === vm.name);
}

function findPod(facts: Facts, uid: string): Pod | undefined {
  return facts.pods.find((pod) => pod.metadata.uid === uid);
}

/** The migration of this VMI that has not ended, if there is one. */
export function unfinishedMigration(
  facts: Facts,
  vm: { readonly namespace: string; readonly name: string },
): VirtualMachineInstanceMigration | undefined {
  return facts.migrations.find(
    (migration) =>
      migration.metadata.namespace === vm.namespace &&
      migration.spec.vmiName === vm.name &&
      !isFinishedMigration(migration),
  );
}
