/** Builders of Kubernetes' own objects for tests: valid defaults, and options for what a test is about. */
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
} from "../../lib/model/kubernetes.ts";

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
