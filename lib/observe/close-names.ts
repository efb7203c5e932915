/** Finds names that somebody may have meant who typed another one. */

/** The names that differ from the typed one by little, or that it is the beginning of, in capitals or not; closest first, three at most. */
export function closeNames(typed: string, names: readonly string[]): readonly string[] {
  const wanted = typed.toLowerCase();
  const tolerance = Math.max(2, Math.floor(wanted.length / 4));
  const distanceTo = (name: string) => (wanted !== "" && name.startsWith(wanted) ? 1 : editDistance(wanted, name));
  return names
    .map((name) => ({ name, distance: distanceTo(name.toLowerCase()) }))
    .filter(({ distance }) => distance <= tolerance)
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, 3)
    .map(({ name }) => name);
}

/** The question to whoever typed another name; none without names. */
export function didYouMean(names: readonly string[]): string | undefined {
  return names.length === 0 ? undefined : `Did you mean ${names.join(" or ")}?`;
}

/** How many characters must be inserted, taken out or replaced to come from `a` to `b` (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
