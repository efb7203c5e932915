/** Explains to the live view why the target pod of a migration finds no node, and until when it holds a slot. */
import type { Facts } from "../model/facts.ts";
import { findCondition, keyOf, type Pod } from "../model/kubernetes.ts";
import type { VirtualMachineInstance } from "../model/kubevirt.ts";
import { unschedulableTimeoutAnnotation } from "../platform/names.ts";
import { disksOf } from "./arrivals.ts";
import { fits, podRules } from "./fitting.ts";
import type { NodeRefusal } from "./placement.ts";
import { placesOf } from "./room.ts";
import { type Index, indexFacts, targetPodOf, unfinishedMigration } from "./subjects.ts";

export interface TargetTrouble {
  readonly pod: string;
  /** When KubeVirt gives the target pod up and the slot becomes free, RFC 3339; undefined when the pod's age is not known. */
  readonly until?: string | undefined;
  /** Why each node does not take it; nodes that would, as far as is known, are not among them. */
  readonly refusals: readonly NodeRefusal[];
  /** One sentence: the scheduler's own words where it has spoken. */
  readonly scheduler?: string | undefined;
}

/** KubeVirt's default (pkg/virt-controller/watch/migration, defaultUnschedulablePendingTimeoutSeconds). */
const defaultTimeoutSeconds = 5 * 60;

/** Undefined unless the VM has a migration whose target pod has no node yet. */
export function explainMigrationTarget(
  facts: Facts,
  vm: { readonly namespace: string; readonly name: string },
): TargetTrouble | undefined {
  const index = indexFacts(facts);
  const vmi = index.vmis.get(keyOf(vm));
  if (vmi === undefined) return undefined;
  const migration = unfinishedMigration(index, vmi);
  if (migration === undefined) return undefined;
  const pod = targetPodOf(index, vmi, migration);
  if (pod === undefined || isPlaced(pod)) return undefined;
  const seconds = Number(migration.metadata.annotations[unschedulableTimeoutAnnotation] ?? defaultTimeoutSeconds);
  const created = Date.parse(pod.metadata.creationTimestamp ?? "");
  const until = created + (Number.isFinite(seconds) ? seconds : defaultTimeoutSeconds) * 1000;
  const scheduled = findCondition(pod.status.conditions, "PodScheduled");
  return {
    pod: pod.metadata.name,
    until: Number.isNaN(until) ? undefined : new Date(until).toISOString(),
    refusals: refusalsFor(index, pod, vmi),
    scheduler: scheduled?.status === "False" ? scheduled.message : undefined,
  };
}

function isPlaced(pod: Pod): boolean {
  return pod.spec.nodeName !== undefined && pod.spec.nodeName !== "";
}

function refusalsFor(index: Index, pod: Pod, vmi: VirtualMachineInstance): NodeRefusal[] {
  const places = placesOf(index);
  const source = vmi.status.nodeName ?? "";
  const arrival = { pod, source, disks: disksOf(index, pod, vmi) };
  const rules = podRules(arrival, { all: places, repelling: places });
  const refusals: NodeRefusal[] = [];
  for (const place of places) {
    const { name } = place.node.metadata;
    if (name === source) continue;
    const answer = fits(arrival, place, rules);
    if (typeof answer === "object") refusals.push({ node: name, ...answer });
  }
  return refusals;
}
