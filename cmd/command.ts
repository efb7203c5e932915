/** What a command is: data from which parsing and help are made, and from which the types of its options follow. */
import type { World } from "./world.ts";

interface FlagText {
  /** Whole sentences, as they stand in the help. */
  readonly description: string;
  /** One letter. */
  readonly short?: string;
  /** Understood, but not worth a place in the help. */
  readonly hidden?: boolean;
}

/** A flag's key in a definition is its name in camel case: `dryRun` is `--dry-run`. Defaults are written as a user would type them. */
export type Flag = FlagText &
  (
    | { readonly kind: "boolean"; readonly default?: "true" }
    /** `implied` is the value of the flag given without one, which then never takes the next word. */
    | { readonly kind: "string"; readonly default?: string; readonly implied?: string }
    | {
        readonly kind: "choice";
        readonly choices: readonly string[];
        readonly default?: string;
        readonly implied?: string;
      }
    /** May be repeated; with `split`, one occurrence may also hold several, separated by commas. */
    | { readonly kind: "list"; readonly split?: true }
    /** What is a number always has a default, as with pflag: help shows one, and it must be true. */
    | { readonly kind: "integer"; readonly default: string; readonly atLeast?: number }
    | { readonly kind: "number"; readonly default: string; readonly above?: number }
    /** A Go duration; the option's value is in milliseconds. */
    | { readonly kind: "duration"; readonly default: string }
  );

export type Flags = Readonly<Record<string, Flag>>;

export interface CommandDefinition {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** What users of other tools may call it: it is no name of the command, but leads to it (Cobra's `SuggestFor`). */
  readonly suggestFor?: readonly string[];
  /** Paragraphs for the command's own help. */
  readonly description: readonly string[];
  /** Command line without the program's name, and what it does. */
  readonly examples: readonly (readonly [line: string, purpose: string])[];
  /** The words that it takes besides its flags, as the usage line has them: `NODE`, `[NODE...]`. */
  readonly words?: string;
  /** Everything after `--` is handed on as it is; this is its place in the usage line. */
  readonly passesOn?: string;
  readonly flags: Flags;
  /** Flags that users of kubectl may expect here, and why they do not exist. */
  readonly refusedFlags?: Readonly<Record<string, string>>;
}

type Given<F extends Flag> = F extends { kind: "choice"; choices: readonly (infer C)[] }
  ? C
  : F extends { kind: "string" }
    ? string
    : number;

/** The value that a flag's option has. An empty text counts as not given, as with kubectl. */
export type ValueOf<F extends Flag> = F extends { kind: "boolean" }
  ? boolean
  : F extends { kind: "list" }
    ? readonly string[]
    : F extends { default: string }
      ? Given<F>
      : Given<F> | undefined;

export type FlagValues<F extends Flags> = { readonly [Name in keyof F]: ValueOf<F[Name]> };

/** What a command's `run` is given. */
export type OptionsOf<D extends CommandDefinition> = FlagValues<D["flags"]> & {
  /** The words of the command line. */
  readonly words: readonly string[];
  /** What stood after `--`, for commands that pass it on. */
  readonly passedOn: readonly string[];
};

/** Keeps the literal types of a definition, so that the types of its options can be inferred. */
export function defineCommand<const D extends CommandDefinition>(definition: D): D {
  return definition;
}

/** A command as the command line knows it: its definition, and how to get at its code when it is wanted. */
export interface Command {
  readonly definition: CommandDefinition;
  /** Resolves to the exit code of the process. */
  readonly run: (options: Readonly<Record<string, unknown>>, world: World) => Promise<number>;
}

/** Joins a definition with the module that carries it out, which is loaded when the command runs and not before. */
export function command<const D extends CommandDefinition>(
  definition: D,
  load: () => Promise<{ readonly run: (options: OptionsOf<D>, world: World) => Promise<number> }>,
): Command {
  return {
    definition,
    run: async (options, world) => (await load()).run(options as OptionsOf<D>, world),
  };
}

/** `dryRun` is `dry-run`. */
export function flagName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
