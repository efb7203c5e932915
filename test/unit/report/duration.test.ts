/** Lengths of time read as kubectl writes them. */
import { expect, test } from "vitest";
import { humanDuration } from "../../../lib/model/duration.ts";
import { age, runningTime, stopwatch } from "../../../lib/report/duration.ts";

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

test.each([
  [-2, "<invalid>"],
  [-1, "0s"],
  [0, "0s"],
  [119, "119s"],
  [120, "2m"],
  [400, "6m40s"],
  [10 * minute + 30, "10m"],
  [179 * minute, "179m"],
  [3 * hour, "3h"],
  [7 * hour + 59 * minute, "7h59m"],
  [8 * hour + 59 * minute, "8h"],
  [47 * hour, "47h"],
  [2 * day, "2d"],
  [3 * day + 4 * hour, "3d4h"],
  [8 * day, "8d"],
  [41 * day + 5 * hour, "41d"],
  [729 * day, "729d"],
  [730 * day, "2y"],
  [740 * day, "2y10d"],
  [8 * 365 * day + 5 * day, "8y"],
])("%d s is %s, as in kubectl", (seconds, text) => {
  expect(humanDuration(seconds * 1000)).toBe(text);
});

test("an age counts from the object's time to now, and is <unknown> without one", () => {
  const now = new Date("2026-11-21T14:02:11Z");
  expect(age("2026-11-21T13:55:31Z", now)).toBe("6m40s");
  expect(age(undefined, now)).toBe("<unknown>");
  expect(age("yesterday", now)).toBe("<unknown>");
});

test.each([
  [0, "0 s", "0:00"],
  [41.4, "41 s", "0:41"],
  [247, "4m07s", "4:07"],
  [725, "12m05s", "12:05"],
  [3723, "1h02m", "1:02:03"],
])("%d s runs as %s and on a stopwatch as %s", (seconds, text, clock) => {
  expect(runningTime(seconds)).toBe(text);
  expect(stopwatch(seconds)).toBe(clock);
});
