/** Points in time (RFC 3339, UTC) as people read them. */

/** As kubectl prints them, `2026-11-22T07:43:12Z`: nobody reads milliseconds. */
export function wholeSeconds(time: string): string {
  return time.replace(/\.\d+Z$/, "Z");
}
