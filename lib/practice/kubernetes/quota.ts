/**
 * Resource quotas as far as they concern pods: a new pod that would exceed one is refused, whoever makes it, and their status
 * tells what is used (kubernetes plugin/pkg/admission/resourcequota, pkg/quota/v1/evaluator/core/pods.go).
 */
import { formatBytes, parseQuantity } from "../../model/quantity.ts";
import { failure, StoreError } from "../status.ts";
import type { KubeObject, ResourceKey, Store } from "../store.ts";
import type { Reconciler } from "./control-loop.ts";
import { limitsOf, requestsOf } from "./fit.ts";
import { isOf, keyOf, managers, onStatus, pods, quotas, splitKey } from "./keys.ts";
import { isFinished } from "./objects.ts";
import type { World } from "./world.ts";

type Amounts = Readonly<Record<string, number>>;

/** Throws what the API server answers to a pod for which there is no room in a quota of its namespace. */
export function refuseOverQuota(store: Store, key: ResourceKey, object: KubeObject, now: Date): void {
  if (!isOf(key, pods)) return;
  const { namespace, name } = object.metadata;
  const limited = store.list(quotas, namespace).filter((quota) => counts(quota, object));
  for (const quota of limited) {
    const missing = unspecified(object, Object.keys(quota.spec?.hard ?? {}));
    if (missing !== undefined) throw forbidden(name, `failed quota: ${quota.metadata.name}: must specify ${missing}`);
  }
  const wanted = usageOf(object);
  for (const quota of limited) {
    const hard = amountsOf(quota.spec?.hard);
    const used = usedOf(store, quota, now);
    const over = Object.keys(hard).filter((resource) => {
      const more = wanted[resource] ?? 0;
      return more > 0 && (used[resource] ?? 0) + more > (hard[resource] ?? 0);
    });
    if (over.length === 0) continue;
    const list = (amounts: Amounts) =>
      over
        .sort()
        .map((resource) => `${resource}=${text(resource, amounts[resource] ?? 0)}`)
        .join(",");
    const figures = `requested: ${list(wanted)}, used: ${list(used)}, limited: ${list(hard)}`;
    throw forbidden(name, `exceeded quota: ${quota.metadata.name}, ${figures}`);
  }
}

function forbidden(name: string, why: string): StoreError {
  const details = { name, kind: "pods" };
  return new StoreError(failure(403, `pods "${name}" is forbidden: ${why}`, "Forbidden", details));
}

interface Scope {
  readonly scopeName: string;
  readonly operator?: string;
  readonly values?: readonly string[];
}

/** Whether the pod is of all of the quota's scopes (`podMatchesScopeFunc`). */
function counts({ spec }: KubeObject, pod: KubeObject): boolean {
  const names: readonly string[] = spec?.scopes ?? [];
  const expressions: readonly Scope[] = spec?.scopeSelector?.matchExpressions ?? [];
  return [...names.map((scopeName) => ({ scopeName })), ...expressions].every((scope) => isOfScope(pod, scope));
}

function isOfScope(pod: KubeObject, { scopeName, operator = "Exists", values = [] }: Scope): boolean {
  const { activeDeadlineSeconds, priorityClassName } = pod.spec;
  switch (scopeName) {
    case "Terminating":
      return activeDeadlineSeconds !== undefined;
    case "NotTerminating":
      return activeDeadlineSeconds === undefined;
    case "BestEffort":
      return isBestEffort(pod);
    case "NotBestEffort":
      return !isBestEffort(pod);
    case "PriorityClass":
      return isOfClass(priorityClassName || undefined, operator, values);
    default:
      return usesOtherNamespaces(pod);
  }
}

function isBestEffort(pod: KubeObject): boolean {
  const amounts = [requestsOf(pod), limitsOf(pod)].flatMap(({ cpu = 0, memory = 0 }) => [cpu, memory]);
  return amounts.every((amount) => amount === 0);
}

function isOfClass(name: string | undefined, operator: string, values: readonly string[]): boolean {
  const isListed = name !== undefined && values.includes(name);
  if (operator === "In") return isListed;
  if (operator === "NotIn") return !isListed;
  return (operator === "Exists") === (name !== undefined);
}

interface AffinityTerm {
  readonly namespaces?: readonly string[];
  readonly namespaceSelector?: object;
}

/** CrossNamespacePodAffinity: an affinity to pods of other namespaces, or against them, preferred ones included. */
function usesOtherNamespaces({ spec }: KubeObject): boolean {
  const { podAffinity = {}, podAntiAffinity = {} } = spec.affinity ?? {};
  const terms: readonly AffinityTerm[] = [podAffinity, podAntiAffinity].flatMap((rules) => [
    ...(rules.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(rules.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(
      (one: { podAffinityTerm: AffinityTerm }) => one.podAffinityTerm,
    ),
  ]);
  return terms.some((term) => (term.namespaces ?? []).length > 0 || term.namespaceSelector !== undefined);
}

/** What a pod counts as; `cpu` and `memory` mean what is requested. */
function usageOf(pod: KubeObject): Amounts {
  const usage: Record<string, number> = { pods: 1, "count/pods": 1 };
  for (const [resource, amount] of Object.entries(requestsOf(pod))) {
    if (resource === "pods") continue;
    usage[`requests.${resource}`] = amount;
    if (computed.has(resource)) usage[resource] = amount;
  }
  for (const [resource, amount] of Object.entries(limitsOf(pod)))
    if (resource !== "pods") usage[`limits.${resource}`] = amount;
  return usage;
}

const computed = new Set(["cpu", "memory", "ephemeral-storage"]);

/** Finished pods count no more, nor do those that should be gone by now: their node may be lost (`QuotaV1Pod`). */
function isCharged(pod: KubeObject, now: Date): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = pod.metadata;
  if (isFinished(pod)) return false;
  return (
    deletionTimestamp === undefined ||
    now.getTime() <= Date.parse(deletionTimestamp) + deletionGracePeriodSeconds * 1000
  );
}

function usedOf(store: Store, quota: KubeObject, now: Date): Amounts {
  const total: Record<string, number> = {};
  for (const pod of store.list(pods, quota.metadata.namespace)) {
    if (!counts(quota, pod)) continue;
    const usage: Amounts = isCharged(pod, now) ? usageOf(pod) : { "count/pods": 1 };
    for (const [resource, amount] of Object.entries(usage)) total[resource] = (total[resource] ?? 0) + amount;
  }
  return total;
}

/** Which containers do not say how much they want of CPU or memory, where the quota limits it. */
function unspecified(pod: KubeObject, limited: readonly string[]): string | undefined {
  const containers: { name: string; resources?: Record<string, Record<string, string> | undefined> }[] = [
    ...(pod.spec.containers ?? []),
    ...(pod.spec.initContainers ?? []),
  ];
  const texts = limited
    .filter((resource) => /^(?:(?:requests|limits)\.)?(?:cpu|memory)$/.test(resource))
    .sort()
    .flatMap((resource) => {
      const [kind, name] = resource.includes(".") ? resource.split(".") : ["requests", resource];
      const silent = containers.filter(({ resources }) => resources?.[kind ?? ""]?.[name ?? ""] === undefined);
      const names = [...new Set(silent.map((container) => container.name))].sort();
      return names.length === 0 ? [] : [`${resource} for: ${names.join(",")}`];
    });
  return texts.length === 0 ? undefined : texts.join("; ");
}

function amountsOf(quantities: Readonly<Record<string, string>> = {}): Amounts {
  return Object.fromEntries(Object.entries(quantities).map(([name, quantity]) => [name, parseQuantity(quantity) ?? 0]));
}

function text(resource: string, amount: number): string {
  if (/(^|\.)cpu$/.test(resource)) return amount % 1 === 0 ? String(amount) : `${Math.ceil(amount * 1000)}m`;
  return /memory|storage/.test(resource) ? formatBytes(amount) : String(amount);
}

/** Keeps their status. */
export function createQuotaStatus(world: World): Reconciler {
  return {
    name: "resource-quota",
    *touches({ key, object }) {
      if (isOf(key, quotas)) yield keyOf(object);
      if (isOf(key, pods)) for (const quota of world.store.list(quotas, object.metadata.namespace)) yield keyOf(quota);
    },
    reconcile(key) {
      const { namespace, name } = splitKey(key);
      const quota = world.store.get(quotas, namespace, name);
      if (quota === undefined) return undefined;
      const used = usedOf(world.store, quota, world.clock.now());
      const hard: Record<string, string> = quota.spec?.hard ?? {};
      const change = (draft: KubeObject): void => {
        const figures = Object.keys(hard).map((resource) => [resource, text(resource, used[resource] ?? 0)] as const);
        draft.status = { hard: { ...hard }, used: Object.fromEntries(figures) };
      };
      world.store.modify(quotas, namespace, name, change, onStatus(managers.controllerManager));
      return undefined;
    },
  };
}
