/** Kubernetes' quantities ("500m", "2Gi", "1e3") as numbers, and back. */

const suffixes: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** The value of a quantity, or undefined when the text is none (apimachinery `resource.ParseQuantity`). */
export function parseQuantity(text: string | number | undefined): number | undefined {
  if (typeof text === "number") return text;
  const parts = text === undefined ? null : /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([a-zA-Z]*))$/.exec(text);
  if (parts === null) return undefined;
  const factor = parts[2] === undefined ? suffixes[parts[3] ?? ""] : Number(`1${parts[2]}`);
  return factor === undefined ? undefined : Number(parts[1]) * factor;
}

/** Bytes in the largest binary unit that needs no fraction: 1073741824 is `1Gi`. */
export function formatBytes(bytes: number): string {
  for (const unit of ["Ei", "Pi", "Ti", "Gi", "Mi", "Ki"]) {
    const size = suffixes[unit] ?? 1;
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${unit}`;
  }
  return String(bytes);
}

/**
 * A quantity in the scheduler's whole units: thousandths of a CPU, else single units, rounded up
 * (pkg/scheduler/framework/types.go, Resource.Add). What is no quantity counts as nothing.
 */
export function toUnits(resource: string, quantity: string): number {
  const value = parseQuantity(quantity) ?? 0;
  // The tolerance takes back what binary fractions add: 0.283 CPU are 283 thousandths, not 284.
  return Math.ceil((resource === "cpu" ? value * 1000 : value) - 1e-6) || 0;
}

/** Whole units as a quantity for people, rounded down to one decimal at most: `41Gi`, `1.5Gi`, `500m`. */
export function formatUnits(resource: string, units: number): string {
  if (resource === "cpu") return units % 1000 === 0 ? String(units / 1000) : `${units}m`;
  if (!countsBytes(resource)) return String(units);
  const sign = units < 0 ? "-" : "";
  const bytes = Math.abs(units);
  for (const suffix of ["Ti", "Gi", "Mi", "Ki"]) {
    const size = suffixes[suffix] ?? 1;
    if (bytes >= size) return `${sign}${Math.floor((bytes / size) * 10) / 10}${suffix}`;
  }
  return `${sign}${bytes}`;
}

function countsBytes(resource: string): boolean {
  return resource === "memory" || resource === "ephemeral-storage" || resource.startsWith("hugepages-");
}
