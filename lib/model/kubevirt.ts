/** The fields of KubeVirt's kinds that this program reads, in the shape of its API, decoded as those of `kubernetes.ts`. */
import type { Affinity, Condition, ObjectMeta, Toleration } from "./kubernetes.ts";

export type EvictionStrategy = "None" | "LiveMigrate" | "LiveMigrateIfPossible" | "External";

export interface VirtualMachineInstance {
  readonly metadata: ObjectMeta;
  readonly spec: {
    /** Verbatim: a value that is none of EvictionStrategy is shown and counts as unknown. */
    readonly evictionStrategy?: string | undefined;
    readonly nodeSelector: Readonly<Record<string, string>>;
    readonly affinity: Affinity;
    readonly tolerations: readonly Toleration[];
    readonly terminationGracePeriodSeconds?: number | undefined;
    /** Memory that the guest sees, as a quantity. */
    readonly guestMemory?: string | undefined;
    /** `host-model`, `host-passthrough` or a model's name. */
    readonly cpuModel?: string | undefined;
    readonly architecture?: string | undefined;
    readonly volumes: readonly VmiVolume[];
  };
  readonly status: {
    /** Empty before the VMI was seen by virt-controller. */
    readonly phase: string;
    readonly reason?: string | undefined;
    readonly nodeName?: string | undefined;
    /** The node that an eviction asked KubeVirt to move the VMI away from. */
    readonly evacuationNodeName?: string | undefined;
    readonly conditions: readonly Condition[];
    /** Pod UID to node name; contains finished pods, too. */
    readonly activePods: Readonly<Record<string, string>>;
    /** `LiveMigration` or `BlockMigration` (disks are copied, too). */
    readonly migrationMethod?: string | undefined;
    /** Describes the latest migration, also after its end. */
    readonly migrationState?: MigrationState | undefined;
  };
}

export interface VmiVolume {
  readonly name: string;
  /** The PersistentVolumeClaim behind the volume (a DataVolume's claim has the DataVolume's name). */
  readonly claimName?: string | undefined;
  readonly hostDisk: boolean;
  readonly hotpluggable: boolean;
}

export interface MigrationState {
  readonly migrationUid?: string | undefined;
  readonly sourceNode?: string | undefined;
  readonly sourcePod?: string | undefined;
  readonly targetNode?: string | undefined;
  readonly targetPod?: string | undefined;
  readonly startTimestamp?: string | undefined;
  readonly endTimestamp?: string | undefined;
  readonly targetNodeDomainReadyTimestamp?: string | undefined;
  readonly completed: boolean;
  readonly failed: boolean;
  readonly failureReason?: string | undefined;
  readonly abortRequested: boolean;
  readonly abortStatus?: string | undefined;
  /** `PreCopy`, `PostCopy` or `Paused`. */
  readonly mode?: string | undefined;
}

export interface VirtualMachineInstanceMigration {
  readonly metadata: ObjectMeta;
  readonly spec: { readonly vmiName: string; readonly priority?: string | undefined };
  readonly status: {
    /** Empty, Pending, Scheduling, Scheduled, PreparingTarget, TargetReady, Running, Succeeded, Failed, WaitingForSync, Synchronizing. */
    readonly phase: string;
    readonly phaseTransitionTimestamps: readonly { readonly phase: string; readonly time: string }[];
    readonly conditions: readonly Condition[];
    /** Complete only at the migration's end. */
    readonly migrationState?: MigrationState | undefined;
  };
}

export interface VirtualMachine {
  readonly metadata: ObjectMeta;
  /** `spec.runStrategy`, or what `spec.running` stands for: true is Always, false is Halted. */
  readonly runStrategy?: string | undefined;
  readonly printableStatus?: string | undefined;
  readonly conditions: readonly Condition[];
}

/** A VirtualMachineInstanceReplicaSet, as far as it tells whether a VMI that it lost was replaced. */
export interface ReplicaSet {
  readonly metadata: ObjectMeta;
  /** How many it should have. */
  readonly replicas: number;
  readonly readyReplicas: number;
}

/** The KubeVirt resource: the settings of the whole installation. */
export interface KubeVirt {
  readonly metadata: ObjectMeta;
  readonly evictionStrategy?: string | undefined;
  readonly migrations: MigrationConfiguration;
  readonly observedVersion?: string | undefined;
  readonly targetVersion?: string | undefined;
  readonly phase?: string | undefined;
  readonly conditions: readonly Condition[];
}

/** `spec.configuration.migrations`; absent fields have KubeVirt's defaults (reference: pkg/virt-config/virt-config.go). */
export interface MigrationConfiguration {
  readonly parallelMigrationsPerCluster?: number | undefined;
  readonly parallelOutboundMigrationsPerNode?: number | undefined;
  readonly completionTimeoutPerGiB?: number | undefined;
  readonly progressTimeout?: number | undefined;
  readonly nodeDrainTaintKey?: string | undefined;
}

export const migrationDefaults = {
  parallelMigrationsPerCluster: 5,
  parallelOutboundMigrationsPerNode: 2,
  nodeDrainTaintKey: "kubevirt.io/drain",
} as const;

/** True when the guest has ended and will not run again in this VMI. */
export function isFinalVmi(vmi: VirtualMachineInstance): boolean {
  return vmi.status.phase === "Succeeded" || vmi.status.phase === "Failed";
}

/** True when nothing more comes of the migration. */
export function isFinishedMigration(migration: VirtualMachineInstanceMigration): boolean {
  return migration.status.phase === "Succeeded" || migration.status.phase === "Failed";
}

/** KubeVirt's own test of "is migrating now" (pkg/virt-controller/watch/migration): started and not ended. */
export function isMigrating(vmi: VirtualMachineInstance): boolean {
  const state = vmi.status.migrationState;
  return state?.startTimestamp !== undefined && state.endTimestamp === undefined;
}
