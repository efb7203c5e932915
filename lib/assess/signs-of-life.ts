/**
 * Grades each sign of life of a node by its age on the API server's clock (docs/rules.md). Neither the node's clock nor ours
 * plays a part: what the node wrote is only compared with what it had written before.
 */

import type { Sign } from "../model/dossier.ts";
import type { ObjectReference } from "../model/finding.ts";
import { type Condition, findCondition, type Node } from "../model/kubernetes.ts";
import type { ContainerWrite, NodeSigns, RecordOnLostNode, Seen, WrittenField } from "../model/lost-node.ts";
import { shutdownTaintKey } from "../platform/names.ts";
import { nodeReference } from "./findings.ts";
import { isOutOfService } from "./out-of-service.ts";

/** A Lease is valid for 40 s and renewed every 10 s (kubelet, NodeLeaseDurationSeconds). */
const leasePeriodMs = 40_000;
/** virt-handler writes every 60 to 132 s (pkg/virt-handler/heartbeat). */
const writtenPeriodMs = 150_000;
/** A kubelet that has missed two renewals is late; what was written up to then may be the host's last breath. */
const lateMs = 20_000;

/** Two readings of a node; the second is the newer one. */
export interface Readings {
  readonly first: NodeSigns;
  readonly second?: NodeSigns | undefined;
}

/** A graded sign, and when the node wrote it as far as that is known (milliseconds). */
export interface Graded {
  readonly sign: Sign;
  readonly writtenAt?: number | undefined;
  /** Its value differs from that of the first reading. */
  readonly changed?: boolean | undefined;
}

export interface GradedSigns {
  readonly lease: Graded;
  readonly heartbeat: Graded;
  readonly containers: Graded;
  readonly ready: Graded;
}

/** The four signs that the node itself gives. */
export function gradeSigns(readings: Readings): GradedSigns {
  const lease = gradeLease(readings);
  const lastHeard = kubeletLastHeard(readings, lease);
  return {
    lease,
    heartbeat: perhapsLastBreath(gradeHeartbeat(readings), lastHeard),
    containers: perhapsLastBreath(gradeContainers(readings), lastHeard),
    ready: gradeReady(readings, lease),
  };
}

/** The newest Node object that was read. */
export function newestNode({ first, second }: Readings): Node | undefined {
  const seen = (second ?? first).object;
  return seen.kind === "seen" ? seen.value : undefined;
}

function gradeLease({ first, second }: Readings): Graded {
  const now = second ?? first;
  const object = { kind: "lease", namespace: "kube-node-lease", name: now.node };
  const source = "kubelet lease";
  if (now.lease.kind !== "seen") return unknown(source, whyNot(now.lease), object);
  // Only a kubelet makes its own Lease.
  const before = first.lease.kind === "absent" ? neverWritten : seenValue(first.lease);
  const graded = gradeField(before, now.lease.value, spanOf(first, second), leasePeriodMs);
  return asSign(graded, { source, object }, "renewed");
}

function gradeHeartbeat({ first, second }: Readings): Graded {
  const now = second ?? first;
  const source = "virt-handler heartbeat";
  const object = nodeReference(now.node);
  if (now.object.kind !== "seen") return unknown(source, whyNot(now.object), object);
  if (now.heartbeat === undefined) return unknown(source, "the node bears none", object);
  const before = first.heartbeat ?? (first.object.kind === "seen" ? neverWritten : undefined);
  const graded = gradeField(before, now.heartbeat, spanOf(first, second), writtenPeriodMs);
  return asSign(graded, { source, object }, "written");
}

/** The youngest report of any pod's containers; those of the second reading, if it asked for them. */
function gradeContainers({ first, second }: Readings): Graded {
  const source = "container status";
  const now = second?.containers === undefined ? first : second;
  if (now.containers === undefined) return unknown(source, "not asked for");
  if (now.containers.kind !== "seen") return unknown(source, whyNot(now.containers));
  const before = now === first ? undefined : seenValue(first.containers);
  const span = now === first ? undefined : spanOf(first, second);
  const graded = now.containers.value.map((write) => {
    const earlier = before && (before.find((other) => samePod(other, write)) ?? neverWritten);
    const { grade, ...rest } = gradeField(earlier, { readAt: now.time, ...write }, span, writtenPeriodMs);
    // Pods report when something changes: without a time, and without a second look, silence means nothing.
    return { ...rest, grade: rest.writtenAt === undefined && grade === "stale" ? "unknown" : grade, write } as const;
  });
  const youngest = graded.reduce<(typeof graded)[number] | undefined>(
    (best, next) => (best === undefined || youth(next) > youth(best) ? next : best),
    undefined,
  );
  if (youngest === undefined) return unknown(source, "no pod there has reported any");
  const { namespace, name } = youngest.write.pod;
  return asSign(youngest, { source, object: { kind: "pod", namespace, name } }, "written");
}

/** A sign of which nothing can be told, and why. */
function unknown(source: string, detail: string, object?: ObjectReference): Graded {
  return { sign: { source, grade: "unknown", detail, object } };
}

/** What an earlier reading missed. */
const neverWritten: WrittenField = { value: "" };

function samePod(left: ContainerWrite, right: ContainerWrite): boolean {
  return left.pod.namespace === right.pod.namespace && left.pod.name === right.pod.name;
}

function youth({ grade, writtenAt }: FieldGrade): number {
  if (grade === "alive") return Number.MAX_SAFE_INTEGER;
  return writtenAt ?? Number.MIN_SAFE_INTEGER;
}

/** The node's Ready condition: what the control plane makes of the Lease. */
function gradeReady(readings: Readings, lease: Graded): Graded {
  const now = readings.second ?? readings.first;
  const source = "Ready condition";
  const object = nodeReference(now.node);
  const node = newestNode(readings);
  if (node === undefined) return unknown(source, whyNot(now.object), object);
  const condition = findCondition(node.status.conditions, "Ready");
  if (condition === undefined) return unknown(source, "the node has none", object);
  const ageSeconds = secondsBetween(condition.lastTransitionTime, now.time);
  const detail = readyDetail(condition);
  if (condition.status !== "True") return { sign: { source, grade: "silent", ageSeconds, detail, object } };
  return { sign: { source, ageSeconds, object, ...gradeTrue(lease, detail) } };
}

/** True is as old as the Lease that it rests on: the control plane corrects it only after its grace period. */
function gradeTrue({ sign, writtenAt }: Graded, detail: string): Pick<Sign, "grade" | "detail" | "silentAt"> {
  const age = sign.ageSeconds ?? 0;
  if (sign.grade === "unknown" || (sign.grade === "alive" && age * 1000 <= lateMs)) return { grade: "alive", detail };
  const end = writtenAt === undefined ? undefined : new Date(writtenAt + writtenPeriodMs).toISOString();
  if (sign.grade === "silent" && age * 1000 > writtenPeriodMs)
    return { grade: "unknown", detail: `${detail}, but only because nobody has corrected it since the lease ran out` };
  if (sign.grade === "silent" && end === undefined)
    return { grade: "unknown", detail: `${detail}, although the lease is not renewed` };
  return { grade: "stale", detail: `${detail}, although the lease is late`, silentAt: end ?? sign.silentAt };
}

function readyDetail({ status, reason, lastTransitionTime: since }: Condition): string {
  const why = reason === undefined || status === "True" ? "" : ` (${reason})`;
  return `${status}${why}${Number.isNaN(Date.parse(since ?? "")) ? "" : ` since ${clockTime(since ?? "")}`}`;
}

/** What the taints of the node say: a cloud that knows, or somebody who says so: perhaps we, if the record has them. */
export function gradeTaints(node: Node | undefined, found: RecordOnLostNode): readonly Sign[] {
  if (node === undefined) return [];
  const object = nodeReference(node.metadata.name);
  return node.spec.taints.flatMap((taint): Sign[] => {
    const { key } = taint;
    if (key === shutdownTaintKey)
      return [{ source: "shutdown taint", grade: "proof-of-death", object, detail: "the cloud reports the host off" }];
    if (!isOutOfService(taint)) return [];
    const ours = found.kind === "record" && found.record.taints.some((recorded) => recorded.startsWith(`${key}=`));
    const whose = ours ? "set by the recovery on record" : "somebody has declared the host off by this taint";
    const detail = `${whose}, which proves nothing`;
    return [{ source: "out-of-service taint", grade: "asserted", object, detail }];
  });
}

interface FieldGrade {
  readonly grade: "alive" | "stale" | "silent" | "unknown";
  readonly writtenAt?: number | undefined;
  readonly ageMs?: number | undefined;
  readonly silentAt?: number | undefined;
  readonly changed: boolean;
}

interface Span {
  /** When the first of two readings was made, by the API server's clock where it tells it. */
  readonly from: number;
  readonly ms: number;
}

/**
 * A value that has changed between two readings is life whatever its stamp. Otherwise its stamp decides; and without one
 * nothing but the time for which it was seen unchanged.
 */
function gradeField(
  before: WrittenField | undefined,
  now: WrittenField,
  span: Span | undefined,
  periodMs: number,
): FieldGrade {
  const changed = before !== undefined && before.value !== now.value;
  const written = Date.parse(now.writtenAt ?? "");
  const read = Date.parse(now.readAt ?? "");
  const stamped = !Number.isNaN(written) && !Number.isNaN(read);
  // Several API servers may differ by a little: what comes from the future is new.
  const ageMs = stamped ? Math.max(0, read - written) : undefined;
  if (changed) {
    // The stamp may be any; between the two readings it was written.
    const latest = Math.max(0, Math.min(ageMs ?? Number.POSITIVE_INFINITY, span?.ms ?? 0));
    const at = stamped ? read - latest : span && span.from + span.ms;
    return { grade: "alive", writtenAt: at, ageMs: latest, silentAt: at && at + periodMs, changed };
  }
  if (ageMs !== undefined) {
    const silentAt = written + periodMs;
    return ageMs <= periodMs
      ? { grade: "alive", writtenAt: written, ageMs, silentAt, changed }
      : { grade: "silent", writtenAt: written, ageMs, changed };
  }
  if (before === undefined) return { grade: "stale", changed };
  if (span !== undefined && span.ms > periodMs) return { grade: "silent", changed };
  return { grade: "stale", silentAt: span && span.from + periodMs, changed };
}

/** Undefined when the clocks make no sense. */
function spanOf(first: NodeSigns, second: NodeSigns | undefined): Span | undefined {
  const last = second ?? first;
  const byServer = first.time !== undefined && last.time !== undefined;
  const [from, to] = byServer
    ? [Date.parse(first.time ?? ""), Date.parse(last.time ?? "")]
    : [Date.parse(first.localTime), Date.parse(last.localTime)];
  return Number.isNaN(to - from) ? undefined : { from, ms: to - from };
}

/**
 * When the kubelet was last heard, once it has fallen silent: its last renewal or, where the Lease cannot be told, the moment
 * that the control plane's grace period of 40 s or more began.
 */
function kubeletLastHeard(readings: Readings, lease: Graded): number | undefined {
  if (lease.sign.grade === "silent") return lease.writtenAt;
  if (lease.sign.grade !== "unknown") return undefined;
  const missed = missedSince(readings);
  return missed && missed - leasePeriodMs;
}

/** Since when the control plane misses the node (milliseconds); undefined where it does not, or does not tell. */
export function missedSince(readings: Readings): number | undefined {
  const ready = findCondition(newestNode(readings)?.status.conditions ?? [], "Ready");
  const turned = ready?.status === "Unknown" ? Date.parse(ready.lastTransitionTime ?? "") : Number.NaN;
  return Number.isNaN(turned) ? undefined : turned;
}

/**
 * A sign that is young, but not younger than the kubelet's last word, tells nothing yet: a host that died then had written it.
 * One that was written later is life, because a dead host writes nothing.
 */
function perhapsLastBreath(graded: Graded, lastHeard: number | undefined): Graded {
  const { sign, writtenAt, changed } = graded;
  if (sign.grade !== "alive" || changed || lastHeard === undefined || writtenAt === undefined) return graded;
  if (writtenAt > lastHeard + lateMs) return graded;
  return { ...graded, sign: { ...sign, grade: "stale" } };
}

function asSign(graded: FieldGrade, at: Pick<Sign, "source" | "object">, verb: string): Graded {
  const { grade, writtenAt, ageMs, silentAt, changed } = graded;
  const detail = changed
    ? `${verb} again since the first look`
    : writtenAt === undefined
      ? `last ${verb} at a time that the server does not tell; unchanged since the first look`
      : `last ${verb} ${clockTime(writtenAt)}`;
  const sign: Sign = {
    ...at,
    grade,
    ageSeconds: ageMs === undefined ? undefined : Math.floor(ageMs / 1000),
    detail,
    silentAt: silentAt === undefined ? undefined : new Date(silentAt).toISOString(),
  };
  return { sign, writtenAt, changed };
}

/** `14:02:11`, in UTC as all times of the API. */
export function clockTime(time: number | string): string {
  return new Date(time).toISOString().slice(11, 19);
}

function secondsBetween(from: string | undefined, to: string | undefined): number | undefined {
  const ms = Date.parse(to ?? "") - Date.parse(from ?? "");
  return Number.isNaN(ms) ? undefined : Math.max(0, Math.floor(ms / 1000));
}

function seenValue<T>(seen: Seen<T> | undefined): T | undefined {
  return seen?.kind === "seen" ? seen.value : undefined;
}

function whyNot(seen: Seen<unknown>): string {
  if (seen.kind === "absent") return "does not exist";
  return seen.kind === "unreadable" ? `could not be read: ${seen.reason}` : "";
}
