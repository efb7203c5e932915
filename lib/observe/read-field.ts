/** Reads fields of JSON whose shape nobody vouches for: a value of the wrong type counts as absent, and nothing here throws. */
import { type JsonObject, objectOf } from "../model/json.ts";

/** A text that is not empty: Kubernetes leaves out empty strings, so both mean "not set". */
export function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** A number that is one: JSON has no others, but this takes any value. */
export function number(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** True for `true` alone. */
export function flag(value: unknown): boolean {
  return value === true;
}

/** What the API calls IntOrString; a quantity may come as either, too. */
export function textOrNumber(value: unknown): string | number | undefined {
  return text(value) ?? number(value);
}

/** The entries of a list, decoded; those for which `decode` gives undefined are left out. */
export function listOf<T>(value: unknown, decode: (entry: unknown) => T | undefined): T[] {
  if (!Array.isArray(value)) return [];
  const entries: T[] = [];
  for (const entry of value) {
    const decoded = decode(entry);
    if (decoded !== undefined) entries.push(decoded);
  }
  return entries;
}

/** A map from text to text, such as labels; entries with other values are left out, empty values stay. */
export function textMap(value: unknown): Readonly<Record<string, string>> {
  const fields = objectOf(value);
  // Mostly it can stay as it is: copies would be most of what decoding takes.
  for (const key in fields) if (typeof fields[key] !== "string") return textsAmong(fields);
  return fields as Readonly<Record<string, string>>;
}

function textsAmong(fields: JsonObject): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(fields).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}
