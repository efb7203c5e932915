/** Finds the record of a recovery whose Node has been deleted since: the event that declared the node lost bears it, too. */
import type { RecordOnNode } from "../model/facts.ts";
import { declaredLostReason, recordAnnotation } from "../model/record.ts";
import { recordIn } from "./decode/record.ts";
import { fieldsOf, text, textMap } from "./read-field.ts";
import type { Reading } from "./reading.ts";
import { resourceTypes } from "./resource-types.ts";

/** The latest declaration that bears a record; none where there is none, or where events may not be read, which is a gap. */
export async function readDeclaration(reading: Reading, node: string): Promise<RecordOnNode> {
  const fieldSelector = `involvedObject.kind=Node,involvedObject.name=${node},reason=${declaredLostReason}`;
  const events = await reading.list(resourceTypes.events, { namespace: "default", fieldSelector }, (object) => {
    const { metadata, firstTimestamp } = fieldsOf(object);
    const found = recordIn(textMap(fieldsOf(metadata).annotations)[recordAnnotation]);
    return { time: Date.parse(text(firstTimestamp) ?? "") || 0, found };
  });
  const records = (events ?? []).filter(({ found }) => found.kind === "record");
  const [latest] = records.sort((left, right) => right.time - left.time);
  return latest?.found ?? { kind: "none" };
}
