/** What a user must be allowed, for each kind of use: the roles in docs/rbac are made from it, and `doctor` asks for it. */
import { kubevirtGroup, subresourcesGroup } from "./names.ts";

export type Role = "look" | "drain" | "recover";

/** What each role is enough for; drain and recover are enough for what look is for, besides. */
export const commandsOf: Readonly<Record<Role, readonly string[]>> = {
  look: ["list", "check", "version", "completion"],
  drain: ["drain", "abort", "uncordon"],
  recover: ["recover", "uncordon"],
};

export type Verb = "get" | "list" | "watch" | "create" | "update" | "patch" | "delete";

export interface Right {
  readonly group: string;
  /** With a subresource: `pods/eviction`. */
  readonly resource: string;
  readonly verbs: readonly Verb[];
  /** What for, as a remark for whoever grants it. */
  readonly purpose: string;
  /** Needed only in clusters that serve the group. */
  readonly where?: "served";
}

/** A right's resource in the two parts that an access review asks for; a subresource may have several words: `evacuate/cancel`. */
export function partsOf({ resource }: Pick<Right, "resource">): {
  readonly plural: string;
  readonly subresource?: string;
} {
  const end = resource.indexOf("/");
  return end < 0 ? { plural: resource } : { plural: resource.slice(0, end), subresource: resource.slice(end + 1) };
}

/** Reads that every command begins with. */
const looking: readonly Right[] = [
  core("nodes", ["get", "list"], "the nodes, whether they are Ready, and where else VMs fit"),
  core("pods", ["list"], "launcher pods, and the pods that take up room on nodes"),
  kubevirt("virtualmachineinstances", ["get", "list"], "the VMs that run"),
  kubevirt("virtualmachines", ["get", "list"], "whether a VM starts again by itself"),
  kubevirt("virtualmachineinstancemigrations", ["list"], "migrations that are under way, and free slots for more"),
  kubevirt("kubevirts", ["list"], "KubeVirt's version and settings; KubeVirt itself allows it to everybody"),
  {
    group: "policy",
    resource: "poddisruptionbudgets",
    verbs: ["list"],
    purpose: "budgets that would refuse an eviction",
  },
  core("resourcequotas", ["list"], "quotas that would refuse a VM's next pod; without it that is not foretold"),
  core("persistentvolumeclaims", ["get", "list"], "disks, and whether two nodes can share them"),
  core("persistentvolumes", ["get", "list"], "disks that only one node can reach"),
  { group: "discovery.k8s.io", resource: "endpointslices", verbs: ["list"], purpose: "where virt-api answers" },
  core("namespaces", ["list"], "completion of --namespace"),
];

/** Who else holds a node, or has power over its host. Asked only where the cluster serves these kinds. */
const holders: readonly Right[] = [
  ...["nodemaintenance.medik8s.io", "nodemaintenance.kubevirt.io"].map((group) =>
    elsewhere(group, "nodemaintenances", ["list"], "maintenance that somebody else has begun"),
  ),
  elsewhere("self-node-remediation.medik8s.io", "selfnoderemediations", ["list"], "automatic recovery of nodes"),
  elsewhere("fence-agents-remediation.medik8s.io", "fenceagentsremediations", ["list"], "automatic fencing of nodes"),
  elsewhere(
    "machine-deletion-remediation.medik8s.io",
    "machinedeletionremediations",
    ["list"],
    "automatic replacement of nodes",
  ),
  elsewhere("remediation.medik8s.io", "nodehealthchecks", ["list"], "who watches over nodes"),
  elsewhere("machine.openshift.io", "machines", ["get"], "the machine behind a node"),
  elsewhere("cluster.x-k8s.io", "machines", ["get"], "the machine behind a node"),
];

const marking = core("nodes", ["patch"], "cordon, uncordon, and the record of an operation");

const draining: readonly Right[] = [
  marking,
  core("nodes", ["watch"], "the node as it changes"),
  core("pods", ["watch"], "pods as they go"),
  kubevirt("virtualmachineinstances", ["watch"], "VMs as they move"),
  kubevirt("virtualmachineinstancemigrations", ["watch"], "migrations as they go on"),
  kubevirt("virtualmachineinstancereplicasets", ["get", "list"], "whether a VM that has ended was replaced"),
  core("pods/eviction", ["create"], "evictions; check asks by dry runs what would be answered to them"),
  { group: "policy", resource: "poddisruptionbudgets", verbs: ["watch"], purpose: "budgets as they change" },
  {
    group: "storage.k8s.io",
    resource: "volumeattachments",
    verbs: ["list"],
    purpose: "volumes that are still attached when the VMs have left",
  },
  kubevirt("virtualmachineinstancemigrations", ["delete"], "abort: KubeVirt's unfinished migrations off the node"),
  {
    group: subresourcesGroup,
    resource: "virtualmachineinstances/evacuate",
    verbs: ["update"],
    purpose: "abort: KubeVirt's evacuation marks (KubeVirt 1.7 and later), by the name that the API server asks for",
  },
  {
    group: subresourcesGroup,
    resource: "virtualmachineinstances/evacuate/cancel",
    verbs: ["update"],
    purpose: "abort: the same by the name that virt-api asks for (pkg/virt-api/rest/authorizer.go)",
  },
];

const recovering: readonly Right[] = [
  marking,
  core("pods", ["delete"], "launcher and hotplug pods that nobody ends any more"),
  kubevirt("virtualmachineinstancereplicasets", ["get", "list"], "whether a VM that was lost has been replaced"),
  kubevirt("virtualmachineinstancemigrations", ["delete"], "unfinished migrations that keep a VM from starting again"),
  {
    group: "coordination.k8s.io",
    resource: "leases",
    verbs: ["get"],
    purpose: "the kubelet's last sign of life, and who else holds the node",
  },
  {
    group: "storage.k8s.io",
    resource: "volumeattachments",
    verbs: ["list", "delete"],
    purpose: "volumes that would keep a VM from starting elsewhere",
  },
  core(
    "events",
    ["create", "list"],
    "who declared the node lost, and on what word; read again when the Node was deleted",
  ),
  elsewhere("metal3.io", "baremetalhosts", ["get"], "whether the host is off"),
  elsewhere("infrastructure.cluster.x-k8s.io", "metal3machines", ["get"], "the host behind a machine"),
];

/** Each role alone is enough for its commands: whoever has one needs no other. Asking for one's rights and for the API's groups needs none. */
export const rightsOf: Readonly<Record<Role, readonly Right[]>> = {
  look: merged([...looking, ...holders]),
  drain: merged([...looking, ...holders, ...draining]),
  recover: merged([...looking, ...holders, ...recovering]),
};

function core(resource: string, verbs: readonly Verb[], purpose: string): Right {
  return { group: "", resource, verbs, purpose };
}

function kubevirt(resource: string, verbs: readonly Verb[], purpose: string): Right {
  return { group: kubevirtGroup, resource, verbs, purpose };
}

function elsewhere(group: string, resource: string, verbs: readonly Verb[], purpose: string): Right {
  return { group, resource, verbs, purpose, where: "served" };
}

/** One right for each resource, with all verbs and all purposes. */
function merged(rights: readonly Right[]): readonly Right[] {
  const byResource = new Map<string, Right>();
  for (const right of rights) {
    const key = `${right.group}/${right.resource}`;
    const known = byResource.get(key);
    byResource.set(
      key,
      known === undefined
        ? right
        : {
            ...known,
            verbs: [...known.verbs, ...right.verbs],
            purpose: `${known.purpose}; ${right.purpose}`,
          },
    );
  }
  return [...byResource.values()];
}
