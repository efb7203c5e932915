/** Flags and help of `uncordon`. */
import { defineCommand } from "../command.ts";
import { connectionFlags } from "../flags/connection.ts";
import { dryRunFlags } from "../flags/dry-run.ts";
import { selectorFlags } from "../flags/nodes.ts";
import { outputFlag } from "../flags/output.ts";

export const uncordon = defineCommand({
  name: "uncordon",
  summary: "Give nodes back after maintenance",
  suggestFor: ["resume"],
  description: [
    "Mark nodes as schedulable: taints of this program come off first, then the cordon. Then wait until KubeVirt, too, places VMs there, for five minutes at most.",
    "A node that was declared lost is given back when it is Ready again; and where its host was never off, only after a look at the VMs that may have run twice.",
    "VMs that a drain has left marked would go on leaving the node. They are listed, and on a terminal abort is offered first; without one it is refused, unless they may leave (--waive EvacuationGoesOn).",
    "The exit code is 0 when the nodes take VMs again, 3 when VMs are still leaving or that cannot be told, or the evidence or another holder forbids it, and 4 when KubeVirt does not place VMs there yet or a drain could not be undone.",
  ],
  examples: [
    ["uncordon worker-1", "Give worker-1 back and wait until it takes VMs"],
    ["uncordon worker-1 --wait=false", "Give it back and do not wait"],
    ["uncordon worker-1 --waive EvacuationGoesOn", "Give it back although a drain's VMs go on leaving it"],
  ],
  words: "NODE...",
  flags: {
    ...selectorFlags,
    wait: { kind: "boolean", default: "true", description: "Wait until KubeVirt places VMs on the nodes." },
    waive: {
      kind: "list",
      split: true,
      description:
        "Code of a holder of the node (HeldByNodeMaintenance, …), HostWasNeverOff or EvacuationGoesOn, that you override; may be repeated.",
    },
    ...dryRunFlags,
    output: outputFlag("json"),
    ...connectionFlags,
  },
});
