/** A followed set: what it holds, and what it does when lists and watches fail. */
import { describe, expect, test } from "vitest";
import type { ResourceType, WatchEvent } from "../../../lib/kube/api.ts";
import type { KubeClient } from "../../../lib/kube/client.ts";
import { type Change, type Following, type InformerOptions, listAndWatch } from "../../../lib/kube/informer.ts";
import { ConfigError, KubeError, UnreachableError } from "../../../lib/model/errors.ts";
import { type TestClock, testClock } from "./surroundings.ts";

const pods: ResourceType = { group: "", version: "v1", plural: "pods", namespaced: true };
const pod = (name: string, uid = name) => ({ metadata: { name, uid } });
const ended = (reason: "closed" | "expired", resourceVersion: string): WatchEvent => ({
  type: "ENDED",
  reason,
  resourceVersion,
});
const refused = (code: number, reason: string) => new KubeError({ code, reason, message: reason, causes: [] });

/** One step of the server: a list's items with its version, or the events of a watch; an error is thrown. */
type Step =
  | { readonly list: readonly object[]; readonly at: string }
  | { readonly watch: readonly WatchEvent[]; readonly lasting?: number }
  | Error;

interface Run {
  /** `list` and `watch from VERSION`, in order. */
  readonly asked: string[];
  readonly followed: Following["mode"][];
  readonly changes: Change<string>[];
  readonly clock: TestClock;
  readonly informer: ReturnType<typeof listAndWatch<string>>;
  /** Contents by UID at the end of the script. */
  readonly items: () => Record<string, string>;
}

/** Follows a server that takes the steps in order; when they are used up the follower is stopped. */
function follow(steps: readonly Step[], options: Partial<InformerOptions<string>> = {}): Run {
  const rest = [...steps];
  const stop = new AbortController();
  const asked: string[] = [];
  const followed: Following["mode"][] = [];
  const changes: Change<string>[] = [];
  const clock = testClock();
  const next = (): Exclude<Step, Error> => {
    const step = rest.shift();
    if (step === undefined) {
      stop.abort(new Error("stopped"));
      throw stop.signal.reason;
    }
    if (step instanceof Error) throw step;
    return step;
  };
  const client = {
    list: async (_type: ResourceType, _options: object, decode: (object: unknown) => unknown) => {
      asked.push("list");
      const step = next();
      if (!("list" in step)) throw new Error("a list was not expected");
      return { items: step.list.map(decode), resourceVersion: step.at, serverTime: undefined };
    },
    watch: async function* (_type: ResourceType, { resourceVersion }: { resourceVersion: string }) {
      asked.push(`watch from ${resourceVersion}`);
      const step = next();
      if (!("watch" in step)) throw new Error("a watch was not expected");
      clock.advance(step.lasting ?? 60_000);
      yield* step.watch;
    },
  } as unknown as KubeClient;
  const informer = listAndWatch(client, pods, {
    decode: (object) => (object as ReturnType<typeof pod>).metadata.name,
    onChange: (change) => changes.push(change),
    onFollowing: ({ mode }) => followed.push(mode),
    signal: stop.signal,
    clock,
    random: () => 1,
    ...options,
  });
  return { asked, followed, changes, clock, informer, items: () => Object.fromEntries(informer.items) };
}

test("lists, then follows the watch; the next watch goes on where the last one ended", async () => {
  const run = follow([
    { list: [pod("a"), pod("b")], at: "10" },
    {
      watch: [
        { type: "ADDED", object: pod("c"), resourceVersion: "11" },
        { type: "MODIFIED", object: { metadata: { name: "a2", uid: "a" } }, resourceVersion: "12" },
        { type: "DELETED", object: pod("b"), resourceVersion: "13" },
        { type: "BOOKMARK", resourceVersion: "20" },
        ended("closed", "20"),
      ],
    },
    { watch: [ended("closed", "21")] },
  ]);
  await run.informer.synced;
  await run.informer.ended;
  expect(run.asked).toEqual(["list", "watch from 10", "watch from 20", "watch from 21"]);
  expect(run.items()).toEqual({ a: "a2", c: "c" });
  expect(run.changes).toEqual([
    { type: "listed" },
    { type: "set", uid: "c", item: "c", before: undefined },
    { type: "set", uid: "a", item: "a2", before: "a" },
    { type: "removed", uid: "b", before: "b" },
  ]);
  expect(run.followed).toEqual(["watching"]);
  expect(run.clock.slept).toEqual([]);
});

test("an object made again under its old name is another one", async () => {
  const run = follow([
    { list: [pod("a", "old")], at: "1" },
    {
      watch: [
        { type: "ADDED", object: pod("a", "new"), resourceVersion: "2" },
        { type: "DELETED", object: pod("a", "old"), resourceVersion: "3" },
        ended("closed", "3"),
      ],
    },
  ]);
  await run.informer.ended;
  expect(run.items()).toEqual({ new: "a" });
});

test("what the decoder leaves out is not kept, and goes when it changes to that", async () => {
  const wanted = (object: unknown) => {
    const { name } = (object as ReturnType<typeof pod>).metadata;
    return name.startsWith("x") ? undefined : name;
  };
  const run = follow(
    [
      { list: [pod("a"), pod("x")], at: "1" },
      { watch: [{ type: "MODIFIED", object: pod("xa", "a"), resourceVersion: "2" }, ended("closed", "2")] },
    ],
    { decode: wanted },
  );
  await run.informer.ended;
  expect(run.items()).toEqual({});
  expect(run.changes.at(-1)).toEqual({ type: "removed", uid: "a", before: "a" });
});

test("an expired watch is followed by a new list at once, which replaces everything", async () => {
  const run = follow([
    { list: [pod("a")], at: "1" },
    { watch: [ended("expired", "1")] },
    { list: [pod("b")], at: "9" },
  ]);
  await run.informer.ended;
  expect(run.asked).toEqual(["list", "watch from 1", "list", "watch from 9"]);
  expect(run.items()).toEqual({ b: "b" });
  expect(run.clock.slept).toEqual([]);
});

describe("faults", () => {
  const unreachable = new UnreachableError("no route");

  test("an unreachable server is tried again with growing pauses, up to half a minute, from the first list on", async () => {
    const run = follow([...Array<Step>(7).fill(unreachable), { list: [pod("a")], at: "1" }]);
    await run.informer.synced;
    await run.informer.ended;
    expect(run.clock.slept).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    expect(run.followed).toEqual([...Array(7).fill("failing"), "watching"]);
    expect(run.items()).toEqual({ a: "a" });
  });

  test("what was seen is kept while the server does not answer, and since when is said", async () => {
    const seen: Following[] = [];
    const run = follow([{ list: [pod("a")], at: "1" }, unreachable, unreachable], {
      onFollowing: (following) => seen.push(following),
    });
    await run.informer.ended;
    expect(run.items()).toEqual({ a: "a" });
    const since = new Date("2026-01-01T00:00:00Z");
    expect(seen).toEqual([
      { mode: "watching" },
      { mode: "failing", since, error: unreachable },
      { mode: "failing", since, error: unreachable },
    ]);
  });

  test("the pauses of many clients are spread", async () => {
    const run = follow([unreachable, unreachable, unreachable], { random: () => 0 });
    await run.informer.ended;
    expect(run.clock.slept).toEqual([1000, 1000, 2000]);
  });

  test("a first list that is refused ends it with the server's words", async () => {
    for (const error of [
      refused(403, "Forbidden"),
      refused(404, "NotFound"),
      new ConfigError("You must be logged in"),
    ]) {
      const run = follow([error]);
      await expect(run.informer.synced).rejects.toBe(error);
      await run.informer.ended;
      expect(run.asked).toEqual(["list"]);
    }
  });

  test("a later refusal is tried again, because what was seen is still worth something", async () => {
    const run = follow([
      { list: [pod("a")], at: "1" },
      { watch: [ended("expired", "1")] },
      refused(403, "Forbidden"),
      { list: [pod("b")], at: "5" },
    ]);
    await run.informer.ended;
    expect(run.followed).toEqual(["watching", "failing", "watching"]);
    expect(run.items()).toEqual({ b: "b" });
  });

  test("where watching is forbidden it lists every few seconds", async () => {
    const run = follow(
      [
        { list: [pod("a")], at: "1" },
        refused(403, "Forbidden"),
        { list: [pod("b")], at: "2" },
        { list: [pod("c")], at: "3" },
      ],
      { pollMs: 7000 },
    );
    await run.informer.ended;
    expect(run.asked).toEqual(["list", "watch from 1", "list", "list", "list"]);
    expect(run.followed).toEqual(["watching", "polling"]);
    expect(run.clock.slept).toEqual([7000, 7000]);
    expect(run.items()).toEqual({ c: "c" });
  });

  test("a server that ends every watch at once is not asked without pause; a long silence is no fault", async () => {
    const atOnce: Step = { watch: [ended("closed", "1")], lasting: 10 };
    const silent: Step = { watch: [ended("closed", "1")], lasting: 90_000 };
    const run = follow([{ list: [], at: "1" }, atOnce, atOnce, atOnce, silent, silent, silent]);
    await run.informer.ended;
    expect(run.clock.slept).toEqual([2000, 4000]);
    expect(run.asked).toHaveLength(8);
  });

  test("a decoder that throws is a bug and ends it loudly", async () => {
    const run = follow([{ list: [pod("a")], at: "1" }], {
      decode: () => {
        throw new TypeError("bug");
      },
    });
    await expect(run.informer.ended).rejects.toThrow("bug");
    await expect(run.informer.synced).rejects.toThrow("bug");
  });
});

test("stopped before the first list, it says so to who waits for it", async () => {
  const run = follow([]);
  await expect(run.informer.synced).rejects.toThrow("stopped");
  await run.informer.ended;
  expect(run.informer.following).toEqual({ mode: "starting" });
});
