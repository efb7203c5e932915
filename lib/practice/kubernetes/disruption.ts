/** Keeps the status of PodDisruptionBudgets, as kubernetes pkg/controller/disruption does. */
import { matchesSelector } from "../../model/selectors.ts";
import { rfc3339 } from "../clock.ts";
import type { KubeObject } from "../store.ts";
import { setCondition } from "./conditions.ts";
import type { Reconciler } from "./control-loop.ts";
import {
  budgets,
  deployments,
  isOf,
  keyOf,
  managers,
  objectAt,
  onStatus,
  pods,
  replicaSets,
  statefulSets,
} from "./keys.ts";
import { controllerOf, elapsedMs, isDeleting, isFinished, isReady } from "./objects.ts";
import type { World } from "./world.ts";

/** An eviction that was granted counts this long, until the pod is seen terminating (`DeletionTimeout`). */
const grantedMs = 120_000;

export function createDisruption(world: World): Reconciler {
  return {
    name: "disruption",
    *touches({ key, object, previous }) {
      if (isOf(key, budgets)) yield keyOf(object);
      if (!isOf(key, pods) || (previous !== undefined && health(previous) === health(object))) return;
      for (const budget of world.budgetsOfNamespace.get(object.metadata.namespace)) {
        const labels = [object.metadata.labels, previous?.metadata.labels];
        if (labels.some((set) => matchesSelector(set, budget.spec.selector))) yield keyOf(budget);
      }
    },
    reconcile(key) {
      const budget = objectAt(world.store, budgets, key);
      return budget === undefined ? undefined : sync(world, budget);
    },
  };
}

function health(pod: KubeObject): string {
  return JSON.stringify([pod.metadata.labels, isReady(pod), isDeleting(pod), isFinished(pod), pod.status?.phase]);
}

function sync(world: World, budget: KubeObject): number | undefined {
  const selected = world.podsOfNamespace
    .get(budget.metadata.namespace)
    .filter((pod) => matchesSelector(pod.metadata.labels, budget.spec.selector));
  if (selected.length === 0) world.record(budget, { ...noPods, from: "controllermanager" });
  const expected = expectedPods(world, budget, selected);
  if (typeof expected === "string") {
    const message = `Failed to calculate the number of expected pods: ${expected}`;
    world.record(budget, {
      type: "Warning",
      reason: "CalculateExpectedPodCountFailed",
      message,
      from: "controllermanager",
    });
    failSync(world, budget, expected);
    return undefined;
  }
  const now = world.clock.now();
  const granted = stillGranted(budget, selected, now);
  const currentHealthy = selected.filter(
    (pod) => isReady(pod) && !isDeleting(pod) && granted.disrupted[pod.metadata.name] === undefined,
  ).length;
  const { expectedPods: total, desiredHealthy } = expected;
  const disruptionsAllowed = total <= 0 ? 0 : Math.max(0, currentHealthy - desiredHealthy);
  const change = (draft: KubeObject): void => {
    const { conditions } = draft.status ?? {};
    const counts = { currentHealthy, desiredHealthy, disruptionsAllowed, expectedPods: total };
    draft.status = { ...(conditions === undefined ? {} : { conditions }), ...counts };
    draft.status.observedGeneration = draft.metadata.generation;
    if (Object.keys(granted.disrupted).length > 0) draft.status.disruptedPods = granted.disrupted;
    const allowed = disruptionsAllowed > 0;
    const reason = allowed ? "SufficientPods" : "InsufficientPods";
    setDisruptionAllowed(draft, { status: allowed ? "True" : "False", reason, message: "" }, rfc3339(now));
  };
  writeStatus(world, budget, change);
  return granted.recheckMs;
}

const noPods = { type: "Normal", reason: "NoPods", message: "No matching pods found" } as const;

/**
 * When the expected pods cannot be counted no disruption is allowed (`failSafe`). The counts and the observed generation
 * stay those of the last good sync, so that a budget which never had one is "still being processed" for ever.
 */
function failSync(world: World, budget: KubeObject, why: string): void {
  const now = rfc3339(world.clock.now());
  const change = (draft: KubeObject): void => {
    const empty = { currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 };
    draft.status = { ...empty, ...draft.status, disruptionsAllowed: 0 };
    setDisruptionAllowed(draft, { status: "False", reason: "SyncFailed", message: why }, now);
  };
  writeStatus(world, budget, change);
}

function writeStatus(world: World, { metadata }: KubeObject, change: (draft: KubeObject) => void): void {
  world.store.modify(budgets, metadata.namespace, metadata.name, change, onStatus(managers.controllerManager));
}

/** The condition speaks for the generation that the status has observed. */
function setDisruptionAllowed(
  draft: KubeObject,
  condition: { status: string; reason: string; message: string },
  now: string,
): void {
  const { observedGeneration } = draft.status;
  const generation = observedGeneration === undefined ? {} : { observedGeneration };
  setCondition(draft, { type: "DisruptionAllowed", ...condition, ...generation }, now);
  for (const present of draft.status.conditions) Object.assign(present, generation);
}

/** Evictions granted by the API server whose pods have not begun to go. */
function stillGranted(budget: KubeObject, selected: readonly KubeObject[], now: Date) {
  const granted: Record<string, string> = budget.status?.disruptedPods ?? {};
  const disrupted: Record<string, string> = {};
  let recheckMs: number | undefined;
  for (const pod of selected) {
    const at = granted[pod.metadata.name];
    if (at === undefined || isDeleting(pod)) continue;
    const leftMs = grantedMs - elapsedMs(at, now);
    if (leftMs <= 0) continue;
    disrupted[pod.metadata.name] = at;
    recheckMs = Math.min(recheckMs ?? leftMs, leftMs);
  }
  return { disrupted, recheckMs };
}

/** How many pods there should be and how many must be healthy, or why that cannot be said. */
function expectedPods(
  world: World,
  budget: KubeObject,
  selected: readonly KubeObject[],
): { expectedPods: number; desiredHealthy: number } | string {
  const { maxUnavailable, minAvailable } = budget.spec;
  if (maxUnavailable === undefined && typeof minAvailable === "number") {
    return { expectedPods: selected.length, desiredHealthy: minAvailable };
  }
  const total = scaleOfControllers(world, selected);
  if (typeof total === "string") return total;
  if (maxUnavailable !== undefined) {
    return { expectedPods: total, desiredHealthy: Math.max(0, total - scaled(maxUnavailable, total)) };
  }
  return { expectedPods: total, desiredHealthy: minAvailable === undefined ? 0 : scaled(minAvailable, total) };
}

/** An absolute number, or a percentage of the total rounded up (`GetScaledValueFromIntOrPercent`). */
function scaled(value: number | string, total: number): number {
  return typeof value === "number" ? value : Math.ceil((total * Number.parseFloat(value)) / 100);
}

/** The sum of the replicas of all controllers of the pods (`getExpectedScale`). */
function scaleOfControllers(world: World, selected: readonly KubeObject[]): number | string {
  const scales = new Map<string, number>();
  for (const pod of selected) {
    const owner = controllerOf(pod);
    if (owner === undefined || scales.has(owner.uid)) continue;
    const namespace = pod.metadata.namespace;
    if (owner.kind === "ReplicaSet" || owner.kind === "StatefulSet") {
      const set = world.store.get(owner.kind === "ReplicaSet" ? replicaSets : statefulSets, namespace, owner.name);
      if (set === undefined) continue;
      const above = controllerOf(set);
      const deployment = above === undefined ? undefined : world.store.get(deployments, namespace, above.name);
      scales.set(deployment?.metadata.uid ?? owner.uid, (deployment ?? set).spec.replicas ?? 1);
    } else return `${scalelessResource(owner)} does not implement the scale subresource`;
  }
  return [...scales.values()].reduce((sum, replicas) => sum + replicas, 0);
}

/** `virtualmachineinstances.kubevirt.io`, as Go's GroupResource prints an owner's resource. */
function scalelessResource(owner: { apiVersion: string; kind: string }): string {
  const slash = owner.apiVersion.indexOf("/");
  const group = slash < 0 ? "" : `.${owner.apiVersion.slice(0, slash)}`;
  return `${owner.kind.toLowerCase()}s${group}`;
}
