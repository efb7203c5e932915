/** The resources that the controllers read and write, and the names under which they write. */
import type { KubeObject, ResourceKey, Store, Writer } from "../store.ts";

const core = (resource: string): ResourceKey => ({ group: "", resource });
const kubevirt = (resource: string): ResourceKey => ({ group: "kubevirt.io", resource });

export const nodes = core("nodes");
export const pods = core("pods");
export const events = core("events");
export const namespaces = core("namespaces");
export const services = core("services");
export const quotas = core("resourcequotas");
export const claims = core("persistentvolumeclaims");
export const volumes = core("persistentvolumes");
export const leases: ResourceKey = { group: "coordination.k8s.io", resource: "leases" };
export const storageClasses: ResourceKey = { group: "storage.k8s.io", resource: "storageclasses" };
export const attachments: ResourceKey = { group: "storage.k8s.io", resource: "volumeattachments" };
export const budgets: ResourceKey = { group: "policy", resource: "poddisruptionbudgets" };
export const deployments: ResourceKey = { group: "apps", resource: "deployments" };
export const replicaSets: ResourceKey = { group: "apps", resource: "replicasets" };
export const statefulSets: ResourceKey = { group: "apps", resource: "statefulsets" };
export const daemonSets: ResourceKey = { group: "apps", resource: "daemonsets" };
export const endpointSlices: ResourceKey = { group: "discovery.k8s.io", resource: "endpointslices" };

export const virtualMachines = kubevirt("virtualmachines");
export const instances = kubevirt("virtualmachineinstances");
export const migrations = kubevirt("virtualmachineinstancemigrations");
export const instanceReplicaSets = kubevirt("virtualmachineinstancereplicasets");
export const kubevirts = kubevirt("kubevirts");
export const migrationPolicies: ResourceKey = { group: "migrations.kubevirt.io", resource: "migrationpolicies" };

/** Field managers: the first part of the User-Agent of the real component, as managedFields records it. */
export const managers = {
  scheduler: { manager: "kube-scheduler" },
  controllerManager: { manager: "kube-controller-manager" },
  kubelet: { manager: "kubelet" },
  attacher: { manager: "csi-attacher" },
  virtApi: { manager: "virt-api" },
  virtController: { manager: "virt-controller" },
  virtHandler: { manager: "virt-handler" },
  virtOperator: { manager: "virt-operator" },
} as const satisfies Record<string, Writer>;

/** The same writer through the status subresource. */
export function onStatus(writer: Writer): Writer {
  return { ...writer, subresource: "status" };
}

/** Whether both are the same kind. */
export function isOf(key: ResourceKey, other: ResourceKey): boolean {
  return key.resource === other.resource && key.group === other.group;
}

/** `namespace/name`, or just `name` for cluster-scoped objects: the key of work queues. */
export function keyOf(object: KubeObject): string {
  return namespacedKey(object.metadata.namespace, object.metadata.name);
}

/** The same from a namespace and a name. */
export function namespacedKey(namespace: string | undefined, name: string | undefined): string {
  return namespace === undefined || namespace === "" ? (name ?? "") : `${namespace}/${name}`;
}

/** The inverse of `keyOf` for namespaced objects. */
export function splitKey(key: string): { namespace: string; name: string } {
  const slash = key.indexOf("/");
  return { namespace: key.slice(0, Math.max(slash, 0)), name: key.slice(slash + 1) };
}

/** The object of that resource under the key; undefined where there is none. */
export function objectAt(store: Store, resource: ResourceKey, key: string): KubeObject | undefined {
  const { namespace, name } = splitKey(key);
  return store.get(resource, namespace, name);
}
