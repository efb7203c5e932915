/** The examples of the help, run one after the other against a practice cluster as a person would who tries them all. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commands } from "../../cmd/commands.ts";
import { InterruptedError } from "../../lib/model/errors.ts";
import { exitCode } from "../../lib/model/exit-code.ts";
import { startCluster, type TestCluster } from "../practice-cluster.ts";
import { ofTheBuiltFile } from "../terminal/session.ts";
import { runCommand } from "./run.ts";

let world: TestCluster;
beforeAll(async () => {
  world = await startCluster("maintenance", 60);
});
afterAll(() => world.close());

/** What an example may end with: done, refused because of what is on the node, something left, or the Ctrl-C that it takes. */
const expected: readonly number[] = [exitCode.ok, exitCode.refused, exitCode.incomplete, exitCode.interrupted];
/** doctor has something to say of a clock that runs sixty times too fast. */
const findings: Readonly<Record<string, number>> = { doctor: exitCode.error };

const names = [...commands.keys()].filter((name) => !ofTheBuiltFile.includes(name));

describe.each(names)("%s", (name) => {
  const examples = commands.get(name)?.definition.examples ?? [];

  test.each(examples)("%s: %s", async (line) => {
    const stop = new AbortController();
    // What goes on until Ctrl-C gets one.
    if (/ (?:--watch|-w)\b/.test(line))
      setTimeout(() => stop.abort(new InterruptedError("SIGINT", "enough was seen")), 500);
    const scene = { clock: world.clock, answers: [true, true], signal: stop.signal };
    const { code, stdout, stderr } = await runCommand(line, world.env, scene);
    expect([...expected, findings[name]], stderr).toContain(code);
    expect(stdout + stderr).not.toBe("");
  });
});
