/** A credential plugin that must be silent: what it may do, and when it is ended. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { runExecPlugin } from "../../../lib/kube/exec-plugin.ts";
import type { ExecEntry } from "../../../lib/kube/kubeconfig.ts";
import { isAlive } from "../../is-alive.ts";

const folder = mkdtempSync(path.join(tmpdir(), "vmnode-exec-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => {
  vi.useRealTimers();
});

const apiVersion = "client.authentication.k8s.io/v1";
const token = `{"apiVersion":"${apiVersion}","status":{"token":"t"}}`;

function runSilently(script: string, command = "sh") {
  const exec: ExecEntry = {
    apiVersion,
    command,
    args: ["-c", script],
    env: [],
    interactiveMode: "IfAvailable",
    provideClusterInfo: false,
    installHint: undefined,
  };
  const surroundings = { env: { PATH: process.env.PATH }, stdinIsTerminal: false, silent: true };
  return runExecPlugin(exec, { server: "https://10.0.0.1" }, surroundings);
}

const listeners = () => ["exit", "SIGINT", "SIGTERM", "SIGHUP"].map((event) => process.listenerCount(event));

describe.skipIf(process.platform === "win32")("a silent plugin", () => {
  test("gives its credential, and leaves no listener behind", async () => {
    const before = listeners();
    expect(await runSilently(`echo '${token}'`)).toMatchObject({ token: "t" });
    expect(listeners()).toEqual(before);
  });

  test.each(["/etc/passwd/x", "/", "/a\0b", `/${"x".repeat(5000)}`])(
    "that cannot be started is no fault of ours: %j",
    async (command) => {
      const before = listeners();
      await expect(runSilently("", command)).rejects.toMatchObject({
        name: "ConfigError",
        message: expect.stringMatching(/cannot be started \(E\w+\)/),
      });
      await expect.poll(listeners).toEqual(before);
    },
  );

  test.each(["a\0b", "x".repeat(5000)])("that no folder of PATH can have is not found: %j", async (command) => {
    await expect(runSilently("", command)).rejects.toMatchObject({
      name: "ConfigError",
      message: expect.stringMatching(/was not found$/),
    });
  });

  test("has no terminal to ask at", async () => {
    const script = `if (: < /dev/tty) 2> /dev/null; then exit 1; fi; echo '${token}'`;
    expect(await runSilently(script)).toMatchObject({ token: "t" });
  });

  test("is ended when it takes long, because nobody sees what it waits for", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const file = path.join(folder, "pid");
    const waiting = runSilently(`sleep 300 & echo $! > '${file}'; wait`);
    const ended = expect(waiting).rejects.toThrow("executable sh was ended by SIGTERM");
    const pid = () => (existsSync(file) ? Number(readFileSync(file, "utf8")) : 0);
    await expect.poll(pid).toBeGreaterThan(0);
    await vi.advanceTimersByTimeAsync(30_000);
    await ended;
    // Whoever inherits it may take a moment to notice.
    await expect.poll(() => isAlive(pid()), { timeout: 20_000 }).toBe(false);
  });
});
