/** Text measured in columns of a terminal: wide characters count two, colours none. */
// string-width 4 is what cli-table3 measures with: two measures would disagree on some emoji and shift columns.
import stringWidth from "string-width";

const ascii = /^[\x20-\x7e]*$/;

/** How many columns the text takes. */
export function width(text: string): number {
  return ascii.test(text) ? text.length : stringWidth(text);
}

/** Filled up with spaces to so many columns; longer text stays as it is. */
export function padRight(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - width(text)));
}

/** The same from the left. */
export function padLeft(text: string, columns: number): string {
  return " ".repeat(Math.max(0, columns - width(text))) + text;
}

/** At most so many columns of an uncoloured text; what is cut off is an ellipsis. */
export function clip(text: string, columns: number): string {
  if (width(text) <= columns) return text;
  if (columns < 1) return "";
  let kept = "";
  let used = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    used += width(segment);
    if (used > columns - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}

/**
 * A sentence broken as by `wrap`, with further lines indented deeper than the first; without `columns` it stays one line. A command
 * stays whole, with what follows it.
 */
export function wrapSentence(text: string, columns: number | undefined, deeper = 2): string[] {
  if (columns === undefined) return [text];
  const sentence = text.trimStart();
  const indent = " ".repeat(text.length - sentence.length);
  const at = sentence.search(given);
  const words = at < 0 ? sentence.split(" ") : [...sentence.slice(0, at).trimEnd().split(" "), sentence.slice(at)];
  const [first = "", ...rest] = filled(words, columns - indent.length, deeper);
  return [indent + first, ...rest.map((line) => indent + " ".repeat(deeper) + line)];
}

/** Where a sentence gives a command, or at its end flags: whoever copies them must get them in one piece. */
const given = /(?<=^|[:;] )(?:kubectl|oc|virtctl) |(?<=(?:[:;]| with) )--\S+ \S+(?: --\S+ \S+)*$/;

/** Broken at spaces into lines of at most so many columns, if any; a word that is longer than a line stays whole. */
export function wrap(text: string, columns = Number.POSITIVE_INFINITY): string[] {
  return filled(text.split(" "), columns);
}

/** The words in lines, of which further ones leave `hanging` columns to whoever indents them. */
function filled(words: readonly string[], columns: number, hanging = 0): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of words) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && width(longer) > columns - (lines.length === 0 ? 0 : hanging)) {
      lines.push(line);
      line = word;
    } else {
      line = longer;
    }
  }
  return [...lines, line];
}
