/** The resources that the practice cluster serves: names, kinds, scope and the server's rules per resource. */

export interface Resource {
  readonly group: string;
  readonly version: string;
  /** Older versions that are served as well, with the same fields. */
  readonly alsoServed?: readonly string[];
  readonly resource: string;
  readonly singular: string;
  readonly kind: string;
  readonly listKind: string;
  readonly namespaced: boolean;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly subresources?: readonly string[];
  /** What raises metadata.generation: a change of the spec, any change outside metadata, or nothing. */
  readonly generation: "spec" | "content" | "none";
  /** Defined by a CustomResourceDefinition: no strategic merge patches, no shapes of its own. */
  readonly custom?: true;
  /** Deleting answers with the deleted object instead of a Status (registry stores with ReturnDeletedObject). */
  readonly returnsDeleted?: true;
}

type Traits = Omit<Partial<Resource>, "kind" | "resource">;

function define(group: string, version: string, resource: string, kind: string, traits: Traits = {}): Resource {
  return {
    group,
    version,
    resource,
    singular: kind.toLowerCase(),
    kind,
    listKind: `${kind}List`,
    namespaced: true,
    generation: "none",
    ...traits,
  };
}

const cluster = { namespaced: false } as const;
const all = { categories: ["all"] } as const;
const workload = { generation: "spec", subresources: ["status", "scale"], ...all } as const;

const core: readonly Resource[] = [
  define("", "v1", "configmaps", "ConfigMap", { shortNames: ["cm"] }),
  define("", "v1", "endpoints", "Endpoints", { shortNames: ["ep"], singular: "endpoints", listKind: "EndpointsList" }),
  define("", "v1", "events", "Event", { shortNames: ["ev"] }),
  define("", "v1", "namespaces", "Namespace", { ...cluster, shortNames: ["ns"], subresources: ["status", "finalize"] }),
  define("", "v1", "nodes", "Node", { ...cluster, shortNames: ["no"], subresources: ["status", "proxy"] }),
  define("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", {
    shortNames: ["pvc"],
    subresources: ["status"],
    returnsDeleted: true,
  }),
  define("", "v1", "persistentvolumes", "PersistentVolume", {
    ...cluster,
    shortNames: ["pv"],
    subresources: ["status"],
    returnsDeleted: true,
  }),
  define("", "v1", "pods", "Pod", {
    ...all,
    shortNames: ["po"],
    generation: "spec",
    subresources: [
      "status",
      "eviction",
      "binding",
      "log",
      "exec",
      "attach",
      "portforward",
      "proxy",
      "ephemeralcontainers",
    ],
    returnsDeleted: true,
  }),
  define("", "v1", "replicationcontrollers", "ReplicationController", { ...workload, shortNames: ["rc"] }),
  define("", "v1", "secrets", "Secret"),
  define("", "v1", "serviceaccounts", "ServiceAccount", {
    shortNames: ["sa"],
    subresources: ["token"],
    returnsDeleted: true,
  }),
  define("", "v1", "services", "Service", {
    ...all,
    shortNames: ["svc"],
    subresources: ["status", "proxy"],
    returnsDeleted: true,
  }),
];

const rbac = "rbac.authorization.k8s.io";
const storage = "storage.k8s.io";
const registration = "admissionregistration.k8s.io";

const groups: readonly Resource[] = [
  define("apps", "v1", "controllerrevisions", "ControllerRevision"),
  define("apps", "v1", "daemonsets", "DaemonSet", {
    ...all,
    shortNames: ["ds"],
    generation: "spec",
    subresources: ["status"],
  }),
  define("apps", "v1", "deployments", "Deployment", { ...workload, shortNames: ["deploy"] }),
  define("apps", "v1", "replicasets", "ReplicaSet", { ...workload, shortNames: ["rs"] }),
  define("apps", "v1", "statefulsets", "StatefulSet", { ...workload, shortNames: ["sts"] }),
  define("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", {
    shortNames: ["pdb"],
    generation: "spec",
    subresources: ["status"],
  }),
  define(storage, "v1", "csinodes", "CSINode", cluster),
  define(storage, "v1", "storageclasses", "StorageClass", { ...cluster, shortNames: ["sc"] }),
  define(storage, "v1", "volumeattachments", "VolumeAttachment", { ...cluster, subresources: ["status"] }),
  define("coordination.k8s.io", "v1", "leases", "Lease"),
  define("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", { generation: "content" }),
  define("events.k8s.io", "v1", "events", "Event", { shortNames: ["ev"] }),
  define(rbac, "v1", "clusterrolebindings", "ClusterRoleBinding", cluster),
  define(rbac, "v1", "clusterroles", "ClusterRole", cluster),
  define(rbac, "v1", "rolebindings", "RoleBinding"),
  define(rbac, "v1", "roles", "Role"),
  define("scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", {
    ...cluster,
    shortNames: ["pc"],
    generation: "content",
  }),
  define("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", {
    ...cluster,
    shortNames: ["crd", "crds"],
    categories: ["api-extensions"],
    generation: "spec",
    subresources: ["status"],
  }),
  define("apiregistration.k8s.io", "v1", "apiservices", "APIService", {
    ...cluster,
    categories: ["api-extensions"],
    subresources: ["status"],
  }),
  define(registration, "v1", "mutatingwebhookconfigurations", "MutatingWebhookConfiguration", {
    ...cluster,
    categories: ["api-extensions"],
    generation: "content",
  }),
  define(registration, "v1", "validatingwebhookconfigurations", "ValidatingWebhookConfiguration", {
    ...cluster,
    categories: ["api-extensions"],
    generation: "content",
  }),
];

const kubevirtAll = { custom: true, generation: "content", categories: ["all"] } as const;
const withStatus = { ...kubevirtAll, generation: "spec", subresources: ["status"] } as const;
const withScale = { ...kubevirtAll, generation: "spec", subresources: ["status", "scale"] } as const;
const alpha3 = { alsoServed: ["v1alpha3"] } as const;

/** KubeVirt's kinds as its CustomResourceDefinitions declare them (pkg/virt-operator/resource/generate/components/crds.go). */
export const kubevirtResources: readonly Resource[] = [
  define("kubevirt.io", "v1", "kubevirts", "KubeVirt", { ...withStatus, ...alpha3, shortNames: ["kv", "kvs"] }),
  define("kubevirt.io", "v1", "virtualmachineinstancemigrations", "VirtualMachineInstanceMigration", {
    ...withStatus,
    ...alpha3,
    shortNames: ["vmim", "vmims"],
  }),
  define("kubevirt.io", "v1", "virtualmachineinstancepresets", "VirtualMachineInstancePreset", {
    ...kubevirtAll,
    ...alpha3,
    shortNames: ["vmipreset", "vmipresets"],
  }),
  define("kubevirt.io", "v1", "virtualmachineinstancereplicasets", "VirtualMachineInstanceReplicaSet", {
    ...withScale,
    ...alpha3,
    shortNames: ["vmirs", "vmirss"],
  }),
  define("kubevirt.io", "v1", "virtualmachineinstances", "VirtualMachineInstance", {
    ...kubevirtAll,
    ...alpha3,
    shortNames: ["vmi", "vmis"],
  }),
  define("kubevirt.io", "v1", "virtualmachines", "VirtualMachine", {
    ...withStatus,
    ...alpha3,
    shortNames: ["vm", "vms"],
  }),
  define("migrations.kubevirt.io", "v1alpha1", "migrationpolicies", "MigrationPolicy", { ...withStatus, ...cluster }),
  define("pool.kubevirt.io", "v1beta1", "virtualmachinepools", "VirtualMachinePool", {
    ...withScale,
    alsoServed: ["v1alpha1"],
    shortNames: ["vmpool", "vmpools"],
  }),
];

export const builtinResources: readonly Resource[] = [...core, ...groups];

export interface ResourceTable {
  find(group: string, resource: string): Resource | undefined;
  all(): readonly Resource[];
  /** Serves a further resource (a CustomResourceDefinition), or replaces its description. */
  register(resource: Resource): void;
  /** Stops serving a resource. */
  unregister(group: string, resource: string): void;
}

/** The table of a cluster with KubeVirt installed. */
export function createResourceTable(): ResourceTable {
  const table = new Map<string, Resource>();
  const nameOf = (group: string, resource: string): string => `${group}/${resource}`;
  const register = (resource: Resource): void => {
    table.set(nameOf(resource.group, resource.resource), resource);
  };
  for (const resource of [...builtinResources, ...kubevirtResources]) register(resource);
  return {
    find: (group, resource) => table.get(nameOf(group, resource)),
    all: () => [...table.values()],
    register,
    unregister: (group, resource) => void table.delete(nameOf(group, resource)),
  };
}
