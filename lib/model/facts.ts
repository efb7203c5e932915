/** What was seen of the cluster at one moment: plain data, printable as JSON and readable back from a file. */

import type { EvictionAnswer } from "./eviction.ts";
import type {
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  ResourceQuota,
} from "./kubernetes.ts";
import type {
  KubeVirt,
  ReplicaSet,
  VirtualMachine,
  VirtualMachineInstance,
  VirtualMachineInstanceMigration,
} from "./kubevirt.ts";
import type { OperationRecord } from "./record.ts";

export interface Facts {
  /** When this was read, by the API server's clock. */
  readonly time: string;
  /** What our own clock said then: from the difference the server's time can be carried on. */
  readonly localTime?: string | undefined;
  readonly server: string;
  readonly versions: { readonly kubernetes?: string | undefined; readonly kubevirt?: string | undefined };
  /** Names of the nodes that the command is about. */
  readonly targets: readonly string[];
  readonly nodes: readonly Node[];
  /** There are more nodes than those: as many were read as it took to find room for the VMs. */
  readonly nodesUnread?: boolean | undefined;
  /** All pods on the targets and on the nodes of `roomKnown`, and the launcher pods elsewhere of VMIs that concern the targets. */
  readonly pods: readonly Pod[];
  /** Nodes whose pods are all in `pods`, so that what is free there can be counted. */
  readonly roomKnown: readonly string[];
  /** VMIs that run on a target, or have an unfinished pod there. */
  readonly vmis: readonly VirtualMachineInstance[];
  /** The VMs that own those VMIs. */
  readonly virtualMachines: readonly VirtualMachine[];
  /** VMIs that were asked for by name (`namespace/name`) and did not exist. */
  readonly absent?: readonly string[] | undefined;
  /** VMs that were asked for by name and did not exist any more. */
  readonly absentMachines?: readonly string[] | undefined;
  /** Replica sets of VMIs that have left, read when that happened. */
  readonly replicaSets?: readonly ReplicaSet[] | undefined;
  /** Migrations of those VMIs, the finished ones as far as the cluster keeps them. */
  readonly migrations: readonly VirtualMachineInstanceMigration[];
  /** Unfinished migrations of the whole cluster; undefined when they could not be counted. */
  readonly runningMigrations?: number | undefined;
  /** Budgets of the namespaces in which the targets have pods. */
  readonly budgets: readonly PodDisruptionBudget[];
  /** Quotas of the namespaces in which VMs run on the targets; absent where new pods of VMs were no matter. */
  readonly quotas?: Quotas | undefined;
  readonly claims: readonly PersistentVolumeClaim[];
  readonly volumes: readonly PersistentVolume[];
  /** Undefined when it could not be read. */
  readonly kubevirt?: KubeVirt | undefined;
  /** Where virt-api answers from: the nodes of its ready endpoints (empty string: node not told). Undefined when not readable. */
  readonly virtApiNodes?: readonly string[] | undefined;
  /** The API server offers `virtualmachineinstances/evacuate/cancel`. Undefined when discovery did not tell. */
  readonly evacuateCancel?: boolean | undefined;
  /** Others who have taken a target out of service, or are about to. */
  readonly holders: readonly NodeHolder[];
  /** What the API server answered to a dry-run eviction, by pod UID. Empty where it was not asked. */
  readonly dryRuns: Readonly<Record<string, EvictionAnswer>>;
  /** Why dry-run evictions were wanted but not asked for. */
  readonly dryRunsLeftOut?: string | undefined;
  readonly gaps: readonly Gap[];
}

/** As they were at the beginning: what the drain itself takes and gives back is not in them. */
export interface Quotas {
  readonly items: readonly ResourceQuota[];
  /** Pods that were counted and on their way out: what they take will be free when all is quiet. */
  readonly leaving: readonly Pod[];
}

/** Stands for all nodes that were not read, where names of nodes are asked for; no node bears it. */
export const unreadNodes = "*";

/** Somebody else who holds a node: a maintenance operator, a remediation, a platform's own drain. */
export interface NodeHolder {
  readonly node: string;
  readonly kind: "NodeMaintenance" | "Remediation" | "Harvester" | "Machine" | "Record" | "UnknownRecord";
  /** `nodemaintenance/worker-1-bios`, or the annotation's name. */
  readonly object: string;
  readonly detail: string;
}

/** Something that could not be read, and why. What it would have said is unknown. */
export interface Gap {
  /** Plural resource name such as `poddisruptionbudgets`. */
  readonly resource: string;
  readonly namespace?: string | undefined;
  readonly reason: string;
}

/** What could not be read in the whole cluster needs no word about single namespaces, whatever the reason is there. */
export function isCovered(gap: Gap, gaps: readonly Gap[]): boolean {
  return (
    gap.namespace !== undefined &&
    gaps.some(({ resource, namespace }) => resource === gap.resource && namespace === undefined)
  );
}

/** What the annotation on a node says about an operation of this program: a record, or text that cannot be understood. */
export type RecordOnNode =
  | { readonly kind: "none" }
  | { readonly kind: "record"; readonly record: OperationRecord }
  | { readonly kind: "damaged"; readonly text: string }
  | { readonly kind: "newer"; readonly text: string; readonly version: number };

/** The record of a recovery: undefined where another one, or none, was found. */
export function recoveryOn(found: RecordOnNode | { readonly kind: "stale" } | undefined): OperationRecord | undefined {
  return found?.kind === "record" && found.record.kind === "recover" ? found.record : undefined;
}
