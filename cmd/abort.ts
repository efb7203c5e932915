/** `abort`: shows what a drain has left on a node, asks, and undoes it. */
import { abortNode } from "../lib/act/abort-node.ts";
import { changesOf } from "../lib/act/action-words.ts";
import { type AbortIntent, abortActions, decideAbort } from "../lib/decide/abort.ts";
import { summariseAbort } from "../lib/decide/abort-summary.ts";
import { ExpectedError, failureOf, RefusedError, UsageError } from "../lib/model/errors.ts";
import { type ExitCode, exitCode } from "../lib/model/exit-code.ts";
import { type Facts, recoveryOn } from "../lib/model/facts.ts";
import type { AbortSummary } from "../lib/model/progress.ts";
import { recordOf } from "../lib/observe/decode/record.ts";
import { observe } from "../lib/observe/observe.ts";
import { abortPlan } from "../lib/report/abort.ts";
import { sanitise } from "../lib/report/sanitise.ts";
import type { OptionsOf } from "./command.ts";
import { commandLine, commandOn, connectionTexts } from "./command-line.ts";
import { abort as definition } from "./definitions/abort.ts";
import { connectionOptions } from "./flags/connection.ts";
import { dryRunSuffix } from "./flags/dry-run.ts";
import { nodeNames, rejectNamespace } from "./flags/nodes.ts";
import { refuseUnasked } from "./flags/output.ts";
import type { World } from "./world.ts";

type Options = OptionsOf<typeof definition>;

/**
 * Resolves to the exit code of the undo: 4 where something of the drain is left. Throws RefusedError for a node that was declared
 * lost, and UsageError where nobody can be asked.
 */
export async function run(options: Options, world: World): Promise<ExitCode> {
  rejectNamespace("abort", options);
  const [node, ...others] = nodeNames(options.words);
  if (node === undefined || others.length > 0) throw new UsageError("USAGE: abort NODE [flags]");
  refuseUnasked(options, "what would be undone");
  const { terminal, clock } = world;
  const client = await world.connect(connectionOptions(options), options.v);
  const facts = await observe(client, { nodes: [node], clock });
  const intent: AbortIntent = {
    node,
    impersonate: options.impersonateKubevirt ? controllerAccount(facts) : undefined,
    commandFlags: connectionTexts(options),
  };
  const found = recordOf(facts, node);
  const recovery = recoveryOn(found);
  if (recovery !== undefined)
    throw new RefusedError(
      `node/${node} was declared lost by ${sanitise(recovery.by)}: a recovery cannot be undone`,
      `nothing was changed; ${commandOn(world.program, "uncordon", node, options)} gives the node back`,
    );
  const { view } = decideAbort(facts, found, intent, { results: {} });
  if (options.output !== "json") terminal.writeLines(abortPlan(node, found, view, terminal.layout));
  const actions = abortActions(facts, found, intent);
  if (options.dryRun !== "none") {
    const summary = summariseAbort(node, { complete: view.failures.length === 0, view }, "");
    await showDryRun(
      actions.flatMap(changesOf),
      { ...summary, nextSteps: view.nextSteps },
      { time: facts.time, options, world },
    );
    return summary.exitCode;
  }
  // Nobody is asked about nothing, and what turns up later was not agreed to.
  if (actions.length === 0 && !options.yes) return view.failures.length === 0 ? exitCode.ok : exitCode.incomplete;
  if (!options.yes) {
    const agreed = await terminal.confirm({ text: `Undo the drain of ${node}?`, flag: "--yes" });
    if (!agreed) throw new ExpectedError("abort is cancelled", { hint: "nothing was changed" });
  }
  const reporter = await terminal.reporter(options.output ?? "text");
  try {
    const signal = terminal.catchSignals();
    const result = await abortNode({ client, clock, reporter, signal }, facts, intent);
    const again = commandLine(world.program, definition, { words: [node], options }, ["yes", "dryRun"]);
    const summary = summariseAbort(node, result, again);
    const event = { type: "summary", operation: "abort", time: result.time, ...summary } as const;
    if (result.failedBy === undefined) {
      reporter.event(event);
      return summary.exitCode;
    }
    reporter.event({ ...event, ...failureOf(result.failedBy.error) });
    throw result.failedBy.error;
  } finally {
    reporter.close();
  }
}

/** kubectl's lines for a dry run, or the events of one. */
async function showDryRun(
  changes: readonly { readonly object: string; readonly verb: string }[],
  summary: AbortSummary,
  { time, options, world }: { readonly time: string; readonly options: Options; readonly world: World },
): Promise<void> {
  const { terminal } = world;
  if (options.output !== "json") {
    for (const { object, verb } of changes) terminal.writeLine(`${object} ${verb}${dryRunSuffix[options.dryRun]}`);
    return;
  }
  const reporter = await terminal.reporter("json");
  for (const { object, verb } of changes) reporter.event({ type: "changed-object", time, object, verb, dryRun: true });
  reporter.event({ type: "summary", operation: "abort", time, ...summary, dryRun: true });
  reporter.close();
}

/** The account that KubeVirt's own controller writes with (kubevirt/kubevirt pkg/virt-operator/resource/generate/rbac). */
function controllerAccount(facts: Facts): string {
  const namespace = facts.kubevirt?.metadata.namespace;
  if (namespace === undefined)
    throw new ExpectedError("the namespace that KubeVirt is installed in could not be read", {
      hint: "--impersonate-kubevirt needs it: the right to list kubevirts is missing",
    });
  return `system:serviceaccount:${namespace}:kubevirt-controller`;
}
