/** virt-handler, the part that moves guests: source and target of a migration (pkg/virt-handler/migration-source.go, migration-target.go). */
import { evictionSourceAnnotation, nodeNameLabel } from "../../platform/names.ts";
import { rfc3339 } from "../clock.ts";
import { removeCondition } from "../kubernetes/conditions.ts";
import type { Reconciler } from "../kubernetes/control-loop.ts";
import type { Host } from "../kubernetes/hosts.ts";
import { instances, managers, pods } from "../kubernetes/keys.ts";
import { endHostedPod } from "../kubernetes/kubelet.ts";
import { isDeleting } from "../kubernetes/objects.ts";
import { hostAddress } from "../kubernetes/pod-status.ts";
import type { KubeObject } from "../store.ts";
import type { Guest } from "./guests.ts";
import { handlerTouches, splitHandlerKey } from "./handler.ts";
import { handlerWorks } from "./heartbeat.ts";
import { currentPod, isFinal } from "./instance.ts";
import { migrationTargetNodeLabel, outdatedImageLabel } from "./names.ts";
import type { Virt } from "./virt.ts";
import { modifyInstance } from "./writes.ts";

export const migrationReconciler = "virt-handler-migration";
const writer = managers.virtHandler;
const from = "virt-handler";
const migrationPorts = { "33401": 0, "44017": 49152, "38219": 49153 };

export function createMigrationHandler(virt: Virt): Reconciler {
  const { world } = virt;
  return {
    name: migrationReconciler,
    touches: handlerTouches,
    reconcile(key) {
      const { node, namespace, name } = splitHandlerKey(key);
      const host = world.hosts.get(node);
      const vmi = world.store.get(instances, namespace, name);
      if (!handlerWorks(host) || vmi?.status?.migrationState === undefined) return undefined;
      if (isFinal(vmi) || isDeleting(vmi)) return undefined;
      if (vmi.metadata.labels?.[migrationTargetNodeLabel] === host.name) return receive(virt, host, vmi);
      if (vmi.status.nodeName === host.name) send(virt, host, vmi);
      return undefined;
    },
  };
}

function isDone(vmi: KubeObject): boolean {
  const { endTimestamp, completed, failed } = vmi.status.migrationState;
  return endTimestamp !== undefined && (completed === true || failed === true);
}

/** The source: starts the copy when the target listens, passes on an abort, and reports a failure. */
function send(virt: Virt, host: Host, vmi: KubeObject): void {
  const state = vmi.status.migrationState;
  if (isDone(vmi) || state.sourceNode !== host.name) return;
  const source = guestIn(virt, currentPod(virt.world, vmi));
  if (source === undefined || source.host !== host || source.state === "off") return;
  const begun = source.migration?.uid === state.migrationUid;
  if (!begun && state.targetNodeAddress !== undefined && state.abortRequested !== true) start(virt, vmi, source);
  else if (begun && state.abortRequested === true && source.migration?.abortStatus === undefined) {
    event(virt, vmi, "Normal", "Migrating", "VirtualMachineInstance is aborting migration.");
    virt.guests.abort(source);
  } else if (begun) reportProgress(virt, vmi, source);
}

function start(virt: Virt, vmi: KubeObject, source: Guest): void {
  const state = vmi.status.migrationState;
  const pod = virt.world.store.get(pods, vmi.metadata.namespace, state.targetPod);
  const target = guestIn(virt, pod);
  if (target === undefined) return;
  virt.guests.migrate(source, target, state.migrationUid);
  event(virt, vmi, "Normal", "Migrating", "VirtualMachineInstance is migrating.");
  reportProgress(virt, vmi, source);
}

/** What the launcher knows of the copy goes into the VMI (`setMigrationProgressStatus`). */
function reportProgress(virt: Virt, vmi: KubeObject, source: Guest): void {
  const { migration } = source;
  if (migration === undefined) return;
  const change = (draft: KubeObject): void => {
    const state = draft.status.migrationState;
    state.startTimestamp = migration.startTimestamp;
    state.mode = "PreCopy";
    if (migration.abortStatus !== undefined) state.abortStatus = migration.abortStatus;
    if (migration.failed !== true) return;
    const { endTimestamp, failureReason } = migration;
    Object.assign(state, { failed: true, completed: true, endTimestamp, failureReason });
  };
  modifyInstance(virt.world, vmi, change, writer);
  if (migration.failed !== true || vmi.status.migrationState.failed === true) return;
  const message = `VirtualMachineInstance migration uid ${migration.uid} failed. reason:${migration.failureReason}`;
  event(virt, vmi, "Warning", "Migrated", message);
}

/** The target: listens, sees the guest arrive, takes the VMI over, and cleans up; one step at a time. */
function receive(virt: Virt, host: Host, vmi: KubeObject): number | undefined {
  const state = vmi.status.migrationState;
  const pod = virt.world.store.get(pods, vmi.metadata.namespace, state.targetPod ?? "");
  if (isDone(vmi)) {
    cleanUp(virt, host, vmi, pod);
    return undefined;
  }
  if (pod === undefined || pod.spec.nodeName !== host.name) return undefined;
  const guest = virt.guests.prepare(host, vmi, pod.metadata.uid);
  if (guest.state === "receiving") listen(virt, host, vmi);
  else if (guest.arrivedAt !== undefined) takeOver(virt, host, vmi, guest);
  return undefined;
}

function listen(virt: Virt, host: Host, vmi: KubeObject): void {
  if (vmi.status.migrationState.targetNodeAddress !== undefined) return;
  const address = hostAddress(host.name);
  const change = (draft: KubeObject): void => {
    draft.status.migrationState.targetNodeAddress = address;
    draft.status.migrationState.targetDirectMigrationNodePorts = migrationPorts;
  };
  modifyInstance(virt.world, vmi, change, writer);
  const ports = Object.keys(migrationPorts).join(",");
  event(virt, vmi, "Normal", "PreparingTarget", `Migration Target is listening at ${address}, on ports: ${ports}`);
}

/** Domain detected and running → end acknowledged, VMI moved, mark cleared → completed: three writes, as the real handler does. */
function takeOver(virt: Virt, host: Host, vmi: KubeObject, guest: Guest): void {
  const state = vmi.status.migrationState;
  const now = rfc3339(virt.world.clock.now());
  if (state.targetNodeDomainReadyTimestamp === undefined) {
    const detect = (draft: KubeObject): void => {
      draft.status.migrationState.targetNodeDomainDetected = true;
      draft.status.migrationState.targetNodeDomainReadyTimestamp = now;
      removeCondition(draft, "MigrationRequired");
    };
    modifyInstance(virt.world, vmi, detect, writer);
  } else if (state.endTimestamp === undefined) {
    modifyInstance(virt.world, vmi, (draft) => acknowledge(draft, host, guest), writer);
    event(virt, vmi, "Normal", "Migrated", `The VirtualMachineInstance migrated to node ${host.name}.`);
  } else {
    const complete = (draft: KubeObject): void => {
      draft.status.migrationState.completed = true;
    };
    modifyInstance(virt.world, vmi, complete, writer);
  }
}

/** `ackMigrationCompletion`. */
function acknowledge(draft: KubeObject, host: Host, guest: Guest): void {
  draft.status.migrationState.endTimestamp = guest.arrivedAt;
  draft.metadata.labels = { ...draft.metadata.labels, [nodeNameLabel]: host.name };
  delete draft.metadata.labels[outdatedImageLabel];
  if (draft.metadata.annotations?.[evictionSourceAnnotation] !== undefined) {
    delete draft.metadata.annotations[evictionSourceAnnotation];
  }
  delete draft.status.launcherContainerImageVersion;
  delete draft.status.evacuationNodeName;
  draft.status.nodeName = host.name;
  draft.status.migrationTransport = "Unix";
}

/** `finalCleanup`: a target that got nothing leaves, and the VMI is no longer of this node's concern. */
function cleanUp(virt: Virt, host: Host, vmi: KubeObject, pod: KubeObject | undefined): void {
  if (vmi.status.migrationState.failed === true && pod?.spec.nodeName === host.name) {
    const guest = virt.guests.ofPod(pod.metadata.uid);
    if (guest !== undefined) virt.guests.end(guest, "destroyed");
    else endHostedPod(virt.world, host, pod.metadata.uid, 0);
  }
  const change = (draft: KubeObject): void => {
    if (draft.metadata.labels !== undefined) delete draft.metadata.labels[migrationTargetNodeLabel];
  };
  modifyInstance(virt.world, vmi, change, writer);
}

function guestIn(virt: Virt, pod: KubeObject | undefined): Guest | undefined {
  return pod === undefined ? undefined : virt.guests.ofPod(pod.metadata.uid);
}

function event(virt: Virt, vmi: KubeObject, type: "Normal" | "Warning", reason: string, message: string): void {
  virt.world.record(vmi, { type, reason, message, from });
}
