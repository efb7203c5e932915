/** Durations as Go writes them, in whole milliseconds: timers count no smaller ones. */

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  // Go takes both letters that look like a mu: the micro sign and the Greek letter.
  "\u00b5s": 1e-3,
  "\u03bcs": 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

const part = "(\\d+\\.?\\d*|\\.\\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)";
const whole = new RegExp(`^(?:${part})+$`);

/** Reads a Go duration (`1m30s`, `0`, `-1.5h`); undefined when it is none (Go's time.ParseDuration). Only nothing is zero: often that means no limit. */
export function parseGoDuration(text: string): number | undefined {
  const sign = text.startsWith("-") ? -1 : 1;
  const rest = text.replace(/^[+-]/, "");
  if (rest === "0") return 0;
  if (!whole.test(rest)) return undefined;
  let total = 0;
  for (const [, digits, unit = ""] of rest.matchAll(new RegExp(part, "g"))) {
    total += Number(digits) * (unitMs[unit] ?? 0);
  }
  return sign * (Math.round(total) || Math.ceil(total));
}

/**
 * As kubectl's AGE column: `45s`, `6m40s`, `3h`, `3d4h`, `41d`, `2y10d` (apimachinery/pkg/util/duration.HumanDuration).
 * More than a second in the future is `<invalid>`.
 */
export function humanDuration(ms: number): string {
  const seconds = Math.trunc(ms / 1000);
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return inTwoUnits(minutes, "m", seconds % 60, "s");
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return inTwoUnits(hours, "h", minutes % 60, "m");
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (hours < 24 * 8) return inTwoUnits(days, "d", hours % 24, "h");
  if (days < 365 * 2) return `${days}d`;
  const years = Math.floor(days / 365);
  return days < 365 * 8 ? inTwoUnits(years, "y", days % 365, "d") : `${years}y`;
}

function inTwoUnits(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`;
}
