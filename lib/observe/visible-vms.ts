/** Refuses clusters whose VMs this program would not see: there, every node would look empty. */
import type { Discovery } from "../kube/client.ts";
import { ExpectedError, RefusedError } from "../model/errors.ts";
import { detectPlatform } from "../platform/platform.ts";

/** Throws ExpectedError without KubeVirt, RefusedError where its API groups are renamed. */
export function refuseUnseenVms(discovery: Discovery): void {
  const unavailable = discovery.unavailable.map((groupVersion) => groupVersion.split("/")[0] ?? "");
  const { flavour, refusal } = detectPlatform([...discovery.groups.map(({ name }) => name), ...unavailable]);
  if (refusal === undefined) return;
  throw flavour === "none" ? new ExpectedError(refusal) : new RefusedError(refusal);
}
