/**
 * Rewrites the spellings of flags that users know from kubectl (pflag's grammar) as `--name=value`, the one form that yargs
 * reads without doubt. yargs alone would take the word after a bare `--dry-run` as its value, would not know `-owide`, and would
 * read `--reason "- broken"` as two flags.
 */

import { UsageError } from "../lib/model/errors.ts";
import { closeNames, didYouMean } from "../lib/observe/close-names.ts";
import { type Flag, type Flags, flagName } from "./command.ts";

type Token =
  | { readonly kind: "word"; readonly text: string }
  | { readonly kind: "flag"; readonly name: string; readonly value: string }
  | {
      readonly kind: "fault";
      readonly flag: string;
      readonly message: string;
      readonly hint?: string | undefined;
      /** The line ends where the flag's value should be. */
      readonly lacksValue?: true;
    }
  | { readonly kind: "rest"; readonly words: readonly string[] };

/** A command line in its plain form. */
export interface Spelled {
  /** What was given for each flag, by the flag's name. */
  readonly flags: readonly { readonly name: string; readonly value: string }[];
  readonly words: readonly string[];
  /** What follows `--`. */
  readonly rest: readonly string[];
}

/** What was given for each flag, in order. */
export function valuesByName({ flags }: Pick<Spelled, "flags">): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, string[]>();
  for (const { name, value } of flags) values.set(name, [...(values.get(name) ?? []), value]);
  return values;
}

/** The first word of the command line that is neither a flag nor the value of one of `flags`. */
export function firstWord(argv: readonly string[], flags: Flags): string | undefined {
  for (const token of tokens(argv, flags)) if (token.kind === "word") return token.text;
  return undefined;
}

/** The value that counts of the flag called `name`; faults of the command line are passed over. */
export function lastValue(argv: readonly string[], flags: Flags, name: string): string | undefined {
  let last: string | undefined;
  for (const token of tokens(argv, flags)) if (token.kind === "flag" && token.name === name) last = token.value;
  return last;
}

/** A command line that is still being typed. */
export interface UnfinishedLine extends Pick<Spelled, "flags" | "words"> {
  /** `--` stands in it, after which there are only words. */
  readonly ended: boolean;
  /** The flag whose value comes next. */
  readonly awaiting: string | undefined;
}

/** Takes apart what stands before the word that is being typed; faults of it are passed over. */
export function spellUnfinished(argv: readonly string[], flags: Flags): UnfinishedLine {
  const found = [...tokens(argv, flags)];
  const [last] = found.slice(-1);
  return {
    flags: found.filter((token) => token.kind === "flag"),
    words: found.flatMap((token) => (token.kind === "word" ? token.text : token.kind === "rest" ? token.words : [])),
    ended: last?.kind === "rest",
    awaiting: last?.kind === "fault" && last.lacksValue ? last.flag : undefined,
  };
}

/**
 * Takes the command line apart. Throws UsageError for a flag that is none of `flags`, or one that lacks its value, in pflag's
 * words; for a flag in `refused` with the reason that stands there.
 */
export function spell(argv: readonly string[], flags: Flags, refused: Readonly<Record<string, string>> = {}): Spelled {
  const given: { name: string; value: string }[] = [];
  const words: string[] = [];
  let rest: readonly string[] = [];
  for (const token of tokens(argv, flags)) {
    if (token.kind === "flag") given.push(token);
    else if (token.kind === "word") words.push(token.text);
    else if (token.kind === "rest") rest = token.words;
    else throw new UsageError(token.message, Object.hasOwn(refused, token.flag) ? refused[token.flag] : token.hint);
  }
  return { flags: given, words, rest };
}

function* tokens(argv: readonly string[], flags: Flags): Generator<Token> {
  const byName = new Map(Object.entries(flags).map(([key, flag]) => [flagName(key), flag]));
  const byShort = new Map([...byName].flatMap(([name, flag]) => (flag.short ? [[flag.short, name] as const] : [])));
  const left = [...argv];
  for (let text = left.shift(); text !== undefined; text = left.shift()) {
    if (text === "--") {
      yield { kind: "rest", words: left };
      return;
    }
    if (text.startsWith("--")) yield longFlag(text, byName, left);
    else if (text.startsWith("-") && text !== "-") yield* shortFlags(text, byName, byShort, left);
    else yield { kind: "word", text };
  }
}

function longFlag(text: string, flags: ReadonlyMap<string, Flag>, left: string[]): Token {
  const equals = text.indexOf("=");
  const name = text.slice(2, equals < 0 ? undefined : equals);
  const flag = flags.get(name);
  if (flag === undefined) return unknownFlag(name, flags);
  const value = equals < 0 ? (impliedValue(flag) ?? left.shift()) : text.slice(equals + 1);
  if (value === undefined) return lacksValue(name, `--${name}`);
  return { kind: "flag", name, value };
}

/** `-y`, `-o json`, `-ojson`, `-o=json`, and several letters together as long as only the last one takes a value. */
function* shortFlags(
  text: string,
  flags: ReadonlyMap<string, Flag>,
  names: ReadonlyMap<string, string>,
  left: string[],
): Generator<Token> {
  for (let letters = text.slice(1); letters !== ""; letters = letters.slice(1)) {
    const letter = letters.charAt(0);
    const name = names.get(letter);
    const flag = flags.get(name ?? "");
    if (name === undefined || flag === undefined) {
      yield { kind: "fault", flag: letter, message: `unknown shorthand flag: '${letter}' in ${text}` };
      return;
    }
    const attached = letters.slice(1);
    const implied = impliedValue(flag);
    if (implied !== undefined && !attached.startsWith("=")) {
      yield { kind: "flag", name, value: implied };
      continue;
    }
    const value = attached === "" ? left.shift() : attached.replace(/^=/, "");
    if (value === undefined) yield lacksValue(name, `'${letter}' in ${text}`);
    else yield { kind: "flag", name, value };
    return;
  }
}

/** What a flag means when no value is attached to it; undefined when it takes the next word. */
function impliedValue(flag: Flag): string | undefined {
  if (flag.kind === "boolean") return "true";
  return flag.kind === "string" || flag.kind === "choice" ? flag.implied : undefined;
}

function lacksValue(flag: string, spelling: string): Token {
  return { kind: "fault", flag, message: `flag needs an argument: ${spelling}`, lacksValue: true };
}

function unknownFlag(name: string, flags: ReadonlyMap<string, Flag>): Token {
  const visible = [...flags].filter(([, flag]) => !flag.hidden).map(([known]) => known);
  const close = closeNames(name, visible).map((known) => `--${known}`);
  return { kind: "fault", flag: name, message: `unknown flag: --${name}`, hint: didYouMean(close) };
}
