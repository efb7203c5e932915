/** `recover`: the evidence on a lost node, a person's word, and the cleanup that lets its VMs start elsewhere. */
import { recoverNode } from "../lib/act/recover-node.ts";
import { addressed } from "../lib/assess/addressed.ts";
import { assessLiveness, comparable } from "../lib/assess/liveness.ts";
import { holderCodes } from "../lib/assess/node.ts";
import { isOutOfService, outOfServiceTaint } from "../lib/assess/out-of-service.ts";
import { assessRecovery, recoveryRoomWanted } from "../lib/assess/recovery.ts";
import { untaintingCommand } from "../lib/assess/untainting.ts";
import { ourTaints } from "../lib/decide/cordon.ts";
import type { RecoverCommands } from "../lib/decide/recovery-summary.ts";
import type { KubeClient } from "../lib/kube/client.ts";
import type { Dossier, VmRecovery } from "../lib/model/dossier.ts";
import { ExpectedError, RefusedError, UsageError } from "../lib/model/errors.ts";
import { type ExitCode, exitCode } from "../lib/model/exit-code.ts";
import type { FindingCode } from "../lib/model/finding.ts";
import { keyOf } from "../lib/model/kubernetes.ts";
import type { LostNodeFacts, NodeSigns } from "../lib/model/lost-node.ts";
import { currentUser } from "../lib/observe/access.ts";
import { recordOnNode } from "../lib/observe/decode/record.ts";
import { observeLostNode } from "../lib/observe/lost-node.ts";
import { readSigns } from "../lib/observe/signs.ts";
import { listSuspects } from "../lib/observe/suspects.ts";
import { dossierReport } from "../lib/report/dossier.ts";
import { sanitise } from "../lib/report/sanitise.ts";
import { suspectTable } from "../lib/report/suspects.ts";
import type { OptionsOf } from "./command.ts";
import { commandLine, commandOn, connectionTexts } from "./command-line.ts";
import { recover as definition } from "./definitions/recover.ts";
import { documentLines } from "./documents.ts";
import { connectionOptions } from "./flags/connection.ts";
import { waivedCodes } from "./flags/drain-scope.ts";
import { nodeNames, rejectNamespace } from "./flags/nodes.ts";
import { refuseUnasked } from "./flags/output.ts";
import type { World } from "./world.ts";

type Options = OptionsOf<typeof definition>;

interface Scene {
  readonly options: Options;
  readonly world: World;
  readonly client: KubeClient;
  readonly node: string;
  readonly user: string | undefined;
  readonly waived: ReadonlySet<FindingCode>;
}

interface Evidence {
  readonly lost: LostNodeFacts;
  readonly dossier: Dossier;
  /** With which later readings are compared. */
  readonly first: NodeSigns;
}

/** A value that changes between two readings this far apart is life, whatever its stamp. */
const listenMs = 15_000;

/**
 * Resolves to the exit code of the recovery. Throws RefusedError where the evidence, or a holder of the node, forbids it, and
 * UsageError where consent is missing.
 */
export async function run(options: Options, world: World): Promise<ExitCode> {
  rejectNamespace("recover", options);
  const [node, ...others] = nodeNames(options.words);
  if (others.length > 0) throw new UsageError("USAGE: recover [NODE] [flags]", "nodes are recovered one at a time");
  if (node !== undefined) rejectContradictions(options, node);
  const waived = waivedCodes(options.waive);
  const client = await world.connect(connectionOptions(options), options.v);
  if (node === undefined) return await showSuspects(client, options, world);
  const scene: Scene = { options, world, client, node, waived, user: await currentUser(client) };
  const evidence = await decidedEvidence(scene);
  await show(scene, evidence.dossier);
  refuse(scene, evidence);
  if (options.dryRun !== "none") return exitCode.ok;
  const assertion = await consent(scene, evidence.dossier);
  return await carryOut(scene, evidence, assertion);
}

/** What no evidence can cure is said before anything is listened to. */
function rejectContradictions(options: Options, node: string): void {
  const { confirmNode } = options;
  if (confirmNode !== undefined && confirmNode !== node)
    throw new UsageError(`--confirm-node=${confirmNode} is not the node that is to be recovered: ${node}`);
  refuseUnasked(options, "the evidence alone");
}

async function showSuspects(client: KubeClient, options: Options, world: World): Promise<ExitCode> {
  const suspects = await listSuspects(client, { clock: world.clock });
  const items = suspects.map(({ signs, ...suspect }) => ({ ...suspect, ...assessLiveness(signs) }));
  if (options.output === "json") world.terminal.writeLines(await documentLines({ kind: "SuspectList", items }, "json"));
  else
    world.terminal.writeLines(
      suspectTable(items, { ...world.terminal.layout, look: (node) => commandsFor(node, options, world).look }),
    );
  return exitCode.ok;
}

/** The evidence; with --wait, gathered again until a verdict can be reached. */
async function decidedEvidence(scene: Scene): Promise<Evidence> {
  const { world, options } = scene;
  let first: NodeSigns | undefined;
  for (;;) {
    const evidence: Evidence = await gather(scene, first);
    first = evidence.first;
    const { verdict, reason, decidableAt, time } = evidence.dossier;
    if (!options.wait) return evidence;
    if (verdict === "alive" && (await fallsSilent(scene, evidence))) continue;
    if (verdict !== "undecided") return evidence;
    const until = decidableAt === undefined ? "it can be read" : "then";
    world.terminal.remark(`undecided: ${reason} Waiting until ${until}.`);
    const wait = decidableAt === undefined ? listenMs : Date.parse(decidableAt) - Date.parse(time) + 1000;
    await world.clock.sleep(Math.max(1000, wait), world.terminal.catchSignals());
  }
}

/** A node that has crashed a moment ago passes for alive until its Lease runs out and the control plane misses it: within a minute. */
const missedWithinMs = 120_000;
const lookEveryMs = 5_000;

/** Whether nothing renews the Lease of a node that looks alive, so that it does not for long. */
async function fallsSilent({ client, node, world }: Scene, { first, dossier }: Evidence): Promise<boolean> {
  const { clock, terminal } = world;
  const before = renewalOf(first);
  if (before === undefined) return false;
  terminal.remark(`${dossier.reason} Waiting whether that goes on.`);
  for (let waited = 0; waited < missedWithinMs; waited += lookEveryMs) {
    await clock.sleep(lookEveryMs, terminal.catchSignals());
    const signs = await readSigns(client, node, { clock });
    const renewed = renewalOf(signs);
    if (renewed !== undefined && renewed !== before) return false;
    if (assessLiveness(first, signs).verdict !== "alive") return true;
  }
  return false;
}

function renewalOf({ lease }: NodeSigns): string | undefined {
  return lease.kind === "seen" ? lease.value.value : undefined;
}

/**
 * Everything about the node, and a second reading of its signs of life 15 s later, unless the first shows life already. Both are
 * held against the earliest reading, because a sign without a time is silent only when it was long seen unchanged.
 */
async function gather(
  { world, client, node, user, options }: Scene,
  earlier: NodeSigns | undefined,
): Promise<Evidence> {
  const { clock, terminal } = world;
  const lost = await observeLostNode(client, node, { clock, user, stillNeeded: recoveryRoomWanted });
  const evidence = { power: lost.power, record: lost.record, gaps: lost.facts.gaps };
  const first = comparable(earlier, lost.signs);
  let latest = lost.signs;
  const judge = () => assessLiveness(first, latest === first ? undefined : latest, evidence);
  if (judge().verdict !== "alive") {
    terminal.remark(`Listening to ${node} for ${listenMs / 1000} s …`);
    await clock.sleep(listenMs, terminal.catchSignals());
    latest = { ...(await readSigns(client, node, { clock })), containers: lost.signs.containers };
  }
  const dossier = assessRecovery(lost, judge(), {
    includeHeld: new Set(options.includeHeld),
    otherPodsMustStay: options.keepOtherPods,
    commandFlags: connectionTexts(options),
  });
  return { lost: { ...lost, signs: latest }, dossier, first };
}

/** Command lines that reach the same cluster; consent is never among them. */
function commandsFor(node: string, options: Options, { program }: World): RecoverCommands {
  const consentAndMode = ["yes", "confirmNode", "nodeIsPoweredOff", "dryRun"];
  return {
    again: commandLine(program, definition, { words: [node], options }, consentAndMode),
    look: `${commandOn(program, "recover", node, options)} --dry-run`,
    uncordon: commandOn(program, "uncordon", node, options),
  };
}

async function show({ options, world, node }: Scene, dossier: Dossier): Promise<void> {
  const { terminal } = world;
  const { uncordon } = commandsFor(node, options, world);
  if (options.output !== "json") terminal.writeLines(dossierReport(dossier, { ...terminal.layout, uncordon }));
  else if (options.dryRun !== "none") terminal.writeLines(await documentLines({ kind: "Dossier", ...dossier }, "json"));
}

/** What the evidence forbids, no flag allows; another holder of the node can be overridden by name. */
function refuse(scene: Scene, { lost, dossier }: Evidence): void {
  const { verdict, reason, decidableAt, heldBy, vms, gaps } = dossier;
  const { node, options, waived, world } = scene;
  const { again } = commandsFor(node, options, world);
  if (verdict === "alive") {
    // Under that taint nothing can run there, VMs that were started again elsewhere or not.
    const untaint = untainting(scene, lost);
    const left =
      untaint === undefined ? "" : `; it still bears the out-of-service taint, under which no pod may run: ${untaint}`;
    throw new RefusedError(reason, `nothing was changed${left}`);
  }
  if (verdict === "undecided")
    throw new RefusedError(
      `it cannot be told yet whether ${node} is dead: ${reason}`,
      `nothing was changed; ${decidableAt === undefined ? "ask again when it can be read" : `${again} --wait waits until it can`}`,
    );
  const unseen = gaps.find(({ resource, namespace }) => resource === "pods" && namespace === undefined);
  if (unseen !== undefined)
    throw new RefusedError(`the pods of ${node} cannot be seen: ${sanitise(unseen.reason)}`, "nothing was changed");
  const holder = heldBy.find(({ kind }) => !waived.has(holderCodes[kind]));
  if (holder !== undefined) {
    const { kind, object, detail } = holder;
    const settled = addressed(`kubectl annotate node ${node} ${object}-`, connectionTexts(options));
    throw new RefusedError(
      `${node} is held by ${sanitise(object)}: ${sanitise(detail)}`,
      kind === "UnknownRecord"
        ? `nothing was changed; look what it says (kubectl describe node), and when that is settled take it off: ${settled}`
        : `nothing was changed; let it end, or override it with --waive ${holderCodes[kind]}`,
    );
  }
  const known = new Set(vms.map(keyOf));
  const unknown = options.includeHeld.filter((vm) => !known.has(vm));
  if (unknown.length > 0)
    throw new UsageError(
      `--include-held: ${node} has no VM ${unknown.map(sanitise).join(", ")}`,
      "nothing was changed",
    );
}

/** What takes the out-of-service taint off: our own goes with the uncordon. Undefined where the node bears none. */
function untainting({ node, options, world }: Scene, { signs: { object } }: LostNodeFacts): string | undefined {
  if (object.kind !== "seen" || !object.value.spec.taints.some(isOutOfService)) return undefined;
  const isOurs = ourTaints(object.value, recordOnNode(object.value)).length > 0;
  if (isOurs) return commandsFor(node, options, world).uncordon;
  return addressed(untaintingCommand(node, outOfServiceTaint.key), connectionTexts(options));
}

/** What a person declares about the host; undefined where its death is proven. Throws where consent is missing. */
async function consent({ options, world, node, user }: Scene, { verdict }: Dossier): Promise<string | undefined> {
  const unproven = verdict === "unproven";
  const word = options.nodeIsPoweredOff?.trim() || undefined;
  if (options.yes || !world.terminal.interactive) {
    const missing = [
      ...(options.yes ? [] : ["--yes"]),
      ...(options.confirmNode === undefined ? [`--confirm-node ${node}`] : []),
      ...(unproven && word === undefined ? ['--node-is-powered-off "how it was verified"'] : []),
    ];
    if (missing.length > 0) throw new UsageError(`consent is missing: ${missing.join(" ")}`, "nothing was changed");
    return word;
  }
  const question = unproven
    ? "Type the node's name to declare it powered off:"
    : "Type the node's name to recover its VMs:";
  const flag = `--yes --confirm-node ${node}`;
  if (!(await world.terminal.typeName({ text: question, flag }, node)))
    throw new ExpectedError("recover is cancelled: that is not the node's name", { hint: "nothing was changed" });
  return word ?? (unproven ? `declared powered off by ${user ?? "somebody"} at a terminal` : undefined);
}

/** What is held stays out; a VM of which nothing is here but its name is nobody's concern. */
function concerned({ outcome, pods }: VmRecovery): boolean {
  return outcome !== "held" && (pods.length > 0 || outcome !== "unaffected");
}

async function carryOut(scene: Scene, { lost, dossier }: Evidence, assertion: string | undefined): Promise<ExitCode> {
  const { options, world, client, node, user } = scene;
  const { terminal, clock } = world;
  const reporter = await terminal.reporter(options.output ?? "text");
  try {
    const signal = terminal.catchSignals();
    const intent = {
      node,
      commandFlags: connectionTexts(options),
      method: dossier.method,
      vms: [...dossier.vms.filter(concerned), ...(dossier.takenUp ?? [])],
      firstPods: dossier.controlPlane.filter(({ alone }) => alone),
      consentAt:
        Date.parse(lost.facts.time) + (clock.now().getTime() - Date.parse(lost.facts.localTime ?? lost.facts.time)),
    };
    const commands = commandsFor(node, options, world);
    const recovery = { lost, dossier, intent, by: user ?? "unknown", assertion, commands };
    const summary = await recoverNode({ client, clock, reporter, signal }, recovery);
    return summary.exitCode;
  } finally {
    reporter.close();
  }
}
