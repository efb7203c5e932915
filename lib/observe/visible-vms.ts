/** Refuses clusters whose VMs this program would not see: there, every node would look empty. */
import type { Discovery, ResourceType } from "../kube/api.ts";
import { ExpectedError, RefusedError } from "../model/errors.ts";
import type { Gap } from "../model/facts.ts";
import { keyOf } from "../model/kubernetes.ts";
import { liveLaunchers, vmiOfLauncher } from "../platform/launcher-pod.ts";
import { detectPlatform, type Platform } from "../platform/platform.ts";
import { isMalformedGap } from "./reading.ts";
import { resourceTypes } from "./resource-types.ts";
import type { Workloads } from "./workloads.ts";

/** Which platform it is by its API groups, those included that do not answer at the moment. */
export function platformOf({ groups, unavailable }: Discovery): Platform {
  const silent = unavailable.map((groupVersion) => groupVersion.split("/")[0] ?? "");
  return detectPlatform([...groups.map(({ name }) => name), ...silent]);
}

/** Throws ExpectedError without KubeVirt, RefusedError where its API groups are renamed. */
export function refuseUnseenVms(discovery: Discovery): void {
  const { flavour, refusal } = platformOf(discovery);
  if (refusal === undefined) return;
  throw flavour === "none" ? new ExpectedError(refusal) : new RefusedError(refusal);
}

/**
 * A node whose VMs cannot be seen is not a node without VMs: refuses where VMIs could not be listed and their launcher pods
 * either could not be listed as well, or are there. Throws RefusedError; no waiver passes by it.
 */
export function refuseHiddenVms(workloads: Workloads, gaps: readonly Gap[]): void {
  const unlisted = (type: ResourceType) => gaps.find((gap) => gap.resource === type.plural && !isMalformedGap(gap));
  const hidden = unlisted(resourceTypes.vmis);
  if (hidden === undefined) return;
  const known = new Set(workloads.vmis.map((vmi) => keyOf(vmi.metadata)));
  const unexplained = liveLaunchers(workloads.pods).filter((pod) => {
    const name = vmiOfLauncher(pod);
    return name === undefined || !known.has(keyOf(name));
  });
  if (unexplained.length === 0 && unlisted(resourceTypes.pods) === undefined) return;
  throw new RefusedError(
    `the VMs of this cluster cannot be seen: ${hidden.reason}`,
    "nothing was changed; it takes the right to list virtualmachineinstances of kubevirt.io",
  );
}
