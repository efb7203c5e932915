/** A drain among VMs whose namespace has a quota: foretold where it leaves no room, and not hindered where it leaves room for one pod. */
import { afterEach, expect, test } from "vitest";
import type { MachineRow } from "../../lib/practice/scenarios/scenario.ts";
import { openStage, type Stage, scenarioOf } from "./recover/stage.ts";

let stage: Stage;
afterEach(() => stage.close());

const quotas = { group: "", resource: "resourcequotas" };
const migrations = { group: "kubevirt.io", resource: "virtualmachineinstancemigrations" };
const vmis = { group: "kubevirt.io", resource: "virtualmachineinstances" };

const machine: MachineRow = {
  name: "",
  namespace: "shop",
  node: "worker-1",
  run: "Always",
  strategy: "LiveMigrate",
  disk: "shared",
  age: "1h",
  guest: { migrationSeconds: 60 },
};
const machines: readonly MachineRow[] = [
  { ...machine, name: "a" },
  { ...machine, name: "b" },
  { ...machine, name: "db", strategy: "None" },
  { ...machine, name: "elsewhere", namespace: "lab" },
];

/** With such a quota over the namespace of most VMs. */
async function open(hard: Readonly<Record<string, string>>): Promise<void> {
  stage = await openStage(scenarioOf([], { machines }));
  stage.cluster.store.create(quotas, { metadata: { name: "small", namespace: "shop" }, spec: { hard } });
  await stage.pass(1_000);
}

const nodesOfVms = () =>
  Object.fromEntries(stage.cluster.store.list(vmis).map(({ metadata, status }) => [metadata.name, status.nodeName]));

test("without room for one pod more: check and drain refuse, and say by which quota", async () => {
  await open({ pods: "3", "requests.memory": "64Gi" });
  const { code, stdout } = await stage.run("check worker-1");
  expect(code).toBe(3);
  expect(stdout).toMatch(/^worker-1 cannot be drained: 2 of 4 VMs would stay\.$/m);
  expect(stdout).toMatch(
    /BLOCKS +shop\/a +Can migrate in principle, but ResourceQuota small has no room for its next pod \(pods: needs 1, 0 left\)\./,
  );
  expect(stdout).toMatch(
    /seen: resourcequota\/small: status\.used\[pods\] = 3 of 3\n +fix: kubectl describe quota small -n shop$/m,
  );
  expect((await stage.run("list worker-1")).stdout).toMatch(/^shop +a .* blocks$/m);
  expect((await stage.run("list -o wide")).stdout).toMatch(/^worker-1 .* blocks: 2 blocks, 1 restarts, 1 moves /m);
  const before = stage.writes().length;
  expect((await stage.run("drain worker-1 --yes")).code).toBe(3);
  expect(stage.writes().slice(before)).toEqual([]);
});

test("with room for one pod the VMs migrate one after another, and the drain is done", async () => {
  await open({ pods: "4", "requests.memory": "64Gi" });
  const { code, stdout } = await stage.run("drain worker-1 --yes");
  expect(stdout).toMatch(/^node\/worker-1 drained$/m);
  expect(code).toBe(0);
});

test("while one of them migrates, and takes all the room there is, the others are not called stuck", async () => {
  await open({ pods: "4" });
  const spec = { vmiName: "a" };
  stage.cluster.store.create(migrations, { metadata: { name: "m", namespace: "shop" }, spec });
  await stage.pass(20_000);
  expect(stage.cluster.store.get(quotas, "shop", "small")?.status?.used).toEqual({ pods: "4" });
  const { code, stdout } = await stage.run("check worker-1");
  expect(stdout).toMatch(/^worker-1 can be drained: 3 VMs move, 1 restarts\.$/m);
  expect(code).toBe(0);
});

test("left behind with --skip-blocked, a VM that has no room is not marked, and no migration is made for it", async () => {
  await open({ pods: "3" });
  const { code, stdout } = await stage.run("drain worker-1 --yes --skip-blocked");
  expect(stdout).toMatch(/ResourceQuota small has no room for its next pod/);
  expect(code).toBe(4);
  expect(nodesOfVms()).toMatchObject({
    a: "worker-1",
    b: "worker-1",
    elsewhere: expect.not.stringMatching("worker-1"),
  });
  expect(nodesOfVms().db).not.toBe("worker-1");
  expect(stage.cluster.store.list(migrations).map(({ spec }) => spec.vmiName)).toEqual(["elsewhere"]);
});

test("one that is shut down under a quota that is used beyond its limit stays down, as foretold, and the drain is done", async () => {
  await open({ pods: "3" });
  stage.cluster.store.modify(quotas, "shop", "small", (draft) => {
    draft.spec = { hard: { pods: "1" } };
  });
  await stage.pass(1_000);
  const line = "drain worker-1 --yes --skip-blocked";
  const { stdout } = await stage.run(line);
  expect(stdout).toMatch(
    /STOPS +shop\/db +Will be shut down within 30 s and stays down\. ResourceQuota small has no room for its next pod \(pods: needs 1, 0 left\)\./,
  );
  expect(stdout).toMatch(
    /shop\/db stopped: does not run again: exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=1/,
  );
  expect(stdout).not.toMatch(/failed/);
});
