/** Scenarios by number: many nodes, many VMs, all alike. For measurements. */
import type { MachineRow, Scenario } from "./scenario.ts";

export interface FleetSize {
  /** Default 4. */
  readonly nodes?: number;
  /** VMs on the first node; default 100. */
  readonly machines?: number;
  /** VMs on each other node; default 0. */
  readonly machinesElsewhere?: number;
}

/** VMs that migrate in four seconds, two at a time. */
export function fleet({ nodes = 4, machines = 100, machinesElsewhere = 0 }: FleetSize = {}): Scenario {
  const names = Array.from({ length: nodes }, (_, index) => `worker-${index + 1}`);
  const machine = (node: string, index: number): MachineRow => ({
    name: `vm-${node.slice("worker-".length)}-${String(index + 1).padStart(3, "0")}`,
    namespace: "fleet",
    node,
    run: "Always",
    strategy: "LiveMigrate",
    disk: "image",
    cpu: 1,
    memory: "1Gi",
    guest: { migrationSeconds: 4 },
  });
  return {
    name: "fleet",
    summary: `${nodes} nodes, ${machines} migratable VMs on worker-1`,
    notes: ["each migration takes four seconds; KubeVirt moves two at a time off a node"],
    nodes: names.map((name) => ({ name, cpu: 64, memory: "256Gi" })),
    machines: names.flatMap((node, index) =>
      Array.from({ length: index === 0 ? machines : machinesElsewhere }, (_, number) => machine(node, number)),
    ),
  };
}
