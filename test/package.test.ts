/** Every dependency has its reason beside it, and no reason outlives its dependency; a checkout is the same bytes everywhere. */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
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

test("a checkout on Windows has the same bytes", () => {
  const directory = mkdtempSync(path.join(tmpdir(), "vmnode-checkout-"));
  const git = (...words: readonly string[]) => execFileSync("git", ["-C", directory, ...words], { stdio: "pipe" });
  const files = [".gitattributes", "LICENSE"];
  try {
    git("init");
    // As it is set on GitHub's runners.
    git("config", "core.autocrlf", "true");
    for (const file of files)
      copyFileSync(fileURLToPath(new URL(`../${file}`, import.meta.url)), path.join(directory, file));
    git("add", ...files);
    rmSync(path.join(directory, "LICENSE"));
    git("checkout", "--", "LICENSE");
    expect(readFileSync(path.join(directory, "LICENSE"), "utf8")).not.toContain("\r");
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
