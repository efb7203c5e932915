/** Scenario `crash`: worker-1 has lost its power three minutes ago. */
import type { Scenario } from "./scenario.ts";

export const crash: Scenario = {
  name: "crash",
  summary: "four nodes; worker-1 lost its power three minutes ago, with every kind of VM on it",
  notes: [
    "nothing restarts by itself: the pods of worker-1 stay as they are, then hang in Terminating",
    "one of the two virt-api pods was on worker-1",
  ],
  // biome-ignore format: a table
  nodes: [
    { name: "worker-1", cpu: 32, memory: "128Gi" },
    { name: "worker-2", cpu: 32, memory: "128Gi" },
    { name: "worker-3", cpu: 32, memory: "128Gi" },
    { name: "worker-4", cpu: 32, memory: "128Gi" },
  ],
  // biome-ignore format: a table
  machines: [
    // comes back elsewhere
    { name: "frontend", namespace: "shop", node: "worker-1", run: "Always", strategy: "LiveMigrate", disk: "shared" },
    { name: "catalog", namespace: "shop", node: "worker-1", run: "Always", strategy: "LiveMigrate", disk: "shared" },
    { name: "search", namespace: "shop", node: "worker-1", run: "Always", strategy: "LiveMigrateIfPossible", disk: "image" },
    { name: "nightly", namespace: "shop", node: "worker-1", run: "RerunOnFailure", strategy: "None", disk: "shared" },
    { name: "reports", namespace: "shop", node: "worker-1", run: "Always", strategy: "LiveMigrate", disk: "shared", hotplug: true },
    // comes back when its disk has been detached, or its old pod is gone
    { name: "database", namespace: "shop", node: "worker-1", run: "Always", strategy: "None", disk: "exclusive", memory: "8Gi" },
    { name: "ledger", namespace: "shop", node: "worker-1", run: "Always", strategy: "None", disk: "one-pod" },
    // stays down
    { name: "notebook", namespace: "lab", node: "worker-1", run: "Manual", strategy: "None", disk: "image" },
    { name: "installer", namespace: "lab", node: "worker-1", run: "Once", strategy: "None", disk: "image" },
    { name: "scratch", namespace: "lab", node: "worker-1", strategy: "None", disk: "image" },
    { name: "archive", namespace: "lab", node: "worker-1", run: "Always", strategy: "None", disk: "local" },
    { name: "pinned", namespace: "lab", node: "worker-1", run: "Always", strategy: "None", disk: "image", nodeSelector: { "kubernetes.io/hostname": "worker-1" } },
    // was moving when the node died
    { name: "leaving", namespace: "media", node: "worker-1", run: "Always", strategy: "LiveMigrate", disk: "shared", memory: "4Gi", guest: { migrationSeconds: 500 } },
    { name: "arriving", namespace: "media", node: "worker-2", run: "Always", strategy: "LiveMigrate", disk: "shared", memory: "4Gi", guest: { migrationSeconds: 500 } },
    { name: "wiki", namespace: "media", node: "worker-3", run: "Always", strategy: "LiveMigrate", disk: "shared" },
  ],
  // biome-ignore format: a table
  replicaSets: [
    { name: "crawler", namespace: "shop", nodes: ["worker-1", "worker-2"], strategy: "None", disk: "image", memory: "1Gi" },
  ],
  // biome-ignore format: a table
  applications: [
    { name: "website", namespace: "shop", kind: "Deployment", image: "nginx:1.29", nodes: ["worker-1", "worker-2"] },
    { name: "log-collector", namespace: "kube-system", kind: "DaemonSet", image: "fluent/fluent-bit:4.2" },
  ],
  past: [
    { ago: "200s", migrate: "media/leaving", to: "worker-4" },
    { ago: "200s", migrate: "media/arriving", to: "worker-1" },
    { ago: "180s", host: "worker-1", fault: { powered: false } },
  ],
};
