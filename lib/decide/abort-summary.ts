/** What is said at the end of an undo: what is left, what was left to others, and how to go on. */

import { findGap } from "../assess/subjects.ts";
import { type ExitCode, exitCode } from "../model/exit-code.ts";
import type { Facts } from "../model/facts.ts";
import { keyOf } from "../model/kubernetes.ts";
import type { AbortSummary } from "../model/progress.ts";
import type { AbortView } from "./abort.ts";

export interface AbortEnd {
  readonly complete: boolean;
  readonly interruptedBy?: ExitCode | undefined;
  readonly view: AbortView;
  readonly gone?: readonly string[] | undefined;
}

/**
 * VMs, `namespace/name`, that ran on the node at the first look and do not at the latest: a migration that was past its point of no
 * return takes its VM along, and a VM that was being shut down ends. None where VMs could not be read.
 */
export function goneSince(first: Facts, latest: Facts, node: string): readonly string[] {
  if (findGap(latest, "virtualmachineinstances") !== undefined) return [];
  const there = ({ vmis }: Facts) =>
    vmis.filter(({ status }) => status.nodeName === node).map(({ metadata }) => keyOf(metadata));
  const left = new Set(there(latest));
  return there(first).filter((vm) => !left.has(vm));
}

/** The summary of an undo; `again` is the command line that takes it up. */
export function summariseAbort(
  node: string,
  { complete, interruptedBy, view, gone = [] }: AbortEnd,
  again: string,
): AbortSummary {
  return {
    exitCode: interruptedBy ?? (complete ? exitCode.ok : exitCode.incomplete),
    node,
    end: complete ? "complete" : interruptedBy === undefined ? "incomplete" : "interrupted",
    failures: [...view.failures, ...(interruptedBy === undefined ? [] : notReached(view))],
    leftAlone: [...view.leftAlone, ...view.endsByItself],
    gone,
    nextSteps: [...view.nextSteps, ...(complete ? [] : [{ command: again, purpose: "takes it up again" }])],
  };
}

/** What an undo that was interrupted had still before it. */
function notReached({ taints, cancellable, deletable, uncordons }: AbortView): string[] {
  return [
    ...taints.map((taint) => `our taint ${taint} is still there`),
    ...cancellable.map(({ metadata }) => `vmi/${metadata.name} in ${metadata.namespace}: its mark is still there`),
    ...deletable.map(
      ({ metadata }) =>
        `virtualmachineinstancemigration/${metadata.name} in ${metadata.namespace}: it is still under way`,
    ),
    ...(uncordons ? ["the cordon is still there"] : []),
  ];
}
