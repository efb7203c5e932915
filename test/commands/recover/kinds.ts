/** Kinds of other projects that hold nodes, or know whether a host is off, as much of them as the tests need. */
import { rightsOf } from "../../../lib/platform/rights.ts";
import type { CustomKind, Stage } from "./stage.ts";

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

const kinds: Readonly<Record<string, readonly [kind: string, version: string, namespaced: boolean]>> = {
  baremetalhosts: ["BareMetalHost", "v1alpha1", true],
  fenceagentsremediations: ["FenceAgentsRemediation", "v1alpha1", true],
  machinedeletionremediations: ["MachineDeletionRemediation", "v1alpha1", true],
  machines: ["Machine", "v1beta1", true],
  metal3machines: ["Metal3Machine", "v1beta1", true],
  nodehealthchecks: ["NodeHealthCheck", "v1alpha1", false],
  nodemaintenances: ["NodeMaintenance", "v1beta1", false],
  selfnoderemediations: ["SelfNodeRemediation", "v1alpha1", true],
};

/** Nodes that belong to Machine default/other, of Cluster API or OpenShift. */
export const ofOtherMachine = {
  clusterApi: { "cluster.x-k8s.io/cluster-namespace": "default", "cluster.x-k8s.io/machine": "other" },
  openShift: { "machine.openshift.io/machine": "default/other" },
} as const;

/** Serves every kind of others that a role may name, with an object `other` of each: the Machine leads to the Metal3Machine, and that to the host. */
export function serveEveryKind({ install }: Stage): void {
  for (const { group, resource } of rightsOf.recover.filter(({ where }) => where === "served")) {
    const [kind, version, namespaced] = kinds[resource] ?? ["", "", false];
    const infrastructureRef = { kind: "Metal3Machine", name: "other" };
    const spec = group === "cluster.x-k8s.io" ? { infrastructureRef } : {};
    const annotations = resource === "metal3machines" ? { "metal3.io/BareMetalHost": "default/other" } : {};
    install({ group, version, kind, plural: resource, namespaced }, { name: "other", annotations, spec });
  }
}
