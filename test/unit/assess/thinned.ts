/** Pictures as a cluster can send them that is old, broken or malicious: fields emptied, lists shortened, texts that mean nothing. */

/** A small generator of the same numbers on every run (mulberry32). */
export function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Fields that may be absent after decoding, although their value is an object. */
const optionalObjects = new Set([
  "migrationState",
  "requiredNodes",
  "nodeAffinity",
  "labelSelector",
  "selector",
  "kubevirt",
]);

/** The same picture with fields emptied, lists shortened and texts that mean nothing. */
export function thinned<T>(value: T, random: () => number, key = ""): T {
  if (Array.isArray(value)) {
    return value.filter(() => random() > 0.15).map((entry) => thinned(entry, random)) as T;
  }
  if (typeof value === "object" && value !== null) {
    if (optionalObjects.has(key) && random() < 0.3) return undefined as T;
    return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, thinned(field, random, name)])) as T;
  }
  if (typeof value === "string" && random() < 0.15) return (random() < 0.5 ? "" : "n0ns\u001b[31mense") as T;
  if (typeof value === "number" && random() < 0.15) return 0 as T;
  return value;
}
