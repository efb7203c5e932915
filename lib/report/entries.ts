/** One subject after another: a word for what happens to it, its name, and beside or below it the reasons and commands. */
import type { Style, Tone } from "./style.ts";
import { padRight, width, wrap } from "./width.ts";

/** One subject with what is said about it. Text may be broken to fit; commands are never. */
export interface Entry {
  readonly word: string;
  readonly tone: Tone | undefined;
  readonly object: string;
  readonly texts: readonly string[];
  readonly commands: readonly string[];
}

const wordColumn = 11;
/** A column of text narrower than this is hard to read: it then goes below the name. */
const readable = 40;
const longestAlignedName = 40;

/** The lines of the entries. Without `columns` lines are as long as they are. */
export function entryLines(
  entries: readonly Entry[],
  { columns, style }: { readonly columns?: number | undefined; readonly style: Style },
): string[] {
  const names = entries.map((entry) => width(entry.object)).filter((length) => length <= longestAlignedName);
  const nameColumn = Math.max(0, ...names) + 3;
  const beside = columns === undefined || columns - wordColumn - nameColumn >= readable;
  const indent = " ".repeat(beside ? wordColumn + nameColumn : 4);
  return entries.flatMap((entry) => {
    const word = padRight(entry.word, wordColumn);
    const start = `${entry.tone === undefined ? word : style(entry.tone, word)}${padRight(entry.object, nameColumn)}`;
    const texts = entry.texts.flatMap((text) => wrap(text, (columns ?? Number.POSITIVE_INFINITY) - indent.length));
    const lines = [...texts, ...entry.commands];
    if (beside && width(entry.object) <= longestAlignedName) {
      const [first = "", ...rest] = lines;
      return [`${start}${first}`.trimEnd(), ...rest.map((line) => indent + line)];
    }
    return [start.trimEnd(), ...lines.map((line) => indent + line)];
  });
}
