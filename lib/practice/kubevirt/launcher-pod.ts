/** The virt-launcher pod of a VMI, also as target of a migration (pkg/virt-controller/services/template.go). */

import { formatBytes } from "../../model/quantity.ts";
import {
  appLabel,
  architectureLabel,
  cpuFeaturePrefix,
  cpuModelMigrationPrefix,
  cpuModelPrefix,
  cpuVendorPrefix,
  createdByLabel,
  domainAnnotation,
  hostModelFeaturePrefix,
  hostModelPrefix,
  hostnameLabel,
  launcherApp,
  migrationJobNameAnnotation,
  migrationJobUidLabel,
  schedulableLabel,
} from "../../platform/names.ts";
import { cloneJson } from "../fields.ts";
import { controllerReference } from "../kubernetes/objects.ts";
import { defaultedPod } from "../kubernetes/pods.ts";
import type { KubeObject, NewObject } from "../store.ts";
import { memoryOf } from "./guests.ts";
import { hotplugVolumes } from "./instance.ts";
import {
  cpuManagerLabel,
  deprecatedVmNameLabel,
  evictOnlyAnnotation,
  latestApiAnnotation,
  machineTypePrefix,
  migrationTransportAnnotation,
  storageApiAnnotation,
  unpausedGate,
  vmiIdLabel,
} from "./names.ts";
import type { Release } from "./release.ts";

const gracePaddingSeconds = 15;
const defaultGraceSeconds = 30;
/** `cpuAllocationRatio`: ten vCPUs share one core. */
const cpuAllocationRatio = 10;
/** `DefaultMemoryLimitOverheadRatio`. */
const autoMemoryLimitRatio = 2;
const mebibyte = 2 ** 20;
/** virt-launcher-monitor, virt-launcher, virtlogd, virtqemud, qemu (pkg/hypervisor/kvm/hypervisorbackend.go). */
const fixedOverhead = (25 + 100 + 25 + 40 + 50) * mebibyte;

export interface LauncherOptions {
  readonly image: string;
  readonly release: Release;
  /** What quotas of its namespace limit: `limits.memory`. */
  readonly limited: ReadonlySet<string>;
}

/** The pod in which a VMI starts. */
export function launcherPod(vmi: KubeObject, options: LauncherOptions): NewObject {
  const hostname = hostnameOf(vmi);
  return defaultedPod({
    metadata: {
      namespace: vmi.metadata.namespace ?? "",
      generateName: `virt-launcher-${vmi.metadata.name}-`,
      labels: {
        ...vmi.metadata.labels,
        [appLabel]: launcherApp,
        [createdByLabel]: vmi.metadata.uid,
        [deprecatedVmNameLabel]: hostname,
        ...(options.release.cancelsEvacuations ? { [vmiIdLabel]: vmi.metadata.name } : {}),
      },
      annotations: annotationsOf(vmi),
      ownerReferences: [controllerReference(vmi)],
    },
    spec: {
      hostname,
      ...(vmi.spec.subdomain === undefined ? {} : { subdomain: vmi.spec.subdomain }),
      automountServiceAccountToken: false,
      restartPolicy: "Never",
      terminationGracePeriodSeconds:
        (vmi.spec.terminationGracePeriodSeconds ?? defaultGraceSeconds) + 2 * gracePaddingSeconds,
      securityContext: { runAsUser: 107, runAsGroup: 107, runAsNonRoot: true, fsGroup: 107 },
      ...initContainersOf(vmi, options),
      containers: containersOf(vmi, options),
      nodeSelector: nodeSelectorOf(vmi),
      volumes: volumesOf(vmi),
      readinessGates: [{ conditionType: unpausedGate }],
      enableServiceLinks: false,
      ...placementOf(vmi.spec),
    },
  });
}

/** What a VMI says of where it may run is its pods' own. */
function placementOf(spec: KubeObject["spec"]): Record<string, unknown> {
  const fields = ["schedulerName", "priorityClassName", "tolerations", "topologySpreadConstraints", "affinity"];
  return Object.fromEntries(
    fields.filter((field) => spec[field] !== undefined).map((field) => [field, cloneJson(spec[field])]),
  );
}

/** The pod to which a migration brings the guest: away from the source, on the same CPU vendor and, for host-model, a fitting CPU. */
export function migrationTargetPod(
  vmi: KubeObject,
  migration: KubeObject,
  sourceNode: KubeObject,
  options: LauncherOptions,
): NewObject {
  const pod = launcherPod(vmi, options);
  const required = "requiredDuringSchedulingIgnoredDuringExecution";
  const apart = {
    labelSelector: { matchLabels: { [createdByLabel]: vmi.metadata.uid } },
    topologyKey: hostnameLabel,
  };
  const affinity = pod.spec.affinity ?? {};
  const terms = affinity.podAntiAffinity?.[required] ?? [];
  const { labels, annotations } = pod.metadata ?? {};
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      labels: { ...labels, [migrationJobUidLabel]: migration.metadata.uid },
      annotations: { ...annotations, [migrationJobNameAnnotation]: migration.metadata.name },
    },
    spec: {
      ...pod.spec,
      affinity: { ...affinity, podAntiAffinity: { ...affinity.podAntiAffinity, [required]: [...terms, apart] } },
      nodeSelector: {
        ...migration.spec.addedNodeSelector,
        ...pod.spec.nodeSelector,
        ...cpuSelectorFrom(vmi, sourceNode),
      },
    },
  };
}

/** `prepareNodeSelectorForHostCpuModel` and the vendor label. */
function cpuSelectorFrom(vmi: KubeObject, node: KubeObject): Record<string, string> {
  const selector: Record<string, string> = {};
  for (const [label, value] of Object.entries(node.metadata.labels ?? {})) {
    if (label.startsWith(cpuVendorPrefix)) selector[label] = value;
    if (vmi.spec.domain?.cpu?.model !== "host-model") continue;
    if (label.startsWith(hostModelPrefix)) {
      selector[cpuModelMigrationPrefix + label.slice(hostModelPrefix.length)] = "true";
    } else if (label.startsWith(hostModelFeaturePrefix)) {
      selector[cpuFeaturePrefix + label.slice(hostModelFeaturePrefix.length)] = value;
    }
  }
  return selector;
}

function hostnameOf(vmi: KubeObject): string {
  const wanted: string = vmi.spec.hostname ?? vmi.metadata.name;
  return wanted.split(".")[0]?.slice(0, 63).replace(/-+$/, "") ?? wanted;
}

const keptFromPods = ["kubectl.kubernetes.io", storageApiAnnotation, latestApiAnnotation];

function annotationsOf(vmi: KubeObject): Record<string, string> {
  const own = Object.entries(vmi.metadata.annotations ?? {}).filter(
    ([name]) => !keptFromPods.some((prefix) => name.startsWith(prefix)),
  );
  return {
    ...Object.fromEntries(own),
    [domainAnnotation]: vmi.metadata.name,
    "kubectl.kubernetes.io/default-container": "compute",
    [migrationTransportAnnotation]: "true",
    [evictOnlyAnnotation]: "",
  };
}

function nodeSelectorOf(vmi: KubeObject): Record<string, string> {
  const { domain, architecture } = vmi.spec;
  const selector: Record<string, string> = {
    [schedulableLabel]: "true",
    [architectureLabel]: architecture ?? "amd64",
    ...vmi.spec.nodeSelector,
  };
  const model = domain?.cpu?.model;
  if (domain?.cpu?.dedicatedCpuPlacement) selector[cpuManagerLabel] = "true";
  if (model && model !== "host-model" && model !== "host-passthrough") selector[cpuModelPrefix + model] = "true";
  for (const feature of domain?.cpu?.features ?? []) {
    if (!feature.policy || feature.policy === "require") selector[cpuFeaturePrefix + feature.name] = "true";
  }
  if (domain?.machine?.type) selector[machineTypePrefix + domain.machine.type] = "true";
  return selector;
}

function initContainersOf(vmi: KubeObject, { image }: LauncherOptions) {
  const disks = containerDisksOf(vmi);
  if (disks.length === 0) return {};
  const small = { requests: { cpu: "10m", memory: "1M" }, limits: { cpu: "100m", memory: "40M" } };
  const copy = { name: "container-disk-binary", image, resources: small };
  const pulls = disks.map((disk) => ({ name: `volume${disk.name}-init`, image: disk.image, resources: small }));
  return { initContainers: [copy, ...pulls] };
}

function containersOf(vmi: KubeObject, { image, limited }: LauncherOptions) {
  const small = { requests: { cpu: "1m", memory: "1M" }, limits: { cpu: "10m", memory: "40M" } };
  return [
    { name: "compute", image, resources: computeResources(vmi, limited) },
    ...containerDisksOf(vmi).map((disk) => ({ name: `volume${disk.name}`, image: disk.image, resources: small })),
  ];
}

function containerDisksOf(vmi: KubeObject): { name: string; image: string }[] {
  const volumes: { name: string; containerDisk?: { image: string } }[] = vmi.spec.volumes ?? [];
  return volumes.flatMap(({ name, containerDisk }) =>
    containerDisk === undefined ? [] : [{ name, image: containerDisk.image }],
  );
}

/** The guest's memory with its overhead, a tenth of a core per vCPU, and the devices it is given; limits where a quota wants some. */
function computeResources(vmi: KubeObject, limited: ReadonlySet<string>) {
  const { resources = {}, cpu = {}, devices = {} } = vmi.spec.domain ?? {};
  const vcpus: number = (cpu.sockets ?? 1) * (cpu.cores ?? 1) * (cpu.threads ?? 1);
  const bytes = Math.ceil(memoryOf(vmi) + overheadOf(vmi, vcpus));
  const memory = formatBytes(bytes);
  const passed: Record<string, string> = {};
  for (const device of [...(devices.gpus ?? []), ...(devices.hostDevices ?? [])]) {
    passed[device.deviceName] = String(Number(passed[device.deviceName] ?? 0) + 1);
  }
  const virtual = {
    "devices.kubevirt.io/kvm": "1",
    "devices.kubevirt.io/tun": "1",
    "devices.kubevirt.io/vhost-net": "1",
  };
  const cores = cpu.dedicatedCpuPlacement ? String(vcpus) : `${Math.ceil((vcpus * 1000) / cpuAllocationRatio)}m`;
  const requests = { cpu: cores, ...resources.requests, memory, "ephemeral-storage": "50M", ...virtual, ...passed };
  const limits = { ...resources.limits, ...virtual, ...passed };
  if (limits.memory !== undefined || cpu.dedicatedCpuPlacement) limits.memory = memory;
  else if (limited.has("limits.memory")) limits.memory = formatBytes(bytes * autoMemoryLimitRatio);
  if (cpu.dedicatedCpuPlacement) limits.cpu = cores;
  else if (limited.has("limits.cpu")) limits.cpu ??= String(vcpus);
  return { requests, limits };
}

function overheadOf(vmi: KubeObject, vcpus: number): number {
  const { devices = {} } = vmi.spec.domain ?? {};
  const pageTables = memoryOf(vmi) / 512;
  const vfio = (devices.gpus?.length ?? 0) + (devices.hostDevices?.length ?? 0) > 0 ? 1024 * mebibyte : 0;
  const video = devices.autoattachGraphicsDevice === false ? 0 : 32 * mebibyte;
  return pageTables + fixedOverhead + (8 * vcpus + 8) * mebibyte + video + vfio;
}

interface Volume {
  readonly name: string;
  readonly persistentVolumeClaim?: { readonly claimName: string; readonly hotpluggable?: boolean };
  readonly dataVolume?: { readonly name: string; readonly hotpluggable?: boolean };
  readonly hostDisk?: { readonly path: string };
}

/** The volumes of the guest that the kubelet must mount; hotplugged ones come in by a pod of their own. */
function volumesOf(vmi: KubeObject): object[] {
  const scratch = ["private", "public", "sockets", "virt-bin-share-dir", "libvirt-runtime", "ephemeral-disks"];
  const hotplugged = new Set(hotplugVolumes(vmi).map(({ name }) => name));
  const given = ((vmi.spec.volumes ?? []) as Volume[]).flatMap((volume): object[] => {
    if (hotplugged.has(volume.name)) return [];
    const claimName = volume.persistentVolumeClaim?.claimName ?? volume.dataVolume?.name;
    if (claimName !== undefined) return [{ name: volume.name, persistentVolumeClaim: { claimName } }];
    if (volume.hostDisk === undefined) return [];
    const path = volume.hostDisk.path.replace(/\/[^/]*$/, "");
    return [{ name: volume.name, hostPath: { path, type: "DirectoryOrCreate" } }];
  });
  const hotplug = { name: "hotplug-disks", emptyDir: {} };
  return [...scratch.map((name) => ({ name, emptyDir: {} })), ...given, hotplug];
}
