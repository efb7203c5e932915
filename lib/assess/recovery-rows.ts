/**
 * The recovery's decision table, C1 to C19 (docs/rules.md): what becomes of each VM of a dead node when its pods are removed.
 * The order of the rows is that of the code; the first that matches wins. C9 to C12 follow in recovery-hints.ts.
 */

import type { RecoveryOutcome, RecoveryRow, VmRecovery } from "../model/dossier.ts";
import type { Facts } from "../model/facts.ts";
import {
  controllerOf,
  findCondition,
  isBeingDeleted,
  isFinishedPod,
  keyOf,
  type OwnerReference,
  type Pod,
} from "../model/kubernetes.ts";
import {
  isFinalVmi,
  isMigrating,
  type MigrationState,
  type VirtualMachine,
  type VirtualMachineInstance,
} from "../model/kubevirt.ts";
import type { Obstacle } from "../model/record.ts";
import { isLauncherPod } from "../platform/launcher-pod.ts";
import { poolKind, replicaSetKind, vmKind } from "../platform/names.ts";
import { named } from "./findings.ts";
import { machineNotRead, ownerNotKnown, saveCommand } from "./owners.ts";
import { findGap, findNode, type Index, machineOf, unfinishedMigration, vmiNameOf, vmiOf } from "./subjects.ts";

/** A VM that has something on the node: launcher pods, or a VMI that names the node. */
export interface Casualty {
  readonly namespace: string;
  readonly name: string;
  /** Of the VMI; of the pod where its VMI is gone. */
  readonly uid: string;
  readonly vmi: VirtualMachineInstance | undefined;
  /** Its launcher pods on the node, the unfinished ones first. */
  readonly launchers: readonly Pod[];
}

export interface RowVerdict {
  readonly row: RecoveryRow;
  readonly outcome: RecoveryOutcome;
  readonly sentences: readonly string[];
  /** Those that still hold when its pods are gone, where they are not all. */
  readonly follows?: readonly string[] | undefined;
  readonly fix?: string | undefined;
  readonly obstacle?: Obstacle | undefined;
  readonly pushesOut?: readonly string[] | undefined;
}

/** Everything of VMs on the node, in the order of namespace and name. */
export function casualtiesOn(index: Index, node: string): Casualty[] {
  const groups = new Map<string, { vmi: VirtualMachineInstance | undefined; launchers: Pod[] }>();
  for (const pod of index.podsByNode.get(node) ?? []) {
    if (!isLauncherPod(pod)) continue;
    const vmi = vmiOf(index, pod);
    const key = vmi?.metadata.uid ?? `${pod.metadata.namespace}/${vmiNameOf(pod)}`;
    const group = groups.get(key) ?? { vmi, launchers: [] };
    groups.set(key, { vmi, launchers: [...group.launchers, pod] });
  }
  for (const vmi of index.facts.vmis) {
    if (vmi.status.nodeName !== node || isFinalVmi(vmi) || groups.has(vmi.metadata.uid)) continue;
    groups.set(vmi.metadata.uid, { vmi, launchers: [] });
  }
  const casualties = [...groups.values()].map(({ vmi, launchers }) => {
    const sorted = launchers.sort((left, right) => Number(isFinishedPod(left)) - Number(isFinishedPod(right)));
    const [pod] = sorted;
    return {
      namespace: vmi?.metadata.namespace ?? pod?.metadata.namespace ?? "",
      name: vmi?.metadata.name ?? (pod === undefined ? "" : vmiNameOf(pod)),
      uid: vmi?.metadata.uid ?? pod?.metadata.uid ?? "",
      vmi,
      launchers: sorted,
    };
  });
  return casualties.sort((left, right) => (keyOf(left) < keyOf(right) ? -1 : 1));
}

/** The row of one VM, without regard to its disks and to room elsewhere. `included`: it goes although it would be held. */
export function judgeCasualty(index: Index, node: string, casualty: Casualty, included: boolean): RowVerdict {
  const { vmi, launchers } = casualty;
  const running = launchers.some((pod) => !isFinishedPod(pod));
  if (vmi === undefined) return running ? withoutVmi(index, casualty, included) : leftover;
  const elsewhere = vmi.status.nodeName !== undefined && vmi.status.nodeName !== node;
  if (!running && (elsewhere || isFinalVmi(vmi))) return leftover;
  // Of two lost nodes, the other may have been recovered first: the pod here is what keeps the VM from starting then.
  if (elsewhere && !isFinalVmi(vmi)) return runsElsewhere(index, vmi, node);
  const repair = needsRepair(machineOf(index, vmi));
  const held = handedOver(index, vmi, node) ?? repair;
  if (held === undefined) return lost(index, vmi, node);
  if (!included) return held;
  const after = repair ?? lost(index, vmi, node);
  return {
    ...after,
    row: held.row,
    outcome: after.outcome === "held" ? "stays-down" : after.outcome,
    sentences: [atYourWord, ...(after === held ? [] : held.sentences), ...after.sentences],
    follows: followsOf(after),
  };
}

const atYourWord = "Its pod goes at your word.";

/** C1. */
export const leftover: RowVerdict = {
  row: "C1",
  outcome: "unaffected",
  sentences: ["Finished pod; nothing to recover."],
};

/** An orphan pod: KubeVirt has forgotten the VMI, and no restart waits for this pod. */
function withoutVmi(index: Index, { namespace, name }: Casualty, included: boolean): RowVerdict {
  const gap = findGap(index.facts, "virtualmachineinstances", namespace);
  const key = keyOf({ namespace, name });
  if (gap === undefined && (index.vmis.has(key) || index.facts.absent?.includes(key)))
    return { row: "C7", outcome: "unaffected", sentences: ["Its VMI no longer exists; only its pod is removed."] };
  const unread = `Its VMI could not be read${gap === undefined ? "" : ` (${gap.reason})`}`;
  return included
    ? staysDown("unknown", [`${atYourWord} ${unread}; counted as staying down.`])
    : { row: "unknown", outcome: "held", sentences: [`${unread}: decide by hand.`] };
}

/** What there is to be said of a VM that runs on another node, as far as KubeVirt knows: that one may be lost, too. */
export function doubtOn(facts: Facts, name: string | undefined): string | undefined {
  const ready = findCondition(findNode(facts, name)?.status.conditions ?? [], "Ready");
  return ready === undefined || ready.status === "True" ? undefined : "which is not Ready, either";
}

/** C2, and the last pod of a VM that has just left. */
function runsElsewhere(index: Index, { status }: VirtualMachineInstance, node: string): RowVerdict {
  const state = status.migrationState;
  const arriving = state !== undefined && state.targetNode === node && state.endTimestamp === undefined;
  const doubt = doubtOn(index.facts, status.nodeName);
  const where = `Runs on ${status.nodeName}${doubt === undefined ? "" : `, ${doubt}`}; only its pod here is removed.`;
  const begun = arriving && (state.mode === "PostCopy" || state.targetNodeDomainReadyTimestamp !== undefined);
  const sentences = begun
    ? [where, "It was being handed over when the node was lost: look whether its guest still runs."]
    : arriving
      ? [where, "The migration fails and may be tried again."]
      : [where];
  return { row: "C2", outcome: "unaffected", sentences };
}

/** C3: the source's pod must not go while the guest may run on the target under the same VMI. */
function handedOver(index: Index, vmi: VirtualMachineInstance, node: string): RowVerdict | undefined {
  const state = stateFrom(index, vmi, node);
  if (state?.targetNodeDomainReadyTimestamp === undefined || state.endTimestamp !== undefined) return undefined;
  const reason = `Was arriving on ${state.targetNode ?? "its target"} when the node was lost, and may run there already. Wait for KubeVirt to settle, or decide by hand: deleting its pod now may stop a live guest.`;
  return { row: "C3", outcome: "held", sentences: [reason] };
}

/** Why a VM that was free to go when its plan was made must be held by now: its migration goes on without the API server. */
export function heldSince(index: Index, node: string, vm: Pick<VmRecovery, "namespace" | "name" | "uid" | "row">) {
  const vmi = index.vmis.get(keyOf(vm));
  if (vm.row === "C3" || vmi?.metadata.uid !== vm.uid || vmi.status.nodeName !== node || isFinalVmi(vmi))
    return undefined;
  return handedOver(index, vmi, node)?.sentences.join(" ");
}

/** What the VMI says of a migration away from the node, unless that describes an earlier one than the one that has not ended. */
function stateFrom(index: Index, vmi: VirtualMachineInstance, node: string): MigrationState | undefined {
  const state = vmi.status.migrationState;
  if (state === undefined || state.failed || state.targetNode === node) return undefined;
  const migration = unfinishedMigration(index, vmi);
  const isOther =
    state.migrationUid !== undefined && (migration?.metadata.uid ?? state.migrationUid) !== state.migrationUid;
  return isOther ? undefined : state;
}

/** C8. */
export function needsRepair(machine: VirtualMachine | undefined): RowVerdict | undefined {
  if (findCondition(machine?.conditions ?? [], "ManualRecoveryRequired")?.status !== "True") return undefined;
  const reason =
    "A volume migration was under way: its volumes must be repaired before it may start (ManualRecoveryRequired).";
  return { row: "C8", outcome: "held", sentences: [reason] };
}

/** C4 to C7 say what it was doing, and in any case its owner says what follows. */
function lost(index: Index, vmi: VirtualMachineInstance, node: string): RowVerdict {
  const state = isMigrating(vmi) ? stateFrom(index, vmi, node) : undefined;
  if (state?.mode === "PostCopy") {
    const what = "Its memory was split between two hosts by a migration; the guest is lost.";
    return before("C4", what, afterwards(index, vmi, "failed"));
  }
  if (state !== undefined || unfinishedMigration(index, vmi) !== undefined)
    return before("C5", "Its migration had not finished; it starts from disk.", afterwards(index, vmi, "failed"));
  if (isFinalVmi(vmi)) {
    const { phase } = vmi.status;
    const after = afterwards(index, vmi, phase === "Succeeded" ? "succeeded" : "failed");
    return before("C6", `Has ended already (${phase}); its old pod is in the way.`, after);
  }
  if (isBeingDeleted(vmi) || machineOf(index, vmi)?.metadata.deletionTimestamp !== undefined)
    return before("C7", "Was being deleted; it will be gone.", afterwards(index, vmi, "deleted"));
  return afterwards(index, vmi, "failed");
}

function before(row: RecoveryRow, sentence: string, after: RowVerdict): RowVerdict {
  return { ...after, row, sentences: [sentence, ...after.sentences], follows: followsOf(after) };
}

/** What is left to be said when the pods are gone. */
export function followsOf({ sentences, follows }: RowVerdict): readonly string[] {
  return follows ?? sentences;
}

/** How the VMI ends: node loss makes it Failed, which RerunOnFailure starts again, unlike a shutdown. */
export type Ending = "failed" | "succeeded" | "deleted";

/** C13 to C18: what the owner does (pkg/virt-controller/watch/vm/vm.go, syncRunStrategy; …/watch/replicaset/replicaset.go). */
export function afterwards(index: Index, vmi: VirtualMachineInstance, ending: Ending): RowVerdict {
  const owner = controllerOf(vmi.metadata);
  if (owner?.kind === vmKind) {
    const machine = machineOf(index, vmi);
    return machine === undefined ? withoutMachine(index, vmi, owner) : underMachine(machine, ending);
  }
  if (owner?.kind === replicaSetKind) {
    const reason = `Its replica set ${owner.name} makes another in its place, or has done so when the pod began to terminate.`;
    return { row: "C16", outcome: "replaced", sentences: [reason] };
  }
  if (ending === "deleted") return staysDown("C18", []);
  const fix = saveCommand(vmi);
  if (owner === undefined)
    return staysDown("C18", ["Bare VMI: it is not started again and remains Failed; make it anew."], fix);
  return staysDown("C18", [ownerNotKnown(owner)], fix);
}

/** C13 to C15, C17: what follows for a VirtualMachine whose VMI has ended so. */
export function underMachine(machine: VirtualMachine, ending: Ending): RowVerdict {
  const verdict = byRunStrategy(machine, ending);
  const owner = controllerOf(machine.metadata);
  if (owner?.kind !== poolKind) return verdict;
  return { ...verdict, row: "C17", sentences: [`VM of the pool ${owner.name}.`, ...verdict.sentences] };
}

function byRunStrategy(machine: VirtualMachine, ending: Ending): RowVerdict {
  if (isBeingDeleted(machine)) return staysDown("C15", ["Its VirtualMachine is being deleted, too."]);
  const strategy = machine.runStrategy ?? "Halted";
  const start = `virtctl start ${named(machine.metadata)}`;
  const restarts = strategy === "Always" || (strategy === "RerunOnFailure" && ending === "failed");
  if (restarts || (strategy === "Once" && ending === "deleted")) {
    const reason = `Will be started on another node (runStrategy ${strategy}); what its guest had not saved is lost.`;
    return { row: "C13", outcome: "restarts", sentences: [reason] };
  }
  switch (strategy) {
    case "RerunOnFailure":
      return staysDown("C14", ["runStrategy RerunOnFailure starts only what has failed: start it yourself."], start);
    case "Manual":
      return staysDown("C14", ["runStrategy Manual: start it yourself."], start);
    case "Once": {
      const again = `kubectl delete vmi ${named(machine.metadata)}`;
      return staysDown("C14", ["runStrategy Once: it starts again when its ended VMI is deleted."], again);
    }
    case "Halted":
    case "WaitAsReceiver":
      return staysDown("C15", [
        `${ending === "deleted" ? "It was stopped" : "It should not have run"} (runStrategy ${strategy}).`,
      ]);
    default:
      return staysDown("C15", [`runStrategy ${strategy} is not known; counted as staying down.`], start);
  }
}

function withoutMachine(index: Index, vmi: VirtualMachineInstance, owner: OwnerReference): RowVerdict {
  const gap = findGap(index.facts, "virtualmachines", vmi.metadata.namespace);
  if (gap === undefined) return staysDown("C18", [`Its VirtualMachine ${owner.name} no longer exists.`]);
  return staysDown("unknown", [machineNotRead(owner, gap)]);
}

function staysDown(row: RecoveryRow, sentences: readonly string[], fix?: string): RowVerdict {
  return { row, outcome: "stays-down", sentences, fix };
}
