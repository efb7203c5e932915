/** Evacuation: from the mark that an eviction leaves to the VM on another node, and the ways back from there. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Cluster, eventually, type Json, kubevirt, openCluster, subresources } from "./cluster.ts";
import { condition, type Machines, machinesIn } from "./machines.ts";

let cluster: Cluster;
let machines: Machines;
beforeAll(async () => {
  cluster = await openCluster("evacuation");
  machines = machinesIn(cluster);
}, 60_000);
afterAll(() => cluster?.close());

const webhook = (text: string) =>
  `admission webhook "virt-launcher-eviction-interceptor.kubevirt.io" denied the request: ${text}`;
const migrations = () => `${kubevirt}/namespaces/${cluster.namespace}/virtualmachineinstancemigrations`;
const cancel = (name: string, body?: unknown, { accept = "*/*", owner = "virtualmachineinstances" } = {}) =>
  cluster.ask(`PUT ${subresources}/namespaces/${cluster.namespace}/${owner}/${name}/evacuate/cancel`, {
    accept,
    ...(body === undefined ? {} : { body }),
  });
const mark = async (name: string) => (await machines.instanceOf(name)).status.evacuationNodeName;

/** A VMI that runs where only it can run, so that its migrations wait for a node for as long as a test needs. */
async function pinned(name: string): Promise<{ node: string; launcher: Json }> {
  const nodes = (await cluster.ask("GET /api/v1/nodes?labelSelector=kubevirt.io%2Fschedulable%3Dtrue")).body.items;
  const free = nodes.find(({ spec }: Json) => spec.unschedulable !== true && spec.taints === undefined);
  const hostname = free.metadata.labels["kubernetes.io/hostname"];
  await machines.createMachine(name, {
    strategy: "LiveMigrate",
    nodeSelector: { "kubernetes.io/hostname": hostname },
  });
  await machines.running(name);
  return { node: free.metadata.name, launcher: await machines.launcher(name) };
}

describe("an evacuation", () => {
  let source: Json;
  let uid: string;
  let done: Json;
  beforeAll(async () => {
    await machines.createMachine("moves", { strategy: "LiveMigrate" });
    const [vmi] = await machines.running("moves");
    uid = vmi.metadata.uid;
    source = await machines.launcher("moves");
  }, 120_000);

  test("begins with an eviction that is refused, and refuses every other", async () => {
    const triggered = `Eviction triggered evacuation of VMI "${cluster.namespace}/moves"`;
    const first = await machines.evict(source);
    expect(first).toMatchObject({ status: 429, body: { message: webhook(triggered) } });
    const second = await machines.evict(source);
    expect(second).toMatchObject({ status: 429, body: { message: webhook(`Evacuation in progress: ${triggered}`) } });
  });

  test("is a migration of KubeVirt's own, told by its annotation", async () => {
    const [migration] = await eventually(
      "the migration",
      () => machines.migrationsOf("moves"),
      (all) => all.length > 0,
    );
    expect(migration).toMatchObject({
      metadata: {
        name: expect.stringMatching(/^kubevirt-evacuation-[a-z0-9]{5}$/),
        annotations: { "kubevirt.io/evacuationMigration": source.spec.nodeName },
        labels: { "kubevirt.io/vmi-name": "moves" },
        finalizers: ["kubevirt.io/migrationJobFinalize"],
      },
      spec: { vmiName: "moves", priority: "system-critical" },
    });
    expect(migration.metadata.ownerReferences).toBeUndefined();
  });

  test("ends with the VM on another node, the same VMI, and no mark", async () => {
    [done] = await eventually(
      "the migration succeeds",
      () => machines.migrationsOf("moves"),
      ([migration]) => ["Succeeded", "Failed"].includes(migration?.status?.phase),
    );
    expect(done.status.phase).toBe("Succeeded");
    const vmi = await machines.instanceOf("moves");
    expect(vmi.metadata.uid).toBe(uid);
    expect(vmi.status.nodeName).not.toBe(source.spec.nodeName);
    expect(vmi.metadata.labels["kubevirt.io/nodeName"]).toBe(vmi.status.nodeName);
    expect(vmi.status.evacuationNodeName).toBeUndefined();
    expect(vmi.status.migrationState).toMatchObject({
      migrationUid: done.metadata.uid,
      sourceNode: source.spec.nodeName,
      sourcePod: source.metadata.name,
      targetNode: vmi.status.nodeName,
      completed: true,
      startTimestamp: expect.any(String),
      endTimestamp: expect.any(String),
    });
    await machines.running("moves");
  });

  test("has gone through its phases in order, each with its time", () => {
    const phases = done.status.phaseTransitionTimestamps.map(({ phase }: Json) => phase);
    const order = ["Pending", "Scheduling", "Scheduled", "PreparingTarget", "TargetReady", "Running", "Succeeded"];
    expect(phases).toEqual(order.filter((phase) => phases.includes(phase)));
    expect(phases).toEqual(expect.arrayContaining(["Scheduling", "Running", "Succeeded"]));
  });

  test("leaves the source pod finished on the old node, where its eviction is free", async () => {
    const path = `/api/v1/namespaces/${cluster.namespace}/pods/${source.metadata.name}`;
    const left = await eventually(
      "the source pod has ended",
      async () => (await cluster.ask(`GET ${path}`)).body,
      (pod) => pod.status?.phase === "Succeeded",
    );
    expect(left.spec.nodeName).toBe(source.spec.nodeName);
    expect((await machines.evict(source, { dryRun: true })).status).toBe(201);
  });

  test("was carried to a pod that names the migration", async () => {
    const target = await machines.launcher("moves");
    expect(target.metadata.labels["kubevirt.io/migrationJobUID"]).toBe(done.metadata.uid);
    expect(target.metadata.annotations["kubevirt.io/migrationJobName"]).toBe(done.metadata.name);
    expect(target.status.phase).toBe("Running");
  });

  test("is told in the VM's events", async () => {
    const events = await eventually(
      "the events",
      async () => (await cluster.ask(`GET /api/v1/namespaces/${cluster.namespace}/events`)).body.items,
      (all: Json[]) =>
        all.some(({ reason, involvedObject }) => reason === "Migrated" && involvedObject.name === "moves"),
    );
    const created = events.find(
      ({ reason, involvedObject }: Json) =>
        reason === "SuccessfulCreate" && involvedObject.name === "moves" && involvedObject.kind.endsWith("Instance"),
    );
    expect(created).toBeDefined();
  });
});

describe("an evacuation that finds no node", () => {
  let node: string;
  let launcher: Json;
  let migration: Json;
  beforeAll(async () => {
    ({ node, launcher } = await pinned("stays"));
    await machines.evict(launcher);
    [migration] = await eventually(
      "the migration waits for a node",
      () => machines.migrationsOf("stays"),
      ([seen]) => seen?.status?.phase === "Scheduling",
    );
  }, 120_000);

  const targets = async (): Promise<Json[]> =>
    (await machines.launchers(await machines.instanceOf("stays"))).filter(
      ({ metadata }: Json) => metadata.uid !== launcher.metadata.uid,
    );

  test("waits with a pod that cannot be scheduled", async () => {
    const [target] = await eventually("the target pod's word", targets, ([pod]) => {
      return condition(pod, "PodScheduled")?.status === "False";
    });
    expect(target.status.phase).toBe("Pending");
    expect(condition(target, "PodScheduled")).toMatchObject({ reason: "Unschedulable", message: expect.any(String) });
    expect(target.metadata.labels["kubevirt.io/migrationJobUID"]).toBe(migration.metadata.uid);
  });

  test("lets no user start another migration meanwhile", async () => {
    const { status, body } = await cluster.ask(`POST ${migrations()}`, {
      body: {
        apiVersion: "kubevirt.io/v1",
        kind: "VirtualMachineInstanceMigration",
        metadata: { generateName: "mine-" },
        spec: { vmiName: "stays" },
      },
    });
    expect(status).toBe(400);
    expect(body.message).toBe(
      `admission webhook "migration-create-validator.kubevirt.io" denied the request: in-flight migration detected. Active migration job (${migration.metadata.uid}) is currently already in progress for VMI stays.`,
    );
  });

  test("answers the eviction of its target pod as that of a VMI under way", async () => {
    const [target] = await targets();
    const { status, body } = await machines.evict(target, { dryRun: true });
    expect([status, body.message]).toEqual([
      429,
      webhook(`Evacuation in progress: Eviction triggered evacuation of VMI "${cluster.namespace}/stays"`),
    ]);
  });

  test("is taken back by cancelling the mark first and the migration then, and leaves nothing", async () => {
    expect(await cancel("stays", { evacuationNodeName: node })).toMatchObject({ status: 200, body: undefined });
    expect(await mark("stays")).toBeUndefined();
    const { name, uid } = migration.metadata;
    const answer = await cluster.ask(`DELETE ${migrations()}/${name}`, {
      body: { apiVersion: "v1", kind: "DeleteOptions", preconditions: { uid } },
    });
    expect(answer.status).toBe(200);
    await eventually(
      "the migration is gone",
      () => machines.migrationsOf("stays"),
      (all) => all.length === 0,
    );
    const left = await eventually("the target pod is gone", targets, (pods) =>
      pods.every(({ status }) => ["Succeeded", "Failed"].includes(status.phase)),
    );
    expect(left.filter(({ status }) => status.phase === "Running")).toEqual([]);
    const vmi = await machines.instanceOf("stays");
    expect(vmi.status).toMatchObject({ phase: "Running", nodeName: node });
    const unmarked = await eventually(
      "the condition goes",
      () => machines.instanceOf("stays"),
      (seen) => condition(seen, "EvictionRequested") === undefined,
    );
    expect(unmarked.metadata.uid).toBe(vmi.metadata.uid);
  });

  test("a migration that is gone cannot be deleted again", async () => {
    const { status, body } = await cluster.ask(`DELETE ${migrations()}/${migration.metadata.name}`);
    expect([status, body.reason]).toEqual([404, "NotFound"]);
  });
});

describe("a migration that a user has asked for", () => {
  test("makes the eviction of its target pod wait, for the VMI is not marked", async () => {
    await pinned("asked");
    const migration = await cluster.create(migrations(), {
      apiVersion: "kubevirt.io/v1",
      kind: "VirtualMachineInstanceMigration",
      metadata: { generateName: "mine-" },
      spec: { vmiName: "asked" },
    });
    const ofMigration = async () =>
      (await machines.launchers(await machines.instanceOf("asked"))).filter(
        ({ metadata }: Json) => metadata.labels["kubevirt.io/migrationJobUID"] === migration.metadata.uid,
      );
    const [target] = await eventually("the target pod", ofMigration, (found) => found.length > 0);
    const { status, body } = await machines.evict(target);
    expect([status, body.message]).toEqual([429, webhook("Eviction request for target Pod")]);
    expect(await mark("asked")).toBeUndefined();
  }, 120_000);
});

describe("taking a mark back", () => {
  let node: string;
  beforeAll(async () => {
    await machines.createMachine("external", { strategy: "External" });
    await machines.running("external");
    const launcher = await machines.launcher("external");
    node = launcher.spec.nodeName;
    await machines.evict(launcher);
    expect(await mark("external")).toBe(node);
  }, 120_000);

  test("is not possible for a client that accepts JSON alone", async () => {
    const { status, type, body } = await cancel(
      "external",
      { evacuationNodeName: node },
      { accept: "application/json" },
    );
    expect([status, type]).toEqual([406, "text/plain"]);
    expect(String(body)).toContain("406: Not Acceptable");
  });

  const internal = {
    kind: "Status",
    reason: "InternalError",
    message: "Internal error occurred: the server rejected our request due to an error in our request",
  };
  test.each([
    ["without a body", undefined],
    ["of another node", { evacuationNodeName: "elsewhere" }],
    ["without the node's name", {}],
  ])("%s is an error of the server", async (_case, body) => {
    expect(await cancel("external", body)).toMatchObject({ status: 500, body: internal });
    expect(await mark("external")).toBe(node);
  });

  test("as a dry run leaves it", async () => {
    const answer = await cancel("external", { evacuationNodeName: node, dryRun: ["All"] });
    expect(answer).toMatchObject({ status: 200, body: undefined });
    expect(await mark("external")).toBe(node);
  });

  test("works once, and does nothing the second time", async () => {
    for (let time = 0; time < 2; time += 1) {
      expect(await cancel("external", { evacuationNodeName: node })).toMatchObject({ status: 200, body: undefined });
      expect(await mark("external")).toBeUndefined();
    }
  });

  test("goes through the VM as well", async () => {
    await machines.evict(await machines.launcher("external"));
    const answer = await cancel("external", { evacuationNodeName: node }, { owner: "virtualmachines" });
    expect(answer.status).toBe(200);
    expect(await mark("external")).toBeUndefined();
  });

  test("of a VMI that does not exist answers 404 in the words of virt-api", async () => {
    expect(await cancel("nobody", { evacuationNodeName: node })).toMatchObject({
      status: 404,
      body: {
        message: 'virtualmachineinstance.kubevirt.io "nobody" not found',
        details: { name: "nobody", group: "kubevirt.io", kind: "virtualmachineinstance" },
      },
    });
  });
});

describe("the drain taint", () => {
  /** Everything migratable on a tainted node moves at once: only for a node where nobody else has a VM. */
  test("evacuates a node without marks, and forbids to take marks back", async ({ skip }) => {
    await machines.createMachine("tainted", { strategy: "LiveMigrate" });
    const [vmi] = await machines.running("tainted");
    const node = vmi.status.nodeName;
    const selector = encodeURIComponent(`kubevirt.io/nodeName=${node}`);
    const all = (await cluster.ask(`GET ${kubevirt}/virtualmachineinstances?labelSelector=${selector}`)).body.items;
    const others = all.filter(({ metadata }: Json) => metadata.namespace !== cluster.namespace);
    skip(others.length > 0, `node ${node} has VMIs of others`);
    const before = (await cluster.ask(`GET /api/v1/nodes/${node}`)).body.spec.taints ?? [];
    const setTaints = (taints: Json[]) =>
      cluster.ask(`PATCH /api/v1/nodes/${node}`, {
        body: { spec: { taints } },
        contentType: "application/merge-patch+json",
      });
    await setTaints([...before, { key: "kubevirt.io/drain", effect: "NoSchedule" }]);
    try {
      const { status, body } = await cancel("tainted", { evacuationNodeName: node });
      expect([status, body.reason]).toEqual([400, "BadRequest"]);
      expect(body.message).toMatch(
        new RegExp(`^Node "${node}" has NodeDrainTaintKey "&Taint\\{Key:kubevirt.io/drain,Value:,Effect:NoSchedule,`),
      );
      const moved = await eventually(
        "the VM has moved",
        () => machines.instanceOf("tainted"),
        (seen) => seen.status.nodeName !== node,
      );
      expect(moved.metadata.uid).toBe(vmi.metadata.uid);
      const [migration] = await machines.migrationsOf("tainted");
      expect(migration.metadata.annotations["kubevirt.io/evacuationMigration"]).toBe(node);
    } finally {
      await setTaints(before);
    }
  });
});
