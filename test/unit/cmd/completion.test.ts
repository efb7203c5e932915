/** `completion`: what is done and said. */
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { isCompleter } from "../../../cmd/program-name.ts";
import { run } from "./fake-world.ts";

const folder = mkdtempSync(path.join(tmpdir(), "vmnode-completion-"));
const plugin = path.join(folder, "kubectl-vmnode");
const link = path.join(folder, "kubectl_complete-vmnode");
writeFileSync(plugin, "");
chmodSync(plugin, 0o755);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const scene = { startedAs: plugin, env: { PATH: folder } };

describe.skipIf(process.platform === "win32")("completion", () => {
  test("print shows the command, and does nothing", async () => {
    expect(await run("completion print", scene)).toMatchObject({ code: 0, stdout: `ln -s kubectl-vmnode ${link}` });
    expect(() => readlinkSync(link)).toThrow("ENOENT");
  });

  test("a file that somebody put there is overwritten by neither install nor the command that print shows", async () => {
    writeFileSync(link, "theirs");
    for (const line of ["completion install", "completion print"]) {
      expect(await run(line, scene)).toMatchObject({
        code: 1,
        stdout: "",
        stderr: expect.stringContaining(`${link} is a file that this plugin did not make`),
      });
    }
    expect((await run("doctor", scene)).stdout).toMatch(
      /Completion +not installed: a file that this plugin did not make/,
    );
    expect(readFileSync(link, "utf8")).toBe("theirs");
    rmSync(link);
  });

  test("install makes the link, and says so", async () => {
    expect(await run("completion install", scene)).toMatchObject({
      code: 0,
      stdout: `${link} created`,
      stderr: expect.stringMatching(/^It takes effect at once where the shell completes kubectl/),
    });
    expect(readlinkSync(link)).toBe("kubectl-vmnode");
  });

  test("a second time it is there already", async () => {
    await run("completion install", scene);
    expect((await run("completion install", scene)).stdout).toBe(`${link} is there already`);
  });

  test("a link that led elsewhere is replaced, and that is said", async () => {
    rmSync(link);
    symlinkSync("/opt/old/kubectl-vmnode", link);
    expect((await run("completion print", scene)).stdout).toBe(`ln -sf kubectl-vmnode ${link}`);
    expect((await run("completion install", scene)).stdout).toBe(`${link} replaced: it led to /opt/old/kubectl-vmnode`);
    expect(readlinkSync(link)).toBe("kubectl-vmnode");
  });

  test("another program of that name which kubectl finds first is warned of, and doctor calls nothing installed", async () => {
    const first = path.join(folder, "first");
    mkdirSync(first);
    writeFileSync(path.join(first, "kubectl_complete-vmnode"), "", { mode: 0o755 });
    const shadowed = { ...scene, env: { PATH: `${first}${path.delimiter}${folder}` } };
    expect((await run("completion install", shadowed)).stderr).toBe(
      `Warning: it has no effect: kubectl runs ${first}/kubectl_complete-vmnode, which comes first on the PATH`,
    );
    expect((await run("doctor", shadowed)).stdout).toMatch(
      /Completion +another program of that name comes first on the PATH\n/,
    );
  });

  test("a folder that is not on the PATH is warned of", async () => {
    const { code, stderr } = await run("completion install", { ...scene, env: { PATH: "/usr/bin" } });
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining("is not on the PATH") });
  });
});

test.each(["completion", "completion bash", "completion install print"])("%s is refused", async (line) => {
  expect(await run(line, scene)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("USAGE: completion (install|print)"),
  });
});

test("outside of a plugin's file there is nothing to link", async () => {
  expect(await run("completion install", { startedAs: "/src/cmd/main.ts" })).toMatchObject({ code: 1 });
});

test.each([
  ["/home/me/.krew/bin/kubectl_complete-vmnode", true],
  ["C:\\krew\\bin\\kubectl_complete-vmnode.exe", true],
  ["oc_complete-vmnode", true],
  ["/home/me/.krew/bin/kubectl-vmnode", false],
  ["kubectl_complete-vmnode-old", false],
])("started as %s we complete: %s", (name, expected) => {
  expect(isCompleter(name)).toBe(expected);
});
