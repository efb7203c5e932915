/** Scenario `quiet`: everything can be migrated. */
import type { MachineRow, Scenario } from "./scenario.ts";

const names = [
  "api",
  "auth",
  "blog",
  "chat",
  "docs",
  "forum",
  "git",
  "mail",
  "metrics",
  "portal",
  "registry",
  "tickets",
];
const nodes = ["worker-1", "worker-2", "worker-3"];

export const quiet: Scenario = {
  name: "quiet",
  summary: "three nodes with twelve VMs that all migrate well",
  notes: ["the cluster's default eviction strategy is LiveMigrate, so no VM says it itself"],
  nodes: nodes.map((name) => ({ name, cpu: 16, memory: "64Gi" })),
  configuration: { evictionStrategy: "LiveMigrate" },
  machines: names.map(
    (name, index): MachineRow => ({
      name,
      namespace: "apps",
      node: nodes[index % nodes.length] ?? "worker-1",
      run: "Always",
      disk: "shared",
      memory: index % 4 === 0 ? "4Gi" : "2Gi",
      age: `${48 + index * 31}h`,
    }),
  ),
};
