/** What `drain` makes of its flags before anything is written. */
import { expect, test } from "vitest";
import { putMover, readyCluster } from "./clusters.ts";
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
