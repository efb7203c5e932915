/** What is said at the end of an undo: what is left, what was left to others, and how to go on. */
import { type ExitCode, exitCode } from "../model/exit-code.ts";
import type { AbortSummary } from "../model/progress.ts";
import type { AbortView } from "./abort.ts";

export interface AbortEnd {
  readonly complete: boolean;
  readonly interruptedBy?: ExitCode | undefined;
  readonly view: AbortView;
}

/** The summary of an undo; `again` is the command line that takes it up. */
export function summariseAbort(node: string, { complete, interruptedBy, view }: AbortEnd, again: string): AbortSummary {
  return {
    exitCode: interruptedBy ?? (complete ? exitCode.ok : exitCode.incomplete),
    node,
    end: complete ? "complete" : interruptedBy === undefined ? "incomplete" : "interrupted",
    failures: [...view.failures, ...(interruptedBy === undefined ? [] : notReached(view))],
    leftAlone: [...view.leftAlone, ...view.endsByItself],
    nextSteps: complete ? [] : [{ command: again, purpose: "takes it up again" }],
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
