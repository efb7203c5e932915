/** Who can hold a node, as tables: kinds of objects, machines behind nodes, and marks on the Node itself. */
import type { ResourceType } from "../kube/api.ts";
import type { NodeHolder } from "../model/facts.ts";
import { objectOf } from "../model/json.ts";
import type { ObjectMeta } from "../model/kubernetes.ts";
import type { ObjectParts } from "./decode/metadata.ts";
import { listOf, text } from "./read-field.ts";

/** A kind of object that holds nodes. */
export interface HolderKind {
  readonly type: ResourceType;
  readonly kind: NodeHolder["kind"];
  /** Singular name, as kubectl prints it. */
  readonly singular: string;
  nodesOf(object: ObjectParts): readonly string[];
  detailOf(object: ObjectParts): string;
}

/** medik8s/node-maintenance-operator, and its predecessor in KubeVirt's group. */
function nodeMaintenance(group: string): HolderKind {
  return {
    type: { group, version: "v1beta1", plural: "nodemaintenances", namespaced: false },
    kind: "NodeMaintenance",
    singular: "nodemaintenance",
    nodesOf: ({ spec }) => listOf([spec.nodeName], text),
    detailOf: ({ spec, status }) =>
      [text(status.phase) ?? "not begun", text(spec.reason)].filter((part) => part !== undefined).join(": "),
  };
}

/** A remediation bears its node's name, unless its kind allows several for a node (medik8s/common, NodeNameAnnotation). */
export function remediatedNode({ name, annotations }: Pick<ObjectMeta, "name" | "annotations">): string {
  return annotations["remediation.medik8s.io/node-name"] ?? name;
}

function remediation(group: string, singular: string): HolderKind {
  return {
    type: { group, version: "v1alpha1", plural: `${singular}s`, namespaced: true },
    kind: "Remediation",
    singular,
    nodesOf: ({ metadata }) => [remediatedNode(metadata)],
    detailOf: ({ metadata, status }) =>
      [text(status.phase), `since ${metadata.creationTimestamp ?? "an unknown time"}`]
        .filter((part) => part !== undefined)
        .join(", "),
  };
}

/** medik8s/node-healthcheck-operator; up to 0.5 the nodes stood in `inFlightRemediations` alone. */
const nodeHealthCheck: HolderKind = {
  type: { group: "remediation.medik8s.io", version: "v1alpha1", plural: "nodehealthchecks", namespaced: false },
  kind: "Remediation",
  singular: "nodehealthcheck",
  nodesOf: ({ status }) => [
    ...Object.keys(objectOf(status.inFlightRemediations)),
    ...listOf(status.unhealthyNodes, (node) => {
      const { name, remediations } = objectOf(node);
      return Array.isArray(remediations) && remediations.length > 0 ? text(name) : undefined;
    }),
  ],
  detailOf: ({ status }) => text(status.phase) ?? "remediation in flight",
};

export const holderKinds: readonly HolderKind[] = [
  nodeMaintenance("nodemaintenance.medik8s.io"),
  nodeMaintenance("nodemaintenance.kubevirt.io"),
  remediation("self-node-remediation.medik8s.io", "selfnoderemediation"),
  remediation("fence-agents-remediation.medik8s.io", "fenceagentsremediation"),
  remediation("machine-deletion-remediation.medik8s.io", "machinedeletionremediation"),
  nodeHealthCheck,
];

/** A kind of Machine, and the annotations by which a Node names its own. */
export interface MachineKind {
  readonly type: ResourceType;
  machineOf(
    annotations: Readonly<Record<string, string>>,
  ): { readonly namespace: string; readonly name: string } | undefined;
}

export const machineKinds: readonly MachineKind[] = [
  {
    type: { group: "machine.openshift.io", version: "v1beta1", plural: "machines", namespaced: true },
    machineOf(annotations) {
      const [namespace, name] = (annotations["machine.openshift.io/machine"] ?? "").split("/");
      return namespace && name ? { namespace, name } : undefined;
    },
  },
  {
    type: { group: "cluster.x-k8s.io", version: "v1beta1", plural: "machines", namespaced: true },
    machineOf(annotations) {
      const namespace = annotations["cluster.x-k8s.io/cluster-namespace"];
      const name = annotations["cluster.x-k8s.io/machine"];
      return namespace && name ? { namespace, name } : undefined;
    },
  },
];

/** Annotations of the Node itself by which a platform says that it holds it (harvester/harvester pkg/util/drainhelper). */
export const holdingAnnotations: Readonly<Record<string, NodeHolder["kind"]>> = {
  "harvesterhci.io/drain-requested": "Harvester",
  "harvesterhci.io/drain-forced": "Harvester",
  "harvesterhci.io/maintain-status": "Harvester",
};

/** Taints that announce the node's end (kubernetes/autoscaler cluster-autoscaler/utils/taints). */
export const holdingTaints: Readonly<Record<string, NodeHolder["kind"]>> = {
  ToBeDeletedByClusterAutoscaler: "Machine",
};

/** Resources without which it is not known whether somebody else holds a node. */
export const holderResources: ReadonlySet<string> = new Set(
  [...holderKinds, ...machineKinds].map(({ type }) => type.plural),
);
