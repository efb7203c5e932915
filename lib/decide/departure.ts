/** What became of a VM that is no longer on its node: moved, restarted, stopped, or on its way to one of these. */

import { addressed } from "../assess/addressed.ts";
import type { Facts } from "../model/facts.ts";
import type { FindingCode } from "../model/finding.ts";
import { findCondition, findNamed, keyOf } from "../model/kubernetes.ts";
import { isFinalVmi, type VirtualMachineInstance, type VirtualMachineInstanceMigration } from "../model/kubevirt.ts";
import type { VmProgress, VmState } from "../model/progress.ts";
import type { PlannedVm } from "./intent.ts";
import type { Ledger } from "./ledger.ts";
import { quotaRefusal } from "./quota-refusal.ts";

export interface DepartureInput {
  readonly facts: Facts;
  readonly ledger: Ledger;
  /** Milliseconds of the API server's clock. */
  readonly now: number;
  /** How long a start elsewhere may take before it counts as failed, in milliseconds; 5 min when absent. */
  readonly startPatience?: number | undefined;
  /** Flags for the commands that are advised, so that they reach the same cluster. */
  readonly commandFlags?: string | undefined;
}

/** Where a VM stands, without its names. */
export interface Standing {
  readonly state: VmState;
  readonly detail?: string | undefined;
  /** The finding that the detail comes from. */
  readonly code?: FindingCode | undefined;
  readonly until?: number | undefined;
  readonly target?: string | undefined;
  readonly phase?: string | undefined;
  readonly fix?: string | undefined;
}

/** How long a wait without an end of its own may last: a VMI that becomes migratable, a leftover pod, a restart elsewhere. */
export const patience = 5 * 60_000;
/** How long a start may show a cause that keeps it from running before that counts as its result. */
const startTrouble = 60_000;

/** A VM of the plan of which nothing is left on the node: where is it now? */
export function departed(input: DepartureInput, planned: PlannedVm): VmProgress {
  const before = input.ledger.ended[planned.uid];
  if (before !== undefined) return before;
  const standing = whereItWent(input, planned);
  const ended = hasEnded(standing.state);
  const asked = input.ledger.pods[planned.pod.uid]?.requestedAt ?? migrationBegan(input.facts, planned);
  return {
    namespace: planned.namespace,
    name: planned.name,
    uid: planned.uid,
    node: planned.node,
    pod: planned.pod.name,
    state: standing.state,
    since: sinceWhen(input, planned.uid, standing.state),
    ...presentFields(standing),
    seconds: ended && asked !== undefined ? Math.max(0, Math.round((input.now - asked) / 1000)) : undefined,
  };
}

function whereItWent(input: DepartureInput, planned: PlannedVm): Standing {
  const { facts } = input;
  const vmi = findNamed(facts.vmis, planned);
  const same = vmi?.metadata.uid === planned.uid;
  if (vmi !== undefined && same && !isFinalVmi(vmi)) {
    const node = vmi.status.nodeName;
    if (node !== undefined && node !== planned.node) return { state: "moved", target: node };
  }
  const arrival = departure(facts, planned)?.status.migrationState?.targetNode;
  if (arrival !== undefined) return { state: "moved", target: arrival };
  if (vmi !== undefined && !same) return restarting(input, planned, vmi);
  if (planned.outcome === "restarts") return restarting(input, planned, undefined);
  const ended = vmi !== undefined && isFinalVmi(vmi);
  // That its guest had ended was seen before; what has vanished since is not looked up yet.
  const seenEnded = input.ledger.seen[planned.uid]?.state === "starting";
  const known = ended || seenEnded || facts.absent?.includes(keyOf(planned)) === true;
  const down = whyItStaysDown(input, planned, vmi);
  if (known && down === undefined) return restarting(input, planned, undefined);
  // What was agreed to needs no explaining.
  if (known) return { state: "stopped", detail: planned.outcome === "stops" ? undefined : down };
  // It is being looked up by name.
  if (planned.outcome !== "stops") return { state: "migrating" };
  return { state: down === undefined ? "shutting-down" : "stopped" };
}

function restarting(input: DepartureInput, planned: PlannedVm, vmi: VirtualMachineInstance | undefined): Standing {
  const node = vmi?.status.nodeName;
  if (vmi?.status.phase === "Running" && node !== undefined) return { state: "restarted", target: node };
  if (vmi === undefined && planned.replicaSet !== undefined) return replaced(input, planned, planned.replicaSet);
  const machine = findNamed(input.facts.virtualMachines, planned);
  const isTold = vmi === undefined && (machine !== undefined || isDeleted(input.facts, planned));
  const down = isTold ? whyItStaysDown(input, planned, undefined) : undefined;
  if (down !== undefined) return { state: "stopped", detail: down };
  const status = machine?.printableStatus;
  const sync = vmi && findCondition(vmi.status.conditions, "Synchronized");
  const quota = sync && quotaRefusal(sync.message, planned.namespace, input.commandFlags);
  // Its pod is refused: by a LimitRange, pod security, a webhook.
  const refusal = sync?.status === "False" && sync.reason === "FailedCreate" ? sync.message : undefined;
  const trouble = quota?.words ?? refusal ?? (status !== undefined && troubles.has(status) ? status : undefined);
  // Only what was promised can fail: one that was shutting down before we came was promised nothing.
  if (trouble !== undefined && planned.outcome !== "restarts")
    return { state: "stopped", detail: `does not run again: ${trouble}` };
  const end = startedAt(input, planned) + (trouble === undefined ? (input.startPatience ?? patience) : startTrouble);
  if (input.now < end) return { state: "starting", target: node, detail: trouble, until: end };
  const describe = `kubectl describe vmi ${planned.name} -n ${planned.namespace}`;
  return {
    state: "failed",
    detail: `was shut down, but does not run again: ${trouble ?? status ?? "not started"}`,
    fix: quota?.fix ?? addressed(describe, input.commandFlags),
  };
}

/** A replica set does not start the VMI again, but another one in its place. */
function replaced(input: DepartureInput, planned: PlannedVm, owner: string): Standing {
  const set = findNamed(input.facts.replicaSets, { namespace: planned.namespace, name: owner });
  if (set !== undefined && set.readyReplicas >= set.replicas)
    return { state: "restarted", detail: `replaced by its replica set ${owner}` };
  // No node was expected to take the other one.
  if (planned.outcome === "stops") return { state: "stopped" };
  const end = startedAt(input, planned) + (input.startPatience ?? patience);
  if (input.now < end) return { state: "starting", until: end };
  const ready = set === undefined ? "could not be read" : `has ${set.readyReplicas} of ${set.replicas} replicas ready`;
  return {
    state: "failed",
    detail: `was shut down, and its replica set ${owner} ${ready}`,
    fix: addressed(`kubectl describe vmirs ${owner} -n ${planned.namespace}`, input.commandFlags),
  };
}

/** Since when it is expected to start. */
function startedAt(input: DepartureInput, planned: PlannedVm): number {
  const seen = input.ledger.seen[planned.uid];
  return seen?.state === "starting" ? seen.since : input.now;
}

/** A VM says "Stopped" also in the moment between two guests. */
const momentBetweenGuests = 10_000;

/**
 * Why nobody starts a guest again that has ended (kubevirt/kubevirt pkg/virt-controller/watch/vm/vm.go); undefined when somebody
 * does. Under RerunOnFailure one that has shut down orderly stays down, one that was destroyed comes back.
 */
function whyItStaysDown(
  input: DepartureInput,
  planned: PlannedVm,
  vmi: VirtualMachineInstance | undefined,
): string | undefined {
  if (isDeleted(input.facts, planned)) return "its VirtualMachine was deleted meanwhile";
  if (planned.replicaSet !== undefined) return undefined;
  const { runStrategy, printableStatus } = findNamed(input.facts.virtualMachines, planned) ?? {};
  switch (runStrategy) {
    case "Always":
      return undefined;
    case "RerunOnFailure": {
      const rests = printableStatus === "Stopped" && input.now >= startedAt(input, planned) + momentBetweenGuests;
      return vmi?.status.phase === "Succeeded" || rests ? "its guest has shut down" : undefined;
    }
    case "Halted":
      return "its VirtualMachine was stopped";
    default:
      return "its guest has ended, and nothing starts it again";
  }
}

/** True when the VM of that name was looked for and not found. */
function isDeleted(facts: Facts, planned: PlannedVm): boolean {
  return facts.absentMachines?.includes(keyOf(planned)) === true;
}

/** VM printable statuses that say why a VM does not start (KubeVirt staging/src/kubevirt.io/api/core/v1/types.go). */
const troubles: ReadonlySet<string> = new Set([
  "CrashLoopBackOff",
  "ErrorUnschedulable",
  "ErrImagePull",
  "ImagePullBackOff",
  "ErrorPvcNotFound",
  "DataVolumeError",
  "ErrorDataVolumeNotFound",
]);

/** True when nothing more is awaited of the VM. */
export function hasEnded(state: VmState): boolean {
  return state === "moved" || state === "restarted" || state === "stopped" || state === "failed";
}

/** The migration that brought the VM from the node to another one. */
function departure(facts: Facts, planned: PlannedVm): VirtualMachineInstanceMigration | undefined {
  return facts.migrations.find((migration) => {
    const state = migration.status.migrationState;
    if (migration.metadata.namespace !== planned.namespace || migration.spec.vmiName !== planned.name) return false;
    if (migration.status.phase !== "Succeeded" || state?.sourceNode !== planned.node) return false;
    return state.sourcePod === undefined || state.sourcePod === planned.pod.name;
  });
}

/** When a VM began to move that was on its way before this program looked. */
function migrationBegan(facts: Facts, planned: PlannedVm): number | undefined {
  const created = departure(facts, planned)?.metadata.creationTimestamp;
  return created === undefined ? undefined : Date.parse(created);
}

/** A standing's fields as a VM's progress has them. */
export function presentFields(standing: Standing): Partial<VmProgress> {
  return {
    phase: standing.phase,
    target: standing.target,
    detail: standing.detail,
    code: standing.code,
    until: standing.until === undefined ? undefined : new Date(standing.until).toISOString(),
    fix: standing.fix,
  };
}

/** Since when the VM has been in this state, RFC 3339. */
export function sinceWhen(input: Pick<DepartureInput, "ledger" | "now">, uid: string, state: VmState): string {
  const seen = input.ledger.seen[uid];
  return new Date(seen?.state === state ? seen.since : input.now).toISOString();
}
