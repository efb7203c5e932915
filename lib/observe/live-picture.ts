/** Lays what has been followed since over the picture that a drain began with. Pure. */
import type { Facts, Gap } from "../model/facts.ts";
import {
  keyOf,
  type Node,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  type PodDisruptionBudget,
} from "../model/kubernetes.ts";
import {
  isFinishedMigration,
  type VirtualMachine,
  type VirtualMachineInstance,
  type VirtualMachineInstanceMigration,
} from "../model/kubevirt.ts";
import { liveLaunchers, vmiOfLauncher } from "../platform/launcher-pod.ts";
import { createdByLabel } from "../platform/names.ts";
import { keyOfVmi } from "./around-vms.ts";
import type { LookedUp } from "./lookups.ts";

/** Objects chosen by the values of a label; `knows` says for which values they are all there. */
interface Labelled<T> {
  items(): readonly T[];
  knows(value: string): boolean;
}

/** What is followed. Where a list has not arrived yet (undefined), the beginning's still counts. */
export interface Followings {
  /** By target. */
  readonly nodes: ReadonlyMap<string, readonly Node[] | undefined>;
  readonly pods: ReadonlyMap<string, readonly Pod[] | undefined>;
  /** VMIs that carry a target's label. */
  readonly vmis: readonly VirtualMachineInstance[] | undefined;
  /** By `namespace/name`: every VMI as it was when it was last seen. */
  readonly lastSeen: ReadonlyMap<string, VirtualMachineInstance>;
  /** Launcher pods anywhere, by the UID of their VMI. */
  readonly launchers: Labelled<Pod>;
  /** By the name of the VMI. */
  readonly migrations: Labelled<VirtualMachineInstanceMigration>;
  /** By namespace. */
  readonly budgets: ReadonlyMap<string, readonly PodDisruptionBudget[] | undefined>;
  /** `namespace/name` of every VMI that has ever been seen: others of the same name are none of ours. */
  readonly concerned: ReadonlySet<string>;
  readonly lookedUp: LookedUp;
  /** What belongs to VMIs that came later. */
  readonly added: Added;
  readonly gaps: readonly Gap[];
}

export interface Added {
  readonly virtualMachines: readonly VirtualMachine[];
  readonly claims: readonly PersistentVolumeClaim[];
  readonly volumes: readonly PersistentVolume[];
}

/**
 * The picture as it is now. Dry runs belong to the moment at which they were asked and are not carried on; holders, KubeVirt's
 * settings, disks and the pods that take up room elsewhere are those of the beginning.
 */
export function overlay(base: Facts, seen: Followings, time: string): Facts {
  const pods = overlayPods(base, seen);
  const migrations = overlayMigrations(base, seen);
  return {
    ...base,
    time,
    nodes: base.nodes.flatMap((node) => seen.nodes.get(node.metadata.name) ?? [node]),
    pods,
    vmis: overlayVmis(base, seen, pods),
    virtualMachines: byKey([
      ...base.virtualMachines,
      ...seen.added.virtualMachines,
      ...seen.lookedUp.virtualMachines.values(),
    ]),
    absent: overlayAbsent(base, seen),
    absentMachines: [...seen.lookedUp.absentMachines],
    replicaSets: [...seen.lookedUp.replicaSets.values()],
    migrations,
    runningMigrations:
      base.runningMigrations === undefined
        ? undefined
        : Math.max(0, base.runningMigrations - unfinished(base.migrations) + unfinished(migrations)),
    budgets: overlayBudgets(base, seen),
    claims: byKey([...base.claims, ...seen.added.claims]),
    volumes: byKey([...base.volumes, ...seen.added.volumes]),
    dryRuns: {},
    gaps: [...base.gaps, ...seen.gaps],
  };
}

function overlayPods(base: Facts, seen: Followings): readonly Pod[] {
  const targets = new Set(base.targets);
  const onTargets = base.targets.flatMap(
    (target) => seen.pods.get(target) ?? base.pods.filter((pod) => pod.spec.nodeName === target),
  );
  const elsewhere = base.pods.filter(
    ({ spec, metadata }) =>
      !targets.has(spec.nodeName ?? "") && !seen.launchers.knows(metadata.labels[createdByLabel] ?? ""),
  );
  const launchers = seen.launchers.items().filter(({ spec }) => !targets.has(spec.nodeName ?? ""));
  return [...onTargets, ...elsewhere, ...launchers];
}

/**
 * A watch with the label of the targets is the authority on their VMIs; those without the label are looked up by name. A VMI
 * loses the label when its migration ends, before its source pod has: until the look, it is as it was last seen, not gone.
 */
function overlayVmis(base: Facts, seen: Followings, pods: readonly Pod[]): readonly VirtualMachineInstance[] {
  if (seen.vmis === undefined) return base.vmis;
  const targets = new Set(base.targets);
  const vmis = new Map<string, VirtualMachineInstance>();
  for (const pod of liveLaunchers(pods.filter(({ spec }) => targets.has(spec.nodeName ?? "")))) {
    const key = keyOf(vmiOfLauncher(pod) ?? noName);
    const vmi = seen.lastSeen.get(key);
    if (vmi !== undefined) vmis.set(key, vmi);
  }
  for (const key of seen.lookedUp.absent) vmis.delete(key);
  for (const [key, vmi] of seen.lookedUp.vmis) vmis.set(key, vmi);
  for (const vmi of seen.vmis) vmis.set(keyOf(vmi.metadata), vmi);
  return [...vmis.values()];
}

/** What did not exist at the beginning counts as long as nothing of that name was seen. */
function overlayAbsent(base: Facts, seen: Followings): readonly string[] | undefined {
  const never = (base.absent ?? []).filter((key) => !seen.lastSeen.has(key) && !seen.lookedUp.vmis.has(key));
  const absent = new Set([...never, ...seen.lookedUp.absent]);
  return absent.size === 0 ? undefined : [...absent];
}

const noName = { namespace: "", name: "" };

function overlayMigrations(base: Facts, seen: Followings): readonly VirtualMachineInstanceMigration[] {
  return [
    ...base.migrations.filter((migration) => !seen.migrations.knows(migration.spec.vmiName)),
    ...seen.migrations.items().filter((migration) => seen.concerned.has(keyOfVmi(migration))),
  ];
}

function overlayBudgets(base: Facts, seen: Followings): readonly PodDisruptionBudget[] {
  const unfollowed = base.budgets.filter(({ metadata }) => seen.budgets.get(metadata.namespace) === undefined);
  return [...unfollowed, ...[...seen.budgets.values()].flatMap((budgets) => budgets ?? [])];
}

function unfinished(migrations: readonly VirtualMachineInstanceMigration[]): number {
  return migrations.filter((migration) => !isFinishedMigration(migration)).length;
}

/** Of objects with the same name the last one. */
function byKey<T extends { readonly metadata: { readonly namespace: string; readonly name: string } }>(
  objects: readonly T[],
): readonly T[] {
  return [...new Map(objects.map((object) => [keyOf(object.metadata), object])).values()];
}
