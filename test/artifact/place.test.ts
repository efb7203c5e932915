/** Nothing in the place where the built file is started changes what it does, and it needs nothing there. */
import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Finished, runToEnd } from "../finished.ts";
import { startCluster, type TestCluster } from "../practice-cluster.ts";
import { executable, placeExecutable } from "../terminal/session.ts";

const place = mkdtempSync(path.join(tmpdir(), "vmnode-place-"));
let cluster: TestCluster;
let plain: Finished;

beforeAll(async () => {
  cluster = await startCluster("quiet");
  plain = await listed();
});
afterAll(async () => {
  await cluster.close();
  rmSync(place, { recursive: true, force: true });
});

/** Runs a program to its end; the cluster, which lives in this process, must be able to answer meanwhile. */
function run(
  program: string,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cwd = place,
): Promise<Finished> {
  return runToEnd(program, words, { cwd, env: { PATH: "/usr/bin:/bin", HOME: place, ...env } });
}

/** Without ages, which go on. */
async function listed(): Promise<Finished> {
  const result = await run(executable, ["list", "-o", "name"], cluster.env);
  expect(result.stdout).toContain("node/");
  return result;
}

describe("a file beside us is none of ours:", () => {
  const evil = "require('node:fs').writeSync(1, 'evil'); process.exit(66);";

  test.each([
    [".env", "KUBECONFIG=/nonexistent/config\nNO_COLOR=\n"],
    ["package.json", '{ "type": "module", "main": "evil.js", "imports": { "#x": "./evil.js" } }'],
    [".npmrc", "node-options=--no-such-option\n"],
    ["node.config.json", '{ "nodeOptions": { "require": "./evil.cjs" } }'],
    ["node_modules/yargs/index.js", evil],
    ["node_modules/yargs/package.json", '{ "name": "yargs", "main": "index.js" }'],
    ["kubectl-vmnode.cjs", evil],
    ["program.cjs", evil],
    ["program.cjs.cache", evil],
    ["practice.cjs", evil],
    [".yargs", "{}"],
    ["locales/en.json", '{ "Unknown command: %s": "evil" }'],
  ])("%s", async (name, content) => {
    mkdirSync(path.dirname(path.join(place, name)), { recursive: true });
    writeFileSync(path.join(place, name), content);
    expect(await listed()).toEqual(plain);
    expect((await run(executable, ["practice", "--list"])).stdout).toContain("maintenance");
    rmSync(path.join(place, name.split("/")[0] ?? ""), { recursive: true });
  });

  test("a package.json above does not name our version", async () => {
    writeFileSync(path.join(place, "package.json"), '{ "name": "kubectl-vmnode", "version": "99.0.0" }');
    expect((await run(executable, ["--version"])).stdout).not.toContain("99");
    rmSync(path.join(place, "package.json"));
  });
});

test.each(["50% off", "%zz", "100%", "#1 ?a=b", "Größe"])("a folder may be called %j", async (name) => {
  const folder = path.join(place, name);
  mkdirSync(folder);
  const placed = path.join(folder, "kubectl-vmnode");
  placeExecutable(placed);
  expect(await run(placed, ["list", "-o", "name"], cluster.env)).toEqual(plain);
  rmSync(folder, { recursive: true });
});

test("a folder that has been removed is a place, too", async () => {
  const gone = path.join(place, "gone");
  const runThere = (words: string, env: Readonly<Record<string, string>> = {}) => {
    mkdirSync(gone, { recursive: true });
    return run("/bin/sh", ["-c", `rmdir ${gone}; exec ${executable} ${words}`], { ...cluster.env, ...env }, gone);
  };
  for (const words of ["--version", "--help", "list", "list worker-1 -o json", "check worker-1", "version"])
    expect(await runThere(words), words).toMatchObject({ code: 0, stderr: "" });
  expect(await runThere("list", { KUBECONFIG: "config" })).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^error: /),
  });
  expect(await runThere("list --client-certificate c --client-key k")).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^error: unable to read client-cert c/),
  });
  expect(await runThere("lits")).toMatchObject({ code: 2, stderr: expect.stringContaining("Did you mean list") });
});

test("without a place for temporary files the practice cluster says so", async () => {
  expect(await run(executable, ["practice", "--", "true"], { TMPDIR: "/nonexistent" })).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^error: cannot make a directory for temporary files: .*\/nonexistent/),
  });
});

test("flags that Node has are ours to refuse", async () => {
  for (const flag of ["--inspect", "--require", "--eval"]) {
    const { code, stderr } = await run(executable, ["list", flag]);
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining(`unknown flag: ${flag}`) });
  }
});

test("words that a command does not take are refused, though the bundle leaves out most of how yargs judges them", async () => {
  for (const words of [
    ["version", "now"],
    ["doctor", "now"],
  ]) {
    const stderr = expect.stringContaining(`error: ${words[0]} takes no arguments: now`);
    expect(await run(executable, words)).toMatchObject({ code: 2, stderr });
  }
});

// --help and a command run in the program, --version before it is there.
test.runIf(process.platform === "linux").each(["--version", "--help", "list"])(
  "%s into a disk that is full says so, and nothing else",
  async (words) => {
    const script = `exec ${executable} ${words} > /dev/full`;
    const { code, stderr } = await run("/bin/sh", ["-c", script], cluster.env);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "error: the output cannot be written: ENOSPC: no space left on device, write\n",
    });
  },
);

/** The words that start a program in another root: as root; as the root of a user namespace; or by sudo, which CI lets everybody use. */
const wayIn = [[], ["unshare", "--user", "--map-root-user"], ["sudo", "--non-interactive"]]
  .map((become) => [...become, "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"])
  .find(([program = "", ...words]) => spawnSync(program, [...words, "chroot", "/", "true"]).status === 0);

test.runIf(process.platform === "linux" && process.env.CI)("this machine can try it in another root", () => {
  expect(wayIn).toBeDefined();
});

describe.skipIf(process.platform !== "linux" || wayIn === undefined)(
  "in a root that holds nothing but the C libraries",
  () => {
    const root = path.join(place, "root");

    beforeAll(() => {
      mkdirSync(path.join(root, "tmp"), { recursive: true });
      copyFileSync(executable, path.join(root, "kubectl-vmnode"));
      const libraries = execFileSync("ldd", [executable], { encoding: "utf8" }).match(/\/\S+\.so\S*/g) ?? [];
      for (const library of libraries) {
        mkdirSync(path.dirname(path.join(root, library)), { recursive: true });
        copyFileSync(library, path.join(root, library));
      }
      copyFileSync(cluster.cluster.kubeconfigPath, path.join(root, "config"));
    });

    const inside = (words: readonly string[]) => {
      const [program = "", ...before] = wayIn ?? [];
      return run(program, [...before, "KUBECONFIG=/config", "chroot", root, "/kubectl-vmnode", ...words]);
    };

    test("there is no Node, and no library that only Node's newer versions need", () => {
      expect(existsSync(path.join(root, "usr/bin/node"))).toBe(false);
      expect(execFileSync("ldd", [executable], { encoding: "utf8" })).not.toContain("libatomic");
    });

    test("it prints its version", async () => {
      expect(await inside(["--version"])).toMatchObject({
        code: 0,
        stdout: expect.stringContaining("Client Version"),
        stderr: "",
      });
    });

    test("it talks to a cluster", async () => {
      expect(await inside(["list"])).toMatchObject({
        code: 0,
        stdout: expect.stringContaining("worker-1"),
        stderr: "",
      });
    });

    test("it brings its practice cluster along", async () => {
      const { code, stdout } = await inside(["practice", "--", "/kubectl-vmnode", "check", "worker-1", "-o", "json"]);
      expect([0, 3]).toContain(code);
      expect(JSON.parse(stdout)).toMatchObject({ kind: "Check" });
    });
  },
);
