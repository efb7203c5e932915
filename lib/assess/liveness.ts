/** The verdict on a node that looks lost: alive, not to be told yet, proven dead, or silent without proof. Pure. */
import type { Liveness, Sign } from "../model/dossier.ts";
import { humanDuration } from "../model/duration.ts";
import type { Gap } from "../model/facts.ts";
import { isReady } from "../model/kubernetes.ts";
import type { NodeSigns, PowerReport, RecordOnLostNode } from "../model/lost-node.ts";
import {
  clockTime,
  type GradedSigns,
  gradeSigns,
  gradeTaints,
  missedSince,
  newestNode,
  type Readings,
} from "./signs-of-life.ts";

/** What others say of the host. */
export interface Evidence {
  readonly power: readonly PowerReport[];
  readonly record: RecordOnLostNode;
  readonly gaps: readonly Gap[];
}

const noEvidence: Evidence = { power: [], record: { kind: "none" }, gaps: [] };

/**
 * The verdict from one reading, or from two at least 15 s apart. Ages are taken against the API server's time of each answer,
 * so that no clock but the cluster's own counts. Never throws.
 */
export function assessLiveness(first: NodeSigns, second?: NodeSigns, evidence: Evidence = noEvidence): Liveness {
  const readings: Readings = { first, second };
  const graded = gradeSigns(readings);
  const rebooted = hasRebooted(readings, graded, evidence.record);
  const signs = [
    ...ownSigns(graded, rebooted),
    ...gradeTaints(newestNode(readings), evidence.record),
    ...evidence.power.map((report) => gradeReport(report, lastWordOf(readings, graded))),
    ...holderSigns(evidence),
    ...asserted(evidence.record, readings),
    ...clockDoubt(readings),
  ];
  const latest = Math.max(...[graded.lease, graded.heartbeat, graded.containers].map((one) => one.writtenAt ?? 0));
  const outageSince = latest === 0 ? undefined : new Date(latest).toISOString();
  const on = evidence.power.find(({ state }) => state === "on");
  return { ...verdictOn(readings, { signs, rebooted, outageSince, on }), outageSince, rebooted, signs };
}

/** The reading with which later ones are compared: the earliest that saw what it asked for. */
export function comparable(earlier: NodeSigns | undefined, latest: NodeSigns): NodeSigns {
  if (earlier === undefined) return latest;
  const failed = [earlier.object, earlier.lease].some((seen) => seen.kind === "unreadable" && !seen.forbidden);
  return failed ? latest : earlier;
}

/** Why nothing may be destroyed after a fresh reading, although the reading that was consented to allowed it. */
export type Gate =
  | { readonly kind: "open" }
  /** `rebooted`: the guests that ran there before have ended. */
  | { readonly kind: "life"; readonly reason: string; readonly rebooted: boolean }
  | { readonly kind: "unread"; readonly reason: string };

/**
 * The gate before every destructive call: closed by any sign of life since the reading that was consented to, and by a reading
 * that failed. A missing object is no failure: Nodes and Leases can be deleted. A Lease that could not be read already when
 * consent was given was no part of it; a right that was taken away since blinds us like any other fault.
 */
export function gateOf(consented: NodeSigns, fresh: NodeSigns): Gate {
  const { object, lease } = fresh;
  if (object.kind === "unreadable") return { kind: "unread", reason: `the node could not be read: ${object.reason}` };
  if (lease.kind === "unreadable" && !(lease.forbidden && consented.lease.kind === "unreadable"))
    return { kind: "unread", reason: `the node's lease could not be read: ${lease.reason}` };
  const { verdict, reason, rebooted } = assessLiveness(consented, fresh);
  const before = newestNode({ first: consented });
  const now = newestNode({ first: fresh });
  const boots = [before, now].flatMap((node) => node?.status.bootID ?? []);
  const hasBooted = rebooted || new Set(boots).size > 1;
  const life = (why: string): Gate => ({ kind: "life", reason: why, rebooted: hasBooted });
  if (verdict === "alive" || rebooted) return life(reason);
  // Only a kubelet makes a Node where there was none.
  const wasThere = before !== undefined || consented.object.kind !== "absent";
  if (now !== undefined && (!wasThere || now.metadata.uid !== (before?.metadata.uid ?? now.metadata.uid)))
    return life(`${fresh.node} has registered anew`);
  if (isReady(now) && !isReady(before)) return life(`${fresh.node} is Ready again`);
  return hasBooted ? life(`${fresh.node} has booted again`) : { kind: "open" };
}

function ownSigns({ lease, heartbeat, containers, ready }: GradedSigns, rebooted: boolean): readonly Sign[] {
  const back: Sign = {
    ...ready.sign,
    grade: "alive",
    detail: "Ready again with another bootID: the host has rebooted",
  };
  return [lease.sign, heartbeat.sign, containers.sign, rebooted ? back : ready.sign];
}

/** The bootID before is that of the first reading, or of the record that an operation has left on the node. */
function hasRebooted(readings: Readings, { lease }: GradedSigns, found: RecordOnLostNode): boolean {
  const node = newestNode(readings);
  const now = node?.status.bootID;
  const recorded = found.kind === "record" ? found.record.bootID : undefined;
  const earlier = [newestNode({ first: readings.first })?.status.bootID, recorded];
  const isLive = lease.sign.grade === "alive" || lease.sign.grade === "unknown";
  return now !== undefined && isReady(node) && isLive && earlier.some((boot) => boot !== undefined && boot !== now);
}

/**
 * When the node was last heard, for what was reported afterwards to be proof: its latest write or, without Lease and heartbeat,
 * the moment from which the control plane missed it. Containers alone do not tell, because they may be quiet for days.
 */
function lastWordOf(readings: Readings, { lease, heartbeat, containers }: GradedSigns): number | undefined {
  if (lease.writtenAt !== undefined || heartbeat.writtenAt !== undefined)
    return Math.max(lease.writtenAt ?? 0, heartbeat.writtenAt ?? 0, containers.writtenAt ?? 0);
  return missedSince(readings);
}

function gradeReport({ source, object, state, since, detail }: PowerReport, lastWord: number | undefined): Sign {
  const when = since === undefined || Number.isNaN(Date.parse(since)) ? undefined : Date.parse(since);
  const said = when === undefined ? detail : `${detail}, since ${clockTime(when)}`;
  const sign = { source, object };
  if (state !== "off" && state !== "fenced") return { ...sign, grade: "unknown", detail: said };
  if (when === undefined) return { ...sign, grade: "unknown", detail: `${said}, but since when is not known` };
  if (lastWord === undefined)
    return { ...sign, grade: "unknown", detail: `${said}, but when the node was last heard is not known` };
  return when >= lastWord
    ? { ...sign, grade: "proof-of-death", detail: said }
    : { ...sign, grade: "unknown", detail: `${said}, but the node was heard after that` };
}

/** Who may hold the node without our knowing. */
function holderSigns({ gaps }: Evidence): readonly Sign[] {
  const kinds = { nodemaintenances: "NodeMaintenance", nodehealthchecks: "NodeHealthCheck" };
  return Object.entries(kinds).flatMap(([resource, source]): Sign[] => {
    const gap = gaps.find((one) => one.resource === resource);
    return gap === undefined ? [] : [{ source, grade: "unknown", detail: gap.reason }];
  });
}

/** What was declared when the recovery on record began. A word on an earlier outage says nothing of this one. */
function asserted(found: RecordOnLostNode, { first, second }: Readings): readonly Sign[] {
  if (found.kind !== "record" && found.kind !== "stale") return [];
  const { time, localTime } = second ?? first;
  return (found.record.assertions ?? []).map(({ by, at, text }): Sign => {
    const said = `${by} declared ${whenSaid(at, time ?? localTime)}: ${text}`;
    return found.kind === "record"
      ? { source: "record", grade: "asserted", detail: said }
      : { source: "record", grade: "unknown", detail: `stale, for the node was made schedulable since: ${said}` };
  });
}

const clocksAgreeWithinMs = 60_000;

/** Ages are taken by the API server's clock. Where several servers stamp and answer, a wrong one makes old what is new. */
function clockDoubt({ first, second }: Readings): readonly Sign[] {
  const { time, localTime } = second ?? first;
  const ahead = Date.parse(time ?? "") - Date.parse(localTime);
  if (!(Math.abs(ahead) > clocksAgreeWithinMs)) return [];
  const far = `${humanDuration(Math.abs(ahead))} ${ahead > 0 ? "ahead of" : "behind"}`;
  const detail = `the API server's is ${far} this machine's: if that one is wrong, these ages may be, too`;
  return [{ source: "clocks", grade: "unknown", detail }];
}

/** With its date, unless it was today. */
function whenSaid(at: string, now: string): string {
  if (Number.isNaN(Date.parse(at))) return `at ${at}`;
  const day = new Date(at).toISOString().slice(0, 10);
  return now.startsWith(day) ? `at ${clockTime(at)}` : `on ${day} at ${clockTime(at)}`;
}

type Verdict = Pick<Liveness, "verdict" | "reason" | "decidableAt">;

interface Findings {
  readonly signs: readonly Sign[];
  readonly rebooted: boolean;
  readonly outageSince: string | undefined;
  /** Somebody who says that the host is on. */
  readonly on: PowerReport | undefined;
}

function verdictOn(readings: Readings, { signs, rebooted, outageSince, on }: Findings): Verdict {
  const { node, time } = readings.second ?? readings.first;
  if (rebooted) {
    const reason = `${node} has rebooted and is Ready again: its VMs ended with the reboot, and its kubelet clears up after them. There is nothing to recover.`;
    return { verdict: "alive", reason };
  }
  if (signs.some(({ grade }) => grade === "alive")) return { verdict: "alive", reason: lifeReason(node, signs) };
  const failure = failedRead(readings);
  if (failure !== undefined) return { verdict: "undecided", reason: `${failure}, so nothing can be told.` };
  const stale = signs.filter(({ grade }) => grade === "stale");
  if (stale.length > 0) return notYet(node, stale);
  const silence = silenceOf(node, outageSince, time);
  const proof = signs.find(({ grade }) => grade === "proof-of-death");
  if (proof !== undefined)
    return { verdict: "proven-dead", reason: `${silence}, and it is off: ${proof.source}: ${proof.detail}.` };
  const contrary = on === undefined ? "" : ` ${on.source} ${on.object?.name ?? ""} even ${on.detail}.`;
  return { verdict: "unproven", reason: `${silence}, but nothing proves that it is off.${contrary}` };
}

/** Which reading must be repeated before anything can be told. Where a Lease may not be read, the other signs decide. */
function failedRead(readings: Readings): string | undefined {
  const { node, object, lease } = readings.second ?? readings.first;
  if (object.kind === "unreadable") return `Node ${node} could not be read (${object.reason})`;
  if (lease.kind === "unreadable" && !lease.forbidden)
    return `The lease of ${node} could not be read (${lease.reason})`;
  return undefined;
}

function lifeReason(node: string, signs: readonly Sign[]): string {
  const alive = signs.filter(({ grade }) => grade === "alive");
  const lease = signs.find(({ source }) => source === "kubelet lease");
  if (lease?.grade === "alive") {
    const late = (lease.ageSeconds ?? 0) > renewedEverySeconds && lease.silentAt !== undefined;
    const perhaps = late
      ? ` If it has only just crashed, that will show at ${clockTime(lease.silentAt ?? "")} UTC.`
      : "";
    return `${node} is alive: its kubelet renewed its lease${ago(lease)}.${perhaps}`;
  }
  const what = alive.map(wordFor).join(", and ");
  // Where the Lease cannot be told, Ready is what is known of the kubelet.
  if (alive.some(({ source }) => source === "Ready condition"))
    return `${node} is alive: ${what}. Its lease ${lease?.detail}.`;
  return `The host of ${node} is alive although its kubelet is not heard: ${what}. Its VMs may run. Switch it off, or repair its kubelet.`;
}

function wordFor(sign: Sign): string {
  if (sign.source === "Ready condition") return "the control plane sees it Ready";
  const who = sign.source === "virt-handler heartbeat" ? "its virt-handler has reported" : "its pods were reported";
  return who + ago(sign);
}

/** A kubelet renews its Lease every 10 s. */
const renewedEverySeconds = 10;

function ago({ ageSeconds }: Sign): string {
  return ageSeconds === undefined ? "" : ` ${humanDuration(ageSeconds * 1000)} ago`;
}

function notYet(node: string, stale: readonly Sign[]): Verdict {
  const sources = stale.map(({ source }) => source).join(", ");
  const ends = stale.flatMap(({ silentAt }) => silentAt ?? []).sort();
  const decidableAt = ends.at(-1);
  const when = decidableAt === undefined ? "" : ` That can be told at ${clockTime(decidableAt)} UTC.`;
  const reason = `${node} has not been silent for long enough: a living host may still write (${sources}).${when}`;
  return { verdict: "undecided", reason, decidableAt };
}

function silenceOf(node: string, outageSince: string | undefined, time: string | undefined): string {
  const ms = Date.parse(time ?? "") - Date.parse(outageSince ?? "");
  return `Nothing has been heard from ${node}${Number.isNaN(ms) ? "" : ` for ${humanDuration(Math.max(0, ms))}`}`;
}
