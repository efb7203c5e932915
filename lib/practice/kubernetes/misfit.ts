/** Why a pod does not fit a node, as kube-scheduler's filter plugins say it. */

export interface Misfit {
  readonly reason: string;
  /** Whether removing other pods could help. */
  readonly resolvable: boolean;
}

/** `framework.Unschedulable`: other pods are in the way. */
export function resolvable(reason: string): Misfit[] {
  return [{ reason, resolvable: true }];
}

/** `framework.UnschedulableAndUnresolvable`: removing other pods would not help. */
export function unresolvable(reason: string): Misfit[] {
  return [{ reason, resolvable: false }];
}
