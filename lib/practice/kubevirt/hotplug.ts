/** Hotplugged volumes: the attachment pod beside the launcher, and the VMI's word about its volumes (pkg/virt-controller/watch/vmi/storage.go, volume-hotplug.go). */
import { appLabel, hostnameLabel, hotplugApp } from "../../platform/names.ts";
import { claims, managers, pods } from "../kubernetes/keys.ts";
import {
  controllerOf,
  controllerReference,
  isControlledBy,
  isDeleting,
  isFinished,
  isReady,
} from "../kubernetes/objects.ts";
import { defaultedPod, tryToCreatePod } from "../kubernetes/pods.ts";
import { StoreError } from "../status.ts";
import type { KubeObject, NewObject } from "../store.ts";
import { hotplugVolumes, podsOf, vmiKeyOfPod } from "./instance.ts";
import { ownerVmiNameAnnotation, ownerVmiUidAnnotation } from "./names.ts";
import type { Virt } from "./virt.ts";

const writer = managers.virtController;
const from = "virtualmachine-controller";

/** The attachment pods of a launcher pod. */
export function attachmentPodsOf(virt: Virt, launcher: KubeObject): KubeObject[] {
  return virt.world.ownedPods.get(launcher.metadata.uid).filter((pod) => isControlledBy(pod, launcher));
}

/** The VMI (namespace/name) for whose launcher an attachment pod was made. */
export function vmiKeyOfAttachment(virt: Virt, pod: KubeObject): string | undefined {
  const owner = controllerOf(pod);
  if (owner?.kind !== "Pod") return undefined;
  const launcher = virt.world.store.get(pods, pod.metadata.namespace, owner.name);
  return launcher === undefined ? undefined : vmiKeyOfPod(launcher);
}

/** One attachment pod carries all hotplugged volumes of the VMI; when they change it is replaced. */
export function syncHotplug(virt: Virt, vmi: KubeObject, launcher: KubeObject): void {
  const wanted = hotplugVolumes(vmi);
  const present = attachmentPodsOf(virt, launcher).filter((pod) => !isDeleting(pod));
  const fits = (pod: KubeObject): boolean => sameVolumes(pod, wanted);
  if (wanted.length > 0 && !present.some(fits)) {
    const maker = { owner: vmi, from, writer, failed: "Error creating attachment pod" };
    const pod = tryToCreatePod(virt.world, attachmentPod(virt, vmi, launcher), maker);
    if (pod instanceof StoreError) return;
    const message = `Created attachment pod ${pod.metadata.name}`;
    virt.world.record(vmi, { type: "Normal", reason: "SuccessfulCreate", message, from });
  }
  for (const pod of present) {
    if (!fits(pod)) deleteAttachmentPod(virt, vmi, pod);
  }
}

/** A final VMI needs no attachments any more. */
export function deleteAttachmentPods(virt: Virt, vmi: KubeObject): void {
  for (const launcher of podsOf(virt.world, vmi)) {
    for (const pod of attachmentPodsOf(virt, launcher)) deleteAttachmentPod(virt, vmi, pod);
  }
}

/** The attachments of a launcher that ended, such as the source of a migration (`deleteOrphanedAttachmentPods`). */
export function deleteOrphanedAttachmentPods(virt: Virt, vmi: KubeObject): void {
  for (const launcher of podsOf(virt.world, vmi)) {
    if (!isFinished(launcher)) continue;
    for (const pod of attachmentPodsOf(virt, launcher)) deleteAttachmentPod(virt, vmi, pod);
  }
}

function deleteAttachmentPod(virt: Virt, vmi: KubeObject, pod: KubeObject): void {
  if (isDeleting(pod)) return;
  virt.world.store.delete(pods, pod.metadata.namespace, pod.metadata.name, { gracePeriodSeconds: 0 }, writer);
  const message = `Deleted attachment pod ${pod.metadata.name}`;
  virt.world.record(vmi, { type: "Normal", reason: "SuccessfulDelete", message, from });
}

/** `RenderHotplugAttachmentPodTemplate`: on the launcher's node, without any grace. */
export function attachmentPod(virt: Virt, vmi: KubeObject, launcher: KubeObject): NewObject {
  const here = { key: hostnameLabel, operator: "In", values: [launcher.spec.nodeName] };
  const terms = { nodeSelectorTerms: [{ matchExpressions: [here] }] };
  return defaultedPod({
    metadata: {
      namespace: vmi.metadata.namespace ?? "",
      generateName: "hp-volume-",
      labels: { [appLabel]: hotplugApp },
      annotations: { [ownerVmiNameAnnotation]: vmi.metadata.name, [ownerVmiUidAnnotation]: vmi.metadata.uid },
      ownerReferences: [controllerReference(launcher)],
    },
    spec: {
      containers: [{ name: hotplugApp, image: virt.launcherImage, resources: smallResources }],
      affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } },
      tolerations: [{ operator: "Exists" }],
      volumes: [
        { name: "hotplug-disks", emptyDir: {} },
        ...hotplugVolumes(vmi).map(({ name, claim }) => ({ name, persistentVolumeClaim: { claimName: claim } })),
      ],
      terminationGracePeriodSeconds: 0,
    },
  });
}

const smallResources = { requests: { cpu: "10m", memory: "2M" }, limits: { cpu: "100m", memory: "80M" } };

function sameVolumes(pod: KubeObject, wanted: readonly { name: string }[]): boolean {
  const mounted = (pod.spec.volumes ?? [])
    .filter((volume: { persistentVolumeClaim?: object }) => volume.persistentVolumeClaim !== undefined)
    .map((volume: { name: string }) => volume.name);
  return JSON.stringify([...mounted].sort()) === JSON.stringify(wanted.map(({ name }) => name).sort());
}

interface Volume {
  readonly name: string;
  readonly persistentVolumeClaim?: { readonly claimName: string };
  readonly dataVolume?: { readonly name: string };
}

/** `status.volumeStatus`: the claims behind the volumes, and how far hotplugged ones have come. */
export function volumeStatusOf(virt: Virt, vmi: KubeObject, launcher: KubeObject): object[] {
  const before: { name: string; target?: string; phase?: string }[] = vmi.status?.volumeStatus ?? [];
  const hotplugged = new Set(hotplugVolumes(vmi).map(({ name }) => name));
  const attachment = attachmentPodsOf(virt, launcher).find((pod) => !isDeleting(pod));
  const statuses = ((vmi.spec.volumes ?? []) as Volume[]).map((volume) => {
    const known = before.find(({ name }) => name === volume.name);
    const claimName = volume.persistentVolumeClaim?.claimName ?? volume.dataVolume?.name;
    return {
      ...known,
      name: volume.name,
      ...(claimName === undefined ? {} : claimInfo(virt, vmi, claimName)),
      ...(hotplugged.has(volume.name) ? hotplugInfo(attachment, known?.phase) : {}),
    };
  });
  return statuses.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function claimInfo(virt: Virt, vmi: KubeObject, claimName: string): object {
  const claim = virt.world.store.get(claims, vmi.metadata.namespace, claimName);
  if (claim === undefined) return {};
  const { accessModes, volumeMode = "Filesystem", resources } = claim.spec;
  const capacity = claim.status?.capacity ?? resources?.requests;
  const info = { accessModes, capacity, claimName, requests: resources?.requests, volumeMode };
  return { persistentVolumeClaimInfo: JSON.parse(JSON.stringify(info)) };
}

function hotplugInfo(attachment: KubeObject | undefined, phase: string | undefined): object {
  if (attachment === undefined) return phase === "Ready" ? { phase } : { phase: "Bound", hotplugVolume: {} };
  const ready = isReady(attachment);
  const hotplugVolume = {
    attachPodName: attachment.metadata.name,
    ...(ready ? { attachPodUID: attachment.metadata.uid } : {}),
  };
  if (!ready) return { phase: "AttachedToNode", hotplugVolume };
  const message = "Successfully attach hotplugged volume to VM";
  return { phase: "Ready", reason: "VolumeReady", message, hotplugVolume };
}
