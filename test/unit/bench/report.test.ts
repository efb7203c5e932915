/** Measurements are held against their limits, and what nothing has measured is not called met. */
import { expect, test } from "vitest";
import { memoryOf, mostOf } from "../../../bench/measure.ts";
import { atMost, report } from "../../../bench/report.ts";

test.each([
  ["below its limit", 10, 9, "| met", true],
  ["at its limit", 10, 10, "| met", true],
  ["above its limit", 10, 11, "| MISSED", false],
  // Memory, where the system does not tell how much a process has.
  ["that was not measured", 10, undefined, "| not measured | unknown", true],
  ["whose limit was not measured", undefined, 9, "| unknown", true],
])("a figure %s", (_what, allowed, measured, said, met) => {
  const made = report([], [atMost("figure", allowed, measured, " MiB")]);
  expect(made.text).toContain(said);
  expect(made.met).toBe(met);
});

test("memory of no process is not zero", () => {
  expect(memoryOf(undefined, "VmHWM")).toBeUndefined();
  expect([mostOf([]), mostOf([2, 3, 1])]).toEqual([undefined, 3]);
});
