/** Decides the next step of a drain: whom to evict now, when to look again, and whether it is done, stuck or out of time. */
import { machineOfVerdict } from "../assess/owners.ts";
import type { EvictAction } from "../model/action.ts";
import { keyOf } from "../model/kubernetes.ts";
import type { DrainProgress, VmProgress } from "../model/progress.ts";
import type { VmVerdict } from "../model/verdict.ts";
import { hasEnded } from "./departure.ts";
import type { DrainInput } from "./drain-input.ts";
import { type DrainStatus, isAtRest, isOver, progressOf, statusOf, stuckAfter } from "./drain-status.ts";
import { consentCovers, type DrainIntent } from "./intent.ts";
import { type Ledger, nextTry, noteChanged, type Seen } from "./ledger.ts";
import { type OtherPod, otherPods } from "./other-pods.ts";
import {
  isMarked,
  type ProgressInput,
  unfinishedMigration,
  type VmOnItsWay,
  vmsOnTheirWay,
  waitsForBudget,
} from "./vm-progress.ts";

export interface DrainDecision {
  /**
   * going: carry out the actions, look again at `wakeAt` or when something changes. verify: nothing of the selection is left in
   * the picture; a fresh read must confirm it. The others end the drain with what is left.
   */
  readonly status: DrainStatus;
  readonly actions: readonly EvictAction[];
  /** Milliseconds of the API server's clock. */
  readonly wakeAt?: number | undefined;
  readonly progress: DrainProgress;
  /** VMs that have left, and of which it is not known yet what became of them: to be looked up by name. */
  readonly departed: readonly VmProgress[];
  /** The ledger with what was seen in this picture. */
  readonly ledger: Ledger;
  /** VMs whose outcome is no longer covered by what was confirmed, but that somebody could confirm now. */
  readonly unconfirmed: readonly VmOnItsWay[];
}

/** One turn of the loop. Pure: the same input gives the same decision. */
export function decideDrain(turn: DrainInput): DrainDecision {
  const input = { ...turn, ledger: noteChanged(turn.ledger, turn.facts.pods) };
  const now = Date.parse(input.facts.time);
  const standing: ProgressInput = {
    facts: input.facts,
    nodes: input.check.nodes,
    intent: input.intent,
    ledger: input.ledger,
    now,
    commandFlags: input.commandFlags,
  };
  const vms = vmsOnTheirWay(standing);
  const pods = input.intent.allPods ? otherPods(standing) : [];
  const timedOut = nodesOutOfTime(input, now);
  const actions = [...vmEvictions(standing, vms, timedOut), ...podEvictions(standing, vms, pods, timedOut)];
  const seen = noteSeen(input.ledger, vms, pods, now);
  const ledger = input.outdated ? { ...seen, changedAt: now } : seen;
  const atRest = isAtRest(standing, vms, pods, actions);
  const status = statusOf({ vms, pods, atRest, timedOut, intent: input.intent, changedAt: ledger.changedAt, now });
  return {
    status,
    actions: status === "going" ? actions : [],
    wakeAt: nextMoment({ input, vms, pods, ledger, now }),
    progress: progressOf(input, vms, pods, { status, atRest, changedAt: ledger.changedAt, now }),
    departed: vms.filter((vm) => vm.verdict === undefined && !hasEnded(vm.progress.state)).map((vm) => vm.progress),
    ledger,
    unconfirmed: vms.filter((vm) => vm.progress.state === "left-behind" && isForConfirmation(vm)),
  };
}

function isForConfirmation(vm: VmOnItsWay): boolean {
  if (vm.planned?.refusedDry) return false;
  const outcome = vm.verdict?.outcome;
  return outcome === "restarts" || outcome === "stops" || (outcome === "waits" && vm.planned === undefined);
}

function nodesOutOfTime(input: DrainInput, now: number): ReadonlySet<string> {
  const { timeoutMs } = input.intent;
  if (timeoutMs === undefined) return new Set();
  return new Set(
    input.intent.nodes.filter((node) => {
      // A drain that only waits has evicted nobody, and must end, too.
      const first = input.ledger.firstEviction[node] ?? Date.parse(input.startedAt);
      return now >= first + timeoutMs;
    }),
  );
}

function vmEvictions(
  standing: ProgressInput,
  vms: readonly VmOnItsWay[],
  timedOut: ReadonlySet<string>,
): EvictAction[] {
  const holdsBack = vms.some((vm) => holdsBackShutdowns(vm, standing.intent) && !timedOut.has(vm.progress.node));
  let free =
    (standing.intent.maxParallel ?? Number.POSITIVE_INFINITY) - vms.filter((vm) => isOnItsWay(standing, vm)).length;
  const budgetLeft = new BudgetPace(standing, vms);
  const actions: EvictAction[] = [];
  for (const vm of vms) {
    const { verdict } = vm;
    if (verdict === undefined || free <= 0 || timedOut.has(vm.progress.node)) continue;
    if (!mayBeEvicted(standing, vm, verdict)) continue;
    if (isShutDown(verdict) && (holdsBack || !budgetLeft.take(verdict))) continue;
    actions.push(evict(standing.intent, vm.progress.node, verdict));
    free -= 1;
  }
  return actions;
}

function evict(intent: DrainIntent, node: string, verdict: VmVerdict): EvictAction {
  return {
    kind: "evict",
    node,
    vm: keyOf(verdict),
    pod: { namespace: verdict.namespace, name: verdict.pod.name, uid: verdict.pod.uid },
    graceSeconds: intent.graceSeconds,
    machine: isShutDown(verdict) ? machineOfVerdict(verdict) : undefined,
  };
}

function isShutDown(verdict: VmVerdict): boolean {
  return verdict.outcome === "restarts" || verdict.outcome === "stops";
}

/**
 * Nobody is shut down while a VM that should move is still here: a drain that turns out to be impossible has stopped nobody.
 * A VM that somebody else must move (D9) was accepted as a risk, and may stay for as long as it likes.
 */
function holdsBackShutdowns(vm: VmOnItsWay, intent: DrainIntent): boolean {
  // One that has left, but not arrived yet as far as is known, is still on its way.
  if (vm.verdict === undefined) return vm.progress.state === "migrating";
  if (isShutDown(vm.verdict) || vm.verdict.row === "D9" || isHeldByBudget(vm)) return false;
  switch (vm.progress.state) {
    case "waiting":
    case "queued":
    case "migrating":
    case "held":
      return true;
    case "blocked":
      return !intent.skipBlocked;
    default:
      return false;
  }
}

/** It was to be shut down all along, and its budget only lets others go first. */
function isHeldByBudget({ progress, verdict, planned }: VmOnItsWay): boolean {
  return progress.state === "held" && verdict !== undefined && waitsForBudget(verdict, planned);
}

/** Marked, migrating or terminating: what `--max-parallel` counts. */
function isOnItsWay(standing: ProgressInput, vm: VmOnItsWay): boolean {
  if (vm.verdict === undefined) return vm.progress.state === "migrating";
  if (standing.ledger.pods[vm.verdict.pod.uid]?.inFlight) return true;
  const { state } = vm.progress;
  return (
    state === "migrating" ||
    state === "queued" ||
    state === "shutting-down" ||
    isMarked(standing, vm.verdict, vm.progress.node)
  );
}

/** Whatever state a VM is in: nothing is done to it that was not agreed to. */
function mayBeEvicted(standing: ProgressInput, vm: VmOnItsWay, verdict: VmVerdict): boolean {
  if (!consentCovers(vm.planned?.outcome, verdict.outcome)) return false;
  const entry = standing.ledger.pods[verdict.pod.uid];
  if (entry?.inFlight || standing.now < nextTry(entry)) return false;
  const { state } = vm.progress;
  const external = verdict.row === "D9" && state === "held";
  const asksAgain = state === "blocked" && (verdict.outcome === "moves" || isShutDown(verdict));
  if (state !== "waiting" && !external && !asksAgain) return false;
  return !isMarked(standing, verdict, vm.progress.node) && unfinishedMigration(standing.facts, verdict) === undefined;
}

/**
 * Spends the disruptions that budgets allow at this moment, so that pods of one budget are not sent to be refused. What stays down
 * is missing to its budget for good, and so goes last.
 */
class BudgetPace {
  readonly #left = new Map<string, number>();
  readonly #wantedByOthers = new Set<string>();

  constructor({ facts, ledger, now }: ProgressInput, vms: readonly VmOnItsWay[]) {
    for (const budget of facts.budgets) this.#left.set(keyOf(budget.metadata), budget.status.disruptionsAllowed);
    // What was asked for or granted a moment ago may not show in the budget yet.
    for (const { verdict, planned, progress } of vms) {
      const waits = progress.state === "waiting" || progress.state === "held";
      if (verdict !== undefined && waits && planned?.outcome === "restarts")
        for (const key of budgetsOf(verdict)) this.#wantedByOthers.add(key);
      const entry = verdict && ledger.pods[verdict.pod.uid];
      const granted = entry?.answer?.kind === "evicted" && now < nextTry(entry);
      if (verdict !== undefined && (entry?.inFlight || granted)) this.take(verdict);
    }
  }

  take(verdict: VmVerdict): boolean {
    const keys = budgetsOf(verdict);
    if (keys.some((key) => (this.#left.get(key) ?? 1) <= 0)) return false;
    if (verdict.outcome === "stops" && keys.some((key) => this.#wantedByOthers.has(key))) return false;
    for (const key of keys) this.#left.set(key, (this.#left.get(key) ?? 1) - 1);
    return true;
  }
}

function budgetsOf({ namespace, budgets }: VmVerdict): string[] {
  return budgets.map((name) => `${namespace}/${name}`);
}

/** The rest of a node follows when its VMs have left: a VM may need the storage and network pods beside it to migrate. */
function podEvictions(
  standing: ProgressInput,
  vms: readonly VmOnItsWay[],
  pods: readonly OtherPod[],
  timedOut: ReadonlySet<string>,
): EvictAction[] {
  return pods
    .filter(({ progress, verdict }) => {
      if (verdict.outcome !== "evicted" || progress.state !== "waiting" || timedOut.has(progress.node)) return false;
      const entry = standing.ledger.pods[verdict.uid];
      if (entry?.inFlight || standing.now < nextTry(entry)) return false;
      return vms.every((vm) => vm.progress.node !== progress.node || isSettled(vm));
    })
    .map(({ progress, verdict }) => ({
      kind: "evict",
      node: progress.node,
      pod: { namespace: verdict.namespace, name: verdict.name, uid: verdict.uid },
      graceSeconds: standing.intent.graceSeconds,
    }));
}

/** A VM that starts elsewhere may need the pods of KubeVirt that run here. */
function isSettled({ progress }: VmOnItsWay): boolean {
  return isOver(progress.state);
}

function noteSeen(ledger: Ledger, vms: readonly VmOnItsWay[], pods: readonly OtherPod[], now: number): Ledger {
  const seen: Record<string, Seen> = {};
  const ended: Record<string, VmProgress> = { ...ledger.ended };
  let changed = false;
  for (const { progress, verdict } of vms) {
    const before = ledger.seen[progress.uid];
    const next = { state: progress.state, row: verdict?.row ?? "", phase: progress.phase ?? "" };
    const same = before !== undefined && before.state === next.state && before.row === next.row;
    changed ||= !same || before.phase !== next.phase;
    const rowSince = before?.row === next.row ? (before.rowSince ?? before.since) : now;
    seen[progress.uid] = { ...next, since: same ? before.since : now, rowSince };
    if (verdict === undefined && hasEnded(progress.state)) ended[progress.uid] = progress;
  }
  for (const { progress } of pods) {
    const before = ledger.seen[progress.uid];
    const state =
      progress.state === "blocked" ? "blocked" : progress.state === "terminating" ? "shutting-down" : "waiting";
    const same = before?.state === state;
    changed ||= !same;
    seen[progress.uid] = { state, row: "", phase: "", since: same ? before.since : now };
  }
  changed ||= Object.keys(ledger.seen).some((uid) => seen[uid] === undefined);
  return { ...ledger, seen, ended, changedAt: changed ? now : ledger.changedAt };
}

function nextMoment(scene: {
  readonly input: DrainInput;
  readonly vms: readonly VmOnItsWay[];
  readonly pods: readonly OtherPod[];
  readonly ledger: Ledger;
  readonly now: number;
}): number | undefined {
  const { input, vms, pods, ledger, now } = scene;
  const moments = [ledger.changedAt + stuckAfter];
  for (const { progress, verdict } of vms) {
    if (progress.until !== undefined) moments.push(Date.parse(progress.until));
    if (verdict !== undefined) moments.push(nextTry(ledger.pods[verdict.pod.uid]));
  }
  for (const { verdict } of pods) moments.push(nextTry(ledger.pods[verdict.uid]));
  const { timeoutMs } = input.intent;
  if (timeoutMs !== undefined)
    for (const first of [Date.parse(input.startedAt), ...Object.values(ledger.firstEviction)])
      moments.push(first + timeoutMs);
  const later = moments.filter((moment) => moment > now);
  return later.length === 0 ? undefined : Math.min(...later);
}
