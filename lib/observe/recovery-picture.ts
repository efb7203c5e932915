/** Reads, again and again while a recovery runs, what it changes: the pods and volumes of the node, and its VMs wherever they are. */
import type { KubeClient } from "../kube/client.ts";
import type { RecoveryOutcome } from "../model/dossier.ts";
import { ExpectedError } from "../model/errors.ts";
import type { Facts } from "../model/facts.ts";
import { keyOf, type VolumeAttachment } from "../model/kubernetes.ts";
import type { ContainerWrite } from "../model/lost-node.ts";
import { readMigrations, replicaSetsByName, virtualMachinesByName } from "./around-vms.ts";
import { decodePod } from "./decode/core.ts";
import { decodeAttachment } from "./decode/storage.ts";
import { type ObjectName, readNamed } from "./named-objects.ts";
import { startReading } from "./reading.ts";
import { resourceTypes } from "./resource-types.ts";
import { containerWrite } from "./signs.ts";
import { vmisByName } from "./workloads.ts";

/** Looked at every second, so that single objects are cheaper than lists for longer than elsewhere. */
const singlesAtMost = 20;

interface LostVm extends ObjectName {
  /** `restarts`: by its VirtualMachine, which it must have. */
  readonly outcome?: RecoveryOutcome | undefined;
  /** The replica set that makes another in its place. */
  readonly replicaSet?: string | undefined;
}

export interface RecoveryReading {
  readonly facts: Facts;
  /** Undefined when they could not be read. */
  readonly attachments: readonly VolumeAttachment[] | undefined;
  /** What the pods of the node say of their containers: a sign of life, when it changes. */
  readonly containers: readonly ContainerWrite[];
}

/**
 * `base` with the pods of the node, these VMIs, their owners and their migrations as they are now.
 * Throws ExpectedError when pods or VMIs could not be read, because a picture with holes would pass for work done.
 */
export async function readRecovery(
  client: KubeClient,
  base: Facts,
  vms: readonly LostVm[],
  signal?: AbortSignal,
): Promise<RecoveryReading> {
  const reading = startReading(client, signal);
  const writes: ContainerWrite[] = [];
  const [node] = base.targets;
  const sets = vms.flatMap(({ namespace, replicaSet: name }) => (name === undefined ? [] : [{ namespace, name }]));
  const [pods, vmis, virtualMachines, replicaSets, migrations, attachments] = await Promise.all([
    reading.list(resourceTypes.pods, { fieldSelector: `spec.nodeName=${node}` }, (pod) => {
      const write = containerWrite(pod);
      if (write !== undefined) writes.push(write);
      return decodePod(pod);
    }),
    readNamed(reading, { ...vmisByName, singlesAtMost }, vms),
    readNamed(reading, { ...virtualMachinesByName, singlesAtMost }, vms),
    readNamed(reading, { ...replicaSetsByName, singlesAtMost }, sets),
    readMigrations(reading, vms),
    reading.list(resourceTypes.attachments, {}, decodeAttachment),
  ]);
  const needed: readonly string[] = [resourceTypes.pods.plural, resourceTypes.vmis.plural];
  const hole = reading.gaps.find(({ resource }) => needed.includes(resource));
  if (hole !== undefined || pods === undefined)
    throw new ExpectedError(`what is left of node/${node} could not be read: ${hole?.resource}: ${hole?.reason}`);
  const found = new Set(vmis.map((vmi) => keyOf(vmi.metadata)));
  const machines = new Set(virtualMachines.map((vm) => keyOf(vm.metadata)));
  const machinesSeen = !reading.gaps.some(({ resource }) => resource.startsWith(resourceTypes.virtualMachines.plural));
  const facts: Facts = {
    ...base,
    time: reading.serverTime()?.toISOString() ?? base.time,
    pods,
    vmis,
    virtualMachines,
    replicaSets,
    migrations,
    absent: vms.map(keyOf).filter((key) => !found.has(key)),
    absentMachines: vms
      .filter(({ outcome }) => outcome === "restarts" && machinesSeen)
      .map(keyOf)
      .filter((key) => !machines.has(key)),
    gaps: reading.gaps,
  };
  const readAt = reading.serverTime()?.toISOString();
  return { facts, attachments, containers: writes.map((write) => ({ ...write, readAt })) };
}
