/** What keeps a VM of a lost node, whose pods are gone, from running elsewhere: words of the plan, of Kubernetes and of KubeVirt. */
import { clockTime } from "../assess/signs-of-life.ts";
import type { VmRecovery } from "../model/dossier.ts";
import type { Facts } from "../model/facts.ts";
import { findCondition, findNamed, type VolumeAttachment } from "../model/kubernetes.ts";
import { isFinalVmi } from "../model/kubevirt.ts";
import type { VmProgress } from "../model/progress.ts";
import { quotaRefusal } from "./quota-refusal.ts";

export interface WaitScene {
  readonly picture: { readonly facts: Facts; readonly attachments: readonly VolumeAttachment[] | undefined };
  readonly intent: { readonly node: string; readonly commandFlags?: string | undefined };
  /** Milliseconds of the API server's clock. */
  readonly now: number;
}

/** Kubernetes detaches the volumes of an unhealthy node by itself after this long (attach/detach controller, maxWaitForUnmountDuration). */
const forcedDetachAfter = 6 * 60_000;
/** Under the taint, or without its attachment, a volume is detached within seconds: nobody need hear of the six minutes then. */
const detachedWithin = 10_000;
/** virt-controller fails a VMI at once when its pod goes; its leader's lease, where that was on the node, runs for 15 s. */
const noticedWithin = 20_000;
/** Pods that are being removed may count for a moment still. */
const quotaPatience = 60_000;

/** It does not run: as was foretold, with the words and the command of the plan; or against it, with the cluster's own words. */
export function withoutStart(vm: VmRecovery, scene: WaitScene, progress: VmProgress): VmProgress {
  // An orphan pod has no guest that could have ended.
  const isOrphan = vm.outcome === "unaffected" && vm.row === "C7";
  if (vm.outcome === "stays-down" || isOrphan)
    return { ...progress, state: "stopped", detail: vm.lastWords ?? vm.reason, fix: vm.fix, seconds: undefined };
  const why = isUnnoticed(vm, scene) ? unnoticed : whyItDoesNotStart(vm, scene);
  return why === undefined ? progress : { ...progress, detail: `does not start: ${why}` };
}

/** A quota is no matter of waiting: a person must see to it. */
export function starting(vm: VmRecovery, scene: WaitScene, progress: VmProgress): VmProgress {
  const since = Date.parse(progress.since);
  const waits = { ...progress, ...whatItWaitsFor(vm, scene, since) };
  const quota = quotaRefusal(waits.detail, vm.namespace, scene.intent.commandFlags);
  if (quota === undefined || scene.now < since + quotaPatience) return waits;
  if (vm.outcome === "stays-down") return withoutStart(vm, scene, waits);
  return { ...waits, state: "failed", detail: `does not start: ${waits.detail}`, fix: quota.fix };
}

/** Why a VM does not run yet, as far as the cluster tells. */
function whatItWaitsFor(vm: VmRecovery, scene: WaitScene, since: number): Partial<VmProgress> {
  const { picture, intent, now } = scene;
  const attached = (picture.attachments ?? []).filter(
    ({ nodeName, persistentVolumeName = "" }) =>
      nodeName === intent.node && vm.attachments.includes(persistentVolumeName),
  );
  const volume = attached[0]?.persistentVolumeName;
  if (volume !== undefined && now >= since + detachedWithin) {
    const until = since + forcedDetachAfter;
    return {
      detail: `volume ${volume} is still attached to ${intent.node}; Kubernetes detaches it by itself after 6 minutes, at ${clockTime(until)} UTC`,
      until: new Date(until).toISOString(),
    };
  }
  const set = findNamed(picture.facts.replicaSets, { namespace: vm.namespace, name: vm.replicaSet });
  if (set !== undefined) {
    if (now < since + noticedWithin) return {};
    return { detail: `its replica set ${vm.replicaSet} has ${set.readyReplicas} of ${set.replicas} replicas ready` };
  }
  if (isUnnoticed(vm, scene)) return now < since + noticedWithin ? {} : { detail: unnoticed };
  const node = podElsewhere(vm, scene);
  if (node !== undefined && now < since + noticedWithin) return {};
  const why = whyItDoesNotStart(vm, scene);
  return why === undefined ? {} : { detail: why };
}

const unnoticed = "KubeVirt has not noticed yet that its pod is gone: does a virt-controller run?";

/** Its VMI still says that it runs on the lost node, where nothing of it is left. */
function isUnnoticed(vm: VmRecovery, { picture, intent }: WaitScene): boolean {
  const vmi = findNamed(picture.facts.vmis, vm);
  return vmi !== undefined && vmi.metadata.uid === vm.uid && !isFinalVmi(vmi) && vmi.status.nodeName === intent.node;
}

/** The other node on which its VMI, which has ended, has a pod still: that of a migration, say. */
function podElsewhere(vm: VmRecovery, { picture, intent }: WaitScene): string | undefined {
  const vmi = findNamed(picture.facts.vmis, vm);
  if (vmi?.metadata.uid !== vm.uid || !isFinalVmi(vmi)) return undefined;
  return Object.values(vmi.status.activePods).find((node) => node !== intent.node);
}

/** The scheduler's words where no node takes its pod, KubeVirt's where the pod cannot be made: a quota, a webhook, a missing claim. */
function whyItDoesNotStart(vm: VmRecovery, scene: WaitScene): string | undefined {
  const node = podElsewhere(vm, scene);
  if (node !== undefined) return `its pod on ${node} must end first: is that node lost, too?`;
  const { facts } = scene.picture;
  const conditions = findNamed(facts.vmis, vm)?.status.conditions ?? [];
  const broken = ["PodScheduled", "Synchronized"]
    .map((type) => findCondition(conditions, type))
    .find((condition) => condition?.status === "False");
  return broken?.message ?? broken?.reason;
}
