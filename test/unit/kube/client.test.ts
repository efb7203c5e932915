/** Typed requests: where they go, what they carry, and how refusals come back. */
import { afterEach, describe, expect, test } from "vitest";
import type { ResourceType } from "../../../lib/kube/api.ts";
import { createClient, type KubeClient } from "../../../lib/kube/client.ts";
import type { KubeResponse } from "../../../lib/kube/request.ts";
import { requireSuccess, statusDetails } from "../../../lib/kube/status.ts";
import { type Answer, closeServers, type FakeServer, fakeServer, refusal } from "./fake-server.ts";
import { connectTo } from "./surroundings.ts";

const pods: ResourceType = { group: "", version: "v1", plural: "pods", namespaced: true };
const nodes: ResourceType = { group: "", version: "v1", plural: "nodes", namespaced: false };
const vmis: ResourceType = { group: "kubevirt.io", version: "v1", plural: "virtualmachineinstances", namespaced: true };

const closers: (() => void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) close();
  await closeServers();
});

async function client(answer: Answer = () => ({})): Promise<{ client: KubeClient; server: FakeServer }> {
  const server = await fakeServer(answer);
  const connection = await connectTo(server.url);
  closers.push(() => connection.close());
  return { client: createClient(connection), server };
}

const writes: readonly {
  readonly name: string;
  readonly act: (client: KubeClient) => Promise<KubeResponse>;
  readonly asked: object;
}[] = [
  {
    name: "a merge patch of a node with field manager",
    act: (c) => c.patch({ type: nodes, name: "n1" }, { spec: {} }, { type: "merge", fieldManager: "kubectl-vmnode" }),
    asked: {
      method: "PATCH",
      path: "/api/v1/nodes/n1",
      query: { fieldManager: "kubectl-vmnode" },
      headers: { "content-type": "application/merge-patch+json" },
      body: { spec: {} },
    },
  },
  {
    name: "a JSON patch as dry run",
    act: (c) => c.patch({ type: nodes, name: "n1" }, [{ op: "test" }], { type: "json", dryRun: true }),
    asked: {
      query: { dryRun: "All" },
      headers: { "content-type": "application/json-patch+json" },
      body: [{ op: "test" }],
    },
  },
  {
    name: "a strategic patch of a subresource",
    act: (c) => c.patch({ type: pods, namespace: "a", name: "p", subresource: "status" }, {}, { type: "strategic" }),
    asked: {
      path: "/api/v1/namespaces/a/pods/p/status",
      headers: { "content-type": "application/strategic-merge-patch+json" },
    },
  },
  {
    name: "an object to be created",
    act: (c) => c.create({ type: vmis, namespace: "a" }, { kind: "X" }, { dryRun: true, as: "jane" }),
    asked: {
      method: "POST",
      path: "/apis/kubevirt.io/v1/namespaces/a/virtualmachineinstances",
      query: { dryRun: "All" },
      headers: { "impersonate-user": "jane" },
      body: { kind: "X" },
    },
  },
  {
    name: "one of KubeVirt's subresources, whose name has a slash",
    act: (c) =>
      c.put(
        {
          type: { ...vmis, group: "subresources.kubevirt.io" },
          namespace: "a",
          name: "vm/odd",
          subresource: "evacuate/cancel",
        },
        {},
      ),
    asked: {
      method: "PUT",
      path: "/apis/subresources.kubevirt.io/v1/namespaces/a/virtualmachineinstances/vm%2Fodd/evacuate/cancel",
    },
  },
  {
    name: "a deletion with preconditions",
    act: (c) =>
      c.delete(
        { type: pods, namespace: "a", name: "p" },
        { uid: "u", resourceVersion: "7", gracePeriodSeconds: 0, propagationPolicy: "Background", dryRun: true },
      ),
    asked: {
      method: "DELETE",
      path: "/api/v1/namespaces/a/pods/p",
      query: {},
      body: {
        apiVersion: "v1",
        kind: "DeleteOptions",
        gracePeriodSeconds: 0,
        propagationPolicy: "Background",
        dryRun: ["All"],
        preconditions: { uid: "u", resourceVersion: "7" },
      },
    },
  },
  {
    name: "an eviction with the pod's UID",
    act: (c) => c.evict({ namespace: "a", name: "p", uid: "u" }, { gracePeriodSeconds: 30 }),
    asked: {
      method: "POST",
      path: "/api/v1/namespaces/a/pods/p/eviction",
      query: {},
      body: {
        apiVersion: "policy/v1",
        kind: "Eviction",
        metadata: { name: "p", namespace: "a" },
        deleteOptions: { apiVersion: "v1", kind: "DeleteOptions", gracePeriodSeconds: 30, preconditions: { uid: "u" } },
      },
    },
  },
  {
    name: "an eviction as dry run",
    act: (c) => c.evict({ namespace: "a", name: "p", uid: "u" }, { dryRun: true }),
    asked: { body: { deleteOptions: { dryRun: ["All"], preconditions: { uid: "u" } } } },
  },
];

test.for(writes)("sends $name", async ({ act, asked }) => {
  const { client: c, server } = await client();
  expect((await act(c)).status).toBe(200);
  expect(server.asked).toHaveLength(1);
  expect(server.asked[0]).toMatchObject(asked);
});

test.for(writes)("a refusal of $name is an answer, not an exception", async ({ act }) => {
  const { client: c } = await client(() => refusal(422, { reason: "Invalid" }));
  expect((await act(c)).status).toBe(422);
});

describe("reading", () => {
  test("get returns the object as it is, with the server's clock", async () => {
    const { client: c, server } = await client(() => ({
      body: { kind: "Node", unknown: [1] },
      headers: { Date: "Thu, 01 Jan 2026 10:00:00 GMT" },
    }));
    expect(await c.get({ type: nodes, name: "n1" })).toEqual({
      object: { kind: "Node", unknown: [1] },
      serverTime: new Date("2026-01-01T10:00:00Z"),
    });
    expect(server.asked[0]).toMatchObject({ method: "GET", path: "/api/v1/nodes/n1" });
  });

  test("a refusal throws the server's own words", async () => {
    const { client: c } = await client(() => refusal(403, { reason: "Forbidden", message: "nodes is forbidden" }));
    const expected = { name: "KubeError", message: "nodes is forbidden", status: { code: 403, reason: "Forbidden" } };
    await expect(c.get({ type: nodes, name: "n1" })).rejects.toMatchObject(expected);
    await expect(c.list(nodes)).rejects.toMatchObject(expected);
    await expect(c.table(nodes)).rejects.toMatchObject(expected);
    await expect(c.serverVersion()).rejects.toMatchObject(expected);
  });

  test("who is not logged in is told so in kubectl's words", async () => {
    const { client: c } = await client(() => refusal(401, { reason: "Unauthorized", message: "Unauthorized" }));
    await expect(c.list(nodes)).rejects.toMatchObject({
      name: "ConfigError",
      message: "You must be logged in to the server (Unauthorized)",
      hint: expect.stringContaining("log in again"),
    });
  });
});

describe("list", () => {
  /** Serves the numbers 1 to `count` in pages; the token is the number of the last one served. */
  const numbered =
    (count: number): Answer =>
    ({ query }) => {
      const from = Number(query.continue ?? 0);
      const to = Math.min(count, query.limit === undefined ? count : from + Number(query.limit));
      const items = Array.from({ length: to - from }, (_, index) => from + index + 1);
      return { body: { metadata: { resourceVersion: `${100 + from}`, continue: to < count ? `${to}` : "" }, items } };
    };

  const written = '{"metadata":{"managedFields":[{"fieldsV1":{"f:a":{}}},{"fieldsV1":{}}],"name":"a"},"text":"}]"}';

  test.each([
    ["one object", `[${written}]`, `[${written.replace(/\[\{.*?\}\],/, "[],")}]`],
    ["many objects", `[${written},{"name":"b"},${written}]`, undefined],
    ["an object that has none", '[{"metadata":{"managedFields":[],"name":"a"},"list":[{"b":1}]}]', undefined],
    ["none at all", '[{"metadata":{"name":"a"},"list":[{"b":1}]}]', undefined],
    ["blanks in between", `[${written.replaceAll(":", ": ")}]`, undefined],
    ["a text that looks like them", `[{"text":${JSON.stringify(written)}}]`, undefined],
    [
      "an entry that is none",
      '[{"metadata":{"managedFields":[{"a":{}},null]},"list":[{"b":1}],"name":"a"}]',
      undefined,
    ],
    ["a list among them", `[${written.replace('{"f:a":{}}', '{"f:a":[{}],"f:b":{}}')}]`, undefined],
    ["a name that looks like their end", `[${written.replace("f:a", "k:}]")}]`, undefined],
    ["such a name in two objects", `[${written.replace("f:a", "k:}]")},${written.replace("f:a", "k:}]")}]`, undefined],
  ])("managedFields that nobody wants do not touch the rest: %s", async (_what, items, expected) => {
    const { client: c } = await client(() => ({
      body: `{"kind":"List","items":${items}}`,
      headers: { "Content-Type": "application/json" },
    }));
    const { items: whole } = await c.list(pods);
    const { items: lean } = await c.list(pods, { withoutManagedFields: true });
    const without = (list: unknown[]): unknown =>
      JSON.parse(JSON.stringify(list), (key, value) => (key === "managedFields" ? undefined : value));
    expect(whole).toEqual(JSON.parse(items));
    expect(without(lean)).toEqual(without(whole));
    if (expected !== undefined) expect(lean).toEqual(JSON.parse(expected));
  });

  test("reads all pages; a watch can start at the version of the first", async () => {
    const { client: c, server } = await client(numbered(5));
    const list = await c.list(pods, {
      limit: 2,
      namespace: "a",
      labelSelector: "x=y",
      fieldSelector: "spec.nodeName=n",
    });
    expect(list).toMatchObject({ items: [1, 2, 3, 4, 5], resourceVersion: "100" });
    expect(server.asked.map(({ path, query }) => [path, query])).toEqual(
      [{}, { continue: "2" }, { continue: "4" }].map((more) => [
        "/api/v1/namespaces/a/pods",
        { labelSelector: "x=y", fieldSelector: "spec.nodeName=n", limit: "2", ...more },
      ]),
    );
  });

  test("asks for 500 at a time in all namespaces when nothing is said", async () => {
    const { client: c, server } = await client(numbered(1));
    await c.list(vmis);
    expect(server.asked).toMatchObject([
      { path: "/apis/kubevirt.io/v1/virtualmachineinstances", query: { limit: "500" } },
    ]);
  });

  test("reduces each object as its page comes", async () => {
    const { client: c } = await client(numbered(3));
    expect((await c.list(pods, { limit: 1 }, (object) => `#${object}`)).items).toEqual(["#1", "#2", "#3"]);
  });

  test("starts over without a limit when the continue token has expired", async () => {
    const { client: c, server } = await client((asked, index) =>
      asked.query.continue === undefined ? numbered(5)(asked, index) : refusal(410, { reason: "Expired" }),
    );
    const list = await c.list(pods, { limit: 2 });
    expect(list.items).toEqual([1, 2, 3, 4, 5]);
    expect(server.asked.map(({ query }) => query)).toEqual([{ limit: "2" }, { limit: "2", continue: "2" }, {}]);
  });

  test("a list without items is empty", async () => {
    const { client: c } = await client(() => ({ body: { items: null, metadata: { resourceVersion: "1" } } }));
    expect((await c.list(pods)).items).toEqual([]);
  });
});

describe("table", () => {
  const page = (names: readonly string[], more: string, columns = true) => ({
    body: {
      kind: "Table",
      metadata: { resourceVersion: "9", continue: more },
      columnDefinitions: columns ? [{ name: "Name", type: "string", priority: 0, description: "" }] : undefined,
      rows: names.map((name) => ({ cells: [name], object: null })),
    },
  });

  test("is asked for without objects, and joined from its pages", async () => {
    const { client: c, server } = await client(({ query }) =>
      query.continue ? page(["b"], "", false) : page(["a"], "next"),
    );
    expect(await c.table(nodes, { labelSelector: "l" })).toEqual({
      columns: [{ name: "Name", type: "string", priority: 0 }],
      rows: [
        { cells: ["a"], object: undefined },
        { cells: ["b"], object: undefined },
      ],
      resourceVersion: "9",
      serverTime: expect.any(Date),
    });
    expect(server.asked[0]?.query).toEqual({ includeObject: "None", limit: "500", labelSelector: "l" });
    expect(server.asked[0]?.headers.accept).toContain("as=Table;v=v1;g=meta.k8s.io");
  });

  test("is undefined when the server answers with the objects themselves", async () => {
    const { client: c } = await client(() => ({ body: { kind: "NodeList", items: [] } }));
    expect(await c.table(nodes)).toBeUndefined();
  });
});

describe("statusDetails", () => {
  test("reads causes and the time to wait from a Status", async () => {
    const { client: c } = await client(() =>
      refusal(429, {
        reason: "TooManyRequests",
        message: "Cannot evict pod",
        details: { causes: [{ reason: "DisruptionBudget", message: "needs 1" }], retryAfterSeconds: 10 },
      }),
    );
    expect(statusDetails(await c.evict({ namespace: "a", name: "p", uid: "u" }))).toEqual({
      code: 429,
      reason: "TooManyRequests",
      message: "Cannot evict pod",
      causes: [{ type: "DisruptionBudget", message: "needs 1" }],
      retryAfterSeconds: 10,
    });
  });

  const odd: readonly [string, Partial<KubeResponse>, object][] = [
    [
      "text",
      { status: 503, body: "service unavailable\n" },
      { reason: "ServiceUnavailable", message: "the server answered with HTTP status 503: service unavailable" },
    ],
    ["nothing", { status: 404 }, { reason: "NotFound", message: "the server answered with HTTP status 404" }],
    [
      "a Status without texts",
      { status: 500, body: { kind: "Status" } },
      { reason: "", message: "the server answered with HTTP status 500" },
    ],
    ["a Retry-After header", { status: 429, headers: { "retry-after": "4" } }, { retryAfterSeconds: 4 }],
    ["a Retry-After date", { status: 429, headers: { "retry-after": "soon" } }, { retryAfterSeconds: undefined }],
  ];
  test.for(odd)("makes the best of an answer with %s", ([, response, expected]) => {
    const whole: KubeResponse = {
      status: 0,
      headers: {},
      body: undefined,
      serverTime: undefined,
      warnings: [],
      ...response,
    };
    expect(statusDetails(whole)).toMatchObject(expected);
    expect(() => requireSuccess(whole)).toThrow();
  });
});
