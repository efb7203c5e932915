/** Flags and help of `drain`. */
import { defineCommand } from "../command.ts";
import { connectionFlags } from "../flags/connection.ts";
import { drainScopeFlags } from "../flags/drain-scope.ts";
import { dryRunFlags } from "../flags/dry-run.ts";
import { selectorFlags } from "../flags/nodes.ts";
import { outputFlag } from "../flags/output.ts";

export const drain = defineCommand({
  name: "drain",
  summary: "Move the VMs off nodes for maintenance",
  suggestFor: ["evacuate", "evict", "maintenance"],
  description: [
    "Check the nodes, show what would happen to each VM, ask, then cordon the nodes, evict their VMs, and follow each until it runs elsewhere or has ended.",
    "Nothing is written before the plan was confirmed. VMs that move go first; those that must be shut down follow when every other VM has left.",
    "The same command takes up a drain that was interrupted. A drain is undone by abort, and the node is given back by uncordon.",
    "The exit code is 0 when the nodes are drained, 2 when nobody could be asked, 3 when the check refuses, and 4 when something was left behind; a dry run foretells it.",
  ],
  examples: [
    ["drain worker-1 --dry-run", "Show the plan and stop"],
    ["drain worker-1 --reason 'swap DIMM'", "Drain worker-1 after asking"],
    [
      "drain worker-1 --yes --skip-blocked --waive ExternalStrategy --timeout 30m",
      "Drain what can leave, unattended, for half an hour",
    ],
    [
      "drain worker-1 --all-pods --ignore-daemonsets --delete-emptydir-data",
      "Empty the node as kubectl drain does, VMs first",
    ],
  ],
  words: "NODE...",
  flags: {
    ...selectorFlags,
    ...drainScopeFlags,
    reason: { kind: "string", description: "Why the node is drained; kept on the node, so that others can see it." },
    ...dryRunFlags,
    yes: {
      kind: "boolean",
      short: "y",
      description: "Do not ask: what the plan says is confirmed. Risks must be waived all the same.",
    },
    skipBlocked: { kind: "boolean", description: "Leave VMs that cannot leave where they are, and drain the others." },
    timeout: {
      kind: "duration",
      default: "0s",
      description: "How long to go on, for each node from its first eviction; zero means for ever.",
    },
    maxParallel: {
      kind: "integer",
      default: "0",
      atLeast: 0,
      description: "How many VMs may be on their way at a time, zero means any; KubeVirt's own limits hold besides.",
    },
    output: outputFlag("json"),
    ...connectionFlags,
  },
  refusedFlags: {
    "disable-eviction":
      "--disable-eviction does not exist here: a deleted pod passes by KubeVirt's protection, and its guest is shut down",
  },
});
