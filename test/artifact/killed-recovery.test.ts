/** The built file, killed by SIGKILL at the calls of a whole recovery and started again: real processes, the same end, the same words. */
import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import type { FaultRequest } from "../../lib/practice/api/faults.ts";
import { lost, powerLoss, scenarioOf } from "../commands/recover/stage.ts";
import { startCluster, type TestCluster } from "../practice-cluster.ts";
import { executable } from "../terminal/session.ts";

const words = [
  ...["recover", lost, "--yes", "--confirm-node", lost],
  ...["--node-is-powered-off", "seen on the console", "-o", "json"],
];

/** One VM that starts elsewhere, one whose volume must be detached before, and one that stays down. */
const scenario = scenarioOf([powerLoss], {
  nodes: [lost, "worker-2"].map((name) => ({ name, cpu: 16, memory: "64Gi" })),
  machines: [
    { name: "web", namespace: "shop", node: lost, run: "Always", strategy: "None", disk: "image", age: "1h" },
    { name: "db", namespace: "shop", node: lost, run: "Always", strategy: "None", disk: "exclusive", age: "1h" },
    { name: "notebook", namespace: "lab", node: lost, run: "Manual", strategy: "None", disk: "image", age: "1h" },
  ],
});
/** Before it removes anything the program listens for 15 s; what the cluster does afterwards need not take as long. */
const speed = 5;

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built file; it is killed when a request arrives that `fatal` tells, whether or not that one is carried out. */
function recover({ cluster, env }: TestCluster, fatal: Fatal): Promise<Ended> {
  const program = spawn(executable, words, {
    env: { PATH: process.env.PATH ?? "", HOME: tmpdir(), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const text = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    program[name].on("data", (chunk: Buffer) => {
      text[name] += chunk.toString();
    });
  cluster.server.setFault((request) => {
    if (!fatal.at(request)) return undefined;
    program.kill("SIGKILL");
    return fatal.reached ? undefined : { kind: "drop" };
  });
  return new Promise((resolve) => program.on("close", (code, signal) => resolve({ code, signal, ...text })));
}

interface Fatal {
  /** True from the call on at which it dies. */
  readonly at: (request: FaultRequest) => boolean;
  readonly reached: boolean;
}

const immortal: Fatal = { at: () => false, reached: true };

/** From the call of that number on, among those that are meant. */
function callNumber(number: number, isMeant: (request: FaultRequest) => boolean = () => true): Fatal["at"] {
  let count = 0;
  return (request) => {
    if (isMeant(request)) count += 1;
    return count >= number;
  };
}

const isWrite = ({ method, url }: FaultRequest): boolean => method !== "GET" && !/\/selfsubject\w*reviews\b/.test(url);

interface NamedVm {
  readonly namespace: string;
  readonly name: string;
  readonly detail?: string;
  readonly fix?: string;
}

/** Where a recovery has ended, and what it said at last. */
function endOf({ node, cluster }: TestCluster, { code, stdout }: Ended) {
  const { end, running, down, failed, open } = JSON.parse(stdout.trim().split("\n").at(-1) || "{}");
  const { spec, metadata } = node(lost);
  const record = JSON.parse(metadata.annotations?.["kubectl-vmnode/operation"] ?? "{}");
  return {
    ...{ code, end, failed, open },
    running: running?.map(({ namespace, name }: NamedVm) => `${namespace}/${name}`),
    down: down?.map(({ namespace, name, detail, fix }: NamedVm) => `${namespace}/${name}: ${detail} ${fix}`),
    cordoned: spec?.unschedulable,
    recorded: record.vms?.map(({ name }: NamedVm) => name).sort(),
    doubleRuns: cluster.doubleRuns,
  };
}

const end = {
  ...{ code: 0, end: "complete", failed: [], open: [], cordoned: true, doubleRuns: [] },
  running: ["shop/db", "shop/web"],
  down: ["lab/notebook: runStrategy Manual: start it yourself. virtctl start notebook -n lab"],
  recorded: ["db", "notebook", "web"],
};

/** Nothing is destroyed twice. */
function expectSingleDeletions({ cluster }: TestCluster, where: string): void {
  const deleted = cluster.requests
    .filter(({ method, status }) => method === "DELETE" && status === 200)
    .map(({ url }) => url);
  expect(deleted, where).toEqual([...new Set(deleted)]);
}

interface Moment {
  readonly when: string;
  readonly fatal: Fatal;
}

/** How many calls an undisturbed run makes, and how many of them write. */
async function undisturbedCalls(): Promise<{ readonly calls: number; readonly writes: number }> {
  const world = await startCluster(scenario, speed);
  try {
    let [calls, writes] = [0, 0];
    const note = (request: FaultRequest): boolean => {
      calls += 1;
      writes += Number(isWrite(request));
      return false;
    };
    const ended = await recover(world, { at: note, reached: true });
    expect(endOf(world, ended), ended.stdout + ended.stderr).toMatchObject(end);
    return { calls, writes };
  } finally {
    await world.close();
  }
}

async function killAndTakeUp({ when, fatal }: Moment): Promise<void> {
  const world = await startCluster(scenario, speed);
  try {
    const first = await recover(world, fatal);
    const untouched = world.writes().length === 0;
    // What has written nothing has left everything as it was: the next run is the first.
    if (first.signal === "SIGKILL" && untouched) return;
    const ended = first.signal === "SIGKILL" ? await recover(world, immortal) : first;
    const where = `${when}\n${ended.stdout}${ended.stderr}`;
    expect(endOf(world, ended), where).toMatchObject(end);
    expectSingleDeletions(world, where);
  } finally {
    await world.close();
  }
}

/** They do little but wait, each for the 15 s of its listening. */
const atATime = 40;

test("killed at each of its calls, and run again, it ends as if undisturbed", { timeout: 300_000 }, async () => {
  const { calls, writes } = await undisturbedCalls();
  expect(calls).toBeGreaterThan(35);
  expect(writes).toBeGreaterThanOrEqual(8);
  const moments: readonly Moment[] = [
    ...Array.from({ length: calls }, (_, at) => ({
      when: `killed at call ${at + 1}`,
      fatal: { at: callNumber(at + 1), reached: true },
    })),
    ...Array.from({ length: writes }, (_, at) => ({
      when: `killed at write ${at + 1}, which does not happen`,
      fatal: { at: callNumber(at + 1, isWrite), reached: false },
    })),
  ];
  // The earliest are soon over: they come last.
  const queue = [...moments];
  const lane = async (): Promise<void> => {
    for (let moment = queue.pop(); moment !== undefined; moment = queue.pop()) await killAndTakeUp(moment);
  };
  await Promise.all(Array.from({ length: atATime }, lane));
});
