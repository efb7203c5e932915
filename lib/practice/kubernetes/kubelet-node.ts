/** The kubelets' word about their node: the Lease every 10 s, the Node's status when it changes and every 5 min. */
import { rfc3339, rfc3339Micro } from "../clock.ts";
import type { KubeObject } from "../store.ts";
import { conditionOf, setCondition } from "./conditions.ts";
import type { Reconciler } from "./control-loop.ts";
import { type Host, kubeletServes } from "./hosts.ts";
import { isOf, leases, managers, nodes, onStatus, pods, volumes } from "./keys.ts";
import { elapsedMs, isFinished } from "./objects.ts";
import { boundVolumeName } from "./storage.ts";
import { claimsOf, type World } from "./world.ts";

export const leaseNamespace = "kube-node-lease";
const leaseIntervalMs = 10_000;
const statusIntervalMs = 300_000;

/** Renews `kube-node-lease/<node>` (kubelet: nodeLeaseDurationSeconds 40, renewed after a quarter of it). */
export function createLeaseRenewal(world: World): Reconciler {
  return {
    name: "kubelet-lease",
    *touches({ type, key, object }) {
      if (isOf(key, nodes) && type === "ADDED") yield object.metadata.name;
    },
    reconcile(name) {
      const host = world.hosts.get(name);
      const node = world.store.get(nodes, undefined, name);
      if (node === undefined || !kubeletServes(host)) return undefined;
      const renewTime = rfc3339Micro(new Date(world.clock.now().getTime() + host.clockSkewMs));
      const change = (draft: KubeObject): void => {
        draft.spec.renewTime = renewTime;
      };
      const renewed = world.store.modify(leases, leaseNamespace, name, change, managers.kubelet);
      if (renewed === undefined) world.store.create(leases, leaseOf(node, renewTime), managers.kubelet);
      return world.every(leaseIntervalMs);
    },
  };
}

function leaseOf(node: KubeObject, renewTime: string) {
  const { name, uid } = node.metadata;
  return {
    metadata: {
      namespace: leaseNamespace,
      name,
      ownerReferences: [{ apiVersion: "v1", kind: "Node", name, uid }],
    },
    spec: { holderIdentity: name, leaseDurationSeconds: 40, renewTime },
  };
}

/** Keeps conditions, boot ID and volumes in use of the Node up to date. */
export function createNodeStatus(world: World): Reconciler {
  return {
    name: "kubelet-node",
    *touches({ key, object, previous }) {
      if (isOf(key, nodes)) yield object.metadata.name;
      const phaseChanged = isOf(key, pods) && object.status?.phase !== previous?.status?.phase;
      if (phaseChanged && object.spec?.nodeName !== undefined && claimsOf(object).length > 0)
        yield object.spec.nodeName;
    },
    reconcile(name) {
      const host = world.hosts.get(name);
      const node = world.store.get(nodes, undefined, name);
      if (node === undefined || !kubeletServes(host)) return undefined;
      const now = new Date(world.clock.now().getTime() + host.clockSkewMs);
      const inUse = volumesInUse(world, name);
      const age = elapsedMs(conditionOf(node, "Ready")?.lastHeartbeatTime as string | undefined, now);
      if (isStale(node, host, inUse) || age >= statusIntervalMs) {
        const change = (draft: KubeObject): void => report(draft, host, inUse, rfc3339(now));
        world.store.modify(nodes, undefined, name, change, onStatus(managers.kubelet));
        return world.every(statusIntervalMs);
      }
      return world.every(Math.max(1000, statusIntervalMs - age));
    },
  };
}

function isStale(node: KubeObject, host: Host, inUse: readonly string[]): boolean {
  return (
    conditionOf(node, "Ready")?.status !== "True" ||
    node.status?.nodeInfo?.bootID !== host.bootId ||
    JSON.stringify(node.status?.volumesInUse ?? []) !== JSON.stringify(inUse)
  );
}

const healthy: readonly [string, string, string, string][] = [
  ["MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"],
  ["DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"],
  ["PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"],
  ["Ready", "True", "KubeletReady", "kubelet is posting ready status"],
];

function report(draft: KubeObject, host: Host, inUse: string[], now: string): void {
  for (const [type, status, reason, message] of healthy) {
    setCondition(draft, { type, status, reason, message }, now);
    const condition = conditionOf(draft, type);
    if (condition !== undefined) condition.lastHeartbeatTime = now;
  }
  draft.status.nodeInfo = { ...draft.status.nodeInfo, bootID: host.bootId };
  if (inUse.length > 0) draft.status.volumesInUse = inUse;
  else delete draft.status.volumesInUse;
}

/** The unique names of the attachable volumes that the node's running pods have mounted. */
function volumesInUse(world: World, node: string): string[] {
  const names = new Set<string>();
  for (const pod of world.podsOn.get(node)) {
    if (pod.status?.phase !== "Running" || isFinished(pod)) continue;
    for (const claim of claimsOf(pod)) {
      const volume = world.store.get(volumes, undefined, boundVolumeName(world, claim) ?? "");
      if (volume?.spec.csi !== undefined) names.add(uniqueVolumeName(volume));
    }
  }
  return [...names].sort();
}

/** `kubernetes.io/csi/<driver>^<handle>`, as node.status.volumesInUse and volumesAttached spell it. */
export function uniqueVolumeName(volume: KubeObject): string {
  return `kubernetes.io/csi/${volume.spec.csi.driver}^${volume.spec.csi.volumeHandle}`;
}
