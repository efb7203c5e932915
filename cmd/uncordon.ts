/** `uncordon`: gives nodes back, and says so when a drain of them is not undone yet. */
import { removeOurTaints, uncordonNode, waitUntilSchedulable } from "../lib/act/uncordon-node.ts";
import { evacuationOf } from "../lib/assess/evacuation.ts";
import { judgeHomecoming } from "../lib/assess/homecoming.ts";
import { holderCodes } from "../lib/assess/node.ts";
import type { KubeClient } from "../lib/kube/client.ts";
import { RefusedError } from "../lib/model/errors.ts";
import { type ExitCode, exitCode } from "../lib/model/exit-code.ts";
import type { Facts } from "../lib/model/facts.ts";
import { recordOnNode } from "../lib/observe/decode/record.ts";
import { observe } from "../lib/observe/observe.ts";
import { neverOffWarning } from "../lib/report/homecoming.ts";
import { sanitise } from "../lib/report/sanitise.ts";
import type { OptionsOf } from "./command.ts";
import type { uncordon } from "./definitions/uncordon.ts";
import { connectionOptions } from "./flags/connection.ts";
import { waivedCodes } from "./flags/drain-scope.ts";
import { dryRunSuffix } from "./flags/dry-run.ts";
import { chosenNodes, rejectNamespace } from "./flags/nodes.ts";
import { findNodes } from "./node-check.ts";
import type { World } from "./world.ts";

type Options = OptionsOf<typeof uncordon>;

export async function run(options: Options, world: World): Promise<ExitCode> {
  rejectNamespace("uncordon", options);
  const chosen = chosenNodes("uncordon", options);
  const waived = waivedCodes(options.waive);
  const client = await world.connect(connectionOptions(options), options.v);
  const nodes = await findNodes(chosen, client);
  const facts = await observe(client, { nodes, clock: world.clock });
  refuseHeld(facts, waived);
  await refuseUnsoundReturn(nodes, facts, { client, waived, options, world });

  for (const node of nodes) {
    const marked = evacuationOf(facts, node).marks.map((vmi) => `${vmi.metadata.namespace}/${vmi.metadata.name}`);
    if (marked.length > 0 && (await abortInstead(node, marked, options, world))) {
      const { run: abort } = await import("./abort.ts");
      const code = await abort({ ...options, words: [node], yes: true, impersonateKubevirt: false }, world);
      if (code !== exitCode.ok) return code;
    }
    await giveBack(node, options, { client, world });
  }
  if (!options.wait || options.dryRun !== "none") return exitCode.ok;
  return await waitForAll(nodes, client, world);
}

function refuseHeld(facts: Facts, waived: ReadonlySet<string>): void {
  const holder = facts.holders.find(({ kind }) => kind !== "Record" && !waived.has(`HeldBy${kind}`));
  if (holder === undefined) return;
  throw new RefusedError(
    `node/${holder.node} is held by ${sanitise(holder.object)}: ${sanitise(holder.detail)}`,
    `nothing was changed; end that first, or override it with --waive ${holderCodes[holder.kind]}`,
  );
}

interface Return {
  readonly client: KubeClient;
  readonly waived: ReadonlySet<string>;
  readonly options: Options;
  readonly world: World;
}

/**
 * Nodes that were declared lost are given back when they have come back, and after a look at the VMs where their host was
 * never off. Our taint goes in any case from a node that is back: it kills what runs there.
 */
async function refuseUnsoundReturn(nodes: readonly string[], facts: Facts, scene: Return): Promise<void> {
  const { waived, world } = scene;
  const refusals: RefusedError[] = [];
  for (const node of facts.nodes.filter(({ metadata }) => nodes.includes(metadata.name))) {
    const { name } = node.metadata;
    const homecoming = judgeHomecoming(node, recordOnNode(node));
    if (homecoming.kind === "not-back" && !waived.has("NodeNotReady"))
      refusals.push(
        new RefusedError(
          `node/${name} was declared lost and has not come back: it is not Ready`,
          `nothing was changed; give it back when it is, or override this with --waive NodeNotReady`,
        ),
      );
    if (homecoming.kind !== "never-off") continue;
    const { columns, errorStyle: style } = world.terminal;
    for (const line of neverOffWarning(name, homecoming.record, { columns, style })) world.terminal.writeError(line);
    if (waived.has("HostWasNeverOff")) continue;
    await takeTaintsOff(name, scene);
    refusals.push(
      new RefusedError(
        `node/${name} was never off while its VMs were started elsewhere`,
        `its cordon stays; when you have looked at these VMs: ${world.program} uncordon ${name} --waive HostWasNeverOff`,
      ),
    );
  }
  if (refusals[0] !== undefined) throw refusals[0];
}

async function takeTaintsOff(node: string, { client, options, world }: Return): Promise<void> {
  const taints = await removeOurTaints(client, node, { dryRun: options.dryRun !== "none" });
  for (const taint of taints)
    world.terminal.writeLine(`node/${node} untainted (${taint})${dryRunSuffix[options.dryRun]}`);
}

/** Marks outlive an uncordon: KubeVirt would go on moving these VMs away. */
async function abortInstead(node: string, marked: readonly string[], options: Options, world: World): Promise<boolean> {
  const { terminal } = world;
  terminal.writeError(
    `Warning: KubeVirt still moves these VMs away from node/${node}: ${marked.map(sanitise).join(", ")}`,
  );
  if (!terminal.interactive || options.dryRun !== "none") {
    terminal.writeError(`an uncordon does not stop that; ${world.program} abort ${node} does`);
    return false;
  }
  return await terminal.confirm({
    text: `Undo the drain of ${node} first, so that they stay?`,
    flag: `${world.program} abort ${node}`,
  });
}

async function giveBack(
  node: string,
  options: Options,
  { client, world }: { readonly client: KubeClient; readonly world: World },
): Promise<void> {
  const dryRun = options.dryRun !== "none";
  const suffix = dryRunSuffix[options.dryRun];
  const { already, taints } = await uncordonNode(client, node, { dryRun });
  for (const taint of taints) world.terminal.writeLine(`node/${node} untainted (${taint})${suffix}`);
  world.terminal.writeLine(`node/${node} ${already ? "already uncordoned" : "uncordoned"}${suffix}`);
}

async function waitForAll(nodes: readonly string[], client: KubeClient, world: World): Promise<ExitCode> {
  const signal = world.terminal.catchSignals();
  const ready = await Promise.all(
    nodes.map((node) => waitUntilSchedulable(client, node, { clock: world.clock, signal })),
  );
  const late = nodes.filter((_node, index) => ready[index] === false);
  for (const node of late)
    world.terminal.writeError(
      `node/${node} is uncordoned, but KubeVirt does not place VMs there yet: its label kubevirt.io/schedulable is false; see kubectl get pods -A -l kubevirt.io=virt-handler --field-selector spec.nodeName=${node}`,
    );
  return late.length === 0 ? exitCode.ok : exitCode.incomplete;
}
