/** What the API server can answer to an eviction of a launcher or hotplug pod, told apart as KubeVirt and Kubernetes mean it. */

/** The classes of `classifyEviction` (lib/platform/eviction-answer.ts). */
export type EvictionAnswerKind =
  /** 200/201: accepted, or for a dry run: would be accepted. The guest is shut down. */
  | "evicted"
  /** 404, or another pod has the name now. */
  | "gone"
  /** KubeVirt marked the VMI: it will be migrated, or its External owner moves it. */
  | "evacuating"
  /** LiveMigrate, but not migratable. */
  | "not-migratable"
  /** The pod is a migration's target. */
  | "migration-target"
  /** A hotplug pod of a running VMI: it goes with its launcher. */
  | "hotplug"
  /** The VMI of the pod does not exist. */
  | "orphan"
  /** A budget allows no disruption; `budget` names it. */
  | "budget"
  /** More than one budget selects the pod. */
  | "several-budgets"
  /** The webhook could not be called (virt-api is down). */
  | "webhook-unreachable"
  /** Temporary trouble inside KubeVirt or the API server: try again. */
  | "retry"
  | "namespace-terminating"
  /** The user may not evict. */
  | "forbidden"
  /** Another admission webhook, or an answer that is not known. */
  | "refused";

export interface EvictionAnswer {
  readonly kind: EvictionAnswerKind;
  /** HTTP status code; 0 when no answer came. */
  readonly code: number;
  /** The server's text, as it came. */
  readonly message: string;
  readonly budget?: string | undefined;
  readonly retryAfterSeconds?: number | undefined;
}
