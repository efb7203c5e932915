/** Who may import whom, and who may touch the outside world: the rooms of the program, read from its source. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { transformSync } from "esbuild";
import { describe, expect, test } from "vitest";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "..");

interface Import {
  readonly specifier: string;
  /** Nothing of it is left when the program runs. */
  readonly typeOnly: boolean;
  /** Loaded when the program comes by, not at its start. */
  readonly lazy: boolean;
}

interface Source {
  readonly file: string;
  readonly text: string;
  /** Without types, comments and texts. */
  readonly code: string;
  readonly imports: readonly Import[];
}

const sources: readonly Source[] = ["cmd", "lib"].flatMap(typescriptIn).map((file) => {
  const text = readFileSync(path.join(root, file), "utf8");
  return { file, text, code: codeOnly(text), imports: importsOf(text) };
});

function typescriptIn(directory: string): string[] {
  const entries = readdirSync(path.join(root, directory), { recursive: true, encoding: "utf8" });
  return entries.filter((entry) => entry.endsWith(".ts")).map((entry) => path.posix.join(directory, entry));
}

/** All import and export-from statements and dynamic imports. Statements start a line: the formatter sees to it. */
function importsOf(text: string): Import[] {
  const statement = /^(?:import|export)\s+(type\s+)?(?:[^;"']*?\sfrom\s+)?"([^"]+)"/gm;
  const dynamic = /\bimport\(\s*"([^"]+)"\s*\)/g;
  return [
    ...[...text.matchAll(statement)].map(([, type, specifier = ""]) => ({
      specifier,
      typeOnly: type !== undefined,
      lazy: false,
    })),
    ...[...text.matchAll(dynamic)].map(([, specifier = ""]) => ({ specifier, typeOnly: false, lazy: true })),
  ];
}

function codeOnly(text: string): string {
  const { code } = transformSync(text, { loader: "ts", legalComments: "none" });
  return code.replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, '""');
}

/** `cmd`, or the room below `lib`. */
function roomOf(file: string): string {
  const [top = "", room = ""] = file.split("/");
  return top === "lib" ? room : top;
}

function target(source: Source, { specifier }: Import): string | undefined {
  return specifier.startsWith(".") ? path.posix.join(path.posix.dirname(source.file), specifier) : undefined;
}

/** Room to rooms that it may import; those behind `types:` only for their types. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  model: [],
  platform: ["model"],
  kube: ["model", "platform"],
  observe: ["kube", "platform", "model"],
  assess: ["model", "platform"],
  decide: ["assess", "model"],
  act: ["kube", "observe", "assess", "decide", "model"],
  report: ["model", "types:assess", "types:decide"],
  terminal: ["report", "model"],
  practice: ["model", "platform"],
  cmd: ["model", "platform", "kube", "observe", "assess", "decide", "act", "report", "terminal", "practice"],
};

test("the source is found, and its imports are read", () => {
  expect(sources.length).toBeGreaterThan(50);
  expect(importsOf('import type {\n  A,\n} from "./a.ts";\nimport b from "b";\nexport { c } from "./c.ts";\n')).toEqual(
    [
      { specifier: "./a.ts", typeOnly: true, lazy: false },
      { specifier: "b", typeOnly: false, lazy: false },
      { specifier: "./c.ts", typeOnly: false, lazy: false },
    ],
  );
  expect(importsOf('  const d = await import("./d.ts");\nimport "./e.ts";')).toEqual([
    { specifier: "./e.ts", typeOnly: false, lazy: false },
    { specifier: "./d.ts", typeOnly: false, lazy: true },
  ]);
});

test("every room is known", () => {
  expect([...new Set(sources.map(({ file }) => roomOf(file)))].filter((room) => !(room in mayImport))).toEqual([]);
});

test.each(Object.entries(mayImport))("%s imports only from: %j", (room, allowed) => {
  const wrong = sources
    .filter(({ file }) => roomOf(file) === room)
    .flatMap((source) =>
      source.imports.flatMap((each) => {
        const file = target(source, each);
        if (file === undefined) return [];
        const other = roomOf(file);
        const fine = other === room || allowed.includes(other) || (each.typeOnly && allowed.includes(`types:${other}`));
        return fine ? [] : [`${source.file} → ${file}`];
      }),
    );
  expect(wrong).toEqual([]);
});

test("no file imports itself by way of others, not even for a type", () => {
  const edges = new Map(
    sources.map((source) => [source.file, source.imports.flatMap((each) => target(source, each) ?? [])]),
  );
  const cycles: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, trail: readonly string[]): void => {
    if (trail.includes(file)) cycles.push([...trail.slice(trail.indexOf(file)), file].join(" → "));
    if (done.has(file) || trail.includes(file)) return;
    for (const next of edges.get(file) ?? []) visit(next, [...trail, file]);
    done.add(file);
  };
  for (const file of edges.keys()) visit(file, []);
  expect(cycles).toEqual([]);
});

describe("libraries are known to one place each", () => {
  test.each([
    [/^yargs/, /^cmd\/cli\.ts$/],
    [/^@kubernetes\/client-node/, /^lib\/kube\//],
    [/^@?inquirer/, /^lib\/terminal\//],
    [/^cli-table3/, /^lib\/report\//],
  ])("%s only in %s", (library, place) => {
    const users = sources.filter(({ imports }) => imports.some(({ specifier }) => library.test(specifier)));
    expect(users.map(({ file }) => file).filter((file) => !place.test(file))).toEqual([]);
  });

  test("the practice cluster is loaded by cmd/practice.ts alone, and only when it is wanted", () => {
    const outside = sources.filter(({ file }) => roomOf(file) !== "practice");
    const users = outside.filter((source) =>
      source.imports.some(
        (each) =>
          !each.typeOnly &&
          target(source, each)?.startsWith("lib/practice/") &&
          !(each.lazy && source.file === "cmd/practice.ts"),
      ),
    );
    expect(users.map(({ file }) => file)).toEqual([]);
  });
});

describe("the outside world is a parameter", () => {
  const outside = sources.filter(
    ({ file }) =>
      !["kube", "terminal", "practice"].includes(roomOf(file)) && !["cmd/main.ts", "cmd/program.ts"].includes(file),
  );

  test.each([
    ["the process", /\bprocess\b(?!:)/],
    ["the console", /\bconsole\b(?!:)/],
    ["timers", /\b(?:set|clear)(?:Timeout|Interval|Immediate)\b|\bqueueMicrotask\b|AbortSignal\.timeout/],
    ["the clock", /\bDate\.now\b|\bnew Date\(\)|\bperformance\b(?!:)/],
    ["randomness", /\bMath\.random\b|\bcrypto\b(?!:)/],
    ["the network", /\bfetch\(/],
  ])("nobody else touches %s", (_what, forbidden) => {
    expect(outside.filter(({ code }) => forbidden.test(code)).map(({ file }) => file)).toEqual([]);
  });

  test("nobody else imports files, sockets, processes or timers", () => {
    const pure = ["node:path", "node:util", "node:url", "node:buffer"];
    const wrong = outside.flatMap(({ file, imports }) =>
      imports.filter(({ specifier }) => specifier.startsWith("node:") && !pure.includes(specifier)).map(() => file),
    );
    expect(wrong).toEqual([]);
  });
});

test("every file opens with a sentence on its job", () => {
  const opening = /^(?:#!.*\n)?\/\*\*?\s+(?:\* )?[^\s*/][\s\S]*?[.:!?]\s/;
  expect(sources.filter(({ text }) => !opening.test(text)).map(({ file }) => file)).toEqual([]);
});
