/** Reads afresh what an undo changes: the node itself, the VMIs there with their marks, and their migrations. */
import type { KubeClient } from "../kube/client.ts";
import type { Facts } from "../model/facts.ts";
import { readMigrations } from "./around-vms.ts";
import { readNode } from "./read-node.ts";
import { startReading } from "./reading.ts";
import { resourceTypes } from "./resource-types.ts";
import { refuseHiddenVms } from "./visible-vms.ts";
import { readWorkloads } from "./workloads.ts";

/** `facts` with the node, its VMIs and their migrations as they are now. Throws ExpectedError when the node cannot be read. */
export async function refreshEvacuation(
  client: KubeClient,
  facts: Facts,
  nodeName: string,
  signal?: AbortSignal,
): Promise<Facts> {
  const reading = startReading(client, signal);
  const [node, workloads] = await Promise.all([
    readNode(client, nodeName, { signal }),
    readWorkloads(reading, [nodeName], false),
  ]);
  refuseHiddenVms(workloads, reading.gaps);
  const migrations = await readMigrations(
    reading,
    workloads.vmis.map(({ metadata }) => metadata),
  );
  // Where no VMI is left, migrations are not asked for: what could not be read before is as little known as it was.
  const unasked =
    workloads.vmis.length > 0 ? [] : facts.gaps.filter(({ resource }) => resource === resourceTypes.migrations.plural);
  return {
    ...facts,
    time: reading.serverTime()?.toISOString() ?? facts.time,
    nodes: [node, ...facts.nodes.filter((other) => other.metadata.name !== nodeName)],
    pods: workloads.pods,
    vmis: workloads.vmis,
    absent: workloads.absent,
    migrations,
    gaps: [...reading.gaps, ...unasked],
  };
}
