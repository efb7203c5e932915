/** Whether the nodes of a drain are still its to drain: somebody else may have deleted, uncordoned or begun to undo them. */
import type { RecordOnNode } from "../model/facts.ts";
import type { Node } from "../model/kubernetes.ts";
import type { SummaryInput } from "./drain-summary.ts";

/** A node as it was assessed, and as it is now. */
export interface DrainedNode {
  readonly name: string;
  readonly assessedUid: string | undefined;
  /** Undefined when no node has this name any more. */
  readonly node: Node | undefined;
  readonly record: RecordOnNode;
}

/** Names of the nodes on which the cordon, and the record, have been seen: a picture may be older than our own write. */
export interface SeenMarks {
  readonly cordoned: readonly string[];
  readonly recorded: readonly string[];
}

/** The marks that are seen now or were before, and why the drain ends, if it does. */
export function takenAway(
  nodes: readonly DrainedNode[],
  before: SeenMarks,
): { readonly seen: SeenMarks; readonly end?: Pick<SummaryInput, "stoppedBy" | "deleted"> } {
  const deleted = nodes.filter(({ node }) => node === undefined).map(({ name }) => name);
  for (const { name, node, assessedUid } of nodes)
    if (node?.metadata.uid !== assessedUid)
      return { seen: before, end: { stoppedBy: `node/${name} was deleted by somebody else`, deleted } };
  const stoppedBy = nodes.map((each) => endedOn(each, before)).find((reason) => reason !== undefined);
  const seenOn = (earlier: readonly string[], isMarked: (each: DrainedNode) => boolean) => [
    ...new Set([...earlier, ...nodes.filter(isMarked).map(({ name }) => name)]),
  ];
  const seen = {
    cordoned: seenOn(before.cordoned, ({ node }) => node?.spec.unschedulable === true),
    recorded: seenOn(before.recorded, ({ record }) => record.kind === "record"),
  };
  return stoppedBy === undefined ? { seen } : { seen, end: { stoppedBy } };
}

/** Why somebody else has ended the drain of this node, as far as cordon and record tell. */
function endedOn({ name, node, record }: DrainedNode, { cordoned, recorded }: SeenMarks): string | undefined {
  if (!node?.spec.unschedulable && cordoned.includes(name)) return `node/${name} was uncordoned by somebody else`;
  if (record.kind !== "record")
    return recorded.includes(name) ? `the record of this drain was taken off node/${name} by somebody else` : undefined;
  return record.record.undone === true ? `an abort of node/${name} undoes this drain` : undefined;
}
