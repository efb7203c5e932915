/** One drain of one node on a practice cluster of its own, by us or by kubectl; prints what it took as JSON. Started by drain.ts. */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { startPracticeCluster } from "../lib/practice/cluster.ts";
import { fleet } from "../lib/practice/scenarios/fleet.ts";
import type { MachineRow, Scenario } from "../lib/practice/scenarios/scenario.ts";
import { kubectlPath } from "../test/kubectl.ts";
import { memoryOf, mostOf } from "./measure.ts";

export const programs = ["kubectl vmnode", "kubectl drain"] as const;
export type Program = (typeof programs)[number];

export interface Trial {
  readonly program: Program;
  readonly machines: number;
  readonly migrationSeconds: number;
  readonly speed: number;
}

export interface Result extends Trial {
  readonly exitCode: number;
  readonly seconds: number;
  readonly requests: number;
  /** Real evictions, without dry runs. */
  readonly evictions: number;
  readonly dryRuns: number;
  readonly watches: number;
  readonly outputLines: number;
  /** VMs that still run on the node. */
  readonly left: number;
  /** The most in the first half of the time, and in the second, in MiB. */
  readonly memory: { readonly early: number | undefined; readonly late: number | undefined };
}

/** What users get, as the build has left it. */
const executable = fileURLToPath(new URL("../dist/kubectl-vmnode", import.meta.url));

/** Both are told to move the VMs and nothing else. */
const commandLines: Readonly<Record<Program, () => readonly [string, ...string[]]>> = {
  "kubectl vmnode": () => [executable, "drain", "worker-1", "--yes"],
  "kubectl drain": () => [
    kubectlPath(),
    "drain",
    "worker-1",
    "--delete-emptydir-data",
    "--pod-selector=kubevirt.io=virt-launcher",
  ],
};

async function drainOnce(trial: Trial): Promise<Result> {
  const workDirectory = await mkdtemp(path.join(tmpdir(), "vmnode-bench-"));
  const cluster = await startPracticeCluster({ scenario: scenarioFor(trial), speed: trial.speed, workDirectory });
  try {
    cluster.requests.length = 0;
    const started = performance.now();
    const env = { HOME: workDirectory, PATH: process.env.PATH ?? "", KUBECONFIG: cluster.kubeconfigPath };
    const { exitCode, outputLines, memory } = await runProgram(commandLines[trial.program](), env);
    const seconds = (performance.now() - started) / 1000;
    const own = cluster.requests.filter(({ userAgent }) => userAgent.startsWith("kubectl"));
    const evictions = own.filter(({ method, url }) => method === "POST" && /\/eviction\b/.test(url));
    const dryRuns = evictions.filter(({ url }) => url.includes("dryRun=All")).length;
    const vmis = cluster.store.list({ group: "kubevirt.io", resource: "virtualmachineinstances" });
    return {
      ...trial,
      exitCode,
      seconds,
      requests: own.length,
      evictions: evictions.length - dryRuns,
      dryRuns,
      watches: own.filter(({ url }) => url.includes("watch=true")).length,
      outputLines,
      memory: { early: halfOf(memory, 0), late: halfOf(memory, 1) },
      left: vmis.filter(({ status }) => status?.nodeName === "worker-1").length,
    };
  } finally {
    await cluster.close();
    await rm(workDirectory, { recursive: true, force: true });
  }
}

function halfOf(memory: readonly number[], half: 0 | 1): number | undefined {
  const middle = Math.floor(memory.length / 2);
  return mostOf(half === 0 ? memory.slice(0, middle) : memory.slice(middle));
}

function scenarioFor({ machines, migrationSeconds }: Trial): Scenario {
  const scenario = fleet({ machines });
  const slowed = (machine: MachineRow): MachineRow => ({ ...machine, guest: { ...machine.guest, migrationSeconds } });
  return { ...scenario, machines: scenario.machines.map(slowed) };
}

function runProgram(
  [program, ...args]: readonly [string, ...string[]],
  env: Readonly<Record<string, string>>,
): Promise<{ exitCode: number; outputLines: number; memory: readonly number[] }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    let outputLines = 0;
    const memory: number[] = [];
    const looking = setInterval(() => {
      const now = memoryOf(child.pid, "VmRSS");
      if (now !== undefined) memory.push(now);
    }, 500);
    let complaints = "";
    const count = (text: string): void => {
      outputLines += text.split("\n").length - 1;
    };
    child.stdout.setEncoding("utf8").on("data", count);
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      count(text);
      complaints = (complaints + text).slice(-2000);
    });
    child.on("error", reject);
    child.on("close", (code) => {
      if (code !== 0) process.stderr.write(complaints);
      clearInterval(looking);
      resolve({ exitCode: code ?? -1, outputLines, memory });
    });
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const trial = JSON.parse(process.argv[2] ?? "{}") as Trial;
  process.stdout.write(JSON.stringify(await drainOnce(trial)));
}
