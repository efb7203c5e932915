/** Help texts in kubectl's layout, made from the definitions of the commands. Pure: definitions in, lines out. */
import { projectAddress } from "../lib/model/project.ts";
import { wrap, wrapSentence } from "../lib/report/width.ts";
import { type CommandDefinition, type Flag, type Flags, flagName } from "./command.ts";
import type { CommandGroup } from "./commands.ts";
import { connectionFlags } from "./flags/connection.ts";

export interface HelpContext {
  /** `kubectl vmnode` or `oc vmnode`. */
  readonly program: string;
  /** Width of the terminal; nothing is wrapped without one. */
  readonly columns?: number | undefined;
}

/** What `kubectl vmnode -h` prints. */
export function programHelp(groups: readonly CommandGroup[], context: HelpContext): string[] {
  const width = Math.max(...groups.flatMap((group) => group.commands.map((each) => each.definition.name.length)));
  const { program, columns } = context;
  return [
    ...paragraph("Check and drain the nodes that run KubeVirt virtual machines.", context),
    "",
    ...paragraph(" Without a command it shows the nodes, on a terminal, and asks what to do.", context),
    "",
    ` Find more information at: ${projectAddress}`,
    "",
    ...groups.flatMap((group) => [
      `${group.title}:`,
      ...group.commands.flatMap(({ definition: { name, summary } }) =>
        wrapSentence(`  ${name.padEnd(width)}   ${summary}`, columns, width + 3),
      ),
      "",
    ]),
    "Usage:",
    `  ${program} [command] [options]`,
    "",
    ...paragraph(`Use "${program} <command> --help" for more information about a given command.`, context),
    ...optionsPointer(context),
  ];
}

/** What `kubectl vmnode COMMAND -h` prints. */
export function commandHelp(definition: CommandDefinition, context: HelpContext): string[] {
  const { program } = context;
  const connects = takesConnection(definition);
  const own = Object.entries(definition.flags).filter(
    ([key, flag]) => !(connects && key in connectionFlags) && !flag.hidden,
  );
  return [
    ...definition.description.flatMap((text, index) => [...paragraph((index === 0 ? "" : " ") + text, context), ""]),
    "Examples:",
    ...definition.examples.flatMap(([line, purpose], index) => [
      ...(index === 0 ? [] : [""]),
      `  # ${purpose}`,
      `  ${program} ${line}`,
    ]),
    "",
    ...(own.length === 0 ? [] : ["Options:", ...flagList(Object.fromEntries(own), context), ""]),
    "Usage:",
    `  ${program} ${usage(definition)}`,
    ...(connects ? ["", ...optionsPointer(context)] : []),
  ];
}

/** What `kubectl vmnode options` prints: the flags that have the same meaning everywhere. */
export function optionsHelp(context: HelpContext): string[] {
  return [
    ...paragraph("The following options can be passed to any command that uses a cluster:", context),
    "",
    ...flagList(connectionFlags, context),
  ];
}

/** The command with what it takes: `drain NODE... [options]`. */
export function usage(definition: CommandDefinition): string {
  const parts = [definition.name, definition.words, "[options]", definition.passesOn && `[${definition.passesOn}]`];
  return parts.filter(Boolean).join(" ");
}

/** Whether it uses a cluster, so that the connection flags are explained elsewhere, for all such commands. */
export function takesConnection({ flags }: CommandDefinition): boolean {
  return "kubeconfig" in flags;
}

function optionsPointer(context: HelpContext): string[] {
  const pointer = `Use "${context.program} options" for a list of global command-line options (applies to all commands that use a cluster).`;
  return paragraph(pointer, context);
}

/** Flags in kubectl's manner: the flag with its default, and below it what it does; in alphabetical order. */
function flagList(flags: Flags, context: HelpContext): string[] {
  const visible = Object.entries(flags).filter(([, flag]) => !flag.hidden);
  const sorted = visible.map(([key, flag]) => ({ name: flagName(key), flag }));
  sorted.sort((a, b) => (a.name < b.name ? -1 : 1));
  return sorted.flatMap(({ name, flag }, index) => [
    ...(index === 0 ? [] : [""]),
    `    ${flag.short ? `-${flag.short}, ` : ""}--${name}=${shownDefault(flag)}:`,
    ...paragraph(`        ${flag.description}`, context),
  ]);
}

/** As pflag prints a flag's default: texts in quotes, numbers and durations without. */
function shownDefault(flag: Flag): string {
  switch (flag.kind) {
    case "list":
      return "[]";
    case "boolean":
      return flag.default ?? "false";
    case "integer":
    case "number":
    case "duration":
      return flag.default;
    default:
      return `'${flag.default ?? ""}'`;
  }
}

function paragraph(text: string, { columns = Number.POSITIVE_INFINITY }: HelpContext): string[] {
  const indent = " ".repeat(text.search(/\S/));
  return wrap(text.trimStart(), columns - indent.length).map((line) => indent + line);
}
