/** On a real terminal (a pseudo-terminal): what is asked, what is drawn, and that the cursor always comes back. */
import { fileURLToPath } from "node:url";
import { type IPty, spawn } from "@lydell/node-pty";
import { describe, expect, test } from "vitest";
import { screenOf } from "./fakes.ts";

const program = fileURLToPath(new URL("./session.ts", import.meta.url));

class Session {
  output = "";
  readonly pty: IPty;
  readonly ended: Promise<number>;

  constructor(end: string, env: Readonly<Record<string, string>> = {}) {
    const { CI: _ci, FORCE_COLOR: _force, ...inherited } = process.env;
    const options = { name: "xterm-256color", cols: 80, rows: 24, env: { ...inherited, NO_COLOR: "1", ...env } };
    this.pty = spawn(process.execPath, ["--no-warnings", program, end], options);
    this.pty.onData((data) => {
      this.output += data;
    });
    this.ended = new Promise((resolve) =>
      this.pty.onExit(({ exitCode, signal }) => resolve(signal ? 128 + signal : exitCode)),
    );
  }

  async shows(text: string): Promise<void> {
    await expect.poll(() => this.output, { timeout: 10_000, interval: 20 }).toContain(text);
  }

  async started(): Promise<this> {
    await this.shows("(y/N):");
    this.pty.write("y\r");
    await this.shows("draining worker-1");
    return this;
  }

  /** The lines below the question. */
  lines(): string[] {
    return screenOf(this.output.slice(this.output.indexOf("node/worker-1 cordoned"))).lines;
  }

  get cursor(): boolean {
    return screenOf(this.output).cursor;
  }
}

describe("at the question", { timeout: 20_000 }, () => {
  test("no changes nothing", async () => {
    const session = new Session("done");
    await session.shows("(y/N):");
    session.pty.write("\r");
    expect(await session.ended).toBe(1);
    expect(session.output).not.toContain("cordoned");
  });

  test("what is neither yes nor no is asked again, and need not be deleted by hand", async () => {
    const session = new Session("done");
    await session.shows("(y/N):");
    session.pty.write("sure\r");
    await session.shows("Please answer yes or no.");
    expect(session.output).not.toContain("cordoned");
    session.pty.write("y\r");
    expect(await session.ended).toBe(0);
    expect(session.output).toContain("cordoned");
  });

  test.each([
    ["Ctrl-C", "\x03", 130],
    ["Ctrl-D", "\x04", 1],
  ])("%s changes nothing", async (_key, bytes, code) => {
    const session = new Session("done");
    await session.shows("(y/N):");
    session.pty.write(bytes);
    expect(await session.ended).toBe(code);
    expect(session.output).not.toContain("cordoned");
    expect(session.cursor).toBe(true);
  });
});

describe("in the view", { timeout: 20_000 }, () => {
  test("work that ends leaves its history and summary, and nothing of the view", async () => {
    const session = new Session("done");
    await session.shows("(y/N):");
    session.pty.write("y\r");
    expect(await session.ended).toBe(0);
    expect(session.lines()).toEqual([
      "node/worker-1 cordoned",
      "pod/virt-launcher-web-1-x2x4l evicted   prod/web-1 moved to worker-3 in 41 s",
      "node/worker-1 drained",
      "",
      "moved  1   slowest prod/web-1 (41 s)",
      "worker-1 may be powered off: no VM left.",
    ]);
    expect(session.cursor).toBe(true);
  });

  test("Ctrl-C ends in order, with the cursor back", async () => {
    const session = await new Session("wait").started();
    expect(session.cursor).toBe(false);
    session.pty.write("\x03");
    expect(await session.ended).toBe(130);
    // The terminal itself may show the key as ^C.
    expect(session.lines()).toEqual([
      "node/worker-1 cordoned",
      expect.stringMatching(/error: Interrupted by SIGINT\.$/),
    ]);
    expect(session.cursor).toBe(true);
  });

  test("keys that the terminal shows leave nothing on the screen", async () => {
    const session = await new Session("wait").started();
    session.pty.write("now?\r\r");
    await session.shows("now?\r\n\r\n");
    // The stopwatch goes on.
    await expect
      .poll(() => session.lines(), { timeout: 5_000 })
      .toEqual([
        "node/worker-1 cordoned",
        expect.stringMatching(/^draining worker-1/),
        expect.stringContaining("prod/web-1"),
        expect.stringContaining("Ctrl-C"),
      ]);
    session.pty.write("\x03");
    expect(await session.ended).toBe(130);
    expect(session.lines()).toEqual(["node/worker-1 cordoned", expect.stringMatching(/Interrupted by SIGINT\.$/)]);
  });

  test("a second Ctrl-C leaves at once", async () => {
    const session = await new Session("slow").started();
    session.pty.write("\x03");
    await session.shows("^C");
    session.pty.write("\x03");
    expect(await session.ended).toBe(130);
    expect(session.cursor).toBe(true);
  });

  test.each([
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ])("%s ends in order with %d", async (signal, code) => {
    const session = await new Session("wait").started();
    process.kill(session.pty.pid, signal);
    expect(await session.ended).toBe(code);
    expect(session.cursor).toBe(true);
  });

  test("a crash gives the cursor back", async () => {
    const session = await new Session("crash").started();
    expect(await session.ended).not.toBe(0);
    expect(session.output).toContain("crashed on purpose");
    expect(session.cursor).toBe(true);
  });

  test("a change of size redraws within the new width", async () => {
    const session = await new Session("wait").started();
    const before = session.output.length;
    session.pty.resize(40, 10);
    await expect.poll(() => session.output.slice(before), { timeout: 10_000 }).toContain("draining worker-1");
    const drawn = screenOf(session.output.slice(before), 40).lines;
    expect(Math.max(...drawn.map((line) => line.length))).toBeLessThan(40);
    session.pty.write("\x03");
    await session.ended;
  });
});
