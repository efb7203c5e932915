/** virt-controller's evacuation controller: makes the migrations that empty a node (pkg/virt-controller/watch/drain/evacuation). */
import { evacuationMigrationAnnotation, evictionSourceAnnotation } from "../../platform/names.ts";
import type { Reconciler } from "../kubernetes/control-loop.ts";
import { instances, isOf, managers, migrations, namespacedKey, nodes, pods } from "../kubernetes/keys.ts";
import { hasTaint, isDeleting } from "../kubernetes/objects.ts";
import { StoreError } from "../status.ts";
import type { KubeObject } from "../store.ts";
import {
  activePodCount,
  isFinal,
  isFinalMigration,
  isMarked,
  isMigratable,
  isMigrating,
  migrationsOf,
  movesOnEviction,
  vmiOfPod,
} from "./instance.ts";
import { accounts } from "./names.ts";
import { migrationSettings } from "./settings.ts";
import type { Virt } from "./virt.ts";
import { create } from "./writes.ts";

const from = "disruptionbudget-controller";
/** How soon an evacuation that found no free slot looks again. */
const recheckMs = 5000;

export function createEvacuation(virt: Virt): Reconciler {
  const { world } = virt;
  const nodeOf = (vmi: KubeObject | undefined): string[] =>
    vmi?.status?.nodeName === undefined ? [] : [vmi.status.nodeName];
  return {
    name: "virt-controller-evacuation",
    *touches({ key, object }) {
      if (isOf(key, nodes)) yield object.metadata.name;
      if (isOf(key, instances)) yield* nodeOf(object);
      if (isOf(key, migrations)) {
        yield* nodeOf(world.store.get(instances, object.metadata.namespace, object.spec?.vmiName ?? ""));
      }
      if (isOf(key, pods)) yield* nodeOf(vmiOfPod(world, object));
    },
    reconcile(name) {
      const node = world.store.get(nodes, undefined, name);
      if (node === undefined) return undefined;
      const candidates = toMigrate(virt, node).filter((vmi) => isCandidate(virt, vmi));
      const selected = virt.release.queuesMigrations ? candidates : candidates.slice(0, freeSlots(virt, node));
      for (const vmi of selected) evacuate(virt, vmi, node);
      return selected.length < candidates.length ? recheckMs : undefined;
    },
  };
}

/** Up to 1.8 only as many migrations are made as may run: on the node, and in the cluster. */
function freeSlots(virt: Virt, node: KubeObject): number {
  const { world } = virt;
  const settings = migrationSettings(world);
  const unfinished = world.store.list(migrations).filter((migration) => !isFinalMigration(migration));
  const outbound = unfinished.filter((migration) => {
    const vmi = world.store.get(instances, migration.metadata.namespace, migration.spec.vmiName);
    return vmi?.status?.nodeName === node.metadata.name;
  });
  const inCluster = settings.parallelMigrationsPerCluster - unfinished.length;
  return Math.max(0, Math.min(inCluster, settings.parallelOutboundMigrationsPerNode - outbound.length));
}

/** All VMIs of a node with the drain taint; otherwise those marked for this node and not on the move. */
function toMigrate(virt: Virt, node: KubeObject): KubeObject[] {
  const { world } = virt;
  const here = world.instancesOn.get(node.metadata.name);
  if (hasTaint(node, migrationSettings(world).nodeDrainTaintKey, "NoSchedule")) return here;
  return here.filter(
    (vmi) => isMarked(vmi) && vmi.status.evacuationNodeName === vmi.status.nodeName && !isMigrating(vmi),
  );
}

function isCandidate(virt: Virt, vmi: KubeObject): boolean {
  const { world } = virt;
  if (isFinal(vmi) || isDeleting(vmi)) return false;
  if (!movesOnEviction(world, vmi) || !isMigratable(vmi)) return false;
  if (!migrationsOf(world, vmi).every(isFinalMigration)) return false;
  return activePodCount(world, vmi) <= 1;
}

function evacuate(virt: Virt, vmi: KubeObject, node: KubeObject): void {
  const { world } = virt;
  const fromDescheduler = vmi.metadata.annotations?.[evictionSourceAnnotation] === "descheduler";
  const object = {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstanceMigration",
    metadata: {
      namespace: vmi.metadata.namespace ?? "",
      generateName: "kubevirt-evacuation-",
      annotations: { [evacuationMigrationAnnotation]: node.metadata.name },
    },
    spec: {
      vmiName: vmi.metadata.name,
      ...(virt.release.queuesMigrations
        ? { priority: fromDescheduler ? "system-maintenance" : "system-critical" }
        : {}),
    },
  };
  try {
    const who = { ...managers.virtController, user: accounts.virtController };
    const migration = create(world, virt.admit, migrations, object, who);
    const message = `Created Migration ${migration.metadata.name}`;
    world.record(vmi, { type: "Normal", reason: "SuccessfulCreate", message, from });
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    const message = `Error creating a Migration: ${error.message}`;
    world.record(vmi, { type: "Warning", reason: "FailedCreate", message, from });
    throw error;
  }
}

/** The namespace/name of the VMI that a migration moves. */
export function vmiKeyOfMigration(migration: KubeObject): string {
  return namespacedKey(migration.metadata.namespace, migration.spec?.vmiName);
}
