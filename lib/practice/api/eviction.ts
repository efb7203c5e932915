/**
 * The eviction subresource (kubernetes pkg/registry/core/pod/storage/eviction.go): admission, then the pod, then its disruption budget,
 * then the deletion.
 */

import { matchesSelector } from "../../model/selectors.ts";
import { rfc3339 } from "../clock.ts";
import { checkPreconditions } from "../lifecycle.ts";
import { badRequest, failure, StoreError } from "../status.ts";
import type { DeleteOptions, KubeObject } from "../store.ts";
import { admit } from "./admit.ts";
import { deleteOptions, readBody } from "./body.ts";
import type { ApiContext, Reply, ResourceCall } from "./call.ts";
import { requireObject } from "./reading.ts";

const pods = { group: "", resource: "pods" };
const budgets = { group: "policy", resource: "poddisruptionbudgets" };

/** More evictions than this that the disruption controller has not noticed yet stop further ones. */
const mostDisruptedPods = 2000;

interface Eviction {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
  readonly deleteOptions?: Parameters<typeof deleteOptions>[0] | null;
}

/** POST to `pods/NAME/eviction`. */
export function evictPod(context: ApiContext, call: ResourceCall): Reply {
  const eviction = readEviction(call);
  const { options, dryRun } = mergedOptions(call, eviction);
  admit(context, call, "CREATE", { object: eviction as unknown as KubeObject });
  const pod = requireObject(context, call);
  if (ignoresBudgets(pod)) {
    // Retried by the server until it hits an unchanged pod; here nothing can come between.
    removePod(context, pod, { options, dryRun });
    return success;
  }
  const matching = budgetsOf(context, pod);
  if (matching.length > 1) {
    const message = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
    throw new StoreError(failure(500, message));
  }
  const budget = matching[0];
  if (budget !== undefined && !unreadyMayGo(pod, budget)) spendBudget(context, budget, pod, dryRun);
  removePod(context, pod, { options, dryRun });
  return success;
}

const success: Reply = {
  status: 201,
  value: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 },
};

function readEviction(call: ResourceCall): Eviction {
  const body = (readBody(call) ?? {}) as Eviction;
  const { kind = "Eviction", apiVersion = "policy/v1", metadata = {} } = body;
  if (kind !== "Eviction" || !["policy/v1", "policy/v1beta1"].includes(apiVersion)) {
    throw badRequest(
      `no kind "${kind}" is registered for version "${apiVersion}" in scheme "pkg/api/legacyscheme/scheme.go:30"`,
    );
  }
  if (metadata.namespace !== undefined && metadata.namespace !== "" && metadata.namespace !== call.info.namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  if (metadata.name !== call.info.name) throw badRequest("name in URL does not match name in Eviction object");
  return { ...body, kind, apiVersion, metadata: { ...metadata, namespace: call.info.namespace } };
}

/** The options of the body, with the query's dry run; both must agree when both are given. */
function mergedOptions(call: ResourceCall, eviction: Eviction): { options: DeleteOptions; dryRun: boolean } {
  const inQuery = call.query.getAll("dryRun");
  const inBody = eviction.deleteOptions?.dryRun ?? [];
  if (inQuery.length > 0 && inBody.length > 0 && inQuery.join(" ") !== inBody.join(" ")) {
    const text = `Non-matching dry-run options in request and content: [${inQuery.join(" ")}] and [${inBody.join(" ")}]`;
    throw new StoreError(failure(500, text));
  }
  const { options, dryRun } = deleteOptions(eviction.deleteOptions ?? {});
  return { options, dryRun: dryRun || inQuery[0] === "All" };
}

function ignoresBudgets({ status, metadata }: KubeObject): boolean {
  return ["Pending", "Succeeded", "Failed"].includes(status?.phase) || metadata.deletionTimestamp !== undefined;
}

function budgetsOf({ store }: ApiContext, pod: KubeObject): KubeObject[] {
  const { namespace, labels } = pod.metadata;
  return store.list(budgets, namespace).filter((budget) => matchesSelector(labels ?? {}, budget.spec?.selector));
}

/** An unready pod goes without using up budget when the policy says so or enough others are healthy (KEP-3017). */
function unreadyMayGo(pod: KubeObject, budget: KubeObject): boolean {
  const conditions: readonly { type: string; status: string }[] = pod.status?.conditions ?? [];
  if (conditions.some(({ type, status }) => type === "Ready" && status === "True")) return false;
  if (budget.spec?.unhealthyPodEvictionPolicy === "AlwaysAllow") return true;
  const { currentHealthy = 0, desiredHealthy = 0 } = budget.status ?? {};
  return currentHealthy >= desiredHealthy && desiredHealthy > 0;
}

interface BudgetCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

/** Takes one disruption from the budget. Throws 429 or 403 when it has none to give. */
function spendBudget({ store, clock }: ApiContext, budget: KubeObject, pod: KubeObject, dryRun: boolean): void {
  const { name, namespace, generation = 0 } = budget.metadata;
  const status = budget.status ?? {};
  if ((status.observedGeneration ?? 0) < generation) {
    throw refused(`The disruption budget ${name} is still being processed by the server.`, 10);
  }
  const allowed: number = status.disruptionsAllowed ?? 0;
  if (allowed < 0) throw forbidden(name, "pdb disruptions allowed is negative", "pdb disruptions allowed is negative");
  if (Object.keys(status.disruptedPods ?? {}).length > mostDisruptedPods) {
    const unconfirmed = "evictions not confirmed by PDB controller";
    throw forbidden(name, `DisruptedPods map too big - too many ${unconfirmed}`, `too many pending ${unconfirmed}`);
  }
  if (allowed === 0) throw refused(whySpent(name, status), 0);
  if (dryRun) return;
  const now = rfc3339(clock.now());
  const change = (draft: KubeObject): void => {
    const next = draft.status;
    next.disruptionsAllowed = allowed - 1;
    next.disruptedPods = { ...next.disruptedPods, [pod.metadata.name]: now };
    if (allowed === 1) next.conditions = withInsufficientPods(next.conditions ?? [], generation, now);
  };
  store.modify(budgets, namespace, name, change, { manager: "kube-apiserver", subresource: "status" });
}

function whySpent(
  name: string,
  status: { conditions?: readonly BudgetCondition[]; currentHealthy?: number; desiredHealthy?: number },
): string {
  const { currentHealthy = 0, desiredHealthy = 0, conditions = [] } = status;
  const blocked = conditions.find(
    ({ type, status, message }) => type === "DisruptionAllowed" && status === "False" && message,
  );
  const start = `The disruption budget ${name}`;
  // The counts mean nothing while the controller cannot work them out.
  if (blocked?.reason === "SyncFailed") {
    return `${start} does not allow evicting pods currently because it failed sync: ${blocked.message}`;
  }
  if (currentHealthy <= desiredHealthy) {
    return `${start} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`;
  }
  if (blocked !== undefined) {
    return `${start} does not allow evicting pods currently (${blocked.reason}): ${blocked.message}`;
  }
  return `${start} does not allow evicting pods currently`;
}

function refused(cause: string, retryAfterSeconds: number): StoreError {
  const message = "Cannot evict pod as it would violate the pod's disruption budget.";
  const details = {
    causes: [{ reason: "DisruptionBudget", message: cause }],
    ...(retryAfterSeconds === 0 ? {} : { retryAfterSeconds }),
  };
  return new StoreError(failure(429, message, "TooManyRequests", details));
}

function forbidden(budget: string, why: string, cause: string): StoreError {
  const message = `poddisruptionbudget.policy "${budget}" is forbidden: ${why}`;
  const details = {
    name: budget,
    group: "policy",
    kind: "poddisruptionbudget",
    causes: [
      {
        reason: "DisruptionBudget",
        message: `The disruption budget ${budget} does not allow evicting pods currently: ${cause}`,
      },
    ],
  };
  return new StoreError(failure(403, message, "Forbidden", details));
}

function withInsufficientPods(conditions: readonly BudgetCondition[], generation: number, now: string): object[] {
  const others = conditions.filter(({ type }) => type !== "DisruptionAllowed");
  const condition = {
    type: "DisruptionAllowed",
    status: "False",
    reason: "InsufficientPods",
    message: "",
    observedGeneration: generation,
    lastTransitionTime: now,
  };
  return [...others, condition];
}

/** Says on the pod why it goes, then deletes it. Throws 409 when it is not the pod that was meant. */
function removePod(
  { store, clock }: ApiContext,
  pod: KubeObject,
  { options, dryRun }: { options: DeleteOptions; dryRun: boolean },
): void {
  const { name, namespace } = pod.metadata;
  const writer = { manager: "kube-apiserver", keepManagedFields: true, dryRun };
  if (dryRun) {
    store.delete(pods, namespace, name, options, writer);
    return;
  }
  checkPreconditions({ group: "", kind: "Pod" }, pod, options);
  const now = rfc3339(clock.now());
  const marked = store.modify(pods, namespace, name, (draft) => markDisrupted(draft, now), writer);
  // The mark has changed the version that the client may have insisted on, and that was just found right.
  const { resourceVersion: wanted, ...preconditions } = options.preconditions ?? {};
  const version = wanted === undefined ? {} : { resourceVersion: marked?.metadata.resourceVersion ?? wanted };
  store.delete(pods, namespace, name, { ...options, preconditions: { ...preconditions, ...version } }, writer);
}

function markDisrupted(pod: KubeObject, now: string): void {
  const conditions: readonly { type: string }[] = pod.status?.conditions ?? [];
  const others = conditions.filter(({ type }) => type !== "DisruptionTarget");
  const condition = {
    type: "DisruptionTarget",
    status: "True",
    reason: "EvictionByEvictionAPI",
    message: "Eviction API: evicting",
    lastProbeTime: null,
    lastTransitionTime: now,
  };
  pod.status = { ...pod.status, conditions: [...others, condition] };
}
