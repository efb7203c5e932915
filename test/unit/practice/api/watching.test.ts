/** Watches of the practice API. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { WatchEvent } from "../../../api-client.ts";
import { aPod, type PracticeApi, pods, startApi } from "./practice-api.ts";

let api: PracticeApi;
const path = "/api/v1/namespaces/app/pods?watch=true";

beforeEach(async () => {
  api = await startApi();
  api.store.create(pods, aPod("a", { labels: { app: "web" } }));
});
afterEach(() => api.close());

function told(events: readonly WatchEvent[]): string[] {
  return events.map(({ type, object }) => `${type} ${object.metadata?.name ?? object.reason ?? ""}`.trim());
}

const count =
  (wanted: number) =>
  (events: readonly unknown[]): boolean =>
    events.length >= wanted;

/** Waits until the server has the watch, so that what follows is seen live. */
async function begun(): Promise<void> {
  while (!api.server.requests.some(({ url, status }) => url.includes("watch") && status !== undefined)) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("a watch", () => {
  it("without a version begins with what there is", async () => {
    expect(told(await api.client.watch(path, count(1)))).toEqual(["ADDED a"]);
  });

  it("from a version gives what was missed, then what happens", async () => {
    const from = api.store.version();
    api.store.create(pods, aPod("b"));
    const watching = api.client.watch(`${path}&resourceVersion=${from}`, count(3));
    await begun();
    api.store.create({ group: "", resource: "configmaps" }, { metadata: { name: "other", namespace: "app" } });
    api.store.create(pods, { ...aPod("elsewhere"), metadata: { name: "elsewhere", namespace: "default" } });
    api.store.modify(pods, "app", "b", (draft) => {
      draft.status.phase = "Failed";
    });
    api.store.delete(pods, "app", "b");
    expect(told(await watching)).toEqual(["ADDED b", "MODIFIED b", "DELETED b"]);
  });

  it("from a version that is forgotten ends with an error that says so", async () => {
    api.store.compact();
    const events = await api.client.watch(`${path}&resourceVersion=1`, () => false);
    expect(events).toMatchObject([{ type: "ERROR", object: { kind: "Status", reason: "Expired", code: 410 } }]);
  });

  it("adds what enters its selection and deletes what leaves it", async () => {
    const from = api.store.version();
    const watching = api.client.watch(`${path}&resourceVersion=${from}&labelSelector=app%3Dweb`, count(3));
    await begun();
    const label = (value: string): void =>
      void api.store.modify(pods, "app", "a", (draft) => {
        draft.metadata.labels = { app: value };
      });
    label("db");
    label("db2");
    label("web");
    api.store.delete(pods, "app", "a", { gracePeriodSeconds: 0 });
    const events = await watching;
    expect(told(events)).toEqual(["DELETED a", "ADDED a", "DELETED a"]);
    expect(events[0]?.object.metadata.labels).toEqual({ app: "web" });
  });

  it("tells where the initial events end, when it was asked to", async () => {
    const query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    const events = await api.client.watch(`${path}&${query}`, count(2));
    expect(events).toMatchObject([
      { type: "ADDED" },
      {
        type: "BOOKMARK",
        object: {
          kind: "Pod",
          metadata: {
            resourceVersion: api.store.version(),
            annotations: { "k8s.io/initial-events-end": "true" },
          },
        },
      },
    ]);
  });

  it("sends a bookmark every minute to those who allow it", async () => {
    const watching = api.client.watch(
      `${path}&resourceVersion=${api.store.version()}&allowWatchBookmarks=true`,
      count(2),
    );
    await begun();
    await api.clock.advance(120_000);
    expect((await watching).map(({ type }) => type)).toEqual(["BOOKMARK", "BOOKMARK"]);
  });

  it("ends after its timeout", async () => {
    const watching = api.client.watch(`${path}&timeoutSeconds=5`, () => false);
    await begun();
    await api.clock.advance(5000);
    expect(told(await watching)).toEqual(["ADDED a"]);
  });

  it("as tables names the columns once", async () => {
    const accept = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" };
    const watching = api.client.watch(path, count(2), accept);
    await begun();
    api.store.create(pods, aPod("b"));
    const [first, second] = await watching;
    expect(first?.object.columnDefinitions.length).toBeGreaterThan(5);
    expect(second?.object).toMatchObject({ kind: "Table", columnDefinitions: [] });
    expect(second?.object.rows[0].cells.slice(0, 4)).toEqual(["b", "0/1", "Running", "0"]);
  });

  it("of one object follows that one", async () => {
    api.store.create(pods, aPod("b"));
    const events = await api.client.watch(
      "/api/v1/namespaces/app/pods?watch=1&fieldSelector=metadata.name%3Db",
      count(1),
    );
    expect(told(events)).toEqual(["ADDED b"]);
  });

  it("refuses initial events without the version rule that they need", async () => {
    const answer = await api.client.get(`${path}&sendInitialEvents=true`);
    expect(answer).toMatchObject({ status: 422, json: { reason: "Invalid" } });
  });
});
