/** POST, PUT, PATCH and DELETE of the practice API. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { aPod, machines, type PracticeApi, pods, startApi } from "./practice-api.ts";

let api: PracticeApi;
const podPath = "/api/v1/namespaces/app/pods";
const vmiPath = "/apis/kubevirt.io/v1/namespaces/app/virtualmachineinstances";
const deploymentPath = "/apis/apps/v1/namespaces/app/deployments";

beforeAll(async () => {
  api = await startApi();
});
beforeEach(() => {
  for (const key of [pods, machines, { group: "apps", resource: "deployments" }]) {
    for (const { metadata } of api.store.list(key)) {
      api.store.delete(key, metadata.namespace, metadata.name, { gracePeriodSeconds: 0 });
    }
  }
});
afterAll(() => api.close());

const vmi = { apiVersion: "kubevirt.io/v1", kind: "VirtualMachineInstance", metadata: { name: "vm" }, spec: { a: 1 } };
const deployment = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web" },
  spec: {
    selector: { matchLabels: { app: "web" } },
    template: {
      metadata: { labels: { app: "web" } },
      spec: {
        containers: [
          { name: "c", image: "x:1", ports: [{ containerPort: 80 }] },
          { name: "d", image: "y:1" },
        ],
      },
    },
  },
};

describe("creating", () => {
  it("stores the object with defaults and says who set what", async () => {
    const { status, json } = await api.client.post(`${deploymentPath}?fieldManager=me`, deployment);
    expect(status).toBe(201);
    expect(json.spec).toMatchObject({ replicas: 1, strategy: { type: "RollingUpdate" } });
    expect(json.metadata.managedFields).toMatchObject([{ manager: "me", operation: "Update", apiVersion: "apps/v1" }]);
  });

  it("names the manager after the user agent when the client does not", async () => {
    const { json } = await api.client.post(vmiPath, vmi, { "user-agent": "virtctl/v1.9.0 (linux)" });
    expect(json.metadata.managedFields[0].manager).toBe("virtctl");
  });

  it("as a dry run stores nothing", async () => {
    const { status } = await api.client.post(`${vmiPath}?dryRun=All`, vmi);
    expect([status, api.store.list(machines)]).toEqual([201, []]);
    expect(api.admitted.at(-1)).toMatchObject({ dryRun: true, operation: "CREATE" });
  });

  it.each([
    ["a name that is none", vmiPath, { ...vmi, metadata: { name: "Not_A_Name" } }, 422, "Invalid"],
    ["no name", vmiPath, { ...vmi, metadata: {} }, 422, "Invalid"],
    ["another namespace", vmiPath, { ...vmi, metadata: { name: "vm", namespace: "other" } }, 400, "BadRequest"],
    ["another kind", vmiPath, { ...vmi, kind: "VirtualMachine" }, 400, "BadRequest"],
    ["another version", vmiPath, { ...vmi, apiVersion: "kubevirt.io/v2" }, 400, "BadRequest"],
    ["a missing namespace", vmiPath.replace("app", "nope"), vmi, 404, "NotFound"],
    ["an unknown field", `${deploymentPath}?fieldValidation=Strict`, { ...deployment, sepc: {} }, 400, "BadRequest"],
  ])("refuses %s", async (_what, path, body, status, reason) => {
    const answer = await api.client.post(path, body);
    expect({ status: answer.status, reason: answer.json.reason }).toEqual({ status, reason });
  });

  it("drops unknown fields with a warning unless told to be strict", async () => {
    const { headers, json } = await api.client.post(deploymentPath, { ...deployment, sepc: {} });
    expect(headers.warning).toBe('299 - "unknown field \\"sepc\\""');
    expect(json.sepc).toBeUndefined();
  });

  it("refuses new objects in a namespace on its way out", async () => {
    await api.client.post("/api/v1/namespaces", { metadata: { name: "leaving" } });
    await api.client.delete("/api/v1/namespaces/leaving");
    const { status, json } = await api.client.post(vmiPath.replace("app", "leaving"), vmi);
    expect(status).toBe(403);
    expect(json.message).toBe(
      'virtualmachineinstances.kubevirt.io "vm" is forbidden: unable to create new content in namespace leaving because it is being terminated',
    );
    expect(json.details.causes[0].reason).toBe("NamespaceTerminating");
  });
});

describe("admission", () => {
  it("changes and refuses what is written", async () => {
    const strict = await startApi({
      admission: ({ object, operation }) => {
        if (operation === "DELETE" || object?.kind !== "VirtualMachineInstance") return { allowed: true };
        if (object.spec.a === 2)
          return { allowed: false, code: 422, message: 'admission webhook "w" denied the request: no' };
        if (object.spec.a === 3) return { unreachable: true, webhook: "w", detail: "connection refused" };
        return { allowed: true, object: { ...object, spec: { a: 1, stamped: true } } };
      },
    });
    const { json } = await strict.client.post(vmiPath, vmi);
    expect(json.spec).toEqual({ a: 1, stamped: true });
    const refused = await strict.client.post(vmiPath, { ...vmi, metadata: { name: "b" }, spec: { a: 2 } });
    expect(refused).toMatchObject({ status: 422, json: { message: 'admission webhook "w" denied the request: no' } });
    expect("reason" in refused.json).toBe(false);
    const failed = await strict.client.post(vmiPath, { ...vmi, metadata: { name: "c" }, spec: { a: 3 } });
    expect(failed).toMatchObject({
      status: 500,
      json: {
        reason: "InternalError",
        message: 'Internal error occurred: failed calling webhook "w": connection refused',
      },
    });
    await strict.close();
  });
});

describe("replacing", () => {
  it("needs the version that was read, for custom resources", async () => {
    const { json: created } = await api.client.post(vmiPath, vmi);
    const without = await api.client.request("PUT", `${vmiPath}/vm`, { body: vmi });
    expect(without).toMatchObject({
      status: 422,
      json: { details: { causes: [{ field: "metadata.resourceVersion" }] } },
    });
    const changed = await api.client.request("PUT", `${vmiPath}/vm`, { body: { ...created, spec: { a: 2 } } });
    expect(changed).toMatchObject({ status: 200, json: { spec: { a: 2 }, metadata: { generation: 2 } } });
    const stale = await api.client.request("PUT", `${vmiPath}/vm`, { body: { ...created, spec: { a: 3 } } });
    expect(stale.json).toMatchObject({
      reason: "Conflict",
      message:
        'Operation cannot be fulfilled on virtualmachineinstances.kubevirt.io "vm": the object has been modified; please apply your changes to the latest version and try again',
    });
  });

  it("leaves the status to the status subresource, and the rest to the object", async () => {
    api.store.create(pods, aPod("a"));
    const { json: pod } = await api.client.get(`${podPath}/a`);
    const body = { ...pod, metadata: { ...pod.metadata, labels: { l: "1" } }, status: { phase: "Failed" } };
    const main = await api.client.request("PUT", `${podPath}/a`, { body });
    expect(main.json).toMatchObject({ metadata: { labels: { l: "1" } }, status: { phase: "Running" } });
    const { resourceVersion: _version, ...metadata } = pod.metadata;
    const status = { ...body, metadata, spec: {} };
    const below = await api.client.request("PUT", `${podPath}/a/status`, { body: status });
    expect(below.json).toMatchObject({ spec: { nodeName: "n1" }, status: { phase: "Failed" } });
  });

  it("does not let a pod's spec change", async () => {
    api.store.create(pods, aPod("a"));
    const answer = await api.client.patch(`${podPath}/a`, "merge", { spec: { nodeName: "n2" } });
    expect(answer).toMatchObject({
      status: 422,
      json: { reason: "Invalid", details: { causes: [{ field: "spec" }] } },
    });
  });
});

describe("patching", () => {
  beforeEach(async () => {
    await api.client.post(deploymentPath, deployment);
  });

  it("merges lists by key strategically, and as a whole otherwise", async () => {
    const containers = [{ name: "d", image: "y:2" }];
    const patch = { spec: { template: { spec: { containers } } } };
    const { json } = await api.client.patch(`${deploymentPath}/web`, "strategic", patch);
    expect(json.spec.template.spec.containers).toMatchObject([
      { name: "c", image: "x:1" },
      { name: "d", image: "y:2" },
    ]);
    const merged = await api.client.patch(`${deploymentPath}/web`, "merge", patch);
    expect(merged.json.spec.template.spec.containers).toMatchObject(containers);
  });

  it("obeys a JSON patch's tests", async () => {
    const failing = [
      { op: "test", path: "/spec/replicas", value: 9 },
      { op: "remove", path: "/spec/replicas" },
    ];
    const refused = await api.client.patch(`${deploymentPath}/web`, "json", failing);
    expect(refused).toMatchObject({
      status: 422,
      json: { reason: "Invalid", message: "the server rejected our request due to an error in our request" },
    });
    const passing = [
      { op: "test", path: "/spec/replicas", value: 1 },
      { op: "replace", path: "/spec/replicas", value: 3 },
    ];
    expect((await api.client.patch(`${deploymentPath}/web`, "json", passing)).json.spec.replicas).toBe(3);
  });

  it("refuses a patch made for another version of the object", async () => {
    const patch = { metadata: { resourceVersion: "1", labels: { a: "b" } } };
    expect(await api.client.patch(`${deploymentPath}/web`, "merge", patch)).toMatchObject({
      status: 409,
      json: { reason: "Conflict" },
    });
  });

  it("has no strategic merge for custom resources", async () => {
    await api.client.post(vmiPath, vmi);
    const answer = await api.client.patch(`${vmiPath}/vm`, "strategic", {});
    expect(answer).toMatchObject({ status: 415, json: { reason: "UnsupportedMediaType" } });
  });
});

describe("server-side apply", () => {
  const apply = (manager: string, body: object, force = false): ReturnType<typeof api.client.patch> =>
    api.client.patch(`${deploymentPath}/web?fieldManager=${manager}${force ? "&force=true" : ""}`, "apply", body);
  const withReplicas = (replicas: number): object => ({ ...deployment, spec: { ...deployment.spec, replicas } });

  it("creates, owns, and reports conflicts with other owners", async () => {
    expect((await apply("one", withReplicas(2))).status).toBe(201);
    const refused = await apply("two", withReplicas(3));
    expect(refused).toMatchObject({
      status: 409,
      json: {
        reason: "Conflict",
        message: 'Apply failed with 1 conflict: conflict with "one": .spec.replicas',
        details: { causes: [{ reason: "FieldManagerConflict", field: ".spec.replicas" }] },
      },
    });
    const forced = await apply("two", withReplicas(3), true);
    expect(forced.json.spec.replicas).toBe(3);
    const owners = forced.json.metadata.managedFields.filter(
      (entry: { fieldsV1: { "f:spec": object } }) => "f:replicas" in entry.fieldsV1["f:spec"],
    );
    expect(owners.map((entry: { manager: string }) => entry.manager)).toEqual(["two"]);
  });

  it("takes away what the manager applied before and leaves out now", async () => {
    const labelled = { ...deployment, metadata: { name: "web", labels: { a: "1", b: "2" } } };
    await apply("one", labelled);
    const { json } = await apply("one", { ...deployment, metadata: { name: "web", labels: { b: "2" } } });
    expect(json.metadata.labels).toEqual({ b: "2" });
  });
});

describe("deleting", () => {
  it("answers with a Status when the object is gone, and with the object while it stays", async () => {
    await api.client.post(vmiPath, vmi);
    const gone = await api.client.delete(`${vmiPath}/vm`);
    expect(gone).toMatchObject({
      status: 200,
      json: {
        kind: "Status",
        status: "Success",
        details: { name: "vm", group: "kubevirt.io", kind: "virtualmachineinstances" },
      },
    });
    api.store.create(pods, aPod("a"));
    const going = await api.client.delete(`${podPath}/a`, { gracePeriodSeconds: 7 });
    expect(going).toMatchObject({ status: 200, json: { kind: "Pod", metadata: { deletionGracePeriodSeconds: 7 } } });
  });

  it("deletes only the object that was meant", async () => {
    api.store.create(pods, aPod("a"));
    const answer = await api.client.delete(`${podPath}/a`, { preconditions: { uid: "other" } });
    expect(answer).toMatchObject({ status: 409, json: { reason: "Conflict" } });
    expect(api.store.get(pods, "app", "a")?.metadata.deletionTimestamp).toBeUndefined();
  });

  it("marks for the garbage collector as the propagation policy says", async () => {
    await api.client.post(deploymentPath, deployment);
    const { json } = await api.client.delete(`${deploymentPath}/web?propagationPolicy=Foreground`);
    expect(json.metadata).toMatchObject({ finalizers: ["foregroundDeletion"] });
  });

  it("deletes collections by selector", async () => {
    api.store.create(pods, aPod("a", { labels: { app: "web" }, spec: { nodeName: "" } }));
    api.store.create(pods, aPod("b", { spec: { nodeName: "" } }));
    const { json } = await api.client.delete(`${podPath}?labelSelector=app%3Dweb`);
    expect(json.items).toHaveLength(1);
    expect(api.store.list(pods).map(({ metadata }) => metadata.name)).toEqual(["b"]);
  });
});

describe("scale", () => {
  it("reads and writes the number of replicas", async () => {
    await api.client.post(deploymentPath, deployment);
    const { json } = await api.client.get(`${deploymentPath}/web/scale`);
    expect(json).toMatchObject({ kind: "Scale", spec: { replicas: 1 }, status: { selector: "app=web" } });
    await api.client.request("PUT", `${deploymentPath}/web/scale`, { body: { ...json, spec: { replicas: 4 } } });
    expect((await api.client.get(`${deploymentPath}/web`)).json.spec.replicas).toBe(4);
  });
});
