/** What a scenario says: tables of nodes, VMs, other workloads, budgets and what has happened so far. Read the data files beside this one. */
import type { HostFault } from "../kubernetes/hosts.ts";

export interface Scenario {
  readonly name: string;
  /** One line for the list of scenarios. */
  readonly summary: string;
  /** What a reader should know of it, one line per point. */
  readonly notes: readonly string[];
  readonly nodes: readonly NodeRow[];
  /** `spec.configuration` of the KubeVirt CR. */
  readonly configuration?: object;
  readonly virtApiReplicas?: number;
  readonly machines: readonly MachineRow[];
  /** VMs that are like another one in everything but name and node. */
  readonly copies?: readonly CopyRow[];
  readonly replicaSets?: readonly MachineSetRow[];
  readonly applications?: readonly ApplicationRow[];
  readonly staticPods?: readonly { readonly name: string; readonly node: string }[];
  readonly budgets?: readonly BudgetRow[];
  /** What happened after the VMs were started, oldest first. */
  readonly past?: readonly PastStep[];
}

export interface NodeRow {
  readonly name: string;
  readonly cpu: number;
  readonly memory: string;
  readonly zone?: string;
  /** `nvidia.com/GA102GL_A10` devices. */
  readonly gpus?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
}

/**
 * `shared`: a ReadWriteMany claim · `exclusive`: ReadWriteOnce · `one-pod`: ReadWriteOncePod · `local`: a disk of the node ·
 * `host-file`: a file on the node (hostDisk) · `image`: a container image, copied along by a migration · `none`: no disk that matters.
 */
export type Disk = "shared" | "exclusive" | "one-pod" | "local" | "host-file" | "image" | "none";

export interface MachineRow {
  readonly name: string;
  readonly namespace: string;
  readonly node: string;
  /** The run strategy; without one it is a bare VMI. */
  readonly run?: "Always" | "RerunOnFailure" | "Manual" | "Once" | "Halted";
  /** Left out: whatever the cluster's default is. */
  readonly strategy?: "None" | "LiveMigrate" | "LiveMigrateIfPossible" | "External";
  readonly disk: Disk;
  readonly cpu?: number;
  readonly memory?: string;
  /** How long ago it was started, as a Go duration; default 26 h. */
  readonly age?: string;
  readonly gpu?: boolean;
  /** Connected by a bridge, which forbids live migration. */
  readonly bridge?: boolean;
  /** A second, hotplugged disk. */
  readonly hotplug?: boolean;
  /** Seconds that the guest is given to shut down. */
  readonly grace?: number;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** What is peculiar about the guest. */
  readonly guest?: GuestRow;
}

export interface GuestRow {
  readonly migrationSeconds?: number;
  readonly migration?: "fails" | "hangs";
  readonly shutdownSeconds?: number;
  readonly ignoresShutdown?: boolean;
}

export interface CopyRow {
  /** `namespace/name` of the original: a VM of the table with disk `image`. */
  readonly of: string;
  readonly machines: readonly { readonly name: string; readonly node: string }[];
}

/** A VirtualMachineInstanceReplicaSet; its VMIs start on the nodes in the order given. */
export interface MachineSetRow extends Omit<MachineRow, "node" | "run"> {
  readonly nodes: readonly string[];
}

/** A Deployment or DaemonSet without any VM. */
export interface ApplicationRow {
  readonly name: string;
  readonly namespace: string;
  readonly kind: "Deployment" | "DaemonSet";
  readonly image: string;
  /** Where the replicas of a Deployment start. */
  readonly nodes?: readonly string[];
  readonly emptyDir?: boolean;
  readonly memory?: string;
}

export interface BudgetRow {
  readonly name: string;
  readonly namespace: string;
  readonly selects: Readonly<Record<string, string>>;
  readonly minAvailable?: number | string;
  readonly maxUnavailable?: number | string;
}

/** Something that happened to a VM (`namespace/name`) or a host; `ago` is a Go duration. */
export type PastStep =
  | { readonly ago: string; readonly migrate: string; readonly to?: string }
  | { readonly ago: string; readonly pause: string }
  | { readonly ago: string; readonly evict: string }
  | { readonly ago: string; readonly host: string; readonly fault: HostFault };
