/** What keeps the picture of a running operation from being up to date, said once and in one line each. */
import type { Problem } from "../observe/followed-set.ts";

/**
 * A server that does not answer is one trouble, and so is a credential that it does not accept, however many lists that concerns; a
 * list that it refuses is one each.
 */
export function troubleOf(problems: readonly Problem[], server: string): readonly string[] {
  const refusals = problems.filter((problem) => !problem.unreachable);
  const silent = refusals.length < problems.length;
  return [
    ...(silent ? [`the API server ${server} does not answer; it is asked again until it does`] : []),
    ...new Set(refusals.map(({ resource, message, lockedOut }) => (lockedOut ? message : `${resource}: ${message}`))),
  ];
}

/** Without pods nothing is known any more; a credential that is not accepted for so long will not be. */
const lockedOutAfterMs = 60_000;

/** Why nothing can be learned any more, whatever one waits for; undefined as long as something may. */
export function lockedOut(problems: readonly Problem[], now: Date): string | undefined {
  const lost = problems.find(
    ({ resource, lockedOut, since }) =>
      lockedOut && resource === "pods" && now.getTime() >= Date.parse(since) + lockedOutAfterMs,
  );
  return lost && `the API server does not accept the credential any more (${lost.message})`;
}
