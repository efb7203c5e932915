/** The status of a VirtualMachine as virt-controller reports it, with the back-off of guests that never start. */
import { rfc3339 } from "../clock.ts";
import { type Condition, conditionOf, hasCondition, removeCondition, setCondition } from "../kubernetes/conditions.ts";
import { hashOf, isDeleting } from "../kubernetes/objects.ts";
import type { KubeObject } from "../store.ts";
import { isFinal, isMigrating, phaseOf } from "./instance.ts";

/** `defaultMaxCrashLoopBackoffDelaySeconds`. */
const longestDelaySeconds = 300;

/** `spec.runStrategy`, or what `spec.running` stands for. */
export function runStrategyOf(vm: KubeObject): string {
  return vm.spec?.runStrategy ?? (vm.spec?.running === true ? "Always" : "Halted");
}

/** Milliseconds until a VM whose guests failed at their start may be tried again. */
export function startDelayMs(vm: KubeObject, now: Date): number {
  const after = vm.status?.startFailure?.retryAfterTimestamp;
  return after === undefined ? 0 : Math.max(0, Date.parse(after) - now.getTime());
}

/** Brings a VM's status up to its VMI. */
export function reportMachine(
  draft: KubeObject,
  vmi: KubeObject | undefined,
  problem: { reason: string; message: string } | undefined,
  now: Date,
): void {
  const { status } = draft;
  setFlag(status, "created", vmi !== undefined);
  setFlag(status, "ready", hasCondition(vmi, "Ready"));
  if (status.runStrategy !== undefined || vmi !== undefined) status.runStrategy = runStrategyOf(draft);
  const generation = vmi?.metadata.annotations?.["kubevirt.io/vm-generation"];
  if (generation !== undefined) {
    status.observedGeneration = Number(generation);
    status.desiredGeneration = draft.metadata.generation;
  }
  reportStartFailure(draft, vmi, now);
  reportConditions(draft, vmi, problem, rfc3339(now));
  status.printableStatus = printableStatus(draft, vmi);
}

function setFlag(status: Record<string, unknown>, name: string, value: boolean): void {
  if (value) status[name] = true;
  else delete status[name];
}

/** `syncStartFailureStatus`: 10 s, 40 s, 90 s … and up to half as much again, 300 s at most. */
function reportStartFailure(draft: KubeObject, vmi: KubeObject | undefined, now: Date): void {
  const phases: { phase: string }[] = vmi?.status?.phaseTransitionTimestamps ?? [];
  const ran = phases.some(({ phase }) => phase === "Running");
  const restarts = ["Always", "RerunOnFailure", "Once"].includes(runStrategyOf(draft));
  if (ran || !restarts) {
    delete draft.status.startFailure;
    return;
  }
  if (vmi === undefined || !isFinal(vmi)) return;
  const earlier = draft.status.startFailure;
  if (earlier?.lastFailedVMIUID === vmi.metadata.uid) return;
  const count = (earlier?.consecutiveFailCount ?? 0) + 1;
  const base = 10 * count ** 2;
  const seconds = Math.min(longestDelaySeconds, base + hashOf(vmi.metadata.uid, base / 2 + 1));
  draft.status.startFailure = {
    consecutiveFailCount: count,
    lastFailedVMIUID: vmi.metadata.uid,
    retryAfterTimestamp: rfc3339(new Date(now.getTime() + seconds * 1000)),
  };
}

const ownConditions = ["Ready", "Failure", "RestartRequired", "ManualRecoveryRequired"];

/** The VMI's conditions are copied to the VM (`syncConditions`). */
function reportConditions(
  draft: KubeObject,
  vmi: KubeObject | undefined,
  problem: { reason: string; message: string } | undefined,
  now: string,
): void {
  setCondition(draft, readiness(vmi, now), now);
  if (problem === undefined) removeCondition(draft, "Failure");
  else setCondition(draft, { type: "Failure", status: "True", ...problem }, now);
  if (vmi === undefined) return;
  const given: Condition[] = vmi.status?.conditions ?? [];
  for (const condition of given) if (!ownConditions.includes(condition.type)) setCondition(draft, condition, now);
  for (const { type } of [...(draft.status.conditions as Condition[])]) {
    const kept = ownConditions.includes(type) || given.some((condition) => condition.type === type);
    if (!kept) removeCondition(draft, type);
  }
}

/** `syncReadyConditionFromVMI`. */
function readiness(vmi: KubeObject | undefined, now: string): Condition {
  const ready = conditionOf(vmi, "Ready");
  if (ready !== undefined) return ready;
  const unready = { type: "Ready", status: "False", lastProbeTime: now };
  return vmi === undefined
    ? { ...unready, reason: "VMINotExists", message: "VMI does not exist" }
    : { ...unready, reason: "VMIConditionMissing", message: "VMI is missing the Ready condition" };
}

/** The first that applies, in the order of `setPrintableStatus`. */
export function printableStatus(vm: KubeObject, vmi: KubeObject | undefined): string {
  const phase = vmi === undefined ? undefined : phaseOf(vmi);
  const problem = conditionOf(vmi, "Synchronized");
  if (isDeleting(vm)) return "Terminating";
  if (vmi !== undefined && !isFinal(vmi) && isDeleting(vmi)) return "Stopping";
  if (vmi !== undefined && isMigrating(vmi)) return "Migrating";
  if (phase === "Running") return hasCondition(vmi, "Paused") ? "Paused" : "Running";
  if (problem?.status === "False" && problem.reason === "FailedPvcNotFound") return "ErrorPvcNotFound";
  const scheduled = conditionOf(vmi, "PodScheduled");
  if (scheduled?.status === "False" && scheduled.reason === "Unschedulable") return "ErrorUnschedulable";
  if (phase !== undefined && ["", "Pending", "Scheduling", "Scheduled"].includes(phase)) return "Starting";
  if (vmi !== undefined && !isFinal(vmi)) return phase === "WaitingForSync" ? "WaitingForReceiver" : "Unknown";
  const restarts = ["Always", "RerunOnFailure", "Once"].includes(runStrategyOf(vm));
  return (vm.status?.startFailure?.consecutiveFailCount ?? 0) > 0 && restarts ? "CrashLoopBackOff" : "Stopped";
}
