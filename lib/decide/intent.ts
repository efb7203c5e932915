/** What a person asked for and agreed to, before anything was written. */
import { replicaSetOf } from "../assess/owners.ts";
import type { Check, NodeVerdict, Outcome, VmVerdict } from "../model/verdict.ts";

export interface DrainIntent {
  readonly nodes: readonly string[];
  /** What was shown and confirmed for each VM, by VMI UID. */
  readonly planned: Readonly<Record<string, PlannedVm>>;
  /** VMs that cannot leave were accepted as staying. */
  readonly skipBlocked: boolean;
  /** VMs that may be on their way at the same time; no limit of ours when absent. */
  readonly maxParallel?: number | undefined;
  /** Per node, from its first eviction. */
  readonly timeoutMs?: number | undefined;
  /** Overrides the pods' own grace period. */
  readonly graceSeconds?: number | undefined;
  /** The rest of the node is emptied, too, once the VMs have left. */
  readonly allPods: boolean;
  /** Somebody watches: a drain that is stuck goes on showing instead of giving up. */
  readonly watched: boolean;
}

export interface PlannedVm {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly node: string;
  readonly pod: { readonly name: string; readonly uid: string };
  readonly outcome: Outcome;
  /** The server's dry run refused what the rules allow. Nobody asks it again, so that nothing can show that it would not now. */
  readonly refusedDry?: boolean | undefined;
  /** The replica set that starts another one in its place. */
  readonly replicaSet?: string | undefined;
}

/** The VMs of a check as they are put before a person: what is confirmed is exactly this. */
export function planOf(check: Check): Readonly<Record<string, PlannedVm>> {
  const planned: Record<string, PlannedVm> = {};
  for (const node of check.nodes) for (const vm of node.vms) planned[vm.uid] = plannedVm(node, vm);
  return planned;
}

function plannedVm(node: NodeVerdict, vm: VmVerdict): PlannedVm {
  return {
    namespace: vm.namespace,
    name: vm.name,
    uid: vm.uid,
    node: node.name,
    pod: vm.pod,
    outcome: vm.outcome,
    refusedDry: vm.findings.some(({ code }) => code === "DryRunWorse") || undefined,
    replicaSet: replicaSetOf(vm.owner),
  };
}

/**
 * True when what would happen to a VM now was agreed to. Consent is per outcome: a VM that moves is always covered, being shut
 * down only where that, or worse, was confirmed. A VM that was to stay, or to wait, was not given up to a shutdown.
 */
export function consentCovers(confirmed: Outcome | undefined, now: Outcome): boolean {
  switch (now) {
    case "moves":
      return true;
    case "restarts":
      return confirmed === "restarts" || confirmed === "stops";
    case "stops":
      return confirmed === "stops";
    case "waits":
      return confirmed !== undefined;
    default:
      return false;
  }
}
