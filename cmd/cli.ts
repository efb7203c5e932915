/** From a command line to an exit code: the only place that knows yargs, and the one place where errors become text. */
import type { Argv } from "yargs";
import { exitCodeOf, UsageError } from "../lib/model/errors.ts";
import { exitCode } from "../lib/model/exit-code.ts";
import { closeNames, didYouMean } from "../lib/observe/close-names.ts";
import { errorLines } from "../lib/report/errors.ts";
import { type Command, type CommandDefinition, type Flags, type FlagValues, flagName } from "./command.ts";
import { commandGroups, commands } from "./commands.ts";
import { readFlags } from "./flag-values.ts";
import { connectionFlags } from "./flags/connection.ts";
import { commandHelp, type HelpContext, optionsHelp, programHelp } from "./help.ts";
import { versionLine } from "./program-name.ts";
import { firstWord, lastValue, type Spelled, spell, valuesByName } from "./spelling.ts";
import type { World } from "./world.ts";

const helpFlags: Flags = { help: { kind: "boolean", short: "h", description: "Print help and stop." } };
const versionFlags: Flags = { version: { kind: "boolean", description: "Print the version and stop." } };
/** Without a command: what the menu connects with. */
export const rootFlags: Flags = { ...connectionFlags, ...helpFlags, ...versionFlags };
/** Every flag of every command. A name takes a value everywhere or nowhere, so these tell words from the values of flags. */
export const everyFlag: Flags = Object.assign(
  {},
  ...[...commands.values()].map((each) => each.definition.flags),
  rootFlags,
);

/** What the command takes: its own flags, and the one for its help. */
export function flagsOf({ flags }: CommandDefinition): Flags {
  return { ...flags, ...helpFlags };
}

/** Runs one command line to its end. Whatever goes wrong is printed here and told by the exit code. */
export async function runCli(argv: readonly string[], world: World): Promise<number> {
  const word = firstWord(argv, everyFlag);
  const command = commands.get(word ?? "");
  setColor(argv, world);
  try {
    return command === undefined ? await runProgram(word, argv, world) : await runCommand(command, argv, world);
  } catch (error) {
    return reportError(error, command, argv, world);
  }
}

async function runCommand(command: Command, argv: readonly string[], world: World): Promise<number> {
  const { definition } = command;
  const line = spell(argv, flagsOf(definition), definition.refusedFlags);
  if (isSet(line, "help")) return print(commandHelp(definition, helpContext(world)), world);
  return await command.run(await readOptions(command, line), world);
}

/** The program without a command: its help, its version, or the menu. */
async function runProgram(word: string | undefined, argv: readonly string[], world: World): Promise<number> {
  if (word !== undefined && !pages.has(word)) throw unknownCommand(word, world);
  const line = spell(argv, rootFlags);
  const topic = word === "help" ? line.words[1] : undefined;
  if (topic !== undefined && commands.has(topic)) return await runCli([topic, "--help"], world);
  if (topic !== undefined && !pages.has(topic)) throw unknownCommand(topic, world);
  if (word === "options" || topic === "options") return print(optionsHelp(helpContext(world)), world);
  if (isSet(line, "version")) return print([versionLine(world.version)], world);
  if (word === "help" || isSet(line, "help") || !world.terminal.interactive) {
    return print(programHelp(commandGroups, helpContext(world)), world);
  }
  const { chooseCommand } = await import("./menu.ts");
  const options = readFlags(connectionFlags, valuesByName(line)) as FlagValues<typeof connectionFlags>;
  const chosen = await chooseCommand(options, argv, world);
  return await runCli([...chosen, ...argv], world);
}

/** Words that are no commands but have a help text, and what that is about. */
export const pages: ReadonlyMap<string, string> = new Map([
  ["help", "Help about any command"],
  ["options", "Flags of all commands that use a cluster"],
]);

/** For a word that is no command. */
function unknownCommand(word: string, world: World): UsageError {
  const others = [...commands.values()].filter(({ definition }) => definition.suggestFor?.includes(word.toLowerCase()));
  const meant =
    others.length > 0
      ? others.map(({ definition }) => definition.name)
      : closeNames(word, [...commands.keys(), ...pages.keys()]);
  return new UsageError(`unknown command "${word}" for "${world.program}"`, didYouMean(meant));
}

/** The options of a command: yargs judges its words and collects its flags, whose values are read as the definition says. */
async function readOptions(command: Command, line: Spelled): Promise<Record<string, unknown>> {
  const { flags, passesOn } = command.definition;
  const own = line.flags.filter(({ name }) => !(name in helpFlags));
  const flagTokens = own.map(({ name, value }) => `--${name}=${value}`);
  const judge = await parser(command, line.words.slice(1).join(" "));
  const found = await judge.parseAsync([...line.words.slice(1), ...flagTokens, "--", ...line.rest]);
  const given = new Map(Object.keys(flags).map((key) => [flagName(key), textsOf(found[flagName(key)])]));
  const rest = textsOf(found["--"]);
  const words = [...textsOf(found.words), ...(passesOn === undefined ? rest : [])];
  return { ...readFlags(flags, given), words, passedOn: passesOn === undefined ? [] : rest };
}

/** yargs for one command, as its default command: for any other it would write a help text that nobody reads. */
async function parser({ definition }: Command, words: string): Promise<Argv> {
  // Only now, because help and the version do without it.
  const { default: yargs } = await import("yargs");
  // Its working directory, where it would look for settings: ours may have been removed.
  const judge = yargs([], "/")
    .help(false)
    .version(false)
    .exitProcess(false)
    .detectLocale(false)
    .parserConfiguration({
      "boolean-negation": false,
      "camel-case-expansion": false,
      "dot-notation": false,
      "parse-numbers": false,
      "parse-positional-numbers": false,
      "populate--": true,
      "short-option-groups": false,
    })
    .strict()
    .showHelpOnFail(false)
    // Without a throw here yargs would go on after it has found a fault.
    .fail((_message, error) => {
      throw error ?? wrongWords(definition, words);
    })
    .command({
      command: definition.words === undefined ? "$0" : "$0 [words..]",
      describe: definition.summary,
      builder: (own) => declare(own, definition),
      handler: () => {},
    });
  return judge;
}

/** The flags were judged when they were spelled out, so it is the words that yargs finds fault with. */
function wrongWords({ name, passesOn }: CommandDefinition, words: string): UsageError {
  const meant = passesOn === undefined ? [] : [`${name} -- ${words}`];
  return new UsageError(`${name} takes no arguments: ${words}`, didYouMean(meant));
}

/** Everything is text for yargs: node names such as `007` stay as they are, and a repeated flag is a list. */
function declare(own: Argv, { words, flags }: CommandDefinition): Argv {
  if (words !== undefined) own.positional("words", { type: "string", array: true });
  for (const key of Object.keys(flags)) own.option(flagName(key), { type: "string" });
  return own;
}

function textsOf(found: unknown): string[] {
  if (found === undefined) return [];
  return (Array.isArray(found) ? found : [found]).map(String);
}

/** Whether a flag asks for a text instead of the command. It is read as every other flag: whatever it says, nothing may run by mistake. */
function isSet(line: Spelled, name: "help" | "version"): boolean {
  return readFlags({ ...helpFlags, ...versionFlags }, valuesByName(line))[name] === true;
}

function helpContext(world: World): HelpContext {
  return { program: world.program, columns: world.terminal.layout.columns };
}

function print(lines: readonly string[], world: World): number {
  world.terminal.writeLines(lines);
  return exitCode.ok;
}

function reportError(error: unknown, command: Command | undefined, argv: readonly string[], world: World): number {
  const { terminal } = world;
  terminal.writeError(...errorLines(error, { ...terminal.errorLayout, stack: verbosity(argv) >= 4 }));
  if (error instanceof UsageError) {
    const help = [world.program, command?.definition.name, "-h"].filter(Boolean).join(" ");
    terminal.remark(`See '${help}' for help and examples`);
  }
  return exitCodeOf(error);
}

/** Before anything is printed; a value that is none is refused with the other flags. */
function setColor(argv: readonly string[], world: World): void {
  const choice = connectionFlags.color.choices.find((known) => known === lastValue(argv, everyFlag, "color"));
  if (choice !== undefined) world.terminal.setColor(choice);
}

/** The level of -v, whatever else is wrong with the command line. */
export function verbosity(argv: readonly string[]): number {
  return Number(lastValue(argv, everyFlag, "v") ?? 0);
}
