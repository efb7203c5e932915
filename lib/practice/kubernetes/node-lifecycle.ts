/** Declares nodes whose kubelet has fallen silent unreachable, and keeps the taints that go with conditions and cordons (kubernetes pkg/controller/nodelifecycle). */
import { rfc3339 } from "../clock.ts";
import type { KubeObject } from "../store.ts";
import { conditionOf, setCondition } from "./conditions.ts";
import type { Reconciler } from "./control-loop.ts";
import { isOf, leases, managers, nodes, onStatus, pods } from "./keys.ts";
import { leaseNamespace } from "./kubelet-node.ts";
import { isReady, type Taint, taintsOf } from "./objects.ts";
import type { World } from "./world.ts";

/** `--node-monitor-grace-period`, 50 s since Kubernetes 1.32. */
const graceMs = 50_000;
/** `--node-monitor-period`. */
const monitorMs = 5_000;

const unreachable = "node.kubernetes.io/unreachable";
const notReady = "node.kubernetes.io/not-ready";
const cordoned = "node.kubernetes.io/unschedulable";
const kept = [unreachable, notReady, cordoned];

export function createNodeLifecycle(world: World): Reconciler {
  /** When the controller last saw a node renew its Lease or its status: its own clock, never the node's. */
  const seen = new Map<string, { sign: string; at: number }>();
  return {
    name: "node-lifecycle",
    *touches({ key, object }) {
      if (isOf(key, nodes)) yield object.metadata.name;
      if (isOf(key, leases) && object.metadata.namespace === leaseNamespace) yield object.metadata.name;
    },
    reconcile(name) {
      const node = world.store.get(nodes, undefined, name);
      const again = world.every(monitorMs);
      if (node === undefined) {
        seen.delete(name);
        return undefined;
      }
      const now = world.clock.now().getTime();
      const sign = signOfLife(world, node);
      const last = seen.get(name);
      if (last === undefined || last.sign !== sign) seen.set(name, { sign, at: now });
      const silentMs = now - (seen.get(name)?.at ?? now);
      if (again !== undefined && silentMs > graceMs) declareUnknown(world, node);
      keepTaints(world, name);
      return again;
    },
  };
}

function signOfLife(world: World, node: KubeObject): string {
  const lease = world.store.get(leases, leaseNamespace, node.metadata.name);
  return `${lease?.spec.renewTime} ${conditionOf(node, "Ready")?.lastHeartbeatTime}`;
}

function declareUnknown(world: World, node: KubeObject): void {
  if (conditionOf(node, "Ready")?.status === "Unknown") return;
  const now = rfc3339(world.clock.now());
  world.store.modify(
    nodes,
    undefined,
    node.metadata.name,
    (draft) => {
      for (const type of ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"]) {
        const message = "Kubelet stopped posting node status.";
        setCondition(draft, { type, status: "Unknown", reason: "NodeStatusUnknown", message }, now);
      }
    },
    onStatus(managers.controllerManager),
  );
  world.record(node, {
    type: "Normal",
    reason: "NodeNotReady",
    message: `Node ${node.metadata.name} status is now: NodeNotReady`,
    from: "node-controller",
  });
  markPodsNotReady(world, node.metadata.name, now);
}

/** Pods of a lost node stop being endpoints (`controllerutil.MarkPodsNotReady`). */
function markPodsNotReady(world: World, node: string, now: string): void {
  for (const pod of world.podsOn.get(node)) {
    if (conditionOf(pod, "Ready")?.status !== "True") continue;
    const change = (draft: KubeObject): void => setCondition(draft, { type: "Ready", status: "False" }, now);
    const { namespace, name } = pod.metadata;
    world.store.modify(pods, namespace, name, change, onStatus(managers.controllerManager));
    world.record(pod, {
      type: "Warning",
      reason: "NodeNotReady",
      message: "Node is not ready",
      from: "node-controller",
    });
  }
}

/** Taints that follow from the Ready condition and from spec.unschedulable. */
function keepTaints(world: World, name: string): void {
  const now = rfc3339(world.clock.now());
  const wanted = (node: KubeObject): Taint[] => [
    ...(node.spec?.unschedulable === true ? [{ key: cordoned, effect: "NoSchedule" }] : []),
    ...readinessTaints(node),
  ];
  world.store.modify(
    nodes,
    undefined,
    name,
    (draft) => {
      const target = wanted(draft);
      const present = taintsOf(draft);
      const same = (a: Taint, b: Taint): boolean => a.key === b.key && a.effect === b.effect;
      const stay = present.filter((taint) => !kept.includes(taint.key) || target.some((other) => same(taint, other)));
      const add = target.filter((taint) => !present.some((other) => same(taint, other)));
      const next = [...stay, ...add.map((taint) => ({ ...taint, timeAdded: now }))];
      draft.spec ??= {};
      if (next.length > 0) draft.spec.taints = next;
      else delete draft.spec.taints;
    },
    managers.controllerManager,
  );
}

function readinessTaints(node: KubeObject): Taint[] {
  if (isReady(node)) return [];
  const key = conditionOf(node, "Ready")?.status === "Unknown" ? unreachable : notReady;
  return [
    { key, effect: "NoSchedule" },
    { key, effect: "NoExecute" },
  ];
}
