/** Ctrl-C in the middle of a drain, and then the undo, or the same command again. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { InterruptedError } from "../../lib/model/errors.ts";
import { startCluster, type TestCluster } from "../practice-cluster.ts";
import type { Run } from "../unit/cmd/fake-world.ts";
import { runCommand } from "./run.ts";

let world: TestCluster;
beforeEach(async () => {
  world = await startCluster("quiet", 10);
});
afterEach(() => world.close());

const vmis = { group: "kubevirt.io", resource: "virtualmachineinstances" };
const migrations = { group: "kubevirt.io", resource: "virtualmachineinstancemigrations" };

function running(): string[] {
  return world.cluster.store
    .list(vmis)
    .filter(({ status }) => status?.phase === "Running")
    .map(({ metadata }) => metadata.name);
}

function unfinishedMigrations(): string[] {
  const unfinished = world.cluster.store
    .list(migrations)
    .filter(({ status }) => !/Succeeded|Failed/.test(status?.phase ?? ""));
  return unfinished.map(({ metadata }) => metadata.name);
}

/** Starts a drain and leaves it by Ctrl-C as soon as KubeVirt has begun to move VMs. */
async function interruptedDrain(): Promise<Run> {
  const stop = new AbortController();
  const drain = runCommand("drain worker-1 --yes", world.env, { ...world, signal: stop.signal });
  await vi.waitUntil(() => unfinishedMigrations().length > 1, { timeout: 20_000, interval: 5 });
  stop.abort(new InterruptedError("SIGINT", "interrupted by SIGINT"));
  return await drain;
}

test("abort leaves the node as it was found, and no VM is lost", async () => {
  const before = world.node("worker-1");
  const vms = running();
  const { code, stdout } = await interruptedDrain();
  expect(code).toBe(130);
  expect(stdout).toContain("kubectl vmnode abort worker-1");

  const undone = await runCommand("abort worker-1 --yes", world.env, world);
  expect(undone).toMatchObject({ code: 0, stdout: expect.stringContaining("node/worker-1 uncordoned") });
  const after = world.node("worker-1");
  expect(after.spec).toEqual(before.spec);
  expect(after.metadata.annotations).not.toHaveProperty("kubectl-vmnode/operation");
  expect(after.metadata.labels).toEqual(before.metadata.labels);
  expect(world.cluster.store.list(vmis).filter(({ status }) => status?.evacuationNodeName)).toEqual([]);
  expect(unfinishedMigrations()).toEqual([]);
  expect(running()).toEqual(vms);
  expect(world.cluster.doubleRuns).toEqual([]);
});

test("the same command again takes the drain up and finishes it", async () => {
  await interruptedDrain();
  const { code, stdout } = await runCommand("drain worker-1 --yes", world.env, world);
  expect(stdout).toContain("node/worker-1 already cordoned");
  expect(stdout).toContain("node/worker-1 drained");
  expect(code).toBe(0);
  expect(world.cluster.doubleRuns).toEqual([]);
});

test("uncordon with marks left says that KubeVirt goes on, and how to stop it", async () => {
  await interruptedDrain();
  const { code, stdout, stderr } = await runCommand("uncordon worker-1", world.env, world);
  expect(stderr).toContain("Warning: KubeVirt still moves these VMs away from node/worker-1");
  expect(stderr).toContain("kubectl vmnode abort worker-1");
  expect(stdout).toContain("node/worker-1 uncordoned");
  expect(code).toBe(0);
});

test("a node that is deleted in the middle ends the drain with a clear line", async () => {
  const drain = runCommand("drain worker-1 --yes", world.env, world);
  await vi.waitUntil(() => unfinishedMigrations().length > 0, { timeout: 20_000, interval: 5 });
  world.cluster.faults.deleteNodeObject("worker-1");
  const { code, stdout } = await drain;
  expect(stdout).toContain("Stopped: node/worker-1 was deleted by somebody else. Nothing more is evicted.");
  expect(code).toBe(4);
});
