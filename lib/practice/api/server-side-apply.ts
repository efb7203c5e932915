/** Server-side apply: merging by ownership, with conflicts (sigs.k8s.io/structured-merge-diff merge.Updater.Apply). */
import { compare, difference, type FieldTree, fieldsOf, intersection, isMap, listItems, union } from "../fields.ts";
import {
  entriesOf,
  type FieldWriter,
  type ManagedFieldsEntry,
  newEntry,
  pushIfOwning,
  sameWriter,
  sorted,
  withoutServerFields,
} from "../managed-fields.ts";
import { fieldShape, type Shape } from "../shapes.ts";
import { failure, StoreError } from "../status.ts";

type Fields = Record<string, unknown>;

export interface Applied {
  readonly object: Fields;
  readonly managedFields: ManagedFieldsEntry[];
}

/** The live object (empty when it is new) after `applied` by this writer. Throws 409 with the conflicts unless `force`. */
export function applyServerSide(
  live: Fields,
  applied: Fields,
  { shape, writer, force }: { shape: Shape; writer: FieldWriter; force: boolean },
): Applied {
  const entries = entriesOf(live);
  const isOwn = (entry: ManagedFieldsEntry): boolean => sameWriter(entry, writer, "Apply");
  const others = entries.filter((entry) => !isOwn(entry));
  const own = entries.find(isOwn);
  const wanted = fieldsOf(withoutServerFields(applied), { ...shape, always: true });
  const merged = merge(live, applied, shape) as Fields;
  const changed = compare(withoutServerFields(live), withoutServerFields(merged), shape);
  const contested = intersection(changed.modified, wanted);
  const conflicts = others
    .map((entry) => ({ entry, fields: intersection(entry.fieldsV1, contested) }))
    .filter(({ fields }) => fields !== undefined);
  if (conflicts.length > 0 && !force) {
    const taken = conflicts.reduce<FieldTree | undefined>((all, { fields }) => union(all, fields), undefined);
    const mayTake = writer.manager === "kubectl" ? appliedByClient(live, shape) : undefined;
    if (difference(taken, mayTake) !== undefined) throw conflictError(conflicts);
  }
  const kept = others.map((entry) => ({ entry, fields: difference(entry.fieldsV1, contested) }));
  const owned = kept.reduce<FieldTree | undefined>((all, { fields }) => union(all, fields), wanted);
  // What this writer applied before and nobody else owns goes when it is left out now.
  const abandoned = difference(own?.fieldsV1, owned);
  const object = (abandoned === undefined ? merged : prune(merged, abandoned, shape)) as Fields;
  const result: ManagedFieldsEntry[] = [];
  for (const { entry, fields } of kept) pushIfOwning(result, entry, difference(fields, abandoned));
  const unchanged = own !== undefined && JSON.stringify(own.fieldsV1) === JSON.stringify(wanted);
  const sameObject = changed.added === undefined && changed.modified === undefined && abandoned === undefined;
  pushIfOwning(result, unchanged && sameObject ? own : newEntry(writer, "Apply"), wanted);
  return { object, managedFields: sorted(result) };
}

/**
 * What a client-side `kubectl apply` set and nobody has changed since: kubectl on the server's side may take it over without a conflict
 * (apimachinery managedfields/internal/lastappliedmanager.go).
 */
function appliedByClient(live: Fields, shape: Shape): FieldTree | undefined {
  const { annotations } = (live.metadata ?? {}) as { annotations?: Record<string, string> };
  const text = annotations?.["kubectl.kubernetes.io/last-applied-configuration"];
  if (text === undefined) return undefined;
  const applied = withoutServerFields(JSON.parse(text));
  return difference(fieldsOf(applied, shape), compare(applied, withoutServerFields(live), shape).modified);
}

/** `applied` laid over `live`: maps and keyed lists merge, sets unite, everything else is replaced. */
function merge(live: unknown, applied: unknown, shape: Shape | undefined): unknown {
  if (shape?.atomic === true) return applied;
  if (isMap(live) && isMap(applied)) {
    const result: Fields = { ...live };
    for (const [field, value] of Object.entries(applied)) {
      if (value !== null) result[field] = merge(live[field], value, fieldShape(shape, field));
    }
    return result;
  }
  if (!Array.isArray(live) || !Array.isArray(applied) || (shape?.keys === undefined && shape?.set !== true))
    return applied;
  const items = listItems(live, shape);
  for (const [element, item] of listItems(applied, shape))
    items.set(element, merge(items.get(element), item, shape.item));
  return [...items.values()];
}

/** The value without the fields of the tree. */
function prune(value: unknown, fields: FieldTree, shape: Shape | undefined): unknown {
  if (isMap(value)) {
    const result: Fields = {};
    for (const [field, child] of Object.entries(value)) {
      const gone = fields[`f:${field}`];
      const left = gone === undefined ? child : pruneChild(child, gone, fieldShape(shape, field));
      if (left !== undefined) result[field] = left;
    }
    return result;
  }
  if (!Array.isArray(value) || shape === undefined) return value;
  const result: unknown[] = [];
  for (const [element, item] of listItems(value, shape)) {
    const gone = fields[element];
    const left = gone === undefined ? item : pruneChild(item, gone, shape.item);
    if (left !== undefined) result.push(left);
  }
  return result;
}

function pruneChild(child: unknown, gone: FieldTree, shape: Shape | undefined): unknown {
  const names = Object.keys(gone);
  if (names.length === 0) return undefined;
  const left = prune(child, gone, shape);
  const empty = isMap(left) ? Object.keys(left).length === 0 : Array.isArray(left) && left.length === 0;
  return empty && names.includes(".") ? undefined : left;
}

interface Contested {
  readonly entry: ManagedFieldsEntry;
  readonly fields: FieldTree | undefined;
}

/** Wording as in apimachinery managedfields/internal/conflict.go. */
function conflictError(conflicts: readonly Contested[]): StoreError {
  const causes = conflicts.flatMap(({ entry, fields }) =>
    pathsOf(fields ?? {}).map((field) => ({
      reason: "FieldManagerConflict",
      message: `conflict with ${managerText(entry)}`,
      field,
    })),
  );
  const message =
    causes.length === 1
      ? `Apply failed with 1 conflict: ${causes[0]?.message}: ${causes[0]?.field}`
      : `Apply failed with ${causes.length} conflicts: ${conflicts.map(conflictLines).sort().join("\n")}`;
  return new StoreError(failure(409, message, "Conflict", { causes }));
}

function conflictLines({ entry, fields }: Contested): string {
  const lines = pathsOf(fields ?? {}).map((path) => `- ${path}`);
  return [`conflicts with ${managerText(entry)}:`, ...lines].join("\n");
}

function managerText({ manager, subresource, operation, apiVersion }: ManagedFieldsEntry): string {
  const below = subresource === undefined ? "" : ` with subresource "${subresource}"`;
  return `"${manager}"${below}${operation === "Update" ? ` using ${apiVersion}` : ""}`;
}

function pathsOf(fields: FieldTree, path = ""): string[] {
  const names = Object.keys(fields);
  if (names.length === 0) return [path];
  return names.flatMap((name) => (name === "." ? [path] : pathsOf(fields[name] ?? {}, path + elementText(name))));
}

function elementText(element: string): string {
  if (element.startsWith("f:")) return `.${element.slice(2)}`;
  if (element.startsWith("v:")) return `[=${element.slice(2)}]`;
  const keys = Object.entries(JSON.parse(element.slice(2)) as Record<string, unknown>);
  return `[${keys.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(",")}]`;
}
