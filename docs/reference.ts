/** `npm run docs`: writes docs/reference.md and the tables of README.md from the definitions of the commands, the roles and the exit codes, and its version. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type CommandDefinition, type Flag, type Flags, flagName } from "../cmd/command.ts";
import { commandGroups, commands } from "../cmd/commands.ts";
import { connectionFlags } from "../cmd/flags/connection.ts";
import { takesConnection, usage } from "../cmd/help.ts";
import { exitCode, exitCodeMeanings } from "../lib/model/exit-code.ts";
import { commandsOf, type Role } from "../lib/platform/rights.ts";

export const pages = {
  readme: new URL("../README.md", import.meta.url),
  reference: new URL("reference.md", import.meta.url),
  package: new URL("../package.json", import.meta.url),
} as const;

/** What users set in the environment, and what follows. */
export const variables: Readonly<Record<string, string>> = {
  KUBECONFIG: "The kubeconfig files, joined as kubectl joins them, when `--kubeconfig` is not given.",
  HOME: "Whose `.kube/config` is read when neither is given; on Windows that of `HOMEDRIVE` and `HOMEPATH`, or of `USERPROFILE`, where `HOME` has none.",
  KUBERNETES_MASTER: "The server, when neither a flag nor a kubeconfig names one.",
  HTTPS_PROXY: "The proxy for `https` servers, `HTTP_PROXY` for others; a `proxy-url` in the kubeconfig comes first.",
  NO_PROXY: "Hosts that are reached without a proxy.",
  NO_COLOR: "Set to anything: no colour. `--color` comes first, then `FORCE_COLOR`.",
  FORCE_COLOR: "Set: colour even in a pipe; `0` is none.",
  TERM: "`dumb`: no colour, and no view that redraws.",
  CI: "Set: nobody is asked, and nothing redraws.",
  SSL_CERT_FILE:
    "On Linux, the machine's certificate authorities, for servers whose kubeconfig names none, as for kubectl; `SSL_CERT_DIR` a folder of them.",
  KUBECTL_VMNODE_COMPLETION_TIMEOUT:
    "How long completion may ask the cluster for names, as a duration such as `2s`; `300ms` when not set.",
};

/** What the Node.js inside the executable does with its own variables, before the program starts or behind its back. */
export const variablesOfNode: Readonly<Record<string, string>> = {
  NODE_EXTRA_CA_CERTS:
    "Nothing is trusted for it; but a file that cannot be read leads to a warning, which completion hides but on Windows.",
  NODE_DEBUG_NATIVE: "Adds remarks to standard error, when words are completed, too.",
  NODE_V8_COVERAGE: "A report is written into that folder.",
  NODE_COMPILE_CACHE: "An empty folder is made there.",
  NODE_CHANNEL_FD:
    "Ends the program at once or at its end, when nothing is at that number. Programs of Node's set it for what they fork, from which nobody inherits it.",
  NODE_REPL_EXTERNAL_MODULE: "The program does not start, and says so, when words are completed, too.",
};

/** The text of docs/reference.md. */
export function referencePage(): string {
  const sections = commandGroups.flatMap((group) => group.commands.map((each) => commandSection(each.definition)));
  const parts = [
    "# Reference",
    "Every command and flag, as `kubectl vmnode COMMAND -h` explains them. Made from their definitions by `npm run docs`.",
    commandTable((name) => `#${name}`),
    "Flags may stand before and after the words, in every spelling of kubectl's (`--output json`, `-o=json`, `-ojson`). kubectl itself allows none in front of `vmnode`. Durations are Go's: `90s`, `5m`, `1h30m`.",
    ...sections,
    "## Connection flags",
    "kubectl's own, for every command that uses a cluster.",
    flagTable(connectionFlags),
    "## Exit codes",
    exitCodeTable(),
    "On Windows kubectl replaces the exit code of every plugin by 1; `kubectl-vmnode.exe`, called by itself, gives the code.",
    "## Environment",
    variableTable(variables),
    "Variables for Node.js and OpenSSL, such as `NODE_OPTIONS`, `NODE_PATH`, `NODE_TLS_REJECT_UNAUTHORIZED` and `OPENSSL_CONF`, have no effect, but for what the Node.js inside does by itself:",
    variableTable(variablesOfNode),
    "## For programs",
    "`-o json` and `-o yaml` are described by [schema.json](schema.json): fields may be added within `vmnode/v1`, none changes its meaning. `drain`, `abort`, `uncordon` and `recover` print one event a line with `-o json`, and from their first write on the last one is a summary with the exit code, however they end. The codes of findings stand in [rules.md](rules.md#the-codes-of-findings).",
  ];
  return `${parts.join("\n\n")}\n`;
}

/** The README with its tables, and the version that it installs, unless that is a prerelease, made anew. Throws when the place of one is missing. */
export function renewed(readme: string, version: string): string {
  const installed = /(?<=^ {4}VERSION=v)\S+$/m;
  if (!installed.test(readme)) throw new Error("README.md does not install a VERSION");
  return withTables(version.includes("-") ? readme : readme.replace(installed, version));
}

function withTables(readme: string): string {
  const tables = {
    commands: commandTable((name) => `docs/reference.md#${name}`),
    roles: roleTable(),
    "exit codes": exitCodeTable(),
  };
  return Object.entries(tables).reduce((text, [name, content]) => {
    const section = new RegExp(`(?<=<!-- ${name} -->\n)[\\s\\S]*?(?=<!-- /${name} -->)`);
    if (!section.test(text)) throw new Error(`README.md has no place for the table "${name}"`);
    return text.replace(section, () => `${content}\n`);
  }, readme);
}

function commandSection(definition: CommandDefinition): string {
  const own = takesConnection(definition)
    ? Object.fromEntries(Object.entries(definition.flags).filter(([key]) => !(key in connectionFlags)))
    : definition.flags;
  const refused = Object.values(definition.refusedFlags ?? {});
  const examples = definition.examples.map(([line, purpose]) => `# ${purpose}\nkubectl vmnode ${line}`);
  const parts = [
    `## ${definition.name}`,
    `    kubectl vmnode ${usage(definition)}`,
    ...definition.description.map(escaped),
    `\`\`\`sh\n${examples.join("\n\n")}\n\`\`\``,
    ...(Object.keys(own).length === 0 ? [] : [flagTable(own)]),
    ...refused.map((reason) => `${escaped(reason)}.`),
    ...(takesConnection(definition) ? ["And the [connection flags](#connection-flags)."] : []),
  ];
  return parts.join("\n\n");
}

function commandTable(address: (name: string) => string): string {
  const rows = [...commands.values()].map(({ definition }) => {
    const line = usage(definition).replace(" [options]", "");
    return [`[${code(line)}](${address(definition.name)})`, definition.summary];
  });
  return table(["command", "does"], rows);
}

/** What each role does to the cluster. */
const effects: Readonly<Record<Role, string>> = {
  look: "writes nothing",
  drain: "evicts, cordons, cancels migrations",
  recover: "taints, deletes the pods of dead nodes",
};

function roleTable(): string {
  const rows = (Object.keys(commandsOf) as Role[]).map((role) => [
    `[${role}](docs/rbac/${role}.yaml)`,
    commandsOf[role].map(code).join(", "),
    effects[role],
  ]);
  return table(["role", "for", "also"], rows);
}

function variableTable(variables: Readonly<Record<string, string>>): string {
  return table(
    ["variable", "meaning"],
    Object.entries(variables).map(([name, meaning]) => [code(name), meaning]),
  );
}

function exitCodeTable(): string {
  const codes = Object.entries(exitCode).toSorted(([, a], [, b]) => a - b) as [keyof typeof exitCode, number][];
  return table(
    ["code", "meaning"],
    codes.map(([name, value]) => [String(value), exitCodeMeanings[name]]),
  );
}

function flagTable(flags: Flags): string {
  const visible = Object.entries(flags).filter(([, flag]) => !flag.hidden);
  const rows = visible
    .map(([key, flag]) => [
      flagNames(key, flag),
      taken(flag),
      code(flag.kind === "list" ? "" : flag.default),
      flag.description,
    ])
    .toSorted(([a = ""], [b = ""]) => (longName(a) < longName(b) ? -1 : 1));
  return table(["flag", "takes", "default", "meaning"], rows);
}

function flagNames(key: string, { short }: Flag): string {
  return `${short === undefined ? "" : `${code(`-${short}`)}, `}${code(`--${flagName(key)}`)}`;
}

function longName(cell: string): string {
  return cell.slice(cell.indexOf("--"));
}

function taken(flag: Flag): string {
  switch (flag.kind) {
    case "boolean":
      return "";
    case "choice":
      return flag.choices.map(code).join(", ");
    case "integer":
      return "whole number";
    case "list":
      return flag.split ? "texts, separated by commas" : "text";
    case "string":
      return "text";
    default:
      return flag.kind;
  }
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n").replace(/ {2,}\|/g, " |");
}

/** Nothing for nothing: an empty span of code is no Markdown. */
function code(text: string | undefined): string {
  return text === undefined || text === "" ? "" : `\`${text}\``;
}

function escaped(text: string): string {
  return text.replace(/[<>*_]/g, "\\$&");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(pages.reference, referencePage());
  const { version } = JSON.parse(readFileSync(pages.package, "utf8"));
  writeFileSync(pages.readme, renewed(readFileSync(pages.readme, "utf8"), version));
}
