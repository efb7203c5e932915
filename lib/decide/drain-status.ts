/** Whether a drain goes on, is done, stuck or out of time, and the progress that is shown of it. */

import { addressed } from "../assess/addressed.ts";
import type { EvictAction } from "../model/action.ts";
import type { Facts } from "../model/facts.ts";
import { keyOf } from "../model/kubernetes.ts";
import { isFinishedMigration } from "../model/kubevirt.ts";
import type { DrainProgress, OtherPodProgress, VmProgress } from "../model/progress.ts";
import { hasEnded } from "./departure.ts";
import type { DrainInput } from "./drain-input.ts";
import type { DrainIntent } from "./intent.ts";
import type { OtherPod } from "./other-pods.ts";
import { type ProgressInput, unfinishedMigration, type VmOnItsWay } from "./vm-progress.ts";

/** A drain in which every VM left is blocked gives up when nothing has changed for this long. */
export const stuckAfter = 60_000;

export type DrainStatus = "going" | "verify" | "left-behind" | "stuck" | "timed-out";

export interface StatusInput {
  readonly vms: readonly VmOnItsWay[];
  readonly pods: readonly OtherPod[];
  readonly atRest: boolean;
  readonly timedOut: ReadonlySet<string>;
  readonly intent: DrainIntent;
  readonly changedAt: number;
  readonly now: number;
}

/** Where the drain stands as a whole. */
export function statusOf(input: StatusInput): DrainStatus {
  const open = [...input.vms.filter((vm) => !isOver(vm.progress.state)), ...input.pods];
  if (open.length === 0) {
    // Fresh reads go on to contradict the picture: the end tells what they found.
    if (input.intent.nodes.every((node) => input.timedOut.has(node))) return "timed-out";
    if (input.now >= input.changedAt + stuckAfter) return "stuck";
    return input.vms.some((vm) => vm.progress.state === "left-behind") ? "left-behind" : "verify";
  }
  if (open.every(({ progress }) => input.timedOut.has(progress.node))) return "timed-out";
  if (input.atRest && !input.intent.watched && input.now >= input.changedAt + stuckAfter) return "stuck";
  return "going";
}

/** Something is blocked, and everything else that is left only waits for its turn, which does not come before that has left. */
export function isAtRest(
  standing: ProgressInput,
  vms: readonly VmOnItsWay[],
  pods: readonly OtherPod[],
  actions: readonly EvictAction[],
): boolean {
  const waitsForItsTurn = (state: string, podUid: string | undefined): boolean =>
    state === "waiting" &&
    podUid !== undefined &&
    standing.ledger.pods[podUid] === undefined &&
    actions.every((action) => action.pod.uid !== podUid);
  const open = [
    ...vms.map(({ progress, verdict }) => ({ state: progress.state, podUid: verdict?.pod.uid })),
    ...pods.map(({ progress, verdict }) => ({ state: progress.state, podUid: verdict.uid })),
  ].filter(({ state }) => !isOver(state));
  return (
    open.some(({ state }) => state === "blocked") &&
    open.every(({ state, podUid }) => state === "blocked" || waitsForItsTurn(state, podUid))
  );
}

/** Nothing more is awaited of the VM or pod. */
export function isOver(state: VmProgress["state"] | OtherPodProgress["state"]): boolean {
  return state === "gone" || state === "left-behind" || (state !== "terminating" && hasEnded(state));
}

/** Nodes that have stopped to report since the drain began, or never did: what is still on them goes nowhere. */
function silentNodes({ check, intent }: DrainInput): string[] {
  return check.nodes
    .filter(({ name }) => intent.nodes.includes(name))
    .flatMap(({ name, findings }) => {
      const told = findings.find(({ code }) => code === "NodeNotReady" || code === "HandlerNotReady");
      if (told === undefined) return [];
      const what = told.code === "NodeNotReady" ? "is not Ready" : "has no virt-handler at work";
      return [`node/${name} ${what}: VMs that are still there cannot be moved while it is away`];
    });
}

/** A mark is answered with a migration within seconds (pkg/virt-controller/watch/drain/evacuation), be it one that waits for a slot. */
const idleAfter = 60_000;

/** What virt-controller leaves undone. The same words as long as it lasts. */
function idleController(input: DrainInput, vms: readonly VmOnItsWay[], now: number): string[] {
  const { facts, outdated, commandFlags = "" } = input;
  if (outdated) return [];
  const undone =
    untouchedMigration(facts, now) ?? unclosedMigration(facts, vms, now) ?? missingMigrations(facts, vms, now);
  if (undone === undefined) return [];
  const look = addressed("kubectl get pods -A -l kubevirt.io=virt-controller", commandFlags);
  return [`KubeVirt has ${undone} for a minute: is virt-controller at work? ${look}`];
}

/** A migration gets its first phase at once, even if it must wait for a slot (pkg/virt-controller/watch/migration). */
function untouchedMigration({ migrations }: Facts, now: number): string | undefined {
  const untouched = migrations.find(
    ({ metadata: { creationTimestamp = "" }, status }) =>
      status.phase === "" && now >= Date.parse(creationTimestamp) + idleAfter,
  );
  return untouched && `not looked at the migration of ${untouched.metadata.namespace}/${untouched.spec.vmiName}`;
}

/** A VM has arrived, and its migration goes on to hold a slot. */
function unclosedMigration({ migrations }: Facts, vms: readonly VmOnItsWay[], now: number): string | undefined {
  const unclosed = vms.find(({ progress: { state, since, namespace, name } }) => {
    const arrival = Date.parse(since);
    if (state !== "moved" || now < arrival + idleAfter) return false;
    const open = unfinishedMigration({ migrations }, { namespace, name });
    return open !== undefined && Date.parse(open.metadata.creationTimestamp ?? "") < arrival;
  });
  return unclosed && `not closed the migration of ${keyOf(unclosed.progress)}, which has arrived,`;
}

/** VMs are marked of which none is migrated, although no migration anywhere takes the slots. */
function missingMigrations(facts: Facts, vms: readonly VmOnItsWay[], now: number): string | undefined {
  if (facts.runningMigrations !== undefined && facts.runningMigrations > 0) return undefined;
  if (facts.migrations.some((migration) => !isFinishedMigration(migration))) return undefined;
  const inVain = vms.some(
    ({ progress, verdict }) =>
      progress.state === "queued" && verdict?.row === "D13" && now >= Date.parse(progress.since) + idleAfter,
  );
  return inVain ? "begun no migration of the marked VMs" : undefined;
}

/** What views of the drain are given. */
export function progressOf(
  input: DrainInput,
  vms: readonly VmOnItsWay[],
  pods: readonly OtherPod[],
  end: {
    readonly status: DrainStatus;
    readonly atRest: boolean;
    readonly changedAt: number;
    readonly now: number;
  },
): DrainProgress {
  const { status, atRest } = end;
  const givesUpAt = end.changedAt + stuckAfter;
  const phases = {
    going: "evicting",
    verify: "verifying",
    "left-behind": "done",
    stuck: "stuck",
    "timed-out": "timed-out",
  } as const;
  return {
    nodes: input.intent.nodes,
    startedAt: input.startedAt,
    time: input.facts.time,
    vms: vms.map((vm) => vm.progress),
    pods: pods.map((pod) => pod.progress),
    limits: {
      perNode: input.check.migrations.perNode,
      perCluster: input.check.migrations.perCluster,
      maxParallel: input.intent.maxParallel,
    },
    trouble: [...input.trouble, ...silentNodes(input), ...idleController(input, vms, end.now)],
    phase: status === "going" && atRest && end.now >= givesUpAt ? "stuck" : phases[status],
    givesUpAt: atRest && !input.intent.watched ? new Date(givesUpAt).toISOString() : undefined,
  };
}
