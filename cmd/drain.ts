/** `drain`: checks, shows the plan, asks, and then moves the VMs off the nodes. */
import type { ConfirmedDrain } from "../lib/act/confirmed-drain.ts";
import { drainNodes } from "../lib/act/drain-nodes.ts";
import { type Refusal, refusalOf, stillCovers } from "../lib/decide/consent.ts";
import { planOf } from "../lib/decide/intent.ts";
import { podWarnings } from "../lib/decide/other-pods.ts";
import type { VmOnItsWay } from "../lib/decide/vm-progress.ts";
import type { KubeClient } from "../lib/kube/client.ts";
import { ExpectedError, RefusedError } from "../lib/model/errors.ts";
import { type ExitCode, exitCode } from "../lib/model/exit-code.ts";
import { rolesAddress } from "../lib/model/project.ts";
import { matchesSelector } from "../lib/model/selectors.ts";
import type { NodeVerdict } from "../lib/model/verdict.ts";
import { askDrainRights } from "../lib/observe/drain-rights.ts";
import { checkReport } from "../lib/report/check.ts";
import { drainQuestion, planReport } from "../lib/report/plan.ts";
import { sanitise } from "../lib/report/sanitise.ts";
import type { OptionsOf } from "./command.ts";
import { commandLine, commandOn, connectionTexts } from "./command-line.ts";
import { drain as definition } from "./definitions/drain.ts";
import { documentLines } from "./documents.ts";
import { findNodes } from "./find-nodes.ts";
import { connectionOptions } from "./flags/connection.ts";
import { dryRunSuffix } from "./flags/dry-run.ts";
import { chosenNodes, rejectNamespace } from "./flags/nodes.ts";
import { refuseUnasked } from "./flags/output.ts";
import { assessOptionsOf, checkNodes, type NodeCheck } from "./node-check.ts";
import type { World } from "./world.ts";

type Options = OptionsOf<typeof definition>;

interface Scene {
  readonly options: Options;
  readonly world: World;
  readonly client: KubeClient;
  readonly nodes: readonly string[];
}

/** A plan that a person has looked at for longer than this is checked again before anything is written. */
const planAgesAfterMs = 15_000;

/**
 * Resolves to the exit code of the drain. Throws RefusedError where the check, or a right that is missing, forbids it, and
 * UsageError where nobody can be asked.
 */
export async function run(options: Options, world: World): Promise<ExitCode> {
  rejectNamespace("drain", options);
  const chosen = chosenNodes("drain", options);
  refuseUnasked(options, "the plan alone");
  const assessOptions = assessOptionsOf(options);
  const client = await world.connect(connectionOptions(options), options.v);
  const nodes = await findNodes(chosen, client);
  const scene: Scene = { options, world, client, nodes };
  const checked = await checkNodes(nodes, assessOptions, { client, world });
  await showAgreeable(scene, checked);
  await refuseWithoutRights(scene, checked);
  if (options.dryRun !== "none") return showDryRun(scene, checked);

  const confirmed = await consent(scene, checked);
  return await carryOut(scene, confirmed);
}

/**
 * Who may not cordon, or not evict, is told before anybody is asked: half a drain is worse than none. Where the API server does not
 * say what we may, the drain itself will find out.
 */
async function refuseWithoutRights({ client, world }: Scene, { check }: NodeCheck): Promise<void> {
  const vms = check.nodes.flatMap((node) => node.vms);
  const others = check.nodes.flatMap((node) => node.otherPods).filter(({ outcome }) => outcome === "evicted");
  const namespaces = (objects: readonly { readonly namespace: string }[]) =>
    new Set(objects.map(({ namespace }) => namespace));
  const { missing, silence } = await askDrainRights(client, {
    ofVms: namespaces(vms),
    ofPods: namespaces([...vms, ...others]),
  });
  if (missing !== undefined) {
    const hint = `nothing was changed; the role drain has the rights that a drain needs: ${rolesAddress}`;
    throw new RefusedError(`you may not ${sanitise(missing)}`, hint);
  }
  if (silence !== undefined) world.terminal.warn(`whether you may drain could not be asked: ${silence}`);
}

/** The plan; of a drain that the check forbids, what is in the way. Throws RefusedError then. */
async function showAgreeable(scene: Scene, checked: NodeCheck): Promise<void> {
  const refusal = refusalIn(scene, checked);
  await showPlan(scene, checked, refusal !== undefined);
  if (refusal !== undefined) throw new RefusedError(refusal.message, refusal.hint);
}

function refusalIn({ options }: Scene, { check, assessOptions }: NodeCheck): Refusal | undefined {
  return refusalOf(check, { skipBlocked: options.skipBlocked, waived: assessOptions.waived });
}

async function showPlan(
  { options, world }: Scene,
  { check, assessOptions }: NodeCheck,
  refused: boolean,
): Promise<void> {
  const { terminal } = world;
  if (options.output === "json") {
    if (options.dryRun !== "none") terminal.writeLines(await documentLines({ kind: "Check", ...check }, "json"));
    return;
  }
  const { skipBlocked, allPods } = options;
  const maxParallel = parallelLimit(options);
  const layout = { ...terminal.layout, waived: assessOptions.waived, skipBlocked, maxParallel, allPods };
  terminal.writeLines(refused ? checkReport(check, layout) : planReport(check, layout));
}

/** kubectl's lines for a dry run, after the plan, and the exit code that the drain would have. */
function showDryRun({ options, world }: Scene, { check }: NodeCheck): ExitCode {
  const code = check.nodes.some(leavesSome) ? exitCode.incomplete : exitCode.ok;
  if (options.output === "json") return code;
  const suffix = dryRunSuffix[options.dryRun];
  for (const node of check.nodes) {
    world.terminal.writeLine(`node/${node.name} cordoned${suffix}`);
    const warning = options.allPods ? podWarnings([node]) : undefined;
    if (warning !== undefined) world.terminal.warn(warning);
    for (const pod of podsToEvict(node)) world.terminal.writeLine(`evicting pod ${sanitise(pod)}${suffix}`);
    if (!leavesSome(node) && !node.outsideSelection) world.terminal.writeLine(`node/${node.name} drained${suffix}`);
  }
  return code;
}

/** What blocks, or could not be read, stays as agreed. */
function leavesSome({ vms, otherPods }: NodeVerdict): boolean {
  return [...vms, ...otherPods].some(({ outcome }) => outcome === "blocks" || outcome === "unknown");
}

function podsToEvict(node: NodeVerdict): string[] {
  const vms = node.vms
    .filter(({ outcome }) => outcome === "moves" || outcome === "restarts" || outcome === "stops")
    .map((vm) => `${vm.namespace}/${vm.pod.name}`);
  const pods = node.otherPods
    .filter(({ outcome }) => outcome === "evicted")
    .map((pod) => `${pod.namespace}/${pod.name}`);
  return [...vms, ...pods];
}

/** The check that was agreed to. A person who took long is shown what has changed for the worse, and asked again. */
async function consent(scene: Scene, first: NodeCheck): Promise<NodeCheck> {
  const { options, world } = scene;
  if (options.yes) return first;
  for (let shown = first; ; ) {
    const askedAt = world.clock.now().getTime();
    await confirm(scene, shown);
    if (world.clock.now().getTime() - askedAt < planAgesAfterMs) return shown;
    const now = await checkNodes(scene.nodes, shown.assessOptions, scene);
    if (refusalIn(scene, now) === undefined && stillCovers(shown.check, now.check)) return now;
    await showAgreeable(scene, now);
    world.terminal.remark("The plan has changed while it was shown.");
    shown = now;
  }
}

async function confirm({ options, world }: Scene, { check }: NodeCheck): Promise<void> {
  const text = drainQuestion(check, { skipBlocked: options.skipBlocked, allPods: options.allPods });
  if (await world.terminal.confirm({ text, flag: "--yes" })) return;
  throw new ExpectedError("drain is cancelled", { hint: "nothing was changed" });
}

async function carryOut(scene: Scene, { facts, check, assessOptions, user }: NodeCheck): Promise<ExitCode> {
  const { options, world, client, nodes } = scene;
  const { terminal, clock } = world;
  const { podSelector } = assessOptions;
  const drain: ConfirmedDrain = {
    facts,
    check,
    assessOptions,
    intent: {
      nodes,
      planned: planOf(check),
      skipBlocked: options.skipBlocked,
      maxParallel: parallelLimit(options),
      timeoutMs: options.timeout > 0 ? options.timeout : undefined,
      graceSeconds: options.gracePeriod < 0 ? undefined : options.gracePeriod,
      allPods: options.allPods,
      watched: terminal.interactive && options.output === undefined,
    },
    isSelected: (pod) => podSelector === undefined || matchesSelector(pod.metadata.labels, podSelector),
    by: user ?? "unknown",
    reason: options.reason,
    commands: {
      // The selector may choose other nodes by then.
      again: (words) => commandLine(world.program, definition, { words, options }, ["selector", "yes", "dryRun"]),
      abort: (node) => commandOn(world.program, "abort", node, options),
      uncordon: (node) => commandOn(world.program, "uncordon", node, options),
      recover: (node) => `${commandOn(world.program, "recover", node, options)} --dry-run`,
      flags: connectionTexts(options),
    },
  };
  const reporter = await terminal.reporter(options.output ?? "text");
  try {
    const signal = terminal.catchSignals();
    const mayAsk = terminal.interactive && !options.yes && options.output === undefined;
    const confirmAgain = mayAsk ? (vms: readonly VmOnItsWay[]) => confirmWorse(vms, world) : undefined;
    const summary = await drainNodes({ client, clock, reporter, signal, confirmAgain }, drain);
    return summary.exitCode;
  } finally {
    reporter.close();
  }
}

/** Undefined where KubeVirt's own limits are all that holds. */
function parallelLimit({ maxParallel }: Options): number | undefined {
  return maxParallel > 0 ? maxParallel : undefined;
}

function confirmWorse(vms: readonly VmOnItsWay[], world: World): Promise<boolean> {
  for (const { progress } of vms)
    world.terminal.remark(`${progress.namespace}/${progress.name} ${progress.detail ?? ""}`.trim());
  const text = vms.length === 1 ? "Do that to it?" : `Do that to these ${vms.length} VMs?`;
  return world.terminal.confirm({ text, flag: "--yes" });
}
