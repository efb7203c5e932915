/** Tells when the API server took the latest write of a field, from the object's managedFields. */
import { objectOf } from "../model/json.ts";
import { listOf, text } from "./read-field.ts";

/**
 * The time of the entry that owns the field, by the API server's clock; of several owners the latest. The entry is found by the
 * field and not by its manager's name, which anybody can choose. Undefined where the server keeps no managedFields.
 * `path` is spelled as in FieldsV1: `["f:spec", "f:renewTime"]` (structured-merge-diff fieldpath/serialize.go).
 */
export function writtenAt(object: unknown, path: readonly string[]): string | undefined {
  const entries = objectOf(objectOf(object).metadata).managedFields;
  const times = listOf(entries, (entry) => {
    const { time, fieldsV1 } = objectOf(entry);
    const written = text(time);
    return written !== undefined && !Number.isNaN(Date.parse(written)) && owns(fieldsV1, path) ? written : undefined;
  });
  return times.sort((left, right) => Date.parse(right) - Date.parse(left))[0];
}

function owns(fieldsV1: unknown, path: readonly string[]): boolean {
  let fields = fieldsV1;
  for (const step of path) {
    const members = objectOf(fields);
    if (!Object.hasOwn(members, step)) return false;
    fields = members[step];
  }
  return true;
}
