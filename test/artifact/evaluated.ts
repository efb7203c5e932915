/** Finds out which modules a command evaluates: the program is bundled as for a release, with a note at the start of every module. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Plugin } from "esbuild";
import { bundle, bundleFiles, root } from "../../krew/bundle.ts";

export interface NotedBundle {
  /** The modules that `node PROGRAM WORDS` evaluates, in order: our files by path, packages by name. */
  evaluated(words: readonly string[], env?: Readonly<Record<string, string>>): Promise<readonly string[]>;
  remove(): void;
}

export async function notedBundle(): Promise<NotedBundle> {
  const directory = mkdtempSync(path.join(tmpdir(), "vmnode-noted-"));
  await bundle({ entry: path.join(root, "cmd/main.ts"), outdir: directory, plugins: [notes()] });
  const recorder = path.join(directory, "recorder.cjs");
  writeFileSync(recorder, recorderSource);
  return {
    async evaluated(words, env = {}) {
      const list = path.join(directory, "list");
      const program = path.join(directory, bundleFiles.start);
      const child = spawn(process.execPath, ["--require", recorder, program, ...words], {
        env: { PATH: process.env.PATH ?? "", HOME: directory, VMNODE_EVALUATED: list, ...env },
        stdio: "ignore",
      });
      await once(child, "close");
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
