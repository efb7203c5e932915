/** Writes to a node that may not be given up lightly: what an answer means for the next try, and taints that must come off. */
import { releaseNode } from "../decide/cordon.ts";
import type { ActionResult } from "../model/action.ts";
import { KubeError, UnreachableError } from "../model/errors.ts";
import type { OperationRecord } from "../model/record.ts";
import { changeNode } from "./cordon-nodes.ts";
import type { ActWorld } from "./world.ts";

/** What came of a change, the reading that precedes it included. Throws what is neither the server's answer nor its silence. */
export async function answerOf(change: Promise<{ readonly result: ActionResult }>): Promise<ActionResult> {
  try {
    return (await change).result;
  } catch (error) {
    if (error instanceof UnreachableError) return { kind: "unanswered", message: error.message };
    if (error instanceof KubeError) return { kind: "refused", ...error.status };
    throw error;
  }
}

/** True where another try may fare better: a conflict, or a server in trouble. */
export function isPassing(result: ActionResult): boolean {
  if (result.kind === "refused") return result.code === 409 || result.code === 429 || result.code >= 500;
  return result.kind === "unanswered";
}

const againAfterMs = 1_000;
const triesAtMost = 60;

/**
 * Takes our taints off a node that shows life, and leaves cordon and record. A node that comes back is written to by many, and
 * whatever cut it off may cut us off, too: it is tried for a minute, or until the signal is aborted.
 */
export async function takeOurTaintsOff(
  { client, clock, signal }: ActWorld,
  node: string,
  ours: OperationRecord,
): Promise<ActionResult> {
  for (let tries = 1; ; tries += 1) {
    let isTainted = true;
    const change = changeNode(client, { name: node }, (current, found) => {
      // Without the record that somebody has taken off, they are ours still.
      const known = found.kind === "none" ? ({ kind: "record", record: ours } as const) : found;
      const release = releaseNode(current, known, { uncordon: false, keepRecord: true });
      isTainted = release !== undefined;
      return release;
    });
    const result = await answerOf(change);
    if (!isTainted) return { kind: "nothing-to-do", detail: "it bears none of ours" };
    if (!isPassing(result) || tries === triesAtMost || signal.aborted) return result;
    await clock.sleep(againAfterMs, signal).catch(() => undefined);
  }
}
