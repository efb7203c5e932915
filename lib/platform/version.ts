/** KubeVirt's versions, read leniently, and what a version can do. An unknown version gets the more dangerous answer. */

export interface KubeVirtVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  /** An alpha, beta or rc: what its number stands for may not be in it yet. */
  readonly prerelease: boolean;
}

export interface Capabilities {
  /** A VMI whose pod is gone becomes Failed at once: 1.2. Before, only when virt-handler's heartbeat was 5 min old, too. */
  readonly failsVmiWithItsPod: boolean;
  /** A dry-run eviction marks nothing and starts no migration: 1.4. */
  readonly dryRunIsSafe: boolean;
  /** The eviction webhook refuses every eviction that it answers with a migration, also later ones: 1.5. */
  readonly refusesAlways: boolean;
  /** Without virt-api no launcher pod can be evicted (failurePolicy Fail): 1.5. Before, the eviction passed unhindered. */
  readonly failsClosed: boolean;
  /** Hotplug pods of running VMIs cannot be evicted: 1.6.1. */
  readonly guardsHotplugPods: boolean;
  /** All migrations of a drain are made at once and queue up: 1.9. Before, only as many as there were free slots. */
  readonly queuesMigrations: boolean;
}

/**
 * Reads `v1.6.2`, `1.6.2-v12n.92`, `v1.9.0-rc.0`. Undefined for digests, and for numbers that are none of KubeVirt's
 * (OpenShift Virtualization counts 4.x).
 */
export function parseKubeVirtVersion(text: string | undefined): KubeVirtVersion | undefined {
  const match = /^v?(\d+)\.(\d+)(?:\.(\d+))?(?![\d.])(.*)$/.exec(text?.trim() ?? "");
  if (match === null) return undefined;
  const [, major, minor, patch = "0", rest = ""] = match;
  if (Number(major) > 1) return undefined;
  return {
    major: Number(major),
    minor: Number(minor),
    patch: Number(patch),
    prerelease: /^[-.]?(alpha|beta|rc)/.test(rest),
  };
}

/** The oldest release that serves evacuate/cancel. */
const firstWithEvacuateCancel: KubeVirtVersion = { major: 1, minor: 7, patch: 0, prerelease: false };

/**
 * What a KubeVirt of this version can do (reference: release notes of kubevirt/kubevirt). Vendors' tags and digests tell
 * nothing; there, that the server offers evacuate/cancel tells that it is 1.7 or later.
 */
export function capabilitiesOf(
  version: string | undefined,
  seen: { readonly evacuateCancel?: boolean | undefined } = {},
): Capabilities {
  const parsed = parseKubeVirtVersion(version) ?? (seen.evacuateCancel ? firstWithEvacuateCancel : undefined);
  const since = (minor: number, patch: number): boolean => parsed !== undefined && reaches(parsed, minor, patch);
  return {
    failsVmiWithItsPod: parsed === undefined || since(2, 0),
    dryRunIsSafe: since(4, 0),
    refusesAlways: parsed === undefined || since(5, 0),
    failsClosed: parsed === undefined || since(5, 0),
    guardsHotplugPods: since(6, 1),
    queuesMigrations: since(9, 0),
  };
}

/** True when the version is 1.`minor`.`patch` or later; a prerelease of exactly that has not reached it. */
function reaches(version: KubeVirtVersion, minor: number, patch: number): boolean {
  const steps = [version.major - 1, version.minor - minor, version.patch - patch, version.prerelease ? -1 : 0];
  return (steps.find((step) => step !== 0) ?? 0) >= 0;
}
