/** Joins pods, VMIs, VMs and migrations: who is on a node, and what belongs to whom. */

import type { Facts, Gap } from "../model/facts.ts";
import {
  controllerOf,
  isBeingDeleted,
  isFinishedPod,
  keyOf,
  type Node,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  type PodDisruptionBudget,
  type ResourceQuota,
} from "../model/kubernetes.ts";
import {
  isFinalVmi,
  isFinishedMigration,
  type VirtualMachine,
  type VirtualMachineInstance,
  type VirtualMachineInstanceMigration,
} from "../model/kubevirt.ts";
import { liveLaunchers, vmiOfLauncher } from "../platform/launcher-pod.ts";
import {
  createdByLabel,
  evacuationMigrationAnnotation,
  migrationJobUidLabel,
  vmiKind,
  vmKind,
  workloadUpdateMigrationAnnotation,
} from "../platform/names.ts";

/** What a drain has to get off a node: a launcher pod with its VMI, or either of them alone. */
export type Subject =
  /** Without a VMI when there is none, or it could not be read. */
  | { readonly node: string; readonly pod: Pod; readonly vmi?: VirtualMachineInstance | undefined }
  /** A VMI that names the node but has no unfinished pod there. */
  | { readonly node: string; readonly pod?: undefined; readonly vmi: VirtualMachineInstance };

/** A picture with the joins that the rules need, made once per assessment. */
export interface Index {
  readonly facts: Facts;
  readonly nodes: ReadonlyMap<string, Node>;
  readonly podsByNode: ReadonlyMap<string, readonly Pod[]>;
  readonly podsByVmi: ReadonlyMap<string, readonly Pod[]>;
  readonly vmis: ReadonlyMap<string, VirtualMachineInstance>;
  readonly vmisByNode: ReadonlyMap<string, readonly VirtualMachineInstance[]>;
  readonly machines: ReadonlyMap<string, VirtualMachine>;
  readonly migrations: ReadonlyMap<string, readonly VirtualMachineInstanceMigration[]>;
  readonly budgets: ReadonlyMap<string, readonly PodDisruptionBudget[]>;
  readonly quotas: ReadonlyMap<string, readonly ResourceQuota[]>;
  readonly claims: ReadonlyMap<string, PersistentVolumeClaim>;
  readonly volumes: ReadonlyMap<string, PersistentVolume>;
}

/** Joins what the picture holds. As large as the picture: made once, and handed on. */
export function indexFacts(facts: Facts): Index {
  return {
    facts,
    nodes: new Map(facts.nodes.map((node) => [node.metadata.name, node])),
    podsByNode: groupBy(facts.pods, (pod) => pod.spec.nodeName),
    podsByVmi: groupBy(facts.pods, vmiUidOf),
    vmis: new Map(facts.vmis.map((vmi) => [keyOf(vmi.metadata), vmi])),
    vmisByNode: groupBy(facts.vmis, (vmi) => vmi.status.nodeName),
    machines: new Map(facts.virtualMachines.map((vm) => [keyOf(vm.metadata), vm])),
    migrations: groupBy(facts.migrations, (entry) => `${entry.metadata.namespace}/${entry.spec.vmiName}`),
    budgets: groupBy(facts.budgets, (budget) => budget.metadata.namespace),
    quotas: groupBy(facts.quotas?.items ?? [], (quota) => quota.metadata.namespace),
    claims: new Map(facts.claims.map((claim) => [keyOf(claim.metadata), claim])),
    volumes: new Map(facts.volumes.map((volume) => [volume.metadata.name, volume])),
  };
}

function groupBy<T>(items: readonly T[], key: (item: T) => string | undefined): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const name = key(item);
    if (name === undefined) continue;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [item]);
    else group.push(item);
  }
  return groups;
}

/** The UID of the VMI that controls a launcher pod; undefined where none does. */
export function vmiUidOf(pod: Pod): string | undefined {
  const owner = controllerOf(pod.metadata);
  return owner?.kind === vmiKind ? owner.uid : undefined;
}

/** How a launcher pod's VMI is called, or the pod itself where nothing tells. */
export function vmiNameOf(pod: Pod): string {
  return vmiOfLauncher(pod)?.name ?? pod.metadata.name;
}

/** True for a pod that a migration made as its target, also after that migration's end. */
export function isMigrationTarget(pod: Pod): boolean {
  return pod.metadata.labels[migrationJobUidLabel] !== undefined;
}

/** Everything of VMs that a node still holds, in the order of namespace and name. */
export function subjectsOn(index: Index, node: string): Subject[] {
  const subjects: Subject[] = [];
  const here = new Set<string>();
  for (const pod of liveLaunchers(index.podsByNode.get(node) ?? [])) {
    const vmi = vmiOf(index, pod);
    if (vmi !== undefined) here.add(vmi.metadata.uid);
    subjects.push({ node, pod, vmi });
  }
  for (const vmi of index.vmisByNode.get(node) ?? []) {
    if (!isFinalVmi(vmi) && !here.has(vmi.metadata.uid)) subjects.push({ node, vmi });
  }
  return subjects.sort((left, right) => compare(sortKey(left), sortKey(right)));
}

/** The VMI of a launcher pod. One that only bears the same name is another VMI. */
export function vmiOf(index: Index, pod: Pod): VirtualMachineInstance | undefined {
  const vmi = namesakeOf(index, pod);
  // A pod that was orphaned, or restored from a backup, has no owner; its label stays.
  const uid = vmiUidOf(pod) ?? pod.metadata.labels[createdByLabel];
  return uid === undefined || vmi?.metadata.uid === uid ? vmi : undefined;
}

/** The VMI that bears the name of a launcher pod's. */
export function namesakeOf({ vmis }: Index, pod: Pod): VirtualMachineInstance | undefined {
  return vmis.get(`${pod.metadata.namespace}/${vmiNameOf(pod)}`);
}

function sortKey({ pod, vmi }: Subject): string {
  const namespace = vmi?.metadata.namespace ?? pod?.metadata.namespace;
  const name = vmi?.metadata.name ?? (pod && vmiNameOf(pod));
  return `${namespace}\u0000${name}\u0000${pod?.metadata.name}`;
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The VMs of a node: running, starting, arriving or ending; also launcher pods that have lost their VMI. */
export function vmsOf(facts: Facts, node: string): readonly Subject[] {
  return subjectsOn(indexFacts(facts), node);
}

/**
 * The "drained" predicate: no unfinished launcher pod is on the node, and no VMI that has not ended names it.
 * False when pods or VMIs could not be read: what was not seen is not gone.
 */
export function isEmpty(facts: Facts, node: string): boolean {
  if (findGap(facts, "pods") !== undefined || findGap(facts, "virtualmachineinstances") !== undefined) return false;
  return vmsOf(facts, node).length === 0;
}

/** The node of that name, if it was read. */
export function findNode({ nodes }: Pick<Facts, "nodes">, name: string | undefined): Node | undefined {
  return nodes.find(({ metadata }) => metadata.name === name);
}

/** The gap that hides objects of a kind: in `namespace`, or anywhere when none is given. */
export function findGap(facts: Facts, resource: string, namespace?: string): Gap | undefined {
  return facts.gaps.find(
    (gap) =>
      (gap.resource === resource || gap.resource.startsWith(`${resource}.`)) &&
      (namespace === undefined || gap.namespace === undefined || gap.namespace === namespace),
  );
}

/** The VM that controls the VMI, if it could be read. */
export function machineOf(index: Index, vmi: VirtualMachineInstance): VirtualMachine | undefined {
  const owner = controllerOf(vmi.metadata);
  if (owner?.kind !== vmKind) return undefined;
  const vm = index.machines.get(`${vmi.metadata.namespace}/${owner.name}`);
  return vm?.metadata.uid === owner.uid ? vm : undefined;
}

/** The migration of the VMI that has not ended. */
export function unfinishedMigration(
  index: Index,
  vmi: VirtualMachineInstance,
): VirtualMachineInstanceMigration | undefined {
  return migrationsOf(index, vmi).find((migration) => !isFinishedMigration(migration));
}

/** Whether a migration has taken this pod's guest away since the VMI was read, which still names the pod's node: migrations are read after it. */
export function hasJustLeft(index: Index, pod: Pod): boolean {
  const vmi = vmiOf(index, pod);
  const created = Date.parse(pod.metadata.creationTimestamp ?? "");
  return (vmi === undefined ? [] : migrationsOf(index, vmi)).some(({ status: { phase, migrationState } }) => {
    const away = phase === "Succeeded" && migrationState?.sourceNode === pod.spec.nodeName;
    // One that ended before took an earlier pod away.
    return away && Date.parse(migrationState?.endTimestamp ?? "") > created;
  });
}

function migrationsOf(index: Index, vmi: VirtualMachineInstance): readonly VirtualMachineInstanceMigration[] {
  return index.migrations.get(keyOf(vmi.metadata)) ?? [];
}

/** The newest migration of the VMI. */
export function latestMigration(
  index: Index,
  vmi: VirtualMachineInstance,
): VirtualMachineInstanceMigration | undefined {
  return migrationsOf(index, vmi).reduce<VirtualMachineInstanceMigration | undefined>(
    (latest, migration) => (latest === undefined || createdAt(migration) >= createdAt(latest) ? migration : latest),
    undefined,
  );
}

/**
 * True for the target pod of a migration that has not brought the VM: it is under way or has failed. The label that tells of
 * the migration stays on the pod for good, and so it is found on a source pod, too, whose VM had come by a migration.
 */
export function isIncoming(index: Index, pod: Pod, vmi: VirtualMachineInstance): boolean {
  const job = pod.metadata.labels[migrationJobUidLabel];
  const state = vmi.status.migrationState;
  if (job === undefined || state?.sourcePod === pod.metadata.name) return false;
  const migration = migrationsOf(index, vmi).find(({ metadata }) => metadata.uid === job);
  if (migration !== undefined) return migration.status.phase !== "Succeeded";
  return state?.migrationUid === job && !(state.completed && !state.failed);
}

/** Pods of the VMI, on whatever node, in which something may still run. */
export function activePodsOf(index: Index, vmi: VirtualMachineInstance): readonly Pod[] {
  return (index.podsByVmi.get(vmi.metadata.uid) ?? []).filter((pod) => !isFinishedPod(pod));
}

/** The pod that a migration has made for its target. */
export function targetPodOf(
  index: Index,
  vmi: VirtualMachineInstance,
  migration: VirtualMachineInstanceMigration,
): Pod | undefined {
  return activePodsOf(index, vmi).find((pod) => pod.metadata.labels[migrationJobUidLabel] === migration.metadata.uid);
}

/**
 * Failed evacuations of the VMI since its last success, the newest first. Counted as KubeVirt counts them for its back-off
 * (pkg/virt-controller/watch/migration, handleMigrationBackoff), but without those of an earlier VMI of the same name.
 */
export function failedEvacuations(
  index: Index,
  vmi: VirtualMachineInstance,
): readonly VirtualMachineInstanceMigration[] {
  const born = vmi.metadata.creationTimestamp ?? "";
  const finished = migrationsOf(index, vmi)
    .filter((migration) => isFinishedMigration(migration) && isByKubeVirt(migration))
    .filter((migration) => createdAt(migration) >= Date.parse(born) || born === "")
    .sort((left, right) => createdAt(right) - createdAt(left));
  const success = finished.findIndex((migration) => migration.status.phase === "Succeeded");
  const recent = success === -1 ? finished : finished.slice(0, success);
  return recent.filter((migration) => !isBeingDeleted(migration));
}

function isByKubeVirt({ metadata: { annotations } }: VirtualMachineInstanceMigration): boolean {
  return (
    annotations[evacuationMigrationAnnotation] !== undefined ||
    annotations[workloadUpdateMigrationAnnotation] !== undefined
  );
}

function createdAt(migration: VirtualMachineInstanceMigration): number {
  return Date.parse(migration.metadata.creationTimestamp ?? "") || 0;
}
