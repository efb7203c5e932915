/** What `drain` makes of its flags before anything is written. */
import { expect, test } from "vitest";
import { putMover, putStayer, readyCluster } from "./clusters.ts";
import { run } from "./fake-world.ts";

test.each([
  ["", "2 at a time"],
  ["--max-parallel 1", "1 at a time"],
  ["--max-parallel 0", "2 at a time"],
])("with %j moves VMs %s, where KubeVirt itself allows 2", async (flag, expected) => {
  const cluster = readyCluster("worker-1", "worker-2");
  for (const name of ["web", "shop", "blog"]) putMover(cluster, "prod", name, "worker-1");
  const { stdout } = await run(`drain worker-1 --dry-run ${flag}`, {
    connect: async () => cluster.client(),
  });
  expect(stdout).toContain(`move 3 VMs, ${expected}`);
});

test("a drain that is refused shows what is in the way, and no steps, because none will be taken", async () => {
  const cluster = readyCluster("worker-1", "worker-2");
  putMover(cluster, "prod", "web", "worker-1");
  putStayer(cluster, "prod", "gpu", "worker-1");
  const { code, stdout, stderr } = await run("drain worker-1 --dry-run", { connect: async () => cluster.client() });
  expect(code).toBe(3);
  expect(stdout).toMatch(/^BLOCKS +prod\/gpu /m);
  expect(stdout).not.toContain("In this order:");
  expect(stderr).toContain("or leave it behind with --skip-blocked");
});

test.each(["--dry-run=server", "--dry-run -o json"])(
  "%s --skip-blocked foretells the exit code of a drain that leaves a VM behind, and does not call the node drained",
  async (flags) => {
    const cluster = readyCluster("worker-1", "worker-2");
    putMover(cluster, "prod", "web", "worker-1");
    const line = `drain worker-1 --skip-blocked ${flags}`;
    const empty = await run(line, { connect: async () => cluster.client() });
    putStayer(cluster, "prod", "gpu", "worker-1");
    const { code, stdout } = await run(line, { connect: async () => cluster.client() });
    expect([empty.code, code]).toEqual([0, 4]);
    expect(stdout).not.toContain("node/worker-1 drained");
    if (!flags.includes("json")) expect(stdout).toContain("look again that no other VM is left");
  },
);

test("a dry run narrowed by a selector does not call a node drained on which others remain", async () => {
  const cluster = readyCluster("worker-1", "worker-2");
  for (const name of ["web", "shop"]) putMover(cluster, "prod", name, "worker-1");
  const { code, stdout } = await run("drain worker-1 --dry-run --pod-selector vm.kubevirt.io/name=web", {
    connect: async () => cluster.client(),
  });
  expect(code).toBe(0);
  expect(stdout).toContain("none of 2 VMs is selected");
  expect(stdout).not.toContain("node/worker-1 drained");
});
