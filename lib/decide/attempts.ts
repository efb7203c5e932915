/** What was asked of the server for each object, what it said, and whether that is asked again. */
import type { ActionResult } from "../model/action.ts";

interface Attempt {
  readonly result: ActionResult;
  /** Of the latest, milliseconds of the API server's clock. */
  readonly at: number;
  readonly tries: number;
}

/** By the UID of the object. */
export type Attempts = Readonly<Record<string, Attempt>>;

/** How long an operation goes on asking. */
export interface Persistence {
  /** Milliseconds between two tries. */
  readonly retryAfter: number;
  readonly triesUntilGivenUp: number;
  /** Codes of refusals after which it is not tried again. */
  readonly finalCodes: readonly number[];
}

/** The attempts with one more. */
export function noteAttempt(attempts: Attempts, uid: string, result: ActionResult, now: number): Attempts {
  return { ...attempts, [uid]: { result, at: now, tries: (attempts[uid]?.tries ?? 0) + 1 } };
}

/** Whether it is time to ask, for the first time or again. */
export function mayTry(attempt: Attempt | undefined, now: number, persistence: Persistence): boolean {
  return attempt === undefined || (!isGivenUp(attempt, persistence) && now >= attempt.at + persistence.retryAfter);
}

/** Whether it is asked no more, because the server has refused for good, or too often. */
export function isGivenUp(attempt: Attempt | undefined, { finalCodes, triesUntilGivenUp }: Persistence): boolean {
  if (attempt === undefined) return false;
  const { result, tries } = attempt;
  return (result.kind === "refused" && finalCodes.includes(result.code)) || tries >= triesUntilGivenUp;
}

/** What the server, or the way to it, says against it; undefined where it was accepted. */
export function whatWentWrong(attempt: Attempt | undefined): string | undefined {
  const result = attempt?.result;
  return result?.kind === "refused" || result?.kind === "unanswered" ? result.message : undefined;
}
