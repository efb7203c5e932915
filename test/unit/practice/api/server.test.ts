/** The practice server as tests use it: the log of requests, and the faults that can be put in the way. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { failure } from "../../../../lib/practice/status.ts";
import { type PracticeApi, startApi } from "./practice-api.ts";

let api: PracticeApi;

beforeEach(async () => {
  api = await startApi();
});
afterEach(() => api.close());

it("logs every request with its outcome", async () => {
  await api.client.get("/api/v1/nodes?limit=1", { "user-agent": "kubectl/v1.36.3" });
  expect(api.server.requests.at(-1)).toEqual({
    method: "GET",
    url: "/api/v1/nodes?limit=1",
    user: "kubernetes-admin",
    userAgent: "kubectl/v1.36.3",
    time: new Date("2026-08-22T10:00:00Z"),
    status: 200,
  });
});

it.each([
  ["drop", { kind: "drop" } as const],
  ["refuse", { kind: "refuse" } as const],
])("can %s a connection", async (_name, fault) => {
  api.server.setFault(({ url }) => (url === "/version" ? fault : undefined));
  await expect(api.client.get("/version")).rejects.toThrow(/hang up|ECONNRESET/);
  expect((await api.client.get("/healthz")).status).toBe(200);
});

it("can answer like a proxy", async () => {
  api.server.setFault(() => ({ kind: "html", status: 502 }));
  expect(await api.client.get("/version")).toMatchObject({ status: 502, headers: { "content-type": "text/html" } });
});

it("can answer with any Status", async () => {
  const status = failure(503, "etcd is away", "ServiceUnavailable");
  api.server.setFault(() => ({ kind: "status", status, headers: { "retry-after": "1" } }));
  expect(await api.client.get("/version")).toMatchObject({
    status: 503,
    json: status,
    headers: { "retry-after": "1" },
  });
});

it("can be silent, and late", async () => {
  api.server.setFault(({ url }) => (url === "/version" ? { kind: "hang" } : { kind: "delay", ms: 20 }));
  const silent = api.client.get("/version").then(
    () => "answered",
    () => "closed",
  );
  expect((await api.client.get("/healthz")).status).toBe(200);
  expect(await Promise.race([silent, "still waiting"])).toBe("still waiting");
  await api.close();
  expect(await silent).toBe("closed");
});
