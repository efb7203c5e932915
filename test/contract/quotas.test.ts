/** Resource quotas: what they count, which pods they refuse and in which words, and what KubeVirt makes of that. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { parseQuantity } from "../../lib/model/quantity.ts";
import { type Answer, type Cluster, eventually, type Json, kubevirt, openCluster } from "./cluster.ts";
import { type Machines, machinesIn, pod } from "./machines.ts";

let cluster: Cluster;
let machines: Machines;
let core: string;
let migrations: string;
beforeAll(async () => {
  cluster = await openCluster("quotas");
  machines = machinesIn(cluster);
  core = `/api/v1/namespaces/${cluster.namespace}`;
  migrations = `${kubevirt}/namespaces/${cluster.namespace}/virtualmachineinstancemigrations`;
}, 120_000);
afterAll(() => cluster?.close());
afterEach(async () => {
  await cluster.ask(`DELETE ${core}/resourcequotas`);
  const names: string[] = (await cluster.ask(`GET ${core}/pods`)).body.items
    .map(({ metadata }: Json) => metadata.name)
    .filter((name: string) => name.startsWith("p-"));
  for (const name of names) await cluster.ask(`DELETE ${core}/pods/${name}?gracePeriodSeconds=0`);
});

type Hard = Readonly<Record<string, string>>;

/** Makes a quota, and waits until the server has counted. */
async function limit(hard: Hard, spec: Json = {}): Promise<Json> {
  const object = { apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "small" }, spec: { hard, ...spec } };
  await cluster.create(`${core}/resourcequotas`, object);
  return settled(Object.keys(hard));
}

const settled = (resources: readonly string[]) =>
  eventually(
    "the quota's status tells what is used",
    async () => (await cluster.ask(`GET ${core}/resourcequotas/small`)).body,
    ({ status }) => resources.every((resource) => status?.used?.[resource] !== undefined),
  );

/** Tries to make a pod; it is there only in thought. */
function tryPod(resources?: Json, spec: Json = {}): Promise<Answer> {
  const wanted = pod("p-tried");
  const [container] = wanted.spec.containers;
  const containers = [{ ...container, ...(resources && { resources }) }];
  return cluster.ask(`POST ${core}/pods?dryRun=All`, {
    body: { ...wanted, spec: { ...wanted.spec, containers, ...spec } },
  });
}

const words = ({ status, body }: Answer) => (status === 201 ? "made" : `${status} ${body.reason}: ${body.message}`);
const forbidden = (why: string) => `403 Forbidden: pods "p-tried" is forbidden: ${why}`;
const small = { requests: { cpu: "100m", memory: "64Mi" } };

describe("a pod that exceeds a quota is refused", () => {
  test.each<[string, Hard, Json | undefined, string]>([
    ["by number", { pods: "0" }, small, "exceeded quota: small, requested: pods=1, used: pods=0, limited: pods=0"],
    [
      "by what it requests",
      { "requests.cpu": "50m", "requests.memory": "1Gi" },
      small,
      "exceeded quota: small, requested: requests.cpu=100m, used: requests.cpu=0, limited: requests.cpu=50m",
    ],
    [
      "by what it requests, in short",
      { memory: "32Mi" },
      small,
      "exceeded quota: small, requested: memory=64Mi, used: memory=0, limited: memory=32Mi",
    ],
    [
      "by its limits",
      { "limits.memory": "1Gi" },
      { requests: { memory: "64Mi" }, limits: { memory: "2Gi" } },
      "exceeded quota: small, requested: limits.memory=2Gi, used: limits.memory=0, limited: limits.memory=1Gi",
    ],
    [
      "by its mere existence",
      { "count/pods": "0" },
      small,
      "exceeded quota: small, requested: count/pods=1, used: count/pods=0, limited: count/pods=0",
    ],
    [
      "because it does not say what it needs",
      { "requests.memory": "1Gi", cpu: "4" },
      { requests: { cpu: "1" } },
      "failed quota: small: must specify requests.memory for: main",
    ],
  ])("%s", async (_what, hard, resources, why) => {
    await limit(hard);
    expect(words(await tryPod(resources))).toBe(forbidden(why));
  });

  test("and need not say what it needs of anything but CPU and memory", async () => {
    await limit({ "requests.ephemeral-storage": "1Gi" });
    expect(words(await tryPod())).toBe("made");
  });
});

describe("a quota of scopes counts no other pods", () => {
  const byClass = (operator: string, ...values: string[]) => ({
    scopeSelector: {
      matchExpressions: [{ scopeName: "PriorityClass", operator, ...(values.length > 0 && { values }) }],
    },
  });
  const elsewhere = {
    affinity: {
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          { weight: 1, podAffinityTerm: { namespaces: ["other"], topologyKey: "kubernetes.io/hostname" } },
        ],
      },
    },
  };
  const high = { priorityClassName: "system-node-critical" };
  const full = "exceeded quota: small, requested: pods=1, used: pods=0, limited: pods=0";

  test.each<[string, Json, Json | undefined, Json, boolean]>([
    ["NotTerminating", { scopes: ["NotTerminating"] }, small, {}, true],
    [
      "NotTerminating, and it has a deadline",
      { scopes: ["NotTerminating"] },
      small,
      { activeDeadlineSeconds: 9 },
      false,
    ],
    ["Terminating", { scopes: ["Terminating"] }, small, {}, false],
    ["Terminating, and it has a deadline", { scopes: ["Terminating"] }, small, { activeDeadlineSeconds: 9 }, true],
    ["NotBestEffort", { scopes: ["NotBestEffort"] }, small, {}, true],
    ["NotBestEffort, and it asks for nothing", { scopes: ["NotBestEffort"] }, undefined, {}, false],
    ["BestEffort", { scopes: ["BestEffort"] }, small, {}, false],
    ["BestEffort, and it asks for nothing", { scopes: ["BestEffort"] }, undefined, {}, true],
    ["two of which it has one", { scopes: ["NotTerminating", "BestEffort"] }, small, {}, false],
    ["classes, and it has none", byClass("In", "system-node-critical"), small, {}, false],
    ["any class, and it has none", byClass("Exists"), small, {}, false],
    ["no class", byClass("DoesNotExist"), small, {}, true],
    ["other classes, and it has none", byClass("NotIn", "system-node-critical"), small, {}, true],
    ["its class", byClass("In", "system-node-critical"), small, high, true],
    ["any class", byClass("Exists"), small, high, true],
    ["no class, and it has one", byClass("DoesNotExist"), small, high, false],
    ["other classes", byClass("NotIn", "system-node-critical"), small, high, false],
    ["affinity to other namespaces", { scopes: ["CrossNamespacePodAffinity"] }, small, elsewhere, true],
    ["affinity to other namespaces, without one", { scopes: ["CrossNamespacePodAffinity"] }, small, {}, false],
  ])("%s", async (_what, spec, resources, fields, counted) => {
    await limit({ pods: "0" }, spec);
    expect(words(await tryPod(resources, fields))).toBe(counted ? forbidden(full) : "made");
  });

  test("and its status leaves them out", async () => {
    await cluster.create(`${core}/pods`, pod("p-best-effort"));
    expect((await limit({ pods: "9" }, { scopes: ["NotBestEffort"] })).status.used).toEqual({ pods: "0" });
    await cluster.ask(`DELETE ${core}/resourcequotas/small`);
    expect((await limit({ pods: "9" }, { scopes: ["BestEffort"] })).status.used).toEqual({ pods: "1" });
  });
});

describe("a VM", () => {
  const migration = () => cluster.ask(`GET ${migrations}/away`).then(({ body }) => body);
  const isRejected = ({ status }: Json) =>
    (status?.conditions ?? []).some(({ type }: Json) => type === "migrationRejectedByResourceQuota");
  const raise = (hard: Hard) =>
    cluster.ask(`PATCH ${core}/resourcequotas/small`, {
      body: { spec: { hard } },
      contentType: "application/merge-patch+json",
    });
  const amount = ({ status: { used } }: Json, resource: string) => parseQuantity(used[resource]);
  const migrate = () =>
    cluster.create(migrations, {
      apiVersion: "kubevirt.io/v1",
      kind: "VirtualMachineInstanceMigration",
      metadata: { name: "away" },
      spec: { vmiName: "guest" },
    });

  beforeAll(async () => {
    await machines.createInstance("guest", { strategy: "LiveMigrate" });
    await machines.running("guest");
  }, 120_000);

  test("stays where it is until there is room for its second pod; the first one counts as an object for good", {
    timeout: 120_000,
  }, async () => {
    const before = await limit({ pods: "1", "count/pods": "5", "requests.memory": "8Gi" });
    expect(before.status.used).toMatchObject({ pods: "1", "count/pods": "1" });
    await migrate();
    const refused = await eventually("the migration is rejected", migration, isRejected);
    expect(refused.status.phase).toBe("Pending");
    expect(refused.status.conditions).toEqual([
      expect.objectContaining({ type: "migrationRejectedByResourceQuota", status: "True" }),
    ]);
    const events = (await cluster.ask(`GET ${core}/events?fieldSelector=reason%3DFailedCreate`)).body.items;
    expect(events.map(({ involvedObject }: Json) => involvedObject.kind)).toContain("VirtualMachineInstance");
    expect(events.map(({ message }: Json) => message).join("\n")).toMatch(
      /Error creating pod: pods "virt-launcher-guest-\w+" is forbidden: exceeded quota: small, requested: pods=1, used: pods=1, limited: pods=1/,
    );
    await raise({ pods: "2" });
    const ended = await eventually("the migration ends", migration, ({ status }) => status.phase === "Succeeded");
    expect(isRejected(ended)).toBe(false);
    const after = await eventually(
      "the source pod has ended",
      () => settled([]),
      (quota) => amount(quota, "pods") === 1,
    );
    expect(amount(after, "count/pods")).toBe(2);
    expect(amount(after, "requests.memory")).toBe(amount(before, "requests.memory"));
  });

  test("is given limits where a quota is of limits", { timeout: 120_000 }, async () => {
    const name = "limited";
    await limit({ "limits.memory": "8Gi", "limits.cpu": "4" });
    await machines.createInstance(name, { strategy: "None" });
    await machines.running(name);
    const { spec } = await machines.launcher(name);
    const { requests, limits } = spec.containers.find((one: Json) => one.name === "compute").resources;
    expect(parseQuantity(limits.memory)).toBe(2 * (parseQuantity(requests.memory) ?? 0));
    expect(limits.cpu).toBe("1");
  });
});
