/** Whether KubeVirt places VMs on a node, as far as its label tells. */
import type { Node } from "../model/kubernetes.ts";
import { schedulableLabel } from "../platform/names.ts";

/**
 * False while virt-handler's label says so; without the label virt-handler does not belong there, and nothing is awaited
 * (kubevirt/kubevirt pkg/virt-handler/heartbeat).
 */
export function takesVms(node: Node): boolean {
  return node.metadata.labels[schedulableLabel] !== "false";
}
