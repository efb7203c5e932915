/** A drain as a person lives through it: the question, the view, Ctrl-C in the middle, and the same command again. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startCluster, type TestCluster } from "../practice-cluster.ts";
import { keys, runPiped, type Session, start } from "./session.ts";

let world: TestCluster;
beforeEach(async () => {
  world = await startCluster("quiet");
});
afterEach(() => world.close());

function drain(columns = 80, env: Record<string, string> = {}): Session {
  return start(["drain", "worker-1"], { columns, env: { ...world.env, ...env } });
}

describe("at the question", () => {
  test("yes drains the node, which may then be powered off", async () => {
    const session = drain();
    await session.waitFor("Drain worker-1?");
    expect(world.writes()).toEqual([]);
    session.type(`y${keys.enter}`);
    await session.waitFor("node/worker-1 cordoned");
    await session.waitFor("node/worker-1 drained");
    await session.waitFor("worker-1 may be powered off");
    expect(await session.ended).toBe(0);
    expect(session.text).toMatch(/pod\/virt-launcher-\S+ evicted/);
    expect(world.isCordoned("worker-1")).toBe(true);
  });

  test.each([
    ["no", `n${keys.enter}`, 1],
    ["Enter", keys.enter, 1],
    ["Ctrl-C", keys.ctrlC, 130],
  ])("%s changes nothing", async (_answer, typed, code) => {
    const session = drain();
    await session.waitFor("Drain worker-1?");
    session.type(typed);
    expect(await session.ended).toBe(code);
    const said = typed === keys.ctrlC ? /^Interrupted: nothing was changed\.$/m : /^error: drain is cancelled$/m;
    expect(session.text.replaceAll("\r", "")).toMatch(said);
    expect(world.writes()).toEqual([]);
    expect(world.isCordoned("worker-1")).toBe(false);
  });
});

test("Ctrl-C in the middle says how to go on and how to go back, and the same command finishes the work", async () => {
  const first = drain();
  await first.waitFor("Drain worker-1?");
  first.type(`y${keys.enter}`);
  await first.waitFor("migrating");
  first.type(keys.ctrlC);
  expect(await first.ended).toBe(130);
  expect(first.text).toContain("kubectl vmnode drain worker-1");
  expect(first.text).toContain("kubectl vmnode abort worker-1");
  expect(world.isCordoned("worker-1")).toBe(true);
  // The cursor was hidden for the view, and is back.
  expect(first.raw.lastIndexOf("\x1b[?25h")).toBeGreaterThan(first.raw.lastIndexOf("\x1b[?25l"));

  const second = start(["drain", "worker-1", "--yes"], { env: world.env });
  await second.waitFor("node/worker-1 already cordoned");
  await second.waitFor("node/worker-1 drained");
  expect(await second.ended).toBe(0);
});

test("the view fits into 60 columns and has no colour with NO_COLOR", async () => {
  const session = drain(60, { NO_COLOR: "1" });
  await session.waitFor("Drain worker-1?");
  session.type(`y${keys.enter}`);
  expect(await session.ended).toBe(0);
  expect(session.raw).not.toMatch(/\x1b\[[\d;]+m/);
  const frames = session.text.split("\n").filter((line) => /^ {2}apps\/|^draining/.test(line));
  expect(frames.length).toBeGreaterThan(0);
  expect(frames.filter((line) => line.length > 60)).toEqual([]);
});

describe("without a terminal", () => {
  test("nobody can be asked: the flag is named, and nothing is written", async () => {
    const { code, stdout, stderr } = await runPiped(["drain", "worker-1"], world.env);
    expect(code).toBe(2);
    expect(stdout).toContain("worker-1 can be drained");
    expect(stderr).toContain("--yes");
    expect(world.writes()).toEqual([]);
  });

  test("kubectl's lines are printed as kubectl prints them, and nothing that moves a cursor", async () => {
    const { code, stdout, stderr } = await runPiped(["drain", "worker-1", "--yes"], world.env);
    expect(code).toBe(0);
    const lines = stdout.split("\n");
    const evicting = lines.filter((line) => /^evicting pod apps\/virt-launcher-[\w-]+$/.test(line));
    const evicted = lines.filter((line) => /^pod\/virt-launcher-[\w-]+ evicted$/.test(line));
    expect(lines).toContain("node/worker-1 cordoned");
    expect(evicting.length).toBeGreaterThan(0);
    expect(evicted).toHaveLength(evicting.length);
    expect(lines).toContain("node/worker-1 drained");
    expect(stdout + stderr).not.toContain("\x1b");
  });

  test("-o json prints one event a line, the last one a summary with the exit code", async () => {
    const { code, stdout } = await runPiped(["drain", "worker-1", "--yes", "-o", "json"], world.env);
    const events = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events.every(({ apiVersion, type, time }) => apiVersion === "vmnode/v1" && type && time)).toBe(true);
    expect(events.at(-1)).toMatchObject({ type: "summary", exitCode: code });
    expect(code).toBe(0);
  });
});
