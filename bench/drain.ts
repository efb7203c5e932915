/** What a drain of many VMs costs us and kubectl on the same practice cluster, held against our limits. Started by run.ts. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Program, programs, type Result, type Trial } from "./drain-once.ts";
import { atMost, conclude, figure, type Report, report, table, type Verdict } from "./report.ts";

const usage = `node bench/drain.ts [--machines N --migration SECONDS --speed X --keep]
  --machines   VMs on the node, all migratable (100)
  --migration  seconds of one migration; a second run takes twice as many (4)
  --speed      practice seconds per real second (1). The programs' own waits are real time, so only speed 1 is fair to both:
               at speed X kubectl asks X times less often than it would
  --keep       write the tables to bench/drain.md`;

/** The limits of the product: a request is anything that reaches the API server. */
const limits = { requestsPerMachine: 2.2, requestsBesides: 40, shareOfKubectl: 1 / 8, wallClock: 1 };

interface Pair {
  readonly ours: Result;
  readonly kubectls: Result;
}

/** The four drains at the same time, each with a cluster and a process of its own. */
async function bench(machines: number, seconds: number, speed: number): Promise<Report> {
  const trials = [seconds, seconds * 2].map((migrationSeconds) =>
    programs.map((program): Trial => ({ program, machines, migrationSeconds, speed })),
  );
  const [first, second] = await Promise.all(trials.map((pair) => Promise.all(pair.map(inOwnProcess))));
  const [once, twice] = [pairOf(first), pairOf(second)];
  const verdicts = judge(once, twice);
  const lines = [
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
        "memory",
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
        `${figure(result.memory.early, " MiB")}, ${figure(result.memory.late, " MiB")}`,
      ]),
    ),
    "",
    "Memory: the most in the first half of a drain, and in the second.",
  ];
  return report(lines, verdicts);
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

function judge(once: Pair, twice: Pair): Verdict[] {
  const { machines } = once.ours;
  const { early, late } = once.ours.memory;
  const most = limits.requestsPerMachine * machines + limits.requestsBesides;
  const share = limits.shareOfKubectl * once.kubectls.requests;
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
    // What a drain has done is not kept in memory.
    atMost(
      "memory: what the first half took, and a tenth",
      early === undefined ? undefined : early * 1.1,
      late,
      " MiB",
    ),
  ];
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
  const { machines, migration, speed, keep } = values;
  const found = await bench(Number(machines), Number(migration), Number(speed));
  await conclude("drain", "What a drain costs", found, keep);
}
