/** The settings in the KubeVirt CR, with KubeVirt's defaults where it says nothing (pkg/virt-config/virt-config.go). */
import { drainTaintKey } from "../../platform/names.ts";
import { kubevirts } from "../kubernetes/keys.ts";
import type { World } from "../kubernetes/world.ts";
import type { KubeObject } from "../store.ts";
import { installNamespace, kubevirtName } from "./names.ts";

/** Every field, as virt-controller copies it into a VMI's migrationState.migrationConfiguration. */
export interface MigrationSettings {
  readonly allowAutoConverge: boolean;
  readonly allowPostCopy: boolean;
  readonly allowWorkloadDisruption: boolean;
  readonly bandwidthPerMigration: string;
  readonly completionTimeoutPerGiB: number;
  readonly maxDowntimeMs: number;
  readonly nodeDrainTaintKey: string;
  readonly parallelMigrationsPerCluster: number;
  readonly parallelOutboundMigrationsPerNode: number;
  readonly progressTimeout: number;
  readonly unsafeMigrationOverride: boolean;
  readonly utilityVolumesTimeout: number;
}

const migrationDefaults: MigrationSettings = {
  allowAutoConverge: false,
  allowPostCopy: false,
  allowWorkloadDisruption: false,
  bandwidthPerMigration: "0",
  completionTimeoutPerGiB: 150,
  maxDowntimeMs: 900,
  nodeDrainTaintKey: drainTaintKey,
  parallelMigrationsPerCluster: 5,
  parallelOutboundMigrationsPerNode: 2,
  progressTimeout: 150,
  unsafeMigrationOverride: false,
  utilityVolumesTimeout: 150,
};

/** The KubeVirt object, whatever it is called. */
export function kubevirtOf(world: World): KubeObject | undefined {
  return world.store.get(kubevirts, installNamespace, kubevirtName) ?? world.store.list(kubevirts)[0];
}

/** How migrations are to be made, with KubeVirt's defaults. */
export function migrationSettings(world: World): MigrationSettings {
  const given = kubevirtOf(world)?.spec?.configuration?.migrations ?? {};
  const allowWorkloadDisruption = given.allowWorkloadDisruption ?? given.allowPostCopy ?? false;
  return { ...migrationDefaults, ...given, allowWorkloadDisruption };
}

/** The strategy that applies to a VMI: its own, else the cluster's; undefined stands for no protection. */
export function effectiveStrategy(world: World, vmi: KubeObject): string | undefined {
  return vmi.spec.evictionStrategy ?? kubevirtOf(world)?.spec?.configuration?.evictionStrategy;
}
