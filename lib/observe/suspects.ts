/** Finds the nodes that look lost: a few cheap requests for the whole cluster, and two more for each that does. */
import type { KubeClient } from "../kube/client.ts";
import type { Clock } from "../model/clock.ts";
import type { NodeSigns } from "../model/lost-node.ts";
import { readOverview } from "./overview.ts";
import { startReading } from "./reading.ts";
import { readNodeAndLease } from "./signs.ts";

export interface Suspect {
  readonly node: string;
  /** VMs that are still counted there. */
  readonly vms: number;
  /** Since when it has not been Ready, RFC 3339; absent for a Node that has been deleted. */
  readonly since?: string | undefined;
  readonly signs: NodeSigns;
}

export interface SuspectOptions {
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

/** More nodes than this at a time are no lost nodes but a lost network, and are not looked at one by one. */
const suspectsAtMost = 20;

/**
 * Nodes that are not Ready, and names of deleted Nodes at which VMs are still counted; those with most VMs first. Their signs
 * are without container statuses. Throws as `readOverview` does.
 */
export async function listSuspects(client: KubeClient, { clock, signal }: SuspectOptions): Promise<readonly Suspect[]> {
  const { nodes, deleted } = await readOverview(client, { signal });
  const notReady = nodes
    .filter(({ status }) => !/^Ready(,|$)/.test(status))
    .map(({ name, vms, statusSince }) => ({ node: name, vms, since: statusSince }));
  const looked = [...notReady, ...deleted.map(({ name, vms }) => ({ node: name, vms, since: undefined }))]
    .sort((left, right) => right.vms - left.vms || (left.node < right.node ? -1 : 1))
    .slice(0, suspectsAtMost);
  const reading = startReading(client, signal);
  return Promise.all(
    looked.map(async (suspect) => ({ ...suspect, signs: await readNodeAndLease(reading, suspect.node, clock) })),
  );
}
