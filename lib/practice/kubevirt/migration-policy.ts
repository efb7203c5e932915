/** Which MigrationPolicy applies to a VMI, and the settings that come of it (pkg/virt-controller/watch/migration/migrationpolicy.go). */
import { hasLabels } from "../../model/selectors.ts";
import { migrationPolicies, namespaces } from "../kubernetes/keys.ts";
import type { World } from "../kubernetes/world.ts";
import type { KubeObject } from "../store.ts";
import { type MigrationSettings, migrationSettings } from "./settings.ts";

export interface ResolvedConfiguration {
  /** The policy's name, when one applies. */
  readonly name?: string;
  readonly configuration: MigrationSettings;
}

const overridable = [
  "allowAutoConverge",
  "bandwidthPerMigration",
  "completionTimeoutPerGiB",
  "maxDowntimeMs",
  "allowPostCopy",
  "allowWorkloadDisruption",
] as const;

/** The cluster's settings with those of the policy that matches the most labels on top; ties go to the first name. */
export function resolveMigrationConfiguration(world: World, vmi: KubeObject): ResolvedConfiguration {
  const defaults = migrationSettings(world);
  const namespace = world.store.get(namespaces, undefined, vmi.metadata.namespace ?? "");
  let best: { policy: KubeObject; labels: number } | undefined;
  for (const policy of world.store.list(migrationPolicies)) {
    const { namespaceSelector, virtualMachineInstanceSelector } = policy.spec?.selectors ?? {};
    const fits =
      hasLabels(namespace?.metadata.labels, namespaceSelector) &&
      hasLabels(vmi.metadata.labels, virtualMachineInstanceSelector);
    const selector = { ...namespaceSelector, ...virtualMachineInstanceSelector };
    const labels = Object.keys(selector).length;
    if (fits && labels > (best?.labels ?? 0)) best = { policy, labels };
  }
  if (best === undefined) return { configuration: defaults };
  const given = best.policy.spec ?? {};
  const overrides = overridable.flatMap((field) => (given[field] === undefined ? [] : [[field, given[field]]]));
  return { name: best.policy.metadata.name, configuration: { ...defaults, ...Object.fromEntries(overrides) } };
}
