/** Every dependency has its reason beside it, and no reason outlives its dependency. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));

test("package.json says of each dependency why it is there", () => {
  const { dependencies, devDependencies, optionalDependencies, dependencyReasons } = manifest;
  const names = Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies });
  const reasons = new Set(names.map((name) => (/^node-/.test(name) ? "node-*" : name)));
  expect(Object.keys(dependencyReasons).sort()).toEqual([...reasons].sort());
});

test("every version is exact", () => {
  const { dependencies, devDependencies, optionalDependencies } = manifest;
  const ranges = Object.values({ ...dependencies, ...devDependencies, ...optionalDependencies }) as string[];
  expect(ranges.filter((version) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([]);
});
