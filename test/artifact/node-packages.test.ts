/** The Node that a platform is built with lies where this machine, and Windows, can start it; and it is the one that the checksum names. */
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { fetchNode, nodeIn } from "../../krew/node-packages.ts";
import { linuxSibling, type NodePackage, platforms } from "../../krew/platforms.ts";
import { writeTar } from "../../krew/tar.ts";

const workdir = mkdtempSync(path.join(tmpdir(), "vmnode-nodes-"));
afterAll(() => rmSync(workdir, { recursive: true, force: true }));

// Windows looks for a program without an ending as .com and .exe alone, and so does not start a file that is called just `node`.
test.each(platforms)("$system/$arch: the Node that is kept has the ending of its system", ({ system, node }) => {
  expect(path.basename(nodeIn(workdir, node).node)).toBe(system === "windows" ? "node.exe" : "node");
  expect(path.basename(nodeIn(workdir, linuxSibling(node)).node)).toBe("node");
});

describe.skipIf(process.platform === "win32")("from a package that npm has packed", () => {
  afterEach(() => vi.unstubAllEnvs());

  /** An npm that packs these files for every package; returns the checksum of what it packs. */
  function npmPacking(binary: string): string {
    const directory = mkdtempSync(path.join(workdir, "npm-"));
    const files = [
      { name: `package/bin/${binary}`, mode: 0o644, data: Buffer.from("Node itself") },
      { name: "package/LICENSE", mode: 0o644, data: Buffer.from("its licence") },
      { name: "package/package.json", mode: 0o644, data: Buffer.from("{}") },
    ];
    const archive = gzipSync(writeTar(files));
    writeFileSync(path.join(directory, "packed.tgz"), archive);
    // npm pack NAME@VERSION --json --ignore-scripts --pack-destination WHERE
    const script = `#!/bin/sh\ncp ${directory}/packed.tgz "$6" && echo '[{ "filename": "packed.tgz" }]'\n`;
    writeFileSync(path.join(directory, "npm"), script, { mode: 0o755 });
    vi.stubEnv("PATH", `${directory}:${process.env.PATH}`);
    return `sha512-${createHash("sha512").update(archive).digest("base64")}`;
  }

  test.each(["node", "node.exe"] as const)(
    "%s is kept under its name, with its licence, ready to be started",
    (binary) => {
      const cache = mkdtempSync(path.join(workdir, "cache-"));
      const wanted: NodePackage = { name: "node-somewhere", version: "1.2.3", binary, integrity: npmPacking(binary) };
      // From a time when every Node was kept as `node`.
      mkdirSync(path.join(cache, "node-somewhere-1.2.3"));
      writeFileSync(path.join(cache, "node-somewhere-1.2.3", "LICENSE"), "an older one");
      fetchNode(cache, wanted);
      const { node, license } = nodeIn(cache, wanted);
      expect(readFileSync(node, "utf8")).toBe("Node itself");
      expect(statSync(node).mode & 0o777).toBe(0o755);
      expect(readFileSync(license, "utf8")).toBe("its licence");
      expect(readdirSync(cache)).toEqual(["node-somewhere-1.2.3"]);
    },
  );

  test("another archive than the checksum names is refused, and leaves nothing behind", () => {
    const cache = mkdtempSync(path.join(workdir, "cache-"));
    npmPacking("node");
    const wanted: NodePackage = { name: "node-elsewhere", version: "1.2.3", binary: "node", integrity: "sha512-other" };
    expect(() => fetchNode(cache, wanted)).toThrow("node-elsewhere@1.2.3 is not what it was");
    expect(readdirSync(cache)).toEqual([]);
  });
});
