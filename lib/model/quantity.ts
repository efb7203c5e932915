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
