/** The objects behind a row of VMs: VirtualMachine or VMI, its claims and volumes. */
import { hostnameLabel } from "../../platform/names.ts";
import {
  claims,
  instanceReplicaSets,
  instances,
  storageClasses,
  virtualMachines,
  volumes,
} from "../kubernetes/keys.ts";
import { createCompleted } from "../kubernetes/new-objects.ts";
import type { World } from "../kubernetes/world.ts";
import { behaviour } from "../kubevirt/names.ts";
import type { Virt } from "../kubevirt/virt.ts";
import { create } from "../kubevirt/writes.ts";
import type { KubeObject, NewObject, ResourceKey } from "../store.ts";
import { gpuResource } from "./nodes.ts";
import type { Disk, GuestRow, MachineRow, MachineSetRow } from "./scenario.ts";

const administrator = { manager: "kubectl-client-side-apply", user: "kubernetes-admin" };
const cephDriver = "rook-ceph.rbd.csi.ceph.com";

/** Shared storage that any node can attach, and the disks of single nodes. */
export function addStorageClasses(world: World): void {
  const make = (object: NewObject): void => {
    createCompleted(world.store, storageClasses, object, administrator);
  };
  const metadata = { name: "ceph-block", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } };
  make({ metadata, provisioner: cephDriver, allowVolumeExpansion: true });
  make({
    metadata: { name: "local-disks" },
    provisioner: "kubernetes.io/no-provisioner",
    volumeBindingMode: "WaitForFirstConsumer",
  });
}

/** Creates a VM of the scenario as an administrator would, and so starts it. */
export function addMachine(virt: Virt, row: MachineRow): void {
  addClaims(virt, row, row.name);
  const spec = specOf(row, row.name);
  const labels = labelsOf(row);
  if (row.run === undefined) {
    const metadata = { namespace: row.namespace, name: row.name, labels, annotations: annotationsOf(row.guest) };
    const object = { apiVersion: "kubevirt.io/v1", kind: "VirtualMachineInstance", metadata, spec };
    create(virt.world, virt.admit, instances, object, administrator);
    return;
  }
  const template = { metadata: { labels, annotations: annotationsOf(row.guest) }, spec };
  const object = {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: { namespace: row.namespace, name: row.name, labels: { app: row.name } },
    spec: { runStrategy: row.run, template },
  };
  create(virt.world, virt.admit, virtualMachines, object, administrator);
  if (row.run === "Manual") requestStart(virt, row);
}

/** A Manual VM runs because somebody asked for it. */
function requestStart(virt: Virt, { namespace, name }: MachineRow): void {
  const ask = (draft: KubeObject): void => {
    draft.status = { ...draft.status, stateChangeRequests: [{ action: "Start" }] };
  };
  virt.world.store.modify(virtualMachines, namespace, name, ask, { manager: "virt-api", subresource: "status" });
}

/** A VirtualMachineInstanceReplicaSet, with a VMI for each node of the row, and its claims. */
export function addMachineSet(virt: Virt, row: MachineSetRow): void {
  addClaims(virt, row, row.name);
  const labels = { app: row.name, ...row.labels };
  const template = { metadata: { labels, annotations: annotationsOf(row.guest) }, spec: specOf(row, row.name) };
  const object = {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstanceReplicaSet",
    metadata: { namespace: row.namespace, name: row.name },
    spec: { replicas: row.nodes.length, selector: { matchLabels: { app: row.name } }, template },
  };
  create(virt.world, virt.admit, instanceReplicaSets, object, administrator);
}

function labelsOf(row: MachineRow): Record<string, string> {
  return { "kubevirt.io/domain": row.name, app: row.name, ...row.labels };
}

function annotationsOf(guest: GuestRow = {}): Record<string, string> {
  const said: [string, string | number | boolean | undefined][] = [
    [behaviour.migrationSeconds, guest.migrationSeconds],
    [behaviour.migration, guest.migration],
    [behaviour.shutdownSeconds, guest.shutdownSeconds],
    [behaviour.ignoresShutdown, guest.ignoresShutdown],
  ];
  return Object.fromEntries(said.flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])));
}

type Row = Omit<MachineRow, "node" | "run">;

function specOf(row: Row, name: string): object {
  const { root, volume } = rootDisk(row.disk, name);
  const hot = { name: "data", persistentVolumeClaim: { claimName: `${name}-data`, hotpluggable: true } };
  const cloud = { name: "cloudinit", cloudInitNoCloud: { userData: "#cloud-config\nssh_pwauth: true\n" } };
  const disks = [...root, { name: "cloudinit", cdrom: { bus: "sata", readonly: true } }];
  if (row.hotplug) disks.push({ name: "data", disk: { bus: "scsi" } });
  return {
    architecture: "amd64",
    ...(row.strategy === undefined ? {} : { evictionStrategy: row.strategy }),
    ...(row.grace === undefined ? {} : { terminationGracePeriodSeconds: row.grace }),
    ...(row.nodeSelector === undefined ? {} : { nodeSelector: row.nodeSelector }),
    domain: {
      cpu: { cores: row.cpu ?? 2 },
      memory: { guest: row.memory ?? "2Gi" },
      devices: {
        disks,
        interfaces: [{ name: "default", ...(row.bridge ? { bridge: {} } : { masquerade: {} }) }],
        rng: {},
        ...(row.gpu ? { gpus: [{ name: "gpu1", deviceName: gpuResource }] } : {}),
      },
    },
    networks: [{ name: "default", pod: {} }],
    volumes: [...volume, cloud, ...(row.hotplug ? [hot] : [])],
  };
}

function rootDisk(disk: Disk, name: string): { root: object[]; volume: object[] } {
  const root = [{ name: "rootdisk", disk: { bus: "virtio" } }];
  const by = (source: object) => ({ root, volume: [{ name: "rootdisk", ...source }] });
  if (disk === "none") return { root: [], volume: [] };
  if (disk === "image") return by({ containerDisk: { image: "quay.io/containerdisks/fedora:43" } });
  if (disk === "host-file") {
    return by({ hostDisk: { capacity: "20Gi", path: `/var/vms/${name}/disk.img`, type: "DiskOrCreate" } });
  }
  return by({ persistentVolumeClaim: { claimName: `${name}-root` } });
}

const accessModes: Readonly<Partial<Record<Disk, string>>> = {
  shared: "ReadWriteMany",
  exclusive: "ReadWriteOnce",
  "one-pod": "ReadWriteOncePod",
  local: "ReadWriteOnce",
};

function addClaims(virt: Virt, row: Row & { node?: string }, name: string): void {
  const mode = accessModes[row.disk];
  if (mode !== undefined) addClaim(virt, row, `${name}-root`, mode);
  if (row.hotplug) addClaim(virt, { ...row, disk: "shared" }, `${name}-data`, "ReadWriteMany");
}

function addClaim(virt: Virt, row: Row & { node?: string }, name: string, mode: string): void {
  const local = row.disk === "local";
  const make = (key: ResourceKey, object: NewObject): string =>
    createCompleted(virt.world.store, key, object, administrator).metadata.uid;
  const storage = "30Gi";
  const volumeName = `local-${row.node}-${name}`;
  const uid = make(claims, {
    metadata: { namespace: row.namespace, name },
    spec: {
      accessModes: [mode],
      resources: { requests: { storage } },
      storageClassName: local ? "local-disks" : "ceph-block",
      volumeMode: "Block",
      ...(local ? { volumeName } : {}),
    },
    ...(local ? { status: { phase: "Bound", accessModes: [mode], capacity: { storage } } } : {}),
  });
  if (!local) return;
  const here = { key: hostnameLabel, operator: "In", values: [row.node] };
  make(volumes, {
    metadata: { name: volumeName },
    spec: {
      accessModes: [mode],
      capacity: { storage },
      claimRef: { apiVersion: "v1", kind: "PersistentVolumeClaim", namespace: row.namespace, name, uid },
      local: { path: `/dev/disk/by-id/${name}` },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [here] }] } },
      persistentVolumeReclaimPolicy: "Retain",
      storageClassName: "local-disks",
      volumeMode: "Block",
    },
    status: { phase: "Bound" },
  });
}
