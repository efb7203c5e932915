/** A release built here, step by step: what is in it, that it is the same bytes each time, and that krew's installer takes it. */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import type { Metafile } from "esbuild";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { tarGz, zip } from "../../krew/archive.ts";
import { bundle, bundleFiles, root, version } from "../../krew/bundle.ts";
import { renderManifest } from "../../krew/manifest.ts";
import { archiveName, executableName, here, isHere, type Platform, platforms } from "../../krew/platforms.ts";
import { readTar, writeTar } from "../../krew/tar.ts";
import { runKubectl } from "../kubectl.ts";
import { type Installed, install } from "./krew-install.ts";
import { brokenRules } from "./krew-rules.ts";

const minutes = 60_000;
const workdir = mkdtempSync(path.join(tmpdir(), "vmnode-dist-"));
const out = path.join(workdir, "dist");
afterAll(() => rmSync(workdir, { recursive: true, force: true }));

/** Runs steps of `npm run dist` in a process of their own. */
function dist(steps: readonly string[], directory = out): string {
  const platform = `${here.system}/${here.arch}`;
  const args = [path.join(root, "krew/dist.ts"), ...steps, "--platform", platform, "--out", directory];
  return execFileSync(process.execPath, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

function sum(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}

const own = platforms.find(isHere);
// Windows packs its own archive as a zip file, which this test does not take apart.
describe.skipIf(own === undefined || here.system === "windows")("the release of this platform", () => {
  const archive = path.join(out, archiveName(own as Platform, version));

  beforeAll(() => {
    for (const step of ["bundle", "nodes", "executables", "archives"]) dist([step]);
  }, 5 * minutes);

  test("the archive holds the executable and the licences, with the modes that Krew keeps, and nothing else", () => {
    const entries = [...readTar(gunzipSync(readFileSync(archive)))];
    expect(entries.map(({ name, mode, type }) => [name, mode.toString(8), type])).toEqual([
      ["LICENSE", "644", "file"],
      ["THIRD-PARTY-NOTICES", "644", "file"],
      ["kubectl-vmnode", "755", "file"],
    ]);
  });

  test("what is in the archive works, as the release tries it before it publishes", () => {
    const args = [path.join(root, "krew/smoke.ts"), "--platform", `${here.system}/${here.arch}`, "--out", out];
    const said = execFileSync(process.execPath, args, { encoding: "utf8" });
    expect(said.match(/^ok {2}/gm)).toHaveLength(4);
  });

  test("sizes stay within what users accept to download", () => {
    const megabytes = (file: string) => readFileSync(file).length / 1e6;
    expect(
      megabytes(path.join(out, `executables/${here.system}_${here.arch}/${executableName(own as Platform)}`)),
    ).toBeLessThan(120);
    expect(megabytes(archive)).toBeLessThan(43);
  });

  describe("what others wrote", () => {
    let packages: readonly PackageFolder[];
    beforeAll(async () => {
      const scratch = mkdtempSync(path.join(workdir, "bundle-"));
      packages = packagesIn(await bundle({ entry: path.join(root, "cmd/main.ts"), outdir: scratch }));
    });

    test("is found in the bundles", () => {
      expect(packages.map(({ name }) => name)).toEqual(
        expect.arrayContaining(["yargs", "js-yaml", "cli-table3", "@peculiar/x509"]),
      );
    });

    test("stands in the notices: every package with the text of its licence, and Node", () => {
      const notices = readEntry(archive, "THIRD-PARTY-NOTICES");
      const missing = packages.filter(({ name, version, folder }) => {
        const licences = readdirSync(folder).filter((file) => /^licen[cs]e/i.test(file));
        const texts = licences.map((file) => readFileSync(path.join(folder, file), "utf8").trim());
        return !notices.includes(`\n${name} ${version} (`) || !texts.every((text) => notices.includes(text));
      });
      expect(missing.map(({ name }) => name)).toEqual([]);
      expect(notices).toContain("Node.js is licensed for use as follows");
      expect(notices).toContain("OpenSSL"); // One of the libraries within Node.
    });

    test("stands in the SBOM, with the Node of every platform and nothing else", () => {
      const { components, ...rest } = JSON.parse(readFileSync(path.join(out, "bundle/sbom.cdx.json"), "utf8"));
      expect(rest).toMatchObject({ bomFormat: "CycloneDX", specVersion: "1.6", metadata: { component: { version } } });
      const found = components.map(({ purl }: { purl: string }) => decodeURIComponent(purl)).toSorted();
      const nodes = new Set(platforms.map(({ node }) => `pkg:generic/node@${node.version}`));
      expect(found).toEqual(
        [...packages.map(({ name, version }) => `pkg:npm/${name}@${version}`), ...nodes].toSorted(),
      );
    });
  });

  test("the same sources give the same bundles", {
    timeout: 5 * minutes,
  }, async () => {
    const entry = path.join(root, "cmd/main.ts");
    const [one, other] = ["one", "other"].map((name) => mkdtempSync(path.join(workdir, `${name}-`))) as [
      string,
      string,
    ];
    await Promise.all([bundle({ entry, outdir: one }), bundle({ entry, outdir: other })]);
    for (const file of readdirSync(one))
      expect([file, sum(path.join(other, file))]).toEqual([file, sum(path.join(one, file))]);

    // The place of the checkout is in none of them, not even in the source maps, but for the way there from where they lie.
    for (const file of readdirSync(one).filter((name) => name.endsWith(".map"))) {
      const { sources, sourcesContent } = JSON.parse(readFileSync(path.join(one, file), "utf8"));
      const named = [...sources.filter((source: string) => source.includes(`:${root}`)), ...sourcesContent];
      expect(named.filter((text: string | null) => text?.includes(root))).toEqual([]);
    }
  });

  test("without names all steps run that can, which makes the same archive, and no manifest where other platforms are missing", {
    timeout: 5 * minutes,
  }, () => {
    const again = path.join(workdir, "again");
    expect(dist([], again)).toMatch(/^no manifest: there is no archive for .*windows_amd64/m);
    expect(sum(path.join(again, path.basename(archive)))).toBe(sum(archive));
    expect(readdirSync(again)).toEqual(expect.arrayContaining(["bundle", "checksums.txt"]));
    expect(readdirSync(again)).not.toContain("vmnode.yaml");
  });

  test("the manifest asks for archives of all platforms, and says which one is missing", () => {
    dist(["checksums"]);
    expect(readFileSync(path.join(out, "checksums.txt"), "utf8")).toBe(`${sum(archive)}  ${path.basename(archive)}\n`);
    expect(() => dist(["manifest"])).toThrow(/checksums\.txt does not have kubectl-vmnode_v/);
  });

  describe("with the archives of all platforms", () => {
    let manifest = "";

    beforeAll(() => {
      for (const platform of platforms.filter((each) => !isHere(each))) {
        writeFileSync(path.join(out, archiveName(platform, version)), standIn(platform));
      }
      dist(["checksums", "manifest"]);
      manifest = readFileSync(path.join(out, "vmnode.yaml"), "utf8");
    });

    test("the manifest is made of no other archives than those that are there", () => {
      const bytes = readFileSync(archive);
      writeFileSync(archive, "built anew");
      try {
        expect(() => dist(["manifest"])).toThrow(/checksums\.txt is not of the kubectl-vmnode_\S+ that is there/);
      } finally {
        writeFileSync(archive, bytes);
      }
    });

    test("the manifest is one that krew and its index take", () => {
      expect(brokenRules("vmnode", manifest)).toEqual([]);
      expect(manifest).toContain(`version: v${version}`);
    });

    test.each([...platforms.map(({ system, arch }) => [system, arch] as const), ["windows", "arm64"] as const])(
      "krew installs it on %s/%s",
      (system, arch) => {
        const built = platforms.find((each) => each.system === system && (each.arch === arch || system === "windows"));
        const krewRoot = mkdtempSync(path.join(workdir, "krew-"));
        const bytes = readFileSync(path.join(out, archiveName(built as Platform, version)));
        const { files } = install(krewRoot, manifest, bytes, { os: system, arch });
        // The index refuses a plugin without a licence file.
        expect(files).toEqual(["LICENSE", "THIRD-PARTY-NOTICES", executableName(built as Platform)]);
      },
    );

    test("krew refuses an archive that was changed", () => {
      const bytes = Buffer.concat([readFileSync(archive), Buffer.from("!")]);
      expect(() => install(workdir, manifest, bytes, { os: here.system, arch: here.arch })).toThrow("checksum");
    });

    describe("installed on this machine", () => {
      const krewRoot = path.join(workdir, "krew");
      const environment = { PATH: path.join(krewRoot, "bin") };
      let installed: Installed;

      beforeAll(() => {
        installed = install(krewRoot, manifest, readFileSync(archive), { os: here.system, arch: here.arch });
      });

      test("kubectl finds it, and has nothing to say against it", async () => {
        const listed = await runKubectl(path.join(workdir, "config"), ["plugin", "list"], { environment });
        expect(listed).toMatchObject({ code: 0, stderr: "" });
        expect(listed.stdout).toContain(installed.link);
      });

      test("it runs by way of kubectl", async () => {
        const run = await runKubectl(path.join(workdir, "config"), ["vmnode", "--version"], { environment });
        expect(run).toEqual({ code: 0, stdout: `Client Version: v${version}\n`, stderr: "" });
      });
    });
  });
});

interface PackageFolder {
  readonly folder: string;
  readonly name: string;
  readonly version: string;
}

/** The packages of which something is in the bundles, found without krew/notices.ts: for each file, the nearest package.json that names one. */
function packagesIn(metafiles: readonly Metafile[]): readonly PackageFolder[] {
  const inputs = metafiles.flatMap(({ outputs }) => Object.values(outputs).map((output) => output.inputs));
  const files = inputs.flatMap((each) => Object.keys(each).filter((file) => (each[file]?.bytesInOutput ?? 0) > 0));
  const folders = new Set(files.filter((file) => file.startsWith("node_modules/")).map(packageOf));
  return [...folders].map((folder) => {
    const { name, version } = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8"));
    return { folder, name, version };
  });
}

function packageOf(file: string): string {
  for (let folder = path.dirname(path.join(root, file)); folder !== root; folder = path.dirname(folder)) {
    const manifest = path.join(folder, "package.json");
    if (existsSync(manifest) && "version" in JSON.parse(readFileSync(manifest, "utf8"))) return folder;
  }
  throw new Error(`${file} belongs to no package`);
}

test.each([
  ["executables", "bundle"],
  ["archives", "bundle"],
  ["checksums", "archives"],
  ["manifest", "checksums"],
])("the step %s alone, where nothing is, says that the step %s comes before it", (step, before) => {
  const empty = mkdtempSync(path.join(workdir, "empty-"));
  expect(() => dist([step], empty)).toThrow(new RegExp(`error: ${step}: there is no .*; the step ${before} makes`));
  expect(readdirSync(empty)).toEqual([]);
});

test("the step executables after bundle alone says that it needs nodes", () => {
  const directory = mkdtempSync(path.join(workdir, "half-"));
  mkdirSync(path.join(directory, "bundle"));
  for (const file of Object.values(bundleFiles)) writeFileSync(path.join(directory, "bundle", file), "");
  expect(() => dist(["executables"], directory)).toThrow(/error: executables: there is no .*; the step nodes makes it/);
});

function readEntry(archive: string, wanted: string): string {
  const entry = [...readTar(gunzipSync(readFileSync(archive)))].find(({ name }) => name === wanted);
  return Buffer.from(entry?.data ?? []).toString();
}

/** An archive packed as a release packs it, for a platform whose executable was not built here. */
function standIn(platform: Platform): Uint8Array {
  const files = [
    { name: executableName(platform), mode: 0o755, data: Buffer.from("not built here") },
    { name: "LICENSE", mode: 0o644, data: Buffer.from("licence") },
    { name: "THIRD-PARTY-NOTICES", mode: 0o644, data: Buffer.from("notices") },
  ];
  return platform.system === "windows" ? zip(files) : tarGz(files);
}

test.skipIf(here.system === "windows")("what cannot be written whole leaves the file that was there", () => {
  const directory = mkdtempSync(path.join(workdir, "full-"));
  const file = path.join(directory, "checksums.txt");
  writeFileSync(file, "before");
  const script = `import { writeWhole } from ${JSON.stringify(path.join(root, "krew/workdir.ts"))};
    writeWhole(${JSON.stringify(file)}, Buffer.alloc(1e6));`;
  // A disk that is full after half a megabyte at most.
  const limited = ["-c", 'ulimit -f 500; exec "$@"', "sh", process.execPath, "--input-type=module", "-e", script];
  expect(spawnSync("sh", limited).status).toBe(1);
  expect(readdirSync(directory)).toEqual(["checksums.txt"]);
  expect(readFileSync(file, "utf8")).toBe("before");
});

test.skipIf(here.system === "windows")(
  "Ctrl-C in a build leaves nothing behind",
  async () => {
    const directory = path.join(workdir, "interrupted");
    const args = [path.join(root, "build.mjs"), path.join(root, "cmd/main.ts"), directory];
    // A group of its own, as a terminal has: Ctrl-C reaches what the build has started, too.
    const build = spawn(process.execPath, args, { detached: true, stdio: "ignore" });
    const ended = once(build, "exit");
    // What the executable is made of is there.
    await vi.waitUntil(() => globSync(`${directory}/build-*/sea-*/*.cache`).length > 0, { timeout: minutes });
    process.kill(-Number(build.pid), "SIGINT");
    await ended;
    expect(readdirSync(directory)).toEqual([]);
  },
  2 * minutes,
);

describe("archives", () => {
  const files = [
    { name: "b", mode: 0o755, data: Buffer.from("x".repeat(600)) },
    { name: "a", mode: 0o644, data: Buffer.alloc(0) },
  ];

  test("are the same bytes in any time zone, and name neither a user nor a time", () => {
    const zone = process.env.TZ;
    const inZone = (name: string) => {
      process.env.TZ = name;
      return Buffer.concat([tarGz(files), zip(files)]).toString("base64");
    };
    try {
      expect(inZone("Pacific/Auckland")).toBe(inZone("America/New_York"));
    } finally {
      if (zone === undefined) delete process.env.TZ;
      else process.env.TZ = zone;
    }
    const [gzip, tar] = [tarGz(files), writeTar(files)];
    expect(gzip.subarray(3, 10)).toEqual(Buffer.from([0, 0, 0, 0, 0, 2, 0xff])); // No name, no time, best compression, any system.
    expect(tar.toString("latin1", 108, 124)).toBe("0000000\x000000000\x00"); // Owner and group are 0.
  });

  test("are read as they were written, by us and by tar", () => {
    expect([...readTar(writeTar(files))].map(({ name, mode, data }) => [name, mode, data.length])).toEqual([
      ["a", 0o644, 0],
      ["b", 0o755, 600],
    ]);
    const listed = execFileSync("tar", ["-tzvf", "-"], { input: tarGz(files), encoding: "utf8" });
    expect(listed).toMatch(/^-rw-r--r-- 0\/0 +0 1980-01-01 \S+ a\n-rwxr-xr-x 0\/0 +600 1980-01-01 \S+ b\n$/);
  });

  test.each([
    ["a link", (tar: Buffer) => tar.write("2", 156), "unable to handle file type 2"],
    ["a name that leads out of it", (tar: Buffer) => tar.write("../b", 0), "suspicious entry ../b"],
    ["an absolute name", (tar: Buffer) => tar.write("/b", 0), "suspicious entry /b"],
  ])("krew refuses one with %s", (_what, change, message) => {
    const tar = writeTar([{ name: "kubectl-vmnode", mode: 0o755, data: Buffer.alloc(0) }]);
    change(tar);
    const packed = gzipSync(tar);
    const sha256 = createHash("sha256").update(packed).digest("hex");
    const template = readFileSync(path.join(root, "krew/vmnode.yaml.tmpl"), "utf8");
    const manifest = renderManifest(template, "v1.2.3", () => sha256);
    expect(() => install(workdir, manifest, packed, { os: "linux", arch: "amd64" })).toThrow(message);
  });
});

test("the prompts show no sign but those that stand in the bundle", async () => {
  const scratch = mkdtempSync(path.join(workdir, "signs-"));
  const metafiles = await bundle({ entry: path.join(root, "cmd/main.ts"), outdir: scratch });
  const inputs = metafiles.flatMap(({ outputs }) =>
    Object.values(outputs).flatMap((each) => Object.entries(each.inputs)),
  );
  const files = inputs.filter(([file, { bytesInOutput }]) => /@inquirer\/.*\.js$/.test(file) && bytesInOutput > 0);
  const texts = files.map(([file]) => readFileSync(path.join(root, file), "utf8"));
  const signs = new Set(texts.flatMap((text) => [...text.matchAll(/\bfigures\.(\w+)/g)].map(([, sign]) => sign)));
  expect([...signs].sort()).toEqual(["line", "pointer", "tick"]);
});
