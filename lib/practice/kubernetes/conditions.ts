/** Conditions of Kubernetes and KubeVirt objects, read and written as the API machinery's helpers do. */
import type { KubeObject } from "../store.ts";

export interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastProbeTime?: string | null;
  lastTransitionTime?: string | null;
  [field: string]: unknown;
}

/** The condition of that type, if the object has it. */
export function conditionOf(object: KubeObject | undefined, type: string): Condition | undefined {
  const conditions = object?.status?.conditions as Condition[] | undefined;
  return conditions?.find((condition) => condition.type === type);
}

/** Whether the condition is there, and has that status. */
export function hasCondition(object: KubeObject | undefined, type: string, status = "True"): boolean {
  return conditionOf(object, type)?.status === status;
}

/** Sets a condition in a draft; the transition time moves only when the status changes (`meta.SetStatusCondition`). */
export function setCondition(draft: KubeObject, wanted: Condition, now: string): void {
  draft.status ??= {};
  const conditions: Condition[] = draft.status.conditions ?? [];
  draft.status.conditions = conditions;
  const present = conditions.find((condition) => condition.type === wanted.type);
  if (present === undefined) {
    conditions.push({ lastTransitionTime: now, ...wanted });
    return;
  }
  if (present.status !== wanted.status) present.lastTransitionTime = wanted.lastTransitionTime ?? now;
  for (const field of ["status", "reason", "message"] as const) {
    if (wanted[field] === undefined) delete present[field];
    else present[field] = wanted[field];
  }
}

/** Takes a condition out of a draft, if it is there (`meta.RemoveStatusCondition`). */
export function removeCondition(draft: KubeObject, type: string): void {
  const conditions: Condition[] | undefined = draft.status?.conditions;
  if (conditions === undefined) return;
  draft.status.conditions = conditions.filter((condition) => condition.type !== type);
}
