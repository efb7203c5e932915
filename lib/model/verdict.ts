/** Verdicts: what a drain would do to each VM and each node, as `check` prints them and `drain` obeys them. */
import type { Gap } from "./facts.ts";
import type { Finding } from "./finding.ts";

/**
 * moves: live migration, not interrupted. restarts: shut down, started elsewhere. stops: shut down, stays down.
 * blocks: cannot leave. waits: something must end first (or, under strategy External, somebody must act). unknown: could not be told.
 */
export type Outcome = "moves" | "restarts" | "stops" | "blocks" | "waits" | "unknown";

/** A row of the decision table (docs/rules.md). */
export type DrainRow =
  | "D1"
  | "D2"
  | "D3"
  | "D4"
  | "D5"
  | "D6"
  | "D7"
  | "D8"
  | "D9"
  | "D10"
  | "D11"
  | "D12"
  | "D13"
  | "D14"
  | "D15"
  | "D16"
  | "D17"
  | "D18"
  | "D18b"
  | "D19"
  | "D20"
  | "D21"
  | "D22"
  | "unknown";

export interface VmVerdict {
  readonly namespace: string;
  /** The VMI's name. */
  readonly name: string;
  /** The VMI's UID; the pod's for a launcher pod whose VMI is gone. */
  readonly uid: string;
  readonly pod: { readonly name: string; readonly uid: string };
  readonly phase: string;
  readonly owner: { readonly kind: string; readonly name: string } | undefined;
  readonly runStrategy?: string | undefined;
  readonly strategy: { readonly value: string; readonly from: "vmi" | "cluster" | "default" };
  readonly migratable: {
    readonly status: "True" | "False" | "Unknown";
    readonly reason?: string | undefined;
    readonly message?: string | undefined;
  };
  readonly outcome: Outcome;
  readonly row: DrainRow;
  /** The first one is the reason for the outcome. */
  readonly findings: readonly Finding[];
  /** Names of the budgets that select the pod. */
  readonly budgets: readonly string[];
  /** How long the guest has to shut down, in seconds. */
  readonly graceSeconds: number;
  /** The node the VM is on its way to. */
  readonly migratingTo?: string | undefined;
  readonly memory?: string | undefined;
}

/** An ordinary pod of the node, judged by kubectl drain's filters (k8s.io/kubectl pkg/drain/filters.go). */
export interface PodVerdict {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** skipped: stays, as with kubectl (DaemonSet, mirror pod). finished: nothing runs in it. */
  readonly outcome: "evicted" | "skipped" | "blocks" | "hotplug" | "finished";
  readonly warning?: string | undefined;
  /** A pod of a DaemonSet, or a static one: it stays on the node whatever is drained. */
  readonly permanent?: boolean | undefined;
  readonly finding?: Finding | undefined;
}

export interface NodeVerdict {
  readonly name: string;
  readonly verdict: "drains" | "blocks" | "unknown";
  /** About the node or the whole cluster. */
  readonly findings: readonly Finding[];
  readonly vms: readonly VmVerdict[];
  readonly otherPods: readonly PodVerdict[];
  /** How many VMs of the node --pod-selector leaves out; absent without it. */
  readonly outsideSelection?: number | undefined;
  /** Launcher pods that have ended: they may stay. */
  readonly leftovers: readonly { readonly namespace: string; readonly name: string; readonly uid: string }[];
}

export interface Check {
  readonly server: string;
  readonly time: string;
  readonly versions: { readonly kubernetes?: string | undefined; readonly kubevirt?: string | undefined };
  readonly nodes: readonly NodeVerdict[];
  readonly gaps: readonly Gap[];
  /** How migrations are limited, and where the least room is left. */
  readonly migrations: { readonly perNode: number; readonly perCluster: number; readonly running?: number | undefined };
  readonly smallestRoom?: { readonly node: string; readonly memory: string } | undefined;
}

/** A row of `list NODE`: a VM's verdict and where it runs. */
export type VmItem = VmVerdict & { readonly node: string };

/** The VMs of all nodes, each with its node's name. */
export function vmItems(nodes: readonly NodeVerdict[]): VmItem[] {
  return nodes.flatMap((node) => node.vms.map((vm) => ({ node: node.name, ...vm })));
}
