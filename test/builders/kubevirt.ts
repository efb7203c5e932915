/** Builders of KubeVirt's objects for tests: valid defaults, and options for what a test is about. */
import type { Affinity, Condition, OwnerReference, Pod, Toleration } from "../../lib/model/kubernetes.ts";
import type {
  KubeVirt,
  MigrationConfiguration,
  MigrationState,
  VirtualMachine,
  VirtualMachineInstance,
  VirtualMachineInstanceMigration,
  VmiVolume,
} from "../../lib/model/kubevirt.ts";
import { aCondition, aMeta, anOwner, aPod, at, noAffinity, type PodOptions } from "./kubernetes.ts";

export interface VmiOptions {
  readonly namespace?: string;
  readonly uid?: string;
  readonly node?: string | undefined;
  readonly labels?: Readonly<Record<string, string>>;
  /** Undefined: not owned by anything. Without this key: by a VM of the same name. */
  readonly owner?: OwnerReference | undefined;
  readonly deletionTimestamp?: string;
  readonly phase?: string;
  /** Undefined: not set in the VMI. Without this key: LiveMigrate. */
  readonly strategy?: string | undefined;
  /** Undefined: KubeVirt has not said. Without this key: True. */
  readonly migratable?: "True" | "False" | "Unknown" | undefined;
  readonly migratableReason?: string;
  readonly migratableMessage?: string;
  readonly evacuationNodeName?: string;
  readonly migrationState?: Partial<MigrationState>;
  readonly migrationMethod?: string;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly tolerations?: readonly Toleration[];
  readonly affinity?: Affinity;
  readonly graceSeconds?: number;
  readonly guestMemory?: string;
  readonly cpuModel?: string;
  readonly volumes?: readonly VmiVolume[];
}

/** A running VMI on worker-1, strategy LiveMigrate, migratable, owned by a VM of the same name. */
export function aVmi(name: string, options: VmiOptions = {}): VirtualMachineInstance {
  const owner = "owner" in options ? options.owner : anOwner("VirtualMachine", name, { uid: `uid-vm-${name}` });
  const migratable = "migratable" in options ? options.migratable : "True";
  const state = options.migrationState;
  return {
    metadata: aMeta(name, {
      namespace: options.namespace ?? "prod",
      uid: options.uid ?? `uid-vmi-${name}`,
      labels: options.labels ?? {},
      ownerReferences: owner === undefined ? [] : [owner],
      deletionTimestamp: options.deletionTimestamp,
    }),
    spec: {
      evictionStrategy: "strategy" in options ? options.strategy : "LiveMigrate",
      nodeSelector: options.nodeSelector ?? {},
      affinity: options.affinity ?? noAffinity,
      tolerations: options.tolerations ?? [],
      terminationGracePeriodSeconds: options.graceSeconds,
      guestMemory: options.guestMemory ?? "2Gi",
      cpuModel: options.cpuModel,
      volumes: options.volumes ?? [],
    },
    status: {
      phase: options.phase ?? "Running",
      nodeName: "node" in options ? options.node : "worker-1",
      evacuationNodeName: options.evacuationNodeName,
      conditions:
        migratable === undefined
          ? []
          : [
              aCondition("LiveMigratable", migratable, {
                reason: options.migratableReason,
                message: options.migratableMessage,
              }),
            ],
      activePods: {},
      migrationMethod: options.migrationMethod ?? "LiveMigration",
      migrationState: state && { completed: false, failed: false, abortRequested: false, ...state },
    },
  };
}

/** The launcher pod of a VMI, on the VMI's node unless told otherwise. */
export function aLauncherPod(vmi: VirtualMachineInstance, options: PodOptions & { readonly name?: string } = {}): Pod {
  const { name = `virt-launcher-${vmi.metadata.name}-x2x4l`, ...rest } = options;
  const node = vmi.status.nodeName;
  return aPod(name, {
    namespace: vmi.metadata.namespace,
    uid: `uid-pod-${vmi.metadata.name}`,
    owner: anOwner("VirtualMachineInstance", vmi.metadata.name, { uid: vmi.metadata.uid }),
    requests: { memory: "2Gi", cpu: "100m", "devices.kubevirt.io/kvm": "1" },
    nodeSelector: { "kubevirt.io/schedulable": "true", ...vmi.spec.nodeSelector },
    affinity: vmi.spec.affinity,
    tolerations: vmi.spec.tolerations,
    graceSeconds: (vmi.spec.terminationGracePeriodSeconds ?? 30) + 30,
    volumes: [{ name: "private", emptyDir: true, hostPath: false }],
    ...(node === undefined ? {} : { node }),
    ...rest,
    labels: {
      "kubevirt.io": "virt-launcher",
      "kubevirt.io/created-by": vmi.metadata.uid,
      ...vmi.metadata.labels,
      ...options.labels,
    },
    annotations: { "kubevirt.io/domain": vmi.metadata.name, ...options.annotations },
  });
}

/** A VM with runStrategy Always that owns the VMI built with the same name. */
export function aVm(name: string, options: Partial<Omit<VirtualMachine, "metadata">> & { namespace?: string } = {}) {
  const { namespace = "prod", ...rest } = options;
  const vm: VirtualMachine = {
    metadata: aMeta(name, { namespace, uid: `uid-vm-${name}` }),
    runStrategy: "Always",
    printableStatus: "Running",
    conditions: [],
    ...rest,
  };
  return vm;
}

export interface MigrationOptions {
  readonly namespace?: string;
  readonly phase?: string;
  readonly created?: string;
  /** When it reached its phase. */
  readonly since?: string;
  readonly state?: Partial<MigrationState>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly priority?: string;
}

/** A running migration of the VMI with that name. */
export function aMigration(name: string, vmiName: string, options: MigrationOptions = {}) {
  const phase = options.phase ?? "Running";
  const created = options.created ?? at(-60);
  const migration: VirtualMachineInstanceMigration = {
    metadata: aMeta(name, {
      namespace: options.namespace ?? "prod",
      creationTimestamp: created,
      annotations: options.annotations ?? {},
    }),
    spec: { vmiName, priority: options.priority },
    status: {
      phase,
      phaseTransitionTimestamps: phase === "" ? [] : [{ phase, time: options.since ?? created }],
      conditions: [],
      migrationState: options.state && { completed: false, failed: false, abortRequested: false, ...options.state },
    },
  };
  return migration;
}

export function aKubeVirt(
  options: Partial<Omit<KubeVirt, "metadata" | "migrations">> & { migrations?: MigrationConfiguration } = {},
): KubeVirt {
  return {
    metadata: aMeta("kubevirt", { namespace: "kubevirt" }),
    migrations: {},
    observedVersion: "v1.9.0",
    targetVersion: "v1.9.0",
    phase: "Deployed",
    conditions: [],
    ...options,
  };
}

export interface VmOptions extends VmiOptions {
  /** Undefined: there is no VM behind the VMI. Without this key: Always. */
  readonly runStrategy?: string | undefined;
  readonly vmConditions?: readonly Condition[];
  readonly pod?: PodOptions & { readonly name?: string };
}

/** A VM in full: its VMI, its launcher pod and, unless told otherwise, the VirtualMachine. */
export function aRunningVm(name: string, options: VmOptions = {}) {
  const bare = "runStrategy" in options && options.runStrategy === undefined;
  const vmi = aVmi(name, bare ? { owner: undefined, ...options } : options);
  const vm = aVm(name, {
    namespace: vmi.metadata.namespace,
    runStrategy: options.runStrategy ?? "Always",
    conditions: options.vmConditions ?? [],
  });
  const owned = vmi.metadata.ownerReferences.some((owner) => owner.kind === "VirtualMachine");
  return { vmi, pod: aLauncherPod(vmi, options.pod), vm: owned ? vm : undefined };
}
