/** The taint that tells Kubernetes that a node is off for certain (KEP-2268): its pods are removed and its volumes detached by force. */
import type { Taint } from "../model/kubernetes.ts";
import { outOfServiceTaintKey } from "../platform/names.ts";

/** What a recovery sets on the node. */
export const outOfServiceTaint: Taint = { key: outOfServiceTaintKey, value: "nodeshutdown", effect: "NoExecute" };

/** Whatever its value and effect, and whoever has set it. */
export function isOutOfService({ key }: Taint): boolean {
  return key === outOfServiceTaintKey;
}
