/** Scenario `maintenance`: one node with every kind of VM that a drain can meet. */
import type { Scenario } from "./scenario.ts";

export const maintenance: Scenario = {
  name: "maintenance",
  summary: "four nodes; worker-1 holds VMs of every kind: some move, some restart, some stop, some block a drain",
  notes: [
    "worker-1 is the node to drain; the other three have room for everything that can move",
    "shop/* moves or restarts, lab/* stops, legacy/* blocks",
    "shop/orders has migrated away from worker-1 before: its old pod is still there; media/stream is arriving",
  ],
  // biome-ignore format: a table
  nodes: [
    { name: "worker-1", cpu: 32, memory: "128Gi", zone: "a", gpus: 1 },
    { name: "worker-2", cpu: 32, memory: "128Gi", zone: "a" },
    { name: "worker-3", cpu: 32, memory: "128Gi", zone: "b" },
    { name: "worker-4", cpu: 32, memory: "128Gi", zone: "b", gpus: 1 },
  ],
  // biome-ignore format: a table
  machines: [
    // moves: live migration, nothing is interrupted
    { name: "frontend", namespace: "shop", node: "worker-1", run: "Always", strategy: "LiveMigrate", disk: "shared", memory: "4Gi", age: "290h" },
    { name: "catalog", namespace: "shop", node: "worker-1", run: "Always", strategy: "LiveMigrateIfPossible", disk: "shared", age: "290h" },
    { name: "search", namespace: "shop", node: "worker-1", run: "Always", strategy: "LiveMigrate", disk: "image", age: "75h" },
    { name: "reports", namespace: "shop", node: "worker-1", run: "Manual", strategy: "LiveMigrate", disk: "shared", hotplug: true, age: "120h" },
    // restarts: shut down, then started on another node
    { name: "payments", namespace: "shop", node: "worker-1", run: "Always", disk: "shared", grace: 60, guest: { shutdownSeconds: 8 } },
    { name: "mailer", namespace: "shop", node: "worker-1", run: "Always", strategy: "LiveMigrateIfPossible", disk: "exclusive" },
    { name: "cache", namespace: "shop", node: "worker-1", run: "Always", strategy: "None", disk: "image", bridge: true },
    // stops and does not come back by itself
    { name: "nightly", namespace: "lab", node: "worker-1", run: "RerunOnFailure", strategy: "None", disk: "shared" },
    { name: "stubborn", namespace: "lab", node: "worker-1", run: "RerunOnFailure", strategy: "None", disk: "image", grace: 20, guest: { ignoresShutdown: true } },
    { name: "notebook", namespace: "lab", node: "worker-1", run: "Manual", strategy: "None", disk: "image" },
    { name: "installer", namespace: "lab", node: "worker-1", run: "Once", strategy: "None", disk: "image" },
    { name: "scratch", namespace: "lab", node: "worker-1", strategy: "None", disk: "image", age: "3h" },
    { name: "archive", namespace: "lab", node: "worker-1", run: "Always", strategy: "None", disk: "local", age: "500h" },
    // blocks: must migrate but cannot, or a budget stands in the way
    { name: "oracle", namespace: "legacy", node: "worker-1", run: "Always", strategy: "LiveMigrate", disk: "exclusive", memory: "8Gi", age: "900h" },
    { name: "render", namespace: "legacy", node: "worker-1", run: "Always", strategy: "LiveMigrate", disk: "shared", gpu: true },
    { name: "pinned", namespace: "legacy", node: "worker-1", run: "Always", strategy: "LiveMigrate", disk: "shared", nodeSelector: { "kubernetes.io/hostname": "worker-1" } },
    { name: "cluster-node", namespace: "legacy", node: "worker-1", run: "Always", strategy: "External", disk: "shared" },
    { name: "ledger", namespace: "legacy", node: "worker-1", run: "Always", strategy: "None", disk: "image", labels: { tier: "ledger" } },
    { name: "queue", namespace: "legacy", node: "worker-1", run: "Always", strategy: "None", disk: "image", labels: { tier: "queue" } },
    { name: "billing", namespace: "legacy", node: "worker-1", run: "Always", strategy: "None", disk: "image", labels: { tier: "billing", audit: "yes" } },
    // elsewhere
    { name: "orders", namespace: "shop", node: "worker-1", run: "Always", strategy: "LiveMigrate", disk: "shared", age: "240h" },
    { name: "stream", namespace: "media", node: "worker-3", run: "Always", strategy: "LiveMigrate", disk: "shared", memory: "4Gi", guest: { migrationSeconds: 90 } },
    { name: "wiki", namespace: "media", node: "worker-2", run: "Always", strategy: "LiveMigrate", disk: "shared", age: "60h" },
    { name: "retired", namespace: "media", node: "worker-2", run: "Halted", disk: "shared", age: "800h" },
  ],
  // biome-ignore format: a table
  replicaSets: [
    { name: "crawler", namespace: "shop", nodes: ["worker-1", "worker-2", "worker-1"], strategy: "None", disk: "image", memory: "1Gi" },
  ],
  // biome-ignore format: a table
  applications: [
    { name: "website", namespace: "shop", kind: "Deployment", image: "nginx:1.29", nodes: ["worker-1", "worker-2"] },
    { name: "builder", namespace: "lab", kind: "Deployment", image: "moby/buildkit:v0.27.1", nodes: ["worker-1"], emptyDir: true },
    { name: "log-collector", namespace: "kube-system", kind: "DaemonSet", image: "fluent/fluent-bit:4.2" },
  ],
  staticPods: [{ name: "node-proxy", node: "worker-1" }],
  // biome-ignore format: a table
  budgets: [
    { name: "ledger-always", namespace: "legacy", selects: { tier: "ledger" }, minAvailable: 1 },
    { name: "queue-one-at-a-time", namespace: "legacy", selects: { tier: "queue" }, maxUnavailable: 1 },
    { name: "billing-team", namespace: "legacy", selects: { tier: "billing" }, minAvailable: 0 },
    { name: "auditors", namespace: "legacy", selects: { audit: "yes" }, minAvailable: 0 },
    { name: "website", namespace: "shop", selects: { app: "website" }, minAvailable: 1 },
  ],
  past: [
    { ago: "30h", migrate: "shop/frontend", to: "worker-2" },
    { ago: "28h", migrate: "shop/frontend", to: "worker-1" },
    { ago: "5h", migrate: "shop/orders", to: "worker-4" },
    { ago: "20s", migrate: "media/stream", to: "worker-1" },
  ],
};
