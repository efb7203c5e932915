/** In what the releases of KubeVirt differ for those who drain nodes; the newest is the measure, older ones do without. */
import { parseKubeVirtVersion } from "../../platform/version.ts";

export interface Release {
  /** With the `v`, as in status.observedKubeVirtVersion. */
  readonly version: string;
  /** A VMI without a pod fails at once (1.2), not only when the node's heartbeat is five minutes old. */
  readonly failsWithoutPod: boolean;
  /**
   * What the eviction webhook does with a VMI that it marks: refuses always (1.5), refuses the eviction that marks and leaves later
   * ones to the budget (1.3), or lets even the first one pass to the budget.
   */
  readonly eviction: "refuses" | "refuses-first" | "passes";
  /** A dry run that stands in the body alone marks nothing, and finished launcher pods pass (1.4). */
  readonly honoursDryRunInBody: boolean;
  /** Without virt-api no launcher pod can be evicted (failurePolicy Fail, 1.5). */
  readonly failsClosed: boolean;
  /** Hotplug pods of running VMIs cannot be evicted (1.6.1). */
  readonly guardsHotplugPods: boolean;
  /** Every protected VMI has a PodDisruptionBudget (up to 1.5). */
  readonly budgetPerInstance: boolean;
  /** `evacuate/cancel`, the condition EvictionRequested, the label vmi.kubevirt.io/id, qualified finalizers (1.7). */
  readonly cancelsEvacuations: boolean;
  /** All migrations of a drain are made at once and queue up by priority (1.9). */
  readonly queuesMigrations: boolean;
}

/** How a release behaves. Throws when the text is no version of KubeVirt 1.x. */
export function releaseOf(version: string): Release {
  const parsed = parseKubeVirtVersion(version);
  if (parsed?.major !== 1) throw new Error(`"${version}" is no KubeVirt version that the practice cluster knows`);
  const since = (minor: number, patch = 0): boolean =>
    parsed.minor > minor || (parsed.minor === minor && parsed.patch >= patch);
  return {
    version,
    failsWithoutPod: since(2),
    eviction: since(5) ? "refuses" : since(3) ? "refuses-first" : "passes",
    honoursDryRunInBody: since(4),
    failsClosed: since(5),
    guardsHotplugPods: since(6, 1),
    budgetPerInstance: !since(6),
    cancelsEvacuations: since(7),
    queuesMigrations: since(9),
  };
}
