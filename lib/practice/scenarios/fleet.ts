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

const original: MachineRow = {
  name: "vm-1-0001",
  namespace: "fleet",
  node: "worker-1",
  run: "Always",
  strategy: "LiveMigrate",
  disk: "image",
  cpu: 1,
  memory: "1Gi",
  guest: { migrationSeconds: 4 },
};

/** VMs that migrate in four seconds, two at a time. */
export function fleet({ nodes = 4, machines = 100, machinesElsewhere = 0 }: FleetSize = {}): Scenario {
  const numbers = Array.from({ length: nodes }, (_, index) => index + 1);
  const all = numbers.flatMap((node) =>
    Array.from({ length: node === 1 ? machines : machinesElsewhere }, (_, index) => ({
      name: `vm-${node}-${String(index + 1).padStart(4, "0")}`,
      node: `worker-${node}`,
    })),
  );
  const copies = { of: "fleet/vm-1-0001", machines: all.filter(({ name }) => name !== original.name) };
  return {
    name: "fleet",
    summary: `${nodes} nodes, ${machines} migratable VMs on worker-1`,
    notes: ["each migration takes four seconds; KubeVirt moves two at a time off a node"],
    nodes: numbers.map((number) => ({ name: `worker-${number}`, cpu: 64, memory: "256Gi" })),
    machines: [original],
    copies: [copies],
  };
}
