/** Who owns which field of an object since when (metadata.managedFields), kept as kube-apiserver keeps it. */
import { compare, difference, type FieldTree, union } from "./fields.ts";
import type { Shape } from "./shapes.ts";

export interface ManagedFieldsEntry {
  readonly manager: string;
  readonly operation: "Update" | "Apply";
  readonly apiVersion: string;
  readonly time: string;
  readonly fieldsType: "FieldsV1";
  readonly fieldsV1: FieldTree;
  readonly subresource?: string;
}

export interface FieldWriter {
  readonly manager: string;
  readonly subresource?: string | undefined;
  readonly apiVersion: string;
  readonly time: string;
}

type Json = Record<string, unknown>;

/** Metadata that only the server sets and no manager owns (apimachinery managedfields/internal/stripmeta.go). */
const serverMetadata = new Set([
  "name",
  "namespace",
  "creationTimestamp",
  "selfLink",
  "uid",
  "clusterName",
  "generation",
  "managedFields",
  "resourceVersion",
]);

/**
 * The entries after an update by `writer`: it takes every field that it added or whose value it changed, everybody else loses those,
 * and removed fields leave all entries. An entry's time moves only when the write touched fields of its own
 * (structured-merge-diff merge.Updater.Update and managedfields/internal/managedfieldsupdater.go).
 */
export function entriesAfterUpdate(before: Json, after: Json, shape: Shape, writer: FieldWriter): ManagedFieldsEntry[] {
  const changes = compare(withoutServerFields(before), withoutServerFields(after), shape);
  const taken = union(changes.added, changes.modified);
  const lost = union(changes.modified, changes.removed);
  const result: ManagedFieldsEntry[] = [];
  let own: ManagedFieldsEntry | undefined;
  for (const entry of givenEntries(after) ?? entriesOf(before)) {
    if (sameWriter(entry, writer, "Update")) own = entry;
    else pushIfOwning(result, entry, difference(entry.fieldsV1, lost));
  }
  const ownFields = union(difference(own?.fieldsV1, changes.removed), taken);
  if (own !== undefined && taken === undefined) pushIfOwning(result, own, ownFields);
  else pushIfOwning(result, newEntry(writer, "Update"), ownFields);
  return sorted(result);
}

/** The entries that the writer sent along: usually those it read, a list with one empty entry to drop them all. */
function givenEntries(after: Json): readonly ManagedFieldsEntry[] | undefined {
  const given = entriesOf(after);
  if (given.length === 0) return undefined;
  return given.filter(({ manager, fieldsV1 }) => manager !== undefined && fieldsV1 !== undefined);
}

/** An object's entries; none when it has no managedFields. */
export function entriesOf(object: Json): readonly ManagedFieldsEntry[] {
  const metadata = object.metadata as { managedFields?: readonly ManagedFieldsEntry[] } | undefined;
  return metadata?.managedFields ?? [];
}

/** An entry without fields, to be filled. */
export function newEntry(writer: FieldWriter, operation: "Update" | "Apply"): ManagedFieldsEntry {
  return {
    manager: writer.manager,
    operation,
    apiVersion: writer.apiVersion,
    time: writer.time,
    fieldsType: "FieldsV1",
    fieldsV1: {},
    ...(writer.subresource === undefined ? {} : { subresource: writer.subresource }),
  };
}

/** True when the entry belongs to this writer; those who apply keep theirs whatever API version they use. */
export function sameWriter(entry: ManagedFieldsEntry, writer: FieldWriter, operation: "Update" | "Apply"): boolean {
  return (
    entry.operation === operation &&
    entry.manager === writer.manager &&
    entry.subresource === writer.subresource &&
    (operation === "Apply" || entry.apiVersion === writer.apiVersion)
  );
}

/** Adds the entry with these fields, unless it owns nothing. */
export function pushIfOwning(
  entries: ManagedFieldsEntry[],
  entry: ManagedFieldsEntry,
  fields: FieldTree | undefined,
): void {
  if (fields !== undefined && Object.keys(fields).length > 0) entries.push({ ...entry, fieldsV1: fields });
}

/** The order in which the server writes entries: applied ones first, then by time; total, so that an update without a change is none. */
export function sorted(entries: ManagedFieldsEntry[]): ManagedFieldsEntry[] {
  return entries.sort(
    (a, b) =>
      compareText(a.operation, b.operation) ||
      compareText(a.time, b.time) ||
      compareText(a.manager, b.manager) ||
      compareText(a.apiVersion, b.apiVersion) ||
      compareText(a.subresource ?? "", b.subresource ?? ""),
  );
}

/** The object as managers see it: without the fields that only the server sets. */
export function withoutServerFields(object: Json): Json {
  const { apiVersion: _version, kind: _kind, metadata, ...rest } = object;
  const own: Json = {};
  for (const [field, value] of Object.entries((metadata ?? {}) as Json)) {
    if (!serverMetadata.has(field)) own[field] = value;
  }
  return { metadata: own, ...rest };
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
