/** What virt-api fills into a new VMI and VM (pkg/defaults/defaults.go, mutators of pkg/virt-api/webhooks/mutating-webhook). */

import { parseQuantity } from "../../model/quantity.ts";
import { rfc3339 } from "../clock.ts";
import { cloneJson } from "../fields.ts";
import { addFinalizer } from "../kubernetes/objects.ts";
import type { World } from "../kubernetes/world.ts";
import type { KubeObject } from "../store.ts";
import { pciTopologyAnnotation, vmiFinalizer } from "./names.ts";
import { kubevirtOf } from "./settings.ts";

const machineType = "q35";

/** Completes a VMI at its creation: defaults of the spec, the cluster's eviction strategy, finalizer, phase Pending. */
export function completeInstance(world: World, vmi: KubeObject): KubeObject {
  const draft = cloneJson(vmi);
  draft.spec ??= {};
  completeSpec(draft.spec, kubevirtOf(world)?.spec?.configuration?.evictionStrategy);
  draft.metadata.annotations = { [pciTopologyAnnotation]: "v3", ...draft.metadata.annotations };
  addFinalizer(draft, vmiFinalizer);
  const { cpu, memory } = draft.spec.domain;
  const now = rfc3339(world.clock.now());
  draft.status = {
    ...draft.status,
    currentCPUTopology: { sockets: cpu.sockets, cores: cpu.cores, threads: cpu.threads },
    guestOSInfo: {},
    ...(memory.guest === undefined
      ? {}
      : { memory: { guestAtBoot: memory.guest, guestCurrent: memory.guest, guestRequested: memory.guest } }),
    phase: "Pending",
    phaseTransitionTimestamps: [{ phase: "Pending", phaseTransitionTimestamp: now }],
    runtimeUser: 107,
  };
  return draft;
}

/** The spec's defaults; the strategy is stamped in, so that a later change of the default does not reach this VMI. */
function completeSpec(spec: KubeObject["spec"], strategy: string | undefined): void {
  spec.architecture ??= "amd64";
  spec.domain ??= {};
  const { domain } = spec;
  domain.machine ??= { type: machineType };
  domain.machine.type ||= machineType;
  domain.firmware ??= {};
  domain.features ??= {};
  domain.features.acpi ??= { enabled: true };
  domain.resources ??= {};
  domain.devices ??= {};
  completeMemory(domain);
  completeCpu(domain);
  spec.evictionStrategy ??= strategy ?? "None";
  completeNetwork(spec);
  completeDisks(spec);
}

function completeMemory(domain: KubeObject["spec"]): void {
  const { requests, limits } = domain.resources;
  domain.memory ??= {};
  domain.memory.guest ??= requests?.memory ?? limits?.memory;
  if (domain.memory.guest === undefined) delete domain.memory.guest;
}

function completeCpu(domain: KubeObject["spec"]): void {
  domain.cpu ??= {};
  const { cpu, resources } = domain;
  if (!cpu.cores && !cpu.sockets && !cpu.threads) {
    const wanted = parseQuantity(resources.limits?.cpu ?? resources.requests?.cpu) ?? 1;
    cpu.sockets = Math.max(1, Math.ceil(wanted));
  }
  cpu.cores ||= 1;
  cpu.sockets ||= 1;
  cpu.threads ||= 1;
  cpu.maxSockets ??= cpu.sockets * 4;
  cpu.model ??= "host-model";
}

function completeNetwork(spec: KubeObject["spec"]): void {
  const { devices } = spec.domain;
  const given = (devices.interfaces?.length ?? 0) > 0 || (spec.networks?.length ?? 0) > 0;
  if (given || devices.autoattachPodInterface === false) return;
  devices.interfaces = [{ name: "default", masquerade: {} }];
  spec.networks = [{ name: "default", pod: {} }];
}

/** Every volume has a disk; container disks without a fixed version are always pulled. */
function completeDisks(spec: KubeObject["spec"]): void {
  const volumes: { name: string; containerDisk?: { image: string; imagePullPolicy?: string } }[] = spec.volumes ?? [];
  if (volumes.length === 0) return;
  spec.domain.devices.disks ??= [];
  const { disks, filesystems = [] } = spec.domain.devices;
  const named = (list: { name: string }[], name: string): boolean => list.some((entry) => entry.name === name);
  for (const volume of volumes) {
    if (!named(disks, volume.name) && !named(filesystems, volume.name)) {
      disks.push({ name: volume.name, disk: { bus: "virtio" } });
    }
    const disk = volume.containerDisk;
    if (disk === undefined) continue;
    const floating = disk.image.endsWith(":latest") || !/[:@]/.test(disk.image);
    disk.imagePullPolicy ??= floating ? "Always" : "IfNotPresent";
  }
}

/** Completes the template of a VM (pkg/virt-api/webhooks/mutating-webhook/mutators/vm-mutator.go). */
export function completeMachine(vm: KubeObject): KubeObject {
  const draft = cloneJson(vm);
  const spec = draft.spec?.template?.spec;
  if (spec === undefined) return draft;
  spec.architecture ??= "amd64";
  spec.domain ??= {};
  spec.domain.machine ??= { type: machineType };
  spec.domain.machine.type ||= machineType;
  return draft;
}
