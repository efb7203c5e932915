/** `-o`: the form in which a command prints its result, and what that asks of its consent. */
import { UsageError } from "../../lib/model/errors.ts";
import type { Flag } from "../command.ts";

/** A flag `-o, --output` that takes one of `choices`; without it the output is for people. */
export function outputFlag<const C extends readonly string[]>(...choices: C) {
  const listed = choices.length === 1 ? choices[0] : `one of ${choices.join(", ")}`;
  return {
    kind: "choice",
    short: "o",
    choices,
    description: `Output format: ${listed}. A layout for people when not given.`,
  } as const satisfies Flag;
}

interface Asked {
  readonly output: string | undefined;
  readonly yes: boolean;
  readonly dryRun: string;
}

/** Throws UsageError where a program reads what a person would have to answer; `alone` is what a dry run gives it. */
export function refuseUnasked({ output, yes, dryRun }: Asked, alone: string): void {
  if (output === "json" && !yes && dryRun === "none")
    throw new UsageError(`nobody is asked with -o json: pass --yes, or --dry-run for ${alone}`);
}
