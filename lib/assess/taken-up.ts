/** What becomes of the VMs of a recovery that was begun and taken up again, of which nothing is left on the node. Pure. */

import type { VmRecovery } from "../model/dossier.ts";
import { recoveryOn } from "../model/facts.ts";
import { controllerOf, isBeingDeleted, keyOf } from "../model/kubernetes.ts";
import { isFinalVmi, type VirtualMachine, type VirtualMachineInstance } from "../model/kubevirt.ts";
import type { LostNodeFacts } from "../model/lost-node.ts";
import type { Obstacle, RecordedVm } from "../model/record.ts";
import { replicaSetOf } from "./owners.ts";
import { disksOfCasualty, hindered } from "./recovery-hints.ts";
import { afterwards, type Ending, leftover, needsRepair, type RowVerdict, underMachine } from "./recovery-rows.ts";
import { findGap, type Index, indexFacts } from "./subjects.ts";

type Here = Pick<VmRecovery, "namespace" | "name" | "row" | "pods" | "outcome">;

/**
 * The VMs on record that the node has lost, in the record's order: all but those among `here`. One whose VMI has ended, or is
 * gone, and of which a pod is left there is among them, with that pod.
 */
export function takenUpVms(
  { node, record, facts, takenUp, attachments }: LostNodeFacts,
  here: readonly Here[],
): readonly VmRecovery[] {
  const recovery = recoveryOn(record);
  if (recovery === undefined) return [];
  const present = new Map(here.map((vm) => [keyOf(vm), vm]));
  const { vmis = [], virtualMachines = [] } = takenUp ?? {};
  const index = indexFacts({
    ...facts,
    vmis: [...facts.vmis, ...vmis],
    virtualMachines: [...facts.virtualMachines, ...virtualMachines],
  });
  return recovery.vms
    .filter((vm) => isFreed(vm, present.get(keyOf(vm))))
    .map((vm): VmRecovery => {
      const verdict = judge(index, vm);
      const { row, outcome, sentences, fix, obstacle } =
        vm.obstacle === undefined ? verdict : hindered(verdict, vm.obstacle, vm, node);
      const { namespace, name, uid } = vm;
      const vmi = index.vmis.get(keyOf(vm));
      const replicaSet = vm.replicaSet ?? replicaSetOf(vmi && controllerOf(vmi.metadata));
      const { attached } = disksOfCasualty(index, attachments, { namespace, vmi }, []);
      return {
        ...{ namespace, name, uid, row, outcome, fix, replicaSet, obstacle },
        reason: sentences.join(" "),
        pods: present.get(keyOf(vm))?.pods ?? [],
        migrations: [],
        attachments: attached.flatMap(({ volumeName }) => volumeName ?? []),
      };
    });
}

/** What was seen to keep VMs from starting elsewhere, by `namespace/name`, when the recovery on record began. */
export function recordedObstacles({ record }: Pick<LostNodeFacts, "record">): ReadonlyMap<string, Obstacle> {
  const { vms = [] } = recoveryOn(record) ?? {};
  return new Map(vms.flatMap((vm) => (vm.obstacle === undefined ? [] : [[keyOf(vm), vm.obstacle] as const])));
}

/** A pod without its guest is no more than a trace of what was freed, unless it was all that there was from the beginning. */
function isFreed(vm: RecordedVm, here: Here | undefined): boolean {
  if (here === undefined) return true;
  const isTrace = here.row === leftover.row || (here.row === "C7" && here.outcome === "unaffected");
  return isTrace && vm.unaffected !== true;
}

/** As for a VM whose pods are still there, from what is left: its VirtualMachine, or the VMI that has ended. */
function judge(index: Index, vm: RecordedVm): RowVerdict {
  if (vm.unaffected) return leftover;
  if (vm.replicaSet !== undefined) {
    const reason = `Its replica set ${vm.replicaSet} makes another in its place.`;
    return { row: "C16", outcome: "replaced", sentences: [reason] };
  }
  const machine = index.machines.get(keyOf(vm));
  const vmi = index.vmis.get(keyOf(vm));
  const ending = endingOf(vm, vmi, machine);
  if (machine !== undefined) {
    const repair = needsRepair(machine);
    return repair === undefined ? underMachine(machine, ending) : { ...repair, outcome: "stays-down" };
  }
  if (vmi !== undefined) return afterwards(index, vmi, ending);
  const gap = findGap(index.facts, "virtualmachines", vm.namespace);
  const reason =
    gap === undefined
      ? "Neither it nor a VirtualMachine of its name exists any more."
      : `Whether it starts again is not known: its VirtualMachine could not be read (${gap.reason}).`;
  return { row: gap === undefined ? "C18" : "unknown", outcome: "stays-down", sentences: [reason] };
}

/** How the VMI on record has ended, or will. One that is gone was deleted, if its VirtualMachine has come to rest without it. */
function endingOf(
  { uid }: RecordedVm,
  vmi: VirtualMachineInstance | undefined,
  machine: VirtualMachine | undefined,
): Ending {
  if (vmi === undefined) return machine?.printableStatus === "Stopped" ? "deleted" : "failed";
  if (vmi.metadata.uid !== uid) return "failed";
  if (isFinalVmi(vmi)) return vmi.status.phase === "Succeeded" ? "succeeded" : "failed";
  return isBeingDeleted(vmi) ? "deleted" : "failed";
}
