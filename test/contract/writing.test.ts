/** How objects are changed and deleted: patches, conflicts, preconditions, dry runs, and who is noted as the writer. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Answer, type Cluster, eventually, type Json, kubevirt, openCluster } from "./cluster.ts";
import { machinesIn, pod } from "./machines.ts";

let cluster: Cluster;
let maps: string;
let pods: string;
let node: string;
beforeAll(async () => {
  cluster = await openCluster("writing");
  maps = `/api/v1/namespaces/${cluster.namespace}/configmaps`;
  pods = `/api/v1/namespaces/${cluster.namespace}/pods`;
  // A Node without a machine behind it: nobody else is disturbed by what is written to it.
  node = `/api/v1/nodes/${cluster.namespace}`;
  // An object that was created without any field of a manager never gets managers at all.
  const annotations = { "vmnode.example/suite": "contract" };
  await cluster.create("/api/v1/nodes", {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: cluster.namespace, annotations },
  });
}, 60_000);
afterAll(async () => {
  await cluster?.ask(`DELETE ${node}`);
  await cluster?.close();
});

const types = {
  merge: "application/merge-patch+json",
  json: "application/json-patch+json",
  strategic: "application/strategic-merge-patch+json",
};
const patch = (target: string, type: keyof typeof types, body: unknown): Promise<Answer> =>
  cluster.ask(`PATCH ${target}`, { body, contentType: types[type] });
const createMap = (name: string, { metadata = {}, data = { made: "here" } }: Json = {}): Promise<Json> =>
  cluster.create(maps, { apiVersion: "v1", kind: "ConfigMap", metadata: { name, ...metadata }, data });
const immutableUid = "00000000-0000-0000-0000-000000000000";

describe("a created object", () => {
  test("gets a UID, a resourceVersion, a time, and a name if it wants one", async () => {
    const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { generateName: "made-" } };
    const { status, body: made } = await cluster.ask(`POST ${maps}`, { body });
    expect(status).toBe(201);
    expect(made.metadata).toMatchObject({
      name: expect.stringMatching(/^made-[a-z0-9]{5}$/),
      uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      resourceVersion: expect.stringMatching(/^\d+$/),
      creationTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    });
  });

  test("cannot be made twice", async () => {
    await createMap("twice");
    const { status, body } = await cluster.ask(`POST ${maps}`, {
      body: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "twice" } },
    });
    expect(status).toBe(409);
    expect(body).toMatchObject({ reason: "AlreadyExists", message: 'configmaps "twice" already exists' });
  });

  test("is not there after a dry run", async () => {
    const { status, body } = await cluster.ask(`POST ${maps}?dryRun=All`, {
      body: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "dry" } },
    });
    expect([status, body.metadata.name]).toEqual([201, "dry"]);
    expect((await cluster.ask(`GET ${maps}/dry`)).status).toBe(404);
  });

  test("needs a namespace that exists", async () => {
    const { status, body } = await cluster.ask("POST /api/v1/namespaces/vmnode-nowhere/configmaps", {
      body: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "lost" } },
    });
    expect([status, body.reason, body.message]).toEqual([404, "NotFound", 'namespaces "vmnode-nowhere" not found']);
  });
});

describe("a merge patch", () => {
  test("sets what it names, removes what is null, and leaves the rest", async () => {
    await createMap("merged", { data: { keep: "1", drop: "2" } });
    const { status, body } = await patch(`${maps}/merged`, "merge", { data: { drop: null, add: "3" } });
    expect([status, body.data]).toEqual([200, { keep: "1", add: "3" }]);
  });

  test("with a stale resourceVersion is a conflict", async () => {
    const answer = await patch(node, "merge", { metadata: { resourceVersion: "1", labels: { a: "b" } } });
    expect(answer).toMatchObject({
      status: 409,
      body: {
        reason: "Conflict",
        message: `Operation cannot be fulfilled on nodes "${cluster.namespace}": the object has been modified; please apply your changes to the latest version and try again`,
        details: { name: cluster.namespace, kind: "nodes" },
      },
    });
  });

  test("with another UID is invalid", async () => {
    const { status, body } = await patch(node, "merge", { metadata: { uid: immutableUid, labels: { a: "b" } } });
    expect(status).toBe(422);
    expect(body.reason).toBe("Invalid");
    expect(body.message).toContain("field is immutable");
    expect(body.details.causes[0]).toMatchObject({ reason: "FieldValueInvalid", field: "metadata.uid" });
  });

  test("of an object that does not exist answers 404", async () => {
    expect((await patch(`${maps}/nobody`, "merge", { data: {} })).status).toBe(404);
  });

  test("as a dry run shows the result and keeps the object", async () => {
    await createMap("untouched", { data: { a: "1" } });
    const { body } = await patch(`${maps}/untouched?dryRun=All`, "merge", { data: { a: "2" } });
    expect(body.data).toEqual({ a: "2" });
    expect((await cluster.ask(`GET ${maps}/untouched`)).body.data).toEqual({ a: "1" });
  });
});

describe("a JSON patch", () => {
  test("tests, and then changes", async () => {
    await createMap("tested", { data: { a: "1" } });
    const { status, body } = await patch(`${maps}/tested`, "json", [
      { op: "test", path: "/data/a", value: "1" },
      { op: "replace", path: "/data/a", value: "2" },
      { op: "add", path: "/metadata/annotations", value: { "vmnode.example/x": "z" } },
    ]);
    expect([status, body.data, body.metadata.annotations]).toEqual([200, { a: "2" }, { "vmnode.example/x": "z" }]);
  });

  const failed = { reason: "Invalid", message: "the server rejected our request due to an error in our request" };
  test.each([
    ["of a built-in kind", () => node, "/spec/unschedulable"],
    ["of a custom kind", () => `${kubevirt}/namespaces/${cluster.namespace}/virtualmachines/halted`, "/spec/nothing"],
  ])("whose test fails is invalid (%s)", async (_kind, target, path) => {
    if (target() !== node) await machinesIn(cluster).createMachine("halted", { run: "Halted" });
    const { status, body } = await patch(target(), "json", [
      { op: "test", path, value: "x" },
      { op: "remove", path },
    ]);
    expect(status).toBe(422);
    expect(body).toMatchObject(failed);
  });
});

describe("a strategic merge patch", () => {
  test("replaces the taints of a node as a whole: who adds one must send them all", async () => {
    const taint = (key: string) => ({ key: `vmnode.example/${key}`, effect: "NoSchedule" });
    await patch(node, "strategic", { spec: { taints: [taint("one")] } });
    const { body } = await patch(node, "strategic", { spec: { taints: [taint("two")] } });
    const ours = body.spec.taints
      .map(({ key }: Json) => key)
      .filter((key: string) => key.startsWith("vmnode.example/"));
    expect(ours).toEqual(["vmnode.example/two"]);
  });

  test("is not for custom resources", async () => {
    const target = `${kubevirt}/namespaces/${cluster.namespace}/virtualmachines/halted`;
    const { status, body } = await patch(target, "strategic", { metadata: { labels: { a: "b" } } });
    expect([status, body.reason]).toEqual([415, "UnsupportedMediaType"]);
  });
});

describe("an update", () => {
  test("with the resourceVersion that was read succeeds once", async () => {
    const made = await createMap("updated", { data: { a: "1" } });
    const first = await cluster.ask(`PUT ${maps}/updated`, { body: { ...made, data: { a: "2" } } });
    expect([first.status, first.body.data]).toEqual([200, { a: "2" }]);
    const second = await cluster.ask(`PUT ${maps}/updated`, { body: { ...made, data: { a: "3" } } });
    expect([second.status, second.body.reason]).toEqual([409, "Conflict"]);
  });
});

describe("a deletion", () => {
  const remove = (target: string, body?: Json) =>
    cluster.ask(`DELETE ${target}`, body && { body: { apiVersion: "v1", kind: "DeleteOptions", ...body } });

  test("of another object than the one that was meant is a conflict", async () => {
    const { metadata } = await createMap("meant");
    const wrongUid = await remove(`${maps}/meant`, { preconditions: { uid: immutableUid } });
    expect(wrongUid).toMatchObject({
      status: 409,
      body: {
        reason: "Conflict",
        message: expect.stringContaining(
          `the UID in the precondition (${immutableUid}) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`,
        ),
      },
    });
    const wrongVersion = await remove(`${maps}/meant`, { preconditions: { resourceVersion: "1" } });
    expect([wrongVersion.status, wrongVersion.body.reason]).toEqual([409, "Conflict"]);
    const right = await remove(`${maps}/meant`, { preconditions: { uid: metadata.uid } });
    expect(right).toMatchObject({
      status: 200,
      body: { kind: "Status", status: "Success", details: { name: "meant", kind: "configmaps", uid: metadata.uid } },
    });
    expect((await remove(`${maps}/meant`)).status).toBe(404);
  });

  test("with a body is a dry run only when the body says so: what the URL says does not count", async () => {
    for (const name of ["kept", "gone"]) await createMap(name);
    expect((await remove(`${maps}/kept`, { dryRun: ["All"] })).status).toBe(200);
    expect((await remove(`${maps}/kept?dryRun=All`)).status).toBe(200);
    expect((await cluster.ask(`GET ${maps}/kept`)).status).toBe(200);
    expect((await remove(`${maps}/gone?dryRun=All`, { gracePeriodSeconds: 0 })).status).toBe(200);
    expect((await cluster.ask(`GET ${maps}/gone`)).status).toBe(404);
  });

  test("waits for the finalizers of the object", async () => {
    await createMap("held", { metadata: { finalizers: ["vmnode.example/hold"] } });
    const { status, body } = await remove(`${maps}/held`);
    expect(status).toBe(200);
    expect(body.metadata.deletionTimestamp).toBeTruthy();
    expect((await cluster.ask(`GET ${maps}/held`)).status).toBe(200);
    await patch(`${maps}/held`, "merge", { metadata: { finalizers: null } });
    expect((await cluster.ask(`GET ${maps}/held`)).status).toBe(404);
  });

  test("of a running pod takes its time; with grace 0 the object goes at once", async () => {
    for (const name of ["slow", "quick"]) {
      const slow = pod(name);
      slow.spec.terminationGracePeriodSeconds = 600;
      // Only a finalizer keeps the pod in sight however fast its container ends.
      slow.metadata.finalizers = ["vmnode.example/hold"];
      await cluster.create(pods, slow);
      await eventually(
        `pod ${name} runs`,
        async () => (await cluster.ask(`GET ${pods}/${name}`)).body,
        (seen) => seen.status.phase === "Running",
      );
    }
    const { status, body } = await remove(`${pods}/slow`);
    expect([status, body.metadata.deletionGracePeriodSeconds]).toEqual([200, 600]);
    const left = Date.parse(body.metadata.deletionTimestamp) - Date.parse(body.metadata.creationTimestamp);
    expect(left).toBeGreaterThanOrEqual(600_000);
    const quick = await remove(`${pods}/quick`, { gracePeriodSeconds: 0 });
    expect(quick.body.metadata.deletionGracePeriodSeconds).toBe(0);
    for (const name of ["slow", "quick"]) await patch(`${pods}/${name}`, "merge", { metadata: { finalizers: null } });
    expect((await cluster.ask(`GET ${pods}/quick`)).status).toBe(404);
  });
});

describe("the managers of fields", () => {
  const entryOf = (object: Json, manager: string) =>
    object.metadata.managedFields.find((entry: Json) => entry.manager === manager);

  test("a patch notes its manager, the fields that it set, and when", async () => {
    const before = Date.now();
    const { body, headers } = await patch(`${node}?fieldManager=vmnode-test`, "merge", {
      metadata: { annotations: { "vmnode.example/record": "{}" } },
      spec: { unschedulable: true },
    });
    const entry = entryOf(body, "vmnode-test");
    expect(entry).toMatchObject({
      operation: "Update",
      apiVersion: "v1",
      fieldsType: "FieldsV1",
      fieldsV1: {
        "f:metadata": { "f:annotations": { "f:vmnode.example/record": {} } },
        "f:spec": { "f:unschedulable": {} },
      },
    });
    const skew = Date.parse(String(headers.date)) - before;
    expect(Math.abs(Date.parse(entry.time) - before - skew)).toBeLessThan(10_000);
  });

  test("the time of an entry stands still while other managers write other fields", async () => {
    const entryTime = async () => entryOf((await cluster.ask(`GET ${node}`)).body, "vmnode-test").time;
    const before = await entryTime();
    await eventually(
      "a second has passed on the server",
      () =>
        patch(`${node}?fieldManager=other`, "merge", {
          metadata: { annotations: { "vmnode.example/n": `${Date.now()}` } },
        }),
      ({ body }) => entryOf(body, "other").time !== before,
    );
    expect(await entryTime()).toBe(before);
  });

  test("a field that another manager changes is no longer the first one's", async () => {
    await patch(`${node}?fieldManager=other`, "merge", {
      metadata: { annotations: { "vmnode.example/record": "{1}" } },
    });
    const { body } = await cluster.ask(`GET ${node}`);
    expect(entryOf(body, "vmnode-test").fieldsV1).toEqual({ "f:spec": { "f:unschedulable": {} } });
  });

  test("without a name the manager is the client's program", async () => {
    const made = await createMap("named");
    expect(made.metadata.managedFields).toMatchObject([{ manager: "kubectl-vmnode", operation: "Update" }]);
  });
});

describe("kubectl", () => {
  test("applies, patches, labels and deletes", async () => {
    const manifest = JSON.stringify({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "applied" },
      data: { a: "1" },
    });
    const steps: [string[], string, string?][] = [
      [["apply", "-f", "-"], "configmap/applied created", manifest],
      [["apply", "-f", "-"], "configmap/applied unchanged", manifest],
      [["apply", "-f", "-"], "configmap/applied configured", manifest.replace('"1"', '"2"')],
      [["apply", "--server-side", "-f", "-", "--force-conflicts"], "configmap/applied serverside-applied", manifest],
      [
        ["patch", "configmap", "applied", "--type=json", "-p", '[{"op":"remove","path":"/data/a"}]'],
        "configmap/applied patched",
      ],
      [["label", "configmap", "applied", "x=y"], "configmap/applied labeled"],
      [["delete", "configmap", "applied"], `configmap "applied" deleted from ${cluster.namespace} namespace`],
    ];
    for (const [args, said, input] of steps) {
      const { code, stdout, stderr } = await cluster.kubectl(args, input === undefined ? {} : { input });
      expect([code, stdout.trim(), stderr]).toEqual([0, said, ""]);
    }
  });
});
