/** The cluster of the recording: a node with two budgets that would hold a drain for ever, and VMs that move or restart. */
import type { Scenario } from "../../lib/practice/scenarios/scenario.ts";

export const recorded: Scenario = {
  name: "recording",
  summary: "three nodes; two budgets hold worker-1",
  notes: [],
  // biome-ignore format: a table
  nodes: [
    { name: "worker-1", cpu: 32, memory: "128Gi" },
    { name: "worker-2", cpu: 32, memory: "128Gi" },
    { name: "worker-3", cpu: 32, memory: "128Gi" },
  ],
  configuration: { evictionStrategy: "LiveMigrate" },
  // biome-ignore format: a table
  machines: [
    { name: "frontend", namespace: "shop", node: "worker-1", run: "Always", disk: "shared", memory: "4Gi", guest: { migrationSeconds: 9 } },
    { name: "catalog", namespace: "shop", node: "worker-1", run: "Always", disk: "shared", guest: { migrationSeconds: 12 } },
    { name: "orders", namespace: "shop", node: "worker-1", run: "Always", disk: "shared", guest: { migrationSeconds: 8 } },
    { name: "search", namespace: "shop", node: "worker-1", run: "Always", disk: "shared", memory: "8Gi", guest: { migrationSeconds: 14 } },
    { name: "wiki", namespace: "team", node: "worker-1", run: "Always", disk: "shared", guest: { migrationSeconds: 8 } },
    { name: "mailer", namespace: "team", node: "worker-1", run: "Always", strategy: "LiveMigrateIfPossible", disk: "exclusive", guest: { shutdownSeconds: 5 } },
    { name: "billing", namespace: "shop", node: "worker-1", run: "Always", strategy: "None", disk: "shared", labels: { tier: "billing", audit: "yes" }, guest: { shutdownSeconds: 5 } },
    { name: "queue", namespace: "shop", node: "worker-1", run: "Always", strategy: "None", disk: "shared", labels: { tier: "queue" }, guest: { shutdownSeconds: 5 } },
    { name: "docs", namespace: "team", node: "worker-2", run: "Always", disk: "shared" },
    { name: "git", namespace: "team", node: "worker-3", run: "Always", disk: "shared" },
  ],
  budgets: [
    { name: "queue", namespace: "shop", selects: { tier: "queue" }, maxUnavailable: 1 },
    { name: "billing", namespace: "shop", selects: { tier: "billing" }, minAvailable: 0 },
    { name: "auditors", namespace: "shop", selects: { audit: "yes" }, minAvailable: 0 },
  ],
};
