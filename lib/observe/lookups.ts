/** Looks up by name, in batches, the VMs that no watch of a node shows: those that left, start, or arrive. */
import type { VirtualMachine, VirtualMachineInstance } from "../model/kubevirt.ts";
import { virtualMachinesByName } from "./around-vms.ts";
import { type ObjectName, readNamed } from "./named-objects.ts";
import { keyOf, type Reading } from "./reading.ts";
import { vmisByName } from "./workloads.ts";

/** What the last look found; all by `namespace/name`. */
export interface LookedUp {
  readonly vmis: ReadonlyMap<string, VirtualMachineInstance>;
  readonly absent: ReadonlySet<string>;
  readonly virtualMachines: ReadonlyMap<string, VirtualMachine>;
}

/** A look is repeated every few seconds: the VMIs of a whole namespace are not worth it as soon as those of one list are. */
const singlesAtMost = 20;

export const nothingLookedUp: LookedUp = { vmis: new Map(), absent: new Set(), virtualMachines: new Map() };

/**
 * Reads these VMIs, and the VMs of those that do not run, because the VM says why. Undefined when it could not be read: then
 * what was found before still holds.
 */
export async function lookUp(
  reading: Reading,
  names: readonly ObjectName[],
  isVm: (key: string) => boolean,
): Promise<LookedUp | undefined> {
  const vmis = new Map(
    (await readNamed(reading, { ...vmisByName, singlesAtMost }, names)).map((vmi) => [keyOf(vmi.metadata), vmi]),
  );
  const down = names.filter((name) => isVm(keyOf(name)) && vmis.get(keyOf(name))?.status.phase !== "Running");
  const virtualMachines = await readNamed(reading, { ...virtualMachinesByName, singlesAtMost }, down);
  if (reading.gaps.length > 0) return undefined;
  return {
    vmis,
    absent: new Set(names.map(keyOf).filter((key) => !vmis.has(key))),
    virtualMachines: new Map(virtualMachines.map((vm) => [keyOf(vm.metadata), vm])),
  };
}
