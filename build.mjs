// Makes dist/kubectl-vmnode: this platform's single executable (Node SEA), by way of esbuild bundles.
// `node build.mjs ENTRY OUTDIR` builds another entry elsewhere; only tests of the build need that.
import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import { bundle, root } from "./krew/bundle.ts";
import { makeExecutable } from "./krew/executable.ts";
import { workdir } from "./krew/workdir.ts";

const entry = path.resolve(process.argv[2] ?? path.join(root, "cmd/main.ts"));
const outdir = path.resolve(process.argv[3] ?? path.join(root, "dist"));
mkdirSync(outdir, { recursive: true });
// Everything is made apart and moved into place at the end: a program that runs, or another build, is not disturbed.
const apart = workdir(path.join(outdir, "build-"));

try {
  await bundle({ entry, outdir: apart });
  const isWindows = process.platform === "win32";
  await makeExecutable({
    bundles: apart,
    output: path.join(apart, isWindows ? "kubectl-vmnode.exe" : "kubectl-vmnode"),
    node: process.execPath,
    system: isWindows ? "windows" : process.platform === "darwin" ? "darwin" : "linux",
    maker: process.execPath,
    native: true,
  });
  for (const name of readdirSync(apart)) {
    renameSync(path.join(apart, name), path.join(outdir, name));
    const { size } = statSync(path.join(outdir, name));
    console.log(`${path.relative(process.cwd(), path.join(outdir, name))}  ${(size / 1e6).toFixed(2)} MB`);
  }
} finally {
  rmSync(apart, { recursive: true, force: true });
}
