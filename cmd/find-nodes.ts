/** The nodes that a command is about, when their names are known only to the cluster. */
import type { KubeClient } from "../lib/kube/client.ts";
import { ExpectedError } from "../lib/model/errors.ts";
import { selectNodes } from "../lib/observe/observe.ts";
import type { ChosenNodes } from "./flags/nodes.ts";

/** The names of the chosen nodes. Throws ExpectedError when the selector chooses none. */
export async function findNodes({ names, selector }: ChosenNodes, client: KubeClient): Promise<readonly string[]> {
  if (selector === undefined) return names;
  const selected = await selectNodes(client, selector);
  if (selected.length === 0) throw new ExpectedError(`no node matches the selector "${selector}"`);
  return selected;
}
