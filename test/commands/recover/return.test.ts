/** A node that was declared lost is given back: quietly after a reboot, and not at all where its host was never off. */
import { afterEach, expect, test } from "vitest";
import { recordAnnotation } from "../../../lib/model/record.ts";
import type { PastStep } from "../../../lib/practice/scenarios/scenario.ts";
import { consent, lost, lostVms, openStage, powerLoss, type Stage, scenarioOf, word } from "./stage.ts";

const nodes = { group: "", resource: "nodes" };
const events = { group: "", resource: "events" };
const outOfService = "node.kubernetes.io/out-of-service";
const cutOff: PastStep = { ...powerLoss, fault: { connected: false } };

let stage: Stage;
afterEach(() => stage.close());

async function recovered(past: PastStep): Promise<void> {
  stage = await openStage(scenarioOf([past]));
  expect(await stage.run(`recover ${lost} ${word}`)).toMatchObject({ code: 0 });
}

async function comeBack(): Promise<void> {
  stage.cluster.faults.restore(lost);
  await stage.pass(120_000);
}

test("after a reboot: the taint, then the cordon and the record, without a word too many", async () => {
  await recovered(powerLoss);
  await comeBack();
  const { code, stdout, stderr } = await stage.run(`uncordon ${lost}`);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout.split("\n")).toEqual([
    `node/${lost} untainted (${outOfService}=nodeshutdown:NoExecute)`,
    `node/${lost} uncordoned`,
  ]);
  expect(stage.taints()).toEqual([]);
  expect(stage.record()).toBeUndefined();
  expect(stage.isCordoned(lost)).toBe(false);
  await stage.pass(60_000);
  expect(stage.recovered()).toEqual(lostVms);
  expect(stage.cluster.doubleRuns).toEqual([]);
});

test("which is told in an event, so that its next loss is not taken for this one, even when its Node is deleted", async () => {
  await recovered(powerLoss);
  await comeBack();
  await stage.run(`uncordon ${lost}`);
  const { cluster } = stage;
  const given = cluster.store
    .list({ group: "", resource: "events" })
    .filter(({ reason }) => reason === "NodeGivenBack");
  expect(given).toMatchObject([
    {
      involvedObject: { kind: "Node", name: lost },
      message: "kubernetes-admin gave node worker-1 back after its recovery",
    },
  ]);
  cluster.faults.deleteNodeObject(lost);
  cluster.store.delete({ group: "coordination.k8s.io", resource: "leases" }, "kube-node-lease", lost);
  await stage.pass(120_000);
  const { code, stderr } = await stage.run(`recover ${lost} --dry-run`);
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('nodes "worker-1" not found') });
});

test("given back by others: its record is stale, and neither its word nor its VMs belong to the next loss", async () => {
  await recovered(powerLoss);
  await comeBack();
  stage.cluster.store.modify(nodes, undefined, lost, (node) => {
    node.spec.unschedulable = false;
    node.spec.taints = [];
    const annotations = node.metadata.annotations ?? {};
    annotations[recordAnnotation] = annotations[recordAnnotation]?.replaceAll("2026-11-21T12", "2026-10-02T03") ?? "";
  });
  stage.cluster.faults.killNode(lost);
  await stage.pass(300_000);
  const look = await stage.run(`recover ${lost} --dry-run`);
  expect(look.stdout).toMatch(
    /UNKNOWN +record +stale, .*: kubernetes-admin declared on 2026-10-02 at 03:\d\d:\d\d: seen on the console/,
  );
  expect(look.stdout).not.toMatch(/ASSERTED|Followed, too/);

  const line = `recover ${lost} ${consent} --node-is-powered-off 'the second outage'`;
  const { code, stdout } = await stage.run(line);
  expect(code).toBe(0);
  expect(stdout).not.toMatch(/shop\/|lab\//);
  expect(stage.record()).toMatchObject({ assertions: [{ text: "the second outage" }], vms: [] });
  const told = stage.cluster.store.list(events).filter(({ message }) => message?.includes("the second outage"));
  expect(told).toMatchObject([{ involvedObject: { kind: "Node" } }]);
});

test("a host that was never off: the taint goes, the VMs are named, and the cordon stays until somebody has looked", async () => {
  await recovered(cutOff);
  expect(stage.cluster.doubleRuns).not.toEqual([]);
  await comeBack();
  const refused = await stage.run(`uncordon ${lost}`);
  expect(refused.code).toBe(3);
  expect(refused.stdout).toBe(`node/${lost} untainted (${outOfService}=nodeshutdown:NoExecute)`);
  expect(refused.stderr).toMatch(/WARNING: worker-1 was never off.* declared it lost at [\d-]+T[\d:]+Z, on the word/);
  expect(refused.stderr).toContain('"seen on the console"');
  for (const vm of lostVms) expect(refused.stderr).toContain(vm);
  expect(refused.stderr).toContain(`kubectl vmnode uncordon ${lost} --waive HostWasNeverOff`);
  expect(stage.taints()).not.toContain(outOfService);
  expect(stage.isCordoned(lost)).toBe(true);
  expect(stage.record()).toMatchObject({ kind: "recover" });

  const waived = await stage.run(`uncordon ${lost} --waive HostWasNeverOff`);
  expect(waived).toMatchObject({ code: 0, stdout: `node/${lost} uncordoned` });
  expect(waived.stderr).toContain(`WARNING: ${lost} was never off`);
  expect(stage.isCordoned(lost)).toBe(false);
  expect(stage.record()).toBeUndefined();
});

test("a host that was never off, whose Node was deleted and has registered anew: the event tells what it bore", async () => {
  await recovered(cutOff);
  const { store } = stage.cluster;
  const { name, labels = {} } = stage.node(lost).metadata;
  const { status } = stage.node(lost);
  stage.cluster.faults.deleteNodeObject(lost);
  store.create(nodes, { apiVersion: "v1", kind: "Node", metadata: { name, labels }, spec: {}, status });
  await comeBack();
  const refused = await stage.run(`uncordon ${lost}`);
  expect(refused).toMatchObject({ code: 3, stderr: expect.stringContaining(`WARNING: ${lost} was never off`) });
  const waived = await stage.run(`uncordon ${lost} --waive HostWasNeverOff`);
  expect(waived).toMatchObject({ code: 0, stdout: `node/${lost} already uncordoned` });
  // Whoever has looked is not asked again.
  expect(await stage.run(`uncordon ${lost}`)).toMatchObject({ code: 0, stderr: "" });
});

test("an out-of-service taint of a colleague stays, and how it comes off is told", async () => {
  stage = await openStage(scenarioOf([powerLoss]));
  stage.cluster.store.modify(nodes, undefined, lost, (node) => {
    const taint = { key: outOfService, value: "bob", effect: "NoExecute" };
    node.spec.taints = [...(node.spec.taints ?? []), taint];
  });
  await stage.run(`recover ${lost} ${word}`);
  await comeBack();
  const untaint = `kubectl taint node ${lost} ${outOfService}-`;
  const again = await stage.run(`recover ${lost} --dry-run`);
  expect(again).toMatchObject({ code: 3, stderr: expect.stringContaining(`under which no pod may run: ${untaint}`) });
  const given = await stage.run(`uncordon ${lost} --wait=false`);
  expect(given).toMatchObject({ code: 0, stdout: `node/${lost} uncordoned` });
  expect(given.stderr.replace(/\s+/g, " ")).toContain(`no pod may run there until it is off: ${untaint}`);
  expect(stage.taints()).toEqual([outOfService]);
});

test("a node that is still away is not given back: its bootID would tell nothing", async () => {
  await recovered(powerLoss);
  const before = stage.writes();
  const { code, stderr } = await stage.run(`uncordon ${lost}`);
  expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringMatching(/has not come back: it is not Ready/) });
  expect(await stage.run(`uncordon ${lost} --waive NodeNotReady`)).toMatchObject({ code: 3 });
  expect(stage.writes()).toEqual(before);
  expect(await stage.run(`uncordon ${lost} --waive NodeNotReady --waive HostWasNeverOff --wait=false`)).toMatchObject({
    code: 0,
  });
  expect(stage.taints()).not.toContain(outOfService);
});

test("a recovery is nothing that abort could undo", async () => {
  await recovered(powerLoss);
  const before = stage.writes();
  const { code, stderr } = await stage.run(`abort ${lost} --yes`);
  expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringMatching(/a recovery cannot be undone/) });
  expect(stage.writes()).toEqual(before);
});
