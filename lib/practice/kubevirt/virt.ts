/** What KubeVirt's components share beyond the world: its guests, its webhooks, its launcher image, and indexes of their own. */
import { migrationJobUidLabel } from "../../platform/names.ts";
import type { Admission } from "../api/admission.ts";
import { migrations, pods, quotas } from "../kubernetes/keys.ts";
import { Lookup } from "../kubernetes/lookup.ts";
import type { World } from "../kubernetes/world.ts";
import type { Guests } from "./guests.ts";
import type { LauncherOptions } from "./launcher-pod.ts";
import type { Release } from "./release.ts";

export interface Virt {
  readonly world: World;
  readonly guests: Guests;
  /** The webhooks in front of KubeVirt's kinds, for what its own controllers create. */
  readonly admit: Admission;
  readonly launcherImage: string;
  readonly release: Release;
  readonly migrationsIn: Lookup;
  /** By UID of the migration; all of them under `anyMigration`. */
  readonly targetPods: Lookup;
}

export const anyMigration = "";

/** The parts, and indexes that follow the store. */
export function createVirt(parts: Pick<Virt, "world" | "guests" | "admit" | "launcherImage" | "release">): Virt {
  const { store } = parts.world;
  return {
    ...parts,
    migrationsIn: new Lookup(store, migrations, (migration) => [migration.status?.phase ?? ""]),
    targetPods: new Lookup(store, pods, (pod) => {
      const uid = pod.metadata.labels?.[migrationJobUidLabel];
      return uid === undefined ? [] : [uid, anyMigration];
    }),
  };
}

/** What makes the launcher pods of a namespace what they are, besides their VMIs. */
export function launcherOptions(
  { world, launcherImage, release }: Virt,
  namespace: string | undefined,
): LauncherOptions {
  const limited = world.store.list(quotas, namespace).flatMap(({ spec }) => Object.keys(spec?.hard ?? {}));
  return { image: launcherImage, release, limited: new Set(limited) };
}
