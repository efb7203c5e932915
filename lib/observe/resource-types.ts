/** The resources that are read, as they appear in URLs. */
import type { ResourceType } from "../kube/api.ts";
import { kubevirtGroup } from "../platform/names.ts";

function core(plural: string, namespaced: boolean): ResourceType {
  return { group: "", version: "v1", plural, namespaced };
}

function kubevirt(plural: string): ResourceType {
  return { group: kubevirtGroup, version: "v1", plural, namespaced: true };
}

/** By what this program calls them. */
export const resourceTypes = {
  nodes: core("nodes", false),
  pods: core("pods", true),
  claims: core("persistentvolumeclaims", true),
  volumes: core("persistentvolumes", false),
  quotas: core("resourcequotas", true),
  events: core("events", true),
  budgets: { group: "policy", version: "v1", plural: "poddisruptionbudgets", namespaced: true },
  attachments: { group: "storage.k8s.io", version: "v1", plural: "volumeattachments", namespaced: false },
  leases: { group: "coordination.k8s.io", version: "v1", plural: "leases", namespaced: true },
  endpointSlices: { group: "discovery.k8s.io", version: "v1", plural: "endpointslices", namespaced: true },
  accessReviews: {
    group: "authorization.k8s.io",
    version: "v1",
    plural: "selfsubjectaccessreviews",
    namespaced: false,
  },
  userReviews: { group: "authentication.k8s.io", version: "v1", plural: "selfsubjectreviews", namespaced: false },
  vmis: kubevirt("virtualmachineinstances"),
  virtualMachines: kubevirt("virtualmachines"),
  replicaSets: kubevirt("virtualmachineinstancereplicasets"),
  migrations: kubevirt("virtualmachineinstancemigrations"),
  kubevirts: kubevirt("kubevirts"),
} as const satisfies Record<string, ResourceType>;
