/** Finds the record of a recovery whose Node has been deleted since: the event that declared the node lost bears it, too. */
import type { KubeClient } from "../kube/client.ts";
import type { RecordOnNode } from "../model/facts.ts";
import { objectOf } from "../model/json.ts";
import type { Node } from "../model/kubernetes.ts";
import { declaredLostReason, givenBackReason, recordAnnotation } from "../model/record.ts";
import { recordIn, recordOnNode } from "./decode/record.ts";
import { text, textMap } from "./read-field.ts";
import { type Reading, startReading } from "./reading.ts";
import { resourceTypes } from "./resource-types.ts";

/**
 * The latest declaration that bears a record, unless the node was given back since, or heard by the time `lastHeard`. None where
 * there is none, or where events may not be read, which is a gap.
 */
export async function readDeclaration(
  reading: Reading,
  node: string,
  lastHeard: string | undefined,
): Promise<RecordOnNode> {
  const fieldSelector = `involvedObject.kind=Node,involvedObject.name=${node}`;
  const events = await reading.list(resourceTypes.events, { namespace: "default", fieldSelector }, (object) => {
    const { metadata, firstTimestamp, reason } = objectOf(object);
    const found = recordIn(textMap(objectOf(metadata).annotations)[recordAnnotation]);
    return { time: Date.parse(text(firstTimestamp) ?? "") || 0, found, reason };
  });
  const given = (events ?? []).filter(({ reason }) => reason === givenBackReason).map(({ time }) => time);
  const ended = Math.max(0, Date.parse(lastHeard ?? "") || 0, ...given);
  const records = (events ?? []).filter(
    ({ reason, found, time }) => reason === declaredLostReason && found.kind === "record" && time >= ended,
  );
  const [latest] = records.sort((left, right) => right.time - left.time);
  return latest?.found ?? { kind: "none" };
}

/** A Node that is older than this was not made anew since an event that can still be read. */
const eventsLiveForMs = 24 * 3_600_000;

/** The record on a Node; of one that was deleted and has registered anew, the one that its predecessor bore. `now`: RFC 3339. */
export async function recordOfNode(client: KubeClient, node: Node, now: string): Promise<RecordOnNode> {
  const found = recordOnNode(node);
  const { name, creationTimestamp = "" } = node.metadata;
  if (found.kind !== "none" || !(Date.parse(now) - Date.parse(creationTimestamp) < eventsLiveForMs)) return found;
  return await readDeclaration(startReading(client), name, undefined);
}
