/**
 * Strategic merge patches: lists merge by key where the kind says so, and `$patch`, `$retainKeys`, `$deleteFromPrimitiveList` and
 * `$setElementOrder` steer it (apimachinery pkg/util/strategicpatch/patch.go).
 */
import { isMap, sameJson } from "../fields.ts";
import { fieldShape, type Shape } from "../shapes.ts";
import { badRequest } from "../status.ts";

type Fields = Record<string, unknown>;

const orderPrefix = "$setElementOrder/";
const deletePrefix = "$deleteFromPrimitiveList/";

/** The document after the patch; neither is changed. Throws 400 for directives that make no sense. */
export function applyStrategicMerge(document: Fields, patch: Fields, shape: Shape | undefined): Fields {
  const directive = patch.$patch;
  if (directive === "replace") return stripped(patch);
  if (directive === "delete") return {};
  if (directive !== undefined && directive !== "merge") throw badRequest(`unknown patch type: ${String(directive)}`);
  const result: Fields = { ...document };
  keepOnly(result, patch.$retainKeys);
  for (const [field, values] of Object.entries(patch)) {
    if (!field.startsWith(deletePrefix)) continue;
    const name = field.slice(deletePrefix.length);
    const left = listOf(result[name]).filter((item) => !listOf(values).some((gone) => sameJson(gone, item)));
    result[name] = left;
  }
  for (const [field, value] of Object.entries(patch)) {
    if (field.startsWith("$")) continue;
    if (value === null) delete result[field];
    else result[field] = mergeValue(result[field], value, fieldShape(shape, field));
  }
  for (const [field, order] of Object.entries(patch)) {
    if (!field.startsWith(orderPrefix)) continue;
    const name = field.slice(orderPrefix.length);
    if (Array.isArray(result[name])) result[name] = ordered(result[name], listOf(order), fieldShape(shape, name));
  }
  return result;
}

function mergeValue(before: unknown, value: unknown, shape: Shape | undefined): unknown {
  if (isMap(value)) return applyStrategicMerge(isMap(before) ? before : {}, value, shape);
  if (!Array.isArray(value) || !Array.isArray(before)) return Array.isArray(value) ? newList(value, shape) : value;
  if (shape?.mergeKey !== undefined) return mergeByKey(before as Fields[], value as Fields[], shape, shape.mergeKey);
  if (shape?.set === true) return [...before, ...value.filter((item) => !before.some((each) => sameJson(each, item)))];
  return newList(value, shape);
}

/** A list that replaces or starts one: without the items that only steer. */
function newList(value: readonly unknown[], shape: Shape | undefined): unknown[] {
  const items = value.filter((item) => !isMap(item) || item.$patch === undefined || item.$patch === "merge");
  return items.map((item) => (isMap(item) ? applyStrategicMerge({}, item, shape?.item) : item));
}

function mergeByKey(before: readonly Fields[], patch: readonly Fields[], shape: Shape, key: string): Fields[] {
  if (patch.some((item) => item.$patch === "replace")) return patch.filter((item) => item.$patch === undefined);
  const result = [...before];
  for (const item of patch) {
    if (item[key] === undefined)
      throw badRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`);
    const index = result.findIndex((each) => sameJson(each[key], item[key]));
    if (item.$patch === "delete") {
      if (index >= 0) result.splice(index, 1);
    } else if (index < 0) result.push(applyStrategicMerge({}, item, shape.item));
    else result[index] = applyStrategicMerge(result[index] ?? {}, item, shape.item);
  }
  return result;
}

/** Items named in `order` come in that order; the others keep their place relative to those before them. */
function ordered(list: readonly unknown[], order: readonly unknown[], shape: Shape | undefined): unknown[] {
  const key = shape?.mergeKey;
  const identity = (item: unknown): string => JSON.stringify(key !== undefined && isMap(item) ? item[key] : item);
  const rank = new Map(order.map((item, index) => [identity(item), index]));
  const named = list.filter((item) => rank.has(identity(item)));
  named.sort((a, b) => (rank.get(identity(a)) ?? 0) - (rank.get(identity(b)) ?? 0));
  const result: unknown[] = [];
  for (const item of list) result.push(rank.has(identity(item)) ? named.shift() : item);
  return result;
}

function keepOnly(result: Fields, names: unknown): void {
  if (!Array.isArray(names)) return;
  for (const field of Object.keys(result)) if (!names.includes(field)) delete result[field];
}

function stripped(patch: Fields): Fields {
  return Object.fromEntries(Object.entries(patch).filter(([field]) => !field.startsWith("$")));
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
