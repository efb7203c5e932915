/** ResourceQuotas: whether they leave room for the next pod of a VM, which counts beside the present one while it migrates. */
import type { Pod, QuotaScope, ResourceQuota } from "../model/kubernetes.ts";
import { toUnits } from "../model/quantity.ts";
import { type Amounts, podLimits } from "../model/scheduling.ts";
import type { OverQuota, Request } from "./placement.ts";
import { demandOf } from "./room.ts";
import type { Index } from "./subjects.ts";

/** A quota that counts a pod, and what is left of it. */
interface Purse {
  readonly quota: ResourceQuota;
  readonly left: Map<string, number>;
}

/** Counts finished pods, too, and the source pod of a migration stays until its VM ends. */
const podObjects = "count/pods";

/**
 * By key the requests whose pods a quota refuses when all else is quiet (apiserver's admission plugin resourcequota, CheckRequest).
 * Where headroom for one pod is there, VMs that migrate wait for each other. What is shut down gives back what its next pod
 * takes, and is refused only where more is used than the quota allows.
 */
export function overQuota(index: Index, requests: readonly Request[]): ReadonlyMap<string, OverQuota> {
  const refused = new Map<string, OverQuota>();
  const purses = new Map<ResourceQuota, Purse>();
  for (const { key, arrival, moves, isSecond } of requests) {
    const { pod } = arrival;
    const quotas = (index.quotas.get(pod.metadata.namespace) ?? []).filter((quota) => counts(quota, pod));
    if (quotas.length === 0 || isSecond) continue;
    const mine = quotas.map((quota) => {
      const purse = purses.get(quota) ?? { quota, left: leftOf(index, quota) };
      purses.set(quota, purse);
      return purse;
    });
    const next = nextUsage(pod);
    const given = moves ? nothing : usageOf(pod);
    const refusal = mine.map((purse) => refusalBy(purse, next, given)).find((found) => found !== undefined);
    if (refusal !== undefined) refused.set(key, refusal);
    else if (moves) for (const { left } of mine) left.set(podObjects, (left.get(podObjects) ?? Infinity) - 1);
  }
  return refused;
}

const nothing: Amounts = new Map();

/** `given` is what the present pod gives back before the next is made. */
function refusalBy({ quota, left: purse }: Purse, next: Amounts, given: Amounts): OverQuota | undefined {
  for (const [resource, rest] of purse) {
    const needed = next.get(resource) ?? 0;
    const left = rest + (given.get(resource) ?? 0);
    if (needed > 0 && needed > left) return { kind: "quota", quota, resource, needed, left };
  }
  return undefined;
}

/** A quota whose status does not tell yet what is used refuses for a moment only. */
function leftOf(index: Index, quota: ResourceQuota): Map<string, number> {
  const left = new Map<string, number>();
  for (const [resource, hard] of Object.entries(quota.hard)) {
    const used = quota.used[resource];
    if (used !== undefined) left.set(resource, unitsOf(resource, hard) - unitsOf(resource, used));
  }
  for (const pod of index.facts.quotas?.leaving ?? []) {
    if (pod.metadata.namespace !== quota.metadata.namespace || !counts(quota, pod)) continue;
    const usage = usageOf(pod);
    for (const [resource, rest] of left) left.set(resource, rest + (usage.get(resource) ?? 0));
  }
  return left;
}

function unitsOf(resource: string, quantity: string): number {
  return toUnits(baseOf(resource), quantity);
}

/** `cpu` of `requests.cpu` and `limits.cpu`. */
export function baseOf(resource: string): string {
  return resource.replace(/^(?:requests|limits)\./, "");
}

/** What a pod takes of a quota (kubernetes pkg/quota/v1/evaluator/core/pods.go): what it requests has two names. */
function usageOf(pod: Pod): Amounts {
  const usage = new Map([[podObjects, 1]]);
  for (const [resource, amount] of demandOf(pod)) usage.set(resource, amount).set(`requests.${resource}`, amount);
  for (const [resource, amount] of podLimits(pod)) usage.set(`limits.${resource}`, amount);
  return usage;
}

/**
 * What the VM's next pod takes at least. Under a quota of limits KubeVirt gives it some where the VM has none
 * (pkg/virt-controller/services/template.go, doesVMIRequireAutoResourceLimits), which the present pod lacks if it is older.
 */
function nextUsage(pod: Pod): Amounts {
  const usage = new Map(usageOf(pod));
  for (const resource of ["cpu", "memory"]) {
    const [limit, request] = [`limits.${resource}`, usage.get(resource) ?? 0];
    usage.set(limit, Math.max(usage.get(limit) ?? 0, request));
  }
  return usage;
}

/** Whether the quota counts the pod at all (`podMatchesScopeFunc` of the same file). One of a scope that is not worked out counts none. */
function counts({ scopes }: ResourceQuota, pod: Pod): boolean {
  return scopes.every((scope) => {
    switch (scope.name) {
      case "BestEffort":
        return isBestEffort(pod);
      case "NotBestEffort":
        return !isBestEffort(pod);
      case "NotTerminating":
        // Launcher pods have no activeDeadlineSeconds.
        return true;
      case "PriorityClass":
        return isOfClass(scope, pod.spec.priorityClassName);
      default:
        return false;
    }
  });
}

function isBestEffort(pod: Pod): boolean {
  const usage = usageOf(pod);
  return !["cpu", "memory", "limits.cpu", "limits.memory"].some((resource) => (usage.get(resource) ?? 0) > 0);
}

function isOfClass({ operator, values }: QuotaScope, name: string | undefined): boolean {
  const isListed = name !== undefined && values.includes(name);
  switch (operator) {
    case "In":
      return isListed;
    case "NotIn":
      return !isListed;
    default:
      return (operator === "Exists") === (name !== undefined);
  }
}
