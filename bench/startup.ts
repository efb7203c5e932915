/**
 * `node bench/startup.ts [--rounds N]`: what a start costs in CPU time, held against kubectl's and a bare Node's in the same run.
 * CPU time, because it says the same on a busy machine and a quiet one; ratios, because machines differ.
 */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startPracticeCluster } from "../lib/practice/cluster.ts";
import { kubectlPath } from "../test/kubectl.ts";

/** What users get, as the build has left it. */
const plugin = fileURLToPath(new URL("../dist/kubectl-vmnode", import.meta.url));
const node = process.execPath;
const kubectl = kubectlPath();

const trials = {
  "kubectl version --client": [kubectl, "version", "--client"],
  "node -e 0": [node, "-e", "0"],
  "vmnode --version": [plugin, "--version"],
  "vmnode --help": [plugin, "--help"],
  "vmnode list": [plugin, "list"],
  "kubectl get vmi, one node": [kubectl, "get", "vmi", "-A", "-l", "kubevirt.io/nodeName=worker-1"],
  "vmnode list worker-1": [plugin, "list", "worker-1"],
} as const satisfies Record<string, readonly [string, ...string[]]>;
type Trial = keyof typeof trials;

interface Target {
  readonly ours: Trial;
  readonly theirs: Trial;
  /** The most that ours may take, as a share of theirs. */
  readonly share: number;
}

const targets: readonly Target[] = [
  { ours: "vmnode --version", theirs: "kubectl version --client", share: 0.75 },
  { ours: "vmnode --version", theirs: "node -e 0", share: 1.2 },
  { ours: "vmnode --help", theirs: "kubectl version --client", share: 1.1 },
  { ours: "vmnode list worker-1", theirs: "kubectl get vmi, one node", share: 1.1 },
];

/** CPU milliseconds of each round. */
type Figures = Readonly<Record<Trial, number[]>>;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { rounds: { type: "string", default: "15" } } });
  const workDirectory = await mkdtemp(path.join(tmpdir(), "vmnode-bench-"));
  const cluster = await startPracticeCluster({ scenario: "fleet", nodes: 3, machines: 100, workDirectory });
  try {
    // Without NODE_EXTRA_CA_CERTS, which costs every Node 10 ms, and kubectl nothing.
    const env = { HOME: workDirectory, PATH: process.env.PATH ?? "", KUBECONFIG: cluster.kubeconfigPath };
    await round(env); // The first one fills kubectl's discovery cache and the page cache.
    const figures = Object.fromEntries(Object.keys(trials).map((trial) => [trial, [] as number[]])) as Figures;
    for (let turn = 0; turn < Number(values.rounds); turn++) {
      for (const [trial, milliseconds] of await round(env)) figures[trial].push(milliseconds);
    }
    process.exitCode = report(figures) ? 0 : 1;
  } finally {
    await cluster.close();
    await rm(workDirectory, { recursive: true, force: true });
  }
}

/** Each program once, so that whatever slows the machine down slows all of them. */
async function round(env: Readonly<Record<string, string>>): Promise<readonly (readonly [Trial, number])[]> {
  const taken: (readonly [Trial, number])[] = [];
  for (const [trial, command] of Object.entries(trials)) taken.push([trial as Trial, await cpuOf(command, env)]);
  return taken;
}

/** User and system time of a program and what it starts, in milliseconds, as bash's `time` tells it. */
async function cpuOf(command: readonly string[], env: Readonly<Record<string, string>>): Promise<number> {
  const script = 'TIMEFORMAT="%U %S"; time "$@" >/dev/null 2>&1 </dev/null';
  const child = spawn("bash", ["-c", script, "bash", ...command], { env, stdio: ["ignore", "ignore", "pipe"] });
  let text = "";
  child.stderr.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  const code = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
  const [user, system] = text.trim().split(" ").map(Number);
  if (code !== 0 || user === undefined || system === undefined)
    throw new Error(`${command.join(" ")} ended with ${code}: ${text}`);
  return (user + system) * 1000;
}

/** True when every target is reached. */
function report(figures: Figures): boolean {
  for (const [trial, taken] of Object.entries(figures)) {
    console.log(
      `${trial.padEnd(28)} ${median(taken).toFixed(1).padStart(7)} ms CPU   best ${Math.min(...taken).toFixed(1)}`,
    );
  }
  console.log("");
  const reached = targets.map(({ ours, theirs, share }) => {
    const measured = median(figures[ours]) / median(figures[theirs]);
    const verdict = measured <= share ? "reached" : "MISSED";
    console.log(
      `${ours.padEnd(22)} / ${theirs.padEnd(26)} ${measured.toFixed(2)}   at most ${share.toFixed(2)}   ${verdict}`,
    );
    return measured <= share;
  });
  return reached.every(Boolean);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

await main();
