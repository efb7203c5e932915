/** What happens to a VM after its guest was shut down: the owner decides, or nobody. */
import type { Gap } from "../model/facts.ts";
import type { Finding } from "../model/finding.ts";
import { controllerOf, findCondition, type OwnerReference } from "../model/kubernetes.ts";
import type { VirtualMachine, VirtualMachineInstance } from "../model/kubevirt.ts";
import type { DrainRow, Outcome, VmVerdict } from "../model/verdict.ts";
import { replicaSetKind, vmKind } from "../platform/names.ts";
import { makeFinding, named, refer, vmiReference } from "./findings.ts";
import { findGap, type Index, machineOf } from "./subjects.ts";

export interface Aftermath {
  readonly row: Extract<DrainRow, "D19" | "D20" | "D21" | "D22" | "unknown">;
  readonly outcome: Extract<Outcome, "restarts" | "stops">;
  readonly findings: readonly Finding[];
}

/**
 * The row for a VM whose guest an eviction shuts down orderly. `why` says in one sentence that it is shut down.
 * An owner that cannot be read, or is not known, counts as one that does not start it again.
 * Follows KubeVirt's pkg/virt-controller/watch/vm/vm.go and …/watch/replicaset/replicaset.go.
 */
export function afterShutdown(index: Index, vmi: VirtualMachineInstance, why: string): Aftermath {
  const owner = controllerOf(vmi.metadata);
  if (owner?.kind === vmKind) {
    const vm = machineOf(index, vmi);
    return vm === undefined ? withoutMachine(index, vmi, owner, why) : underMachine(vm, vmi, why);
  }
  const object = vmiReference(vmi);
  if (owner?.kind === replicaSetKind) {
    const reason = `${why} Its replica set ${owner.name} starts another in its place.`;
    return restarts(makeFinding({ code: "ShutsDownRestarts", object, reason, ...ownerField(owner) }));
  }
  const reason =
    owner === undefined ? `Bare VMI: ${lowerFirst(why)} It is not started again.` : `${why} ${ownerNotKnown(owner)}`;
  return stops(
    "D22",
    makeFinding({
      code: "BareVmi",
      object,
      reason,
      ...ownerField(owner),
      fix: saveCommand(vmi),
    }),
  );
}

/** What is said of a VM whose owner is of a kind that this program does not know. */
export function ownerNotKnown({ kind, name }: OwnerReference): string {
  return `Whether its owner ${kind} ${name} starts it again is not known; counted as staying down.`;
}

/** What is said of a VM whose VirtualMachine lies behind this gap. */
export function machineNotRead({ name }: OwnerReference, { reason }: Gap): string {
  return `Whether it is started again is not known: its VirtualMachine ${name} could not be read (${reason}). Counted as staying down.`;
}

/** Keeps the definition of a VMI that nothing makes anew. */
export function saveCommand({ metadata }: VirtualMachineInstance): string {
  return `kubectl get vmi ${named(metadata)} -o yaml > ${metadata.name}.yaml`;
}

/** The name of the replica set that owns a VMI. */
export function replicaSetOf(owner: { readonly kind: string; readonly name: string } | undefined): string | undefined {
  return owner?.kind === replicaSetKind ? owner.name : undefined;
}

function underMachine(vm: VirtualMachine, vmi: VirtualMachineInstance, why: string): Aftermath {
  const object = vmiReference(vmi);
  const provedBy = refer("virtualmachine", vm.metadata);
  const strategy = vm.runStrategy ?? "Halted";
  const proof = { field: "spec.runStrategy", value: vm.runStrategy, provedBy };
  const repair = findCondition(vm.conditions, "ManualRecoveryRequired");
  const fix = `virtctl start ${named(vm.metadata)}`;
  if (repair?.status === "True") {
    const reason = `${why} It is not started again: a volume migration was interrupted and its volumes must be repaired first (ManualRecoveryRequired).`;
    const field = "status.conditions[ManualRecoveryRequired].message";
    const value = repair.message ?? repair.status;
    return stops("D21", makeFinding({ code: "ShutsDownStaysOff", object, reason, field, value, provedBy }));
  }
  if (strategy === "Always") {
    const reason = `${why} It is started again on another node (runStrategy Always).`;
    return restarts(makeFinding({ code: "ShutsDownRestarts", object, reason, ...proof }));
  }
  if (strategy === "RerunOnFailure") {
    const reason = `${why} A guest that shuts down orderly is not started again under runStrategy RerunOnFailure.`;
    return stops("D20", makeFinding({ code: "ShutsDownProbablyStaysOff", object, reason, ...proof, fix }));
  }
  const reason = `${why} It is not started again (runStrategy ${strategy}).`;
  return stops("D21", makeFinding({ code: "ShutsDownStaysOff", object, reason, ...proof, fix }));
}

function withoutMachine(index: Index, vmi: VirtualMachineInstance, owner: OwnerReference, why: string): Aftermath {
  const object = vmiReference(vmi);
  const gap = findGap(index.facts, "virtualmachines", vmi.metadata.namespace);
  if (gap === undefined) {
    const reason = `${why} Its VirtualMachine ${owner.name} no longer exists, so nothing starts it again.`;
    return stops("D22", makeFinding({ code: "BareVmi", object, reason, ...ownerField(owner) }));
  }
  const reason = `${why} ${machineNotRead(owner, gap)}`;
  return stops("unknown", makeFinding({ code: "Unreadable", object, reason, ...ownerField(owner) }));
}

function ownerField(owner: OwnerReference | undefined): { readonly field: string; readonly value: string | undefined } {
  return { field: "metadata.ownerReferences", value: owner && `${owner.kind}/${owner.name}` };
}

function restarts(finding: Finding): Aftermath {
  return { row: "D19", outcome: "restarts", findings: [finding] };
}

function stops(row: Aftermath["row"], finding: Finding): Aftermath {
  return { row, outcome: "stops", findings: [finding] };
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** The VirtualMachine that a VM belongs to. */
export function machineOfVerdict({
  namespace,
  owner,
}: VmVerdict): { readonly namespace: string; readonly name: string } | undefined {
  return owner?.kind === vmKind ? { namespace, name: owner.name } : undefined;
}
