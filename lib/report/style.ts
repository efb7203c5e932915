/** Emphasis as a parameter: layouts say what a word means, the terminal decides whether that is a colour. */

export type Tone = "bad" | "warn" | "good" | "strong" | "faint";

/** Text in a tone. What it means must be legible without it. */
export type Style = (tone: Tone, text: string) => string;

export const plain: Style = (_tone, text) => text;

/** What the terminal says of itself, for every layout: that of the stream to which the lines go. */
export interface Layout {
  /** Its width. Absent in a pipe: lines are as long as they are. */
  readonly columns?: number | undefined;
  readonly style?: Style | undefined;
}

/** Each of the lines in the tone: they are broken before, because a width is that of uncoloured text. */
export function toned(style: Style, tone: Tone, lines: readonly string[]): string[] {
  return lines.map((line) => style(tone, line));
}
