/** The first writes of a drain: all its nodes are cordoned, or it ends there and says how to give back those that were. */
import { findNode } from "../assess/subjects.ts";
import { decideDrain } from "../decide/drain.ts";
import { emptyLedger } from "../decide/ledger.ts";
import { ExpectedError, RefusedError } from "../model/errors.ts";
import type { ConfirmedDrain, DrainWorld } from "./confirmed-drain.ts";
import { cordonNode, UncertainCordonError } from "./cordon-nodes.ts";
import { DrainEnd } from "./end-drain.ts";

/** Cordons one node after the other, until a signal comes. Throws ExpectedError when a node cannot be cordoned. */
export async function cordonAll(world: DrainWorld, drain: ConfirmedDrain): Promise<void> {
  const cordoned: string[] = [];
  for (const name of drain.intent.nodes) {
    if (world.signal.aborted) return;
    try {
      await cordonOne(world, drain, name);
    } catch (error) {
      const isUncertain = error instanceof UncertainCordonError;
      if (isUncertain) cordoned.push(name);
      tellFailure(world, drain, cordoned, error);
      if (!(error instanceof ExpectedError)) throw error;
      const undo = cordoned.map((node) => drain.commands.abort(node)).join("; ");
      const left =
        undo === "" ? "nothing was changed" : `nothing was evicted; what was cordoned is given back by: ${undo}`;
      const isTold = isUncertain || error instanceof RefusedError;
      const hint = isTold && error.hint !== undefined ? `${left}; ${error.hint}` : left;
      throw new ExpectedError(error.message, { exitCode: error.exitCode, hint, cause: error });
    }
    cordoned.push(name);
  }
}

/** Nothing was evicted: what is left is what was foretold. */
function tellFailure(world: DrainWorld, drain: ConfirmedDrain, cordoned: readonly string[], error: unknown): void {
  const { facts, check, intent } = drain;
  const { commandFlags } = drain.assessOptions;
  const { time: startedAt } = facts;
  const ledger = emptyLedger(Date.parse(startedAt));
  const { progress } = decideDrain({ facts, check, intent, ledger, startedAt, commandFlags, trouble: [] });
  new DrainEnd(world, drain).tellFailure(error, facts, { progress, cordoned });
}

async function cordonOne(world: DrainWorld, drain: ConfirmedDrain, name: string): Promise<void> {
  const node = findNode(drain.facts, name);
  if (node === undefined) throw new ExpectedError(`node/${name} is not among the nodes that were read`);
  const vms = Object.values(drain.intent.planned)
    .filter((vm) => vm.node === name)
    .map(({ namespace, name: vmName, uid }) => ({ namespace, name: vmName, uid }));
  const input = { by: drain.by, reason: drain.reason, since: drain.facts.time, vms };
  const { already } = await cordonNode(world.client, { name, uid: node.metadata.uid }, input);
  world.reporter.event({ type: "node-cordoned", time: drain.facts.time, node: name, already });
}
