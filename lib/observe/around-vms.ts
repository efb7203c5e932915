/** Reads what belongs to VMIs: the VMs that own them, their migrations, their other pods, their disks, and budgets and quotas near them. */
import type { ResourceType } from "../kube/api.ts";
import { objectOf } from "../model/json.ts";
import {
  controllerOf,
  keyOf,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
} from "../model/kubernetes.ts";
import type {
  ReplicaSet,
  VirtualMachine,
  VirtualMachineInstance,
  VirtualMachineInstanceMigration,
} from "../model/kubevirt.ts";
import { createdByLabel, vmiNameLabel, vmKind } from "../platform/names.ts";
import { decodeClaim, decodePersistentVolume, decodePod, decodeQuota } from "./decode/core.ts";
import { decodeMigration, decodeReplicaSet, decodeVirtualMachine } from "./decode/kubevirt.ts";
import { decodeBudget } from "./decode/policy.ts";
import { selectAny } from "./label-selectors.ts";
import { type NamedKind, type ObjectName, readNamed } from "./named-objects.ts";
import { text } from "./read-field.ts";
import { type Decoder, gapOf, isForbidden, type Reading } from "./reading.ts";
import { resourceTypes } from "./resource-types.ts";

export const virtualMachinesByName: NamedKind<VirtualMachine> = {
  type: resourceTypes.virtualMachines,
  decode: decodeVirtualMachine,
  singlesAtMost: 3,
  requestsAtMost: 40,
};

export const replicaSetsByName: NamedKind<ReplicaSet> = {
  type: resourceTypes.replicaSets,
  decode: decodeReplicaSet,
  singlesAtMost: 3,
  requestsAtMost: 40,
};

const claimsByName: NamedKind<PersistentVolumeClaim> = {
  type: resourceTypes.claims,
  decode: decodeClaim,
  singlesAtMost: 3,
  requestsAtMost: 15,
};

const volumesByName: NamedKind<PersistentVolume> = {
  type: resourceTypes.volumes,
  decode: decodePersistentVolume,
  singlesAtMost: 6,
  requestsAtMost: 15,
};

/** Of more namespaces than this, the objects of the whole cluster are listed, unless they are too many. */
const namespacesSingly = 4;
const everywhereAtMost = 500;

/** The VirtualMachines that control these VMIs. */
export function readOwners(
  reading: Reading,
  vmis: readonly VirtualMachineInstance[],
): Promise<readonly VirtualMachine[]> {
  const names: ObjectName[] = [];
  for (const { metadata } of vmis) {
    const owner = controllerOf(metadata);
    if (owner?.kind === vmKind) names.push({ namespace: metadata.namespace, name: owner.name });
  }
  return readNamed(reading, virtualMachinesByName, names);
}

/** The migrations of the VMIs of these names, finished ones included. */
export async function readMigrations(
  reading: Reading,
  vmis: readonly ObjectName[],
): Promise<readonly VirtualMachineInstanceMigration[]> {
  const keys = new Set(vmis.map(keyOf));
  const selectors = selectAny(
    vmiNameLabel,
    vmis.map(({ name }) => name),
  );
  const lists = await Promise.all(
    selectors.map(({ selector }) =>
      reading.list(resourceTypes.migrations, { labelSelector: selector }, decodeMigration),
    ),
  );
  // A VMI of the same name in another namespace carries the same label.
  return lists.flatMap((list) => list ?? []).filter((migration) => keys.has(keyOfVmi(migration)));
}

/** `namespace/name` of the VMI that is migrated. */
export function keyOfVmi(migration: VirtualMachineInstanceMigration): string {
  return keyOf({ namespace: migration.metadata.namespace, name: migration.spec.vmiName });
}

/** KubeVirt keeps up to five ended migrations of each VM, so that a large cluster has more of them than are worth reading. */
const migrationPagesAtMost = 4;

/** How many migrations of the whole cluster have not ended, from a table of their phases; undefined when that cannot be told. */
export async function countRunningMigrations(reading: Reading): Promise<number | undefined> {
  const ended = (phase: unknown) => phase === "Succeeded" || phase === "Failed";
  const table = await reading.table(resourceTypes.migrations, { pagesAtMost: migrationPagesAtMost });
  if (table?.rest !== undefined) return undefined;
  const column = table?.columns.findIndex(({ name }) => name === "Phase") ?? -1;
  if (table !== undefined && column >= 0) return table.rows.filter(({ cells }) => !ended(cells[column])).length;
  const phaseOf = (object: unknown) => text(objectOf(objectOf(object).status).phase) ?? "";
  const phases = await reading.list(resourceTypes.migrations, {}, phaseOf);
  return phases?.filter((phase) => !ended(phase)).length;
}

/** Launcher pods of these VMIs on other nodes than those whose pods are known already. */
export async function readOtherLaunchers(
  reading: Reading,
  vmis: readonly VirtualMachineInstance[],
  known: readonly Pod[],
): Promise<readonly Pod[]> {
  const knownUids = new Set(known.map((pod) => pod.metadata.uid));
  // `activePods` lists what the VMI has anywhere, by UID; a VMI whose pods are all known needs no look.
  const abroad = vmis.filter((vmi) => Object.keys(vmi.status.activePods).some((uid) => !knownUids.has(uid)));
  const selectors = selectAny(
    createdByLabel,
    abroad.map((vmi) => vmi.metadata.uid),
  );
  const lists = await Promise.all(
    selectors.map(({ selector }) => reading.list(resourceTypes.pods, { labelSelector: selector }, decodePod)),
  );
  return lists.flatMap((list) => list ?? []).filter((pod) => !knownUids.has(pod.metadata.uid));
}

export interface Disks {
  readonly claims: readonly PersistentVolumeClaim[];
  readonly volumes: readonly PersistentVolume[];
}

/** The claims that the VMIs use, and the volumes behind them. */
export async function readDisks(reading: Reading, vmis: readonly VirtualMachineInstance[]): Promise<Disks> {
  const claimNames: ObjectName[] = [];
  for (const { metadata, spec } of vmis)
    for (const { claimName } of spec.volumes)
      if (claimName !== undefined) claimNames.push({ namespace: metadata.namespace, name: claimName });
  const claims = await readNamed(reading, claimsByName, claimNames);
  const volumeNames = claims.flatMap(({ volumeName }) =>
    volumeName === undefined ? [] : [{ namespace: "", name: volumeName }],
  );
  return { claims, volumes: await readNamed(reading, volumesByName, volumeNames) };
}

/** Objects of which a namespace has few and a cluster may have many, such as budgets and quotas. */
export async function readInNamespaces<T extends { readonly metadata: { readonly namespace: string } }>(
  reading: Reading,
  { type, decode }: { readonly type: ResourceType; readonly decode: Decoder<T> },
  namespaces: ReadonlySet<string>,
): Promise<readonly T[]> {
  if (namespaces.size > namespacesSingly) {
    const everywhere = await reading.attemptPage(type, {}, decode, { limit: everywhereAtMost });
    if (everywhere.ok && everywhere.value.rest === undefined)
      return everywhere.value.items.filter(({ metadata }) => namespaces.has(metadata.namespace));
    if (!everywhere.ok && !isForbidden(everywhere.error)) {
      reading.noteGap(gapOf(type, "list", undefined, everywhere.error));
      return [];
    }
  }
  const lists = [...namespaces].map((namespace) => reading.list(type, { namespace }, decode));
  return (await Promise.all(lists)).flatMap((list) => list ?? []);
}

export const budgetKind = { type: resourceTypes.budgets, decode: decodeBudget };
export const quotaKind = { type: resourceTypes.quotas, decode: decodeQuota };
