import { describe, expect, it } from "vitest";
import { formatGoDuration, parseGoDuration } from "../../../lib/model/duration.ts";

describe("parseGoDuration", () => {
  it.each([
    ["0", 0],
    ["0s", 0],
    ["30s", 30_000],
    ["1m30s", 90_000],
    ["1.5h", 5_400_000],
    [".5s", 500],
    ["250ms", 250],
    ["1h0m1s", 3_601_000],
    ["-10s", -10_000],
    ["+10s", 10_000],
    ["1000us", 1],
    ["1000\u00b5s", 1],
    ["1000\u03bcs", 1],
  ])("reads %s", (text, ms) => {
    expect(parseGoDuration(text)).toBeCloseTo(ms, 9);
  });

  it.each(["", "5", "s", "1d", "1m 30s", "m30", "--1s", "1e3s"])("does not take %j for a duration", (text) => {
    expect(parseGoDuration(text)).toBeUndefined();
  });
});

describe("formatGoDuration", () => {
  it.each([
    [0, "0s"],
    [60_000, "1m0s"],
    [5_400_000, "1h30m0s"],
    [1500, "1.5s"],
    [250, "250ms"],
    [3_600_000, "1h0m0s"],
    [-90_000, "-1m30s"],
  ])("writes %d ms as %s", (ms, text) => {
    expect(formatGoDuration(ms)).toBe(text);
  });
});
