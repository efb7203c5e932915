/** The terminal as commands see it. */
import { describe, expect, test } from "vitest";
import { InterruptedError, UsageError } from "../../../lib/model/errors.ts";
import type { ProgressEvent } from "../../../lib/model/progress.ts";
import { drainProgress, going } from "../../builders/progress.ts";
import { summaryOf } from "../report/builders.ts";
import { type Stage, screenOf, stage } from "./fakes.ts";

const question = { text: "Drain worker-1?", flag: "--yes" };

/** Resolves when `text` stands on standard error: the prompt is ready. */
async function shown({ stderr }: Stage, text: string): Promise<void> {
  await expect.poll(() => stderr.written, { interval: 5 }).toContain(text);
}

describe("somebody can be asked", () => {
  test.each([
    ["on a terminal", {}, true],
    ["also when standard output is a pipe", { stdout: false }, true],
    ["not when standard input is none", { stdin: false }, false],
    ["not when standard error is none", { stderr: false }, false],
    ["not in CI", { env: { CI: "1" } }, false],
  ])("%s", (_where, options, expected) => {
    expect(stage(options).terminal.interactive).toBe(expected);
  });

  test("and where not, a question names the flag that answers it", async () => {
    const { terminal, stderr } = stage({ stdin: false });
    const error = new UsageError("there is nobody to ask here: pass --yes");
    await expect(terminal.confirm(question)).rejects.toEqual(error);
    await expect(terminal.select(question, [])).rejects.toEqual(error);
    await expect(terminal.search(question, [])).rejects.toEqual(error);
    await expect(terminal.typeName(question, "x")).rejects.toEqual(error);
    expect(stderr.written).toBe("");
  });
});

describe("a question of yes or no", () => {
  test.each([
    ["y\r", true],
    ["Y\r", true],
    ["yes\r", true],
    ["n\r", false],
    ["\r", false],
    ["\x04", false],
  ])("answered with %j is %s", async (keys, expected) => {
    const scene = stage({ env: { NO_COLOR: "1" } });
    const answer = scene.terminal.confirm(question);
    await shown(scene, "? Drain worker-1? (y/N):");
    scene.stdin.write(keys);
    await expect(answer).resolves.toBe(expected);
    expect(scene.stdout.written).toBe("");
  });

  test.each(["maybe", "yesterday", "nope"])("answered with %j is asked again, on an empty line", async (wrong) => {
    const scene = stage({ env: { NO_COLOR: "1" } });
    const answer = scene.terminal.confirm(question);
    await shown(scene, "(y/N):");
    scene.stdin.write(`${wrong}\r`);
    await shown(scene, "Please answer yes or no.");
    expect(scene.stderr.written.split("Please answer")[0]).toMatch(/\? Drain worker-1\? \(y\/N\):\n$/);
    scene.stdin.write("y\r");
    await expect(answer).resolves.toBe(true);
    expect(scene.stderr.written).toMatch(/\? Drain worker-1\? Yes(?!.*Please)/s);
  });

  test("left by Ctrl-C has changed nothing, and ends with 130", async () => {
    const scene = stage();
    const answer = scene.terminal.confirm(question);
    await shown(scene, "Drain worker-1?");
    scene.stdin.write("\x03");
    await expect(answer).rejects.toEqual(new InterruptedError("SIGINT", "Interrupted: nothing was changed."));
    await expect(answer).rejects.toMatchObject({ exitCode: 130 });
  });

  test("is asked in one line, too, where the terminal does not know how wide it is", async () => {
    const scene = stage({ columns: 0, env: { NO_COLOR: "1" } });
    expect(scene.terminal.layout.columns).toBe(80);
    const answer = scene.terminal.confirm({ ...question, text: "Drain worker-1, which shuts 2 VMs down?" });
    await shown(scene, "? Drain worker-1, which shuts 2 VMs down? (y/N):");
    scene.stdin.write("y\r");
    await expect(answer).resolves.toBe(true);
  });

  test("and one for a name, are broken between words on a narrow terminal", async () => {
    const scene = stage({ columns: 40, env: { NO_COLOR: "1" } });
    const named = scene.terminal.typeName(
      { text: "Type the node's name to declare it powered off:", flag: "--yes" },
      "a",
    );
    await shown(scene, "? Type the node's name to\n  declare it powered off:");
    scene.stdin.write("a\r");
    await expect(named).resolves.toBe(true);
  });

  test("ends when a signal comes", async () => {
    const scene = stage();
    scene.terminal.catchSignals();
    const answer = scene.terminal.confirm(question);
    await shown(scene, "Drain worker-1?");
    scene.process.emit("SIGTERM", "SIGTERM");
    await expect(answer).rejects.toMatchObject({ exitCode: 143 });
  });

  test("at the end of the input is no", async () => {
    const scene = stage();
    const answer = scene.terminal.confirm(question);
    await shown(scene, "Drain worker-1?");
    scene.stdin.end();
    await expect(answer).resolves.toBe(false);
  });

  test("shows what comes from the cluster harmless", async () => {
    const scene = stage();
    const answer = scene.terminal.confirm({ ...question, text: "Drain \x1b]0;owned\x07?" });
    await shown(scene, "Drain ^[]0;owned^G?");
    scene.stdin.write("\r");
    await answer;
    expect(scene.stderr.written).not.toContain("\x1b]0;");
  });

  test("makes room in a running view, and gives it back", async () => {
    const scene = stage();
    const reporter = await scene.terminal.reporter("text");
    reporter.progress(drainProgress([going("a/b", "migrating")]));
    await shown(scene, "draining worker-1");
    const answer = scene.terminal.confirm(question);
    await shown(scene, "Drain worker-1?");
    const during = scene.stderr.written;
    expect(screenOf(during).lines.join("\n")).not.toContain("draining worker-1");
    scene.stdin.write("y\r");
    await answer;
    expect(scene.stderr.written.slice(during.length)).toContain("draining worker-1");
    reporter.close();
  });
});

describe("a menu", () => {
  const choices = [
    { value: 1, name: "worker-1", description: "19 VMs" },
    { value: 2, name: "worker-2", disabled: "no VM" },
    { value: 3, name: "other\x1b[2J" },
  ];

  test("gives the value that was chosen with the arrow keys", async () => {
    const scene = stage({ env: { NO_COLOR: "1" } });
    const answer = scene.terminal.select({ text: "Which node?", flag: "NODE" }, choices);
    await shown(scene, "worker-2 (no VM)");
    expect(scene.stderr.written).toContain("other^[[2J");
    scene.stdin.write("\x1b[B");
    scene.stdin.write("\x1b[B\r");
    await expect(answer).resolves.toBe(3);
  });

  test("of many is narrowed down by typing", async () => {
    const scene = stage({ env: { NO_COLOR: "1" } });
    const answer = scene.terminal.search({ text: "Which node?", flag: "NODE" }, choices);
    await shown(scene, "worker-1");
    scene.stdin.write("OTH");
    await expect
      .poll(() => scene.stderr.written.split("Which node?").at(-1), { interval: 5 })
      .not.toContain("worker-1");
    scene.stdin.write("\r");
    await expect(answer).resolves.toBe(3);
  });

  describe("on a narrow terminal is broken between words", () => {
    const narrow = [
      { value: 1, name: "worker-1   Ready   22 VMs, 5 cannot migrate" },
      { value: 2, name: "worker-2   Ready   0 VMs", description: "Tell whether nodes can be drained, and if not, why" },
    ];
    const menu = ["❯ worker-1   Ready   22 VMs, 5 cannot", "    migrate", "  worker-2   Ready   0 VMs"].join("\n");

    test.each(["select", "search"] as const)("%s", async (kind) => {
      const scene = stage({ columns: 40, env: { NO_COLOR: "1" } });
      const answer = scene.terminal[kind]({ text: "Which node is it that is to be looked at?", flag: "NODE" }, narrow);
      await shown(scene, menu);
      expect(scene.stderr.written).toContain("? Which node is it that is to be looked\n    at?");
      scene.stdin.write("\x1b[B");
      await shown(scene, "Tell whether nodes can be drained, and\n    if not, why");
      scene.stdin.write("\x1b[A\r");
      await expect(answer).resolves.toBe(1);
      await shown(scene, "looked\n    at? worker-1   Ready   22 VMs, 5\n    cannot migrate");
    });

    test("and a choice that Tab has typed in is found", async () => {
      const scene = stage({ columns: 40, env: { NO_COLOR: "1" } });
      const answer = scene.terminal.search({ text: "Which node?", flag: "NODE" }, narrow);
      await shown(scene, menu);
      scene.stdin.write("\t");
      await shown(scene, "? Which node? worker-1");
      scene.stdin.write("\r");
      await expect(answer).resolves.toBe(1);
    });
  });

  test("left by Ctrl-D is left", async () => {
    const scene = stage();
    const answer = scene.terminal.select({ text: "Which node?", flag: "NODE" }, choices);
    await shown(scene, "worker-1");
    scene.stdin.write("\x04");
    await expect(answer).rejects.toMatchObject({ exitCode: 130 });
  });
});

test.each([
  ["worker-4\r", true],
  ["worker-5\r", false],
  ["y\r", false],
  ["\r", false],
])("typing %j for the name worker-4 is %s", async (keys, expected) => {
  const scene = stage();
  const answer = scene.terminal.typeName({ text: "Type the node's name", flag: "--confirm-node" }, "worker-4");
  await shown(scene, "Type the node's name");
  scene.stdin.write(keys);
  await expect(answer).resolves.toBe(expected);
});

describe("lines", () => {
  test("go to their stream, harmless", () => {
    const { terminal, stdout, stderr } = stage({ stdout: false });
    terminal.writeLine("a\x1b[2J");
    terminal.writeLines(["b", "c"]);
    terminal.writeError("d");
    expect([stdout.written, stderr.written]).toEqual(["a^[[2J\nb\nc\n", "d\n"]);
  });

  test("know the width of the terminal, and none in a pipe", async () => {
    expect(stage({ columns: 61 }).terminal.layout.columns).toBe(61);
    expect(stage({ stdout: false }).terminal.layout.columns).toBeUndefined();
  });

  test.each([
    ["are broken between words on a terminal", {}, "- a long remark\n  about ^[[2J\n"],
    ["whatever standard output is", { stdout: false }, "- a long remark\n  about ^[[2J\n"],
    ["and stay as they are in a pipe", { stderr: false }, "- a long remark about ^[[2J\n"],
  ])("of prose for standard error %s", (_where, options, expected) => {
    const { terminal, stderr } = stage({ columns: 18, ...options });
    terminal.remark("- a long remark about \x1b[2J");
    expect(stderr.written).toBe(expected);
  });

  test("of a warning say so in colour, and bring none of their own", () => {
    const { terminal, stderr } = stage({ columns: 18 });
    terminal.warn("the \x1b[32mserver is old");
    expect(stderr.written).toBe("\x1b[33mWarning:\x1b[39m the\n  ^[[32mserver is\n  old\n");
  });

  test("are coloured as --color says, per stream", async () => {
    const { terminal } = stage({ stdout: false });
    expect([terminal.layout.style("bad", "x"), terminal.errorLayout.style("bad", "x")]).toEqual([
      "x",
      "\x1b[31mx\x1b[39m",
    ]);
    terminal.setColor("never");
    expect(terminal.errorLayout.style("bad", "x")).toBe("x");
    terminal.setColor("always");
    expect(terminal.layout.style("bad", "x")).toBe("\x1b[31mx\x1b[39m");
  });
});

describe("an operation", () => {
  const time = "2026-11-21T14:02:11Z";
  const vm = going("prod/web-1", "moved", { target: "worker-3", seconds: 41 });
  const events: ProgressEvent[] = [
    { time, type: "node-cordoned", node: "worker-1", already: false },
    { time, type: "eviction-requested", node: "worker-1", namespace: "prod", pod: vm.pod, attempt: 1 },
    { time, type: "vm", vm },
    { time, type: "pod-evicted", node: "worker-1", namespace: "prod", pod: vm.pod },
    { time, type: "warning", message: "odd" },
    { time, type: "node-drained", node: "worker-1" },
    { time, type: "summary", ...summaryOf({ moved: [vm] }) },
  ];

  async function follow(scene: Stage, format: "text" | "json" = "text"): Promise<Stage> {
    const reporter = await scene.terminal.reporter(format);
    reporter.progress(drainProgress([vm]));
    for (const event of events) reporter.event(event);
    reporter.close();
    return scene;
  }

  const kubectlLines = [
    "node/worker-1 cordoned",
    `evicting pod prod/${vm.pod}`,
    `pod/${vm.pod} evicted`,
    "node/worker-1 drained",
  ];

  test("in a pipe is plain lines, kubectl's among them, without any cursor codes", async () => {
    const { stdout, stderr } = await follow(stage({ stdin: false, stdout: false, stderr: false }));
    const lines = stdout.written.split("\n");
    expect(lines.filter((line) => kubectlLines.includes(line))).toEqual(kubectlLines);
    expect(lines).toContain(`${time} prod/web-1 moved to worker-3 in 41 s`);
    expect(stderr.written).toBe("Warning: odd\n");
    expect(stdout.written + stderr.written).not.toContain("\x1b");
  });

  test.each([{ CI: "1" }, { TERM: "dumb" }])("has no view with %o", async (env) => {
    const { stdout, stderr } = await follow(stage({ env }));
    expect(stdout.written + stderr.written).not.toContain("\x1b[?25l");
  });

  test("in a pipe says after five silent minutes that it goes on, and then only after five more", async () => {
    const { terminal, stdout } = stage({ stdin: false, stdout: false, stderr: false });
    const reporter = await terminal.reporter("text");
    reporter.event({ time, type: "node-cordoned", node: "worker-1", already: false });
    for (const later of ["14:07:10Z", "14:07:11Z", "14:12:10Z", "14:12:11Z"])
      reporter.progress(drainProgress([going("prod/a", "queued")], { time: `2026-11-21T${later}` }));
    reporter.close();
    expect(stdout.written.split("\n").slice(1, -1)).toEqual([
      "2026-11-21T14:07:11Z still draining worker-1: 1 of 1 VM to go (1 queued)",
      "2026-11-21T14:12:11Z still draining worker-1: 1 of 1 VM to go (1 queued)",
    ]);
  });

  test("as JSON is JSON lines alone on standard output, on a terminal too", async () => {
    const { stdout, stderr } = await follow(stage(), "json");
    const lines = stdout.written.trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line).type)).toEqual(events.map((event) => event.type));
    expect(stderr.written).toBe("");
  });

  test("on a terminal leaves its history and the summary, and gives the cursor back", async () => {
    const { stdout, stderr } = await follow(stage());
    expect(stdout.written.split("\n")).toEqual([
      "node/worker-1 cordoned",
      `pod/${vm.pod} evicted   prod/web-1 moved to worker-3 in 41 s`,
      "node/worker-1 drained",
      "",
      expect.stringContaining("moved"),
      expect.stringContaining("worker-1 may be powered off"),
      "",
    ]);
    expect(screenOf(stderr.written)).toEqual({ lines: [expect.stringContaining("odd")], cursor: true });
  });

  test("with standard output in a pipe has the view on standard error and plain lines in the pipe", async () => {
    const scene = stage({ stdout: false });
    await follow(scene);
    expect(scene.stdout.written.split("\n").filter((line) => kubectlLines.includes(line))).toEqual(kubectlLines);
    expect(scene.stdout.written).not.toContain("\x1b");
    expect(scene.stderr.written).toContain("\x1b[?25l");
  });

  test("writes other lines above the view, not into it", async () => {
    const scene = stage({ stdout: false });
    const reporter = await scene.terminal.reporter("text");
    reporter.progress(drainProgress([going("a/b", "migrating")]));
    await shown(scene, "draining worker-1");
    scene.terminal.writeError("a remark");
    const lines = screenOf(scene.stderr.written).lines;
    expect(lines[0]).toBe("a remark");
    expect(lines[1]).toContain("draining worker-1");
    reporter.close();
  });

  test("gives the cursor back when the process ends in its midst", async () => {
    const scene = stage();
    await scene.terminal.reporter("text");
    expect(screenOf(scene.stderr.written).cursor).toBe(false);
    scene.process.emit("exit", 70);
    expect(screenOf(scene.stderr.written).cursor).toBe(true);
  });

  test("put aside by Ctrl-Z gives the cursor back, and takes it again when it goes on", async () => {
    const scene = stage();
    const reporter = await scene.terminal.reporter("text");
    scene.process.emit("SIGTSTP");
    expect(scene.process.kills).toEqual(["SIGSTOP 4711"]);
    expect(screenOf(scene.stderr.written).cursor).toBe(true);
    scene.process.emit("SIGCONT");
    expect(screenOf(scene.stderr.written).cursor).toBe(false);
    reporter.close();
    expect(scene.process.listenerCount("SIGTSTP") + scene.process.listenerCount("SIGCONT")).toBe(0);
  });

  test("is aborted by the first signal and left at the second, with the cursor back", async () => {
    const scene = stage();
    await scene.terminal.reporter("text");
    const signal = scene.terminal.catchSignals();
    scene.process.emit("SIGINT", "SIGINT");
    expect(signal.aborted).toBe(true);
    expect(screenOf(scene.stderr.written).cursor).toBe(false);
    scene.process.emit("SIGINT", "SIGINT");
    expect(scene.process.exits).toEqual([130]);
    expect(screenOf(scene.stderr.written).cursor).toBe(true);
    scene.terminal.close();
    expect(scene.process.listenerCount("SIGINT")).toBe(0);
  });
});
