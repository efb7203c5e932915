/** What README promises to whoever runs the plugin unattended, with its lines word for word. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type DrivenCluster, startDrivenCluster } from "./driven-cluster.ts";

const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
const section = /^## Unattended\n([\s\S]*?)^## /m.exec(readme)?.[1] ?? "";
const [checkLine = "", drainLine = "", ...more] = [...section.matchAll(/^ {4}kubectl vmnode (.*)$/gm)].map(
  ([, line = ""]) => line,
);
/** The text, on one line. */
const text = section.replace(/\s+/g, " ");

test("there are two lines", () => {
  expect(checkLine).toMatch(/^check -l pool=blue /);
  expect(drainLine).toMatch(/^drain worker-1 --yes --skip-blocked /);
  expect(more).toEqual([]);
});

describe("where some VMs cannot leave", () => {
  let cluster: DrivenCluster;
  beforeAll(async () => {
    cluster = await startDrivenCluster("maintenance");
  });
  afterAll(() => cluster.close());

  const vmis = { group: "kubevirt.io", resource: "virtualmachineinstances" };
  const onWorker1 = () =>
    cluster.cluster.store
      .list(vmis)
      .filter(({ status }) => status?.nodeName === "worker-1" && status?.phase === "Running")
      .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  const label = (node: string) =>
    cluster.cluster.store.modify({ group: "", resource: "nodes" }, undefined, node, (draft) => {
      draft.metadata.labels = { ...draft.metadata.labels, pool: "blue" };
    });

  test("the first ends with 0 when a drain would succeed, and with 3 when not", async () => {
    expect(text).toContain("The first ends with 0 when a drain would succeed and with 3 when not.");
    for (const [node, code, verdict] of [
      ["worker-2", 0, "drains"],
      ["worker-1", 3, "blocks"],
    ] as const) {
      label(node);
      const run = await cluster.run(checkLine);
      expect(run.code, run.stderr).toBe(code);
      expect(JSON.parse(run.stdout).nodes).toContainEqual(expect.objectContaining({ name: node, verdict }));
    }
  });

  test("the second is refused with 3, and nothing is written, when the risk is not waived", async () => {
    expect(text).toContain("refuses the drain with 3 before anything is written, unless its code was waived");
    const waiver = " --waive ExternalStrategy";
    expect(drainLine).toContain(waiver);
    const { code, stderr } = await cluster.run(drainLine.replace(waiver, ""));
    expect(code).toBe(3);
    expect(stderr).toContain(`accept what is unknown or at risk with${waiver}`);
    expect(cluster.writes()).toEqual([]);
  });

  test("the second drains what can leave within half an hour, lists what stays, and ends with 4", async () => {
    expect(text).toContain("What stays is listed, and the exit code is 4");
    const since = cluster.clock.now().getTime();
    const { code, stdout, stderr } = await cluster.run(drainLine);
    expect(code, stderr).toBe(4);
    expect(cluster.clock.now().getTime() - since).toBeLessThan(31 * 60_000);
    const left = onWorker1();
    expect(left).toHaveLength(7);
    expect(left.filter((vm) => !vm.startsWith("legacy/"))).toEqual([]);
    const [, summary = ""] = stdout.split(/^moved +5 /m);
    for (const vm of left) expect(summary).toContain(`\n  ${vm}   `);
    expect(stdout).toMatch(/^node\/worker-1 cordoned$[\s\S]*^evicting pod \S+\/virt-launcher-\S+$/m);
    expect(stdout).not.toContain("node/worker-1 drained");
  });
});

describe("where all can leave", () => {
  let cluster: DrivenCluster;
  beforeAll(async () => {
    cluster = await startDrivenCluster("quiet");
  });
  afterAll(() => cluster.close());

  test("the second ends with 0, and with -o json tells one event a line", async () => {
    expect(text).toContain("it is 0 when nothing stays");
    expect(text).toContain("with `-o json` one event a line");
    const { code, stdout, stderr } = await cluster.run(`${drainLine} -o json`);
    expect(code, stderr).toBe(0);
    const events = stdout.split("\n").map((line) => JSON.parse(line));
    expect(events.length).toBeGreaterThan(4);
    expect(events.at(-1)).toMatchObject({ type: "summary", exitCode: 0 });
  });
});
