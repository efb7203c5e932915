/** Kubernetes quantities: what is read, counted in whole units, and written for people. */
import { describe, expect, it } from "vitest";
import { formatBytes, formatUnits, parseQuantity, toUnits } from "../../../lib/model/quantity.ts";

describe("parseQuantity", () => {
  it.each([
    ["0", 0],
    ["500m", 0.5],
    ["2", 2],
    ["1.5", 1.5],
    [".5", 0.5],
    ["2Gi", 2 ** 31],
    ["128Mi", 2 ** 27],
    ["1G", 1e9],
    ["1k", 1000],
    ["1e3", 1000],
    ["12E", 12e18],
    ["-1", -1],
    ["100n", 1e-7],
  ])("reads %s", (text, value) => {
    expect(parseQuantity(text)).toBeCloseTo(value, 12);
  });

  it.each(["", "Gi", "1GB", "1 Gi", "1.2.3", "0x10", "1ki"])("does not take %j for a quantity", (text) => {
    expect(parseQuantity(text)).toBeUndefined();
  });
});

describe("toUnits", () => {
  it.each([
    ["cpu", "100m", 100],
    ["cpu", "0.283", 283],
    ["cpu", "1.1", 1100],
    ["cpu", "1n", 1],
    ["memory", "1Gi", 2 ** 30],
    ["memory", "1500m", 2],
    ["devices.kubevirt.io/kvm", "1k", 1000],
    ["memory", "nonsense", 0],
  ])("counts %s %s as %d", (resource, text, units) => {
    expect(toUnits(resource, text)).toBe(units);
  });

  it("adds up tenths of a CPU without a remainder", () => {
    expect(toUnits("cpu", "0.1") * 3).toBe(toUnits("cpu", "0.3"));
  });
});

describe("formatUnits", () => {
  it.each([
    ["cpu", 500, "500m"],
    ["cpu", 16_000, "16"],
    ["memory", 41 * 2 ** 30, "41Gi"],
    ["memory", 1.55 * 2 ** 30, "1.5Gi"],
    ["memory", 512 * 2 ** 20, "512Mi"],
    ["memory", 100, "100"],
    ["memory", -(2 ** 30), "-1Gi"],
    ["hugepages-2Mi", 2 ** 21, "2Mi"],
    ["devices.kubevirt.io/kvm", 110, "110"],
  ])("writes %s %d as %s", (resource, units, text) => {
    expect(formatUnits(resource, units)).toBe(text);
  });
});

describe("formatBytes", () => {
  it.each([
    [2 ** 30, "1Gi"],
    [1536 * 2 ** 20, "1536Mi"],
    [1000, "1000"],
  ])("writes %d as %s", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});
