/** virt-controller's VMI ReplicaSets (pkg/virt-controller/watch/replicaset/replicaset.go). */

import { matchesSelector } from "../../model/selectors.ts";
import { selectorText } from "../api/columns/column.ts";
import { rfc3339 } from "../clock.ts";
import { cloneJson } from "../fields.ts";
import { hasCondition, removeCondition, setCondition } from "../kubernetes/conditions.ts";
import type { Reconciler } from "../kubernetes/control-loop.ts";
import { instanceReplicaSets, instances, isOf, keyOf, managers, objectAt, onStatus } from "../kubernetes/keys.ts";
import { controllerOf, controllerReference, isControlledBy, isDeleting } from "../kubernetes/objects.ts";
import { StoreError } from "../status.ts";
import type { KubeObject, NewObject } from "../store.ts";
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
      const set = objectAt(world.store, instanceReplicaSets, key);
      if (set === undefined || isDeleting(set)) return undefined;
      if (!matchesSelector(set.spec.template?.metadata?.labels, set.spec.selector)) return undefined;
      const problem = set.spec.paused === true ? undefined : tryToScale(virt, set);
      report(virt, set, problem);
      if (problem !== undefined) throw problem;
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

/** The answer of the API server that stopped it, which the control loop takes as a reason to try again. */
function tryToScale(virt: Virt, set: KubeObject): StoreError | undefined {
  try {
    scale(virt, set);
    return undefined;
  } catch (error) {
    if (error instanceof StoreError) return error;
    throw error;
  }
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
  const event = (type: "Normal" | "Warning", reason: string, message: string): void =>
    virt.world.record(set, { type, reason, message, from });
  try {
    const vmi = create(virt.world, virt.admit, instances, newInstance(set), {
      ...writer,
      user: accounts.virtController,
    });
    const message = `Started the virtual machine by creating the new virtual machine instance ${vmi.metadata.name}`;
    event("Normal", "SuccessfulCreate", message);
  } catch (error) {
    if (error instanceof StoreError)
      event("Warning", "FailedCreate", `Error creating virtual machine instance: ${error.message}`);
    throw error;
  }
}

function newInstance(set: KubeObject): NewObject & { metadata: { namespace: string } } {
  const { metadata, spec } = cloneJson(set.spec.template);
  const { name, generateName, ...given } = metadata;
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstance",
    metadata: {
      ...given,
      namespace: set.metadata.namespace ?? "",
      generateName: name ?? generateName ?? set.metadata.name,
      ownerReferences: [controllerReference(set)],
    },
    spec,
  };
}

function deleteInstance(virt: Virt, set: KubeObject, vmi: KubeObject): void {
  virt.world.store.delete(instances, vmi.metadata.namespace, vmi.metadata.name, {}, writer);
  const message = `Stopped the virtual machine by deleting the virtual machine instance ${vmi.metadata.uid}`;
  virt.world.record(set, { type: "Normal", reason: "SuccessfulDelete", message, from });
}

function report(virt: Virt, set: KubeObject, problem: StoreError | undefined): void {
  const active = ownedBy(virt, set).filter(isActive);
  const ready = active.filter((vmi) => hasCondition(vmi, "Ready")).length;
  const wanted: number = set.spec.replicas ?? 1;
  const reason = active.length < wanted ? "FailedCreate" : "FailedDelete";
  const change = (draft: KubeObject): void => {
    draft.status = {
      ...draft.status,
      labelSelector: selectorText(set.spec.selector),
      replicas: active.length,
      readyReplicas: ready,
    };
    const now = rfc3339(virt.world.clock.now());
    reportCondition(draft, "ReplicaFailure", problem && { reason, message: problem.message }, now);
    reportCondition(draft, "ReplicaPaused", pausedNote(set), now);
    for (const count of ["replicas", "readyReplicas"]) if (draft.status[count] === 0) delete draft.status[count];
  };
  modify(virt.world, instanceReplicaSets, set, change, onStatus(writer));
}

function pausedNote(set: KubeObject): { reason: string; message: string } | undefined {
  return set.spec.paused === true ? { reason: "Paused", message: "Controller got paused" } : undefined;
}

function reportCondition(
  draft: KubeObject,
  type: string,
  note: { reason: string; message: string } | undefined,
  now: string,
): void {
  if (note === undefined) removeCondition(draft, type);
  else setCondition(draft, { type, status: "True", ...note }, now);
}
