/** To which object the events about a VM of a lost node belong. Pure. */
import { controllerOf, keyOf } from "../model/kubernetes.ts";
import type { LostNodeFacts } from "../model/lost-node.ts";
import type { RecordedVm } from "../model/record.ts";
import { vmiKind, vmKind } from "../platform/names.ts";

export interface EventObject {
  readonly kind: typeof vmKind | typeof vmiKind;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/**
 * The VirtualMachine, or the VMI where nothing else is known: a VMI goes with its node and another one comes, so that its
 * events are not found afterwards with `kubectl describe`.
 */
export function eventObject(vm: RecordedVm, { facts, takenUp }: Pick<LostNodeFacts, "facts" | "takenUp">): EventObject {
  const { namespace, name, uid } = vm;
  const vmi = facts.vmis.find(({ metadata }) => metadata.uid === uid);
  const owner = vmi === undefined ? undefined : controllerOf(vmi.metadata);
  if (owner?.kind === vmKind) return { kind: vmKind, namespace, name: owner.name, uid: owner.uid };
  const machine = takenUp?.virtualMachines.find(({ metadata }) => keyOf(metadata) === keyOf(vm));
  if (vmi === undefined && machine !== undefined) return { kind: vmKind, namespace, name, uid: machine.metadata.uid };
  return { kind: vmiKind, namespace, name, uid };
}
