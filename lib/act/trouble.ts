/** What keeps the picture of a running operation from being up to date, said once and in one line each. */
import type { Problem } from "../observe/followed-set.ts";

/** A server that does not answer is one trouble, however many lists it concerns; a list that it refuses is one each. */
export function troubleOf(problems: readonly Problem[], server: string): readonly string[] {
  const refusals = problems.filter((problem) => !problem.unreachable);
  const silent = refusals.length < problems.length;
  return [
    ...(silent ? [`the API server ${server} does not answer; it is asked again until it does`] : []),
    ...new Set(refusals.map(({ resource, message }) => `${resource}: ${message}`)),
  ];
}
