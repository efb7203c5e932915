/** Flags and help of `check`. */
import { defineCommand } from "../command.ts";
import { connectionFlags } from "../flags/connection.ts";
import { drainScopeFlags } from "../flags/drain-scope.ts";
import { selectorFlags } from "../flags/nodes.ts";
import { outputFlag } from "../flags/output.ts";

export const check = defineCommand({
  name: "check",
  summary: "Tell whether nodes can be drained, and if not, why",
  suggestFor: ["plan", "preflight"],
  description: [
    "Tell whether a drain of the nodes would succeed: what would happen to each VM, what stands in the way, where that can be seen, and the command that cures it.",
    "Nothing is changed. The API server is asked what it would answer to each eviction (a server-side dry run).",
    "The exit code is 0 when a drain would succeed and 3 when it would not.",
  ],
  examples: [
    ["check worker-1", "Tell whether worker-1 can be drained"],
    ["check -l topology.kubernetes.io/zone=a -o json", "Check the nodes of a zone together, for a program to read"],
    ["check worker-1 --all-pods --ignore-daemonsets", "Check as kubectl drain would see the node's other pods, too"],
  ],
  words: "NODE...",
  flags: {
    ...selectorFlags,
    ...drainScopeFlags,
    output: outputFlag("json", "yaml"),
    ...connectionFlags,
  },
});
