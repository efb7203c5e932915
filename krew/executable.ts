/** A bundle put into a copy of Node: one executable that needs nothing else (Node's single executable applications). */
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { bundleFiles, root } from "./bundle.ts";
import { codeCacheOf } from "./load-part.ts";
import { withoutSignature } from "./signature.ts";
import { signalsHeard, workdir } from "./workdir.ts";

export type System = "linux" | "darwin" | "windows";

export interface ExecutableOptions {
  /** Where the bundles are. */
  readonly bundles: string;
  readonly output: string;
  /** The Node that becomes the executable. */
  readonly node: string;
  readonly system: System;
  /** A Node of the very same version that runs here: it prepares what the other one reads. */
  readonly maker: string;
  /** Whether `node` is for this machine. V8's code cache, which halves the start, can only be made for the machine that makes it. */
  readonly native: boolean;
}

/** Writes the executable. On macOS it is signed ad hoc, without which Apple's processors refuse it; elsewhere it has no signature. */
export async function makeExecutable(options: ExecutableOptions): Promise<void> {
  const { bundles, output, node, system, maker, native } = options;
  const apart = workdir(path.join(path.dirname(output), "sea-"));
  try {
    const run = (...words: readonly string[]) =>
      // The seed makes code caches the same bytes each time; it is none of the settings of V8 that a cache must agree with.
      execFileSync(maker, [...settings, "--random-seed=1", ...words], { cwd: bundles, stdio: "pipe" });
    const parts = [bundleFiles.program, bundleFiles.practice].filter((file) => existsSync(path.join(bundles, file)));
    const assets = parts.flatMap((part) => {
      const codeCache = path.join(apart, codeCacheOf(part));
      // Practice clusters are seldom started, and run for long.
      if (native && part !== bundleFiles.practice) run(path.join(root, "krew/code-cache.ts"), part, codeCache);
      else writeFileSync(codeCache, "");
      return [
        [part, part],
        [codeCacheOf(part), codeCache],
      ];
    });
    const blob = path.join(apart, "sea.blob");
    writeFileSync(
      path.join(apart, "sea.json"),
      JSON.stringify(seaSettings(blob, Object.fromEntries(assets), { system, native })),
    );
    // Started where the bundles are, because stack traces name the path of the bundle as it stands in the settings.
    run("--experimental-sea-config", path.join(apart, "sea.json"));
    const executable = path.join(apart, "executable");
    copyFileSync(node, executable);
    chmodSync(executable, 0o755);
    if (system === "linux" && !runIfThere("strip", [executable])) {
      console.warn("strip (binutils) cannot do it: the executable keeps what debuggers want, and is 20 MB larger");
    }
    if (system === "darwin") runIfThere("codesign", ["--remove-signature", executable]);
    if (system === "windows") writeFileSync(executable, withoutSignature(readFileSync(executable)));
    inject(executable, blob, system);
    if (system === "darwin" && process.platform === "darwin") {
      execFileSync("codesign", ["--force", "--sign", "-", executable], { stdio: ["ignore", "ignore", "inherit"] });
    }
    // As it is after an installation: Linux maps a file that was written at one go in larger pieces, and counts 16 MB more as memory.
    const installed = path.join(apart, "installed");
    copyFileSync(executable, installed);
    await signalsHeard();
    renameSync(installed, output);
  } finally {
    rmSync(apart, { recursive: true, force: true });
  }
}

/**
 * The young generation grows from 1 to 16 MB by default, three times over. With 8 MB from the start a list takes a tenth less time,
 * and one of a large cluster a third less memory.
 */
const settings = ["--no-warnings", "--min-semi-space-size=8", "--max-semi-space-size=8"];

function seaSettings(
  output: string,
  assets: Readonly<Record<string, string>>,
  { system, native }: Pick<ExecutableOptions, "system" | "native">,
) {
  // Without a file that OPENSSL_CONF, or the place where OpenSSL would look, names for other programs: it may ask for modules that are not here.
  const noOpensslConfig = `--openssl-config=${system === "windows" ? "NUL" : "/dev/null"}`;
  return {
    main: bundleFiles.start,
    output,
    disableExperimentalSEAWarning: true,
    useCodeCache: native,
    execArgv: [...settings, noOpensslConfig],
    // NODE_OPTIONS belongs to other programs of the user.
    execArgvExtension: "none",
    assets,
  };
}

/** postject as a program of its own, because its warnings about Node's debug sections mean nothing and cannot be turned off. */
function inject(executable: string, blob: string, system: System): void {
  const postject = path.join(root, "node_modules/postject/dist/cli.js");
  const fuse = ["--sentinel-fuse", "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2"];
  const segment = system === "darwin" ? ["--macho-segment-name", "NODE_SEA"] : [];
  execFileSync(process.execPath, [postject, executable, "NODE_SEA_BLOB", blob, ...fuse, ...segment], { stdio: "pipe" });
}

/**
 * For what is tidier, and does not change whether the executable works: `strip` makes it smaller, and a signature is replaced
 * anyway. False where the program is not there, or fails; throws when a signal ends it, which is meant for us, too.
 */
function runIfThere(program: string, args: readonly string[]): boolean {
  try {
    execFileSync(program, args, { stdio: "ignore" });
    return true;
  } catch (error) {
    if ((error as { readonly signal?: string | null }).signal) throw error;
    return false;
  }
}
