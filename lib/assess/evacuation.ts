/** Which marks and migrations on a node belong to an evacuation of it, and which of them can still be undone. */
import type { Facts } from "../model/facts.ts";
import { keyOf, type Node, type Taint } from "../model/kubernetes.ts";
import {
  isFinalVmi,
  isFinishedMigration,
  migrationDefaults,
  type VirtualMachineInstance,
  type VirtualMachineInstanceMigration,
} from "../model/kubevirt.ts";
import { evacuationMigrationAnnotation, evictionSourceAnnotation, vmiNameLabel } from "../platform/names.ts";
import { findGap } from "./subjects.ts";

export interface Evacuation {
  /** VMIs that are marked to leave the node, without those that the descheduler marked. */
  readonly marks: readonly VirtualMachineInstance[];
  /** Marked by the descheduler: not part of a drain. */
  readonly descheduled: readonly VirtualMachineInstance[];
  /** Unfinished evacuation migrations away from the node that can be cancelled. */
  readonly migrations: readonly VirtualMachineInstanceMigration[];
  /** The guest runs on the target already, or its memory is split between two hosts: deleting the migration cannot undo that. */
  readonly beyondReturn: readonly VirtualMachineInstanceMigration[];
}

/**
 * The evacuation of one node as the cluster shows it
 * (kubevirt/kubevirt pkg/virt-controller/watch/drain/evacuation/evacuation.go, pkg/virt-controller/watch/migration/migration.go).
 */
export function evacuationOf(facts: Facts, node: string): Evacuation {
  // One that has ended keeps its mark, which moves nothing any more.
  const marked = facts.vmis.filter((vmi) => vmi.status.evacuationNodeName === node && !isFinalVmi(vmi));
  const descheduled = marked.filter((vmi) => vmi.metadata.annotations[evictionSourceAnnotation] === "descheduler");
  const unfinished = facts.migrations.filter(
    (migration) =>
      migration.metadata.annotations[evacuationMigrationAnnotation] === node &&
      !isFinishedMigration(migration) &&
      !descheduled.some((vmi) => isMigrationOf(migration, vmi)),
  );
  const beyondReturn = unfinished.filter((migration) => isBeyondReturn(migration, facts));
  return {
    marks: marked.filter((vmi) => !descheduled.includes(vmi)),
    descheduled,
    migrations: unfinished.filter((migration) => !beyondReturn.includes(migration)),
    beyondReturn,
  };
}

/** What could not be looked at may go on: nothing is called undone, or given back, over it. */
export function unseenParts(facts: Facts): string[] {
  return ["virtualmachineinstances", "virtualmachineinstancemigrations"].flatMap((resource) => {
    const gap = findGap(facts, resource);
    return gap === undefined
      ? []
      : [`${resource} could not be read (${gap.reason}): what of them goes on is not known`];
  });
}

/** VMs, `namespace/name`, that KubeVirt goes on moving away from the node whatever becomes of the drain. */
export function leavingVms(facts: Facts, node: string): readonly string[] {
  const { marks, migrations } = evacuationOf(facts, node);
  const names = [
    ...marks.map(({ metadata }) => keyOf(metadata)),
    ...migrations.map(({ metadata, spec }) => `${metadata.namespace}/${spec.vmiName}`),
  ];
  return [...new Set(names)];
}

/** How many VMs `leavingVms` names, by node; without nodes that none leaves. */
export function leavingByNode(facts: Facts): ReadonlyMap<string, number> {
  const nodes = new Set([
    ...facts.vmis.flatMap(({ status }) => status.evacuationNodeName ?? []),
    ...facts.migrations.flatMap(({ metadata }) => metadata.annotations[evacuationMigrationAnnotation] ?? []),
  ]);
  return new Map([...nodes].map((node) => [node, leavingVms(facts, node).length]));
}

/** The taint that makes KubeVirt evacuate the node without any eviction, for as long as it is there. */
export function drainTaintOf({ kubevirt }: Facts, { spec }: Node): Taint | undefined {
  const key = kubevirt?.migrations.nodeDrainTaintKey ?? migrationDefaults.nodeDrainTaintKey;
  return spec.taints.find((taint) => taint.key === key && taint.effect === "NoSchedule");
}

/** A command on the migrations of these VMs; KubeVirt's mutator gives each migration the label with its VMI's name. */
export function onMigrations(verb: "delete" | "describe", namespace: string, vms: readonly string[]): string {
  const [only, ...more] = vms;
  const selector = more.length === 0 ? `${vmiNameLabel}=${only}` : `'${vmiNameLabel} in (${vms.join(",")})'`;
  return `kubectl ${verb} vmim -n ${namespace} -l ${selector}`;
}

/** True when the migration is about this VMI. */
export function isMigrationOf(migration: VirtualMachineInstanceMigration, vmi: VirtualMachineInstance): boolean {
  return migration.metadata.namespace === vmi.metadata.namespace && migration.spec.vmiName === vmi.metadata.name;
}

function isBeyondReturn(migration: VirtualMachineInstanceMigration, facts: Facts): boolean {
  const state = facts.vmis.find((vmi) => isMigrationOf(migration, vmi))?.status.migrationState;
  if (state === undefined || state.migrationUid !== migration.metadata.uid) return false;
  return state.targetNodeDomainReadyTimestamp !== undefined || state.mode === "PostCopy";
}
