/** Decides how a node is taken out of service and given back: the cordon, our taints, and the record of the operation. */
import type { Action } from "../model/action.ts";
import type { RecordOnNode } from "../model/facts.ts";
import { keyOf, type Node, type Taint, taintText } from "../model/kubernetes.ts";
import type { Assertion, OperationRecord, RecordedVm } from "../model/record.ts";

export interface DrainRecordInput {
  readonly by: string;
  readonly reason?: string | undefined;
  /** RFC 3339, API server's clock. */
  readonly since: string;
  readonly vms: readonly RecordedVm[];
}

/**
 * The cordon of a drain, with its record. A record of a drain on a node that is still cordoned is taken up: who cordoned the
 * node, and since when, stays as it was. A record on a schedulable node is stale and is replaced.
 */
export function cordonForDrain(node: Node, found: RecordOnNode, input: DrainRecordInput): CordonAction {
  return cordonWith(node, recordOver(node, found, { ...input, kind: "drain" }), []);
}

export interface LostRecordInput extends DrainRecordInput {
  /** What a person declared about the host's power state. */
  readonly assertion?: string | undefined;
  /** Set with the cordon, unless somebody else has set it already. */
  readonly taint?: Taint | undefined;
}

/** Declares a node lost: cordon, record and taint in one write. The bootID tells later whether the host was ever off. */
export function declareLost(node: Node, found: RecordOnNode, { taint, ...input }: LostRecordInput): CordonAction {
  // What acts on the taint looks at its key alone (kubernetes pkg/controller/podgc, attachdetach), and a second one is refused.
  const present = taint !== undefined && node.spec.taints.some(({ key }) => key === taint.key);
  return cordonWith(
    node,
    recordOver(node, found, { ...input, kind: "recover" }),
    taint === undefined || present ? [] : [taint],
  );
}

type CordonAction = Extract<Action, { kind: "cordon" }>;
type ReleaseAction = Extract<Action, { kind: "release-node" }>;

function cordonWith(node: Node, record: OperationRecord, taints: readonly Taint[]): CordonAction {
  return {
    kind: "cordon",
    node: node.metadata.name,
    uid: node.metadata.uid,
    resourceVersion: node.metadata.resourceVersion,
    record: { ...record, taints: [...record.taints, ...taints.map(taintText)] },
    ...(taints.length === 0 ? {} : { taints: [...node.spec.taints, ...taints] }),
  };
}

/**
 * The record of an operation on a node that may carry one of an earlier operation. As long as the node is cordoned, what that
 * one recorded of its own cordon and taints is kept, so that nothing is lost that is needed in order to go back; and a
 * recovery stays one until the node is given back, because its bootID and assertion are asked for then.
 */
function recordOver(
  node: Node,
  found: RecordOnNode,
  input: LostRecordInput & Pick<OperationRecord, "kind">,
): OperationRecord {
  const earlier = found.kind === "record" && node.spec.unschedulable ? found.record : undefined;
  const kind = earlier?.kind === "recover" ? "recover" : input.kind;
  const same = earlier?.kind === kind ? earlier : undefined;
  return {
    v: 1,
    kind,
    by: same?.by ?? input.by,
    // Nobody's reason is told as another one's.
    reason: same !== undefined && same.by !== input.by ? same.reason : (input.reason ?? earlier?.reason),
    since: same?.since ?? input.since,
    cordonedByUs: earlier?.cordonedByUs ?? !node.spec.unschedulable,
    taints: ourTaints(node, found),
    bootID: (kind === "recover" ? same?.bootID : undefined) ?? node.status.bootID,
    assertions: assertionsOf(earlier, input),
    // What a drain has moved away before the crash is not lost, and whatever is will be named with what is known of it.
    vms: mergeVms(same?.vms ?? [], input.vms),
  };
}

/** A word that is given again when the work is taken up stays the first. */
function assertionsOf(
  earlier: OperationRecord | undefined,
  { by, since, assertion }: LostRecordInput,
): readonly Assertion[] | undefined {
  const known = earlier?.assertions ?? [];
  if (assertion === undefined || known.some((one) => one.by === by && one.text === assertion))
    return known.length === 0 ? undefined : known;
  return [...known, { by, at: since, text: assertion }];
}

/** A VM that has been started again since, under its name, is the one that is on record. */
function mergeVms(earlier: readonly RecordedVm[], now: readonly RecordedVm[]): readonly RecordedVm[] {
  const known = new Set(earlier.map(keyOf));
  return [...earlier, ...now.filter((vm) => !known.has(keyOf(vm)))];
}

/** Our taints that are on the node now. */
export function ourTaints(node: Node, found: RecordOnNode): readonly string[] {
  if (found.kind !== "record") return [];
  const present = new Set(node.spec.taints.map(taintText));
  return found.record.taints.filter((taint) => present.has(taint));
}

/**
 * The next step of giving a node back: our taints first, then the cordon together with the record.
 * Undefined when nothing is left to do. `uncordon` false leaves the cordon to whoever set it.
 */
export function releaseNode(
  node: Node,
  found: RecordOnNode,
  options: { readonly uncordon: boolean; readonly keepRecord?: boolean },
): ReleaseAction | undefined {
  const taints = ourTaints(node, found);
  if (taints.length > 0) {
    // Should somebody else set the same taint later, a record that stays must not call it ours.
    const stays = options.keepRecord === true && found.kind === "record";
    const rewritten = stays ? { rewritten: { ...found.record, taints: [] } } : {};
    return { ...releaseOf(node, taints), ...rewritten };
  }
  const uncordon = options.uncordon && node.spec.unschedulable;
  const record = found.kind === "record" && options.keepRecord !== true;
  if (!uncordon && !record) return undefined;
  // Nor must it call a cordon ours that somebody else sets later.
  const stays = found.kind === "record" && !record;
  const rewritten = stays ? { rewritten: { ...found.record, cordonedByUs: false } } : {};
  return { ...releaseOf(node, []), uncordon, record, ...rewritten };
}

/**
 * The first step of an undo: our taints come off, and the record says that a drain which still runs somewhere must stop. Undefined
 * when both are done, or there is no record.
 */
export function beginUndo(node: Node, found: RecordOnNode): ReleaseAction | undefined {
  if (found.kind !== "record") return undefined;
  const taints = ourTaints(node, found);
  if (taints.length === 0 && found.record.undone === true) return undefined;
  return { ...releaseOf(node, taints), rewritten: { ...found.record, taints: [], undone: true } };
}

/** Takes these taints off the node as it was read, and leaves cordon and record. */
function releaseOf({ metadata, spec }: Node, taints: readonly string[]): ReleaseAction {
  return {
    kind: "release-node",
    node: metadata.name,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    taints,
    remainingTaints: spec.taints.filter((taint) => !taints.includes(taintText(taint))),
    uncordon: false,
    record: false,
  };
}
