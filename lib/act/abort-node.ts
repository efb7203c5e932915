/** Drives the undo of a drain until a fresh read shows that nothing of it is left, or what cannot be undone. */
import {
  type AbortDecision,
  type AbortIntent,
  type AbortLedger,
  type AbortView,
  decideAbort,
  noteResult,
} from "../decide/abort.ts";
import { goneSince } from "../decide/abort-summary.ts";
import type { Action, ActionResult } from "../model/action.ts";
import { InterruptedError } from "../model/errors.ts";
import type { ExitCode } from "../model/exit-code.ts";
import type { Facts } from "../model/facts.ts";
import type { Reporter } from "../model/progress.ts";
import { recordOf } from "../observe/decode/record.ts";
import { refreshEvacuation } from "../observe/evacuation.ts";
import { changesOf, resultText } from "./action-words.ts";
import { perform } from "./perform.ts";
import type { ActWorld } from "./world.ts";

export interface AbortWorld extends ActWorld {
  readonly reporter: Pick<Reporter, "event">;
}

export interface AbortResult {
  readonly complete: boolean;
  /** The exit code of the signal that ended it. */
  readonly interruptedBy?: ExitCode | undefined;
  /** The error that ended it. */
  readonly failedBy?: { readonly error: unknown } | undefined;
  /** RFC 3339, of the last look. */
  readonly time: string;
  /** As it was found at the last look. */
  readonly view: AbortView;
  /** VMs that have left the node since the first look. */
  readonly gone: readonly string[];
}

const ordinaryPauseMs = 2_000;

/** Undoes a drain of one node. What could not be undone, or was not because a signal or an error came, is in the result. */
export async function abortNode(world: AbortWorld, base: Facts, intent: AbortIntent): Promise<AbortResult> {
  const first = decideOn(base, intent, { results: {} }).view;
  // Whose the cordon was is told by the record, which is gone at the end.
  const { leftAlone } = first;
  let latest: AbortResult = { complete: false, time: base.time, view: first, gone: [] };
  try {
    for await (const result of undo(world, base, intent)) latest = { ...result, view: { ...result.view, leftAlone } };
    return latest;
  } catch (error) {
    if (!world.signal.aborted || !(error instanceof InterruptedError))
      return { ...latest, complete: false, failedBy: { error } };
    return { ...latest, complete: false, interruptedBy: error.exitCode };
  }
}

/** Looks, undoes the next part, and looks again; tells after each look what is left. */
async function* undo(world: AbortWorld, base: Facts, intent: AbortIntent): AsyncIterable<AbortResult> {
  let ledger: AbortLedger = { results: {} };
  let waits: string | undefined;
  for (let facts = base; ; facts = await refreshEvacuation(world.client, facts, intent.node, world.signal)) {
    world.signal.throwIfAborted();
    const decision = decideOn(facts, intent, ledger);
    ledger = decision.ledger;
    yield {
      complete: decision.status === "done",
      time: facts.time,
      view: decision.view,
      gone: goneSince(base, facts, intent.node),
    };
    if (decision.status !== "going") return;
    if (decision.waits !== undefined && decision.waits !== waits)
      world.reporter.event({ type: "waiting", time: facts.time, message: decision.waits });
    waits = decision.waits ?? waits;
    for (const action of decision.actions) {
      world.signal.throwIfAborted();
      if (action.kind === "evict") continue;
      const result = await perform(world.client, action);
      ledger = noteResult(ledger, action, result, Date.parse(facts.time));
      tell(world, action, result, facts.time);
    }
    const wait =
      decision.actions.length > 0
        ? 0
        : (decision.wakeAt ?? Date.parse(facts.time) + ordinaryPauseMs) - Date.parse(facts.time);
    await world.clock.sleep(Math.max(wait, decision.actions.length > 0 ? 0 : 500), world.signal);
  }
}

function decideOn(facts: Facts, intent: AbortIntent, ledger: AbortLedger): AbortDecision {
  return decideAbort(facts, recordOf(facts, intent.node), intent, ledger);
}

function tell(world: AbortWorld, action: Action, result: ActionResult, time: string): void {
  if (result.kind === "done" || result.kind === "nothing-to-do") {
    for (const { object, verb } of changesOf(action))
      world.reporter.event({ type: "changed-object", time, object, verb });
    return;
  }
  // A conflict only says that the node was written meanwhile: the next turn reads it again. What is refused for good stands in the result.
  if (result.kind === "refused" && result.code < 500) return;
  const object = changesOf(action)[0]?.object ?? ("node" in action ? `node/${action.node}` : action.kind);
  world.reporter.event({ type: "warning", time, message: `${object}: ${resultText(result)}` });
}
