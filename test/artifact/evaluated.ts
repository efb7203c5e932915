/** Finds out which modules a command evaluates: the program is bundled as for a release, with a note at the start of every module. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { spawn as spawnInTerminal } from "@lydell/node-pty";
import type { Plugin } from "esbuild";
import { bundle, bundleFiles, root } from "../../krew/bundle.ts";

export interface Start {
  readonly words: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The name under which it is started, when it is another than its own. */
  readonly as?: string;
  /** It is started in a terminal, and left by Ctrl-C when it has printed this. */
  readonly until?: string;
}

export interface NotedBundle {
  /** The modules that a start evaluates, in order: our files by path, packages by name. */
  evaluated(start: Start): Promise<readonly string[]>;
  remove(): void;
}

export async function notedBundle(): Promise<NotedBundle> {
  const directory = mkdtempSync(path.join(tmpdir(), "vmnode-noted-"));
  await bundle({ entry: path.join(root, "cmd/main.ts"), outdir: directory, plugins: [notes()] });
  const recorder = path.join(directory, "recorder.cjs");
  writeFileSync(recorder, recorderSource);
  return {
    async evaluated({ words, env, as, until }) {
      const list = path.join(directory, "list");
      const program = path.join(directory, as ?? bundleFiles.start);
      if (!existsSync(program)) symlinkSync(bundleFiles.start, program);
      const args = ["--require", recorder, program, ...words];
      const surroundings = { PATH: process.env.PATH ?? "", HOME: directory, VMNODE_EVALUATED: list, ...env };
      await (until === undefined ? runToEnd(args, surroundings) : interrupt(args, surroundings, until));
      return [...new Set(readFileSync(list, "utf8").split("\n").filter(Boolean).map(nameOf))];
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

const recorderSource = `
  globalThis.vmnodeEvaluated = [];
  const file = process.env.VMNODE_EVALUATED;
  process.on("exit", () => require("node:fs").writeFileSync(file, globalThis.vmnodeEvaluated.join("\\n")));
`;

async function runToEnd(args: readonly string[], env: Readonly<Record<string, string>>): Promise<void> {
  await once(spawn(process.execPath, args, { env, stdio: "ignore" }), "close");
}

function interrupt(args: readonly string[], env: Readonly<Record<string, string>>, until: string): Promise<void> {
  const terminal = spawnInTerminal(process.execPath, [...args], { env: { ...env, TERM: "xterm" }, cols: 80, rows: 24 });
  let printed = "";
  terminal.onData((text) => {
    const before = printed.includes(until);
    printed += text;
    if (!before && printed.includes(until)) terminal.write("\x03");
  });
  return new Promise((resolve, reject) =>
    terminal.onExit(() =>
      printed.includes(until) ? resolve() : reject(new Error(`ended without ${until}:\n${printed}`)),
    ),
  );
}

function notes(): Plugin {
  return {
    name: "notes",
    setup({ onLoad }) {
      onLoad({ filter: /\.(?:ts|js|mjs|cjs)$/, namespace: "file" }, ({ path: file }) => ({
        contents: `globalThis.vmnodeEvaluated.push(${JSON.stringify(path.relative(root, file))});\n${readFileSync(file, "utf8")}`,
        loader: file.endsWith(".ts") ? "ts" : "js",
      }));
    },
  };
}

function nameOf(file: string): string {
  return /^.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? file;
}
