/** Streams, signals and screens that tests can look into. */
import { EventEmitter } from "node:events";
import { PassThrough, Writable } from "node:stream";
import { createTerminal, type HostProcess, type Terminal } from "../../../lib/terminal/terminal.ts";

/** An output stream that remembers; `tty` makes it a terminal. */
export class FakeOutput extends Writable {
  written = "";
  columns: number | undefined;
  rows: number | undefined;
  readonly isTTY: boolean;
  /** As process.stdout and process.stderr have it: a pipe into them does not end them. */
  readonly _isStdio = true;

  constructor(tty: boolean, columns = 80, rows = 24) {
    super({ decodeStrings: false });
    this.isTTY = tty;
    if (tty) {
      this.columns = columns;
      this.rows = rows;
    }
  }

  override _write(chunk: string | Buffer, _encoding: string, done: () => void): void {
    this.written += String(chunk);
    done();
  }

  resize(columns: number, rows: number): void {
    this.columns = columns;
    this.rows = rows;
    this.emit("resize");
  }
}

export class FakeProcess extends EventEmitter implements HostProcess {
  readonly pid = 4711;
  readonly exits: number[] = [];
  readonly kills: string[] = [];

  kill(pid: number, signal: string): void {
    this.kills.push(`${signal} ${pid}`);
  }

  exit(code: number): void {
    this.exits.push(code);
  }
}

export interface Stage {
  readonly terminal: Terminal;
  readonly stdin: PassThrough & { isTTY?: boolean };
  readonly stdout: FakeOutput;
  readonly stderr: FakeOutput;
  readonly process: FakeProcess;
}

export interface StageOptions {
  readonly stdin?: boolean;
  readonly stdout?: boolean;
  readonly stderr?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly columns?: number;
  readonly rows?: number;
}

/** A terminal of which each stream is one, unless told otherwise. */
export function stage(options: StageOptions = {}): Stage {
  const stdin: PassThrough & { isTTY?: boolean } = new PassThrough();
  stdin.isTTY = options.stdin ?? true;
  const stdout = new FakeOutput(options.stdout ?? true, options.columns, options.rows);
  const stderr = new FakeOutput(options.stderr ?? true, options.columns, options.rows);
  const process = new FakeProcess();
  const env = { TERM: "xterm", ...options.env };
  const terminal = createTerminal({ stdin, stdout, stderr, env, process, now: () => new Date() });
  return { terminal, stdin, stdout, stderr, process };
}

/** What a terminal shows after `output`: all lines that were ever on it, and whether the cursor can be seen. */
export function screenOf(
  output: string,
  columns = 80,
  rows = 24,
): { readonly lines: string[]; readonly cursor: boolean } {
  const lines: string[] = [""];
  /** The first line that has not scrolled away: what is above can be read, but no longer be reached. */
  let top = 0;
  let row = 0;
  let column = 0;
  let saved = { row: 0, column: 0 };
  let cursor = true;
  for (const [token] of output.matchAll(/\x1b(?:\[[?\d;]*[A-Za-z]|[78])|./gsu)) {
    if (token === "\n") {
      row++;
      column = 0;
    } else if (token === "\r") column = 0;
    else if (token === "\x1b[J") {
      lines.length = row + 1;
      lines[row] = (lines[row] ?? "").slice(0, column);
    } else if (/^\x1b\[\d+A$/.test(token)) row = Math.max(top, row - Number(token.slice(2, -1)));
    else if (token === "\x1b7") saved = { row: row - top, column };
    else if (token === "\x1b8") [row, column] = [top + saved.row, saved.column];
    else if (token === "\x1b[?25l") cursor = false;
    else if (token === "\x1b[?25h") cursor = true;
    else if (!token.startsWith("\x1b")) {
      if (column === columns) {
        row++;
        column = 0;
      }
      const line = (lines[row] ?? "").padEnd(column);
      lines[row] = line.slice(0, column) + token + line.slice(column + 1);
      column++;
    }
    while (lines.length <= row) lines.push("");
    top = Math.max(top, row - rows + 1);
  }
  while (lines.at(-1) === "") lines.pop();
  return { lines, cursor };
}
