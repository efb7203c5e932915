/** virt-controller's VMI ReplicaSets (pkg/virt-controller/watch/replicaset/replicaset.go). */

import { matchesSelector } from "../../model/selectors.ts";
import { cloneJson } from "../fields.ts";
import { hasCondition } from "../kubernetes/conditions.ts";
import type { Reconciler } from "../kubernetes/control-loop.ts";
import { instanceReplicaSets, instances, isOf, keyOf, managers, onStatus, splitKey } from "../kubernetes/keys.ts";
import { controllerOf, controllerReference, isControlledBy, isDeleting } from "../kubernetes/objects.ts";
import type { KubeObject } from "../store.ts";
import { isFinal, readyReason } from "./instance.ts";
import { accounts } from "./names.ts";
import type { Virt } from "./virt.ts";
import { create, modify } from "./writes.ts";

const writer = managers.virtController;
const from = "virtualmachinereplicaset-controller";

export function createInstanceReplicaSets(virt: Virt): Reconciler {
  const { world } = virt;
  return {
    name: "virt-controller-vmirs",
    *touches({ key, object }) {
      if (isOf(key, instanceReplicaSets)) yield keyOf(object);
      if (!isOf(key, instances)) return;
      const owner = controllerOf(object);
      if (owner?.kind === "VirtualMachineInstanceReplicaSet") yield `${object.metadata.namespace}/${owner.name}`;
    },
    reconcile(key) {
      const { namespace, name } = splitKey(key);
      const set = world.store.get(instanceReplicaSets, namespace, name);
      if (set === undefined || isDeleting(set)) return undefined;
      if (!matchesSelector(set.spec.template?.metadata?.labels, set.spec.selector)) return undefined;
      if (set.spec.paused !== true) scale(virt, set);
      report(virt, set);
      return undefined;
    },
  };
}

function ownedBy(virt: Virt, set: KubeObject): KubeObject[] {
  const owned = virt.world.dependents(set.metadata.uid);
  return owned.filter((object) => object.kind === "VirtualMachineInstance" && isControlledBy(object, set));
}

/** A VMI whose pod is terminating counts as lost: it gets a replacement although its guest may still run. */
function isActive(vmi: KubeObject): boolean {
  return !isFinal(vmi) && !isDeleting(vmi) && readyReason(vmi) !== "PodTerminating";
}

function scale(virt: Virt, set: KubeObject): void {
  const owned = ownedBy(virt, set);
  const active = owned.filter(isActive);
  const wanted: number = set.spec.replicas ?? 1;
  for (let count = active.length; count < wanted; count++) createInstance(virt, set);
  const surplus = active.slice(0, Math.max(0, active.length - wanted));
  const finished = owned.filter((vmi) => !isActive(vmi) && !isDeleting(vmi));
  for (const vmi of [...surplus, ...finished]) deleteInstance(virt, set, vmi);
}

function createInstance(virt: Virt, set: KubeObject): void {
  const { metadata, spec } = cloneJson(set.spec.template);
  const vmi = create(
    virt.world,
    virt.admit,
    instances,
    {
      apiVersion: "kubevirt.io/v1",
      kind: "VirtualMachineInstance",
      metadata: {
        ...metadata,
        namespace: set.metadata.namespace ?? "",
        generateName: set.metadata.name,
        ownerReferences: [controllerReference(set)],
      },
      spec,
    },
    { ...writer, user: accounts.virtController },
  );
  const message = `Started the virtual machine by creating the new virtual machine instance ${vmi.metadata.name}`;
  virt.world.record(set, { type: "Normal", reason: "SuccessfulCreate", message, from });
}

function deleteInstance(virt: Virt, set: KubeObject, vmi: KubeObject): void {
  virt.world.store.delete(instances, vmi.metadata.namespace, vmi.metadata.name, {}, writer);
  const message = `Stopped the virtual machine by deleting the virtual machine instance ${vmi.metadata.uid}`;
  virt.world.record(set, { type: "Normal", reason: "SuccessfulDelete", message, from });
}

function report(virt: Virt, set: KubeObject): void {
  const active = ownedBy(virt, set).filter(isActive);
  const ready = active.filter((vmi) => hasCondition(vmi, "Ready")).length;
  const labels: Record<string, string> = set.spec.selector?.matchLabels ?? {};
  const labelSelector = Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(",");
  const change = (draft: KubeObject): void => {
    draft.status = { ...draft.status, labelSelector, replicas: active.length, readyReplicas: ready };
    if (ready === 0) delete draft.status.readyReplicas;
  };
  modify(virt.world, instanceReplicaSets, set, change, onStatus(writer));
}
