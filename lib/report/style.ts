/** Emphasis as a parameter: layouts say what a word means, the terminal decides whether that is a colour. */

export type Tone = "bad" | "warn" | "good" | "strong" | "faint";

/** Text in a tone. What it means must be legible without it. */
export type Style = (tone: Tone, text: string) => string;

export const plain: Style = (_tone, text) => text;
