/**
 * Attaches the volumes of bound pods to their nodes and detaches those no longer wanted (kubernetes pkg/controller/volume/attachdetach);
 * with the CSI attacher that carries it out.
 */
import { createHash } from "node:crypto";
import type { KubeObject } from "../store.ts";
import { AttachmentBeliefs, type Ghost } from "./attachment-beliefs.ts";
import type { Reconciler } from "./control-loop.ts";
import { attachments, isOf, managers, nodes, onStatus, pods, volumes } from "./keys.ts";
import { uniqueVolumeName } from "./kubelet-node.ts";
import { addFinalizer, elapsedMs, hasTaint, isDeleting, isFinished, isReady, removeFinalizer } from "./objects.ts";
import { outOfService } from "./pod-gc.ts";
import { attachableVolumes, isShared } from "./storage.ts";
import { claimsOf, type World } from "./world.ts";

/** After this long without an unmount on an unhealthy node the volume is detached by force (`maxWaitForUnmountDuration`). */
const forceDetachMs = 360_000;
/** What a CSI driver needs for ControllerPublishVolume and ControllerUnpublishVolume. */
const driverMs = 1000;
/** How often a volume that cannot be attached or detached yet is looked at again. */
const retryMs = 1000;

export function createAttachDetach(world: World): Reconciler {
  /** Since when a volume is no longer wanted on a node, by attachment name. */
  const unwantedSince = new Map<string, number>();
  const beliefs = new AttachmentBeliefs();
  return {
    name: "attach-detach",
    *touches({ type, key, object, previous }) {
      if (isOf(key, pods) && object.spec?.nodeName !== undefined) {
        const isNews = type === "DELETED" || concernsVolumes(object, previous);
        if (isNews) for (const volume of attachableVolumes(world, object)) yield volume.metadata.name;
      }
      if (isOf(key, attachments)) yield object.spec.source?.persistentVolumeName ?? "";
      if (isOf(key, nodes) && healthChanged(object, previous)) {
        for (const attachment of world.store.list(attachments)) {
          if (attachment.spec.nodeName === object.metadata.name) yield attachment.spec.source.persistentVolumeName;
        }
      }
    },
    reconcile(name) {
      const volume = world.store.get(volumes, undefined, name);
      if (volume === undefined) return undefined;
      const wanted = wantedOn(world, volume);
      const now = world.clock.now().getTime();
      // What it would detach now it finds detached already.
      const isEnded = ({ nodeName, since }: Ghost): boolean =>
        !wanted.has(nodeName) && mayDetach(world, volume, nodeName, now - since);
      const ghosts = beliefs.look(name, world.attachmentsOf.get(name), now, isEnded);
      const waitsForDetach = detachUnwanted(world, volume, wanted, { unwantedSince, beliefs });
      const waitsForAttach = attachWanted(world, volume, wanted, ghosts);
      return waitsForDetach || waitsForAttach ? world.every(retryMs) : undefined;
    },
  };
}

function concernsVolumes(pod: KubeObject, previous: KubeObject | undefined): boolean {
  if (claimsOf(pod).length === 0) return false;
  return previous?.spec?.nodeName !== pod.spec.nodeName || previous?.status?.phase !== pod.status?.phase;
}

function healthChanged(node: KubeObject, previous: KubeObject | undefined): boolean {
  const health = (object: KubeObject | undefined): string =>
    JSON.stringify([object && isReady(object), object?.status?.volumesInUse, object && hasTaint(object, outOfService)]);
  return health(node) !== health(previous);
}

/** The nodes on which an unfinished pod object wants the volume; a terminating pod wants it until it is gone. */
function wantedOn(world: World, volume: KubeObject): Map<string, KubeObject> {
  const claim = volume.spec.claimRef;
  const wanted = new Map<string, KubeObject>();
  if (claim === undefined) return wanted;
  for (const pod of world.podsOfClaim.get(`${claim.namespace}/${claim.name}`)) {
    if (pod.spec.nodeName !== undefined && !isFinished(pod)) wanted.set(pod.spec.nodeName, pod);
  }
  return wanted;
}

function attachWanted(
  world: World,
  volume: KubeObject,
  wanted: ReadonlyMap<string, KubeObject>,
  ghosts: readonly Ghost[],
): boolean {
  let waiting = false;
  for (const [node, pod] of wanted) {
    const present = world.attachmentsOf.get(volume.metadata.name);
    if (present.some((attachment) => attachment.spec.nodeName === node && !isDeleting(attachment))) continue;
    const holders = [
      ...present.map((attachment): string => attachment.spec.nodeName),
      ...ghosts.map((ghost) => ghost.nodeName),
    ];
    if (holders.includes(node)) waiting = true;
    else if (holders.length > 0 && !isShared(volume)) {
      reportMultiAttach(world, volume, pod, wanted);
      waiting = true;
    } else attach(world, volume, node);
  }
  return waiting;
}

function attach(world: World, volume: KubeObject, node: string): void {
  const attacher: string = volume.spec.csi.driver;
  world.store.create(
    attachments,
    {
      metadata: { name: attachmentName(volume.spec.csi.volumeHandle, attacher, node) },
      spec: { attacher, nodeName: node, source: { persistentVolumeName: volume.metadata.name } },
      status: { attached: false },
    },
    managers.controllerManager,
  );
}

/** `csi-` and the SHA-256 of volume handle, driver and node (kubernetes pkg/volume/csi/csi_attacher.go). */
function attachmentName(handle: string, driver: string, node: string): string {
  return `csi-${createHash("sha256").update(`${handle}${driver}${node}`).digest("hex")}`;
}

function reportMultiAttach(
  world: World,
  volume: KubeObject,
  pod: KubeObject,
  wanted: ReadonlyMap<string, KubeObject>,
): void {
  const others = [...wanted.values()].filter((other) => other.metadata.uid !== pod.metadata.uid);
  const why =
    others.length === 0
      ? "Volume is already exclusively attached to one node and can't be attached to another"
      : `Volume is already used by pod(s) ${others.map((other) => other.metadata.name).join(", ")}`;
  const message = `Multi-Attach error for volume "${volume.metadata.name}" ${why}`;
  const last = reported.get(pod);
  if (last === message) return;
  reported.set(pod, message);
  world.record(pod, { type: "Warning", reason: "FailedAttachVolume", message, from: "attachdetach-controller" });
}

/** The multi-attach error is reported once per pod and state of it (`MultiAttachErrorReported`). */
const reported = new WeakMap<KubeObject, string>();

function detachUnwanted(
  world: World,
  volume: KubeObject,
  wanted: ReadonlyMap<string, KubeObject>,
  { unwantedSince, beliefs }: { readonly unwantedSince: Map<string, number>; readonly beliefs: AttachmentBeliefs },
): boolean {
  let waiting = false;
  for (const attachment of world.attachmentsOf.get(volume.metadata.name)) {
    const { name } = attachment.metadata;
    if (wanted.has(attachment.spec.nodeName)) {
      unwantedSince.delete(name);
      continue;
    }
    if (isDeleting(attachment)) continue;
    const now = world.clock.now().getTime();
    const since = unwantedSince.get(name) ?? now;
    unwantedSince.set(name, since);
    if (mayDetach(world, volume, attachment.spec.nodeName, now - since)) {
      unwantedSince.delete(name);
      beliefs.release(name);
      world.store.delete(attachments, undefined, name, {}, managers.controllerManager);
    } else waiting = true;
  }
  return waiting;
}

/** Detaching waits until the kubelet has unmounted, unless the node is out of service or unhealthy for six minutes. */
function mayDetach(world: World, volume: KubeObject, nodeName: string, unwantedMs: number): boolean {
  const node = world.store.get(nodes, undefined, nodeName);
  if (node === undefined || hasTaint(node, outOfService)) return true;
  const inUse: string[] = node.status?.volumesInUse ?? [];
  if (!inUse.includes(uniqueVolumeName(volume))) return true;
  return !isReady(node) && unwantedMs > forceDetachMs;
}

/** The external attacher: reports an attachment as attached, and lets a deleted one go, when its driver is done. */
export function createAttacher(world: World): Reconciler {
  return {
    name: "csi-attacher",
    *touches({ type, key, object }) {
      if (isOf(key, attachments) && type !== "DELETED") yield object.metadata.name;
    },
    reconcile(name) {
      const attachment = world.store.get(attachments, undefined, name);
      if (attachment === undefined) return undefined;
      const finalizer = `external-attacher/${String(attachment.spec.attacher).replaceAll(".", "-")}`;
      const deleted = attachment.metadata.deletionTimestamp;
      const since = deleted ?? attachment.metadata.creationTimestamp;
      const held = attachment.metadata.finalizers?.includes(finalizer) === true;
      if (deleted === undefined && !held) change(world, name, (draft) => addFinalizer(draft, finalizer));
      const leftMs = driverMs - elapsedMs(since, world.clock.now());
      if (deleted === undefined && attachment.status?.attached === true) return undefined;
      if (leftMs > 0) return leftMs;
      if (deleted === undefined) change(world, name, reportAttached, "status");
      else if (held) change(world, name, (draft) => removeFinalizer(draft, finalizer));
      return undefined;
    },
  };
}

function reportAttached(draft: KubeObject): void {
  draft.status = { attached: true };
}

function change(world: World, name: string, edit: (draft: KubeObject) => void, subresource?: "status"): void {
  const writer = subresource === undefined ? managers.attacher : onStatus(managers.attacher);
  world.store.modify(attachments, undefined, name, edit, writer);
}
