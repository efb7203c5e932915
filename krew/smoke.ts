/**
 * `node krew/smoke.ts --platform SYSTEM/ARCH [--out DIRECTORY]`: takes this platform's archive apart as a user would and tries what is in it.
 * Ends with 1, and says why, when it is not fit to be published.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { unzipSync } from "fflate";
import { root, version } from "./bundle.ts";
import { archiveName, executableName, isHere, type Platform, platformName, platforms } from "./platforms.ts";
import { runScript } from "./script.ts";
import { readTar } from "./tar.ts";
import { workdir } from "./workdir.ts";

interface Trial {
  readonly words: readonly string[];
  readonly expected: RegExp;
}

/** Without a cluster: the executable brings its own along. */
const trials: readonly Trial[] = [
  { words: ["--version"], expected: new RegExp(`^Client Version: v${version.replaceAll(".", "\\.")}\\s*$`) },
  { words: ["drain", "-h"], expected: /Usage:\s+kubectl vmnode drain NODE/ },
  { words: ["practice", "--list"], expected: /maintenance/ },
];

function main(): void {
  const { values } = parseArgs({
    options: { platform: { type: "string" }, out: { type: "string", default: path.join(root, "dist") } },
  });
  const platform = platforms.find((each) => platformName(each) === values.platform?.replace("/", "_"));
  if (platform === undefined || !isHere(platform))
    throw new Error(`this is no machine of the platform ${values.platform}`);
  const directory = workdir(path.join(tmpdir(), "vmnode-smoke-"));
  try {
    unpack(platform, values.out, directory);
    tryAll(path.join(directory, executableName(platform)), platform);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function unpack(platform: Platform, out: string, directory: string): void {
  const archive = readFileSync(path.join(out, archiveName(platform, version)));
  const files =
    platform.system === "windows"
      ? Object.entries(unzipSync(archive)).map(([name, data]) => ({ name, data, mode: 0o755 }))
      : readTar(gunzipSync(archive));
  for (const { name, data, mode } of files) writeFileSync(path.join(directory, name), data, { mode });
}

function tryAll(executable: string, platform: Platform): void {
  if (platform.system === "darwin")
    execFileSync("codesign", ["--verify", "--strict", executable], { stdio: "inherit" });
  const inPractice = {
    words: ["practice", "--", executable, "list"],
    expected: /^NODE\s+STATUS.*\n(?:.*\n)*worker-1\s/,
  };
  for (const { words, expected } of [...trials, inPractice]) {
    const said = execFileSync(executable, [...words], { encoding: "utf8", timeout: 120_000 });
    if (!expected.test(said)) throw new Error(`${words.join(" ")} printed something else than expected:\n${said}`);
    console.log(`ok  ${path.basename(executable)} ${words.map((word) => path.basename(word)).join(" ")}`);
  }
}

await runScript(main);
