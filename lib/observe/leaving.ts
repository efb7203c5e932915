/** Reads how many VMs of nodes bear the mark of an evacuation: no table of the API server tells. */
import type { KubeClient } from "../kube/client.ts";
import { isFinalVmi } from "../model/kubevirt.ts";
import { evictionSourceAnnotation, nodeNameLabel } from "../platform/names.ts";
import { decodeVmi } from "./decode/kubevirt.ts";
import { selectAny } from "./label-selectors.ts";
import { startReading } from "./reading.ts";
import { resourceTypes } from "./resource-types.ts";

/** By node; empty where it could not be read. Marks of the descheduler belong to no drain. */
export async function countLeaving(
  client: KubeClient,
  nodes: readonly string[],
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const reading = startReading(client, signal);
  const selectors = selectAny(nodeNameLabel, nodes).map(({ selector }) => selector);
  const lists = selectors.map((labelSelector) => reading.list(resourceTypes.vmis, { labelSelector }, decodeVmi));
  const counts = new Map<string, number>();
  for (const vmi of (await Promise.all(lists)).flatMap((list) => list ?? [])) {
    const node = vmi.status.evacuationNodeName;
    if (node === undefined || node !== vmi.status.nodeName || isFinalVmi(vmi)) continue;
    if (vmi.metadata.annotations[evictionSourceAnnotation] !== "descheduler")
      counts.set(node, (counts.get(node) ?? 0) + 1);
  }
  return counts;
}
