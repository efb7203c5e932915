/** A practice cluster as a whole. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { startPracticeCluster } from "../../../lib/practice/cluster.ts";

test("at real time its clock is the machine's, however long it took to be put together", async () => {
  const workDirectory = await mkdtemp(path.join(tmpdir(), "vmnode-test-"));
  const began = Date.now();
  const cluster = await startPracticeCluster({ scenario: "fleet", nodes: 100, machines: 300, workDirectory });
  const now = Date.now();
  const behind = now - cluster.clock.now().getTime();
  await cluster.close();
  await rm(workDirectory, { recursive: true });
  expect(behind).toBeLessThan((now - began) / 4);
});
