/** Watches: from where they start, what they bring, and how they end. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Cluster, type Json, kubevirt, openCluster } from "./cluster.ts";
import { machinesIn } from "./machines.ts";

let cluster: Cluster;
let maps: string;
beforeAll(async () => {
  cluster = await openCluster("watching");
  maps = `/api/v1/namespaces/${cluster.namespace}/configmaps`;
});
afterAll(() => cluster?.close());

const map = (name: string, labels: Json = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, labels },
});
const setLabels = (name: string, labels: Json) =>
  cluster.ask(`PATCH ${maps}/${name}`, {
    body: { metadata: { labels } },
    contentType: "application/merge-patch+json",
  });
const versionNow = async () => (await cluster.ask(`GET ${maps}`)).body.metadata.resourceVersion;

interface Watched {
  readonly type: string;
  readonly object: Json;
}

/** Opens a watch and yields its events; it ends when the server ends it or the reader has enough. */
async function* watch(target: string, accept?: string): AsyncGenerator<Watched> {
  const [path = "", query = ""] = target.split("?");
  const stream = await cluster.client.connection.stream({
    method: "GET",
    path,
    query: { watch: true, ...Object.fromEntries(new URLSearchParams(query)) },
    ...(accept && { accept }),
  });
  if ("status" in stream) throw new Error(`${stream.status} ${JSON.stringify(stream.body)}`);
  try {
    for await (const line of stream.lines) yield JSON.parse(line);
  } finally {
    stream.close();
  }
}

/** Events until `enough` of them are there. */
async function take(events: AsyncIterable<Watched>, enough: number): Promise<Watched[]> {
  const taken: Watched[] = [];
  for await (const event of events) {
    taken.push(event);
    if (taken.length === enough) break;
  }
  return taken;
}

const short = ({ type, object }: Watched) => `${type} ${object.metadata?.name ?? ""}`.trim();

test("a watch from a resourceVersion brings what happened since, in order", async () => {
  const from = await versionNow();
  await cluster.create(maps, map("one"));
  await setLabels("one", { changed: "yes" });
  await cluster.ask(`DELETE ${maps}/one`);
  const events = await take(watch(`${maps}?resourceVersion=${from}&fieldSelector=metadata.name%3Done`), 3);
  expect(events.map(short)).toEqual(["ADDED one", "MODIFIED one", "DELETED one"]);
  const versions = events.map(({ object }) => BigInt(object.metadata.resourceVersion));
  expect(versions).toEqual([...versions].sort((a, b) => (a < b ? -1 : 1)));
  expect(events[0]?.object).toMatchObject({ kind: "ConfigMap", apiVersion: "v1" });
  expect(events[2]?.object.metadata.labels).toEqual({ changed: "yes" });
});

test("without a resourceVersion it begins with what is there", async () => {
  await cluster.create(maps, map("there", { set: "start" }));
  const events = await take(watch(`${maps}?labelSelector=set%3Dstart`), 1);
  expect(events.map(short)).toEqual(["ADDED there"]);
});

test("an object that comes under the selector is ADDED, one that leaves it DELETED", async () => {
  await cluster.create(maps, map("wanders"));
  const from = await versionNow();
  await setLabels("wanders", { in: "yes" });
  await setLabels("wanders", { in: "yes", more: "yes" });
  await setLabels("wanders", { in: "no" });
  const events = await take(watch(`${maps}?resourceVersion=${from}&labelSelector=in%3Dyes`), 3);
  expect(events.map(short)).toEqual(["ADDED wanders", "MODIFIED wanders", "DELETED wanders"]);
  expect(events[2]?.object.metadata.labels.in).toBe("yes");
});

test("a patch that changes nothing is no event", async () => {
  await cluster.create(maps, map("calm", { a: "b" }));
  const from = await versionNow();
  const { body } = await setLabels("calm", { a: "b" });
  expect(BigInt(body.metadata.resourceVersion)).toBeLessThanOrEqual(BigInt(from));
  await setLabels("calm", { a: "c" });
  const events = await take(watch(`${maps}?resourceVersion=${from}&fieldSelector=metadata.name%3Dcalm`), 1);
  expect(events[0]?.object.metadata.labels).toEqual({ a: "c" });
});

test("events come while the watch is open", async () => {
  const from = await versionNow();
  const seen: string[] = [];
  const done = (async () => {
    for await (const event of watch(`${maps}?resourceVersion=${from}&labelSelector=live`)) {
      seen.push(short(event));
      if (event.type === "DELETED") return;
      await cluster.ask(`DELETE ${maps}/live`);
    }
  })();
  await cluster.create(maps, map("live", { live: "yes" }));
  await done;
  expect(seen).toEqual(["ADDED live", "DELETED live"]);
});

describe("bookmarks", () => {
  test("come about once a minute, so that silence means a broken connection", async () => {
    const from = await versionNow();
    const events = await take(watch(`${maps}?resourceVersion=${from}&labelSelector=none&allowWatchBookmarks=true`), 1);
    expect(events).toMatchObject([{ type: "BOOKMARK", object: { kind: "ConfigMap", metadata: {} } }]);
    expect(BigInt(events[0]?.object.metadata.resourceVersion)).toBeGreaterThanOrEqual(BigInt(from));
  }, 120_000);

  test("mark the end of the initial events that were asked for", async () => {
    await cluster.create(maps, map("initial", { set: "initial" }));
    const query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    const events = await take(watch(`${maps}?labelSelector=set%3Dinitial&${query}`), 2);
    expect(events.map(short)).toEqual(["ADDED initial", "BOOKMARK"]);
    expect(events[1]?.object).toMatchObject({
      kind: "ConfigMap",
      metadata: {
        resourceVersion: expect.stringMatching(/^\d+$/),
        annotations: { "k8s.io/initial-events-end": "true" },
      },
    });
  });
});

describe("the end", () => {
  test("comes after timeoutSeconds", async () => {
    const from = await versionNow();
    const started = Date.now();
    const events = await take(watch(`${maps}?resourceVersion=${from}&timeoutSeconds=1&labelSelector=none`), 10);
    expect(events.filter(({ type }) => type !== "BOOKMARK")).toEqual([]);
    expect(Date.now() - started).toBeLessThan(15_000);
  });

  test.each([
    ["built-in", () => "/api/v1/pods"],
    ["custom", () => `${kubevirt}/namespaces/${cluster.namespace}/virtualmachineinstances`],
  ])("of a watch from long ago (%s resources) is an ERROR event with code 410", async (_kind, path) => {
    const events = await take(watch(`${path()}?resourceVersion=1&timeoutSeconds=5`), 1);
    expect(events).toMatchObject([
      {
        type: "ERROR",
        object: {
          kind: "Status",
          status: "Failure",
          reason: "Expired",
          code: 410,
          message: expect.stringMatching(/^too old resource version: 1 \(\d+\)$/),
        },
      },
    ]);
  });
});

test("a watch can bring tables, whose later events repeat no columns", async () => {
  const from = await versionNow();
  await cluster.create(maps, map("row", { set: "table" }));
  await setLabels("row", { set: "table", more: "yes" });
  const accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
  const events = await take(watch(`${maps}?resourceVersion=${from}&labelSelector=set%3Dtable`, accept), 2);
  expect(events.map(({ type, object }) => [type, object.kind, object.rows[0].cells[0]])).toEqual([
    ["ADDED", "Table", "row"],
    ["MODIFIED", "Table", "row"],
  ]);
  expect(events[0]?.object.columnDefinitions.length).toBeGreaterThan(0);
  expect(events[1]?.object.columnDefinitions ?? []).toEqual([]);
});

test("a VMI can be followed from its creation until it runs", async () => {
  const machines = machinesIn(cluster);
  const made = await machines.createInstance("followed");
  const path = `${kubevirt}/namespaces/${cluster.namespace}/virtualmachineinstances`;
  const phases: string[] = [];
  for await (const { object } of watch(
    `${path}?resourceVersion=${made.metadata.resourceVersion}&allowWatchBookmarks=1`,
  )) {
    const phase = object.status?.phase;
    if (phase && phase !== phases.at(-1)) phases.push(phase);
    if (phase === "Running") break;
  }
  expect(phases).toEqual(["Pending", "Scheduling", "Scheduled", "Running"].slice(-phases.length));
  expect(phases.length).toBeGreaterThanOrEqual(3);
});

test("kubectl wait follows an object until it is as wanted", async () => {
  await cluster.create(maps, map("awaited"));
  const waiting = cluster.kubectl(["wait", "configmap/awaited", "--for=delete", "--timeout=30s"]);
  await cluster.ask(`DELETE ${maps}/awaited`);
  expect(await waiting).toMatchObject({ code: 0 });
});
