/** Before nodes are given back: what becomes of VMs that KubeVirt still moves away from them. */
import { leavingVms, unseenParts } from "../lib/assess/evacuation.ts";
import { foreignDrainTaint, untaintingSteps } from "../lib/decide/foreign-taint.ts";
import { ExpectedError, RefusedError } from "../lib/model/errors.ts";
import { type ExitCode, exitCode } from "../lib/model/exit-code.ts";
import { type Facts, recoveryOn } from "../lib/model/facts.ts";
import { recordOf } from "../lib/observe/decode/record.ts";
import { sanitise } from "../lib/report/sanitise.ts";
import { leavingLines } from "../lib/report/uncordon.ts";
import { enumerate } from "../lib/report/wording.ts";
import type { OptionsOf } from "./command.ts";
import { commandOn, connectionTexts } from "./command-line.ts";
import type { uncordon } from "./definitions/uncordon.ts";
import type { World } from "./world.ts";

interface Scene {
  readonly facts: Facts;
  readonly waived: ReadonlySet<string>;
  readonly options: OptionsOf<typeof uncordon>;
  readonly world: World;
}

const waiver = "--waive EvacuationGoesOn";

/**
 * Marks outlive an uncordon, so the drain is undone first, unless its VMs may leave all the same. Resolves to those, by node, or to
 * the exit code of an abort that has failed. Throws RefusedError where nobody can be asked, or the marks cannot be seen.
 */
export async function settleEvacuations(
  nodes: readonly string[],
  scene: Scene,
): Promise<ReadonlyMap<string, readonly string[]> | ExitCode> {
  const { facts, waived, options, world } = scene;
  const leaving = new Map<string, readonly string[]>();
  for (const node of nodes) if (leavingVms(facts, node).length > 0) leaving.set(node, leavingVms(facts, node));
  if (waived.has("EvacuationGoesOn")) return leaving;
  const unseen = unseenParts(facts);
  if (unseen.length > 0)
    throw new RefusedError(
      `whether VMs are still being moved away cannot be told: ${unseen.map(sanitise).join("; ")}`,
      `nothing was changed; to give back all the same: ${waiver}`,
    );
  if (leaving.size === 0) return leaving;
  const { terminal } = world;
  for (const [node, vms] of leaving) terminal.writeError(...leavingLines(node, vms, terminal.errorLayout));
  const names = [...leaving.keys()];
  const mayAsk = terminal.interactive && options.output === undefined && options.dryRun === "none";
  // Under a taint of others an undo would end where it began.
  const isHopeless = (node: string) => isRecovered(facts, node) || untaintingFirst(node, scene).length > 0;
  if (!mayAsk || names.some(isHopeless)) refuse(names, scene);
  const code = await abortFirst(names, scene);
  return code === exitCode.ok ? new Map() : code;
}

/** What others must do before an undo of the node's drain can succeed. */
export function untaintingFirst(name: string, { facts, options }: Pick<Scene, "facts" | "options">) {
  const taint = foreignDrainTaint(facts, recordOf(facts, name), name);
  return untaintingSteps(taint, name, connectionTexts(options));
}

function refuse(nodes: readonly string[], scene: Scene): never {
  const { facts, options, world } = scene;
  const firsts = nodes.flatMap((name) => untaintingFirst(name, scene));
  const untaints = firsts.map(({ command, purpose }) => `; first of all: ${command} (${purpose})`).join("");
  const aborts = nodes
    .filter((name) => !isRecovered(facts, name))
    .map((name) => commandOn(world.program, "abort", name, options));
  const undo = aborts.length === 0 ? "" : `; so that they stay: ${aborts.join("; ")}`;
  throw new RefusedError(
    `${enumerate(nodes.map((name) => `node/${name}`))} cannot be given back while VMs are being moved away`,
    `nothing was changed${untaints}${undo}; to let them leave: ${waiver}`,
  );
}

/** A recovery is not undone, but given back. */
function isRecovered(facts: Facts, name: string): boolean {
  return recoveryOn(recordOf(facts, name)) !== undefined;
}

/** One question for all of them: whoever leaves it has changed nothing. The first abort that fails is the last. */
async function abortFirst(nodes: readonly string[], { options, world }: Scene): Promise<ExitCode> {
  const agreed = await world.terminal.confirm({
    text: `Undo the drain of ${enumerate(nodes)} first, so that they stay?`,
    flag: waiver,
  });
  if (!agreed)
    throw new ExpectedError("uncordon is cancelled", {
      hint: `nothing was changed; to give the node back and let them leave: ${waiver}`,
    });
  const { run: abort } = await import("./abort.ts");
  let code: ExitCode = exitCode.ok;
  for (const node of nodes)
    if (code === exitCode.ok)
      code = await abort({ ...options, words: [node], yes: true, impersonateKubevirt: false }, world);
  return code;
}
