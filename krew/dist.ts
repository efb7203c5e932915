/**
 * `npm run dist [-- STEP… --platform SYSTEM/ARCH… --out DIRECTORY]`: everything that a release consists of, for all platforms that
 * can be built on this machine. Each step takes what the ones before it have left in the output directory.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { tarGz, zip } from "./archive.ts";
import { bundle, bundleFiles, root, version } from "./bundle.ts";
import { makeExecutable } from "./executable.ts";
import { renderManifest } from "./manifest.ts";
import { fetchNode, nodeIn } from "./node-packages.ts";
import { bundledPackages, nodeNotice, noticesText } from "./notices.ts";
import {
  archiveName,
  executableName,
  here,
  isHere,
  linuxSibling,
  makerFor,
  type Platform,
  platformName,
  platforms,
} from "./platforms.ts";
import { sbom } from "./sbom.ts";
import { runScript } from "./script.ts";
import { writeWhole } from "./workdir.ts";

interface Job {
  readonly out: string;
  /** The platforms that are wanted and that can be built here. */
  readonly chosen: readonly Platform[];
}

interface Step {
  readonly run: (job: Job) => Promise<void> | void;
  /** What it takes, and which step makes it. */
  readonly takes?: (job: Job) => readonly (readonly [file: string, from: string])[];
  /** Why it is left out where nobody asks for it by name; undefined when it is not. */
  readonly leftOut?: (job: Job) => string | undefined;
}

const steps: Readonly<Record<string, Step>> = {
  bundle: { run: bundleProgram },
  nodes: { run: fetchNodes },
  executables: {
    run: makeExecutables,
    takes: (job) => [
      ...Object.values(bundleFiles).map((file) => [path.join(places.bundles(job), file), "bundle"] as const),
      ...job.chosen.flatMap((platform) =>
        [platform.node, makerFor(platform) ?? platform.node].map(
          (each) => [nodeIn(places.cache(job), each).node, "nodes"] as const,
        ),
      ),
    ],
  },
  archives: {
    run: makeArchives,
    takes: (job) => [
      [places.notices(job), "bundle"],
      ...job.chosen.flatMap((platform) => [
        [nodeIn(places.cache(job), linuxSibling(platform.node)).license, "nodes"] as const,
        [places.executable(job, platform), "executables"] as const,
      ]),
    ],
  },
  checksums: { run: writeChecksums },
  manifest: {
    run: writeManifest,
    takes: (job) => [[places.checksums(job), "checksums"]],
    leftOut: (job) => {
      const missing = platforms.filter((platform) => !existsSync(places.archive(job, platform)));
      return missing.length === 0 ? undefined : `there is no archive for ${missing.map(platformName).join(", ")}`;
    },
  },
};

const places = {
  bundles: (job: Job) => path.join(job.out, "bundle"),
  notices: (job: Job) => path.join(job.out, "bundle", "THIRD-PARTY-NOTICES"),
  sbom: (job: Job) => path.join(job.out, "bundle", "sbom.cdx.json"),
  cache: (job: Job) => path.join(job.out, "cache"),
  executable: (job: Job, platform: Platform) =>
    path.join(job.out, "executables", platformName(platform), executableName(platform)),
  archive: (job: Job, platform: Platform) => path.join(job.out, archiveName(platform, version)),
  checksums: (job: Job) => path.join(job.out, "checksums.txt"),
  manifest: (job: Job) => path.join(job.out, "vmnode.yaml"),
};

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      platform: { type: "string", multiple: true },
      out: { type: "string", default: path.join(root, "dist") },
    },
  });
  const unknown = positionals.filter((step) => !(step in steps));
  if (unknown.length > 0) throw new Error(`no step ${unknown.join(", ")}; there are ${Object.keys(steps).join(", ")}`);
  const wanted = wantedPlatforms(values.platform);
  const chosen = wanted.filter((platform) => makerFor(platform) !== undefined);
  for (const platform of wanted.filter((each) => !chosen.includes(each))) {
    say(
      `${platformName(platform)} cannot be built on ${here.system}/${here.arch}: only on its own kind of machine, or on linux/amd64`,
    );
  }
  const job = { out: path.resolve(values.out), chosen };
  mkdirSync(job.out, { recursive: true });
  for (const [name, step] of Object.entries(steps)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    const leftOut = positionals.length === 0 ? step.leftOut?.(job) : undefined;
    if (leftOut !== undefined) {
      say(`no ${name}: ${leftOut}`);
      continue;
    }
    const missing = step.takes?.(job).find(([file]) => !existsSync(file));
    if (missing !== undefined) throw new Error(`${name}: there is no ${missing[0]}; the step ${missing[1]} makes it`);
    await step.run(job);
  }
}

function wantedPlatforms(names: readonly string[] | undefined): readonly Platform[] {
  if (names === undefined) return platforms;
  return names.map((name) => {
    const platform = platforms.find((each) => platformName(each) === name.replace("/", "_"));
    if (platform === undefined)
      throw new Error(`no platform ${name}; there are ${platforms.map(platformName).join(", ")}`);
    return platform;
  });
}

async function bundleProgram(job: Job): Promise<void> {
  rmSync(places.bundles(job), { recursive: true, force: true });
  mkdirSync(places.bundles(job), { recursive: true });
  const metafiles = await bundle({ entry: path.join(root, "cmd/main.ts"), outdir: places.bundles(job) });
  const packages = bundledPackages(metafiles);
  writeFileSync(places.notices(job), noticesText(packages, places.bundles(job)));
  writeFileSync(places.sbom(job), sbom(packages, platforms, version));
  for (const file of readdirSync(places.bundles(job))) made(path.join(places.bundles(job), file));
}

function fetchNodes(job: Job): void {
  for (const platform of job.chosen) {
    for (const each of new Set([platform.node, linuxSibling(platform.node)])) fetchNode(places.cache(job), each);
    say(`${platformName(platform)}: ${platform.node.name} ${platform.node.version}`);
  }
}

async function makeExecutables(job: Job): Promise<void> {
  for (const platform of job.chosen) {
    const maker = makerFor(platform);
    if (maker === undefined) continue;
    const output = places.executable(job, platform);
    const makerHere = nodeIn(places.cache(job), maker).node;
    refuseUnstartable(makerHere, platform);
    mkdirSync(path.dirname(output), { recursive: true });
    await makeExecutable({
      bundles: places.bundles(job),
      output,
      node: nodeIn(places.cache(job), platform.node).node,
      system: platform.system,
      maker: makerHere,
      native: isHere(platform),
    });
    made(output, remarks(platform));
  }
}

/** Throws where the Node that makes the platform's executable does not start here: from 25 on it needs a library that slim machines lack. */
function refuseUnstartable(maker: string, platform: Platform): void {
  const { status, stderr, error } = spawnSync(maker, ["--version"], { encoding: "utf8" });
  if (status === 0) return;
  const why = (error?.message ?? stderr).trim();
  throw new Error(
    `${platformName(platform)}: the Node that makes it does not start here: ${why}; install that library (libatomic1 in Debian), or name the platforms that you want (--platform)`,
  );
}

/** What the file lacks because it was not built on its own kind of machine. */
function remarks(platform: Platform): string {
  if (isHere(platform)) return "";
  const start = "without code cache: starts slower than one built on its own system";
  if (platform.system !== "darwin") return start;
  return `UNSIGNED: Apple's processors refuse to run it until a Mac has signed it (codesign --force --sign - FILE); ${start}`;
}

function makeArchives(job: Job): void {
  const licence = readFileSync(path.join(root, "LICENSE"));
  for (const platform of job.chosen) {
    const { node } = platform;
    const notices = [
      readFileSync(places.notices(job), "utf8"),
      nodeNotice(node.version, nodeIn(places.cache(job), linuxSibling(node)).license),
    ];
    const files = [
      { name: executableName(platform), mode: 0o755, data: readFileSync(places.executable(job, platform)) },
      { name: "LICENSE", mode: 0o644, data: licence },
      { name: "THIRD-PARTY-NOTICES", mode: 0o644, data: Buffer.from(`${notices.join("\n\n")}\n`) },
    ];
    const file = places.archive(job, platform);
    writeWhole(file, platform.system === "windows" ? zip(files) : tarGz(files));
    made(file);
  }
}

/** Of all archives that are there, whoever built them. */
function writeChecksums(job: Job): void {
  const archives = platforms.map((platform) => places.archive(job, platform)).filter((file) => existsSync(file));
  if (archives.length === 0)
    throw new Error(`checksums: there is no archive in ${job.out}; the step archives makes them`);
  const lines = archives.map((file) => `${sha256(file)}  ${path.basename(file)}\n`);
  writeWhole(places.checksums(job), lines.join(""));
  made(places.checksums(job));
}

function writeManifest(job: Job): void {
  const template = readFileSync(path.join(root, "krew/vmnode.yaml.tmpl"), "utf8");
  const sums = new Map(
    readFileSync(places.checksums(job), "utf8")
      .split("\n")
      .map((line) => line.split("  ").toReversed() as [string, string]),
  );
  const manifest = renderManifest(template, `v${version}`, (archive) => {
    const sum = sums.get(archive);
    if (sum === undefined)
      throw new Error(`the manifest needs all platforms, and checksums.txt does not have ${archive}`);
    const here = path.join(job.out, archive);
    if (existsSync(here) && sha256(here) !== sum)
      throw new Error(`checksums.txt is not of the ${archive} that is there; the step checksums makes it anew`);
    return sum;
  });
  writeWhole(places.manifest(job), manifest);
  made(places.manifest(job));
}

function sha256(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}

function made(file: string, remark = ""): void {
  const size = `${(readFileSync(file).length / 1e6).toFixed(2)} MB`;
  say([path.relative(process.cwd(), file), size, remark].filter((part) => part !== "").join("  "));
}

function say(line: string): void {
  console.log(line);
}

await runScript(main);
