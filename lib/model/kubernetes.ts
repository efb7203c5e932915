/**
 * The fields of Kubernetes' own kinds that this program reads, in the shape of the API.
 * Values of these types have been decoded: maps and lists that were absent are empty, everything else that was absent is undefined.
 */

export interface ObjectMeta {
  readonly name: string;
  /** Empty for cluster-scoped kinds. */
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly ownerReferences: readonly OwnerReference[];
  readonly finalizers: readonly string[];
  readonly generation?: number | undefined;
  /** RFC 3339, as all times of the API. */
  readonly creationTimestamp?: string | undefined;
  readonly deletionTimestamp?: string | undefined;
  readonly deletionGracePeriodSeconds?: number | undefined;
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller: boolean;
}

export interface Condition {
  readonly type: string;
  /** `True`, `False` or `Unknown`. */
  readonly status: string;
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
  readonly lastTransitionTime?: string | undefined;
}

export interface Taint {
  readonly key: string;
  readonly value?: string | undefined;
  readonly effect: string;
}

/** A taint as it is written in records and on kubectl's command line: `key=value:effect`. */
export function taintText(taint: Taint): string {
  return `${taint.key}${taint.value ? `=${taint.value}` : ""}:${taint.effect}`;
}

export interface Node {
  readonly metadata: ObjectMeta;
  readonly spec: {
    readonly unschedulable: boolean;
    readonly taints: readonly Taint[];
    /** What the cloud or the host's operator calls the machine (`spec.providerID`). */
    readonly providerId?: string | undefined;
  };
  readonly status: {
    readonly conditions: readonly Condition[];
    readonly allocatable: Quantities;
    readonly bootID?: string | undefined;
  };
}

/** Resource name (`memory`, `cpu`, `devices.kubevirt.io/kvm`, …) to quantity in Kubernetes' notation (`500m`, `2Gi`). */
export type Quantities = Readonly<Record<string, string>>;

export interface Toleration {
  readonly key?: string | undefined;
  /** `Exists` or `Equal`; absent means `Equal`. */
  readonly operator?: string | undefined;
  readonly value?: string | undefined;
  /** Absent matches every effect. */
  readonly effect?: string | undefined;
}

export interface LabelSelectorRequirement {
  readonly key: string;
  readonly operator: string;
  readonly values: readonly string[];
}

export interface LabelSelector {
  readonly matchLabels: Readonly<Record<string, string>>;
  readonly matchExpressions: readonly LabelSelectorRequirement[];
}

/** Terms are ORed, the requirements of one term are ANDed. */
export interface NodeSelector {
  readonly nodeSelectorTerms: readonly NodeSelectorTerm[];
}

export interface NodeSelectorTerm {
  readonly matchExpressions: readonly LabelSelectorRequirement[];
  readonly matchFields: readonly LabelSelectorRequirement[];
}

export interface PodAffinityTerm {
  readonly labelSelector?: LabelSelector | undefined;
  readonly topologyKey: string;
  /** Empty together with an absent namespaceSelector means the pod's own namespace. */
  readonly namespaces: readonly string[];
  readonly namespaceSelector?: LabelSelector | undefined;
}

/** Only the required (hard) rules: preferred ones never keep a pod from running. */
export interface Affinity {
  readonly requiredNodes?: NodeSelector | undefined;
  readonly requiredPods: readonly PodAffinityTerm[];
  readonly requiredAntiPods: readonly PodAffinityTerm[];
}

export interface SpreadConstraint {
  readonly topologyKey: string;
  readonly maxSkew: number;
  /** Absent selects no pod. */
  readonly labelSelector?: LabelSelector | undefined;
  /** Labels in which a pod must also be like the new one to count. */
  readonly matchLabelKeys: readonly string[];
  readonly minDomains: number;
  /** nodeAffinityPolicy Ignore: nodes count on which it may not run. */
  readonly ignoresAffinity: boolean;
  /** nodeTaintsPolicy Honor: nodes with taints that it does not tolerate do not count. */
  readonly honoursTaints: boolean;
}

export interface PodVolume {
  readonly name: string;
  readonly claimName?: string | undefined;
  readonly emptyDir: boolean;
  readonly hostPath: boolean;
}

export interface Container {
  readonly name: string;
  readonly requests: Quantities;
  /** Absent where it has none. */
  readonly limits?: Quantities | undefined;
  /** True for an init container that keeps running (restartPolicy Always, KEP-753). */
  readonly sidecar: boolean;
}

export interface Pod {
  readonly metadata: ObjectMeta;
  readonly spec: {
    readonly nodeName?: string | undefined;
    readonly nodeSelector: Readonly<Record<string, string>>;
    readonly affinity: Affinity;
    readonly tolerations: readonly Toleration[];
    readonly containers: readonly Container[];
    readonly initContainers: readonly Container[];
    readonly overhead: Quantities;
    readonly volumes: readonly PodVolume[];
    readonly terminationGracePeriodSeconds?: number | undefined;
    /** Its topologySpreadConstraints that keep it from running (DoNotSchedule), if it has any. */
    readonly spread?: readonly SpreadConstraint[] | undefined;
    readonly priorityClassName?: string | undefined;
    /** Where it is missing, 0. */
    readonly priority?: number | undefined;
    /** True when no other pod is removed for its sake (preemptionPolicy Never). */
    readonly neverPreempts?: boolean | undefined;
  };
  readonly status: {
    /** Empty when a pod without status was read. */
    readonly phase: string;
    readonly reason?: string | undefined;
    readonly conditions: readonly Condition[];
  };
}

export interface PodDisruptionBudget {
  readonly metadata: ObjectMeta;
  readonly spec: {
    readonly minAvailable?: number | string | undefined;
    readonly maxUnavailable?: number | string | undefined;
    /** Absent matches no pod; empty matches every pod of the namespace (policy/v1). */
    readonly selector?: LabelSelector | undefined;
    readonly unhealthyPodEvictionPolicy?: string | undefined;
  };
  readonly status: {
    readonly observedGeneration?: number | undefined;
    readonly disruptionsAllowed: number;
    readonly currentHealthy: number;
    readonly desiredHealthy: number;
    readonly expectedPods: number;
    readonly conditions: readonly Condition[];
  };
}

export interface ResourceQuota {
  readonly metadata: ObjectMeta;
  /** It counts only pods that are of all of these scopes. */
  readonly scopes: readonly QuotaScope[];
  /** As the API server enforces them: those of the status. */
  readonly hard: Quantities;
  readonly used: Quantities;
}

/** A scope's name (`NotTerminating`, `PriorityClass`, …), and for PriorityClass which ones; `Exists` where only the name was given. */
export interface QuotaScope {
  readonly name: string;
  readonly operator: string;
  readonly values: readonly string[];
}

export interface PersistentVolumeClaim {
  readonly metadata: ObjectMeta;
  readonly volumeName?: string | undefined;
  readonly accessModes: readonly string[];
}

export interface PersistentVolume {
  readonly metadata: ObjectMeta;
  readonly accessModes: readonly string[];
  /** The nodes from which the volume can be reached; absent means from everywhere. */
  readonly nodeAffinity?: NodeSelector | undefined;
  readonly claim?: { readonly namespace: string; readonly name: string } | undefined;
}

export interface VolumeAttachment {
  readonly metadata: ObjectMeta;
  readonly attacher: string;
  readonly nodeName: string;
  readonly persistentVolumeName?: string | undefined;
  readonly attached: boolean;
}

/** The condition of that type, if the object has it. */
export function findCondition(conditions: readonly Condition[], type: string): Condition | undefined {
  return conditions.find((condition) => condition.type === type);
}

/** The one owner that controls the object (apimachinery `metav1.GetControllerOf`). */
export function controllerOf(metadata: ObjectMeta): OwnerReference | undefined {
  return metadata.ownerReferences.find((owner) => owner.controller);
}

/** Whether a node or a pod is Ready: not, where nothing says so. */
export function isReady(
  object: { readonly status: { readonly conditions: readonly Condition[] } } | undefined,
): boolean {
  return findCondition(object?.status.conditions ?? [], "Ready")?.status === "True";
}

/** True when somebody has asked for its deletion; finalizers or a grace period may keep it there. */
export function isBeingDeleted({ metadata }: { readonly metadata: ObjectMeta }): boolean {
  return metadata.deletionTimestamp !== undefined;
}

/** True when a pod's containers have ended for good. */
export function isFinishedPod(pod: Pod): boolean {
  return pod.status.phase === "Succeeded" || pod.status.phase === "Failed";
}

/** The object that bears this name now, whichever it is. */
export function findNamed<T extends { readonly metadata: { readonly namespace: string; readonly name: string } }>(
  objects: readonly T[] | undefined,
  { namespace, name }: { readonly namespace: string; readonly name: string | undefined },
): T | undefined {
  return objects?.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name);
}

/** By what an object is known among those of its kind: `namespace/name`. */
export function keyOf(object: { readonly namespace: string; readonly name: string }): string {
  return `${object.namespace}/${object.name}`;
}
