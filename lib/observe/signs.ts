/** Reads the signs of life of a node: its Lease, virt-handler's heartbeat on the Node, the container statuses of its pods. */
import type { Fetched, ResourcePath } from "../kube/api.ts";
import type { KubeClient } from "../kube/client.ts";
import type { Clock } from "../model/clock.ts";
import { objectOf } from "../model/json.ts";
import type { ContainerWrite, NodeSigns, Seen, WrittenField } from "../model/lost-node.ts";
import { heartbeatAnnotation, nodeLeaseNamespace } from "../platform/names.ts";
import { decodeNode } from "./decode/core.ts";
import { listOf, text, textMap } from "./read-field.ts";
import { isForbidden, isNotFound, type Reading, startReading } from "./reading.ts";
import { resourceTypes } from "./resource-types.ts";
import { writtenAt } from "./written-fields.ts";

export interface SignOptions {
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The small reading that is the gate before every destructive call: Node and Lease afresh, one request each. What cannot be
 * read is told as such. Throws only the signal's reason.
 */
export function readSigns(client: KubeClient, node: string, { clock, signal }: SignOptions): Promise<NodeSigns> {
  return readNodeAndLease(startReading(client, signal), node, clock);
}

/** As `readSigns`, within a pass. */
export async function readNodeAndLease(reading: Reading, name: string, clock: Clock): Promise<NodeSigns> {
  const [node, lease] = await Promise.all([
    look(reading, { type: resourceTypes.nodes, name }),
    look(reading, { type: resourceTypes.leases, namespace: nodeLeaseNamespace, name }),
  ]);
  return {
    node: name,
    time: reading.serverTime()?.toISOString(),
    localTime: clock.now().toISOString(),
    object: decoded(node, ({ object }) => decodeNode(object), "it came without its name or UID"),
    heartbeat: node.kind === "seen" ? heartbeatOf(node.value) : undefined,
    lease: decoded(lease, renewalOf, "it came without a renewTime"),
  };
}

/** What a pod says of its containers, and when its node wrote that; undefined before the kubelet has said anything. */
export function containerWrite(pod: unknown): ContainerWrite | undefined {
  const { metadata, status } = objectOf(pod);
  const { containerStatuses } = objectOf(status);
  const name = text(objectOf(metadata).name);
  if (containerStatuses === undefined || name === undefined) return undefined;
  return {
    pod: { namespace: text(objectOf(metadata).namespace) ?? "", name },
    value: JSON.stringify(listOf(containerStatuses, stateOf)),
    writtenAt: writtenAt(pod, ["f:status", "f:containerStatuses"]),
  };
}

/** What a kubelet changes in the status of a container: enough to see that it was written again. */
function stateOf(status: unknown): unknown {
  const { name, state, ready, restartCount, containerID } = objectOf(status);
  return [name, state, ready, restartCount, containerID];
}

function heartbeatOf({ object, serverTime }: Fetched): WrittenField | undefined {
  const value = textMap(objectOf(objectOf(object).metadata).annotations)[heartbeatAnnotation];
  if (value === undefined) return undefined;
  const written = writtenAt(object, ["f:metadata", "f:annotations", `f:${heartbeatAnnotation}`]);
  return { value, writtenAt: written, readAt: serverTime?.toISOString() };
}

function renewalOf({ object, serverTime }: Fetched): WrittenField | undefined {
  const value = text(objectOf(objectOf(object).spec).renewTime);
  if (value === undefined) return undefined;
  return { value, writtenAt: writtenAt(object, ["f:spec", "f:renewTime"]), readAt: serverTime?.toISOString() };
}

async function look(reading: Reading, path: ResourcePath): Promise<Seen<Fetched>> {
  const answer = await reading.attempt((client) => client.get(path, { signal: reading.signal }));
  if (answer.ok) return { kind: "seen", value: answer.value };
  if (isNotFound(answer.error)) return { kind: "absent" };
  return { kind: "unreadable", forbidden: isForbidden(answer.error), reason: answer.error.message };
}

/** An object that cannot be understood will not be understood the next time, either. */
function decoded<T>(seen: Seen<Fetched>, decode: (answer: Fetched) => T | undefined, otherwise: string): Seen<T> {
  if (seen.kind !== "seen") return seen;
  const value = decode(seen.value);
  return value === undefined ? { kind: "unreadable", forbidden: true, reason: otherwise } : { kind: "seen", value };
}
