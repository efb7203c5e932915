/** Reads afresh what an undo changes: the node itself, the VMIs there with their marks, and their migrations. */
import type { KubeClient } from "../kube/client.ts";
import { ExpectedError } from "../model/errors.ts";
import type { Facts } from "../model/facts.ts";
import type { Node } from "../model/kubernetes.ts";
import { readMigrations } from "./around-vms.ts";
import { decodeNode } from "./decode/core.ts";
import { startReading } from "./reading.ts";
import { resourceTypes } from "./resource-types.ts";
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
    readNode(client, nodeName, signal),
    readWorkloads(reading, [nodeName], false),
  ]);
  const migrations = await readMigrations(reading, workloads.vmis);
  return {
    ...facts,
    time: reading.serverTime()?.toISOString() ?? facts.time,
    nodes: [node, ...facts.nodes.filter((other) => other.metadata.name !== nodeName)],
    pods: workloads.pods,
    vmis: workloads.vmis,
    migrations,
    gaps: reading.gaps,
  };
}

/** One node as it is now. Throws KubeError when it does not exist or may not be read. */
export async function readNode(client: KubeClient, name: string, signal?: AbortSignal): Promise<Node> {
  const { object } = await client.get({ type: resourceTypes.nodes, name }, { signal });
  const node = decodeNode(object);
  if (node === undefined) throw new ExpectedError(`node/${name} cannot be understood: it has no name or no uid`);
  return node;
}
