/** The built file, killed by SIGKILL in the middle of a recovery and started again: real processes, real time, the same end. */
import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import type { FaultRequest } from "../../lib/practice/api/faults.ts";
import { lost, lostVms, powerLoss, scenarioOf } from "../commands/recover/stage.ts";
import { startCluster, type TestCluster } from "../practice-cluster.ts";
import { executable } from "../terminal/session.ts";

const words = [
  ...["recover", lost, "--yes", "--confirm-node", lost],
  ...["--node-is-powered-off", "seen on the console", "-o", "json"],
];

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built file; it is killed when a request arrives that `fatal` tells, whether or not that one is carried out. */
function recover({ cluster, env }: TestCluster, fatal?: Fatal): Promise<Ended> {
  const program = spawn(executable, words, {
    env: { PATH: process.env.PATH ?? "", HOME: tmpdir(), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const text = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    program[name].on("data", (chunk: Buffer) => {
      text[name] += chunk.toString();
    });
  cluster.server.setFault(
    fatal &&
      ((request) => {
        if (!fatal.at(request)) return undefined;
        program.kill("SIGKILL");
        return fatal.reached ? undefined : { kind: "drop" };
      }),
  );
  return new Promise((resolve) => program.on("close", (code, signal) => resolve({ code, signal, ...text })));
}

interface Fatal {
  readonly at: (request: FaultRequest) => boolean;
  readonly reached: boolean;
}

const isTaint = ({ method }: FaultRequest): boolean => method === "PATCH";
const isDeletion = ({ method }: FaultRequest): boolean => method === "DELETE";

/** True from the second deletion on. */
function secondDeletion(): Fatal["at"] {
  let count = 0;
  return (request) => isDeletion(request) && ++count >= 2;
}

const moments: readonly (readonly [when: string, fatal: Fatal])[] = [
  ["as the node is tainted, which happens", { at: isTaint, reached: true }],
  ["as the node is tainted, which does not happen", { at: isTaint, reached: false }],
  ["at the first deletion, which happens", { at: isDeletion, reached: true }],
  ["at the second deletion, which does not happen", { at: secondDeletion(), reached: false }],
];

test.concurrent.each(moments)("killed %s", { timeout: 180_000 }, async (_when, fatal) => {
  const world = await startCluster(scenarioOf([powerLoss]), 1);
  try {
    expect(await recover(world, fatal)).toMatchObject({ code: null, signal: "SIGKILL" });
    const { code, stdout, stderr } = await recover(world);
    expect(code, stdout + stderr).toBe(0);
    const summary = JSON.parse(stdout.trim().split("\n").at(-1) ?? "{}");
    const running = summary.running.map((vm: { namespace: string; name: string }) => `${vm.namespace}/${vm.name}`);
    expect(running.sort()).toEqual(lostVms);
    const deleted = world.cluster.requests
      .filter(({ method, status }) => method === "DELETE" && status === 200)
      .map(({ url }) => url);
    expect(deleted).toEqual([...new Set(deleted)]);
    expect(world.cluster.doubleRuns).toEqual([]);
  } finally {
    await world.close();
  }
});
