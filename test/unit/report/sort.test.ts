/** --sort-by orders as kubectl does. */
import { describe, expect, test } from "vitest";
import { UsageError } from "../../../lib/model/errors.ts";
import { sortBy } from "../../../lib/report/sort.ts";

const items = [
  {
    name: "worker-10",
    vms: 3,
    createdAt: "2026-01-02T00:00:00Z",
    strategy: { value: "None" },
    findings: [{ code: "B" }],
  },
  { name: "worker-9", vms: 20, createdAt: "2026-01-03T00:00:00Z", strategy: { value: "LiveMigrate" }, findings: [] },
  {
    name: "worker-2",
    vms: 0,
    createdAt: "2026-01-01T00:00:00Z",
    strategy: { value: "External" },
    findings: [{ code: "A" }],
  },
];
const order = (path: string) => sortBy(items, path).map((item) => item.name.replace("worker-", ""));

describe("sorting", () => {
  test.each([
    [".name", ["2", "9", "10"]],
    ["{.name}", ["2", "9", "10"]],
    ["name", ["2", "9", "10"]],
    [".metadata.name", ["2", "9", "10"]],
    ["{.metadata.creationTimestamp}", ["2", "10", "9"]],
    [".vms", ["2", "10", "9"]],
    [".strategy.value", ["2", "9", "10"]],
    [".findings[0].code", ["9", "2", "10"]],
  ])("by %s", (path, expected) => {
    expect(order(path)).toEqual(expected);
  });

  test("leaves the list that it was given as it was", () => {
    sortBy(items, ".name");
    expect(items[0]?.name).toBe("worker-10");
  });

  test.each([".nothing", ".name.length", ".constructor", ".strategy.nothing"])(
    "by %s, which nothing has, is refused",
    (path) => {
      expect(() => order(path)).toThrow(`couldn't find any field with path "${path}" in the list of objects`);
      expect(sortBy([], path)).toEqual([]);
    },
  );

  test.each(["{.items[*].name}", "a b", "", ".a..b"])("by %j is refused as no path", (path) => {
    expect(() => order(path)).toThrow(UsageError);
  });
});
