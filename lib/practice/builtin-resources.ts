/** The built-in resources of Kubernetes that the practice cluster serves. */
import { define, type Resource } from "./resource.ts";

const cluster = { namespaced: false } as const;
const all = { categories: ["all"] } as const;
const workload = { generation: "spec", subresources: ["status", "scale"], ...all } as const;

const core: readonly Resource[] = [
  define("", "v1", "configmaps", "ConfigMap", { shortNames: ["cm"] }),
  define("", "v1", "endpoints", "Endpoints", { shortNames: ["ep"], singular: "endpoints", listKind: "EndpointsList" }),
  define("", "v1", "events", "Event", { shortNames: ["ev"] }),
  define("", "v1", "namespaces", "Namespace", {
    ...cluster,
    oneByOne: true,
    shortNames: ["ns"],
    subresources: ["status", "finalize"],
  }),
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
  define("", "v1", "resourcequotas", "ResourceQuota", { shortNames: ["quota"], subresources: ["status"] }),
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
  define("events.k8s.io", "v1", "events", "Event", {
    shortNames: ["ev"],
    storedAs: { group: "", resource: "events" },
  }),
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

export const builtinResources: readonly Resource[] = [...core, ...groups];
