/** virt-controller's VM controller: starts and stops VMIs as the run strategy says (pkg/virt-controller/watch/vm/vm.go). */

import { cloneJson } from "../fields.ts";
import { hasCondition } from "../kubernetes/conditions.ts";
import type { Reconciler } from "../kubernetes/control-loop.ts";
import { instances, isOf, keyOf, managers, objectAt, onStatus, virtualMachines } from "../kubernetes/keys.ts";
import { addFinalizer, controllerOf, controllerReference, isDeleting, removeFinalizer } from "../kubernetes/objects.ts";
import { failure, StoreError } from "../status.ts";
import type { KubeObject } from "../store.ts";
import { isFinal, phaseOf } from "./instance.ts";
import { accounts, generationAnnotation, latestApiAnnotation, vmFinalizer } from "./names.ts";
import type { Virt } from "./virt.ts";
import { reportMachine, runStrategyOf, startDelayMs } from "./vm-status.ts";
import { noteApiVersion } from "./vmi-controller.ts";
import { create, modifyInstance, modifyMachine } from "./writes.ts";

const writer = managers.virtController;
const from = "virtualmachine-controller";

interface StateChangeRequest {
  action: "Start" | "Stop";
  uid?: string;
}

export function createVmController(virt: Virt): Reconciler {
  const { world } = virt;
  return {
    name: "virt-controller-vm",
    *touches({ key, object }) {
      if (isOf(key, virtualMachines)) yield keyOf(object);
      if (isOf(key, instances) && controllerOf(object)?.kind === "VirtualMachine") yield keyOf(object);
    },
    reconcile(key) {
      const vm = objectAt(world.store, virtualMachines, key);
      if (vm === undefined) return undefined;
      if (vm.metadata.annotations?.[latestApiAnnotation] === undefined) {
        modifyMachine(world, vm, noteApiVersion, writer);
        return undefined;
      }
      return reconcileMachine(virt, vm);
    },
  };
}

function reconcileMachine(virt: Virt, vm: KubeObject): number | undefined {
  const { world } = virt;
  const vmi = world.store.get(instances, vm.metadata.namespace, vm.metadata.name);
  const own = vmi !== undefined && controllerOf(vmi)?.uid === vm.metadata.uid ? vmi : undefined;
  let problem: { reason: string; message: string } | undefined;
  let again: number | undefined;
  try {
    again = sync(virt, vm, own);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    const message = `Failure while starting VMI: ${error.message}`;
    problem = { reason: "FailedCreate", message };
  }
  const current = world.store.get(virtualMachines, vm.metadata.namespace, vm.metadata.name);
  if (current?.metadata.uid === vm.metadata.uid) updateStatus(virt, current, problem);
  if (problem !== undefined) throw new StoreError(failure(500, problem.message));
  return again;
}

function sync(virt: Virt, vm: KubeObject, vmi: KubeObject | undefined): number | undefined {
  const { world } = virt;
  if (isDeleting(vm)) {
    if (vmi !== undefined) stop(virt, vm, vmi);
    else modifyMachine(world, vm, (draft) => removeFinalizer(draft, vmFinalizer), writer);
    return undefined;
  }
  modifyMachine(world, vm, (draft) => addFinalizer(draft, vmFinalizer), writer);
  switch (runStrategyOf(vm)) {
    case "Always":
      if (vmi === undefined) return startUnlessDelayed(virt, vm);
      if (asksToStop(vm, vmi) || isFinal(vmi)) stop(virt, vm, vmi);
      return undefined;
    case "RerunOnFailure":
      return syncRerunOnFailure(virt, vm, vmi);
    case "Manual":
      if (vmi === undefined && asksToStart(vm)) start(virt, vm);
      if (vmi !== undefined && asksToStop(vm, vmi)) stop(virt, vm, vmi);
      return undefined;
    case "Once":
      if (vmi === undefined) start(virt, vm);
      return undefined;
    default:
      if (vmi !== undefined) stop(virt, vm, vmi);
      return undefined;
  }
}

/** Only a failed guest is started again; one that ended orderly stays down (#9823). */
function syncRerunOnFailure(virt: Virt, vm: KubeObject, vmi: KubeObject | undefined): number | undefined {
  if (vmi === undefined) {
    const fresh = vm.status?.runStrategy !== "RerunOnFailure";
    return asksToStart(vm) || fresh ? startUnlessDelayed(virt, vm) : undefined;
  }
  if (isDeleting(vmi) || !(asksToStop(vm, vmi) || isFinal(vmi))) return undefined;
  stop(virt, vm, vmi);
  if (phaseOf(vmi) === "Failed") requestStart(virt, vm);
  return undefined;
}

function requestsOf(vm: KubeObject): StateChangeRequest[] {
  return vm.status?.stateChangeRequests ?? [];
}

function asksToStart(vm: KubeObject): boolean {
  return requestsOf(vm)[0]?.action === "Start";
}

function asksToStop(vm: KubeObject, vmi: KubeObject): boolean {
  const request = requestsOf(vm)[0];
  return request?.action === "Stop" && request.uid === vmi.metadata.uid;
}

/** The request by which the controller remembers that a failed VMI must be followed by a new one (`addStartRequest`). */
function requestStart(virt: Virt, vm: KubeObject): void {
  const change = (draft: KubeObject): void => {
    draft.status = { ...draft.status, stateChangeRequests: [{ action: "Start" }] };
  };
  modifyMachine(virt.world, vm, change, onStatus(writer));
}

function startUnlessDelayed(virt: Virt, vm: KubeObject): number | undefined {
  const left = startDelayMs(vm, virt.world.clock.now());
  if (left > 0) return left;
  start(virt, vm);
  return undefined;
}

function start(virt: Virt, vm: KubeObject): void {
  const { world } = virt;
  if (hasCondition(vm, "ManualRecoveryRequired")) return;
  const vmi = create(world, virt.admit, instances, instanceFrom(vm), { ...writer, user: accounts.virtController });
  const message = `Started the virtual machine by creating the new virtual machine instance ${vmi.metadata.name}`;
  world.record(vm, { type: "Normal", reason: "SuccessfulCreate", message, from });
}

/** `SetupVMIFromVM`. */
function instanceFrom(vm: KubeObject) {
  const template = cloneJson(vm.spec.template);
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstance",
    metadata: {
      namespace: vm.metadata.namespace ?? "",
      name: vm.metadata.name,
      ...(template.metadata?.labels === undefined ? {} : { labels: template.metadata.labels }),
      annotations: { ...template.metadata?.annotations, [generationAnnotation]: String(vm.metadata.generation ?? 1) },
      finalizers: [vmFinalizer],
      ownerReferences: [controllerReference(vm)],
    },
    spec: template.spec,
  };
}

function stop(virt: Virt, vm: KubeObject, vmi: KubeObject): void {
  if (isDeleting(vmi)) return;
  const { namespace, name, uid } = vmi.metadata;
  virt.world.store.delete(instances, namespace, name, { preconditions: { uid } }, writer);
  const message = `Stopped the virtual machine by deleting the virtual machine instance ${uid}`;
  virt.world.record(vm, { type: "Normal", reason: "SuccessfulDelete", message, from });
}

function updateStatus(virt: Virt, vm: KubeObject, problem: { reason: string; message: string } | undefined): void {
  const { world } = virt;
  const found = world.store.get(instances, vm.metadata.namespace, vm.metadata.name);
  const vmi = found !== undefined && controllerOf(found)?.uid === vm.metadata.uid ? found : undefined;
  const now = world.clock.now();
  const change = (draft: KubeObject): void => {
    draft.status ??= {};
    trimRequest(draft, vmi);
    reportMachine(draft, vmi, problem, now);
  };
  modifyMachine(world, vm, change, onStatus(writer));
  if (vmi !== undefined && isFinal(vmi)) {
    modifyInstance(world, vmi, (draft) => removeFinalizer(draft, vmFinalizer), writer);
  }
}

/** A request that has been acted upon is taken off (`isTrimFirstChangeRequestNeeded`). */
function trimRequest(draft: KubeObject, vmi: KubeObject | undefined): void {
  const [request, ...others] = requestsOf(draft);
  if (request === undefined) return;
  const stopped = request.action === "Stop" && (vmi === undefined || request.uid !== vmi.metadata.uid);
  const started = request.action === "Start" && vmi !== undefined && !isDeleting(vmi) && !isFinal(vmi);
  if (!stopped && !started) return;
  if (others.length > 0) draft.status.stateChangeRequests = others;
  else delete draft.status.stateChangeRequests;
}
