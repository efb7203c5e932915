/** What becomes of the VMs of a recovery that was begun and taken up again, of which nothing is left on the node. Pure. */
import type { VmRecovery } from "../model/dossier.ts";
import { controllerOf, keyOf } from "../model/kubernetes.ts";
import type { LostNodeFacts } from "../model/lost-node.ts";
import type { RecordedVm } from "../model/record.ts";
import { replicaSetOf } from "./owners.ts";
import { disksOfCasualty } from "./recovery-hints.ts";
import { afterwards, type RowVerdict, underMachine } from "./recovery-rows.ts";
import { findGap, type Index, indexFacts } from "./subjects.ts";

/** The VMs on record that are not among `here`, in the record's order. */
export function takenUpVms(
  { record, facts, takenUp, attachments }: LostNodeFacts,
  here: readonly Pick<VmRecovery, "namespace" | "name">[],
): readonly VmRecovery[] {
  if (record.kind !== "record" || record.record.kind !== "recover") return [];
  const known = new Set(here.map(keyOf));
  const { vmis = [], virtualMachines = [] } = takenUp ?? {};
  const index = indexFacts({ ...facts, vmis, virtualMachines });
  return record.record.vms
    .filter((vm) => !known.has(keyOf(vm)))
    .map((vm): VmRecovery => {
      const { row, outcome, sentences, fix } = judge(index, vm);
      const { namespace, name, uid } = vm;
      const vmi = index.vmis.get(keyOf(vm));
      const replicaSet = vm.replicaSet ?? replicaSetOf(vmi && controllerOf(vmi.metadata));
      const { attached } = disksOfCasualty(index, attachments, { namespace, vmi }, []);
      return {
        ...{ namespace, name, uid, row, outcome, fix, replicaSet },
        reason: ["Its pods are gone already.", ...sentences].join(" "),
        pods: [],
        migrations: [],
        attachments: attached.flatMap(({ volumeName }) => volumeName ?? []),
      };
    });
}

/** As for a VM whose pods are still there, from what is left: its VirtualMachine, or the VMI that has ended. */
function judge(index: Index, vm: RecordedVm): RowVerdict {
  if (vm.replicaSet !== undefined) {
    const reason = `Its replica set ${vm.replicaSet} makes another in its place.`;
    return { row: "C16", outcome: "replaced", sentences: [reason] };
  }
  const machine = index.machines.get(keyOf(vm));
  if (machine !== undefined) return underMachine(machine, "failed");
  const vmi = index.vmis.get(keyOf(vm));
  if (vmi !== undefined) return afterwards(index, vmi, "failed");
  const gap = findGap(index.facts, "virtualmachines", vm.namespace);
  const reason =
    gap === undefined
      ? "Neither it nor a VirtualMachine of its name exists any more."
      : `Whether it starts again is not known: its VirtualMachine could not be read (${gap.reason}).`;
  return { row: gap === undefined ? "C18" : "unknown", outcome: "stays-down", sentences: [reason] };
}
