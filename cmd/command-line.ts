/** Writes command lines that reach the same cluster as the one that runs, for a person to copy. */
import { withoutUser } from "../lib/model/address.ts";
import type { CommandDefinition, Flag, FlagValues } from "./command.ts";
import { flagName } from "./command.ts";
import { connectionFlags } from "./flags/connection.ts";

/** Values that must not appear on a screen: whoever copies the line puts them in again. */
const secrets: ReadonlySet<string> = new Set(["token", "password"]);
/** These change what is printed, not what is done. */
const ofTheScreen: ReadonlySet<string> = new Set(["color", "v", "output"]);

/** The command line of a command with these options; flags at their defaults, and those in `without`, are left out. */
export function commandLine(
  program: string,
  { name, flags }: Pick<CommandDefinition, "name" | "flags">,
  given: { readonly words: readonly string[]; readonly options: Readonly<Record<string, unknown>> },
  without: readonly string[] = [],
): string {
  const texts = Object.entries(flags)
    .filter(([key]) => !ofTheScreen.has(key) && !without.includes(key))
    .flatMap(([key, flag]) => flagTexts(key, flag, given.options[key]));
  return [program, name, ...given.words.map(quoted), ...texts].join(" ");
}

/** The command line of another command on this node, with the flags that say which cluster is meant. */
export function commandOn(
  program: string,
  name: string,
  node: string,
  connection: FlagValues<typeof connectionFlags>,
): string {
  return commandLine(program, { name, flags: connectionFlags }, { words: [node], options: connection });
}

/** The flags alone that say which cluster is meant, for commands of kubectl and virtctl, which take the same ones. */
export function connectionTexts(connection: FlagValues<typeof connectionFlags>): string {
  return Object.entries(connectionFlags)
    .filter(([key]) => !ofTheScreen.has(key) && key !== "namespace" && key !== "requestTimeout")
    .flatMap(([key, flag]) => flagTexts(key, flag, (connection as Readonly<Record<string, unknown>>)[key]))
    .join(" ");
}

/** A word as a shell wants it. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function flagTexts(key: string, flag: Flag, value: unknown): string[] {
  const name = `--${flagName(key)}`;
  if (flag.kind === "boolean") {
    const isUsual = value === undefined || value === (flag.default === "true");
    return isUsual ? [] : [value === true ? name : `${name}=false`];
  }
  const values = Array.isArray(value) ? value : [value];
  return values
    .filter((one) => one !== undefined && textOf(flag, one) !== defaultText(flag))
    .map((one) => textOf(flag, one))
    .map((text) => `${name}=${secrets.has(key) ? "…" : quoted(key === "server" ? withoutUser(text) : text)}`);
}

/** Durations are milliseconds by now; Go reads them with that unit, too. */
function textOf(flag: Flag, value: unknown): string {
  return flag.kind === "duration" ? `${Number(value) / 1000}s` : String(value);
}

function defaultText(flag: Flag): string | undefined {
  return flag.kind === "list" ? undefined : flag.default;
}
