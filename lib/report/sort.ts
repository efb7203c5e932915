/** `--sort-by`: orders items by a field, as kubectl does (k8s.io/kubectl/pkg/cmd/get/sorter.go). */
import { UsageError } from "../model/errors.ts";

/** Made when it is first wanted: it takes ten milliseconds. */
let natural: Intl.Collator | undefined;

/**
 * Items in the order of the field at `path` (`.name`, `{.status}`, `.strategy.value`, `.findings[0].code`), those without it first.
 * `.metadata.name` and the like mean the same fields as without `.metadata`, and `creationTimestamp` is `createdAt`.
 * @throws UsageError for a path that cannot be read, or that no item has.
 */
export function sortBy<T>(items: readonly T[], path: string): T[] {
  const steps = parsePath(path);
  const keyed = items.map((item) => ({ item, value: valueAt(item, steps) }));
  if (items.length > 0 && keyed.every(({ value }) => value === undefined)) {
    throw new UsageError(
      `couldn't find any field with path "${path}" in the list of objects`,
      "-o json prints the fields",
    );
  }
  return keyed.sort((a, b) => compare(a.value, b.value)).map(({ item }) => item);
}

function parsePath(path: string): string[] {
  const inner = /^\{(.*)\}$/.exec(path.trim())?.[1] ?? path.trim();
  const steps = inner
    .replace(/^\.?metadata\.(?=.)/, ".")
    .replace(/^\.?creationTimestamp$/, ".createdAt")
    .replace(/\[(\d+)\]/g, ".$1")
    .replace(/^\./, "")
    .split(".");
  if (steps.every((step) => /^[\w-]+$/.test(step))) return steps;
  throw new UsageError(`--sort-by=${path} is not a path such as .name or .strategy.value`);
}

function valueAt(item: unknown, steps: readonly string[]): unknown {
  let value = item;
  for (const step of steps) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[step];
  }
  return value;
}

function compare(a: unknown, b: unknown): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  if (typeof a === "number" && typeof b === "number") return a - b;
  natural ??= new Intl.Collator("en", { numeric: true });
  return natural.compare(sortText(a), sortText(b));
}

function sortText(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
