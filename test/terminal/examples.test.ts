/** The examples of commands that start other programs, and make files, as a person types them. */
import { mkdirSync, mkdtempSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commands } from "../../cmd/commands.ts";
import { runToEnd } from "../finished.ts";
import { kubectlPath } from "../kubectl.ts";
import { keys, ofTheBuiltFile, placeExecutable, start } from "./session.ts";

const home = mkdtempSync(path.join(tmpdir(), "vmnode-examples-"));
const bin = path.join(home, "bin");
const env = { HOME: home, PATH: [bin, path.dirname(kubectlPath()), process.env.PATH ?? ""].join(path.delimiter) };

beforeAll(() => {
  mkdirSync(bin);
  placeExecutable(path.join(bin, "kubectl-vmnode"));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** What is left to be seen of an example that has ended with 0. */
const after: Readonly<Record<string, (stdout: string) => void>> = {
  "practice -- kubectl get nodes,vmi -A": (stdout) =>
    expect(stdout).toMatch(/node\/worker-1 [\s\S]*virtualmachineinstance/),
  "practice --list": (stdout) => expect(stdout).toMatch(/^maintenance /m),
  "completion install": () => expect(readlinkSync(path.join(bin, "kubectl_complete-vmnode"))).toBe("kubectl-vmnode"),
  "completion print": (stdout) => expect(stdout).toMatch(/^ln -sf? kubectl-vmnode \S+kubectl_complete-vmnode\n$/),
};

describe.each(ofTheBuiltFile)("%s", (name) => {
  const examples = commands.get(name)?.definition.examples ?? [];
  const lines = examples.map(([line]) => line);
  const lasting = lines.filter((line) => !(line in after));

  test("there are some", () => {
    expect(lines.length).toBeGreaterThan(1);
  });

  test.each(lines.filter((line) => line in after))("%s", async (line) => {
    const { code, stdout, stderr } = await runToEnd(path.join(bin, "kubectl-vmnode"), line.split(" "), { env });
    expect(code, stderr).toBe(0);
    after[line]?.(stdout);
  });

  // Whatever is not known to end is a cluster that stays until Ctrl-C.
  test.each(lasting)("%s", async (line) => {
    const session = start(line.split(" "), { env });
    await session.waitFor("Ctrl-C here ends the cluster");
    session.type(keys.ctrlC);
    expect(await session.ended).toBe(130);
  });
});
