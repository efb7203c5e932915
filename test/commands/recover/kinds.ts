/** Kinds of other projects that hold nodes, or know whether a host is off, as much of them as the tests need. */
import type { CustomKind } from "./stage.ts";

export const nodeMaintenance: CustomKind = {
  group: "nodemaintenance.medik8s.io",
  version: "v1beta1",
  kind: "NodeMaintenance",
  plural: "nodemaintenances",
  namespaced: false,
};

export const fenceAgents: CustomKind = {
  group: "fence-agents-remediation.medik8s.io",
  version: "v1alpha1",
  kind: "FenceAgentsRemediation",
  plural: "fenceagentsremediations",
  namespaced: true,
};

export const machine: CustomKind = {
  group: "machine.openshift.io",
  version: "v1beta1",
  kind: "Machine",
  plural: "machines",
  namespaced: true,
};

export const bareMetalHost: CustomKind = {
  group: "metal3.io",
  version: "v1alpha1",
  kind: "BareMetalHost",
  plural: "baremetalhosts",
  namespaced: true,
};
