/** The release workflow builds and tries all platforms before it publishes, with steps that exist. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { load as parse } from "js-yaml";
import { expect, test } from "vitest";
import { root } from "../../krew/bundle.ts";
import { platforms } from "../../krew/platforms.ts";

interface Step {
  readonly run?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, string>>;
  readonly if?: string;
}

interface Job {
  readonly needs?: readonly string[];
  readonly strategy?: { readonly matrix: { readonly include: readonly { platform: string; runner: string }[] } };
  readonly permissions?: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}

const text = readFileSync(path.join(root, ".github/workflows/release.yml"), "utf8");
const { jobs, permissions } = parse(text) as {
  jobs: Readonly<Record<string, Job>>;
  permissions: Record<string, string>;
};
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
  expect(jobs.publish?.needs).toEqual(["build", "test"]);
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
  const bot = stepsOf("publish").find(({ uses }) => uses?.startsWith("rajatjindal/krew-release-bot@"));
  expect(bot?.if).toContain("PRERELEASE");
  expect(existsSync(path.join(root, bot?.with?.krew_template_file ?? "missing"))).toBe(true);
});
