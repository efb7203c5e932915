/** Where each VM of a drain stands: from the picture, the verdicts and the ledger to one state per VM. */

import { addressed } from "../assess/addressed.ts";
import { onMigrations } from "../assess/evacuation.ts";
import { obstaclesOf } from "../assess/migration-findings.ts";
import { explainMigrationTarget, type TargetTrouble } from "../assess/migration-target.ts";
import { byReason } from "../assess/placement.ts";
import type { EvictionAnswer } from "../model/eviction.ts";
import type { Facts } from "../model/facts.ts";
import { findNamed, type Pod } from "../model/kubernetes.ts";
import { isFinishedMigration, type VirtualMachineInstanceMigration } from "../model/kubevirt.ts";
import type { VmProgress } from "../model/progress.ts";
import type { NodeVerdict, VmVerdict } from "../model/verdict.ts";
import { departed, patience, presentFields, type Standing, sinceWhen } from "./departure.ts";
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
  /** Flags for the commands that are advised, so that they reach the same cluster. */
  readonly commandFlags?: string | undefined;
}

/** A terminating pod may be this late before it counts as stuck. */
const lateness = 30_000;

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
    // A VMI may still name the node when its pod has ended.
    pod: verdict.pod.name || (planned?.pod.name ?? ""),
    state: standing.state,
    since: sinceWhen(input, verdict.uid, standing.state),
    ...presentFields(standing),
  };
}

function standingOnNode(
  input: ProgressInput,
  node: string,
  verdict: VmVerdict,
  planned: PlannedVm | undefined,
): Standing {
  const why = reasonOf(verdict);
  const refusal = input.ledger.pods[verdict.pod.uid];
  switch (verdict.row) {
    case "D3":
      return shuttingDown(input, verdict);
    case "D5":
      return migrating(input, verdict);
    case "D4":
      return { state: "held", ...why };
    case "D7":
    case "D11":
      return patiently(input, verdict, "held");
    case "D10":
      if (verdict.outcome !== "blocks") return { state: "queued", ...why };
  }
  if (planned?.refusedDry && input.intent.skipBlocked)
    return { state: "left-behind", detail: "the server's dry run refused its eviction", code: "DryRunWorse" };
  if (wasJustAnswered(input, verdict, "evicted")) return { state: "shutting-down" };
  if (waitsForBudget(verdict, planned)) {
    // The budget counts it as gone before the answer is here.
    if (refusal?.inFlight) return { state: "waiting" };
    const detail = `${budgetNames(verdict)} lets its pods go one after another`;
    return patiently(input, verdict, "held", detail);
  }
  if (verdict.outcome === "blocks" || verdict.outcome === "unknown") {
    const accepted = input.intent.skipBlocked && planned !== undefined && planned.outcome === verdict.outcome;
    return { state: accepted ? "left-behind" : "blocked", ...why };
  }
  if (!consentCovers(planned?.outcome, verdict.outcome)) return notAgreedTo(verdict, planned);
  if (isFinalRefusal(refusal)) return { state: "blocked", detail: refusal?.answer?.message };
  if (verdict.row === "D9") return { state: "held", ...why };
  if (isMarked(input, verdict, node)) return { state: "queued", detail: "marked for evacuation" };
  if (refusal?.answer !== undefined && refusal.answer.kind !== "evacuating" && refusal.answer.kind !== "evicted")
    return { state: "waiting", detail: refusal.answer.message, until: nextTry(refusal) };
  return {
    state: "waiting",
    detail: verdict.outcome === "moves" ? undefined : "is shut down last, when the others have left",
  };
}

/** A budget that had something left when this was agreed to has it again when others run elsewhere. */
export function waitsForBudget(verdict: VmVerdict, planned: PlannedVm | undefined): boolean {
  if (verdict.row !== "D16" && verdict.row !== "D17") return false;
  return planned?.outcome === "restarts" || planned?.outcome === "stops";
}

function budgetNames({ budgets }: VmVerdict): string {
  return `PDB ${budgets.join(", ")}`;
}

/** The reason for the verdict. */
function reasonOf({ findings: [finding] }: VmVerdict): Pick<Standing, "detail" | "code" | "fix"> {
  return { detail: finding?.reason, code: finding?.code, fix: finding?.fix };
}

/** Marked in the picture, or so recently that the picture may not show it yet. */
export function isMarked(input: ProgressInput, verdict: VmVerdict, node: string): boolean {
  if (findNamed(input.facts.vmis, verdict)?.status.evacuationNodeName === node) return true;
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
  if (deletion === undefined) return patiently(input, verdict, "shutting-down");
  const until = Date.parse(deletion) + lateness;
  if (input.now <= until) return { state: "shutting-down", until };
  return {
    state: "blocked",
    detail: `should have ended at ${deletion}, but its pod is still there`,
    fix: addressed(`kubectl describe pod ${verdict.pod.name} -n ${verdict.namespace}`, input.commandFlags),
  };
}

/** Waits that should end by themselves: after five minutes they count as blocked. */
function patiently(
  input: ProgressInput,
  verdict: VmVerdict,
  state: "held" | "shutting-down",
  detail?: string,
): Standing {
  const seen = input.ledger.seen[verdict.uid];
  const until = (seen?.row === verdict.row ? (seen.rowSince ?? seen.since) : input.now) + patience;
  const why = reasonOf(verdict);
  if (input.now >= until) return { state: "blocked", ...why };
  return detail === undefined ? { state, ...why, until } : { state, detail, code: why.code, until };
}

/** A migration whose target pod finds no node does nothing but hold one of the node's slots, until KubeVirt gives the pod up. */
function withoutTarget({ facts }: ProgressInput, verdict: VmVerdict, trouble: TargetTrouble): Standing {
  const until = trouble.until === undefined ? undefined : Date.parse(trouble.until);
  const waiting = { state: "migrating", phase: "Scheduling", until } as const;
  if (verdict.findings.some(({ code }) => code === "PushesOutOthers"))
    return { ...waiting, detail: "waits for pods of lower priority to end", code: "PushesOutOthers" };
  // What is known of other nodes is as old as the plan: where it does not explain everything, the scheduler knows better.
  const explained = !facts.nodesUnread && trouble.refusals.length >= facts.nodes.length - 1;
  const why = explained
    ? byReason(trouble.refusals)
    : trouble.scheduler?.split(/\.?(?: no new claims to deallocate,)? preemption:/)[0];
  return { ...waiting, detail: `no node takes its target pod, which holds a slot: ${why}`, code: "NoNodeFits" };
}

function migrating(input: ProgressInput, verdict: VmVerdict): Standing {
  const migration = unfinishedMigration(input.facts, verdict);
  const phase = migration?.status.phase;
  const waits = phase === "" || phase === "Pending";
  const noNode = verdict.findings.find((finding) => finding.code === "TargetFindsNoNode");
  if (phase === "Scheduling") {
    const trouble = explainMigrationTarget(input.facts, verdict);
    if (trouble?.scheduler !== undefined) return withoutTarget(input, verdict, trouble);
  }
  const obstacles = waits && migration !== undefined ? obstaclesOf(migration) : [];
  if (obstacles.length > 0) {
    const fix = addressed(onMigrations("describe", verdict.namespace, [verdict.name]), input.commandFlags);
    const detail = `its migration cannot begin: ${obstacles.join(", ")}`;
    return obstructed(input, verdict, { detail, code: verdict.findings[0]?.code, fix });
  }
  const unmade = verdict.findings.find((finding) => finding.code === "TargetNotMade");
  if (unmade !== undefined) return obstructed(input, verdict, { ...unmade, detail: unmade.reason });
  return {
    state: waits ? "queued" : "migrating",
    phase: phase === "" ? undefined : phase,
    // Of a migration that has just ended the VMI still tells; one that has just begun has nothing to do with the one before it.
    target:
      verdict.migratingTo ??
      (migration === undefined ? findNamed(input.facts.vmis, verdict)?.status.migrationState?.targetNode : undefined),
    detail: noNode?.reason,
    code: noNode?.code,
  };
}

/** KubeVirt waits for ever until the obstacle is gone; a drain does for five minutes. */
function obstructed(
  input: ProgressInput,
  verdict: VmVerdict,
  { detail, code, fix }: Pick<Standing, "detail" | "code" | "fix">,
): Standing {
  const seen = input.ledger.seen[verdict.uid];
  const standing = { detail, code, fix };
  const isKnown = seen?.row === verdict.row && (seen.state === "held" || seen.state === "blocked");
  const until = (isKnown ? seen.since : input.now) + patience;
  if (isKnown && (seen.state === "blocked" || input.now >= until)) return { ...standing, state: "blocked" };
  return { ...standing, state: "held", until };
}

function findPod(facts: Facts, uid: string): Pod | undefined {
  return facts.pods.find((pod) => pod.metadata.uid === uid);
}

/** The migration of this VMI that has not ended, if there is one. */
export function unfinishedMigration(
  facts: Pick<Facts, "migrations">,
  vm: { readonly namespace: string; readonly name: string },
): VirtualMachineInstanceMigration | undefined {
  return facts.migrations.find(
    (migration) =>
      migration.metadata.namespace === vm.namespace &&
      migration.spec.vmiName === vm.name &&
      !isFinishedMigration(migration),
  );
}
