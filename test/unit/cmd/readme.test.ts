/** The README's tables say what the program does: they are made from its definitions, and rewritten by `vitest run … -u`. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { commands } from "../../../cmd/commands.ts";
import { usage } from "../../../cmd/help.ts";
import { exitCode } from "../../../lib/model/exit-code.ts";

const file = path.join(path.dirname(fileURLToPath(import.meta.url)), "../../../README.md");
const readme = readFileSync(file, "utf8");

const meanings: Readonly<Record<keyof typeof exitCode, string>> = {
  ok: "done; for `check`: a drain would succeed",
  error: 'an error, or "no" at a prompt',
  usage: "the command line is wrong, or consent is missing and nobody can be asked",
  refused: "refused: the check found what a drain cannot get past; nothing was changed",
  incomplete: "incomplete: what is left is listed",
  hangup: "ended by SIGHUP",
  interrupted: "ended by Ctrl-C",
  terminated: "ended by SIGTERM",
  bug: "a fault of the plugin itself; please report it",
};

function table(head: string, rows: readonly string[]): string {
  return [head, "|---|---|", ...rows].join("\n");
}

function withSection(text: string, name: string, content: string): string {
  const section = new RegExp(`<!-- ${name} -->\\n[\\s\\S]*?<!-- /${name} -->`);
  expect(text).toMatch(section);
  return text.replace(section, () => `<!-- ${name} -->\n${content}\n<!-- /${name} -->`);
}

test("the README lists the commands and exit codes that there are", async () => {
  const commandRows = [...commands.values()].map(
    ({ definition }) =>
      `| \`${usage(definition).replace(" [options]", "").replaceAll("|", "\\|")}\` | ${definition.summary} |`,
  );
  const codes = Object.entries(exitCode).toSorted(([, a], [, b]) => a - b) as [keyof typeof exitCode, number][];
  const codeRows = codes.map(([name, code]) => `| ${code} | ${meanings[name]} |`);
  const expected = withSection(
    withSection(readme, "commands", table("| command | does |", commandRows)),
    "exit codes",
    table("| code | meaning |", codeRows),
  );
  await expect(expected).toMatchFileSnapshot(file);
});

test("the README's command lines name commands and flags that exist", () => {
  const lines = [...readme.matchAll(/^ {4}kubectl vmnode (\S+) ?(.*)$/gm)];
  expect(lines.length).toBeGreaterThan(2);
  for (const [line, name = "", rest = ""] of lines) {
    const definition = commands.get(name)?.definition;
    expect(definition, line).toBeDefined();
    for (const [, flag = ""] of rest.matchAll(/--([\w-]+)/g)) {
      const key = flag.replace(/-(\w)/g, (_dash, letter: string) => letter.toUpperCase());
      expect(definition?.flags, line).toHaveProperty(key);
    }
  }
});
