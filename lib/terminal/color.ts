/** Decides once whether there is colour, and what a tone looks like then. */
import { styleText } from "node:util";
import { plain, type Style, type Tone } from "../report/style.ts";

/** `--color`. */
export type ColorChoice = "auto" | "always" | "never";

const formats: Readonly<Record<Tone, Parameters<typeof styleText>[0]>> = {
  bad: "red",
  warn: "yellow",
  good: "green",
  strong: "bold",
  faint: "dim",
};

const colourful: Style = (tone, text) => styleText(formats[tone], text, { validateStream: false });

/** The escape sequences of `colourful`, and no others. */
export const ownSequences = /\x1b\[(?:1|2|22|31|32|33|39)m/g;

/**
 * Colour or none, in this order: `--color`, FORCE_COLOR, NO_COLOR, then the stream: a terminal that is not `dumb`, outside CI.
 * An empty variable counts as unset (no-color.org); `FORCE_COLOR=0` and `false` mean none.
 */
export function wantsColor(
  choice: ColorChoice,
  env: Readonly<Record<string, string | undefined>>,
  isTerminal: boolean,
): boolean {
  if (choice !== "auto") return choice === "always";
  if (env.FORCE_COLOR) return env.FORCE_COLOR !== "0" && env.FORCE_COLOR !== "false";
  if (env.NO_COLOR) return false;
  return isTerminal && env.TERM !== "dumb" && !env.CI;
}

/** How text is toned: in colour, or not at all. */
export function styleFor(color: boolean): Style {
  return color ? colourful : plain;
}
