/** Whether a VMI can be live-migrated, and how, as virt-handler finds out (pkg/virt-handler/vm.go, calculateLiveMigrationCondition). */
import { hostModelPrefix } from "../../platform/names.ts";
import type { KubeObject } from "../store.ts";
import { bridgeMigrationAnnotation } from "./names.ts";

export interface Obstacle {
  readonly reason: string;
  readonly message: string;
}

export interface Migratability {
  /** The first obstacle; undefined when the VMI can be migrated. */
  readonly obstacle?: Obstacle;
  /** Disks that are not shared have to be copied, too. */
  readonly method: "LiveMigration" | "BlockMigration";
  /** What also stands against a migration that copies the disks on purpose. */
  readonly storageObstacles: readonly Obstacle[];
}

/** Judges a VMI on its node. */
export function judgeMigratability(vmi: KubeObject, node: KubeObject | undefined): Migratability {
  const disks = disksObstacle(vmi);
  const general = [interfaceObstacle(vmi), cpuObstacle(vmi, node), deviceObstacle(vmi), confidentialObstacle(vmi)];
  const found = [...general, disks.obstacle].find((obstacle) => obstacle !== undefined);
  return {
    ...(found === undefined ? {} : { obstacle: found }),
    method: disks.block ? "BlockMigration" : "LiveMigration",
    storageObstacles: general.filter((obstacle) => obstacle !== undefined),
  };
}

interface Interface {
  readonly name: string;
  readonly masquerade?: object;
  readonly passtBinding?: object;
  readonly bridge?: object;
}

/** `vmispec.VerifyVMIMigratable`. */
function interfaceObstacle(vmi: KubeObject): Obstacle | undefined {
  const interfaces: Interface[] = vmi.spec.domain?.devices?.interfaces ?? [];
  const networks: { name: string; pod?: object }[] = vmi.spec.networks ?? [];
  const podNetwork = networks.find((network) => network.pod !== undefined);
  if (interfaces.length === 0 || podNetwork === undefined) return undefined;
  const reason = "InterfaceNotLiveMigratable";
  const primary = interfaces.find(({ name }) => name === podNetwork.name);
  if (primary === undefined) return { reason, message: `no primary interface found for network ${podNetwork.name}` };
  if (primary.masquerade !== undefined || primary.passtBinding !== undefined) return undefined;
  const allowed = vmi.metadata.annotations?.[bridgeMigrationAnnotation] !== undefined;
  if (primary.bridge !== undefined && allowed) return undefined;
  const message =
    "cannot migrate VMI which does not use masquerade or a migratable plugin to connect to the pod network";
  return { reason, message };
}

function cpuObstacle(vmi: KubeObject, node: KubeObject | undefined): Obstacle | undefined {
  if (vmi.spec.domain?.cpu?.model !== "host-model") return undefined;
  const known = Object.keys(node?.metadata.labels ?? {}).some((label) => label.startsWith(hostModelPrefix));
  const message = `the node "${vmi.status?.nodeName}" does not allow migration with host-model`;
  return known ? undefined : { reason: "CPUModeLiveMigratable", message };
}

/** `vmiContainsNonMigratablePCIHostDevices`, with the gate VGPULiveMigration off as it is by default. */
function deviceObstacle(vmi: KubeObject): Obstacle | undefined {
  const { hostDevices = [], gpus = [] } = vmi.spec.domain?.devices ?? {};
  const reason = "HostDeviceNotLiveMigratable";
  if (hostDevices.length > 0) return { reason, message: "VMI specifies non-migratable generic PCI host device" };
  if (gpus.length > 1) return { reason, message: "VMI specifies too many GPUs" };
  if (gpus.length === 0) return undefined;
  return { reason, message: "VMI specifies a GPU but feature gate VGPULiveMigration is not enabled" };
}

function confidentialObstacle(vmi: KubeObject): Obstacle | undefined {
  const security = vmi.spec.domain?.launchSecurity;
  if (security?.sev !== undefined) return { reason: "SEVNotLiveMigratable", message: "VMI uses SEV" };
  if (security?.tdx !== undefined) return { reason: "TDXNotLiveMigratable", message: "VMI uses TDX" };
  if (vmi.spec.domain?.features?.hypervPassthrough?.enabled !== true) return undefined;
  return { reason: "HypervPassthroughNotLiveMigratable", message: "VMI uses hyperv passthrough" };
}

interface Volume {
  readonly name: string;
  readonly persistentVolumeClaim?: { readonly claimName: string };
  readonly dataVolume?: { readonly name: string };
  readonly hostDisk?: { readonly shared?: boolean };
}

/** `checkVolumesForMigration`: shared claims stay where they are, other disks without a claim are copied, unshared claims forbid it. */
function disksObstacle(vmi: KubeObject): { block: boolean; obstacle?: Obstacle } {
  const reason = "DisksNotLiveMigratable";
  const statuses: { name: string; persistentVolumeClaimInfo?: { accessModes?: string[] } }[] =
    vmi.status?.volumeStatus ?? [];
  let block = false;
  for (const volume of (vmi.spec.volumes ?? []) as Volume[]) {
    const claim = volume.persistentVolumeClaim?.claimName ?? volume.dataVolume?.name;
    if (claim !== undefined) {
      const info = statuses.find((status) => status.name === volume.name)?.persistentVolumeClaimInfo;
      if (info?.accessModes?.includes("ReadWriteMany")) continue;
      return { block: true, obstacle: { reason, message: unsharedMessage(claim, info !== undefined) } };
    }
    if (volume.hostDisk !== undefined && volume.hostDisk.shared !== true) {
      return { block: true, obstacle: { reason, message: "cannot migrate VMI with non-shared HostDisk" } };
    }
    if (volume.hostDisk === undefined && !isReadOnly(vmi, volume.name)) block = true;
  }
  return { block };
}

function unsharedMessage(claim: string, known: boolean): string {
  const rule = "live migration requires that all PVCs must be shared (using ReadWriteMany access mode)";
  return known
    ? `cannot migrate VMI: PVC ${claim} is not shared, ${rule}`
    : `cannot migrate VMI: Unable to determine if PVC ${claim} is shared, ${rule}`;
}

function isReadOnly(vmi: KubeObject, volume: string): boolean {
  const disks: { name: string; cdrom?: { readonly?: boolean } }[] = vmi.spec.domain?.devices?.disks ?? [];
  return disks.some((disk) => disk.name === volume && disk.cdrom !== undefined && disk.cdrom.readonly !== false);
}
