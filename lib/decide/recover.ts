/**
 * Decides the next step of a recovery whose evidence was accepted: which pods, migrations and attachments of the lost node go
 * now, and where each of its VMs stands. Whether the node shows life is not asked here: every step is gated by who carries it out.
 */
import { doubtOn, heldSince } from "../assess/recovery-rows.ts";
import { findGap, indexFacts } from "../assess/subjects.ts";
import { type Action, type ActionResult, type Target, uidOf } from "../model/action.ts";
import type { VmRecovery } from "../model/dossier.ts";
import type { Facts } from "../model/facts.ts";
import { isBeingDeleted, keyOf, type Pod, type VolumeAttachment } from "../model/kubernetes.ts";
import { isFinishedMigration } from "../model/kubevirt.ts";
import type { VmProgress, VmState } from "../model/progress.ts";
import type { Outcome } from "../model/verdict.ts";
import { type Attempts, isGivenUp, mayTry, noteAttempt, type Persistence, whatWentWrong } from "./attempts.ts";
import { departed, hasEnded, sinceWhen } from "./departure.ts";
import type { PlannedVm } from "./intent.ts";
import type { Ledger, Seen } from "./ledger.ts";
import { starting, withoutStart } from "./recovery-waits.ts";

export interface RecoverIntent {
  readonly node: string;
  readonly method: "taint" | "delete";
  /** The VMs that were confirmed; held ones only where they were included by name. */
  readonly vms: readonly VmRecovery[];
  /** Pods that go before all others: the only virt-api or virt-controller, without which nothing can be started. */
  readonly firstPods: readonly Target[];
  /** When consent was given, milliseconds of the API server's clock. */
  readonly consentAt: number;
  /** Flags that say which cluster is meant, for the commands that are advised. */
  readonly commandFlags?: string | undefined;
}

export interface RecoverPicture {
  /** The node, the pods on it, the VMIs of the plan by name, their VMs and their migrations. */
  readonly facts: Facts;
  /** Volumes that are attached to the node; undefined when they could not be read. */
  readonly attachments: readonly VolumeAttachment[] | undefined;
}

export interface RecoverLedger extends Ledger {
  /** What was tried, by the UID of the object. */
  readonly tried: Attempts;
}

export interface RecoverDecision {
  readonly status: "going" | "done";
  readonly actions: readonly Action[];
  readonly vms: readonly VmProgress[];
  readonly ledger: RecoverLedger;
}

/** An object that is still there after its deletion was accepted is deleted again. */
const removing: Persistence = { retryAfter: 3_000, triesUntilGivenUp: 5, finalCodes: [401, 403] };
/** KubeVirt ends most migrations of a lost node itself, as soon as the pods are gone. */
const migrationEndsWithin = 5_000;
/** Under the taint Kubernetes removes pods by itself: the pod collector looks every 20 s (kubernetes pkg/controller/podgc). */
const removedWithin = 90_000;
const theTaintDoes = "Kubernetes removes it by itself, under the taint";
/** A start that must wait for that still is no failure. */
const startPatience = 8 * 60_000;

/** One turn of the recovery. Pure. */
export function decideRecover(picture: RecoverPicture, intent: RecoverIntent, ledger: RecoverLedger): RecoverDecision {
  const now = Date.parse(picture.facts.time);
  const here = new Map(picture.facts.pods.map((pod) => [pod.metadata.uid, pod]));
  const held = heldMeanwhile(picture.facts, intent);
  const vms = intent.vms.map((vm) => progressOf(vm, { picture, intent, ledger, here, held, now }));
  const next = noteSeen(ledger, vms, now);
  // One that cannot be removed does not keep the others waiting: Kubernetes may have replaced it long since.
  const first = intent.firstPods
    .filter((pod) => here.has(pod.uid) && !isGivenUp(ledger.tried[pod.uid], removing))
    .map(deletePod);
  const wanted = first.length > 0 ? first : cleanUp(picture, intent, { here, held, ledger: next, now });
  const actions = wanted.filter((action) => mayTry(ledger.tried[uidOf(action)], now, removing));
  const open =
    vms.some((vm) => !hasEnded(vm.state)) || wanted.some((action) => !isGivenUp(ledger.tried[uidOf(action)], removing));
  return { status: open ? "going" : "done", actions, vms, ledger: next };
}

/** The VMs, by UID, that are not to be touched any more although that was agreed to, and why. */
export function heldMeanwhile(facts: Facts, { node, vms }: RecoverIntent): ReadonlyMap<string, string> {
  const index = indexFacts(facts);
  return new Map(
    vms.flatMap((vm) => {
      const why = heldSince(index, node, vm);
      return why === undefined ? [] : [[vm.uid, why] as const];
    }),
  );
}

interface CleanUpScene {
  /** The pod objects that are on the node, by UID. */
  readonly here: ReadonlyMap<string, Pod>;
  readonly held: ReadonlyMap<string, string>;
  readonly ledger: RecoverLedger;
  readonly now: number;
}

interface Scene extends CleanUpScene {
  readonly picture: RecoverPicture;
  readonly intent: RecoverIntent;
}

function progressOf(vm: VmRecovery, scene: Scene): VmProgress {
  const { ledger, now, intent } = scene;
  const before = ledger.ended[vm.uid];
  if (before !== undefined) return before;
  const base = { namespace: vm.namespace, name: vm.name, uid: vm.uid, node: intent.node, pod: vm.pods[0]?.name ?? "" };
  const seen = ledger.seen[vm.uid];
  const since = (state: VmState) => sinceWhen(scene, vm.uid, state);
  const pods = vm.pods.filter((pod) => scene.here.has(pod.uid));
  const why = scene.held.get(vm.uid);
  if (why !== undefined && pods.length > 0) return { ...base, state: "failed", since: since("failed"), detail: why };
  const stuck = pods.find((pod) => isGivenUp(ledger.tried[pod.uid], removing));
  if (stuck !== undefined) {
    const holds = scene.here.get(stuck.uid)?.metadata.finalizers ?? [];
    const detail = `pod/${stuck.name}: ${whyNot(ledger, stuck.uid, holds)}`;
    const begun = since("shutting-down");
    if (intent.method === "taint" && holds.length === 0 && now < Date.parse(begun) + removedWithin)
      return { ...base, state: "shutting-down", since: begun, detail: `${detail}; ${theTaintDoes}` };
    return { ...base, state: "failed", since: since("failed"), detail };
  }
  if (pods.length > 0) return { ...base, state: "shutting-down", since: since("shutting-down") };
  const gap = findGap(scene.picture.facts, "virtualmachineinstancereplicasets", vm.namespace);
  if (vm.outcome === "replaced" && (vm.replicaSet === undefined || gap !== undefined)) {
    const detail = "its replica set makes another in its place; whether that runs could not be read";
    return { ...base, state: "restarted", since: since("restarted"), detail };
  }
  const found = departed(
    { facts: scene.picture.facts, ledger, now, startPatience, commandFlags: intent.commandFlags },
    plannedFrom(vm, base.pod, intent.node),
  );
  // Where nothing but an old pod of it is known, its VMI seems to be another one.
  const isUntouched = vm.outcome === "unaffected" && found.state === "restarted";
  const progress = isUntouched ? { ...found, state: "moved" as const } : found;
  if (progress.state === "starting") return starting(vm, scene, progress);
  if (!hasEnded(progress.state)) return progress;
  if (progress.state === "stopped" || progress.state === "failed") return withoutStart(vm, scene, progress);
  // What had started before this run looked is not this run's work.
  const foundSo = vm.pods.length === 0 && seen === undefined;
  const detail = progress.state === "moved" ? doubtOn(scene.picture.facts, progress.target) : progress.detail;
  return {
    ...progress,
    detail,
    seconds: foundSo ? undefined : Math.max(0, Math.round((now - intent.consentAt) / 1000)),
  };
}

/** The recovery's outcomes in the words of a drain, whose rules tell what became of a VM that is gone from its node. */
const outcomes: Readonly<Record<VmRecovery["outcome"], Outcome>> = {
  restarts: "restarts",
  replaced: "restarts",
  held: "restarts",
  unaffected: "moves",
  "stays-down": "stops",
};

function plannedFrom(vm: VmRecovery, podName: string, node: string): PlannedVm {
  const pod = vm.pods[0] ?? { name: podName, uid: vm.uid };
  return {
    namespace: vm.namespace,
    name: vm.name,
    uid: vm.uid,
    node,
    pod,
    outcome: outcomes[vm.outcome],
    replicaSet: vm.replicaSet,
  };
}

/**
 * The VMs as they stand when nothing is looked at any more: those whose pods were removed since the last look are being started
 * elsewhere, unless their plan says that they stay down.
 */
export function asFarAsIsKnown(
  vms: readonly VmProgress[],
  { vms: planned }: RecoverIntent,
  { tried }: RecoverLedger,
): readonly VmProgress[] {
  const plans = new Map(planned.map((vm) => [vm.uid, vm]));
  return vms.map((vm) => {
    const { pods = [], outcome } = plans.get(vm.uid) ?? {};
    const isRemoved = pods.some(({ uid }) => tried[uid]?.result.kind === "done");
    const isOpen = vm.state === "waiting" || vm.state === "shutting-down";
    return isOpen && isRemoved && outcome !== "stays-down" ? { ...vm, state: "starting" } : vm;
  });
}

/** Every VM of the plan before anything was looked at. */
export function notLookedAt(intent: RecoverIntent): readonly VmProgress[] {
  const since = new Date(intent.consentAt).toISOString();
  return intent.vms.map(({ namespace, name, uid, pods }) => ({
    ...{ namespace, name, uid, node: intent.node, pod: pods[0]?.name ?? "" },
    state: "waiting",
    since,
  }));
}

/** Pods first, all at once; then what holds a restart back although the pods are gone. */
function cleanUp(picture: RecoverPicture, intent: RecoverIntent, scene: CleanUpScene): Action[] {
  const pods = intent.vms
    .filter((vm) => !scene.held.has(vm.uid))
    .flatMap((vm) =>
      vm.pods.filter((pod) => scene.here.has(pod.uid)).map((pod) => deletePod({ namespace: vm.namespace, ...pod })),
    );
  const podsGone = intent.vms.filter((vm) => vm.pods.every((pod) => !scene.here.has(pod.uid)));
  return [
    ...pods,
    ...podsGone.flatMap((vm) => staleMigrations(vm, picture.facts, scene)),
    ...(intent.method === "delete" ? staleAttachments(podsGone, picture, intent) : []),
  ];
}

function deletePod(pod: Target): Action {
  return { kind: "delete-pod", pod: { namespace: pod.namespace, name: pod.name, uid: pod.uid } };
}

/** A launcher pod is not made while an unfinished migration of its VMI exists (`active migration exists`). */
function staleMigrations(vm: VmRecovery, facts: Facts, { ledger, now }: CleanUpScene): Action[] {
  const seen = ledger.seen[vm.uid];
  if (seen === undefined || seen.state === "shutting-down" || now < seen.since + migrationEndsWithin) return [];
  const named = new Set(vm.migrations.map(({ uid }) => uid));
  return facts.migrations
    .filter(({ metadata }) => named.has(metadata.uid) && metadata.deletionTimestamp === undefined)
    .filter((migration) => !isFinishedMigration(migration))
    .map(({ metadata: { namespace, name, uid } }) => ({
      kind: "delete-migration",
      migration: { namespace, name, uid },
    }));
}

/** Attachments that no pod object on the node uses any more: one that is still wanted would be made again for the dead node. */
function staleAttachments(vms: readonly VmRecovery[], picture: RecoverPicture, intent: RecoverIntent): Action[] {
  const { facts, attachments = [] } = picture;
  const claims = new Map(facts.claims.map((claim) => [keyOf(claim.metadata), claim.volumeName]));
  const used = new Set(
    facts.pods.flatMap((pod) =>
      pod.spec.volumes.map(({ claimName }) => claims.get(`${pod.metadata.namespace}/${claimName}`)),
    ),
  );
  const wanted = new Set(vms.flatMap((vm) => vm.attachments));
  return attachments
    .filter(({ nodeName, persistentVolumeName }) => {
      if (nodeName !== intent.node || persistentVolumeName === undefined) return false;
      return wanted.has(persistentVolumeName) && !used.has(persistentVolumeName);
    })
    .filter((attachment) => !isBeingDeleted(attachment))
    .map(({ metadata: { name, uid } }) => ({ kind: "detach", attachment: { name, uid } }));
}

/** Notes an action's result. */
export function noteTried(ledger: RecoverLedger, action: Action, result: ActionResult, now: number): RecoverLedger {
  return { ...ledger, tried: noteAttempt(ledger.tried, uidOf(action), result, now) };
}

function whyNot(ledger: RecoverLedger, uid: string, finalizers: readonly string[]): string {
  const held = finalizers.length === 0 ? "" : `, held by the finalizer ${finalizers.join(", ")}`;
  return whatWentWrong(ledger.tried[uid]) ?? `its object is still there${held}`;
}

function noteSeen(ledger: RecoverLedger, vms: readonly VmProgress[], now: number): RecoverLedger {
  const seen: Record<string, Seen> = {};
  const ended: Record<string, VmProgress> = { ...ledger.ended };
  let changed = false;
  for (const vm of vms) {
    const before = ledger.seen[vm.uid];
    // One that has not started in time is looked at again as long as others are waited for: it may start after all.
    if (before?.state === "starting" && vm.state === "failed") {
      seen[vm.uid] = before;
      continue;
    }
    changed ||= before?.state !== vm.state;
    seen[vm.uid] = { state: vm.state, row: "", phase: "", since: before?.state === vm.state ? before.since : now };
    if (hasEnded(vm.state) && vm.state !== "failed") ended[vm.uid] = vm;
  }
  return { ...ledger, seen, ended, changedAt: changed ? now : ledger.changedAt };
}
