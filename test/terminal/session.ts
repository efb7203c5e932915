/** The built file in a pseudo-terminal: keys go in, and what a person would read comes out. */
import { copyFileSync, existsSync, linkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { spawn } from "@lydell/node-pty";
import { type Finished, runToEnd } from "../finished.ts";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "../..");
export const executable = path.join(
  root,
  "dist",
  process.platform === "win32" ? "kubectl-vmnode.exe" : "kubectl-vmnode",
);

/** Commands that start other programs, and make files: their examples are run with the built file (examples.test.ts beside this). */
export const ofTheBuiltFile: readonly string[] = ["practice", "completion"];

/** Puts the built file under another name, without a copy where the system allows it. */
export function placeExecutable(target: string): void {
  try {
    linkSync(executable, target);
  } catch {
    copyFileSync(executable, target);
  }
}

export const keys = { enter: "\r", ctrlC: "\x03", down: "\x1b[B", up: "\x1b[A" } as const;

export interface SessionOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Session {
  /** Everything that was printed, escape sequences included. */
  readonly raw: string;
  /** Everything that was printed, without escape sequences. */
  readonly text: string;
  /** Resolves when the text that came after the last wait contains `expected`. */
  waitFor(expected: string | RegExp): Promise<void>;
  type(text: string): void;
  resize(columns: number, rows: number): void;
  kill(signal: NodeJS.Signals): void;
  /** The exit code; 128 and the signal's number for one that was killed. */
  readonly ended: Promise<number>;
}

const patience = 30_000;

/** Starts the built file as a person would. Nothing of the environment of the tests reaches it but PATH. */
export function start(words: readonly string[], options: SessionOptions = {}): Session {
  if (!existsSync(executable)) throw new Error(`${executable} is missing: npm run build`);
  const env = { PATH: process.env.PATH ?? "", HOME: tmpdir(), TERM: "xterm-256color", ...options.env };
  const size = { cols: options.columns ?? 80, rows: options.rows ?? 24 };
  const terminal = spawn(executable, [...words], { ...size, env, cwd: tmpdir() });
  let raw = "";
  let read = 0;
  const listeners = new Set<() => void>();
  const wake = () => {
    for (const listener of listeners) listener();
  };
  let over = false;
  terminal.onData((data) => {
    raw += data;
    wake();
  });
  const ended = new Promise<number>((resolve) =>
    terminal.onExit(({ exitCode, signal }) => {
      over = true;
      wake();
      resolve(signal ? 128 + signal : exitCode);
    }),
  );

  return {
    get raw() {
      return raw;
    },
    get text() {
      return withoutSequences(raw);
    },
    waitFor(expected) {
      return new Promise((resolve, reject) => {
        const look = () => {
          const unread = withoutSequences(raw).slice(read);
          const at = typeof expected === "string" ? unread.indexOf(expected) : unread.search(expected);
          if (at >= 0) {
            read += at + 1;
            done(resolve);
          } else if (over) done(() => reject(new Error(`ended without ${expected}:\n${unread}`)));
        };
        const late = setTimeout(
          () => done(() => reject(new Error(`no ${expected} in:\n${withoutSequences(raw).slice(read)}`))),
          patience,
        );
        const done = (finish: () => void) => {
          clearTimeout(late);
          listeners.delete(look);
          finish();
        };
        listeners.add(look);
        look();
      });
    },
    type: (text) => terminal.write(text),
    resize: (columns, rows) => terminal.resize(columns, rows),
    kill: (signal) => terminal.kill(signal),
    ended,
  };
}

/** Runs the built file without any terminal, to its end. */
export function runPiped(words: readonly string[], env: Readonly<Record<string, string>>): Promise<Finished> {
  return runToEnd(executable, words, { env: { PATH: process.env.PATH ?? "", HOME: tmpdir(), ...env } });
}

function withoutSequences(text: string): string {
  return text.replace(/\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[0-_]/g, "").replaceAll("\r\n", "\n");
}
