/** Flags and help of `recover`. */
import { defineCommand } from "../command.ts";
import { connectionFlags } from "../flags/connection.ts";
import { dryRunFlags } from "../flags/dry-run.ts";
import { outputFlag } from "../flags/output.ts";

export const recover = defineCommand({
  name: "recover",
  summary: "Bring back the VMs of a node that has crashed",
  suggestFor: ["failover", "fence"],
  description: [
    "Gather the evidence that a node is dead, show what would happen to its VMs, ask, then remove what keeps them from starting elsewhere, and follow each until it runs.",
    "A node that is only cut off still runs its VMs: started a second time, they ruin their disks. A node that shows a sign of life is refused, and no flag passes by that. Where nothing proves that the host is off, a person must declare it.",
    "Without a node: which nodes look lost. The same command takes up a recovery that was interrupted.",
    "The exit code is 0 when every VM runs that can, 2 when consent is missing and nobody can be asked, 3 when the evidence forbids it, and 4 when something is left.",
  ],
  examples: [
    ["recover", "Show which nodes look lost"],
    ["recover worker-1 --dry-run", "Show the evidence, and what would happen"],
    ["recover worker-1", "Recover worker-1 after asking"],
    [
      "recover worker-1 --yes --confirm-node worker-1 --node-is-powered-off 'BMC says: off'",
      "Recover worker-1 unattended, on your word",
    ],
  ],
  words: "[NODE]",
  flags: {
    dryRun: {
      ...dryRunFlags.dryRun,
      description: "Must be 'none', 'client' or 'server'. Show the evidence and change nothing.",
    },
    wait: { kind: "boolean", description: "Wait until it can be decided whether the node is dead." },
    yes: { kind: "boolean", short: "y", description: "Do not ask; takes --confirm-node as well." },
    confirmNode: { kind: "string", description: "The node's name once more, for --yes." },
    nodeIsPoweredOff: {
      kind: "string",
      description:
        "Declares that the host is powered off, and how that was verified. It is recorded on the node and in the events.",
    },
    includeHeld: {
      kind: "list",
      split: true,
      description: "A VM, as NAMESPACE/NAME, that is to be recovered although it is held back; may be repeated.",
    },
    keepOtherPods: {
      kind: "boolean",
      description: "Remove the pods of VMs only. Without the taint that takes the others the recovery is slower.",
    },
    waive: {
      kind: "list",
      split: true,
      description: "Code of a holder of the node (HeldByRemediation, …) that you override; may be repeated.",
    },
    output: outputFlag("json"),
    ...connectionFlags,
  },
});
