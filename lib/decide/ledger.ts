/**
 * The drain's memory inside one process: what was asked of the server, what it said, and since when something lasts.
 * Losing it costs at most one repeated eviction per pod; everything else is read from the cluster.
 * All moments are milliseconds of the API server's clock.
 */
import type { EvictionAnswer } from "../model/eviction.ts";
import type { Pod } from "../model/kubernetes.ts";
import type { VmProgress, VmState } from "../model/progress.ts";

export interface PodEntry {
  readonly inFlight: boolean;
  readonly requestedAt: number;
  readonly tries: number;
  /** The pod's resourceVersion in the picture in which it was last asked for; forgotten when a picture shows another one. */
  readonly version?: string | undefined;
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
export function noteRequest(
  ledger: Ledger,
  pod: { readonly uid: string; readonly node: string; readonly version?: string | undefined },
  now: number,
): Ledger {
  const before = ledger.pods[pod.uid];
  const entry: PodEntry = {
    inFlight: true,
    requestedAt: before?.requestedAt ?? now,
    tries: (before?.tries ?? 0) + 1,
    version: pod.version,
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
    version: before?.version,
    webhookFailures: answer.kind === "webhook-unreachable" ? (before?.webhookFailures ?? 0) + 1 : 0,
    answer,
    answeredAt: now,
  };
  return { ...ledger, pods: { ...ledger.pods, [podUid]: entry } };
}

/** Notes which of the pods that were asked for are not as they were then. */
export function noteChanged(ledger: Ledger, pods: readonly Pod[]): Ledger {
  const asked = Object.entries(ledger.pods).filter(([, { version }]) => version !== undefined);
  if (asked.length === 0) return ledger;
  const versions = new Map(pods.map(({ metadata }) => [metadata.uid, metadata.resourceVersion]));
  const changed = asked.filter(([uid, { version }]) => (versions.get(uid) ?? version) !== version);
  const forgotten = changed.map(([uid, entry]) => [uid, { ...entry, version: undefined }]);
  return { ...ledger, pods: { ...ledger.pods, ...Object.fromEntries(forgotten) } };
}

const secondsBetweenTries = 5;
/** Between two evictions of a pod of which the first was carried out. */
const secondsAfterEviction = 300;
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
  // The API server deletes a pod before it answers so: as long as the pod stands in the picture as it did, only that is late.
  if (answer.kind === "evicted" && entry.version !== undefined) return secondsAfterEviction;
  return Math.max(secondsBetweenTries, answer.retryAfterSeconds ?? 0);
}
