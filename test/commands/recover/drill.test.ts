/** The fire drill as docs/fire-drill.md tells it: thrown by the genuine kubectl, met by recover and uncordon. */
import { readFileSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { commands } from "../../../cmd/commands.ts";
import { nodeSwitches, switchPrefix } from "../../../lib/practice/switches.ts";
import { runKubectl } from "../../kubectl.ts";
import { openStage, type Stage } from "./stage.ts";

const text = readFileSync(new URL("../../../docs/fire-drill.md", import.meta.url), "utf8");
const minute = 60_000;

let stage: Stage | undefined;
afterEach(() => stage?.close());

/** Throws a switch, and lets the cluster notice. */
async function annotate({ cluster, pass }: Stage, words: string): Promise<void> {
  const { code, stderr } = await runKubectl(cluster.kubeconfigPath, ["annotate", "--overwrite", ...words.split(" ")]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  await pass(1000);
}

const flagsFor = (node: string) => `--yes --confirm-node ${node} --node-is-powered-off 'drill'`;

test("the crash: recovered, switched on, given back", async () => {
  stage = await openStage("crash");
  expect((await stage.run("recover")).stdout).toMatch(/^worker-1 +\d+ +unproven/m);
  expect(await stage.run(`recover worker-1 ${flagsFor("worker-1")}`)).toMatchObject({ code: 0 });
  await annotate(stage, "node worker-1 practice.vmnode/power=on");
  await stage.pass(2 * minute);
  const { code, stdout, stderr } = await stage.run("uncordon worker-1");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain("node/worker-1 uncordoned");
  expect(stage.cluster.doubleRuns).toEqual([]);
});

test("the kubelet dies, the host lives: refused, however long one waits", async () => {
  stage = await openStage("quiet");
  await annotate(stage, "node worker-2 practice.vmnode/kubelet=off");
  await stage.pass(5 * minute);
  const { code, stderr } = await stage.run(`recover worker-2 --wait ${flagsFor("worker-2")}`);
  expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringContaining("virt-handler has reported") });
});

test("the node is cut off and declared off: uncordon names the VMs that ran twice", async () => {
  stage = await openStage("quiet");
  await annotate(stage, "node worker-2 practice.vmnode/network=cut");
  await stage.pass(4 * minute);
  expect(await stage.run(`recover worker-2 --wait ${flagsFor("worker-2")}`)).toMatchObject({ code: 0 });
  expect(stage.cluster.doubleRuns).toHaveLength(4);
  await annotate(stage, "node worker-2 practice.vmnode/network=on");
  await stage.pass(minute);
  const { code, stderr } = await stage.run("uncordon worker-2");
  expect(code).toBe(3);
  for (const { vm } of stage.cluster.doubleRuns) expect(stderr).toContain(vm);
});

describe("the text", () => {
  test("has every switch with its values", () => {
    for (const { name, values, about } of nodeSwitches)
      expect(text).toContain(`| ${name} | ${values.replaceAll("|", ", ")} | ${about} |`);
  });

  test("names commands, flags and switches that exist", () => {
    const lines = [...text.matchAll(/^ {4}kubectl vmnode (\S+) ?(.*)$/gm)];
    expect(lines.length).toBeGreaterThan(8);
    for (const [line, name = "", rest = ""] of lines) {
      expect(commands.get(name), line).toBeDefined();
      for (const [, flag = ""] of rest.matchAll(/--([\w-]+)/g)) {
        const key = flag.replace(/-(\w)/g, (_dash, letter: string) => letter.toUpperCase());
        expect(commands.get(name)?.definition.flags, line).toHaveProperty(key);
      }
    }
    const known = new Set(
      nodeSwitches.flatMap(({ name, values }) => values.split("|").map((value) => `${name}=${value}`)),
    );
    const used = [...text.matchAll(/^ {4}.* practice\.vmnode\/(\S+)$/gm)].map(([, word]) => word ?? "");
    expect(used.length).toBeGreaterThan(4);
    expect(used.filter((word) => !known.has(word))).toEqual([]);
    expect(switchPrefix).toBe("practice.vmnode/");
  });
});
