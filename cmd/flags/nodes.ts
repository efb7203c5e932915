/** The nodes that a command is about: named, or chosen by a label selector, never both. */
import { UsageError } from "../../lib/model/errors.ts";
import type { Flags } from "../command.ts";

export const selectorFlags = {
  selector: {
    kind: "string",
    short: "l",
    description:
      "Selector (label query) of nodes, supports '=', '==', '!=', 'in' and 'notin' (e.g. -l key1=value1,key2=value2). Nodes must satisfy all of it.",
  },
} as const satisfies Flags;

/** The words as names of nodes, each once: `node/worker-1` is `worker-1`. */
export function nodeNames(words: readonly string[]): string[] {
  return [...new Set(words.map(nodeName))];
}

function nodeName(word: string): string {
  const slash = word.indexOf("/");
  const kind = word.slice(0, slash).toLowerCase();
  const name = word.slice(slash + 1);
  if (slash >= 0 && !["no", "node", "nodes", "node.v1.", "nodes.v1."].includes(kind)) {
    throw new UsageError(`"${word}" is not a node; name nodes as NODE or node/NODE`);
  }
  if (name === "" || name.includes("/")) throw new UsageError(`"${word}" is not the name of a node`);
  return name;
}

/** Nodes by name, by a label selector, or neither. */
export interface ChosenNodes {
  readonly names: readonly string[];
  readonly selector: string | undefined;
}

interface NodeOptions {
  readonly words: readonly string[];
  readonly selector: string | undefined;
}

/** The nodes that may be named: by words or by `-l`. Throws UsageError in the words of `kubectl drain` for both. */
export function wantedNodes({ words, selector }: NodeOptions): ChosenNodes {
  const names = nodeNames(words);
  if (names.length > 0 && selector !== undefined)
    throw new UsageError("cannot specify both a node name and a --selector option");
  return { names, selector };
}

/** The nodes that must be named. Throws UsageError in the words of `kubectl drain` for both or neither. */
export function chosenNodes(command: string, options: NodeOptions): ChosenNodes {
  const chosen = wantedNodes(options);
  if (chosen.names.length === 0 && chosen.selector === undefined)
    throw new UsageError(`USAGE: ${command} NODE [flags]`);
  return chosen;
}

/** Commands that act on a node look at all namespaces: a namespace would hide VMs from them. */
export function rejectNamespace(command: string, options: { readonly namespace: string | undefined }): void {
  if (options.namespace === undefined) return;
  throw new UsageError(`${command} looks at the VMs of all namespaces: it takes no --namespace`);
}
