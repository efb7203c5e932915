/** Builders of cluster objects for tests: valid defaults, and options for what a test is about. */
import type { Facts } from "../lib/model/facts.ts";
import type {
  Affinity,
  Condition,
  LabelSelector,
  Node,
  NodeSelector,
  ObjectMeta,
  OwnerReference,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  PodVolume,
  Quantities,
  QuotaScope,
  ResourceQuota,
  SpreadConstraint,
  Taint,
  Toleration,
} from "../lib/model/kubernetes.ts";
import type {
  KubeVirt,
  MigrationConfiguration,
  MigrationState,
  VirtualMachine,
  VirtualMachineInstance,
  VirtualMachineInstanceMigration,
  VmiVolume,
} from "../lib/model/kubevirt.ts";

/** The moment at which all built pictures are taken. */
export const now = "2026-08-22T14:30:00Z";
export const noAffinity: Affinity = { requiredPods: [], requiredAntiPods: [] };

/** The time `seconds` after (or, negative, before) `now`. */
export function at(seconds: number): string {
  return new Date(Date.parse(now) + seconds * 1000).toISOString();
}

export function aMeta(name: string, fields: Partial<ObjectMeta> = {}): ObjectMeta {
  return {
    name,
    namespace: "",
    uid: `uid-${name}`,
    resourceVersion: "1",
    labels: {},
    annotations: {},
    ownerReferences: [],
    finalizers: [],
    creationTimestamp: at(-3600),
    ...fields,
  };
}

export function anOwner(kind: string, name: string, fields: Partial<OwnerReference> = {}): OwnerReference {
  return { apiVersion: "kubevirt.io/v1", kind, name, uid: `uid-${name}`, controller: true, ...fields };
}

export function aCondition(type: string, status: string, fields: Partial<Condition> = {}): Condition {
  return { type, status, ...fields };
}

export interface NodeOptions {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly taints?: readonly Taint[];
  readonly unschedulable?: boolean;
  readonly ready?: string;
  readonly allocatable?: Quantities;
  readonly bootID?: string;
}

/** A Ready node on which KubeVirt may place VMs. */
export function aNode(name: string, options: NodeOptions = {}): Node {
  return {
    metadata: aMeta(name, {
      labels: { "kubernetes.io/hostname": name, "kubevirt.io/schedulable": "true", ...options.labels },
      annotations: options.annotations ?? {},
    }),
    spec: { unschedulable: options.unschedulable ?? false, taints: options.taints ?? [] },
    status: {
      conditions: [aCondition("Ready", options.ready ?? "True")],
      allocatable: {
        cpu: "16",
        memory: "64Gi",
        pods: "110",
        "devices.kubevirt.io/kvm": "1k",
        ...options.allocatable,
      },
      bootID: options.bootID ?? `boot-${name}`,
    },
  };
}

export interface PodOptions {
  readonly namespace?: string;
  readonly uid?: string;
  readonly node?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly owner?: OwnerReference | undefined;
  readonly deletionTimestamp?: string;
  readonly creationTimestamp?: string;
  readonly phase?: string;
  readonly ready?: boolean;
  readonly requests?: Quantities;
  readonly limits?: Quantities;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly affinity?: Affinity;
  readonly tolerations?: readonly Toleration[];
  readonly volumes?: readonly PodVolume[];
  readonly spread?: readonly SpreadConstraint[];
  readonly priority?: number;
  readonly priorityClassName?: string;
  readonly neverPreempts?: boolean;
  readonly graceSeconds?: number;
  readonly conditions?: readonly Condition[];
}

/** One constraint that keeps pods with these labels evenly on nodes. */
export function aSpread(
  labels: Readonly<Record<string, string>>,
  fields: Partial<SpreadConstraint> = {},
): SpreadConstraint {
  return {
    topologyKey: "kubernetes.io/hostname",
    maxSkew: 1,
    labelSelector: selecting(labels),
    matchLabelKeys: [],
    minDomains: 1,
    ignoresAffinity: false,
    honoursTaints: false,
    ...fields,
  };
}

/** A running, ready pod of a Deployment. */
export function aPod(name: string, options: PodOptions = {}): Pod {
  const owner = "owner" in options ? options.owner : anOwner("ReplicaSet", "app", { apiVersion: "apps/v1" });
  return {
    metadata: aMeta(name, {
      namespace: options.namespace ?? "prod",
      uid: options.uid ?? `uid-${name}`,
      labels: options.labels ?? {},
      annotations: options.annotations ?? {},
      ownerReferences: owner === undefined ? [] : [owner],
      deletionTimestamp: options.deletionTimestamp,
      creationTimestamp: options.creationTimestamp ?? at(-3600),
    }),
    spec: {
      nodeName: options.node,
      nodeSelector: options.nodeSelector ?? {},
      affinity: options.affinity ?? noAffinity,
      tolerations: options.tolerations ?? [],
      containers: [{ name: "main", requests: options.requests ?? {}, limits: options.limits, sidecar: false }],
      initContainers: [],
      overhead: {},
      volumes: options.volumes ?? [],
      terminationGracePeriodSeconds: options.graceSeconds ?? 30,
      spread: options.spread,
      priority: options.priority,
      priorityClassName: options.priorityClassName,
      neverPreempts: options.neverPreempts,
    },
    status: {
      phase: options.phase ?? "Running",
      conditions: options.conditions ?? [aCondition("Ready", (options.ready ?? true) ? "True" : "False")],
    },
  };
}

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

export interface BudgetOptions {
  readonly namespace?: string;
  readonly owner?: OwnerReference;
  readonly selector?: LabelSelector | undefined;
  readonly minAvailable?: number | string | undefined;
  readonly maxUnavailable?: number | string;
  readonly policy?: string;
  readonly allowed?: number;
  readonly healthy?: number;
  readonly desired?: number;
  readonly conditions?: readonly Condition[];
  readonly generation?: number;
  readonly observedGeneration?: number;
}

/** A budget `minAvailable: 1` over every pod of its namespace, which allows one disruption. */
export function aBudget(name: string, options: BudgetOptions = {}): PodDisruptionBudget {
  return {
    metadata: aMeta(name, {
      namespace: options.namespace ?? "prod",
      ownerReferences: options.owner === undefined ? [] : [options.owner],
      generation: options.generation ?? 1,
    }),
    spec: {
      minAvailable: "minAvailable" in options || options.maxUnavailable !== undefined ? options.minAvailable : 1,
      maxUnavailable: options.maxUnavailable,
      selector: "selector" in options ? options.selector : selecting({}),
      unhealthyPodEvictionPolicy: options.policy,
    },
    status: {
      observedGeneration: options.observedGeneration ?? options.generation ?? 1,
      disruptionsAllowed: options.allowed ?? 1,
      currentHealthy: options.healthy ?? 2,
      desiredHealthy: options.desired ?? 1,
      expectedPods: 2,
      conditions: options.conditions ?? [],
    },
  };
}

/** A quota in namespace prod; by resource what is used, and of how much. */
export function aQuota(
  name: string,
  amounts: Readonly<Record<string, readonly [used: string, hard: string]>>,
  { namespace = "prod", scopes = [] }: { namespace?: string; scopes?: readonly QuotaScope[] } = {},
): ResourceQuota {
  const part = (at: 0 | 1) => Object.fromEntries(Object.entries(amounts).map(([key, pair]) => [key, pair[at]]));
  return { metadata: aMeta(name, { namespace }), scopes, used: part(0), hard: part(1) };
}

export function selecting(
  matchLabels: Readonly<Record<string, string>>,
  matchExpressions: LabelSelector["matchExpressions"] = [],
): LabelSelector {
  return { matchLabels, matchExpressions };
}

export function aClaim(name: string, volumeName: string, options: { namespace?: string; modes?: string[] } = {}) {
  const claim: PersistentVolumeClaim = {
    metadata: aMeta(name, { namespace: options.namespace ?? "prod" }),
    volumeName,
    accessModes: options.modes ?? ["ReadWriteOnce"],
  };
  return claim;
}

/** A volume that can be reached from everywhere, or only from the nodes of `nodeAffinity`. */
export function aVolume(name: string, nodeAffinity?: NodeSelector): PersistentVolume {
  return { metadata: aMeta(name), accessModes: ["ReadWriteOnce"], nodeAffinity };
}

/** The node affinity of a local volume. */
export function onlyOn(...nodes: string[]): NodeSelector {
  const requirement = { key: "kubernetes.io/hostname", operator: "In", values: nodes };
  return { nodeSelectorTerms: [{ matchExpressions: [requirement], matchFields: [] }] };
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

/** A picture of three healthy nodes, worker-1 being the target, with KubeVirt 1.9 and virt-api on the other two. */
export function someFacts(fields: Partial<Facts> = {}): Facts {
  const kubevirt = "kubevirt" in fields ? fields.kubevirt : aKubeVirt();
  return {
    time: now,
    server: "https://cluster.example:6443",
    versions: { kubernetes: "v1.36.2", kubevirt: kubevirt?.observedVersion },
    targets: ["worker-1"],
    nodes: [aNode("worker-1"), aNode("worker-2"), aNode("worker-3")],
    pods: [],
    roomKnown: ["worker-2", "worker-3"],
    vmis: [],
    virtualMachines: [],
    migrations: [],
    runningMigrations: 0,
    budgets: [],
    claims: [],
    volumes: [],
    kubevirt,
    virtApiNodes: ["worker-2", "worker-3"],
    evacuateCancel: true,
    holders: [],
    dryRuns: {},
    gaps: [],
    ...fields,
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

/** Puts VMs built with `aRunningVm` into a picture, before whatever else `fields` say. */
export function factsWith(vms: readonly ReturnType<typeof aRunningVm>[], fields: Partial<Facts> = {}): Facts {
  return someFacts({
    ...fields,
    vmis: [...vms.map((vm) => vm.vmi), ...(fields.vmis ?? [])],
    pods: [...vms.map((vm) => vm.pod), ...(fields.pods ?? [])],
    virtualMachines: [...vms.flatMap((vm) => vm.vm ?? []), ...(fields.virtualMachines ?? [])],
  });
}
