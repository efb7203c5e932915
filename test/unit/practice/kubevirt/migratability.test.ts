/** The condition LiveMigratable, reason by reason. */
import { describe, expect, test } from "vitest";
import { judgeMigratability } from "../../../../lib/practice/kubevirt/migratability.ts";
import type { KubeObject } from "../../../../lib/practice/store.ts";

const node = { metadata: { labels: { "host-model-cpu.node.kubevirt.io/Haswell": "true" } } } as unknown as KubeObject;
const pod = [{ name: "default", pod: {} }];
const masquerade = { interfaces: [{ name: "default", masquerade: {} }] };
const claim = (claimName: string) => [{ name: "root", persistentVolumeClaim: { claimName } }];
const known = (accessModes: string[]) => [{ name: "root", persistentVolumeClaimInfo: { accessModes } }];

interface Parts {
  domain?: object;
  volumes?: object[];
  networks?: object[];
  volumeStatus?: object[];
  annotations?: Record<string, string>;
}

function vmi({ domain, volumes = [], networks = pod, volumeStatus = [], annotations = {} }: Parts): KubeObject {
  const spec = { domain: { devices: masquerade, ...domain }, networks, volumes };
  return { metadata: { annotations }, spec, status: { nodeName: "n1", volumeStatus } } as unknown as KubeObject;
}

const network = "cannot migrate VMI which does not use masquerade or a migratable plugin to connect to the pod network";
const rule = "live migration requires that all PVCs must be shared (using ReadWriteMany access mode)";

describe("why a VMI cannot be migrated; the first reason counts", () => {
  test.each<[string, Parts, string | undefined, string | undefined]>([
    ["nothing in the way", {}, undefined, undefined],
    ["a shared claim", { volumes: claim("c"), volumeStatus: known(["ReadWriteMany"]) }, undefined, undefined],
    [
      "a claim of one node",
      { volumes: claim("c"), volumeStatus: known(["ReadWriteOnce"]) },
      "DisksNotLiveMigratable",
      `cannot migrate VMI: PVC c is not shared, ${rule}`,
    ],
    [
      "a claim of one pod",
      { volumes: claim("c"), volumeStatus: known(["ReadWriteOncePod"]) },
      "DisksNotLiveMigratable",
      `cannot migrate VMI: PVC c is not shared, ${rule}`,
    ],
    [
      "a claim that nobody has looked at",
      { volumes: claim("c") },
      "DisksNotLiveMigratable",
      `cannot migrate VMI: Unable to determine if PVC c is shared, ${rule}`,
    ],
    [
      "a file on the host",
      { volumes: [{ name: "root", hostDisk: { path: "/disk.img" } }] },
      "DisksNotLiveMigratable",
      "cannot migrate VMI with non-shared HostDisk",
    ],
    [
      "a bridge to the pod network",
      { domain: { devices: { interfaces: [{ name: "default", bridge: {} }] } } },
      "InterfaceNotLiveMigratable",
      network,
    ],
    [
      "a bridge that is let through by annotation",
      {
        domain: { devices: { interfaces: [{ name: "default", bridge: {} }] } },
        annotations: { "kubevirt.io/allow-pod-bridge-network-live-migration": "" },
      },
      undefined,
      undefined,
    ],
    [
      "no pod network at all",
      { domain: { devices: { interfaces: [{ name: "lan", bridge: {} }] } }, networks: [{ name: "lan", multus: {} }] },
      undefined,
      undefined,
    ],
    [
      "a GPU",
      { domain: { devices: { ...masquerade, gpus: [{ name: "g", deviceName: "nvidia.com/x" }] } } },
      "HostDeviceNotLiveMigratable",
      "VMI specifies a GPU but feature gate VGPULiveMigration is not enabled",
    ],
    [
      "a host device",
      { domain: { devices: { ...masquerade, hostDevices: [{ name: "d" }] } } },
      "HostDeviceNotLiveMigratable",
      "VMI specifies non-migratable generic PCI host device",
    ],
    ["SEV", { domain: { launchSecurity: { sev: {} } } }, "SEVNotLiveMigratable", "VMI uses SEV"],
    ["TDX", { domain: { launchSecurity: { tdx: {} } } }, "TDXNotLiveMigratable", "VMI uses TDX"],
    [
      "a network and a disk",
      {
        domain: { devices: { interfaces: [{ name: "default", bridge: {} }] } },
        volumes: claim("c"),
        volumeStatus: known(["ReadWriteOnce"]),
      },
      "InterfaceNotLiveMigratable",
      network,
    ],
  ])("%s", (_name, parts, reason, message) => {
    const { obstacle } = judgeMigratability(vmi(parts), node);
    expect(obstacle).toEqual(reason === undefined ? undefined : { reason, message });
  });

  test("host-model on a node whose model is not known", () => {
    const bare = { metadata: { labels: {} } } as unknown as KubeObject;
    expect(judgeMigratability(vmi({ domain: { cpu: { model: "host-model" } } }), bare).obstacle).toEqual({
      reason: "CPUModeLiveMigratable",
      message: 'the node "n1" does not allow migration with host-model',
    });
  });
});

describe("whether disks are copied along", () => {
  test.each<[string, Parts, string]>([
    ["shared claims are not", { volumes: claim("c"), volumeStatus: known(["ReadWriteMany"]) }, "LiveMigration"],
    ["a container disk is", { volumes: [{ name: "root", containerDisk: { image: "x" } }] }, "BlockMigration"],
    ["cloud-init on a writable disk is", { volumes: [{ name: "ci", cloudInitNoCloud: {} }] }, "BlockMigration"],
    [
      "cloud-init on a CD-ROM is not",
      {
        domain: { devices: { ...masquerade, disks: [{ name: "ci", cdrom: { bus: "sata" } }] } },
        volumes: [{ name: "ci", cloudInitNoCloud: {} }],
      },
      "LiveMigration",
    ],
  ])("%s", (_name, parts, method) => {
    expect(judgeMigratability(vmi(parts), node).method).toBe(method);
  });
});
