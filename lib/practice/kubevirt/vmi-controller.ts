/** virt-controller's VMI controller: makes the launcher pod, hands the VMI over to virt-handler, and ends it when its pod is gone. */
import { nodeNameLabel } from "../../platform/names.ts";
import { rfc3339 } from "../clock.ts";
import { conditionOf, hasCondition, removeCondition, setCondition } from "../kubernetes/conditions.ts";
import type { Reconciler } from "../kubernetes/control-loop.ts";
import {
  claims,
  instances,
  isOf,
  keyOf,
  managers,
  migrations,
  namespacedKey,
  objectAt,
  onStatus,
  pods,
} from "../kubernetes/keys.ts";
import { isDeleting, isFinished, removeFinalizer } from "../kubernetes/objects.ts";
import { tryToCreatePod } from "../kubernetes/pods.ts";
import { ownerOf } from "../kubernetes/world.ts";
import { StoreError } from "../status.ts";
import type { KubeObject } from "../store.ts";
import {
  deleteAttachmentPods,
  deleteOrphanedAttachmentPods,
  syncHotplug,
  vmiKeyOfAttachment,
  volumeStatusOf,
} from "./hotplug.ts";
import {
  currentPod,
  isDownOrGoingDown,
  isFinal,
  isHandoverReady,
  isMarked,
  isRunningMigration,
  migrationsOf,
  phaseOf,
  podsOf,
  stampPhase,
  vmiKeyOfPod,
} from "./instance.ts";
import { launcherPod } from "./launcher-pod.ts";
import {
  evictionInProgressAnnotation,
  evictOnlyAnnotation,
  latestApiAnnotation,
  outdatedImageLabel,
  storageApiAnnotation,
  unpausedGate,
  vmFinalizer,
  vmiFinalizer,
} from "./names.ts";
import { launcherOptions, type Virt } from "./virt.ts";
import { modifyInstance } from "./writes.ts";

const writer = managers.virtController;
const from = "virtualmachine-controller";

/** Why a sync stopped; it stands in the Synchronized condition and the VMI is tried again. */
class SyncError extends Error {
  readonly reason: string;
  readonly retryMs: number;

  constructor(reason: string, message: string, retryMs = 1000) {
    super(message);
    this.reason = reason;
    this.retryMs = retryMs;
  }
}

/** The queue's own delay grows from 5 ms to 16 min; this is about the middle. */
const refusedRetryMs = 10_000;

export function createVmiController(virt: Virt): Reconciler {
  const { world } = virt;
  return {
    name: "virt-controller-vmi",
    *touches({ key, object }) {
      if (isOf(key, instances)) yield keyOf(object);
      if (isOf(key, pods)) {
        const owner = vmiKeyOfPod(object) ?? vmiKeyOfAttachment(virt, object);
        if (owner !== undefined) yield owner;
      }
      if (isOf(key, migrations)) yield namespacedKey(object.metadata.namespace, object.spec?.vmiName);
      if (isOf(key, claims)) yield* usersOfClaim(virt, object);
    },
    reconcile(key) {
      const vmi = objectAt(world.store, instances, key);
      if (vmi === undefined) return undefined;
      if (vmi.metadata.annotations?.[latestApiAnnotation] === undefined) {
        modifyInstance(world, vmi, noteApiVersion, writer);
        return undefined;
      }
      return reconcileInstance(virt, vmi);
    },
  };
}

/** KubeVirt marks every object with the API version it was last written in (`SetLatestApiVersionAnnotation`). */
export function noteApiVersion(draft: KubeObject): void {
  const versions = { [latestApiAnnotation]: "v1", [storageApiAnnotation]: "v1" };
  draft.metadata.annotations = { ...draft.metadata.annotations, ...versions };
}

function* usersOfClaim(virt: Virt, claim: KubeObject): Iterable<string> {
  for (const vmi of virt.world.store.list(instances, claim.metadata.namespace)) {
    const volumes: { persistentVolumeClaim?: { claimName: string }; dataVolume?: { name: string } }[] =
      vmi.spec?.volumes ?? [];
    const uses = volumes.some(
      (volume) => (volume.persistentVolumeClaim?.claimName ?? volume.dataVolume?.name) === claim.metadata.name,
    );
    if (uses) yield keyOf(vmi);
  }
}

function reconcileInstance(virt: Virt, vmi: KubeObject): number | undefined {
  let problem: SyncError | undefined;
  try {
    sync(virt, vmi, currentPod(virt.world, vmi));
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    problem = error;
  }
  updateStatus(virt, vmi, problem);
  return problem === undefined ? undefined : problem.retryMs;
}

function sync(virt: Virt, vmi: KubeObject, pod: KubeObject | undefined): void {
  if (isDeleting(vmi)) deletePods(virt, vmi);
  else if (isFinal(vmi)) deleteAttachmentPods(virt, vmi);
  else syncRunning(virt, vmi, pod);
}

function syncRunning(virt: Virt, vmi: KubeObject, pod: KubeObject | undefined): void {
  deleteOrphanedAttachmentPods(virt, vmi);
  if (pod === undefined) {
    if (isUnprocessed(vmi)) createPod(virt, vmi);
  } else if (isHandoverReady(pod)) {
    annotatePod(virt, vmi, pod);
    syncHotplug(virt, vmi, pod);
  }
}

function isUnprocessed(vmi: KubeObject): boolean {
  return phaseOf(vmi) === "" || phaseOf(vmi) === "Pending";
}

/** Deletes the VMI's pods; finished ones are deleted again and again until they are gone (`deleteAllMatchingPods`). */
function deletePods(virt: Virt, vmi: KubeObject): void {
  const { world } = virt;
  for (const pod of podsOf(world, vmi)) {
    if (isDeleting(pod) && !isFinished(pod)) continue;
    world.store.delete(pods, pod.metadata.namespace, pod.metadata.name, {}, writer);
    const message = `Deleted virtual machine pod ${pod.metadata.name}`;
    world.record(vmi, { type: "Normal", reason: "SuccessfulDelete", message, from });
  }
}

function createPod(virt: Virt, vmi: KubeObject): void {
  const { world } = virt;
  if (migrationsOf(world, vmi).some(isRunningMigration)) throw new SyncError("FailedCreate", "active migration exists");
  const missing = missingClaim(virt, vmi);
  if (missing !== undefined) {
    const message = `failed to render launch manifest: didn't find PVC ${missing}`;
    world.record(vmi, { type: "Warning", reason: "FailedPvcNotFound", message, from });
    throw new SyncError("FailedPvcNotFound", message);
  }
  const wanted = launcherPod(vmi, launcherOptions(virt, vmi.metadata.namespace));
  const pod = tryToCreatePod(world, wanted, { owner: vmi, from, writer, failed: "Error creating pod" });
  if (pod instanceof StoreError)
    throw new SyncError("FailedCreate", `failed to create virtual machine pod: ${pod.message}`, refusedRetryMs);
  const message = `Created virtual machine pod ${pod.metadata.name}`;
  world.record(vmi, { type: "Normal", reason: "SuccessfulCreate", message, from });
}

function missingClaim(virt: Virt, vmi: KubeObject): string | undefined {
  const volumes: { persistentVolumeClaim?: { claimName: string }; dataVolume?: { name: string } }[] =
    vmi.spec.volumes ?? [];
  const names = volumes.flatMap((volume) => volume.persistentVolumeClaim?.claimName ?? volume.dataVolume?.name ?? []);
  return names.find((name) => virt.world.store.get(claims, vmi.metadata.namespace, name) === undefined);
}

/** Tells the descheduler what it may do with the pod (pkg/virt-controller/watch/descheduler). */
function annotatePod(virt: Virt, vmi: KubeObject, pod: KubeObject): void {
  const change = (draft: KubeObject): void => {
    const annotations: Record<string, string> = { ...draft.metadata.annotations, [evictOnlyAnnotation]: "" };
    if (isMarked(vmi)) annotations[evictionInProgressAnnotation] = "true";
    else delete annotations[evictionInProgressAnnotation];
    draft.metadata.annotations = annotations;
  };
  virt.world.store.modify(pods, pod.metadata.namespace, pod.metadata.name, change, writer);
}

function updateStatus(virt: Virt, vmi: KubeObject, problem: SyncError | undefined): void {
  const { world } = virt;
  const pod = currentPod(world, vmi);
  const now = rfc3339(world.clock.now());
  if (pod !== undefined) syncPod(virt, vmi, pod, now);
  const change = (draft: KubeObject): void => {
    draft.status ??= {};
    reportPods(virt, draft);
    reportReady(draft, pod, now);
    if (pod !== undefined) reportImage(draft, pod, virt.launcherImage);
    advance(virt, vmi, draft, pod, problem, now);
    if (virt.release.cancelsEvacuations) reportMark(draft, now);
    stampPhase(draft, phaseOf(vmi), world.clock.now());
    if (phaseOf(vmi) !== "Running" && phaseOf(vmi) !== "Scheduled") reportProblem(draft, problem, now);
  };
  modifyInstance(world, vmi, change, writer);
}

/** Brings the pod's readiness gate and labels up to the VMI (`syncPausedConditionToPod`, `syncDynamicAnnotationsAndLabelsToPod`). */
function syncPod(virt: Virt, vmi: KubeObject, pod: KubeObject, now: string): void {
  const { world } = virt;
  const { namespace, name } = pod.metadata;
  const paused = hasCondition(vmi, "Paused");
  const gate = paused
    ? { type: unpausedGate, status: "False", reason: "Paused", message: "the virtual machine is paused" }
    : { type: unpausedGate, status: "True", reason: "NotPaused", message: "the virtual machine is not paused" };
  const setGate = (draft: KubeObject): void => setCondition(draft, { lastProbeTime: now, ...gate }, now);
  if (!hasCondition(pod, unpausedGate, gate.status)) {
    world.store.modify(pods, namespace, name, setGate, onStatus(writer));
  }
  const setLabels = (draft: KubeObject): void => {
    const labels = { ...draft.metadata.labels };
    for (const label of [nodeNameLabel, outdatedImageLabel]) {
      const value = vmi.metadata.labels?.[label];
      if (value === undefined) delete labels[label];
      else labels[label] = value;
    }
    draft.metadata.labels = labels;
  };
  world.store.modify(pods, namespace, name, setLabels, writer);
}

function reportPods(virt: Virt, draft: KubeObject): void {
  const owned = podsOf(virt.world, draft);
  if (owned.length === 0 && draft.status.activePods === undefined) return;
  const active = owned.map((pod) => [pod.metadata.uid, pod.spec.nodeName ?? ""] as const);
  if (active.length > 0) draft.status.activePods = Object.fromEntries(active);
  else delete draft.status.activePods;
}

/** `syncReadyConditionFromPod`. */
function reportReady(draft: KubeObject, pod: KubeObject | undefined, now: string): void {
  const not = (reason: string, message: string): void =>
    setCondition(draft, { type: "Ready", status: "False", reason, message, lastProbeTime: now }, now);
  const ready = pod === undefined ? undefined : conditionOf(pod, "Ready");
  if (pod === undefined) not("PodNotExists", "virt-launcher pod has not yet been scheduled");
  else if (isDownOrGoingDown(pod)) not("PodTerminating", "virt-launcher pod is terminating");
  else if (phaseOf(draft) !== "Running") not("GuestNotRunning", "Guest VM is not reported as running");
  else if (ready === undefined) not("PodConditionMissing", "virt-launcher pod is missing the Ready condition");
  else setCondition(draft, { ...ready, type: "Ready" }, now);
}

function reportImage(draft: KubeObject, pod: KubeObject, current: string): void {
  const containers: { name: string; image: string }[] = pod.spec.containers ?? [];
  const image = containers.find(({ name }) => name === "compute")?.image ?? "";
  const labels = { ...draft.metadata.labels };
  if (image !== "" && image !== current) labels[outdatedImageLabel] = "";
  else delete labels[outdatedImageLabel];
  if (Object.keys(labels).length > 0) draft.metadata.labels = labels;
  else delete draft.metadata.labels;
  draft.status.launcherContainerImageVersion = image;
}

/** The next phase, by phase (`updateStatus` of pkg/virt-controller/watch/vmi/lifecycle.go). */
function advance(
  virt: Virt,
  vmi: KubeObject,
  draft: KubeObject,
  pod: KubeObject | undefined,
  problem: SyncError | undefined,
  now: string,
): void {
  switch (phaseOf(vmi)) {
    case "":
    case "Pending":
      if (pod !== undefined) draft.status.phase = "Scheduling";
      else draft.status.phase = isDeleting(vmi) ? "Failed" : "Pending";
      if (problem?.reason === "FailedPvcNotFound") {
        const condition = { type: "PodScheduled", status: "False", reason: "Unschedulable", message: problem.message };
        setCondition(draft, condition, now);
      }
      return;
    case "Scheduling":
      if (pod === undefined) draft.status.phase = "Failed";
      else advanceScheduling(virt, vmi, draft, pod);
      return;
    case "Scheduled":
    case "Running":
      if (pod === undefined) {
        if (virt.release.failsWithoutPod) draft.status.phase = "Failed";
      } else draft.status.volumeStatus = volumeStatusOf(virt, draft, pod);
      return;
    default:
      if (isFinal(vmi)) release(virt, vmi, draft);
  }
}

function advanceScheduling(virt: Virt, vmi: KubeObject, draft: KubeObject, pod: KubeObject): void {
  if (pod.status?.qosClass !== undefined) draft.status.qosClass = pod.status.qosClass;
  const scheduled = conditionOf(pod, "PodScheduled");
  if (scheduled?.status === "False") {
    removeCondition(draft, "PodScheduled");
    draft.status.conditions.push({ ...scheduled });
  } else removeCondition(draft, "PodScheduled");
  if (isHandoverReady(pod) && !isDeleting(vmi)) {
    draft.status.volumeStatus = volumeStatusOf(virt, draft, pod);
    draft.status.phase = "Scheduled";
    draft.metadata.labels = { ...draft.metadata.labels, [nodeNameLabel]: pod.spec.nodeName };
    draft.status.nodeName = pod.spec.nodeName;
    draft.status.migrationTransport = "Unix";
  } else if (isDownOrGoingDown(pod)) draft.status.phase = "Failed";
}

/** A final VMI is let go when no pod object of it is left and its VM has seen it. */
function release(virt: Virt, vmi: KubeObject, draft: KubeObject): void {
  if (podsOf(virt.world, vmi).length === 0) {
    removeFinalizer(draft, vmiFinalizer);
    delete draft.status.launcherContainerImageVersion;
  }
  if (ownerOf(virt.world, vmi) === undefined) removeFinalizer(draft, vmFinalizer);
}

function reportMark(draft: KubeObject, now: string): void {
  if (!isMarked(draft)) {
    removeCondition(draft, "EvictionRequested");
    return;
  }
  const message = "VMI is marked for eviction";
  const condition = { type: "EvictionRequested", status: "True", reason: "EvictionRequested", message };
  if (!hasCondition(draft, "EvictionRequested")) setCondition(draft, { ...condition, lastProbeTime: now }, now);
}

/** The Synchronized condition carries what keeps the VMI from going on (`CheckFailure`). */
function reportProblem(draft: KubeObject, problem: SyncError | undefined, now: string): void {
  if (problem === undefined) {
    removeCondition(draft, "Synchronized");
    return;
  }
  const { reason, message } = problem;
  // Its first words stay, whatever else is said for the same reason.
  const before = conditionOf(draft, "Synchronized");
  if (before?.status === "False" && before.reason === reason) return;
  setCondition(draft, { type: "Synchronized", status: "False", reason, message }, now);
}
