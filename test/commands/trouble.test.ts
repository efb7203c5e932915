/** A drain of the scenario `trouble`: what migrates well leaves, what cannot is not even tried, and what fails again and again is given up. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { endState } from "../parity/end-state.ts";
import { type DrivenCluster, startDrivenCluster } from "./driven-cluster.ts";

let world: DrivenCluster;
beforeAll(async () => {
  world = await startDrivenCluster("trouble");
});
afterAll(() => world.close());

const evicted = (): string[] =>
  world
    .writes()
    .flatMap((write) => /\/pods\/virt-launcher-(\w+)-\w{5}\/eviction$/.exec(write)?.[1] ?? [])
    .sort();

test("check names the VMs that find no other node, and says why", async () => {
  const { code, stdout } = await world.run("check worker-1");
  expect(code).toBe(3);
  expect(stdout).toMatch(/ops\/huge .*no other node/i);
  expect(stdout).toMatch(/ops\/special .*no other node/i);
});

test("drain refuses before anything is written", async () => {
  const { code } = await world.run("drain worker-1 --yes");
  expect(code).toBe(3);
  expect(world.writes()).toEqual([]);
});

test("drain --skip-blocked moves what moves, never asks for what would hold a slot in vain, and gives up what fails", async () => {
  const { code, stdout } = await world.run("drain worker-1 --yes --skip-blocked");
  expect(code, stdout).toBe(4);
  const { machines, cordoned } = endState(world.cluster, "worker-1");
  expect(machines).toEqual({
    "ops/flaky": "Running there",
    "ops/huge": "Running there",
    "ops/other": "Running",
    "ops/paused": "Paused",
    "ops/plain": "Running",
    "ops/slow": "Running",
    "ops/special": "Running there",
    "ops/stuck": "Running there",
  });
  expect(cordoned).toBe(true);
  expect(evicted()).toEqual(["flaky", "paused", "plain", "slow", "stuck"]);
  for (const vm of ["ops/flaky", "ops/stuck", "ops/huge", "ops/special"]) expect(stdout).toContain(vm);
  expect(stdout).not.toContain("node/worker-1 drained");
});

test("abort takes the marks of the failing VMs back, so that KubeVirt tries no more", async () => {
  const { code, stdout, stderr } = await world.run("abort worker-1 --yes");
  expect(code, stdout + stderr).toBe(0);
  const { marks, cordoned } = endState(world.cluster, "worker-1");
  expect({ marks, cordoned }).toEqual({ marks: [], cordoned: false });
  const migrations = world.cluster.store.list({ group: "kubevirt.io", resource: "virtualmachineinstancemigrations" });
  expect(migrations.filter(({ status }) => !["Succeeded", "Failed"].includes(status?.phase))).toEqual([]);
});
