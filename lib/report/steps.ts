/** The commands with which to go on, or back, as they stand below a summary. */
import type { Summary } from "../model/progress.ts";
import { padRight, width, wrap } from "./width.ts";

/** On a narrow screen each command has a line of its own: it is there to be copied. */
export function stepLines(nextSteps: Summary["nextSteps"], columns: number | undefined): string[] {
  if (nextSteps.length === 0) return [];
  const column = Math.max(...nextSteps.map((step) => width(step.purpose))) + 3;
  const beside = nextSteps.every((step) => column + width(step.command) <= (columns ?? Number.POSITIVE_INFINITY));
  return [
    "",
    ...nextSteps.flatMap(({ purpose, command }) =>
      beside ? [`${padRight(`${purpose}:`, column)}${command}`] : [...wrap(`${purpose}:`, columns), `  ${command}`],
    ),
  ];
}
