/** What KubeVirt's own objects say of a VM and of the installation, in the terms in which the rules ask. */
import type { Facts } from "../model/facts.ts";
import type { ObjectReference } from "../model/finding.ts";
import { findCondition } from "../model/kubernetes.ts";
import { migrationDefaults, type VirtualMachineInstance } from "../model/kubevirt.ts";
import type { VmVerdict } from "../model/verdict.ts";
import { drainTaintOf } from "./evacuation.ts";
import type { Index } from "./subjects.ts";

type Strategy = VmVerdict["strategy"];

/** The strategy that the eviction webhook obeys: the VMI's, else the cluster's, else None (pkg/util/migrations). */
export function effectiveStrategy(facts: Facts, vmi: VirtualMachineInstance): Strategy {
  if (isSet(vmi.spec.evictionStrategy)) return { value: vmi.spec.evictionStrategy, from: "vmi" };
  if (facts.kubevirt === undefined) return { value: "unknown", from: "cluster" };
  if (isSet(facts.kubevirt.evictionStrategy)) return { value: facts.kubevirt.evictionStrategy, from: "cluster" };
  return { value: "None", from: "default" };
}

/** Whether KubeVirt can migrate it; a condition that is absent, or neither True nor False, is not known yet. */
export function migratability(vmi: VirtualMachineInstance): "True" | "False" | "Unknown" {
  const status = findCondition(vmi.status.conditions, "LiveMigratable")?.status;
  return status === "True" || status === "False" ? status : "Unknown";
}

/** How long the guest has to shut down before it is destroyed; the pod has 30 s more. */
export function guestGrace(vmi: VirtualMachineInstance): number {
  return vmi.spec.terminationGracePeriodSeconds ?? 30;
}

/** True when it was seen that no virt-api is ready. */
export function isVirtApiDown(facts: Facts): boolean {
  return facts.virtApiNodes !== undefined && facts.virtApiNodes.length === 0;
}

/** What that means since KubeVirt 1.5. */
export const virtApiIsDown = "virt-api does not answer: evictions fail with 500 and no migration can be created.";

/** Where KubeVirt's own components run. */
export function kubevirtNamespace({ kubevirt }: Facts): string {
  return kubevirt?.metadata.namespace ?? "kubevirt";
}

/** The Service behind which virt-api answers. */
export function virtApiService(facts: Facts): ObjectReference {
  return { kind: "service", namespace: kubevirtNamespace(facts), name: "virt-api" };
}

/** True when the node carries the taint that makes KubeVirt evacuate it without any eviction. */
export function hasDrainTaint(index: Index, name: string): boolean {
  const node = index.nodes.get(name);
  return node !== undefined && drainTaintOf(index.facts, node) !== undefined;
}

export interface MigrationLimits {
  readonly perNode: number;
  readonly perCluster: number;
  readonly running?: number | undefined;
}

/** How many migrations may run at a time, with KubeVirt's defaults, and how many have not ended in the whole cluster. */
export function migrationLimits({ facts }: Index): MigrationLimits {
  const settings = facts.kubevirt?.migrations;
  return {
    perNode: settings?.parallelOutboundMigrationsPerNode ?? migrationDefaults.parallelOutboundMigrationsPerNode,
    perCluster: settings?.parallelMigrationsPerCluster ?? migrationDefaults.parallelMigrationsPerCluster,
    running: facts.runningMigrations,
  };
}

/** Neither absent nor empty. */
export function isSet(text: string | undefined): text is string {
  return text !== undefined && text !== "";
}
