/** Takes nodes out of service: cordon and record in one write per node, read afresh whenever the node has changed meanwhile. */
import { cordonForDrain, type DrainRecordInput } from "../decide/cordon.ts";
import type { KubeClient } from "../kube/client.ts";
import type { Action, ActionResult } from "../model/action.ts";
import { ExpectedError, RefusedError } from "../model/errors.ts";
import type { RecordOnNode } from "../model/facts.ts";
import type { Node } from "../model/kubernetes.ts";
import { recordAnnotation } from "../model/record.ts";
import { recordOnNode } from "../observe/decode/record.ts";
import { readNode } from "../observe/read-node.ts";
import { resultText } from "./action-words.ts";
import { type PerformOptions, perform } from "./perform.ts";

/** A node's status is written all the time, so a conflict is ordinary; this many in a row are not. */
const triesOnConflict = 8;

export interface CordonOutcome {
  readonly node: string;
  /** It was unschedulable before. */
  readonly already: boolean;
  readonly record: RecordOnNode;
}

/** The answer to the cordon was lost, and what became of it could not be read. */
export class UncertainCordonError extends ExpectedError {
  constructor(message: string) {
    super(message, { hint: "it may be cordoned now" });
  }
}

/**
 * Cordons one node for a drain and writes the record.
 * Throws ExpectedError in kubectl's words when the server refuses, does not answer, or the node is not the one that was assessed.
 */
export async function cordonNode(
  client: KubeClient,
  assessed: { readonly name: string; readonly uid: string },
  input: DrainRecordInput,
): Promise<CordonOutcome> {
  const { node, result } = await changeNode(
    client,
    assessed,
    (current, record) => cordonForDrain(current, record, input),
    { patient: true },
  );
  if (result.kind !== "done") {
    const message = `unable to cordon node "${assessed.name}": ${resultText(result)}`;
    throw isUncertain(result) ? new UncertainCordonError(message) : new ExpectedError(message);
  }
  return { node: assessed.name, already: node.spec.unschedulable, record: recordOnNode(node) };
}

interface AssessedNode {
  readonly name: string;
  readonly uid?: string | undefined;
}

type NodeDecision = (
  node: Node,
  record: RecordOnNode,
) => Extract<Action, { kind: "cordon" | "release-node" }> | undefined;

interface NodeChange {
  readonly node: Node;
  readonly result: ActionResult;
}

/**
 * Reads the node, lets `decide` make the action from what was read, and carries it out; again from the start on a conflict,
 * `tries` times at most, and once where the answer does not tell whether it was done. The node that is returned is the one read
 * before the change. An action of undefined changes nothing and is done. Throws RefusedError where the node carries a record that
 * cannot be understood, which is never written over.
 */
export async function changeNode(
  client: KubeClient,
  assessed: AssessedNode,
  decide: NodeDecision,
  options: PerformOptions & { readonly tries?: number } = {},
): Promise<NodeChange> {
  const triesAtMost = options.tries ?? triesOnConflict;
  for (let tries = 1; ; tries += 1) {
    const change = await changeOnce(client, assessed, decide, options);
    if (tries === triesAtMost) return change;
    if (isUncertain(change.result)) {
      // What became of it shows on the node.
      const again = changeNode(client, assessed, decide, { ...options, tries: Math.min(2, triesAtMost - tries) });
      const settled = await again.catch((error: unknown) => {
        if (!(error instanceof ExpectedError)) throw error;
      });
      return settled === undefined ? change : { ...settled, node: change.node };
    }
    if (change.result.kind !== "refused" || change.result.code !== 409) return change;
  }
}

async function changeOnce(
  client: KubeClient,
  assessed: AssessedNode,
  decide: NodeDecision,
  options: PerformOptions,
): Promise<NodeChange> {
  const node = await readNode(client, assessed.name);
  if (assessed.uid !== undefined && node.metadata.uid !== assessed.uid)
    return { node, result: { kind: "nothing-to-do", detail: "another node has this name now" } };
  const record = recordOnNode(node);
  if (record.kind === "damaged" || record.kind === "newer") throw recordNotUnderstood(node);
  const action = decide(node, record);
  return { node, result: action === undefined ? { kind: "done" } : await perform(client, action, options) };
}

/** The write may have been done all the same. */
function isUncertain(result: ActionResult): boolean {
  return result.kind === "unanswered" || (result.kind === "refused" && result.code >= 500);
}

/** Not even consent covers it: what its writer needs in order to go back would be lost. */
function recordNotUnderstood({ metadata }: Node): RefusedError {
  return new RefusedError(
    `node/${metadata.name} carries a record that cannot be understood`,
    `it is left as it is; when it is settled by hand, take the annotation ${recordAnnotation} off that node`,
  );
}
