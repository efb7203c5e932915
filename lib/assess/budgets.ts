/** PodDisruptionBudgets: which select a pod, and whether they let the eviction API remove it. */
import type { Finding } from "../model/finding.ts";
import {
  controllerOf,
  findCondition,
  isBeingDeleted,
  isFinishedPod,
  isReady,
  type Pod,
  type PodDisruptionBudget,
} from "../model/kubernetes.ts";
import { matchesSelector } from "../model/selectors.ts";
import type { DrainRow } from "../model/verdict.ts";
import { vmiKind } from "../platform/names.ts";
import { listing, makeFinding, named, patchCommand, podReference, refer } from "./findings.ts";
import type { Index } from "./subjects.ts";

/** The budgets that select the pod; one without selector selects none, one with an empty selector every pod of its namespace. */
export function budgetsFor(index: Index, pod: Pod): readonly PodDisruptionBudget[] {
  const inNamespace = index.budgets.get(pod.metadata.namespace) ?? [];
  return inNamespace.filter((budget) => matchesSelector(pod.metadata.labels, budget.spec.selector));
}

/** Whether it is one of the pods that the budget counts. */
export function counts({ metadata, spec }: PodDisruptionBudget, pod: Pod): boolean {
  return (
    pod.metadata.namespace === metadata.namespace &&
    !isFinishedPod(pod) &&
    matchesSelector(pod.metadata.labels, spec.selector)
  );
}

/** Made by KubeVirt itself for a VMI (up to 1.5): told by the controller, the name is generated. */
export function isOwnBudget(budget: PodDisruptionBudget): boolean {
  return controllerOf(budget.metadata)?.kind === vmiKind;
}

export interface BudgetRefusal {
  readonly row: Extract<DrainRow, "D14" | "D15" | "D16" | "D17">;
  readonly finding: Finding;
}

/**
 * Why the budgets refuse the pod's eviction, by the rules of the eviction API (pkg/registry/core/pod/storage/eviction.go);
 * undefined when they do not. Pending pods and those that are being deleted are evicted whatever the budgets say.
 */
export function budgetRefusal(
  index: Index,
  pod: Pod,
  budgets: readonly PodDisruptionBudget[],
): BudgetRefusal | undefined {
  if (pod.status.phase === "Pending" || isBeingDeleted(pod)) return undefined;
  const [budget, second] = budgets;
  if (budget === undefined) return undefined;
  if (second !== undefined) return { row: "D14", finding: severalBudgets(pod, budgets) };
  const ready = isReady(pod);
  if (!ready && budget.spec.unhealthyPodEvictionPolicy === "AlwaysAllow") return undefined;
  if (cannotBeCounted(budget, pod)) return { row: "D15", finding: neverAllows(index, pod, budget) };
  if (!ready && isHealthyWithout(budget)) return undefined;
  if (budget.status.disruptionsAllowed > 0 && isUpToDate(budget)) return undefined;
  return ready ? { row: "D16", finding: spent(pod, budget) } : { row: "D17", finding: keepsUnready(pod, budget) };
}

/** What is there is enough although the pod is not ready (unhealthyPodEvictionPolicy IfHealthyBudget, the default). */
function isHealthyWithout({ status }: PodDisruptionBudget): boolean {
  return status.desiredHealthy > 0 && status.currentHealthy >= status.desiredHealthy;
}

function isUpToDate({ metadata, status }: PodDisruptionBudget): boolean {
  return metadata.generation === undefined || (status.observedGeneration ?? 0) >= metadata.generation;
}

/**
 * A percentage, or maxUnavailable, is counted against the scale of the pods' controller, and a VMI has none
 * (pkg/controller/disruption, getExpectedScale). The controller says so, but a new budget tells it by its spec alone.
 */
function cannotBeCounted({ spec, status }: PodDisruptionBudget, pod: Pod): boolean {
  const needsScale = spec.maxUnavailable !== undefined || isPercentage(spec.minAvailable);
  if (needsScale && controllerOf(pod.metadata)?.kind === vmiKind) return true;
  const condition = findCondition(status.conditions, "DisruptionAllowed");
  return (
    condition?.status === "False" &&
    condition.reason === "SyncFailed" &&
    (condition.message ?? "").includes("does not implement the scale subresource")
  );
}

function isPercentage(value: number | string | undefined): boolean {
  return typeof value === "string" && value.endsWith("%");
}

/** D14: the eviction API takes at most one budget for a pod. */
export function severalBudgets(pod: Pod, budgets: readonly PodDisruptionBudget[]): Finding {
  const names = budgets.map((budget) => budget.metadata.name).sort();
  const spare = [...budgets].reverse().find((budget) => !isOwnBudget(budget));
  return makeFinding({
    code: "SeveralBudgets",
    object: podReference(pod),
    reason: `Selected by ${listing(names, 5)}: the eviction API refuses pods with more than one PodDisruptionBudget (500). Keep one of them.`,
    field: "PodDisruptionBudgets that select the pod",
    value: names.join(", "),
    fix: spare && `kubectl delete pdb ${named(spare.metadata)}`,
  });
}

function neverAllows(index: Index, pod: Pod, budget: PodDisruptionBudget): Finding {
  const { maxUnavailable, minAvailable } = budget.spec;
  const byMaximum = maxUnavailable !== undefined;
  const selected = index.facts.pods.filter((each) => counts(budget, each)).length;
  const keep = Math.max(0, selected - (typeof maxUnavailable === "number" ? maxUnavailable : 1));
  return makeFinding({
    code: "BudgetNeverAllows",
    object: podReference(pod),
    reason: `PDB ${budget.metadata.name} ${
      byMaximum ? "uses maxUnavailable" : isPercentage(minAvailable) ? "uses a percentage" : "cannot be computed"
    }, which cannot work for VM pods: it refuses every eviction for ever. Replace it by an absolute minAvailable.`,
    field: byMaximum ? "spec.maxUnavailable" : "spec.minAvailable",
    value: byMaximum ? maxUnavailable : minAvailable,
    provedBy: refer("poddisruptionbudget", budget.metadata),
    fix: patchCommand("pdb", budget.metadata, { spec: { maxUnavailable: null, minAvailable: keep } }),
  });
}

function spent(pod: Pod, budget: PodDisruptionBudget): Finding {
  const { name } = budget.metadata;
  const { currentHealthy, desiredHealthy, expectedPods, disruptionsAllowed } = budget.status;
  const { minAvailable } = budget.spec;
  const forEver = typeof minAvailable === "number" && expectedPods > 0 && expectedPods <= minAvailable;
  const tail = forEver
    ? expectedPods === 1
      ? " It never will: this is its only pod."
      : ` It never will: it selects ${expectedPods} pods and must keep ${minAvailable}.`
    : isUpToDate(budget)
      ? ""
      : " The server has not looked at its latest change yet.";
  return makeFinding({
    code: "BudgetSpent",
    object: podReference(pod),
    reason: `PDB ${name} allows no disruption (needs ${healthyPods(desiredHealthy)}, has ${currentHealthy}).${tail}`,
    field: "status.disruptionsAllowed",
    value: disruptionsAllowed,
    provedBy: refer("poddisruptionbudget", budget.metadata),
    fix: forEver
      ? patchCommand("pdb", budget.metadata, { spec: { minAvailable: Math.max(0, expectedPods - 1) } })
      : `kubectl describe pdb ${named(budget.metadata)}`,
  });
}

function keepsUnready(pod: Pod, budget: PodDisruptionBudget): Finding {
  const { name } = budget.metadata;
  const { currentHealthy, desiredHealthy } = budget.status;
  return makeFinding({
    code: "BudgetKeepsUnready",
    object: podReference(pod),
    reason: `The pod is not ready (a paused VM is not, either), and PDB ${name} also protects unready pods (needs ${healthyPods(desiredHealthy)}, has ${currentHealthy}).`,
    field: "spec.unhealthyPodEvictionPolicy",
    value: budget.spec.unhealthyPodEvictionPolicy,
    provedBy: refer("poddisruptionbudget", budget.metadata),
    fix: patchCommand("pdb", budget.metadata, { spec: { unhealthyPodEvictionPolicy: "AlwaysAllow" } }),
  });
}

/** Counts the pods that their budgets lose for good, because their VMs stay down: no more may than are allowed to be away. */
export class LossesForGood {
  readonly #counts = new Map<PodDisruptionBudget, number>();

  /** Counts this pod, too; why it cannot go after those before it, undefined where it can. */
  refuses(index: Index, pod: Pod): BudgetRefusal | undefined {
    const [budget] = budgetsFor(index, pod);
    if (budget === undefined || pod.status.phase === "Pending" || !isReady(pod)) return undefined;
    const lost = this.#counts.get(budget) ?? 0;
    this.#counts.set(budget, lost + 1);
    const { disruptionsAllowed } = budget.status;
    if (lost < disruptionsAllowed) return undefined;
    const reason = `PDB ${budget.metadata.name} lets ${disruptionsAllowed} of its pods be away: others that stay down use that up.`;
    return { row: "D16", finding: { ...spent(pod, budget), reason } };
  }
}

/** The budget lets fewer pods go at a time than want to (D18). */
export function allowsSome(pod: Pod, budget: PodDisruptionBudget, wanting: number): Finding {
  const { disruptionsAllowed } = budget.status;
  return makeFinding({
    code: "BudgetAllowsSome",
    object: podReference(pod),
    reason: `PDB ${budget.metadata.name} lets ${disruptionsAllowed} of ${wanting} pods go at a time; the next follows when others are healthy again.`,
    field: "status.disruptionsAllowed",
    value: disruptionsAllowed,
    provedBy: refer("poddisruptionbudget", budget.metadata),
  });
}

function healthyPods(number: number): string {
  return `${number} healthy pod${number === 1 ? "" : "s"}`;
}
