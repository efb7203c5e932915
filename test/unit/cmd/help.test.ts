/** The help in kubectl's layout, and that it speaks of what exists. */
import { describe, expect, test } from "vitest";
import { defineCommand } from "../../../cmd/command.ts";
import { commandGroups, commands } from "../../../cmd/commands.ts";
import { readFlags } from "../../../cmd/flag-values.ts";
import { connectionFlags } from "../../../cmd/flags/connection.ts";
import { commandHelp, optionsHelp, programHelp } from "../../../cmd/help.ts";
import { run } from "./fake-world.ts";

const example = defineCommand({
  name: "polish",
  summary: "Polish nodes",
  description: ["Polish nodes until they shine.", "A second paragraph."],
  examples: [
    ["polish worker-1", "Polish one node"],
    ["polish -l shiny!=true", "Polish those that need it"],
  ],
  words: "NODE...",
  flags: {
    wax: { kind: "choice", choices: ["none", "hard"], default: "none", description: "Kind of wax." },
    timeout: { kind: "duration", default: "0s", description: "How long to polish." },
    rounds: { kind: "integer", short: "r", default: "0", description: "How often." },
    only: { kind: "list", description: "What to polish." },
    wait: {
      kind: "boolean",
      default: "true",
      description: "Wait until it is dry, which may take as long as drying takes.",
    },
    secret: { kind: "string", hidden: true, description: "Nobody's business." },
    ...connectionFlags,
  },
});

test("a command's help has kubectl's parts in kubectl's order", () => {
  expect(commandHelp(example, { program: "kubectl vmnode", columns: 50 }).join("\n")).toMatchInlineSnapshot(`
    "Polish nodes until they shine.

     A second paragraph.

    Examples:
      # Polish one node
      kubectl vmnode polish worker-1

      # Polish those that need it
      kubectl vmnode polish -l shiny!=true

    Options:
        --only=[]:
            What to polish.

        -r, --rounds=0:
            How often.

        --timeout=0s:
            How long to polish.

        --wait=true:
            Wait until it is dry, which may take as
            long as drying takes.

        --wax='none':
            Kind of wax.

    Usage:
      kubectl vmnode polish NODE... [options]

    Use "kubectl vmnode options" for a list of global
    command-line options (applies to all commands that
    use a cluster)."
  `);
});

test("a command that uses no cluster explains all its flags, and points to no others", () => {
  const { color, v } = connectionFlags;
  const lines = commandHelp({ ...example, flags: { color, v } }, { program: "kubectl vmnode" });
  expect(lines).toEqual(expect.arrayContaining(["    --color='auto':", "    -v, --v=0:"]));
  expect(lines.at(-1)).toBe("  kubectl vmnode polish NODE... [options]");
});

describe("a default that help shows is one that can be given, and changes nothing", () => {
  test.each([...commands.values()].map(({ definition }) => [definition.name, definition] as const))(
    "%s",
    (_, command) => {
      const { flags } = command;
      const context = { program: "kubectl vmnode" };
      const shown = [...commandHelp(command, context), ...optionsHelp(context)]
        .map((line) => /^ {4}(?:-\w, )?--([a-z-]+)='?(.*?)'?:$/.exec(line) ?? [])
        .filter(([, name, text]) => name !== undefined && text !== "[]");
      expect(shown.length).toBeGreaterThan(1);
      for (const [, name = "", text = ""] of shown) {
        expect(readFlags(flags, new Map([[name, [text]]]))).toEqual(readFlags(flags, new Map()));
      }
    },
  );
});

test("nothing is wrapped without a terminal", () => {
  expect(commandHelp(example, { program: "kubectl vmnode" })).toContain(
    "        Wait until it is dry, which may take as long as drying takes.",
  );
});

test("the program's help lists every command once", () => {
  const lines = programHelp(commandGroups, { program: "kubectl vmnode", columns: 80 });
  for (const { definition } of commands.values()) {
    expect(lines.filter((line) => line.startsWith(`  ${definition.name} `))).toHaveLength(1);
  }
});

test("the summary of a command goes on below itself", () => {
  const lines = programHelp(commandGroups, { program: "kubectl vmnode", columns: 40 });
  const first = lines.findIndex((line) => line.startsWith("  list "));
  expect(lines.slice(first, first + 3)).toEqual([
    "  list         Show nodes with their VM",
    "               counts, or the VMs of",
    "               nodes",
  ]);
});

test.each([40, 80])("help fits into %d columns, lines to copy and the names of flags aside", (columns) => {
  const context = { program: "kubectl vmnode", columns };
  const lines = [
    ...programHelp(commandGroups, context),
    ...optionsHelp(context),
    ...[...commands.values()].flatMap(({ definition }) => commandHelp(definition, context)),
  ];
  expect(lines.filter((line) => line.length > columns && !/^ {2}(kubectl|#) |^ {4}-\S+:$|https:/.test(line))).toEqual(
    [],
  );
});

test("no other name leads to two commands, or is a command itself", () => {
  const others = [...commands.values()].flatMap(({ definition }) => definition.suggestFor ?? []);
  expect(new Set(others).size).toBe(others.length);
  expect(others.filter((name) => commands.has(name))).toEqual([]);
});

test("nothing is promised that does not exist", () => {
  const context = { program: "kubectl vmnode" };
  const text = [
    ...programHelp(commandGroups, context),
    ...[...commands.values()].flatMap(({ definition }) => commandHelp(definition, context)),
  ].join("\n");
  const named = [...text.matchAll(/kubectl vmnode ([a-z]+)/g)].map(([, name = ""]) => name);
  expect(named.filter((name) => name !== "options" && !commands.has(name))).toEqual([]);
  for (const absent of ["recover", "status", "doctor", "completion"]) {
    if (!commands.has(absent)) expect(text).not.toMatch(new RegExp(`\\b${absent}\\b`));
  }
});

describe("examples are lines that the program understands", () => {
  const lines = [...commands.values()].flatMap(({ definition }) => definition.examples.map(([line]) => line));
  test.each(lines.filter((line) => !/^(practice|completion) ?/.test(line)))("%s", async (line) => {
    // Understood means that it goes as far as the cluster, which is not there.
    const { code, stderr } = await run(line);
    const looked = line.startsWith("doctor")
      ? code === 1 && stderr === ""
      : stderr === "error: this test has no cluster";
    expect(code === 0 || looked, stderr).toBe(true);
  });
});

describe("the flag for help is read as every other one, so that no command runs by mistake", () => {
  test.each(["-h", "--help", "--help=1", "--help=T", "--help=TRUE", "-h=true", "-yh"])(
    "drain %s prints help",
    async (flag) => {
      const { code, stdout } = await run(`drain worker-1 ${flag}`);
      expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining("Usage:") });
    },
  );

  test.each(["drain worker-1 --yes --help=x", "list --help=no", "version -h=2", "--help=x", "--version=x"])(
    "%s is refused",
    async (line) => {
      const { code, stderr } = await run(line);
      expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining("must be true or false") });
    },
  );

  test("help that is not wanted is none, and the last word counts", async () => {
    expect((await run("list --help=false")).stderr).toContain("this test has no cluster");
    expect((await run("list -h --help=false")).stderr).toContain("this test has no cluster");
    expect((await run("--version=1")).stdout).toContain("Client Version");
  });
});
