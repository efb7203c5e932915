/** Flags and help of `uncordon`. */
import { defineCommand } from "../command.ts";
import { connectionFlags } from "../flags/connection.ts";
import { dryRunFlags } from "../flags/dry-run.ts";
import { selectorFlags } from "../flags/nodes.ts";

export const uncordon = defineCommand({
  name: "uncordon",
  summary: "Give nodes back after maintenance",
  description: [
    "Mark nodes as schedulable: taints of this program come off first, then the cordon. Then wait until KubeVirt, too, places VMs there, for five minutes at most.",
    "A node that was declared lost is given back when it is Ready again; and where its host was never off, only after a look at the VMs that may have run twice.",
    "When VMs of the node are still marked to leave it, they are listed, and abort is offered instead.",
    "The exit code is 0 when the nodes take VMs again, 3 when the evidence or another holder forbids it, and 4 when KubeVirt does not place VMs there yet.",
  ],
  examples: [
    ["uncordon worker-1", "Give worker-1 back and wait until it takes VMs"],
    ["uncordon worker-1 --wait=false", "Give it back and do not wait"],
  ],
  words: "NODE...",
  flags: {
    ...selectorFlags,
    wait: { kind: "boolean", default: "true", description: "Wait until KubeVirt places VMs on the nodes." },
    waive: {
      kind: "list",
      split: true,
      description:
        "Code of a holder of the node (HeldByNodeMaintenance, …), or HostWasNeverOff, that you override; may be repeated.",
    },
    ...dryRunFlags,
    ...connectionFlags,
  },
});
