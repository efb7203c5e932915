/** The documents say what the program does: the reference and the README's tables are made from its definitions, the rest speaks of what exists. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { commands } from "../../../cmd/commands.ts";
import { connectionFlags } from "../../../cmd/flags/connection.ts";
import { pages, referencePage, renewed, variables, variablesOfNode } from "../../../docs/reference.ts";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "../../..");
const documents = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", ...listed("docs", ".md")];

function listed(folder: string, ending: string): string[] {
  const names = readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(ending)).map((name) => path.posix.join(folder, name));
}

function text(document: string): string {
  return readFileSync(path.join(root, document), "utf8");
}

const renew = "npm run docs makes it anew";

test("docs/reference.md is what the definitions say", () => {
  expect(readFileSync(pages.reference, "utf8"), renew).toBe(referencePage());
});

test("the README's tables are what the definitions say, and it installs this version", () => {
  const readme = readFileSync(pages.readme, "utf8");
  const { version, scripts } = JSON.parse(readFileSync(pages.package, "utf8"));
  expect(readme, renew).toBe(renewed(readme, version));
  expect(renewed(readme, "9.9.9")).toContain("    VERSION=v9.9.9\n");
  // Whoever reads the README is not to install a prerelease.
  expect(renewed(readme, "9.9.9-rc.1")).toBe(readme);
  // `npm version` commits the README with the new version.
  expect(scripts.version).toBe("npm run docs && git add README.md");
});

test.each([
  ["table", "    VERSION=v1.0.0\n", 'no place for the table "commands"'],
  ["version", "# kubectl vmnode\n", "does not install a VERSION"],
])("a README without a place for a %s is refused", (_what, readme, message) => {
  expect(() => renewed(readme, "1.0.0")).toThrow(message);
});

describe("the reference", () => {
  const page = referencePage();

  test("explains every flag of every command, and no hidden one", () => {
    for (const { definition } of commands.values()) {
      const [, section = ""] = page.split(new RegExp(`^## ${definition.name}$`, "m"));
      const own = Object.entries(definition.flags).filter(([key]) => !(key in connectionFlags));
      for (const [key, flag] of own) {
        const name = `\`--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}\``;
        expect(section.split(/^## /m)[0]?.includes(name), `${definition.name} ${name}`).toBe(flag.hidden !== true);
      }
    }
  });

  test("explains every variable that the program reads, but those that others or itself set for it, or that it silences", () => {
    const setByOthers = [
      "KUBECTL_PATH",
      "KUBERNETES_SERVICE_HOST",
      "KUBERNETES_SERVICE_PORT",
      "POD_NAMESPACE",
      "PATH",
      "PATHEXT",
    ];
    const silenced = ["NODE_DEBUG", "KUBECTL_VMNODE_CA_CERTS"];
    const said = [
      ...silenced,
      ...Object.keys({ ...variables, ...variablesOfNode }),
      ...Object.values(variables).flatMap((each) => each.match(/[A-Z_]{4,}/g)),
    ];
    const read = [...listed("cmd", ".ts"), ...listed("lib", ".ts")].flatMap((file) =>
      [...text(file).matchAll(/\benv\.([A-Z][A-Z_]+)/g)].map(([, name]) => name),
    );
    expect(read).toContain("NO_COLOR");
    expect([...new Set(read)].filter((name) => name && !said.includes(name) && !setByOthers.includes(name))).toEqual(
      [],
    );
  });
});

describe.each(documents)("%s", (document) => {
  test("command lines name commands and flags that exist", () => {
    const lines = [...text(document).matchAll(/^(?: {4}|\$ )?kubectl vmnode (\w+)\b *(.*?)(?: {2,}#.*)?$/gm)];
    for (const [line, name = "", rest = ""] of lines) {
      const definition = commands.get(name)?.definition;
      expect(definition, line).toBeDefined();
      // What follows a bare -- is another program's.
      for (const [, flag = ""] of (rest.split(" -- ")[0] ?? "").matchAll(/(?<=^| )--([\w-]+)/g)) {
        const key = flag.replace(/-(\w)/g, (_dash, letter: string) => letter.toUpperCase());
        expect(definition?.flags, line).toHaveProperty(key);
      }
    }
    if (document === "README.md") expect(lines.length).toBeGreaterThan(5);
  });

  test("links lead to files and headings that exist", () => {
    const links = [...text(document).matchAll(/(?:\]\(|(?:src|srcset|href)=")([^)"\s]+)/g)].map(
      ([, link = ""]) => link,
    );
    for (const link of links.filter((each) => !/^[a-z]+:/.test(each))) {
      const [file = "", heading] = link.split("#");
      const target = file === "" ? document : path.posix.join(path.posix.dirname(document), file);
      expect(existsSync(path.join(root, target)), link).toBe(true);
      if (heading !== undefined) expect(headings(text(target)), link).toContain(heading);
    }
  });
});

/** The names by which GitHub lets one jump to the headings of a page. */
function headings(page: string): string[] {
  return [...page.matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replace(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
}
