/** Durations are read as Go reads them. */
import { describe, expect, it } from "vitest";
import { parseGoDuration } from "../../../lib/model/duration.ts";

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
    ["1ns", 1],
    ["-1ns", -1],
    ["1.0004s", 1000],
    ["1.1m", 66_000],
    ["1000us", 1],
    ["1000\u00b5s", 1],
    ["1000\u03bcs", 1],
  ])("reads %s", (text, ms) => {
    expect(parseGoDuration(text)).toBe(ms);
  });

  it.each(["", "5", "s", "1d", "1m 30s", "m30", "--1s", "1e3s"])("does not take %j for a duration", (text) => {
    expect(parseGoDuration(text)).toBeUndefined();
  });
});
