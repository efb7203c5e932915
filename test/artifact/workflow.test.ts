/** The release workflow builds and tries all platforms before it publishes, with steps that exist, and trusts nothing that can change. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { load as parse } from "js-yaml";
import { describe, expect, test } from "vitest";
import { root } from "../../krew/bundle.ts";
import { archiveName, platforms } from "../../krew/platforms.ts";

interface Step {
  readonly id?: string;
  readonly name?: string;
  readonly run?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, string | number | boolean>>;
  readonly if?: string;
}

interface Job {
  readonly if?: string;
  readonly needs?: readonly string[];
  readonly strategy?: { readonly matrix: { readonly include: readonly { platform: string; runner: string }[] } };
  readonly permissions?: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}

interface Workflow {
  readonly jobs: Readonly<Record<string, Job>>;
  readonly permissions: Readonly<Record<string, string>>;
  readonly defaults?: { readonly run: { readonly shell: string } };
}

const folder = path.join(root, ".github/workflows");
const textOf = (file: string): string => readFileSync(path.join(folder, file), "utf8");
const { jobs, permissions, defaults } = parse(textOf("release.yml")) as Workflow;
const stepsOf = (name: string): readonly Step[] => jobs[name]?.steps ?? [];

test("each platform is built and tried on its own kind of machine", () => {
  const built = jobs.build?.strategy?.matrix.include ?? [];
  expect(built.map(({ platform }) => platform)).toEqual(platforms.map(({ system, arch }) => `${system}/${arch}`));
  for (const { platform, runner } of built) {
    const kind = { linux: "ubuntu", darwin: "macos", windows: "windows" }[platform.split("/")[0] ?? ""];
    expect(runner).toMatch(new RegExp(`^${kind}-`));
  }
  expect(
    stepsOf("build")
      .map(({ run }) => run ?? "")
      .join("\n"),
  ).toContain("node krew/smoke.ts --platform");
});

test("nothing is published before all were built and tried, and all tests have passed", () => {
  expect(jobs.publish?.needs).toEqual(["build", "test", "manifest"]);
  expect(jobs.manifest?.needs).toEqual(["build"]);
  expect(stepsOf("test").map(({ run }) => run)).toContain(".ci/run");
});

test("the steps of npm run dist are those that there are, and together all of them", () => {
  const lines = Object.values(jobs).flatMap(({ steps }) => steps.map(({ run }) => run ?? ""));
  const named = lines.flatMap((line) =>
    [...line.matchAll(/npm run dist -- ([a-z ]+)/g)].flatMap(([, words = ""]) => words.trim().split(" ")),
  );
  expect(named).toEqual(["bundle", "nodes", "executables", "archives", "checksums", "manifest"]);
});

test("only publishing may write, and Krew's bot is given our template", () => {
  expect(permissions).toEqual({ contents: "read" });
  expect(
    Object.entries(jobs)
      .filter(([, job]) => job.permissions !== undefined)
      .map(([name]) => name),
  ).toEqual(["publish"]);
  const bot = stepsOf("propose").find(({ uses }) => uses?.startsWith("rajatjindal/krew-release-bot@"));
  expect(jobs.propose?.needs).toEqual(["publish"]);
  expect(jobs.propose?.if).toContain("!contains(github.ref_name, '-')");
  expect(existsSync(path.join(root, String(bot?.with?.krew_template_file)))).toBe(true);
});

/** What the script of the step that asks krew-index says when the index answers with this. */
function afterAnswer(answer: string): { code: number; output: string; said: string } {
  const directory = mkdtempSync(path.join(tmpdir(), "vmnode-index-"));
  try {
    writeFileSync(path.join(directory, "curl"), `#!/bin/sh\nprintf ${answer}\n`, { mode: 0o755 });
    const output = path.join(directory, "output");
    writeFileSync(output, "");
    const script = stepsOf("propose").find(({ id }) => id === "index")?.run ?? "";
    const env = { PATH: `${directory}:${process.env.PATH}`, GITHUB_OUTPUT: output };
    const { status, stdout } = spawnSync("bash", ["-eo", "pipefail", "-c", script], { env, encoding: "utf8" });
    return { code: status ?? -1, output: readFileSync(output, "utf8"), said: stdout };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

// Its bot refuses a plugin that the index does not have.
test("Krew's bot is started only when krew-index has the plugin, whose first version a person proposes", () => {
  const bot = stepsOf("propose").find(({ uses }) => uses?.startsWith("rajatjindal/krew-release-bot@"));
  expect(bot?.if).toContain("steps.index.outputs.known == 'true'");
  expect(afterAnswer("200")).toMatchObject({ code: 0, output: "known=true\n" });
  expect(afterAnswer("404")).toMatchObject({ code: 0, output: "", said: expect.stringContaining("docs/releasing.md") });
  expect(afterAnswer("503")).toMatchObject({ code: 1, output: "", said: expect.stringContaining("503") });
});

test("everything that docs/releasing.md promises is published, and the SBOM is of what was bundled", () => {
  const uploaded = Object.values(jobs).flatMap(({ steps }) =>
    steps
      .filter(({ uses }) => uses?.startsWith("actions/upload-artifact@"))
      .flatMap((step) => String(step.with?.path).trim().split("\n")),
  );
  expect(uploaded).toContain("dist/bundle/sbom.cdx.json");
  const line = stepsOf("publish").find(({ run }) => run?.includes("gh release create"))?.run ?? "";
  for (const file of ["kubectl-vmnode_*", "checksums.txt", "vmnode.yaml", "sbom.cdx.json", "*.map"]) {
    expect(uploaded.map((name) => path.posix.basename(name))).toContain(file);
    expect(line).toContain(` dist/${file}`);
  }
  expect(textOf("release.yml")).not.toContain("npm sbom");
});

test("the job that may write runs nothing but GitHub's own actions, and what it publishes was compared with the checksums", () => {
  const lines = stepsOf("publish").map(({ run }) => run ?? "");
  expect(stepsOf("publish").filter(({ uses }) => uses !== undefined && !uses.startsWith("actions/"))).toEqual([]);
  expect(lines.filter((line) => /\b(?:npm|npx|node|curl|krew-linux)\b/.test(line))).toEqual([]);
  const compared = lines.findIndex((line) => line.includes("sha256sum --check --strict checksums.txt"));
  expect(compared).toBeGreaterThanOrEqual(0);
  expect(compared).toBeLessThan(lines.findIndex((line) => line.includes("gh release create")));
});

test("Krew is given the archives under the names that they have, for every platform", () => {
  const line = stepsOf("manifest").find(({ run }) => run?.includes("krew-linux_amd64 install"))?.run ?? "";
  const targets = /for target in (.*); do/.exec(line)?.[1]?.split(" ") ?? [];
  expect(targets.map((target) => `kubectl-vmnode_v1.2.3_${target}`)).toEqual(
    platforms.map((platform) => archiveName(platform, "1.2.3")),
  );
  expect(line).toContain("sha256sum --check");
});

test("every line runs in the same shell, which stops at the first failure, also of a pipe", () => {
  expect(defaults?.run.shell).toBe("bash");
  // Values of GitHub's reach a shell by the environment alone.
  const lines = Object.values(jobs).flatMap(({ steps }) => steps.map(({ run }) => run ?? ""));
  expect(lines.filter((line) => line.includes("${{"))).toEqual([]);
});

test("nothing of an earlier run is in a release", () => {
  expect(textOf("release.yml")).not.toMatch(/^\s+cache:/m);
});

describe.each(readdirSync(folder))("%s", (file) => {
  const used = [...textOf(file).matchAll(/uses: (\S+?)@(\S+)(.*)/g)];

  test("names actions by commit, and says which version that is", () => {
    expect(used.length).toBeGreaterThan(0);
    const loose = used.filter(
      ([, , commit = "", rest = ""]) => !/^[0-9a-f]{40}$/.test(commit) || !/^ # v\d/.test(rest),
    );
    expect(loose.map(([line]) => line)).toEqual([]);
  });

  test("leaves no credential in the checkout", () => {
    const { jobs } = parse(textOf(file)) as Workflow;
    const checkouts = Object.values(jobs).flatMap(({ steps }) =>
      steps.filter(({ uses }) => uses?.startsWith("actions/checkout@")),
    );
    expect(checkouts.length).toBeGreaterThan(0);
    expect(checkouts.filter((step) => step.with?.["persist-credentials"] !== false)).toEqual([]);
  });
});
