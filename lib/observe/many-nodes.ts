/** Reads of many nodes what a forecast for each takes: besides their VMs as little as the rules can do with. */
import type { KubeClient } from "../kube/client.ts";
import type { Clock } from "../model/clock.ts";
import type { Facts } from "../model/facts.ts";
import type { Pod } from "../model/kubernetes.ts";
import { isFinalVmi, type KubeVirt, type VirtualMachineInstance } from "../model/kubevirt.ts";
import { domainAnnotation, vmiKind } from "../platform/names.ts";
import { budgetKind, readInNamespaces, readOwners } from "./around-vms.ts";
import { decodeNode } from "./decode/core.ts";
import type { LeanVmis } from "./lean-vmis.ts";
import { readInstallation, timesOf } from "./observe.ts";
import { startReading } from "./reading.ts";
import { resourceTypes } from "./resource-types.ts";

export interface ManyNodesOptions {
  readonly nodes: readonly string[];
  readonly vmis: LeanVmis;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

/**
 * An estimate of the nodes: launcher pods, which are most of what a cluster holds, are not read but taken to be as KubeVirt makes
 * them, no other pods take up room, and of migrations is known what VMIs tell. What could not be read is a gap.
 */
export async function observeManyNodes(client: KubeClient, options: ManyNodesOptions): Promise<Facts> {
  const reading = startReading(client, options.signal, { withoutManagedFields: true });
  const wanted = new Set(options.nodes);
  const [nodes, installation] = await Promise.all([
    reading.list(resourceTypes.nodes, {}, decodeNode),
    readInstallation(reading, undefined),
  ]);
  const there = (options.vmis.items ?? []).filter((vmi) => wanted.has(vmi.status.nodeName ?? "") && !isFinalVmi(vmi));
  const stopped = there.filter((vmi) => mayBeShutDown(vmi, installation.kubevirt));
  const [virtualMachines, budgets] = await Promise.all([
    readOwners(reading, stopped),
    readInNamespaces(reading, budgetKind, new Set(stopped.map(({ metadata }) => metadata.namespace))),
  ]);
  return {
    ...timesOf(reading, options.clock),
    server: client.connection.server,
    versions: { kubevirt: installation.kubevirt?.observedVersion },
    targets: options.nodes,
    nodes: nodes ?? [],
    pods: there.map(launcherMaker()),
    roomKnown: options.nodes,
    vmis: there,
    virtualMachines,
    migrations: [],
    budgets,
    claims: [],
    volumes: [],
    ...installation,
    holders: [],
    dryRuns: {},
    gaps: [...options.vmis.gaps, ...reading.gaps],
  };
}

/** Only then it matters who starts it again, and whether budgets forbid it. */
function mayBeShutDown({ spec }: VirtualMachineInstance, kubevirt: KubeVirt | undefined): boolean {
  const strategy = spec.evictionStrategy ?? kubevirt?.evictionStrategy;
  return strategy !== "LiveMigrate" && strategy !== "External";
}

/** Makes launcher pods. VMs of the same size have the same containers, so that what these ask for is worked out once. */
function launcherMaker(): (vmi: VirtualMachineInstance) => Pod {
  const sizes = new Map<string | undefined, Pod["spec"]["containers"]>();
  return (vmi) => {
    const { guestMemory } = vmi.spec;
    const requests: Record<string, string> = guestMemory === undefined ? {} : { memory: guestMemory };
    const containers = sizes.get(guestMemory) ?? [{ name: "compute", requests, sidecar: false }];
    sizes.set(guestMemory, containers);
    return launcherOf(vmi, containers);
  };
}

/** The pod of a running VM, as far as the rules look at it; it has the VMI's labels (pkg/virt-controller/services/template.go). */
function launcherOf({ metadata, spec, status }: VirtualMachineInstance, containers: Pod["spec"]["containers"]): Pod {
  const { name, namespace, uid } = metadata;
  const { nodeName } = status;
  const active = Object.entries(status.activePods).find(([, node]) => node === nodeName);
  return {
    metadata: {
      name: `virt-launcher-${name}`,
      namespace,
      uid: active?.[0] ?? uid,
      resourceVersion: "",
      labels: metadata.labels,
      annotations: { [domainAnnotation]: name },
      ownerReferences: [{ apiVersion: "kubevirt.io/v1", kind: vmiKind, name, uid, controller: true }],
      finalizers: [],
    },
    spec: {
      nodeName,
      nodeSelector: spec.nodeSelector,
      affinity: spec.affinity,
      tolerations: spec.tolerations,
      containers,
      initContainers: [],
      overhead: {},
      volumes: [],
    },
    status: { phase: "Running", conditions: [] },
  };
}
