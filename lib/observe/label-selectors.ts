/** Writes label selectors over many values, cut into pieces that fit into a URL. */

/** Proxies in front of API servers commonly take request lines of 8 KB; the rest of the URL needs room, too. */
const longestSelector = 5000;
const longestLabelValue = 63;

/**
 * Selectors `label in (…)` that together cover all values; none when there are no values. What is too long for a label's
 * value is left out: no object carries it, and the API server would refuse the whole selector.
 */
export function selectAny(label: string, values: Iterable<string>): readonly string[] {
  const selectors: string[] = [];
  let chunk: string[] = [];
  let length = 0;
  for (const value of new Set(values)) {
    if (value === "" || value.length > longestLabelValue) continue;
    // The comma takes three characters in a URL.
    if (chunk.length > 0 && length + value.length + 3 > longestSelector) {
      selectors.push(`${label} in (${chunk.join(",")})`);
      chunk = [];
      length = 0;
    }
    chunk.push(value);
    length += value.length + 3;
  }
  if (chunk.length > 0) selectors.push(`${label} in (${chunk.join(",")})`);
  return selectors;
}
