/** How long a reading of Node and Lease is good for, by our own clock. */
import { expect, test } from "vitest";
import { LifeGate } from "../../../lib/act/life-gate.ts";
import type { Clock } from "../../../lib/model/clock.ts";
import { readSigns } from "../../../lib/observe/signs.ts";
import { clusterOf, rawNode } from "../observe/raw-objects.ts";

test.each([
  ["half a second later", 500, 0],
  ["more than a second later", 1_001, 2],
  ["after our clock was set back", -3_600_000, 2],
])("%s: what is read again", async (_when, ms, requests) => {
  let now = Date.parse("2026-08-22T10:00:00Z");
  const clock: Clock = { now: () => new Date(now), sleep: () => Promise.resolve() };
  const cluster = clusterOf();
  cluster.put("nodes", rawNode("worker-1", { status: { conditions: [] } }));
  const world = { client: cluster.client(), clock, signal: new AbortController().signal };
  const gate = new LifeGate(world, await readSigns(world.client, "worker-1", world), () => undefined);
  await gate.pass();
  const before = cluster.requests.length;
  now += ms;
  await gate.fresh();
  expect(cluster.requests.length - before).toBe(requests);
});
