/** Scenario `trouble`: migrations that fail, hang, or find no node and hold a slot. */
import type { Scenario } from "./scenario.ts";

export const trouble: Scenario = {
  name: "trouble",
  summary: "three nodes; a drain of worker-1 meets migrations that fail, hang, or find no node",
  notes: [
    "ops/flaky breaks off half-way every time and is tried again after 20 s, 40 s, 80 s …",
    "ops/stuck makes no progress: KubeVirt gives it up after 150 s",
    "ops/huge and ops/special find no other node: each holds one of the node's two slots for 5 minutes",
    "ops/paused is paused, which makes its pod unready",
  ],
  // biome-ignore format: a table
  nodes: [
    { name: "worker-1", cpu: 32, memory: "96Gi", labels: { rack: "special" } },
    { name: "worker-2", cpu: 8, memory: "24Gi" },
    { name: "worker-3", cpu: 8, memory: "24Gi" },
  ],
  // biome-ignore format: a table
  machines: [
    { name: "flaky", namespace: "ops", node: "worker-1", run: "Always", strategy: "LiveMigrate", disk: "shared", guest: { migration: "fails", migrationSeconds: 6 } },
    { name: "stuck", namespace: "ops", node: "worker-1", run: "Always", strategy: "LiveMigrate", disk: "shared", guest: { migration: "hangs" } },
    { name: "huge", namespace: "ops", node: "worker-1", run: "Always", strategy: "LiveMigrate", disk: "shared", memory: "40Gi" },
    { name: "special", namespace: "ops", node: "worker-1", run: "Always", strategy: "LiveMigrate", disk: "shared", nodeSelector: { rack: "special" } },
    { name: "paused", namespace: "ops", node: "worker-1", run: "Always", strategy: "LiveMigrate", disk: "shared" },
    { name: "plain", namespace: "ops", node: "worker-1", run: "Always", strategy: "LiveMigrate", disk: "shared" },
    { name: "slow", namespace: "ops", node: "worker-1", run: "Always", strategy: "LiveMigrate", disk: "shared", guest: { migrationSeconds: 60 } },
    { name: "other", namespace: "ops", node: "worker-2", run: "Always", strategy: "LiveMigrate", disk: "shared" },
  ],
  past: [{ ago: "1h", pause: "ops/paused" }],
};
