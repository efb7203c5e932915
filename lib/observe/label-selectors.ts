/** Writes label selectors over many values, cut into pieces that fit into a URL. */

/** Proxies in front of API servers commonly take request lines of 8 KB; the rest of the URL needs room, too. */
const longestSelector = 5000;
const longestLabelValue = 63;

export interface ValueSelector {
  /** `label in (…)`. */
  readonly selector: string;
  readonly values: readonly string[];
}

/**
 * Selectors that together cover all values; none when there are no values. What is too long for a label's value is left out:
 * no object carries it, and the API server would refuse the whole selector.
 */
export function selectAny(label: string, values: Iterable<string>): readonly ValueSelector[] {
  const chunks: string[][] = [];
  let length = 0;
  for (const value of new Set(values)) {
    if (value === "" || value.length > longestLabelValue) continue;
    // The comma takes three characters in a URL.
    const size = value.length + 3;
    if (chunks.length === 0 || length + size > longestSelector) {
      chunks.push([]);
      length = 0;
    }
    chunks.at(-1)?.push(value);
    length += size;
  }
  return chunks.map((chunk) => ({ selector: `${label} in (${chunk.join(",")})`, values: chunk }));
}
