/** What every controller of the practice cluster works with: the store, time, the machines, and indexes over the store. */
import type { PracticeClock } from "../clock.ts";
import type { KubeObject, Store } from "../store.ts";
import { ControlLoop } from "./control-loop.ts";
import { type Host, Hosts } from "./hosts.ts";
import {
  attachments,
  budgets,
  instances,
  migrations,
  namespacedKey,
  pods,
  replicaSets,
  virtualMachines,
} from "./keys.ts";
import { Lookup } from "./lookup.ts";
import { controllerOf } from "./objects.ts";
import { createRecorder, type Recorder } from "./recorder.ts";

/** How the containers of one sort of pod behave on a host; pods without a behaviour of their own start and stop at once. */
export interface PodBehaviour {
  started(host: Host, pod: KubeObject): void;
  /** Asked to end within `graceMs`; calls `ended` with the exit code when it has. */
  stop(host: Host, pod: KubeObject, graceMs: number, ended: (exitCode: number) => void): void;
  /** Its processes are gone, whatever they were doing. */
  killed(host: Host, pod: KubeObject): void;
}

export interface World {
  readonly store: Store;
  readonly clock: PracticeClock;
  readonly loop: ControlLoop;
  readonly hosts: Hosts;
  readonly record: Recorder;
  readonly behaviourOf: (pod: KubeObject) => PodBehaviour | undefined;
  /** A node that the scheduler takes first for this pod when it fits; scenarios say so. */
  readonly placement: (pod: KubeObject) => string | undefined;
  /** The interval itself while the cluster is live, undefined (no repetition) while a scenario's past is replayed. */
  readonly every: (ms: number) => number | undefined;
  readonly podsOn: Lookup;
  /** By UID of any owner. */
  readonly ownedPods: Lookup;
  readonly podsOfClaim: Lookup;
  readonly podsOfNamespace: Lookup;
  readonly instancesOn: Lookup;
  /** By namespace/name of the VMI. */
  readonly migrationsOf: Lookup;
  readonly attachmentsOf: Lookup;
  readonly budgetsOfNamespace: Lookup;
  /** Objects of every indexed kind by UID of any owner. */
  readonly dependents: (uid: string) => KubeObject[];
}

export interface WorldOptions {
  readonly store: Store;
  readonly clock: PracticeClock;
  readonly eventsSince?: Date;
  readonly behaviourOf?: World["behaviourOf"];
  readonly placement?: World["placement"];
  readonly every?: World["every"];
  readonly onBug: (error: unknown, where: string) => void;
}

/** The name under which pods without a node are filed in `podsOn`. */
export const unassigned = "";

/** The world over a store, with indexes that follow it; nothing runs before its loop is started. */
export function createWorld(options: WorldOptions): World {
  const { store, clock } = options;
  const owners = (object: KubeObject): string[] => (object.metadata.ownerReferences ?? []).map((owner) => owner.uid);
  const ownedPods = new Lookup(store, pods, owners);
  const owned = [ownedPods, ...[replicaSets, instances, budgets].map((key) => new Lookup(store, key, owners))];
  return {
    store,
    clock,
    loop: new ControlLoop(store, clock, options.onBug),
    hosts: new Hosts(),
    record: createRecorder(store, clock, options.eventsSince ?? new Date(0)),
    behaviourOf: options.behaviourOf ?? (() => undefined),
    placement: options.placement ?? (() => undefined),
    every: options.every ?? ((ms) => ms),
    podsOn: new Lookup(store, pods, (pod) => [pod.spec.nodeName ?? unassigned]),
    ownedPods,
    podsOfClaim: new Lookup(store, pods, claimsOf),
    podsOfNamespace: new Lookup(store, pods, (pod) => [pod.metadata.namespace ?? ""]),
    instancesOn: new Lookup(store, instances, (vmi) => [vmi.status?.nodeName ?? unassigned]),
    migrationsOf: new Lookup(store, migrations, (vmim) => [
      namespacedKey(vmim.metadata.namespace, vmim.spec?.vmiName ?? ""),
    ]),
    attachmentsOf: new Lookup(store, attachments, (attachment) => [attachment.spec.source?.persistentVolumeName ?? ""]),
    budgetsOfNamespace: new Lookup(store, budgets, (budget) => [budget.metadata.namespace ?? ""]),
    dependents: (uid) => owned.flatMap((lookup) => lookup.get(uid)),
  };
}

/** The claims that a pod mounts, as namespace/name. */
export function claimsOf(pod: KubeObject): string[] {
  const volumes: { persistentVolumeClaim?: { claimName: string } }[] = pod.spec.volumes ?? [];
  return volumes.flatMap((volume) =>
    volume.persistentVolumeClaim === undefined
      ? []
      : [namespacedKey(pod.metadata.namespace, volume.persistentVolumeClaim.claimName)],
  );
}

/** The VirtualMachine that controls the VMI, if it still exists with the same UID. */
export function ownerOf(world: World, vmi: KubeObject): KubeObject | undefined {
  const owner = controllerOf(vmi);
  if (owner?.kind !== "VirtualMachine") return undefined;
  const vm = world.store.get(virtualMachines, vmi.metadata.namespace, owner.name);
  return vm?.metadata.uid === owner.uid ? vm : undefined;
}
