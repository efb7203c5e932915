/** Reads JSON whose shape nobody vouches for: what is of another type than it should be counts as empty. */

export type JsonObject = Readonly<Record<string, unknown>>;

/** True for a JSON object: neither a list nor null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const noFields: JsonObject = Object.freeze({});

/** The object itself, or one without fields. */
export function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : noFields;
}

/** The objects among the entries of a list. */
export function objectsOf(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** The text, or an empty one. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
