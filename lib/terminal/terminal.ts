/** The terminal as commands see it: lines, questions, a view of what is going on, and signals. */
import { UsageError } from "../model/errors.ts";
import type { Style } from "../report/style.ts";
import { type ColorChoice, styleFor, wantsColor } from "./color.ts";
import type { LiveView } from "./live-view.ts";
import { createOutput, type Output, type OutputStream } from "./output.ts";
import type { Choice, InputStream, PromptContext } from "./prompts.ts";
import type { TerminalReporter } from "./reporters.ts";
import { catchSignals, type Interrupts, type JobControl, onSuspend, type SignalSource } from "./signals.ts";

export interface Question {
  readonly text: string;
  /** The flag that answers it where nobody can be asked: `--yes`. */
  readonly flag: string;
}

export interface Terminal {
  /** Somebody is there who can be asked: stdin and stderr are terminals, and this is no CI. */
  readonly interactive: boolean;
  /** Width of standard output; undefined in a pipe or file, where nothing may be cut. */
  readonly columns: number | undefined;
  /** For lines of standard output. */
  readonly style: Style;
  /** For lines of standard error. */
  readonly errorStyle: Style;
  /** Takes `--color` into account from now on. */
  setColor(choice: ColorChoice): void;
  writeLine(line: string): void;
  writeLines(lines: readonly string[]): void;
  writeError(line: string): void;
  /**
   * Questions are asked on standard error. All of them throw UsageError when not interactive, and InterruptedError when the user
   * leaves by Ctrl-C or a signal comes.
   */
  confirm(question: Question): Promise<boolean>;
  select<T>(question: Question, choices: readonly Choice<T>[]): Promise<T>;
  search<T>(question: Question, choices: readonly Choice<T>[]): Promise<T>;
  /** True when exactly `expected` was typed. */
  typeName(question: Question, expected: string): Promise<boolean>;
  /**
   * Follows an operation: `json` one event per line; `text` a live view where standard error is a capable terminal, plain lines
   * elsewhere. A view catches signals.
   */
  reporter(format: "text" | "json"): Promise<TerminalReporter>;
  /** From now on the first SIGINT, SIGTERM or SIGHUP aborts the returned signal, with an InterruptedError; the second ends the process. */
  catchSignals(): AbortSignal;
  /** Puts everything back as it was. */
  close(): void;
}

/** What is used of `process`. */
export type HostProcess = SignalSource &
  JobControl & {
    once(event: "exit", listener: () => void): unknown;
    exit(code: number): void;
  };

export interface TerminalOptions {
  /** Looked at only when somebody might be asked: to open it takes Node longer than to print a version. */
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly process: HostProcess;
  readonly now: () => Date;
}

export function createTerminal(options: TerminalOptions): Terminal {
  const { stdout, stderr, env } = options;
  const out = createOutput(stdout);
  const err = createOutput(stderr);
  const isInteractive = () => err.isTerminal && !env.CI && options.stdin.isTTY === true;
  const canRedraw = err.isTerminal && !env.CI && env.TERM !== "dumb";
  let color: ColorChoice = "auto";
  let view: LiveView | undefined;
  let interrupts: Interrupts | undefined;
  let ignoreSuspend: (() => void) | undefined;

  const styleOn = (output: Output) => styleFor(wantsColor(color, env, output.isTerminal));
  const write = (output: Output, lines: readonly string[]) => {
    // Both streams may be the same screen: what is written beside the view would end up inside it.
    if (view !== undefined && output.isTerminal) view.print(output, lines);
    else output.lines(lines);
  };
  const closeView = () => {
    view?.close();
    view = undefined;
    ignoreSuspend?.();
  };
  const catchThem = (): AbortSignal => {
    interrupts ??= catchSignals(options.process, (code) => {
      closeView();
      options.process.exit(code);
    });
    return interrupts.signal;
  };
  // However the process ends, an uncaught exception included, the cursor comes back.
  options.process.once("exit", closeView);

  /** Makes room on the screen, asks, and lets the view go on. */
  const ask = async <T>(
    question: Question,
    prompt: (prompts: Prompts, context: PromptContext) => Promise<T>,
  ): Promise<T> => {
    if (!isInteractive()) throw new UsageError(`there is nobody to ask here: pass ${question.flag}`);
    const prompts = await import("./prompts.ts");
    view?.pause();
    try {
      return await prompt(prompts, {
        input: options.stdin,
        output: stderr,
        columns: err.size().columns,
        style: styleOn(err),
        signal: interrupts?.signal ?? new AbortController().signal,
      });
    } finally {
      view?.resume();
    }
  };

  return {
    get interactive() {
      return isInteractive();
    },
    get columns() {
      return out.isTerminal ? out.size().columns : undefined;
    },
    get style() {
      return styleOn(out);
    },
    get errorStyle() {
      return styleOn(err);
    },
    setColor(choice) {
      color = choice;
    },
    writeLine: (line) => write(out, [line]),
    writeLines: (lines) => write(out, lines),
    writeError: (line) => write(err, [line]),
    confirm: (question) => ask(question, (prompts, context) => prompts.askConfirm(question.text, context)),
    select: (question, choices) =>
      ask(question, (prompts, context) => prompts.askSelect(question.text, choices, context)),
    search: (question, choices) =>
      ask(question, (prompts, context) => prompts.askSearch(question.text, choices, context)),
    typeName: (question, expected) =>
      ask(question, async (prompts, context) => (await prompts.askText(question.text, context)) === expected),
    async reporter(format) {
      const { jsonReporter, liveReporter, plainReporter } = await import("./reporters.ts");
      const outputs = { out, err, outStyle: styleOn(out), errStyle: styleOn(err) };
      if (format === "json") return jsonReporter(outputs);
      if (!canRedraw) return plainReporter(outputs);
      catchThem();
      const live = liveReporter(outputs, options.now);
      view = live.view;
      ignoreSuspend = onSuspend(options.process, live.view.pause, live.view.resume);
      return { ...live, close: closeView };
    },
    catchSignals: catchThem,
    close() {
      closeView();
      interrupts?.dispose();
    },
  };
}

type Prompts = typeof import("./prompts.ts");
