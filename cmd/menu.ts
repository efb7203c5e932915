/** The menu of the bare program: pick a node, then what to do. It makes a command line and does nothing else, so that there is one path. */

import { ExpectedError } from "../lib/model/errors.ts";
import { recoveryOn } from "../lib/model/facts.ts";
import { isCordoned, isReady, type NodeOverview } from "../lib/model/overview.ts";
import { countLeaving } from "../lib/observe/leaving.ts";
import { readOverview } from "../lib/observe/overview.ts";
import { count } from "../lib/report/wording.ts";
import type { Choice } from "../lib/terminal/prompts.ts";
import type { FlagValues } from "./command.ts";
import { quoted } from "./command-line.ts";
import { commands } from "./commands.ts";
import { type connectionFlags, connectionOptions } from "./flags/connection.ts";
import type { World } from "./world.ts";

/**
 * Asks for a node and an action, and shows the equivalent command line.
 * @returns its words, without the program's name and the flags that were given already.
 */
export async function chooseCommand(
  options: FlagValues<typeof connectionFlags>,
  argv: readonly string[],
  world: World,
): Promise<readonly string[]> {
  const client = await world.connect(connectionOptions(options), options.v);
  const { nodes } = await readOverview(client);
  if (nodes.length === 0) throw new ExpectedError(`there is no node in the cluster at ${client.connection.server}`);
  const node = await world.terminal.search({ text: "Which node?", flag: "the name of a command" }, nodeChoices(nodes));
  const leaving = (await countLeaving(client, [node.name])).get(node.name) ?? 0;
  const action = await world.terminal.select(
    { text: `What is to be done with ${node.name}?`, flag: "the name of a command" },
    actionChoices({ ...node, leaving }),
  );
  const chosen = [action, node.name];
  world.terminal.writeError(
    world.terminal.errorLayout.style("faint", `${world.program} ${[...chosen, ...argv].map(quoted).join(" ")}`),
  );
  return chosen;
}

function nodeChoices(nodes: readonly NodeOverview[]): Choice<NodeOverview>[] {
  const nameWidth = Math.max(...nodes.map(({ name }) => name.length));
  const statusWidth = Math.max(...nodes.map(({ status }) => status.length));
  return nodes.map((node) => ({
    value: node,
    name: `${node.name.padEnd(nameWidth)}   ${node.status.padEnd(statusWidth)}   ${vmCounts(node)}`,
  }));
}

function vmCounts({ vms, notMigratable }: NodeOverview): string {
  return count(vms, "VM") + (notMigratable === 0 ? "" : `, ${notMigratable} cannot migrate`);
}

interface MenuAction {
  readonly command: string;
  readonly name: string;
  readonly fits?: (node: NodeOverview) => boolean;
}

const looksLost = (node: NodeOverview): boolean => !isReady(node);
/** What a recovery has left is not undone, but given back. */
const hasDrain = ({ leaving = 0, record }: NodeOverview): boolean =>
  recoveryOn(record) === undefined && (leaving > 0 || (record?.kind ?? "none") !== "none");

const actions: readonly MenuAction[] = [
  { command: "recover", name: "Recover its VMs: it looks lost", fits: looksLost },
  { command: "list", name: "Show its VMs" },
  { command: "check", name: "Check whether it can be drained" },
  { command: "drain", name: "Drain it: move its VMs away" },
  { command: "abort", name: "Undo its drain", fits: hasDrain },
  { command: "uncordon", name: "Give it back", fits: isCordoned },
];

function actionChoices(node: NodeOverview): Choice<string>[] {
  return actions
    .filter(({ command, fits }) => commands.has(command) && (fits?.(node) ?? true))
    .map(({ command, name }) => ({ value: command, name, description: commands.get(command)?.definition.summary }));
}
