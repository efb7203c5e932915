/** What is said at the end of a drain: what became of each VM, whether a node may be powered off, and how to go on or back. */

import { addressed } from "../assess/addressed.ts";
import { staysForGood } from "../assess/drain-filters.ts";
import { onMigrations } from "../assess/evacuation.ts";
import { type ExitCode, exitCode } from "../model/exit-code.ts";
import { keyOf, type Pod } from "../model/kubernetes.ts";
import type { VirtualMachineInstance } from "../model/kubevirt.ts";
import type { DrainProgress, Summary, VmProgress, VmState } from "../model/progress.ts";
import { wholeSeconds } from "../model/timestamp.ts";

/** What was found on a node at the end. */
export interface NodeAtTheEnd {
  readonly name: string;
  /** From a fresh read, not from the store: without one no node counts as drained. */
  readonly fresh: boolean;
  /** Unfinished launcher pods and running VMIs, `namespace/name`, inside and outside of a narrowing selector. */
  readonly selected: readonly string[];
  readonly others: readonly string[];
  /** Other pods that still run there, but for those of DaemonSets and static ones; undefined when they could not be read. */
  readonly otherPods?: number | undefined;
  readonly attachedVolumes?: number | undefined;
}

export interface SummaryInput {
  readonly progress: DrainProgress;
  readonly nodes: readonly NodeAtTheEnd[];
  /** The exit code of the signal that ended it. */
  readonly interruptedBy?: ExitCode | undefined;
  /** What somebody else did that stopped it. */
  readonly stoppedBy?: string | undefined;
  /** Nodes that do not exist any more: no command that names them has anything to work on. */
  readonly deleted?: readonly string[] | undefined;
  /** Nodes that are, or may be, cordoned for it; all of them when absent. */
  readonly cordoned?: readonly string[] | undefined;
  /** Nodes that do not report Ready. */
  readonly silent?: readonly string[] | undefined;
  readonly commands: DrainCommands;
}

/** How the program was called, so that what it advises reaches the same cluster, and asks for the same. */
export interface DrainCommands {
  /** The whole command line of this drain, for these of its nodes. */
  readonly again: (nodes: readonly string[]) => string;
  readonly abort: (node: string) => string;
  readonly uncordon: (node: string) => string;
  /** Shows what becomes of the VMs of a node that is lost. */
  readonly recover: (node: string) => string;
  /** Flags for other programs' commands. */
  readonly flags: string;
}

export interface NodeContents {
  readonly name: string;
  /** Unfinished launcher pods. */
  readonly launchers: readonly Pod[];
  readonly vmis: readonly VirtualMachineInstance[];
  readonly otherPods: readonly Pod[];
  readonly attachedVolumes?: readonly string[] | undefined;
}

/** A fresh read of a node, split by the drain's selection. A VMI without a launcher pod belongs to every selection. */
export function nodeAtTheEnd(contents: NodeContents, isSelected: (pod: Pod) => boolean): NodeAtTheEnd {
  const owners = new Set(contents.launchers.flatMap((pod) => pod.metadata.ownerReferences.map((owner) => owner.uid)));
  const alone = contents.vmis.filter((vmi) => !owners.has(vmi.metadata.uid) && vmi.status.nodeName === contents.name);
  return {
    name: contents.name,
    fresh: true,
    selected: [...contents.launchers.filter(isSelected), ...alone].map(({ metadata }) => keyOf(metadata)),
    others: contents.launchers.filter((pod) => !isSelected(pod)).map(({ metadata }) => keyOf(metadata)),
    otherPods: contents.otherPods.filter((pod) => !staysForGood(pod)).length,
    attachedVolumes: contents.attachedVolumes?.length,
  };
}

/** The node as the last picture showed it, for an end at which nothing can be read any more. */
export function nodeInPicture(progress: DrainProgress, name: string): NodeAtTheEnd {
  const here = progress.vms.filter((vm) => vm.node === name && stays.has(vm.state));
  return { name, fresh: false, selected: here.map(keyOf), others: [] };
}

/** The summary of a drain, with its exit code. */
export function summariseDrain(input: SummaryInput): Summary {
  const nodes = input.nodes.map((node) => summariseNode(input, node));
  const complete = nodes.every((node) => node.drained && node.failed.length === 0);
  const goesOn = input.progress.vms.filter((vm) => goesOnByItself.has(vm.state));
  return {
    exitCode: input.interruptedBy ?? (complete ? exitCode.ok : exitCode.incomplete),
    end: complete ? "complete" : input.stoppedBy === undefined ? endOf(input.progress) : "stopped",
    ...(complete || input.stoppedBy === undefined ? {} : { stoppedBy: input.stoppedBy }),
    ...(complete ? {} : { goesOn }),
    nodes,
    nextSteps: complete ? afterDrain(input) : afterIncomplete(input),
  };
}

function summariseNode(input: SummaryInput, node: NodeAtTheEnd): Summary["nodes"][number] {
  const here = input.progress.vms.filter((vm) => vm.node === node.name);
  const inState = (...states: VmState[]): VmProgress[] => here.filter((vm) => states.includes(vm.state));
  const failed = inState("failed");
  const starting = inState("starting");
  const stillThere = here.filter((vm) => stays.has(vm.state));
  const podsLeft = input.progress.pods.filter((pod) => pod.node === node.name);
  const drained = node.fresh && node.selected.length === 0 && stillThere.length === 0 && podsLeft.length === 0;
  const empty = drained && node.others.length === 0;
  return {
    name: node.name,
    drained,
    moved: inState("moved"),
    restarted: inState("restarted"),
    stopped: inState("stopped"),
    failed: [...failed, ...starting.map((vm) => ({ ...vm, detail: vm.detail ?? "is starting, and does not run yet" }))],
    stillThere: stillThere.map((vm) => ({ ...vm, detail: vm.detail ?? onItsWay(vm) })),
    podsLeft,
    outsideSelection: node.others.length,
    otherPods: node.otherPods,
    attachedVolumes: node.attachedVolumes,
    mayPowerOff: empty && starting.length === 0,
    powerOffDetail: powerOffDetail(node, { empty, starting: starting.length }),
  };
}

/** Of a migration that takes so long it is to be known where to look. */
function onItsWay({ state, target, since }: VmProgress): string | undefined {
  if (state !== "migrating") return undefined;
  return `migrating${target === undefined ? "" : ` to ${target}`} since ${wholeSeconds(since)}`;
}

/** What KubeVirt has begun does not end with this program. */
const goesOnByItself: ReadonlySet<VmState> = new Set<VmState>(["queued", "migrating", "shutting-down", "starting"]);

function endOf({ phase, vms, pods }: DrainProgress): Summary["end"] {
  // Nothing is left as far as was seen, but fresh reads failed, or said otherwise.
  if (phase === "stuck" && pods.length === 0 && vms.every((vm) => !stays.has(vm.state))) return "unverified";
  return phase === "stuck" || phase === "timed-out" || phase === "interrupted" ? phase : "left-behind";
}

/** The states of a VM that is on the node. */
const stays: ReadonlySet<VmState> = new Set<VmState>([
  "waiting",
  "queued",
  "migrating",
  "shutting-down",
  "held",
  "blocked",
  "left-behind",
]);

function powerOffDetail(
  node: NodeAtTheEnd,
  found: { readonly empty: boolean; readonly starting: number },
): string | undefined {
  const count = node.selected.length + node.others.length;
  if (count > 0) return `${count} ${count === 1 ? "VM is" : "VMs are"} still there`;
  if (!node.fresh) return "whether it is empty could not be read";
  if (!found.empty) return undefined;
  if (found.starting > 0)
    return `${found.starting} of its VMs ${found.starting === 1 ? "does" : "do"} not run elsewhere yet`;
  if (node.attachedVolumes === undefined) return "attached volumes could not be read";
  return undefined;
}

function afterDrain({ progress, commands, deleted = [] }: SummaryInput): Summary["nextSteps"] {
  const present = progress.nodes.filter((node) => !deleted.includes(node));
  return present.map((node) => ({
    command: commands.uncordon(node),
    purpose: "gives the node back after the maintenance",
  }));
}

function afterIncomplete(input: SummaryInput): Summary["nextSteps"] {
  const { progress, commands, deleted = [], silent = [] } = input;
  const present = progress.nodes.filter((node) => !deleted.includes(node));
  const cordoned = present.filter((node) => input.cordoned?.includes(node) !== false);
  return [
    ...(present.length === 0 ? [] : [{ command: commands.again(present), purpose: "takes the drain up again" }]),
    ...cordoned.map((node) => ({
      command: commands.abort(node),
      purpose: "undoes it: marks, unfinished migrations, our cordon",
    })),
    ...present
      .filter((node) => silent.includes(node))
      .map((node) => ({ command: commands.recover(node), purpose: `tells what can be done if ${node} is lost` })),
    ...deleted.flatMap((node) => afterDeletion(progress, node, commands)),
  ];
}

/**
 * KubeVirt makes no new migration away from a node that does not exist (pkg/virt-controller/watch/drain/evacuation, execute), and
 * takes no mark back: deleting the migrations is all that can be undone.
 */
function afterDeletion({ vms }: DrainProgress, node: string, commands: DrainCommands): Summary["nextSteps"] {
  const moving = vms.filter((vm) => vm.node === node && (vm.state === "queued" || vm.state === "migrating"));
  const namespaces = [...new Set(moving.map((vm) => vm.namespace))];
  const stops = namespaces.map((namespace) => {
    const names = moving.filter((vm) => vm.namespace === namespace).map((vm) => vm.name);
    return {
      command: addressed(onMigrations("delete", namespace, names), commands.flags),
      purpose: "stops what KubeVirt still moves",
    };
  });
  return [...stops, { command: commands.recover(node), purpose: "shows what becomes of its VMs" }];
}
