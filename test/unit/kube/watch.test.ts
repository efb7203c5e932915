/** One watch: what is asked, what its lines mean, and how it ends. */
import type { ServerResponse } from "node:http";
import { afterEach, expect, test } from "vitest";
import type { ResourceType, WatchEvent } from "../../../lib/kube/api.ts";
import { createClient } from "../../../lib/kube/client.ts";
import { closeServers, fakeServer, type Reply, refusal } from "./fake-server.ts";
import { connectTo } from "./surroundings.ts";

const pods: ResourceType = { group: "", version: "v1", plural: "pods", namespaced: true };
const pod = (name: string, resourceVersion: string) => ({ metadata: { name, uid: name, resourceVersion } });

afterEach(closeServers);

const stream =
  (events: readonly object[], end: (response: ServerResponse) => void = (response) => response.end()): Reply =>
  (response) => {
    response.writeHead(200);
    response.write(events.map((event) => `${JSON.stringify(event)}\n`).join(""), () => end(response));
  };

async function watched(reply: Reply) {
  const server = await fakeServer(() => reply);
  const connection = await connectTo(server.url);
  const events: WatchEvent[] = [];
  const { signal } = new AbortController();
  for await (const event of createClient(connection).watch(pods, {
    namespace: "a",
    fieldSelector: "spec.nodeName=n",
    resourceVersion: "5",
    signal,
  })) {
    events.push(event);
  }
  return { server, events };
}

test("asks for bookmarks from the given version on", async () => {
  const { server } = await watched(stream([]));
  expect(server.asked).toMatchObject([
    {
      method: "GET",
      path: "/api/v1/namespaces/a/pods",
      query: { watch: "true", allowWatchBookmarks: "true", resourceVersion: "5", fieldSelector: "spec.nodeName=n" },
    },
  ]);
});

test("yields events; each, bookmarks included, moves the version from which the next watch goes on", async () => {
  const { events } = await watched(
    stream([
      { type: "ADDED", object: pod("a", "6") },
      { type: "MODIFIED", object: pod("a", "7") },
      { type: "DELETED", object: pod("a", "8") },
      { type: "BOOKMARK", object: { metadata: { resourceVersion: "42" } } },
    ]),
  );
  expect(events).toEqual([
    { type: "ADDED", object: pod("a", "6"), resourceVersion: "6" },
    { type: "MODIFIED", object: pod("a", "7"), resourceVersion: "7" },
    { type: "DELETED", object: pod("a", "8"), resourceVersion: "8" },
    { type: "BOOKMARK", resourceVersion: "42" },
    { type: "ENDED", reason: "closed", resourceVersion: "42" },
  ]);
});

const gone = { kind: "Status", code: 410, reason: "Expired", message: "too old resource version" };
const first = { type: "ADDED", object: pod("a", "6") };
const endings: readonly { readonly name: string; readonly reply: Reply; readonly last: WatchEvent }[] = [
  {
    name: "the server ends it",
    reply: stream([first]),
    last: { type: "ENDED", reason: "closed", resourceVersion: "6" },
  },
  {
    name: "the connection breaks",
    reply: stream([first], (response) => response.socket?.destroy()),
    last: { type: "ENDED", reason: "closed", resourceVersion: "6" },
  },
  {
    name: "the version is too old, said by status",
    reply: refusal(410, { reason: "Expired" }),
    last: { type: "ENDED", reason: "expired", resourceVersion: "5" },
  },
  {
    name: "the version is too old, said in the stream",
    reply: stream([first, { type: "ERROR", object: gone }, first]),
    last: { type: "ENDED", reason: "expired", resourceVersion: "6" },
  },
  {
    name: "the server has another error",
    reply: stream([{ type: "ERROR", object: { kind: "Status", code: 500 } }]),
    last: { type: "ENDED", reason: "closed", resourceVersion: "5" },
  },
  {
    name: "a line makes no sense",
    reply: (response) => void response.end("<html>\n"),
    last: { type: "ENDED", reason: "closed", resourceVersion: "5" },
  },
];
test.for(endings)("says how to go on when $name", async ({ reply, last }) => {
  const { events } = await watched(reply);
  expect(events.at(-1)).toEqual(last);
  expect(events.filter(({ type }) => type === "ENDED")).toHaveLength(1);
});

test("throws when watching is refused", async () => {
  await expect(watched(refusal(403, { reason: "Forbidden", message: "no" }))).rejects.toMatchObject({
    name: "KubeError",
  });
});

test("ends with the caller's signal", async () => {
  const server = await fakeServer(() => stream([first], () => {}));
  const connection = await connectTo(server.url);
  const stop = new AbortController();
  const types: string[] = [];
  for await (const event of createClient(connection).watch(pods, { resourceVersion: "5", signal: stop.signal })) {
    types.push(event.type);
    stop.abort();
  }
  expect(types).toEqual(["ADDED", "ENDED"]);
});
