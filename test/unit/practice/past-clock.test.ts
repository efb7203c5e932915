/** The time in which a scenario's past is played. */
import { expect, test } from "vitest";
import { manualClock } from "../../../lib/practice/clock.ts";
import { pastClock } from "../../../lib/practice/past-clock.ts";

const start = new Date("2026-08-22T10:00:00Z");
const at = (seconds: number): Date => new Date(start.getTime() + seconds * 1000);

test("the past runs what falls due in its order, at its own moment", () => {
  const clock = pastClock(start);
  const seen: string[] = [];
  const note = (name: string) => () => seen.push(`${name} ${clock.now().getTime() - start.getTime()}`);
  clock.schedule(3000, note("late"));
  clock.schedule(1000, note("first"));
  clock.schedule(1000, note("second"));
  clock.schedule(9000, note("beyond"));
  clock.runUntil(at(5));
  expect(seen).toEqual(["first 1000", "second 1000", "late 3000"]);
  expect(clock.now()).toEqual(at(5));
});

test("hundreds of timers in random order come in order", () => {
  const clock = pastClock(start);
  const seen: number[] = [];
  for (let index = 0; index < 500; index++) {
    const delay = (index * 7919) % 1000;
    clock.schedule(delay, () => seen.push(delay));
  }
  clock.runUntil(at(10));
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
  expect(seen).toHaveLength(500);
});

test("what was cancelled does not run, neither in the past nor later", async () => {
  const clock = pastClock(start);
  let runs = 0;
  const cancelEarly = clock.schedule(1000, () => runs++);
  const cancelLate = clock.schedule(60_000, () => runs++);
  cancelEarly();
  clock.runUntil(at(5));
  const live = manualClock(at(5));
  clock.goLive(live);
  cancelLate();
  await live.advance(120_000);
  expect(runs).toBe(0);
});

test("what was scheduled beyond the present happens on the live clock, when it would have", async () => {
  const clock = pastClock(start);
  const seen: string[] = [];
  clock.schedule(8000, () => seen.push(clock.now().toISOString()));
  clock.runUntil(at(5));
  const live = manualClock(at(5));
  clock.goLive(live);
  await live.advance(2999);
  expect(seen).toEqual([]);
  await live.advance(1);
  expect(seen).toEqual([at(8).toISOString()]);
});
