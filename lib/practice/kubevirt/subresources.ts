/** virt-api behind `subresources.kubevirt.io`: start, stop, restart, migrate, pause and evacuate/cancel (pkg/virt-api/rest). */
import type { AggregatedAnswer, AggregatedApi, AggregatedRequest } from "../api/admission.ts";
import { hasCondition } from "../kubernetes/conditions.ts";
import { instances, managers, migrations, nodes, onStatus, virtualMachines } from "../kubernetes/keys.ts";
import { hasTaint } from "../kubernetes/objects.ts";
import { readyEndpoints } from "../kubernetes/services.ts";
import { failure, StoreError } from "../status.ts";
import type { KubeObject } from "../store.ts";
import { isFinal, isMarked, phaseOf } from "./instance.ts";
import { accounts, installNamespace } from "./names.ts";
import { migrationSettings } from "./settings.ts";
import type { Virt } from "./virt.ts";
import { runStrategyOf } from "./vm-status.ts";
import { create, modify, modifyInstance } from "./writes.ts";

type Handler = (context: Virt, request: AggregatedRequest) => AggregatedAnswer;

const accepted: AggregatedAnswer = { status: 202 };
const done: AggregatedAnswer = { status: 200 };

/** By resource and joined path. */
const handlers: Readonly<Record<string, Handler>> = {
  "virtualmachines/start": startMachine,
  "virtualmachines/stop": stopMachine,
  "virtualmachines/restart": restartMachine,
  "virtualmachines/migrate": migrateMachine,
  "virtualmachines/evacuate/cancel": cancelEvacuation,
  "virtualmachineinstances/evacuate/cancel": cancelEvacuation,
  "virtualmachineinstances/pause": (context, request) => pause(context, request, true),
  "virtualmachineinstances/unpause": (context, request) => pause(context, request, false),
};

/** The aggregated API of KubeVirt; does not answer while no virt-api endpoint is ready. */
export function virtApi(context: Virt): AggregatedApi {
  return (request) => {
    if (readyEndpoints(context.world, installNamespace, "virt-api").length === 0) return undefined;
    try {
      return answer(context, request);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return { status: error.status.code, body: error.status };
    }
  };
}

function answer(context: Virt, request: AggregatedRequest): AggregatedAnswer {
  const { resource, path } = request;
  if (resource === "version" || path[0] === "version") return { status: 200, body: versionOf(context) };
  if (resource === undefined) return done;
  const handler = handlers[[resource, ...path].join("/")];
  const isMissing = handler === cancelEvacuation && !context.release.cancelsEvacuations;
  if (handler === undefined || isMissing) return { status: 404, body: failure(404, "404: Page Not Found") };
  if (!acceptsAnything(request.accept)) return notAcceptable;
  // virt-api asks again for the whole path; its refusal has no body (pkg/virt-api/rest/authorizer.go).
  if (!request.mayAlso(path.join("/"))) return { status: 401 };
  return handler(context, request);
}

/** These routes do not say what they produce, which go-restful takes for nothing that a client could name. */
function acceptsAnything(accept: string): boolean {
  return accept === "" || accept.split(",").some((clause) => clause.trim().startsWith("*/*"));
}

const notAcceptable: AggregatedAnswer = { status: 406, body: "406: Not Acceptable\n\nAvailable representations: " };

function versionOf({ release }: Virt): object {
  return {
    gitVersion: release.version,
    gitCommit: "9a1c2f0d4b7e83c5d6f1a0e2b94837c6d5e4f3a2",
    gitTreeState: "clean",
    buildDate: "2026-07-27T09:12:41Z",
    goVersion: "go1.25.5 X:nocoverageredesign",
    compiler: "gc",
    platform: "linux/amd64",
  };
}

function conflict(kind: string, name: string, why: string): StoreError {
  const message = `Operation cannot be fulfilled on ${kind}.kubevirt.io "${name}": ${why}`;
  return new StoreError(failure(409, message, "Conflict", { name, group: "kubevirt.io", kind }));
}

function internal(message: string): StoreError {
  const details = { causes: [{ message }] };
  return new StoreError(failure(500, `Internal error occurred: ${message}`, "InternalError", details));
}

function missing(kind: string, name: string): StoreError {
  const message = `${kind}.kubevirt.io "${name}" not found`;
  return new StoreError(failure(404, message, "NotFound", { name, group: "kubevirt.io", kind }));
}

function machineOf({ world }: Virt, { namespace, name = "" }: AggregatedRequest): KubeObject {
  const vm = world.store.get(virtualMachines, namespace, name);
  if (vm === undefined) throw missing("virtualmachine", name);
  return vm;
}

function instanceOf({ world }: Virt, { namespace, name = "" }: AggregatedRequest): KubeObject {
  const vmi = world.store.get(instances, namespace, name);
  if (vmi === undefined) throw missing("virtualmachineinstance", name);
  return vmi;
}

function findInstance({ world }: Virt, { namespace, name = "" }: AggregatedRequest): KubeObject | undefined {
  return world.store.get(instances, namespace, name);
}

function bodyOf(request: AggregatedRequest): Record<string, unknown> {
  return typeof request.body === "object" && request.body !== null ? (request.body as Record<string, unknown>) : {};
}

function startMachine(context: Virt, request: AggregatedRequest): AggregatedAnswer {
  const vm = machineOf(context, request);
  const { name } = vm.metadata;
  const vmi = findInstance(context, request);
  if (vmi !== undefined && !isFinal(vmi) && phaseOf(vmi) !== "")
    throw conflict("virtualmachine", name, "VM is already running");
  if (hasCondition(vm, "ManualRecoveryRequired")) {
    throw conflict(
      "virtualmachine",
      name,
      "VM recovery required: Volume migration failed, leaving some volumes pointing to non-consistent targets; manual intervention is needed to reassign them to their original volumes.",
    );
  }
  const strategy = runStrategyOf(vm);
  switch (strategy) {
    case "Halted":
      setRunning(context, request, vm, true);
      return accepted;
    case "Manual":
    case "RerunOnFailure": {
      if (strategy === "RerunOnFailure" && vmi !== undefined && phaseOf(vmi) === "Failed") {
        throw conflict("virtualmachine", name, "RerunOnFailure does not support starting VM from failed state");
      }
      const stop = vmi !== undefined && isFinal(vmi) ? [{ action: "Stop", uid: vmi.metadata.uid }] : [];
      requestChange(context, request, vm, [...stop, { action: "Start" }]);
      return accepted;
    }
    default:
      throw conflict("virtualmachine", name, `${strategy} does not support manual start requests`);
  }
}

function stopMachine(context: Virt, request: AggregatedRequest): AggregatedAnswer {
  const vm = machineOf(context, request);
  const { name } = vm.metadata;
  const vmi = findInstance(context, request);
  const grace = bodyOf(request).gracePeriod;
  if (vmi !== undefined && !isFinal(vmi) && typeof grace === "number") setGrace(context, request, vmi, grace);
  const strategy = runStrategyOf(vm);
  if (strategy === "Always" || strategy === "Once") {
    setRunning(context, request, vm, false);
    return accepted;
  }
  if (vmi === undefined || isFinal(vmi)) throw conflict("virtualmachine", name, "VM is not running");
  const before = vmi.spec.terminationGracePeriodSeconds;
  if (strategy === "Halted" && (typeof grace !== "number" || (before !== undefined && grace >= before))) {
    const why = "Halted only supports manual stop requests with a shorter graceperiod";
    throw conflict("virtualmachine", name, why);
  }
  requestChange(context, request, vm, [{ action: "Stop", uid: vmi.metadata.uid }]);
  return accepted;
}

function restartMachine(context: Virt, request: AggregatedRequest): AggregatedAnswer {
  const grace = bodyOf(request).gracePeriodSeconds;
  if (typeof grace === "number" && grace !== 0) {
    const message =
      grace > 0
        ? "For force restart, only gracePeriod=0 is supported for now"
        : "gracePeriod has to be greater or equal to 0";
    throw new StoreError(failure(400, message, "BadRequest"));
  }
  const vm = machineOf(context, request);
  const strategy = runStrategyOf(vm);
  if (strategy === "Halted" || strategy === "Once") {
    const why = `RunStategy ${strategy} does not support manual restart requests`;
    throw conflict("virtualmachine", vm.metadata.name, why);
  }
  const vmi = findInstance(context, request);
  if (vmi === undefined) throw conflict("virtualmachine", vm.metadata.name, "VM is not running: Halted");
  if (grace === 0) setGrace(context, request, vmi, 1);
  requestChange(context, request, vm, [{ action: "Stop", uid: vmi.metadata.uid }, { action: "Start" }]);
  return accepted;
}

function migrateMachine(context: Virt, request: AggregatedRequest): AggregatedAnswer {
  const vm = machineOf(context, request);
  const vmi = instanceOf(context, request);
  if (phaseOf(vmi) !== "Running") throw conflict("virtualmachine", vm.metadata.name, "VM is not running");
  const { addedNodeSelector } = bodyOf(request);
  const object = {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstanceMigration",
    metadata: { namespace: vmi.metadata.namespace ?? "", generateName: "kubevirt-migrate-vm-" },
    spec: { vmiName: vmi.metadata.name, ...(addedNodeSelector === undefined ? {} : { addedNodeSelector }) },
  };
  try {
    const who = { ...managers.virtApi, user: accounts.virtApi, dryRun: request.dryRun };
    create(context.world, context.admit, migrations, object, who);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    throw internal(error.message);
  }
  return accepted;
}

/** Takes the evacuation mark off; a migration that has begun goes on (pkg/virt-api/rest/evacuate_cancel.go). */
function cancelEvacuation(context: Virt, request: AggregatedRequest): AggregatedAnswer {
  const vmi = instanceOf(context, request);
  const { world } = context;
  const nodeName: string = vmi.status?.evacuationNodeName || vmi.status?.nodeName || "";
  const node = world.store.get(nodes, undefined, nodeName);
  if (node === undefined) throw internal(`nodes "${nodeName}" not found`);
  const taintKey = migrationSettings(world).nodeDrainTaintKey;
  if (hasTaint(node, taintKey, "NoSchedule")) {
    const taint = `&Taint{Key:${taintKey},Value:,Effect:NoSchedule,TimeAdded:<nil>,}`;
    const message = `Node "${nodeName}" has NodeDrainTaintKey "${taint}"`;
    throw new StoreError(failure(400, message, "BadRequest"));
  }
  if (!isMarked(vmi)) return done;
  if ((bodyOf(request).evacuationNodeName ?? "") !== vmi.status.evacuationNodeName) {
    throw internal("the server rejected our request due to an error in our request");
  }
  const change = (draft: KubeObject): void => {
    delete draft.status.evacuationNodeName;
  };
  modifyInstance(world, vmi, change, { ...managers.virtApi, dryRun: request.dryRun });
  return done;
}

function pause(context: Virt, request: AggregatedRequest, paused: boolean): AggregatedAnswer {
  const vmi = instanceOf(context, request);
  const { name } = vmi.metadata;
  const kind = "virtualmachineinstance";
  if (phaseOf(vmi) !== "Running") throw conflict(kind, name, paused ? "VM is not running" : "VMI is not running");
  if (paused && hasCondition(vmi, "Paused")) throw conflict(kind, name, "VMI is already paused");
  if (!paused && !hasCondition(vmi, "Paused")) throw conflict(kind, name, "VMI is not paused");
  const host = context.world.hosts.get(vmi.status.nodeName);
  const guest = host && context.guests.on(host).find((other) => other.vmi.metadata.uid === vmi.metadata.uid);
  if (guest !== undefined && !request.dryRun) context.guests.pause(guest, paused);
  return done;
}

function setRunning(context: Virt, request: AggregatedRequest, vm: KubeObject, running: boolean): void {
  const change = (draft: KubeObject): void => {
    if (draft.spec.runStrategy !== undefined) draft.spec.runStrategy = running ? "Always" : "Halted";
    else draft.spec.running = running;
  };
  modify(context.world, virtualMachines, vm, change, { ...managers.virtApi, dryRun: request.dryRun });
}

function setGrace(context: Virt, request: AggregatedRequest, vmi: KubeObject, seconds: number): void {
  const change = (draft: KubeObject): void => {
    draft.spec.terminationGracePeriodSeconds = seconds;
  };
  modifyInstance(context.world, vmi, change, { ...managers.virtApi, dryRun: request.dryRun });
}

interface ChangeRequest {
  readonly action: string;
  readonly uid?: string;
}

/** `getChangeRequestJson`: a stop replaces what is pending, anything else must wait for it. */
function requestChange(context: Virt, request: AggregatedRequest, vm: KubeObject, changes: ChangeRequest[]): void {
  const pending: ChangeRequest[] = vm.status?.stateChangeRequests ?? [];
  const replaces = changes.length === 1 && changes[0]?.action === "Stop";
  if (pending.length > 0 && !replaces) throw internal("unable to complete request: stop/start already underway");
  const change = (draft: KubeObject): void => {
    draft.status = { ...draft.status, stateChangeRequests: changes };
    delete draft.status.startFailure;
  };
  modify(context.world, virtualMachines, vm, change, { ...onStatus(managers.virtApi), dryRun: request.dryRun });
}
