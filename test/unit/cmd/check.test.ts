/** `check` as a whole command: its answer, its exit code, and what it refuses. The rules themselves are tested in assess. */
import { expect, test } from "vitest";
import type { FakeCluster } from "../observe/fake-cluster.ts";
import { putMover, putStayer, readyCluster } from "./clusters.ts";
import { type Run, run } from "./fake-world.ts";

function quietCluster(): FakeCluster {
  const cluster = readyCluster("worker-1", "worker-2");
  putMover(cluster, "prod", "web", "worker-1");
  return cluster;
}

function blockedCluster(): FakeCluster {
  const cluster = quietCluster();
  putStayer(cluster, "prod", "gpu", "worker-1");
  return cluster;
}

function check(commandLine: string, cluster: FakeCluster): Promise<Run> {
  return run(`check ${commandLine}`, { connect: async () => cluster.client() });
}

test("a node that can be drained ends with 0", async () => {
  expect(await check("worker-1", quietCluster())).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("worker-1 can be drained"),
  });
});

test("a node that cannot be drained ends with 3 and says which VM stays, and why", async () => {
  const { code, stdout } = await check("worker-1", blockedCluster());
  expect(code).toBe(3);
  expect(stdout).toContain("worker-1 cannot be drained");
  expect(stdout).toMatch(/BLOCKS +prod\/gpu .*HostDeviceNotLiveMigratable/);
});

test("one node that cannot be drained decides for all", async () => {
  expect((await check("worker-1 worker-2", blockedCluster())).code).toBe(3);
});

test("-o json prints the check as a document, with the same exit code", async () => {
  const { code, stdout } = await check("worker-1 -o json", blockedCluster());
  const document = JSON.parse(stdout);
  expect(document).toMatchObject({ apiVersion: "vmnode/v1", kind: "Check" });
  expect(document.nodes[0]).toMatchObject({ name: "worker-1", verdict: "blocks" });
  expect(code).toBe(3);
});

test("what could not be read refuses until it is waived", async () => {
  const cluster = quietCluster();
  cluster.forbid("list", "poddisruptionbudgets");
  const { code, stdout } = await check("worker-1", cluster);
  expect(code).toBe(3);
  expect(stdout).toContain("poddisruptionbudgets");
  expect((await check("worker-1 --waive Unreadable", cluster)).code).toBe(0);
});

test("nodes are chosen by label", async () => {
  const cluster = quietCluster();
  cluster.put("nodes", {
    ...cluster.raw("nodes", "", "worker-1"),
    metadata: { name: "worker-1", uid: "n1", labels: { rack: "7" } },
  });
  const { nodes } = JSON.parse((await check("-l rack=7 -o json", cluster)).stdout);
  expect(nodes.map(({ name }: { name: string }) => name)).toEqual(["worker-1"]);
});

test("only dry-run evictions are sent, and nothing else that writes", async () => {
  const cluster = quietCluster();
  await check("worker-1", cluster);
  expect(cluster.requests).toContain("evict pods prod virt-launcher-web-abcde");
  expect(cluster.requests.filter((request) => /^(put|patch|delete)/.test(request))).toEqual([]);
});

test("a selector that matches no node is an error", async () => {
  expect(await check("-l rack=8", quietCluster())).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('no node matches the selector "rack=8"'),
  });
});
