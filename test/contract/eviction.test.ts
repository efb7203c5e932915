/** What the eviction of a pod answers: KubeVirt's webhooks first, budgets after them, and what is looked at in which order. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Cluster, eventually, type Json, kubevirt, openCluster } from "./cluster.ts";
import { condition, type Machines, machinesIn, pod } from "./machines.ts";

let cluster: Cluster;
let machines: Machines;
/** The launcher pod of each VMI by the VMI's name. */
const launchers: Record<string, Json> = {};

const webhook = (text: string) =>
  `admission webhook "virt-launcher-eviction-interceptor.kubevirt.io" denied the request: ${text}`;
/** A finalizer that nobody but these tests takes off. */
const hold = "vmnode.example/hold";
const release = (name: string, namespace: string) =>
  cluster.ask(`PATCH /api/v1/namespaces/${namespace}/pods/${name}`, {
    body: { metadata: { finalizers: null } },
    contentType: "application/merge-patch+json",
  });
const otherUid = "00000000-0000-0000-0000-000000000000";

beforeAll(async () => {
  cluster = await openCluster("eviction");
  machines = machinesIn(cluster);
  await Promise.all([
    machines.createMachine("moves", { strategy: "LiveMigrate" }),
    machines.createMachine("blocked", { strategy: "LiveMigrate", bridge: true }),
    machines.createMachine("if-possible", { strategy: "LiveMigrateIfPossible", bridge: true }),
    machines.createMachine("moves-if-possible", { strategy: "LiveMigrateIfPossible" }),
    machines.createMachine("external", { strategy: "External" }),
    machines.createMachine("none", { strategy: "None" }),
    machines.createMachine("guarded", { strategy: "None", labels: { team: "guarded" } }),
    machines.createMachine("relative", { strategy: "None", labels: { team: "relative" } }),
    machines.createMachine("doubly", { strategy: "None", labels: { team: "doubly" } }),
    machines.createMachine("marked", { strategy: "External" }),
  ]);
  const names = [
    "moves",
    "blocked",
    "if-possible",
    "moves-if-possible",
    "external",
    "none",
    "guarded",
    "relative",
    "doubly",
    "marked",
  ];
  await machines.running(...names);
  for (const name of names) launchers[name] = await machines.launcher(name);
}, 120_000);

afterAll(() => cluster?.close());

const mark = async (name: string) => (await machines.instanceOf(name)).status.evacuationNodeName;

describe("KubeVirt's answer to a dry run", () => {
  const allowed = { status: 201, body: { kind: "Status", status: "Success", code: 201 } };
  const refused = (text: (namespace: string) => string) => ({ status: 429, text });
  test.each([
    ["LiveMigrate, migratable", "moves", refused((ns) => `Eviction triggered evacuation of VMI "${ns}/moves"`)],
    [
      "LiveMigrate, not migratable",
      "blocked",
      refused(() => "VMI blocked is configured with an eviction strategy but is not live-migratable"),
    ],
    ["LiveMigrateIfPossible, not migratable", "if-possible", allowed],
    [
      "LiveMigrateIfPossible, migratable",
      "moves-if-possible",
      refused((ns) => `Eviction triggered evacuation of VMI "${ns}/moves-if-possible"`),
    ],
    ["External", "external", refused((ns) => `Eviction triggered evacuation of VMI "${ns}/external"`)],
    ["None", "none", allowed],
  ])("%s", async (_case, name, expected) => {
    const { status, body } = await machines.evict(launchers[name], { dryRun: true });
    expect(status).toBe(expected.status);
    if ("text" in expected) {
      expect(body).toStrictEqual({
        kind: "Status",
        apiVersion: "v1",
        metadata: {},
        status: "Failure",
        message: webhook(expected.text(cluster.namespace)),
        code: 429,
      });
    } else {
      expect(body).toMatchObject(expected.body);
    }
    expect(await mark(name)).toBeUndefined();
  });

  test("said in the body alone or in the URL alone is a dry run, too", async () => {
    const inBody = await machines.evict(launchers.moves, { deleteOptions: { dryRun: ["All"] } });
    expect(inBody.status).toBe(429);
    const { name, namespace } = launchers.moves.metadata;
    const inUrl = await cluster.ask(`POST /api/v1/namespaces/${namespace}/pods/${name}/eviction?dryRun=All`, {
      body: { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace } },
    });
    expect(inUrl.body.message).toBe(inBody.body.message);
    expect(await mark("moves")).toBeUndefined();
  });
});

test("a webhook's refusal has no reason, no details and no Retry-After", async () => {
  const { body, headers } = await machines.evict(launchers.blocked, { dryRun: true });
  expect(body.reason).toBeUndefined();
  expect(body.details).toBeUndefined();
  expect(headers["retry-after"]).toBeUndefined();
});

describe("the Eviction itself", () => {
  const url = () => {
    const { name, namespace } = launchers.none.metadata;
    return `POST /api/v1/namespaces/${namespace}/pods/${name}/eviction?dryRun=All`;
  };
  const eviction = (metadata: Json) => ({ apiVersion: "policy/v1", kind: "Eviction", metadata });

  test.each([
    ["another name", { name: "other" }],
    ["no name", {}],
  ])("with %s is refused", async (_case, metadata) => {
    const { status, body } = await cluster.ask(url(), { body: eviction(metadata) });
    expect(status).toBe(400);
    expect(body).toMatchObject({
      message: "name in URL does not match name in Eviction object",
      reason: "BadRequest",
    });
  });

  test("of a pod that does not exist answers 404, although its name is a launcher's", async () => {
    const { status, body } = await machines.evict({ metadata: { name: "virt-launcher-nobody" } }, { dryRun: true });
    expect(status).toBe(404);
    expect(body).toMatchObject({
      message: 'pods "virt-launcher-nobody" not found',
      reason: "NotFound",
      details: { name: "virt-launcher-nobody", kind: "pods" },
    });
  });

  test("with another UID is a conflict where the webhook allows", async () => {
    const preconditions = { uid: otherUid };
    const { status, body } = await machines.evict(launchers.none, {
      dryRun: true,
      deleteOptions: { preconditions },
    });
    expect(status).toBe(409);
    const { name, uid } = launchers.none.metadata;
    expect(body).toMatchObject({
      reason: "Conflict",
      message: `Operation cannot be fulfilled on Pod "${name}": the UID in the precondition (${otherUid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
      details: { name, kind: "Pod" },
    });
  });

  test("with another resourceVersion is a conflict where the webhook allows", async () => {
    const preconditions = { resourceVersion: "1" };
    const { status, body } = await machines.evict(launchers.none, {
      dryRun: true,
      deleteOptions: { preconditions },
    });
    expect(status).toBe(409);
    expect(body.message).toContain("the ResourceVersion in the precondition (1) does not match the ResourceVersion");
  });

  test("with another UID is not looked at by the webhook", async () => {
    const preconditions = { uid: otherUid };
    const answer = await machines.evict(launchers.moves, { dryRun: true, deleteOptions: { preconditions } });
    expect(answer.status).toBe(429);
    expect(answer.body.message).toContain("Eviction triggered evacuation of VMI");
  });
});

describe("an External VMI", () => {
  test("is marked by its first eviction, says so at the next, and nobody migrates it", async () => {
    const first = await machines.evict(launchers.marked);
    const triggered = `Eviction triggered evacuation of VMI "${cluster.namespace}/marked"`;
    expect(first).toMatchObject({ status: 429, body: { message: webhook(triggered) } });
    expect(await mark("marked")).toBe(launchers.marked.spec.nodeName);
    const second = await machines.evict(launchers.marked);
    expect(second.body.message).toBe(webhook(`Evacuation in progress: ${triggered}`));
    const vmi = await eventually(
      "the condition",
      () => machines.instanceOf("marked"),
      (seen) => Boolean(condition(seen, "EvictionRequested")),
    );
    expect(condition(vmi, "EvictionRequested")).toMatchObject({ status: "True", reason: "EvictionRequested" });
    expect(await machines.migrationsOf("marked")).toEqual([]);
  });
});

describe("a launcher pod whose VMI does not exist", () => {
  test("is refused for ever", async () => {
    const orphan = pod("virt-launcher-ghost-abcde", { "kubevirt.io": "virt-launcher" });
    orphan.metadata.annotations = { "kubevirt.io/domain": "ghost" };
    const made = await cluster.create(`/api/v1/namespaces/${cluster.namespace}/pods`, orphan);
    const { status, body } = await machines.evict(made, { dryRun: true });
    expect(status).toBe(429);
    expect(body.message).toBe(
      webhook('kubevirt failed getting the vmi: virtualmachineinstances.kubevirt.io "ghost" not found'),
    );
  });

  test.each([
    ["none", 201, /^undefined$/],
    ["moves", 429, /Eviction (?:triggered evacuation of VMI|request for target Pod)/],
  ])("is answered for another one of its name: %s", async (name, status, message) => {
    const labels = { "kubevirt.io": "virt-launcher", "kubevirt.io/created-by": otherUid };
    const orphan = pod(`virt-launcher-${name}-zzzzz`, labels);
    orphan.metadata.annotations = { "kubevirt.io/domain": name };
    const made = await cluster.create(`/api/v1/namespaces/${cluster.namespace}/pods`, orphan);
    const answer = await machines.evict(made, { dryRun: true });
    expect(answer.status).toBe(status);
    expect(String(answer.body.message)).toMatch(message);
  });

  test.each([
    ["without the label of a launcher", {}, { "kubevirt.io/domain": "ghost" }],
    ["without the annotation of its domain", { "kubevirt.io": "virt-launcher" }, {}],
  ])("but %s it may go", async (_case, labels, annotations) => {
    const named = pod(`virt-launcher-stray-${Object.keys(labels).length}`, labels);
    named.metadata.annotations = annotations;
    const made = await cluster.create(`/api/v1/namespaces/${cluster.namespace}/pods`, named);
    expect((await machines.evict(made, { dryRun: true })).status).toBe(201);
  });
});

describe("a hotplug pod", () => {
  test("may not go while its launcher runs, whatever the VMI's strategy", async () => {
    const owner = launchers.none;
    const hotplug = pod("hp-volume-abcde", { "kubevirt.io": "hotplug-disk" });
    const { name, uid } = owner.metadata;
    // virt-controller deletes attachment pods that no VMI asked for; this one stays in spite of that.
    hotplug.metadata.finalizers = [hold];
    hotplug.metadata.ownerReferences = [{ apiVersion: "v1", kind: "Pod", name, uid, controller: true }];
    const made = await cluster.create(`/api/v1/namespaces/${cluster.namespace}/pods`, hotplug);
    const { status, body } = await machines.evict(made, { dryRun: true });
    expect(status).toBe(429);
    expect(body.message).toBe(
      `admission webhook "hotplug-pod-eviction-interceptor.kubevirt.io" denied the request: cannot evict hotplug pod: hp-volume-abcde associated with running vmi: none in namespace ${cluster.namespace}`,
    );
    await release("hp-volume-abcde", cluster.namespace);
  });
});

describe("a hotplug pod without owner", () => {
  test("may go", async () => {
    const hotplug = pod("hp-volume-alone", { "kubevirt.io": "hotplug-disk" });
    hotplug.metadata.finalizers = [hold];
    const made = await cluster.create(`/api/v1/namespaces/${cluster.namespace}/pods`, hotplug);
    expect((await machines.evict(made, { dryRun: true })).status).toBe(201);
    await release("hp-volume-alone", cluster.namespace);
  });
});

describe("budgets", () => {
  const budgets = () => `/apis/policy/v1/namespaces/${cluster.namespace}/poddisruptionbudgets`;
  const makeBudget = async (name: string, spec: Json): Promise<Json> => {
    await cluster.create(budgets(), { apiVersion: "policy/v1", kind: "PodDisruptionBudget", metadata: { name }, spec });
    return await eventually(
      `budget ${name} is judged`,
      async () => (await cluster.ask(`GET ${budgets()}/${name}`)).body,
      (seen) => condition(seen, "DisruptionAllowed") !== undefined,
    );
  };
  const team = (name: string) => ({ selector: { matchLabels: { team: name } } });

  test("that is spent refuses, and names itself and its numbers only in the causes", async () => {
    const budget = await makeBudget("always-one", { ...team("guarded"), minAvailable: 1 });
    expect(budget.status).toMatchObject({
      observedGeneration: 1,
      disruptionsAllowed: 0,
      currentHealthy: 1,
      desiredHealthy: 1,
      expectedPods: 1,
    });
    expect(condition(budget, "DisruptionAllowed")).toMatchObject({ status: "False", reason: "InsufficientPods" });
    for (const dryRun of [true, false]) {
      const { status, headers, body } = await machines.evict(launchers.guarded, { dryRun });
      expect(status).toBe(429);
      expect(headers["retry-after"]).toBeUndefined();
      expect(body).toMatchObject({
        reason: "TooManyRequests",
        message: "Cannot evict pod as it would violate the pod's disruption budget.",
        details: {
          causes: [
            {
              reason: "DisruptionBudget",
              message: "The disruption budget always-one needs 1 healthy pods and has 1 currently",
            },
          ],
        },
      });
    }
  });

  test("with maxUnavailable over a VM fails to sync, and says for ever that it is being processed", async () => {
    const budget = await makeBudget("at-most-one", { ...team("relative"), maxUnavailable: 1 });
    expect(budget.status.observedGeneration).toBeUndefined();
    expect(condition(budget, "DisruptionAllowed")).toMatchObject({
      status: "False",
      reason: "SyncFailed",
      message: "virtualmachineinstances.kubevirt.io does not implement the scale subresource",
    });
    const { status, headers, body } = await machines.evict(launchers.relative, { dryRun: true });
    expect(status).toBe(429);
    expect(headers["retry-after"]).toBe("10");
    expect(body.details).toMatchObject({
      causes: [
        {
          reason: "DisruptionBudget",
          message: "The disruption budget at-most-one is still being processed by the server.",
        },
      ],
      retryAfterSeconds: 10,
    });
    const events = await eventually(
      "the controller's complaint",
      async () =>
        (await cluster.ask(`GET /api/v1/namespaces/${cluster.namespace}/events`)).body.items.filter(
          (event: Json) => event.involvedObject.name === "at-most-one",
        ),
      (found) => found.some((event: Json) => event.reason === "CalculateExpectedPodCountFailed"),
    );
    expect(events[0].type).toBe("Warning");
  });

  test("two on one pod are an error of the server without a reason", async () => {
    await makeBudget("first", { ...team("doubly"), minAvailable: 0 });
    await makeBudget("second", { ...team("doubly"), minAvailable: 0 });
    const { status, body } = await machines.evict(launchers.doubly, { dryRun: true });
    expect(status).toBe(500);
    expect(body.message).toBe(
      "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
    );
    expect(body.reason).toBeUndefined();
  });

  test("are not asked when the webhook refuses already, nor for a pod that no budget selects", async () => {
    await makeBudget("nobody", { minAvailable: 100 });
    const { selector: _, ...none } = (await cluster.ask(`GET ${budgets()}/nobody`)).body.spec;
    expect(none).toEqual({ minAvailable: 100 });
    expect((await machines.evict(launchers.none, { dryRun: true })).status).toBe(201);
    await makeBudget("everybody", { minAvailable: 100, selector: {} });
    expect((await machines.evict(launchers.moves, { dryRun: true })).body.message).toContain("Eviction triggered");
    const { body } = await machines.evict(launchers.none, { dryRun: true });
    expect(body.details.causes[0].message).toMatch(
      /^The disruption budget everybody needs 100 healthy pods and has \d+ currently$/,
    );
    await cluster.ask(`DELETE ${budgets()}/everybody`);
  });

  test("that allow a disruption let the pod go, and count it as disrupted at once", async () => {
    const labels = { app: "web" };
    const pods = `/api/v1/namespaces/${cluster.namespace}/pods`;
    for (const name of ["web-1", "web-2"]) await cluster.create(pods, pod(name, labels));
    for (const name of ["web-1", "web-2"]) {
      await eventually(
        `pod ${name} is ready`,
        async () => (await cluster.ask(`GET ${pods}/${name}`)).body,
        (seen) => condition(seen, "Ready")?.status === "True",
      );
    }
    await makeBudget("one-web", { minAvailable: 1, selector: { matchLabels: labels } });
    const budget = await eventually(
      "the budget has seen both pods",
      async () => (await cluster.ask(`GET ${budgets()}/one-web`)).body,
      (seen) => seen.status.disruptionsAllowed === 1,
    );
    expect(condition(budget, "DisruptionAllowed")).toMatchObject({ status: "True", reason: "SufficientPods" });
    const watched = await cluster.ask(`GET ${pods}/web-1`);
    const first = await machines.evict(watched.body);
    expect(first).toMatchObject({ status: 201, body: { kind: "Status", status: "Success", code: 201 } });
    const second = await machines.evict({ metadata: { name: "web-2" } });
    expect(second.status).toBe(429);
    const gone = async () => (await cluster.ask(`GET ${pods}/web-1`)).status;
    await eventually("the evicted pod is gone", gone, (status) => status === 404);
  });
});

test("an eviction in a namespace that is being deleted is forbidden, with a cause that says why", async () => {
  const name = `${cluster.namespace}-dying`;
  await cluster.create("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name } });
  const held = pod("held");
  held.metadata.finalizers = [hold];
  await cluster.create(`/api/v1/namespaces/${name}/pods`, held);
  await cluster.ask(`DELETE /api/v1/namespaces/${name}`);
  try {
    const { status, body } = await cluster.ask(`POST /api/v1/namespaces/${name}/pods/held/eviction`, {
      body: { apiVersion: "policy/v1", kind: "Eviction", metadata: { name: "held", namespace: name } },
    });
    expect(status).toBe(403);
    expect(body).toMatchObject({
      reason: "Forbidden",
      message: `pods "held" is forbidden: unable to create new content in namespace ${name} because it is being terminated`,
      details: {
        name: "held",
        kind: "pods",
        causes: [
          {
            reason: "NamespaceTerminating",
            message: `namespace ${name} is being terminated`,
            field: "metadata.namespace",
          },
        ],
      },
    });
  } finally {
    await release("held", name);
  }
  const read = async () => (await cluster.ask(`GET /api/v1/namespaces/${name}`)).status;
  await eventually("the namespace is gone", read, (status) => status === 404);
});

test("a VMI whose strategy is not set gets the cluster's default when it is created", async () => {
  const { body } = await cluster.ask(`GET ${kubevirt}/kubevirts`);
  const wanted = body.items[0].spec.configuration?.evictionStrategy ?? "None";
  const vmi = await machines.createInstance("unset");
  expect(vmi.spec.evictionStrategy).toBe(wanted);
});
