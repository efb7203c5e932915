/** What the scheduler needs to know of a pod: which taints it tolerates and how much it asks for. */
import type { Pod, Quantities, Taint, Toleration } from "./kubernetes.ts";
import { toUnits } from "./quantity.ts";
import { tolerates } from "./selectors.ts";

/** Amounts by resource name, in the whole units of `toUnits`. */
export type Amounts = ReadonlyMap<string, number>;

/** The first taint that keeps a new pod off the node (NoSchedule or NoExecute); PreferNoSchedule never does. */
export function untoleratedTaint(tolerations: readonly Toleration[], taints: readonly Taint[]): Taint | undefined {
  return taints.find(
    (taint) =>
      (taint.effect === "NoSchedule" || taint.effect === "NoExecute") &&
      !tolerations.some((toleration) => tolerates(toleration, taint)),
  );
}

/** The toleration that lets a pod onto cordoned nodes (scheduler plugin NodeUnschedulable). */
export function cordonToleration(tolerations: readonly Toleration[]): Toleration | undefined {
  const cordon: Taint = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" };
  return tolerations.find((toleration) => tolerates(toleration, cordon));
}

/**
 * What a pod asks of a node: the sum over its containers and sidecars, or what an init container asks at its turn together
 * with the sidecars started before it, whichever is more, and the overhead (component-helpers resource.PodRequests, KEP-753).
 */
export function podRequests(pod: Pod): Amounts {
  return amountsOf(pod, "requests");
}

/** The same of its limits, as quotas count them (component-helpers resource.PodLimits). */
export function podLimits(pod: Pod): Amounts {
  return amountsOf(pod, "limits");
}

function amountsOf(pod: Pod, kind: "requests" | "limits"): Amounts {
  const running = new Map<string, number>();
  for (const container of pod.spec.containers) add(running, container[kind]);
  const sidecars = new Map<string, number>();
  const starting = new Map<string, number>();
  for (const container of pod.spec.initContainers) {
    if (container.sidecar) add(sidecars, container[kind]);
    const now = new Map(sidecars);
    if (!container.sidecar) add(now, container[kind]);
    for (const [resource, amount] of now) starting.set(resource, Math.max(starting.get(resource) ?? 0, amount));
  }
  for (const [resource, amount] of sidecars) running.set(resource, (running.get(resource) ?? 0) + amount);
  for (const [resource, amount] of starting) running.set(resource, Math.max(running.get(resource) ?? 0, amount));
  add(running, pod.spec.overhead);
  return running;
}

function add(total: Map<string, number>, quantities: Quantities = {}): void {
  for (const [resource, quantity] of Object.entries(quantities)) {
    total.set(resource, (total.get(resource) ?? 0) + toUnits(resource, quantity));
  }
}
