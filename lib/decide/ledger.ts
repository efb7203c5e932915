/**
 * The drain's memory inside one process: what was asked of the server, what it said, and since when something lasts.
 * Losing it costs at most one repeated eviction per pod; everything else is read from the cluster.
 * All moments are milliseconds of the API server's clock.
 */
import type { EvictionAnswer } from "../model/eviction.ts";
import type { VmProgress, VmState } from "../model/progress.ts";

export interface PodEntry {
  readonly inFlight: boolean;
  readonly requestedAt: number;
  readonly tries: number;
  /** Answers in a row that said the webhook could not be called. */
  readonly webhookFailures: number;
  readonly answer?: EvictionAnswer | undefined;
  readonly answeredAt?: number | undefined;
}

export interface Ledger {
  /** By pod UID. */
  readonly pods: Readonly<Record<string, PodEntry>>;
  /** When the first eviction of each node was sent: `--timeout` counts from here. */
  readonly firstEviction: Readonly<Record<string, number>>;
  /** By VMI UID: the state in which the VM was last seen, and since when. */
  readonly seen: Readonly<Record<string, Seen>>;
  /** VMs that have left, as they were when they did. */
  readonly ended: Readonly<Record<string, VmProgress>>;
  /** When anything about the VMs last changed. */
  readonly changedAt: number;
}

export interface Seen {
  readonly state: VmState;
  /** Row of the decision table; empty once the VM has left. */
  readonly row: string;
  readonly phase: string;
  /** Since when state and row are these. */
  readonly since: number;
  /** Since when the row is this one, if longer: a wait that has become "blocked" for lasting too long must not begin anew. */
  readonly rowSince?: number | undefined;
}

/** The ledger of a drain that begins, or goes on in another process. */
export function emptyLedger(now: number): Ledger {
  return { pods: {}, firstEviction: {}, seen: {}, ended: {}, changedAt: now };
}

/** Notes that an eviction of this pod is on its way. */
export function noteRequest(ledger: Ledger, pod: { readonly uid: string; readonly node: string }, now: number): Ledger {
  const before = ledger.pods[pod.uid];
  const entry: PodEntry = {
    inFlight: true,
    requestedAt: before?.requestedAt ?? now,
    tries: (before?.tries ?? 0) + 1,
    webhookFailures: before?.webhookFailures ?? 0,
    answer: before?.answer,
    answeredAt: before?.answeredAt,
  };
  return {
    ...ledger,
    pods: { ...ledger.pods, [pod.uid]: entry },
    firstEviction: { [pod.node]: now, ...ledger.firstEviction },
  };
}

/** Notes what the server said to the eviction of this pod. */
export function noteAnswer(ledger: Ledger, podUid: string, answer: EvictionAnswer, now: number): Ledger {
  const before = ledger.pods[podUid];
  const entry: PodEntry = {
    inFlight: false,
    requestedAt: before?.requestedAt ?? now,
    tries: before?.tries ?? 1,
    webhookFailures: answer.kind === "webhook-unreachable" ? (before?.webhookFailures ?? 0) + 1 : 0,
    answer,
    answeredAt: now,
  };
  return { ...ledger, pods: { ...ledger.pods, [podUid]: entry } };
}

const secondsBetweenTries = 5;
const longestWebhookPause = 30;
const secondsAfterRefusal = 30;

/** Answers that will not change by themselves. The pod counts as blocked, and is asked about again only now and then. */
const finalAnswers: ReadonlySet<EvictionAnswer["kind"]> = new Set([
  "not-migratable",
  "orphan",
  "several-budgets",
  "forbidden",
  "refused",
]);

/** True when the server's last word on this pod keeps it where it is. */
export function isFinalRefusal(entry: PodEntry | undefined): boolean {
  return entry?.answer !== undefined && finalAnswers.has(entry.answer.kind);
}

/** The earliest moment at which the pod may be evicted (again). */
export function nextTry(entry: PodEntry | undefined): number {
  if (entry?.answer === undefined || entry.answeredAt === undefined) return 0;
  return entry.answeredAt + 1000 * pauseAfter(entry, entry.answer);
}

function pauseAfter(entry: PodEntry, answer: EvictionAnswer): number {
  if (answer.kind === "webhook-unreachable") return Math.min(2 ** (entry.webhookFailures - 1), longestWebhookPause);
  // A pod that is gone does not come back under its UID: only the picture is late.
  if (answer.kind === "gone" || finalAnswers.has(answer.kind)) return secondsAfterRefusal;
  return Math.max(secondsBetweenTries, answer.retryAfterSeconds ?? 0);
}
