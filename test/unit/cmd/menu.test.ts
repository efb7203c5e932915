/** The menu of the bare program: two questions, the equivalent command line, and then that command. */
import { expect, test } from "vitest";
import { putMover, readyCluster } from "./clusters.ts";
import { type Run, run } from "./fake-world.ts";

function menu(commandLine: string, answers: readonly string[]): Promise<Run> {
  const cluster = readyCluster("worker-1", "worker-2", "worker-3");
  cluster.put("nodes", { ...cluster.raw("nodes", "", "worker-2"), spec: { unschedulable: true } });
  putMover(cluster, "prod", "web", "worker-1");
  return run(commandLine, { answers, connect: async () => cluster.client() });
}

test("asks for a node and an action, and runs the same command as the line that it prints", async () => {
  const { code, stdout, stderr, questions } = await menu("", ["worker-1", "Check"]);
  expect(questions).toEqual(["Which node?", "What is to be done with worker-1?"]);
  expect(stderr).toBe("kubectl vmnode check worker-1");
  expect(stdout).toContain("worker-1 can be drained");
  expect(code).toBe(0);
});

test("hands the connection flags on, quoted for a shell", async () => {
  const { stderr } = await menu("--context 'my cluster' -v=0", ["worker-1", "Show"]);
  expect(stderr).toBe("kubectl vmnode list worker-1 --context 'my cluster' -v=0");
});

test("shows the nodes with their state and their VMs", async () => {
  const { choices } = await menu("", ["worker-1", "Show"]);
  expect(choices[0]).toEqual([
    "worker-1   Ready                      1 VM",
    "worker-2   Ready,SchedulingDisabled   0 VMs",
    "worker-3   Ready                      0 VMs",
  ]);
});

test("offers to give back only nodes that are cordoned", async () => {
  expect((await menu("", ["worker-1", "Show"])).choices[1]).not.toContain("Give it back");
  expect((await menu("", ["worker-2", "Show"])).choices[1]).toContain("Give it back");
});

test("offers to undo a drain where its marks are left, whoever has uncordoned the node meanwhile", async () => {
  const cluster = readyCluster("worker-1", "worker-2");
  putMover(cluster, "prod", "web", "worker-1");
  const open = (name: string) => run("", { answers: [name, "Show"], connect: async () => cluster.client() });
  expect((await open("worker-1")).choices[1]).not.toContain("Undo its drain");
  const vmi = cluster.raw("virtualmachineinstances", "prod", "web");
  cluster.put("virtualmachineinstances", {
    ...vmi,
    status: { ...(vmi.status as object), evacuationNodeName: "worker-1" },
  });
  expect((await open("worker-1")).choices[1]).toContain("Undo its drain");
  expect((await open("worker-2")).choices[1]).not.toContain("Undo its drain");
});

test("offers to recover only nodes that look lost, before everything else", async () => {
  const cluster = readyCluster("worker-1", "worker-2");
  const node = cluster.raw("nodes", "", "worker-2");
  cluster.put("nodes", {
    ...node,
    status: { ...(node.status as object), conditions: [{ type: "Ready", status: "Unknown" }] },
  });
  const open = (name: string) => run("", { answers: [name, "Show"], connect: async () => cluster.client() });
  expect((await open("worker-1")).choices[1]).not.toContain("Recover its VMs: it looks lost");
  expect((await open("worker-2")).choices[1]?.[0]).toBe("Recover its VMs: it looks lost");
});

test("is not shown where nobody can be asked: help is", async () => {
  expect(await run("")).toMatchObject({ code: 0, stdout: expect.stringContaining("Usage:"), questions: [] });
});
