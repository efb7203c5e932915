/** `-o`: the form in which a command prints its result. */
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
