/** Lists and single objects of the practice API: selectors, pages, versions, tables. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aPod, machines, namesOf, type PracticeApi, pods, startApi } from "./practice-api.ts";

let api: PracticeApi;
const path = "/api/v1/namespaces/app/pods";

beforeAll(async () => {
  api = await startApi();
  for (const [name, labels, spec] of [
    ["a", { app: "web", tier: "front" }, { nodeName: "n1" }],
    ["b", { app: "web" }, { nodeName: "n2" }],
    ["c", { app: "db" }, { nodeName: "n1" }],
    ["d", {}, { nodeName: "n2" }],
  ] as const) {
    api.store.create(pods, aPod(name, { labels, spec }));
  }
  api.store.create(machines, {
    metadata: { name: "vm", namespace: "app" },
    status: { phase: "Running", nodeName: "n1", conditions: [{ type: "Ready", status: "True" }] },
  });
});
afterAll(() => api.close());

describe("selectors", () => {
  it.each([
    ["labelSelector=app%3Dweb", ["a", "b"]],
    ["labelSelector=app%3D%3Dweb", ["a", "b"]],
    ["labelSelector=app!%3Dweb", ["c", "d"]],
    ["labelSelector=app%20in%20(web,db),tier", ["a"]],
    ["labelSelector=app%20notin%20(web)", ["c", "d"]],
    ["labelSelector=!app", ["d"]],
    ["labelSelector=app", ["a", "b", "c"]],
    ["fieldSelector=spec.nodeName%3Dn1", ["a", "c"]],
    ["fieldSelector=spec.nodeName!%3Dn1,status.phase%3DRunning", ["b", "d"]],
    ["fieldSelector=metadata.name%3Dc", ["c"]],
    ["labelSelector=app&fieldSelector=spec.nodeName%3Dn2", ["b"]],
  ])("%s selects %j", async (query, expected) => {
    const { json } = await api.client.get(`${path}?${query}`);
    expect(namesOf(json)).toEqual(expected);
  });

  it.each([
    [`${path}?fieldSelector=spec.foo%3Dx`, "field label not supported: spec.foo"],
    [
      "/apis/kubevirt.io/v1/virtualmachineinstances?fieldSelector=status.phase%3Dx",
      "field label not supported: status.phase",
    ],
    [`${path}?labelSelector=a%20b%20c`, "unable to parse requirement: found 'a b c'"],
  ])("refuses %s", async (url, message) => {
    const { status, json } = await api.client.get(url);
    expect({ status, reason: json.reason, message: json.message }).toEqual({
      status: 400,
      reason: "BadRequest",
      message,
    });
  });
});

describe("the form of a list", () => {
  it("leaves kind and version of the items to the list for built-in kinds, not for custom ones", async () => {
    const { json: podList } = await api.client.get(path);
    expect(podList).toMatchObject({ kind: "PodList", apiVersion: "v1" });
    expect(podList.items[0].kind).toBeUndefined();
    const { json: machineList } = await api.client.get("/apis/kubevirt.io/v1/namespaces/app/virtualmachineinstances");
    expect(machineList.items[0]).toMatchObject({ kind: "VirtualMachineInstance", apiVersion: "kubevirt.io/v1" });
  });

  it("speaks the version of the request", async () => {
    const { json } = await api.client.get("/apis/kubevirt.io/v1alpha3/namespaces/app/virtualmachineinstances/vm");
    expect(json.apiVersion).toBe("kubevirt.io/v1alpha3");
  });

  it("gives tables with the columns of the kind, and rows with as much of the object as was asked for", async () => {
    const accept = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json" };
    const { json } = await api.client.get("/apis/kubevirt.io/v1/virtualmachineinstances", accept);
    expect(
      json.columnDefinitions.map((column: { name: string; priority: number }) => [column.name, column.priority]),
    ).toEqual([
      ["Name", 0],
      ["Age", 0],
      ["Phase", 0],
      ["IP", 0],
      ["NodeName", 0],
      ["Ready", 0],
      ["Live-Migratable", 1],
      ["Paused", 1],
    ]);
    expect(json.rows[0].cells).toEqual(["vm", "0s", "Running", null, "n1", "True", null, null]);
    expect(json.rows[0].object).toMatchObject({ kind: "PartialObjectMetadata", metadata: { name: "vm" } });
    const none = await api.client.get(`${path}?includeObject=None`, accept);
    expect(none.json.rows[0].object).toBeNull();
    const full = await api.client.get(`${path}?includeObject=Object`, accept);
    expect(full.json.rows[0].object).toMatchObject({ kind: "Pod", spec: { nodeName: "n1" } });
  });

  it("gives metadata alone", async () => {
    const { json } = await api.client.get(path, {
      accept: "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
    });
    expect(json).toMatchObject({ kind: "PartialObjectMetadataList", items: [{ metadata: { name: "a" } }, {}, {}, {}] });
    expect(json.items[0].spec).toBeUndefined();
  });

  it("refuses forms that it does not have", async () => {
    const { status, json } = await api.client.get(path, { accept: "application/vnd.kubernetes.protobuf" });
    expect({ status, reason: json.reason }).toEqual({ status: 406, reason: "NotAcceptable" });
  });
});

describe("pages", () => {
  it("show one moment, whatever is written in between", async () => {
    const first = await api.client.get(`${path}?limit=2`);
    expect(namesOf(first.json)).toEqual(["a", "b"]);
    expect(first.json.metadata.remainingItemCount).toBe(2);
    api.store.create(pods, aPod("bb"));
    api.store.delete(pods, "app", "d", { gracePeriodSeconds: 0 });
    const second = await api.client.get(`${path}?limit=2&continue=${first.json.metadata.continue}`);
    expect(namesOf(second.json)).toEqual(["c", "d"]);
    expect(second.json.metadata).toEqual({ resourceVersion: first.json.metadata.resourceVersion });
    api.store.delete(pods, "app", "bb", { gracePeriodSeconds: 0 });
    api.store.create(pods, aPod("d"));
  });

  it("answer 410 after a compaction, with a token that goes on from the present", async () => {
    const first = await api.client.get(`${path}?limit=1`);
    api.store.create(pods, aPod("aa"));
    api.store.compact();
    const expired = await api.client.get(`${path}?limit=1&continue=${first.json.metadata.continue}`);
    expect(expired).toMatchObject({ status: 410, json: { reason: "Expired", code: 410 } });
    const rest = await api.client.get(`${path}?continue=${expired.json.metadata.continue}`);
    expect(namesOf(rest.json)).toEqual(["aa", "b", "c", "d"]);
    api.store.delete(pods, "app", "aa", { gracePeriodSeconds: 0 });
  });
});

describe("resource versions", () => {
  it("are those of the latest write", async () => {
    const { json } = await api.client.get(path);
    expect(json.metadata.resourceVersion).toBe(api.store.version());
  });

  it("may be asked for exactly", async () => {
    const before = api.store.version();
    api.store.create(pods, aPod("later"));
    const { json } = await api.client.get(`${path}?resourceVersion=${before}&resourceVersionMatch=Exact`);
    expect(namesOf(json)).toEqual(["a", "b", "c", "d"]);
    api.store.delete(pods, "app", "later", { gracePeriodSeconds: 0 });
  });

  it("of the future are waited for in vain", async () => {
    const { status, json } = await api.client.get(`${path}?resourceVersion=99999999`);
    expect({ status, reason: json.reason, cause: json.details.causes[0].reason }).toEqual({
      status: 504,
      reason: "Timeout",
      cause: "ResourceVersionTooLarge",
    });
  });

  it("make no sense in some combinations", async () => {
    const { status, json } = await api.client.get(`${path}?resourceVersionMatch=Exact`);
    expect(status).toBe(422);
    expect(json.message).toBe(
      'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
    );
  });
});

it("dates every answer by the practice clock", async () => {
  await api.clock.advance(5000);
  const { headers } = await api.client.get("/version");
  expect(headers.date).toBe("Sat, 22 Aug 2026 10:00:05 GMT");
});

it.each([
  ["/api/v1/namespaces/app/pods/nope", 404, "NotFound", 'pods "nope" not found'],
  [
    "/apis/kubevirt.io/v1/namespaces/app/virtualmachines/nope",
    404,
    "NotFound",
    'virtualmachines.kubevirt.io "nope" not found',
  ],
])("%s is %i %s", async (url, status, reason, message) => {
  const answer = await api.client.get(url);
  expect(answer).toMatchObject({ status, json: { kind: "Status", status: "Failure", reason, message, code: status } });
});

it("has no page for what it does not serve", async () => {
  expect(await api.client.get("/apis/example.com/v1/things")).toMatchObject({
    status: 404,
    text: "404 page not found\n",
  });
});
