/** virt-controller's node controller: nodes whose virt-handler has fallen silent (pkg/virt-controller/watch/node/node.go). */
import {
  appLabel,
  heartbeatAnnotation,
  nodeNameLabel,
  schedulableLabel,
  virtHandlerApp,
} from "../../platform/names.ts";
import type { Reconciler } from "../kubernetes/control-loop.ts";
import { instances, isOf, managers, nodes } from "../kubernetes/keys.ts";
import { controllerOf, elapsedMs, isFinished } from "../kubernetes/objects.ts";
import type { KubeObject } from "../store.ts";
import { phaseOf } from "./instance.ts";
import type { Virt } from "./virt.ts";
import { modifyInstance } from "./writes.ts";

const timeoutMs = 5 * 60_000;
const recheckMs = 60_000;
const reason = "NodeUnresponsive";
const from = "node-controller";

export function createNodeController(virt: Virt): Reconciler {
  const { world } = virt;
  return {
    name: "virt-controller-node",
    *touches({ type, key, object, previous }) {
      if (isOf(key, nodes)) {
        const beat = (node: KubeObject | undefined): string | undefined =>
          node?.metadata.annotations?.[heartbeatAnnotation];
        if (type !== "MODIFIED" || beat(object) !== beat(previous)) yield object.metadata.name;
      }
      if (isOf(key, instances) && phaseOf(object) !== phaseOf(previous ?? object)) {
        const node = object.metadata.labels?.[nodeNameLabel];
        if (node !== undefined) yield node;
      }
    },
    reconcile(name) {
      const node = world.store.get(nodes, undefined, name);
      const again = world.every(recheckMs);
      // While a past is replayed nobody writes heartbeats.
      if (again === undefined) return undefined;
      const next = node === undefined ? undefined : again;
      if (!isUnresponsive(virt, node)) return next;
      if (node?.metadata.labels?.[schedulableLabel] === "true") markUnresponsive(virt, node);
      const stuck = activeOn(virt, name);
      if (node !== undefined && stuck.length > 0) warnOfOrphans(virt, node);
      for (const vmi of stuck) if (!hasAlivePod(virt, vmi, name)) failInstance(virt, vmi);
      return next;
    },
  };
}

/** A node without an annotation counts as responsive, a missing node does not. */
function isUnresponsive(virt: Virt, node: KubeObject | undefined): boolean {
  if (node === undefined) return true;
  const beat = node.metadata.annotations?.[heartbeatAnnotation];
  return beat !== undefined && elapsedMs(beat, virt.world.clock.now()) > timeoutMs;
}

function markUnresponsive(virt: Virt, node: KubeObject): void {
  const message = "virt-handler is not responsive, marking node as unresponsive";
  virt.world.record(node, { type: "Normal", reason, message, from });
  const change = (draft: KubeObject): void => {
    draft.metadata.labels = { ...draft.metadata.labels, [schedulableLabel]: "false" };
  };
  virt.world.store.modify(nodes, undefined, node.metadata.name, change, managers.virtController);
}

function activeOn(virt: Virt, node: string): KubeObject[] {
  return virt.world.instancesOn
    .get(node)
    .filter((vmi) => ["Running", "Scheduled"].includes(phaseOf(vmi)) && vmi.metadata.labels?.[nodeNameLabel] === node);
}

function warnOfOrphans(virt: Virt, node: KubeObject): void {
  const handler = virt.world.podsOn
    .get(node.metadata.name)
    .some((pod) => pod.metadata.labels?.[appLabel] === virtHandlerApp);
  if (handler) return;
  const message =
    "virt-handler is not present, there are orphaned vmis on this node. Run virt-handler on this node to migrate or remove them.";
  virt.world.record(node, { type: "Warning", reason, message, from });
}

/** A terminating pod on a dead node still has running containers in its last status: it counts as alive. */
function hasAlivePod(virt: Virt, vmi: KubeObject, node: string): boolean {
  return virt.world.podsOn.get(node).some((pod) => {
    if (controllerOf(pod)?.uid !== vmi.metadata.uid || isFinished(pod)) return false;
    const statuses: { state?: { terminated?: object } }[] = pod.status?.containerStatuses ?? [];
    return statuses.length === 0 || statuses.some((status) => status.state?.terminated === undefined);
  });
}

function failInstance(virt: Virt, vmi: KubeObject): void {
  const message = `virt-handler on node ${vmi.status.nodeName} is not responsive, marking VMI as failed`;
  virt.world.record(vmi, { type: "Normal", reason, message, from });
  const change = (draft: KubeObject): void => {
    draft.status.phase = "Failed";
    draft.status.reason = reason;
  };
  modifyInstance(virt.world, vmi, change, managers.virtController);
}
