/** Flags and help of `abort`. */
import { defineCommand } from "../command.ts";
import { connectionFlags } from "../flags/connection.ts";
import { dryRunFlags } from "../flags/dry-run.ts";
import { outputFlag } from "../flags/output.ts";

export const abort = defineCommand({
  name: "abort",
  summary: "Undo a drain",
  suggestFor: ["cancel", "undo", "undrain"],
  description: [
    "Undo the drain of a node: take back KubeVirt's evacuation marks, cancel the unfinished migrations that they started, and take off the cordon if the drain set it.",
    "VMs that have left stay where they are. What others set stays, too. Migrations that cannot be stopped any more are named and left to end.",
    "The exit code is 0 when nothing of the drain is left and 4 when a part could not be undone.",
  ],
  examples: [
    ["abort worker-1 --dry-run", "Show what would be undone"],
    ["abort worker-1", "Undo the drain of worker-1 after asking"],
  ],
  words: "NODE",
  flags: {
    ...dryRunFlags,
    yes: { kind: "boolean", short: "y", description: "Do not ask." },
    impersonateKubevirt: {
      kind: "boolean",
      description:
        "Take marks back in the name of KubeVirt's controller, where KubeVirt (up to 1.6) has no other way. Needs the right to impersonate it.",
    },
    output: outputFlag("json"),
    ...connectionFlags,
  },
});
