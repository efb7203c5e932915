/** Looks up by name, in batches, the VMs that no watch of a node shows: those that left, start, or arrive. */

import { keyOf } from "../model/kubernetes.ts";
import type { ReplicaSet, VirtualMachine, VirtualMachineInstance } from "../model/kubevirt.ts";
import { replicaSetsByName, virtualMachinesByName } from "./around-vms.ts";
import { type ObjectName, readNamed } from "./named-objects.ts";
import type { Reading } from "./reading.ts";
import { resourceTypes } from "./resource-types.ts";
import { vmisByName } from "./workloads.ts";

/** What the last look found; all by `namespace/name`. */
export interface LookedUp {
  readonly vmis: ReadonlyMap<string, VirtualMachineInstance>;
  readonly absent: ReadonlySet<string>;
  readonly virtualMachines: ReadonlyMap<string, VirtualMachine>;
  readonly absentMachines: ReadonlySet<string>;
  readonly replicaSets: ReadonlyMap<string, ReplicaSet>;
}

/** What is known of the owners of VMIs, by the `namespace/name` of the VMI. */
export interface KnownOwners {
  /** Its VM, of the same name, could be read. */
  isVm(key: string): boolean;
  replicaSetOf(key: string): ObjectName | undefined;
}

/** A look is repeated every few seconds: the VMIs of a whole namespace are not worth it as soon as those of one list are. */
const singlesAtMost = 20;

export const nothingLookedUp: LookedUp = {
  vmis: new Map(),
  absent: new Set(),
  virtualMachines: new Map(),
  absentMachines: new Set(),
  replicaSets: new Map(),
};

/**
 * Reads these VMIs, and of those that do not run the VMs, which say why, and the replica sets, which put others in their place.
 * Undefined when it could not be read: then what was found before still holds.
 */
export async function lookUp(
  reading: Reading,
  names: readonly ObjectName[],
  owners: KnownOwners,
): Promise<LookedUp | undefined> {
  const vmis = mapOf(await readNamed(reading, { ...vmisByName, singlesAtMost }, names));
  const down = names.filter((name) => vmis.get(keyOf(name))?.status.phase !== "Running");
  const machines = down.filter((name) => owners.isVm(keyOf(name)));
  const sets = down.flatMap((name) => owners.replicaSetOf(keyOf(name)) ?? []);
  const virtualMachines = mapOf(await readNamed(reading, { ...virtualMachinesByName, singlesAtMost }, machines));
  const replicaSets = mapOf(await readNamed(reading, { ...replicaSetsByName, singlesAtMost }, sets));
  // Without replica sets the rest still holds.
  if (reading.gaps.some(({ resource }) => resource !== resourceTypes.replicaSets.plural)) return undefined;
  return {
    vmis,
    absent: missing(names, vmis),
    virtualMachines,
    absentMachines: missing(machines, virtualMachines),
    replicaSets,
  };
}

function mapOf<T extends { readonly metadata: ObjectName }>(objects: readonly T[]): ReadonlyMap<string, T> {
  return new Map(objects.map((object) => [keyOf(object.metadata), object]));
}

function missing(names: readonly ObjectName[], found: ReadonlyMap<string, unknown>): ReadonlySet<string> {
  return new Set(names.map(keyOf).filter((key) => !found.has(key)));
}
