/** Finds the record of a recovery whose Node has been deleted since: the event that declared the node lost bears it, too. */
import type { RecordOnNode } from "../model/facts.ts";
import { declaredLostReason, givenBackReason, recordAnnotation } from "../model/record.ts";
import { recordIn } from "./decode/record.ts";
import { fieldsOf, text, textMap } from "./read-field.ts";
import type { Reading } from "./reading.ts";
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
    const { metadata, firstTimestamp, reason } = fieldsOf(object);
    const found = recordIn(textMap(fieldsOf(metadata).annotations)[recordAnnotation]);
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
