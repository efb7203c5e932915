/** Puts the dossier together: the verdict on the node, who holds it, what becomes of each VM, and what would be done. Pure. */
import type { Dossier, Liveness, PlannedAction, VmRecovery } from "../model/dossier.ts";
import type { Facts } from "../model/facts.ts";
import {
  controllerOf,
  isBeingDeleted,
  isFinishedPod,
  isReady,
  keyOf,
  type Node,
  type Pod,
  type Taint,
} from "../model/kubernetes.ts";
import { isFinishedMigration } from "../model/kubevirt.ts";
import type { LostNodeFacts } from "../model/lost-node.ts";
import { tolerates } from "../model/selectors.ts";
import { appLabel, hotplugApp, ownerVmiUidAnnotation, virtApiApp, virtControllerApp } from "../platform/names.ts";
import { capabilitiesOf } from "../platform/version.ts";
import { addressed } from "./addressed.ts";
import { listing, nodeReference, refer } from "./findings.ts";
import { isOutOfService, outOfServiceTaint } from "./out-of-service.ts";
import { replicaSetOf } from "./owners.ts";
import { type Disks, disksOfCasualty, placeCasualties, sharedDisk, withHints } from "./recovery-hints.ts";
import { type Casualty, casualtiesOn, followsOf, judgeCasualty, type RowVerdict } from "./recovery-rows.ts";
import { largestOf } from "./room.ts";
import { findNode, type Index, indexFacts } from "./subjects.ts";
import { recordedObstacles, takenUpVms } from "./taken-up.ts";

export interface RecoveryOptions {
  /** VMs, as `namespace/name`, that go although they would be held. */
  readonly includeHeld?: ReadonlySet<string> | undefined;
  /** The node's other pods are not to be touched, so that no taint may be set. */
  readonly otherPodsMustStay?: boolean | undefined;
  /** Flags that say which cluster is meant, for the commands of the cures. */
  readonly commandFlags?: string | undefined;
}

/** The dossier on a node. `liveness` is the verdict on it. Never throws, however incomplete the objects are. */
export function assessRecovery(lost: LostNodeFacts, liveness: Liveness, options: RecoveryOptions = {}): Dossier {
  const { node, facts, attachments } = lost;
  const index = indexFacts(facts);
  const cured = (vm: VmRecovery): VmRecovery =>
    vm.fix === undefined ? vm : { ...vm, fix: addressed(vm.fix, options.commandFlags) };
  const verdicts = judgeAll(index, node, options);
  const held = [...verdicts].flatMap(([casualty, { outcome }]) => (outcome === "held" ? [keyOf(casualty)] : []));
  const { method, methodReason } = chooseMethod(lost, held, options);
  const fits = placeCasualties(index, verdicts);
  const obstacles = recordedObstacles(lost);
  const context = {
    index,
    node,
    attachments,
    method,
    proven: liveness.verdict === "proven-dead",
    failsAtOnce: capabilitiesOf(facts.versions.kubevirt, facts).failsVmiWithItsPod,
  };
  const vms = [...verdicts].map(([casualty, verdict]): VmRecovery => {
    const pods = [...casualty.launchers, ...hotplugPodsOf(index, node, casualty)];
    const disks = disksOfCasualty(index, attachments, casualty, pods);
    const recorded = casualty.launchers.every(isFinishedPod) ? obstacles.get(keyOf(casualty)) : undefined;
    const whole = withHints(context, casualty, verdict, { fit: fits.get(casualty.uid), disks, recorded });
    return cured(vmRecovery(index, casualty, whole, { pods, disks }));
  });
  const freed = new Map(takenUpVms(lost, vms).map((vm) => [keyOf(vm), cured(vm)]));
  // A pod that has outlived its guest must be removed still.
  const here = vms.map((vm) => freed.get(keyOf(vm)) ?? vm);
  const standing = actsOnTaint(facts.versions.kubernetes) === false ? undefined : standingTaint(lost);
  const taint = standing ?? (method === "taint" ? outOfServiceTaint : undefined);
  const seen = findNode(facts, node);
  const dossier = {
    node,
    nodeUid: seen?.metadata.uid,
    bootID: seen?.status.bootID,
    time: facts.time,
    ...liveness,
    heldBy: facts.holders.filter((holder) => holder.node === node),
    method,
    methodReason,
    vms: here,
    takenUp: [...freed.values()].filter((vm) => !here.includes(vm)),
    otherPods: taint === undefined ? [] : otherPods(index, node, vms, taint),
    controlPlane: controlPlaneOn(lost),
    gaps: facts.gaps,
  };
  return { ...dossier, actions: plannedActions(dossier, lost, seen) };
}

/** Names the nodes whose pods should be read next, because a VM fits nowhere as far as is known and might fit there. */
export function recoveryRoomWanted(facts: Facts): readonly string[] {
  const index = indexFacts(facts);
  const wanted = new Set<string>();
  for (const node of facts.targets) {
    for (const fit of placeCasualties(index, judgeAll(index, node, {})).values())
      if (fit.kind === "unknown") for (const name of fit.nodes) wanted.add(name);
  }
  return largestOf(index, wanted);
}

function judgeAll(index: Index, node: string, { includeHeld }: RecoveryOptions): ReadonlyMap<Casualty, RowVerdict> {
  return new Map(
    casualtiesOn(index, node).map((casualty) => {
      const included = includeHeld?.has(keyOf(casualty)) ?? false;
      return [casualty, judgeCasualty(index, node, casualty, included)];
    }),
  );
}

interface Belongings {
  readonly pods: readonly Pod[];
  readonly disks: Disks;
}

function vmRecovery(index: Index, casualty: Casualty, verdict: RowVerdict, { pods, disks }: Belongings): VmRecovery {
  const { namespace, name, uid } = casualty;
  const comesBack = verdict.outcome !== "unaffected";
  const reason = verdict.sentences.join(" ");
  const lastWords = followsOf(verdict).join(" ");
  const migrations = (index.migrations.get(keyOf(casualty)) ?? []).filter((entry) => !isFinishedMigration(entry));
  return {
    namespace,
    name,
    uid,
    outcome: verdict.outcome,
    row: verdict.row,
    reason,
    lastWords: lastWords === reason ? undefined : lastWords,
    obstacle: verdict.obstacle,
    sharedDisk: verdict.sentences.includes(sharedDisk) || undefined,
    pushesOut: verdict.pushesOut,
    fix: verdict.fix,
    replicaSet: replicaSetOf(casualty.vmi && controllerOf(casualty.vmi.metadata)),
    pods: pods.map(({ metadata }) => ({ name: metadata.name, uid: metadata.uid })),
    migrations: comesBack ? migrations.map(({ metadata }) => ({ name: metadata.name, uid: metadata.uid })) : [],
    attachments: comesBack ? disks.attached.flatMap(({ volumeName }) => volumeName ?? []) : [],
  };
}

/** Attachment pods are controlled by the launcher pod; the annotation names the VMI where that pod is gone. */
function hotplugPodsOf(index: Index, node: string, { vmi, launchers }: Casualty): readonly Pod[] {
  const owners = new Set(launchers.map(({ metadata }) => metadata.uid));
  return (index.podsByNode.get(node) ?? []).filter(({ metadata }) => {
    if (metadata.labels[appLabel] !== hotplugApp) return false;
    const owner = controllerOf(metadata)?.uid;
    if (owner !== undefined && owners.has(owner)) return true;
    return vmi !== undefined && metadata.annotations[ownerVmiUidAnnotation] === vmi.metadata.uid;
  });
}

interface Method {
  readonly method: Dossier["method"];
  readonly methodReason: string;
}

/** The taint is the quicker way by far, but it takes every intolerant pod of the node, and it needs a server that acts on it. */
function chooseMethod(lost: LostNodeFacts, held: readonly string[], options: RecoveryOptions): Method {
  const { facts, signs, mayPatchNode } = lost;
  const byDeleting = (methodReason: string): Method => ({ method: "delete", methodReason });
  if (signs.object.kind === "absent") return byDeleting("the Node has been deleted, so that nothing can be tainted");
  const version = facts.versions.kubernetes;
  const acts = actsOnTaint(version);
  const late =
    standingTaint(lost) === undefined || acts === false
      ? ""
      : "; but the node bears that taint already, and Kubernetes removes them all the same";
  if (options.otherPodsMustStay)
    return byDeleting(`the node's other pods must stay, and the taint would take them${late}`);
  if (held.length > 0) return byDeleting(`the taint would take the pods of VMs that are held: ${listing(held)}${late}`);
  if (acts === undefined)
    return byDeleting("the version of Kubernetes is not known, and up to 1.25 it ignores the taint");
  if (!acts) return byDeleting(`Kubernetes ${version} does not act on the taint`);
  if (mayPatchNode === false) return byDeleting("you may not patch nodes, and so set no taint, cordon or record");
  return { method: "taint", methodReason: "Kubernetes detaches the volumes at once when the node bears the taint" };
}

/** From 1.26 on; undefined where the version is not known. */
function actsOnTaint(version: string | undefined): boolean | undefined {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version ?? "") ?? [];
  return minor === undefined ? undefined : Number(major) > 1 || Number(minor) >= 26;
}

/** The out-of-service taint that the node bears, whoever has set it. */
function standingTaint({ signs }: LostNodeFacts): Taint | undefined {
  return signs.object.kind === "seen" ? signs.object.value.spec.taints.find(isOutOfService) : undefined;
}

/** The pods of the node that belong to no VM, and which of them that taint takes. */
function otherPods(index: Index, node: string, vms: readonly VmRecovery[], taint: Taint): Dossier["otherPods"] {
  const ofVms = new Set(vms.flatMap(({ pods }) => pods.map(({ uid }) => uid)));
  return (index.podsByNode.get(node) ?? [])
    .filter(({ metadata }) => !ofVms.has(metadata.uid))
    .map(({ metadata: { namespace, name, uid }, spec }) => ({
      namespace,
      name,
      uid,
      toleratesTaint: spec.tolerations.some((toleration) => tolerates(toleration, taint)),
    }))
    .sort((left, right) => (keyOf(left) < keyOf(right) ? -1 : 1));
}

function controlPlaneOn({ node, facts, controlPlane }: LostNodeFacts): Dossier["controlPlane"] {
  return ([virtApiApp, virtControllerApp] as const).flatMap((app) => {
    const pods = controlPlane.filter(({ metadata }) => metadata.labels[appLabel] === app);
    const ready = pods.filter((pod) => pod.spec.nodeName !== node && isAtWork(pod)).map((pod) => pod.spec.nodeName);
    // The endpoints are what the API server itself goes by.
    const answering = app === virtApiApp ? (facts.virtApiNodes ?? ready).filter((name) => name !== node) : ready;
    return pods
      .filter((pod) => pod.spec.nodeName === node)
      .map(({ metadata: { namespace, name, uid } }) => ({
        namespace,
        name,
        uid,
        app,
        alone: answering.length === 0,
      }));
  });
}

function isAtWork(pod: Pod): boolean {
  return isReady(pod) && !isBeingDeleted(pod);
}

type Undecided = Omit<Dossier, "actions">;

/** The steps in their order. While the verdict refuses, there are none. */
function plannedActions(dossier: Undecided, lost: LostNodeFacts, node: Node | undefined): readonly PlannedAction[] {
  if (dossier.verdict !== "proven-dead" && dossier.verdict !== "unproven") return [];
  const going = dossier.vms.filter(({ outcome }) => outcome !== "held");
  // A finished pod is in nobody's way.
  const pods = going
    .filter(({ row }) => row !== "C1")
    .flatMap(({ namespace, pods }) => pods.map(({ name }) => ({ namespace, name })));
  const alone = dossier.controlPlane.filter((pod) => pod.alone);
  const volumes = new Set(going.flatMap(({ attachments }) => attachments));
  const detached =
    dossier.method === "taint" ? [] : lost.attachments.filter((one) => volumes.has(one.persistentVolumeName ?? ""));
  const tainted = node?.spec.taints.some(isOutOfService) ?? false;
  const object = nodeReference(dossier.node);
  return [
    ...(node === undefined || node.spec.unschedulable || lost.mayPatchNode === false
      ? []
      : [{ verb: "cordon", object } as const]),
    ...(dossier.method === "taint" && !tainted ? [{ verb: "taint", object } as const] : []),
    ...[...alone, ...pods].map((pod) => ({ verb: "delete", object: refer("pod", pod) }) as const),
    ...detached.map(({ metadata }) => ({ verb: "delete", object: refer("volumeattachment", metadata) }) as const),
  ];
}
