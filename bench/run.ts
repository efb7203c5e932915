/**
 * `npm run bench`: what a drain of many VMs costs us and kubectl on the same practice cluster, held against our limits; then
 * the measurements that have a script of their own.
 */
import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Program, programs, type Result, type Trial } from "./drain-once.ts";

const usage = `npm run bench [-- --machines N --migration SECONDS --speed X --keep]
  --machines   VMs on the node, all migratable (100)
  --migration  seconds of one migration; a second run takes twice as many (4)
  --speed      practice seconds per real second (1). The programs' own waits are real time, so only speed 1 is fair to both:
               at speed X kubectl asks X times less often than it would
  --keep       write the tables to bench/results.md and bench/recovery.md`;

/** Each prints what it has found, takes --keep, and ends with 1 where a limit is missed. */
const others = ["recovery.ts"];

/** The limits of the product: a request is anything that reaches the API server. */
const limits = { requestsPerMachine: 2.2, requestsBesides: 40, shareOfKubectl: 1 / 8, wallClock: 1 };

interface Pair {
  readonly ours: Result;
  readonly kubectls: Result;
}

const { values } = parseArgs({
  options: {
    machines: { type: "string", default: "100" },
    migration: { type: "string", default: "4" },
    speed: { type: "string", default: "1" },
    keep: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  console.log(usage);
} else {
  const { machines, migration, speed } = values;
  const report = await bench(Number(machines), Number(migration), Number(speed));
  console.log(report.text);
  if (values.keep) await writeFile(new URL("results.md", import.meta.url), resultsFile(report.text));
  let met = report.met;
  for (const script of others) {
    console.log("");
    met = (await measure(script, values.keep)) && met;
  }
  process.exitCode = met ? 0 : 1;
}

/** The four drains at the same time, each with a cluster and a process of its own. */
async function bench(machines: number, seconds: number, speed: number): Promise<{ text: string; met: boolean }> {
  const trials = [seconds, seconds * 2].map((migrationSeconds) =>
    programs.map((program): Trial => ({ program, machines, migrationSeconds, speed })),
  );
  const [first, second] = await Promise.all(trials.map((pair) => Promise.all(pair.map(inOwnProcess))));
  const [once, twice] = [pairOf(first), pairOf(second)];
  const verdicts = judge(once, twice);
  const text = [
    `${machines} migratable VMs on one node, two migrations at a time, at ${speed === 1 ? "real" : `${speed} times real`} speed.`,
    "",
    ...table(
      [
        "program",
        "migration",
        "requests",
        "evictions",
        "dry runs",
        "watches",
        "wall clock",
        "lines",
        "exit",
        "VMs left",
      ],
      [once.ours, once.kubectls, twice.ours, twice.kubectls].map((result) => [
        result.program,
        `${result.migrationSeconds} s`,
        `${result.requests}`,
        `${result.evictions}`,
        `${result.dryRuns}`,
        `${result.watches}`,
        `${result.seconds.toFixed(1)} s`,
        `${result.outputLines}`,
        `${result.exitCode}`,
        `${result.left}`,
      ]),
    ),
    "",
    ...table(
      ["limit", "allowed", "measured", ""],
      verdicts.map(({ met, row }) => [...row, met ? "met" : "MISSED"]),
    ),
  ].join("\n");
  return { text, met: verdicts.every(({ met }) => met) };
}

/** True when it meets its limits. */
function measure(script: string, keep: boolean): Promise<boolean> {
  const words = [fileURLToPath(new URL(script, import.meta.url)), ...(keep ? ["--keep"] : [])];
  return new Promise((resolve, reject) => {
    spawn(process.execPath, words, { stdio: "inherit" })
      .on("error", reject)
      .on("close", (code) => resolve(code === 0));
  });
}

function inOwnProcess(trial: Trial): Promise<Result> {
  const script = fileURLToPath(new URL("drain-once.ts", import.meta.url));
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, JSON.stringify(trial)], { stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
    child.on("error", reject);
    child.on("close", (code) => {
      if (code !== 0) return reject(new Error(`${trial.program}: the measurement ended with exit code ${code}`));
      resolve(JSON.parse(text) as Result);
    });
  });
}

function pairOf(results: readonly Result[] = []): Pair {
  const by = (program: Program): Result => {
    const found = results.find((result) => result.program === program);
    if (found === undefined) throw new Error(`no result for ${program}`);
    return found;
  };
  return { ours: by("kubectl vmnode"), kubectls: by("kubectl drain") };
}

interface Verdict {
  readonly met: boolean;
  /** Name, what is allowed, what was measured. */
  readonly row: readonly [string, string, string];
}

function judge(once: Pair, twice: Pair): Verdict[] {
  const { machines } = once.ours;
  const most = limits.requestsPerMachine * machines + limits.requestsBesides;
  const share = limits.shareOfKubectl * once.kubectls.requests;
  const atMost = (name: string, allowed: number, measured: number, unit = ""): Verdict => ({
    met: measured <= allowed,
    row: [name, `≤ ${rounded(allowed)}${unit}`, `${rounded(measured)}${unit}`],
  });
  const all = [once.ours, once.kubectls, twice.ours, twice.kubectls];
  const drained = all.filter(({ exitCode, left }) => exitCode === 0 && left === 0).length;
  return [
    { met: drained === all.length, row: ["all four drains end with 0 and an empty node", "4", `${drained}`] },
    atMost("requests: 2.2 per VM and 40 besides", most, once.ours.requests),
    atMost("requests: an eighth of kubectl's", share, once.ours.requests),
    // Watches come back after a while, whatever else goes on: that much may a longer drain cost.
    atMost("requests when migrations take twice as long", once.ours.requests + once.ours.watches, twice.ours.requests),
    atMost("real evictions, one per VM", machines, once.ours.evictions),
    atMost("wall clock: kubectl's", limits.wallClock * once.kubectls.seconds, once.ours.seconds, " s"),
    atMost("wall clock: kubectl's, migrations twice as long", twice.kubectls.seconds, twice.ours.seconds, " s"),
  ];
}

function rounded(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** A Markdown table that can be read as it is. */
function table(headers: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = headers.map((header, column) =>
    Math.max(header.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => (cells[column] ?? "").padEnd(width)).join(" | ")} |`;
  return [line(headers), `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`, ...rows.map(line)];
}

function resultsFile(text: string): string {
  return `# What a drain costs\n\nMade by \`npm run bench -- --keep\`; the practice cluster is both programs' API server.\n\n${text}\n`;
}
