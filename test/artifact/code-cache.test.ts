/** The code cache within the executable is one that the Node within the executable takes. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { bundle, bundleFiles, root } from "../../krew/bundle.ts";
import { makeExecutable } from "../../krew/executable.ts";
import { here } from "../../krew/platforms.ts";

const workdir = mkdtempSync(path.join(tmpdir(), "vmnode-code-cache-"));
afterAll(() => rmSync(workdir, { recursive: true, force: true }));

/** In the place of our start: says what becomes of the program's code cache. */
const teller = `
  const { getRawAsset } = require("node:sea");
  const { Script } = require("node:vm");
  const asset = (name) => Buffer.from(getRawAsset(name));
  const [source, cachedData] = [asset("program.cjs"), asset("program.cjs.cache")];
  const script = new Script(source.toString("latin1"), { filename: "program.cjs", cachedData });
  console.log(JSON.stringify({ rejected: script.cachedDataRejected, share: cachedData.length / source.length }));`;

test("V8 takes the code cache, and every function is in it", { timeout: 60_000 }, async () => {
  await bundle({ entry: path.join(root, "cmd/main.ts"), outdir: workdir });
  writeFileSync(path.join(workdir, bundleFiles.start), teller);
  const output = path.join(workdir, "teller");
  await makeExecutable({
    bundles: workdir,
    output,
    node: process.execPath,
    system: here.system,
    maker: process.execPath,
    native: true,
  });
  const { rejected, share } = JSON.parse(execFileSync(output, { encoding: "utf8" }));
  expect(rejected).toBe(false);
  // Without functions that nobody has called yet it would be a tenth of the source.
  expect(share).toBeGreaterThan(2);
});
