/** Looking around: the menu, list and check, in a terminal and in a pipe. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startCluster, type TestCluster } from "../practice-cluster.ts";
import { keys, runPiped, start } from "./session.ts";

let world: TestCluster;
beforeAll(async () => {
  world = await startCluster("maintenance");
});
afterAll(() => world.close());

describe("the menu", () => {
  test("takes a node and an action by the keyboard, shows the equivalent command, and runs it", async () => {
    const session = start([], { env: world.env });
    await session.waitFor("Which node?");
    session.type("worker-1");
    await session.waitFor(/Which node\? worker-1\n. worker-1 [^\n]*\n\n/);
    session.type(keys.enter);
    await session.waitFor("What is to be done with worker-1?");
    session.type(keys.down);
    session.type(keys.enter);
    await session.waitFor("kubectl vmnode check worker-1");
    await session.waitFor("worker-1 cannot be drained");
    expect(await session.ended).toBe(3);
  });

  test("is left by Ctrl-C", async () => {
    const session = start([], { env: world.env });
    await session.waitFor("Which node?");
    session.type(keys.ctrlC);
    expect(await session.ended).toBe(130);
    expect(session.text).toMatch(/\nInterrupted: nothing was changed\.\s*$/);
    expect(session.text).not.toContain("error");
    expect(world.writes()).toEqual([]);
  });

  test("is help where there is no terminal", async () => {
    const { code, stdout, stderr } = await runPiped([], world.env);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("Usage:\n  kubectl vmnode [command] [options]");
  });
});

describe("list", () => {
  test("fits the table to a narrow terminal, and cuts nothing in a pipe", async () => {
    const session = start(["list", "worker-1"], { columns: 60, env: world.env });
    expect(await session.ended).toBe(0);
    expect(session.text).toContain("…");

    const { stdout } = await runPiped(["list", "worker-1"], world.env);
    expect(stdout).not.toContain("…");
    expect(stdout).toContain("DisksNotLiveMigratable");
  });

  test("stops without a complaint when nobody reads on", async () => {
    const session = start(["list", "--watch"], { env: world.env });
    await session.waitFor("worker-4");
    session.type(keys.ctrlC);
    expect(await session.ended).toBe(130);
    expect(session.text).not.toContain("error");
  });
});

describe("check", () => {
  test("has colour on a terminal, and says the same without", async () => {
    const colourful = start(["check", "worker-1"], { columns: 200, env: world.env });
    expect(await colourful.ended).toBe(3);
    const { code, stdout } = await runPiped(["check", "worker-1"], world.env);
    expect(code).toBe(3);
    expect(colourful.raw).toMatch(/\x1b\[31mBLOCKS/);
    // Without media/stream, whose migration ends sooner or later.
    const verdicts = (text: string) =>
      [...text.matchAll(/^(BLOCKS|STOPS|RESTARTS|WAITS) +(?!media\/stream)(\S+)/gm)].map(([line]) => line);
    expect(verdicts(colourful.text)).toEqual(verdicts(stdout));
    expect(verdicts(stdout).length).toBeGreaterThan(3);
  });

  test("writes nothing", async () => {
    await runPiped(["check", "worker-1"], world.env);
    expect(world.writes()).toEqual([]);
  });
});
