/** `uncordon`: gives nodes back, unless a drain of them is not undone yet. */
import { recordReturn } from "../lib/act/assertion-events.ts";
import { removeOurTaints, uncordonNode, waitUntilSchedulable } from "../lib/act/uncordon-node.ts";
import { addressed } from "../lib/assess/addressed.ts";
import { judgeHomecoming } from "../lib/assess/homecoming.ts";
import { holderCodes } from "../lib/assess/node.ts";
import { untaintingCommand } from "../lib/assess/untainting.ts";
import type { KubeClient } from "../lib/kube/client.ts";
import { failureOf, type InterruptedError, RefusedError } from "../lib/model/errors.ts";
import { type ExitCode, exitCode } from "../lib/model/exit-code.ts";
import type { Facts } from "../lib/model/facts.ts";
import type { FindingCode } from "../lib/model/finding.ts";
import type { ProgressEvent, Reporter, UncordonSummary } from "../lib/model/progress.ts";
import { recordAnnotation } from "../lib/model/record.ts";
import { currentUser } from "../lib/observe/access.ts";
import { recordOfNode } from "../lib/observe/declaration.ts";
import { recordOnNode } from "../lib/observe/decode/record.ts";
import { holderResources } from "../lib/observe/holder-kinds.ts";
import { observe } from "../lib/observe/observe.ts";
import { outOfServiceTaintKey } from "../lib/platform/names.ts";
import { eventLines } from "../lib/report/events.ts";
import { neverOffWarning } from "../lib/report/homecoming.ts";
import { sanitise } from "../lib/report/sanitise.ts";
import { gapTexts } from "../lib/report/wording.ts";
import type { OptionsOf } from "./command.ts";
import { commandLine, commandOn, connectionTexts } from "./command-line.ts";
import { uncordon as definition } from "./definitions/uncordon.ts";
import { findNodes } from "./find-nodes.ts";
import { connectionOptions } from "./flags/connection.ts";
import { waivedCodes } from "./flags/drain-scope.ts";
import { dryRunSuffix } from "./flags/dry-run.ts";
import { chosenNodes, rejectNamespace } from "./flags/nodes.ts";
import { settleEvacuations, untaintingFirst } from "./settle-evacuations.ts";
import type { World } from "./world.ts";

type Options = OptionsOf<typeof definition>;

/**
 * Resolves to the exit code: 4 where KubeVirt does not call a node schedulable in time, or that of an undo which came first and
 * failed. Throws RefusedError where somebody else holds a node, its return is unsound, or VMs are leaving it and nobody can be
 * asked.
 */
export async function run(options: Options, world: World): Promise<ExitCode> {
  rejectNamespace("uncordon", options);
  const chosen = chosenNodes("uncordon", options);
  const waived = waivedCodes(options.waive);
  const client = await world.connect(connectionOptions(options), options.v);
  const nodes = await findNodes(chosen, client);
  const facts = await observe(client, { nodes, clock: world.clock });
  const events = options.output === "json" ? await world.terminal.reporter("json") : undefined;
  const scene: Return = { client, facts, waived, options, world, events, untainted: new Set() };
  refuseHeld(scene);
  tellRecords(scene);
  for (const gap of gapTexts(facts.gaps.filter(({ resource }) => holderResources.has(resource))))
    tell(scene, { type: "warning", message: `somebody else may hold the node, too; not read: ${gap}` });
  // Before the first write: from here on there is a result to tell, however it ends.
  const signal = world.terminal.catchSignals();
  try {
    await refuseUnsoundReturn(nodes, scene);
  } catch (error) {
    if (scene.untainted.size > 0) finish(scene, nodes.map(keptBack), { failure: { error } });
    throw error;
  }
  const leaving = await settleEvacuations(nodes, scene);
  if (typeof leaving === "number") return leaving;
  return await giveAllBack(nodes, leaving, scene, signal);
}

type GivenBack = UncordonSummary["nodes"][number];

function keptBack(name: string): GivenBack {
  return { name, leaving: [], uncordoned: false };
}

/** One after the other, and then waits for all of them. */
async function giveAllBack(
  nodes: readonly string[],
  leaving: ReadonlyMap<string, readonly string[]>,
  scene: Return,
  signal: AbortSignal,
): Promise<ExitCode> {
  const { client, options, world } = scene;
  const reached: string[] = [];
  const given = (takesVms: readonly (boolean | undefined)[] = []) =>
    nodes.map((name, at): GivenBack => {
      const left = { leaving: leaving.get(name) ?? [], takesVms: takesVms[at] };
      return reached.includes(name) ? { name, ...left } : { ...keptBack(name), ...left };
    });
  try {
    for (const node of nodes) {
      if (signal.aborted) break;
      await giveBack(node, scene, leaving.has(node));
      reached.push(node);
    }
    const waits = options.wait && options.dryRun === "none";
    const wait = (node: string) => waitUntilSchedulable(client, node, { clock: world.clock, signal });
    const takesVms = waits ? await Promise.all(reached.map(wait)) : [];
    const isMissed = reached.length < nodes.length || (waits && takesVms.includes(undefined));
    return finish(scene, given(takesVms), { interruption: isMissed ? signal.reason : undefined });
  } catch (error) {
    finish(scene, given(), { failure: { error } });
    throw error;
  }
}

interface Return {
  readonly client: KubeClient;
  readonly facts: Facts;
  readonly waived: ReadonlySet<string>;
  readonly options: Options;
  readonly world: World;
  /** Takes what is told where that is to be JSON. */
  readonly events: Reporter | undefined;
  /** Nodes that are not given back, but whose taints of ours were to come off. */
  readonly untainted: Set<string>;
}

function refuseHeld({ facts, waived, options }: Return): void {
  const holder = facts.holders.find(({ kind }) => kind !== "Record" && !waived.has(holderCodes[kind]));
  if (holder === undefined) return;
  const { node, kind, object, detail } = holder;
  if (kind === "UnknownRecord")
    throw new RefusedError(
      `node/${node} carries ${detail}, which may say what else must be given back: ${sanitise(recordText(facts, node))}`,
      `nothing was changed; when it is settled by hand: ${addressed(`kubectl annotate node ${node} ${recordAnnotation}-`, connectionTexts(options))}`,
    );
  throw new RefusedError(
    `node/${node} is held by ${sanitise(object)}: ${sanitise(detail)}`,
    `nothing was changed; end that first, or override it with --waive ${holderCodes[kind]}`,
  );
}

/** Tells a person whose drain or recovery ends with this, and why there was one: it may be somebody else's, and at work. */
function tellRecords({ facts: { holders }, events, world: { terminal } }: Return): void {
  for (const { node, kind, detail } of holders)
    if (kind === "Record" && terminal.interactive && events === undefined) terminal.remark(`node/${node}: ${detail}`);
}

function recordText({ nodes }: Facts, name: string): string {
  return nodes.find(({ metadata }) => metadata.name === name)?.metadata.annotations[recordAnnotation] ?? "";
}

/** What is accepted by whoever gives a node back that has not come back: the record goes, and with it what could tell later. */
const unseenReturn: readonly FindingCode[] = ["NodeNotReady", "HostWasNeverOff"];

/**
 * Nodes that were declared lost are given back when they have come back, and after a look at the VMs where their host was
 * never off. Our taint goes in any case from a node that is back: it kills what runs there.
 */
async function refuseUnsoundReturn(nodes: readonly string[], scene: Return): Promise<void> {
  const { facts, options, waived, world } = scene;
  const refusals: RefusedError[] = [];
  for (const node of facts.nodes.filter(({ metadata }) => nodes.includes(metadata.name))) {
    const { name } = node.metadata;
    const homecoming = judgeHomecoming(node, await recordOfNode(scene.client, node, facts.time));
    const isRecorded = recordOnNode(node).kind === "record";
    if (homecoming.kind === "not-back" && isRecorded && !unseenReturn.every((code) => waived.has(code)))
      refusals.push(
        new RefusedError(
          `node/${name} was declared lost and has not come back: it is not Ready, and whether its host was ever off cannot be told`,
          `nothing was changed; give it back when it is, or override this with ${unseenReturn.map((code) => `--waive ${code}`).join(" ")}`,
        ),
      );
    if (homecoming.kind !== "never-off") continue;
    world.terminal.writeError(...neverOffWarning(name, homecoming.record, world.terminal.errorLayout));
    if (waived.has("HostWasNeverOff")) {
      if (!isRecorded) await tellReturn(name, scene);
      continue;
    }
    await takeTaintsOff(name, scene);
    refusals.push(
      new RefusedError(
        `node/${name} was never off while its VMs were started elsewhere`,
        `${isRecorded ? "its cordon stays" : "nothing was changed"}; when you have looked at these VMs: ${commandOn(world.program, "uncordon", name, options)} --waive HostWasNeverOff`,
      ),
    );
  }
  if (refusals[0] !== undefined) throw refusals[0];
}

async function takeTaintsOff(node: string, scene: Return): Promise<void> {
  scene.untainted.add(node);
  const taints = await removeOurTaints(scene.client, node, { dryRun: scene.options.dryRun !== "none" });
  for (const taint of taints)
    tell(scene, { type: "changed-object", object: `node/${node}`, verb: `untainted (${taint})` });
}

async function giveBack(node: string, scene: Return, keepRecord: boolean): Promise<void> {
  const { client, options } = scene;
  const dryRun = options.dryRun !== "none";
  const { already, taints, wasLost, condemned } = await uncordonNode(client, node, { dryRun, keepRecord });
  for (const taint of taints)
    tell(scene, { type: "changed-object", object: `node/${node}`, verb: `untainted (${taint})` });
  tell(scene, { type: "node-uncordoned", node, already });
  if (condemned)
    tell(scene, {
      type: "warning",
      message: `node/${node} bears the taint ${outOfServiceTaintKey}, which somebody else has set: no pod may run there until it is off: ${addressed(untaintingCommand(node, outOfServiceTaintKey), connectionTexts(options))}`,
    });
  if (wasLost) await tellReturn(node, scene);
}

async function tellReturn(node: string, scene: Return): Promise<void> {
  const { client, options } = scene;
  if (options.dryRun !== "none") return;
  const by = (await currentUser(client)) ?? "somebody";
  const failure = await recordReturn(client, { node, by, time: scene.facts.time });
  if (failure !== undefined) tell(scene, { type: "warning", message: failure });
}

type Told = ProgressEvent extends infer Event ? (Event extends ProgressEvent ? Omit<Event, "time"> : never) : never;

/** As a line that ends as kubectl's do in a dry run, or as JSON. */
function tell({ facts, options, world, events }: Return, told: Told): void {
  const { terminal, clock } = world;
  const skew = Date.parse(facts.time) - Date.parse(facts.localTime ?? facts.time);
  const time = new Date(clock.now().getTime() + skew).toISOString();
  const isDry = options.dryRun !== "none";
  if (events !== undefined) {
    events.event({ ...told, time, ...(isDry && told.type !== "warning" ? { dryRun: true } : {}) } as ProgressEvent);
    return;
  }
  const { out, err } = eventLines({ ...told, time } as ProgressEvent, terminal.errorLayout);
  // Standard output is kubectl's lines and nothing else.
  const [results, remarks] = told.type === "summary" ? [[], out] : [out, err];
  for (const line of results) terminal.writeLine(line + dryRunSuffix[options.dryRun]);
  terminal.writeError(...remarks);
}

/** The last word; what ended it before its time is an `interruption` or a `failure`. */
function finish(
  scene: Return,
  nodes: readonly GivenBack[],
  end: { readonly interruption?: InterruptedError | undefined; readonly failure?: { readonly error: unknown } },
): ExitCode {
  const { interruption, failure } = end;
  const { options, world } = scene;
  const late = nodes.filter(({ takesVms }) => takesVms === false);
  const code = interruption?.exitCode ?? (late.length > 0 ? exitCode.incomplete : exitCode.ok);
  const words = nodes.map(({ name }) => name);
  const again = commandLine(world.program, definition, { words, options }, ["selector", "dryRun"]);
  const flags = connectionTexts(options);
  const summary: UncordonSummary = {
    exitCode: code,
    nodes,
    ...(interruption && { end: "interrupted" }),
    nextSteps: [
      ...((interruption ?? failure) ? [{ command: again, purpose: "takes it up again" }] : []),
      ...late.map(({ name }) => ({
        command: addressed(
          `kubectl get pods -A -l kubevirt.io=virt-handler --field-selector spec.nodeName=${name}`,
          flags,
        ),
        purpose: `virt-handler of ${name}`,
      })),
      ...words.flatMap((name) => untaintingFirst(name, scene)),
      ...nodes
        .filter(({ leaving }) => leaving.length > 0)
        .map(({ name }) => ({
          command: commandOn(world.program, "abort", name, options),
          purpose: "keeps them where they are",
        })),
    ],
  };
  const told = { type: "summary", operation: "uncordon", ...summary } as const;
  tell(scene, failure === undefined ? told : { ...told, ...failureOf(failure.error) });
  return code;
}
