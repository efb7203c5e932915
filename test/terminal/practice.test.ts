/** The practice cluster as a user starts it, and the plugin as kubectl starts it. */
import { existsSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { kubectlPath, runKubectl } from "../kubectl.ts";
import { executable, keys, runPiped, start } from "./session.ts";

/** kubectl and the plugin are found by their names. */
const env = {
  PATH: [path.dirname(executable), path.dirname(kubectlPath()), process.env.PATH ?? ""].join(path.delimiter),
};

describe("practice", () => {
  test("prints the line that leads to the cluster, and takes the cluster with it on Ctrl-C", async () => {
    const session = start(["practice", "--scenario", "quiet"], { columns: 200 });
    await session.waitFor("Ctrl-C here ends the cluster");
    const kubeconfig = /export KUBECONFIG=(\S+)/.exec(session.text)?.[1] ?? "";
    const nodes = await runKubectl(kubeconfig, ["get", "nodes", "-o", "name"]);
    expect(nodes.stdout).toBe("node/worker-1\nnode/worker-2\nnode/worker-3\n");
    session.type(keys.ctrlC);
    expect(await session.ended).toBe(130);
    expect(session.text).not.toContain("error");
    expect(existsSync(kubeconfig)).toBe(false);
  });

  test("breaks what it says between words, but for what is to be pasted", async () => {
    const session = start(["practice"], { columns: 40 });
    await session.waitFor("--help).");
    session.type(keys.ctrlC);
    await session.ended;
    const long = session.text.split("\n").filter((line) => line.length > 40);
    expect(long).toEqual([
      expect.stringMatching(/^export KUBECONFIG=/),
      expect.stringMatching(/^ {2}kubectl annotate node \S+ practice\.vmnode\/power=off/),
    ]);
  });

  test("runs a command inside the cluster, and ends with its exit code", async () => {
    const inside = await runPiped(
      ["practice", "--scenario", "quiet", "--", "kubectl", "get", "node", "worker-3", "-o", "name"],
      env,
    );
    expect(inside).toEqual({ code: 0, stdout: "node/worker-3\n", stderr: "" });
    expect((await runPiped(["practice", "--scenario", "quiet", "--", "sh", "-c", "exit 42"], env)).code).toBe(42);
    expect((await runPiped(["practice", "--scenario", "quiet", "--", "sh", "-c", "kill -9 $$"], env)).code).toBe(137);
  });

  test("says when the command does not exist", async () => {
    const { code, stderr } = await runPiped(["practice", "--scenario", "quiet", "--", "no-such-program"], env);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: cannot start no-such-program/);
  });

  test("lists the scenarios, and names them where one does not exist", async () => {
    const { stdout } = await runPiped(["practice", "--list"], env);
    expect(stdout).toMatch(/^maintenance +\S+/m);
    const { code, stderr } = await runPiped(["practice", "--scenario", "calm"], env);
    expect(code).toBe(2);
    expect(stderr).toContain('error: there is no scenario "calm"\nhint: there are maintenance, quiet');
  });
});

describe("as a plugin of kubectl", () => {
  test("it is found, and its exit code is kubectl's", async () => {
    const words = ["practice", "--", "kubectl", "vmnode", "check", "worker-1"];
    const { code, stdout, stderr } = await runPiped(words, env);
    expect({ code, stderr }).toEqual({ code: 3, stderr: "" });
    expect(stdout).toContain("worker-1 cannot be drained");
  });

  test("flags behind its name reach it, and it speaks of itself as the user typed it", async () => {
    const words = ["practice", "--", "kubectl", "vmnode", "--context", "elsewhere", "list", "-o", "xml"];
    const { code, stderr } = await runPiped(words, env);
    expect(code).toBe(2);
    expect(stderr).toContain("See 'kubectl vmnode list -h' for help and examples");
  });
});
