/** How measurements are shown and kept: tables in Markdown that can be read as they are. */
import { writeFile } from "node:fs/promises";

export interface Verdict {
  /** Undefined where nothing could be measured: then the limit is neither met nor missed. */
  readonly met: boolean | undefined;
  /** Name, what is allowed, what was measured. */
  readonly row: readonly [string, string, string];
}

export interface Report {
  readonly text: string;
  readonly met: boolean;
}

/** Whether a measurement keeps to its limit; without a limit it is only shown. */
export function atMost(name: string, allowed: number | undefined, measured: number | undefined, unit = ""): Verdict {
  const met = allowed === undefined || measured === undefined ? undefined : measured <= allowed;
  return { met, row: [name, allowed === undefined ? "" : `≤ ${figure(allowed, unit)}`, figure(measured, unit)] };
}

/** As it stands in a table. */
export function figure(value: number | undefined, unit: string): string {
  return value === undefined ? "not measured" : `${rounded(value)}${unit}`;
}

/** Small numbers are ratios, whose thousandths matter. */
function rounded(value: number): string {
  const places = Math.abs(value) < 10 ? 1000 : 10;
  return String(Math.round(value * places) / places);
}

/** What was measured, and below it the limits. */
export function report(lines: readonly string[], verdicts: readonly Verdict[]): Report {
  const limits = table(
    ["limit", "allowed", "measured", ""],
    verdicts.map(({ met, row }) => [...row, met === undefined ? "unknown" : met ? "met" : "MISSED"]),
  );
  return { text: [...lines, "", ...limits].join("\n"), met: verdicts.every(({ met }) => met !== false) };
}

/** The lines of a table in Markdown, its columns padded to be read as they are. */
export function table(headers: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = headers.map((header, column) =>
    Math.max(header.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => (cells[column] ?? "").padEnd(width)).join(" | ")} |`;
  return [line(headers), `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`, ...rows.map(line)];
}

/** Prints the report, keeps it in `bench/NAME.md` where that is wanted, and sets the exit code. */
export async function conclude(name: string, title: string, { text, met }: Report, keep: boolean): Promise<void> {
  console.log(text);
  const made = `Made by \`npm run bench -- --only ${name} --keep\`; the practice cluster is everybody's API server.`;
  if (keep) await writeFile(new URL(`${name}.md`, import.meta.url), `# ${title}\n\n${made}\n\n${text}\n`);
  process.exitCode = met ? 0 : 1;
}
