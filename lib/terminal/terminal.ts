/** The terminal as commands see it: lines, questions, a view of what is going on, and signals. */
import { UsageError } from "../model/errors.ts";
import { warningLines } from "../report/errors.ts";
import { sanitise } from "../report/sanitise.ts";
import type { Style } from "../report/style.ts";
import { wrapSentence } from "../report/width.ts";
import { type ColorChoice, styleFor, wantsColor } from "./color.ts";
import type { LiveView } from "./live-view.ts";
import { createOutput, layoutOn, type Output, type OutputStream, type ScreenLayout } from "./output.ts";
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
  /** For lines of standard output; without a width in a pipe or file, where nothing may be cut. */
  readonly layout: ScreenLayout;
  /** The same for lines of standard error. */
  readonly errorLayout: ScreenLayout;
  /** Takes `--color` into account from now on. */
  setColor(choice: ColorChoice): void;
  writeLine(line: string): void;
  writeLines(lines: readonly string[]): void;
  /** Lines for standard error, laid out already. */
  writeError(...lines: string[]): void;
  /** A sentence for standard error, from wherever: made harmless, and broken between words where that is a terminal. */
  remark(text: string): void;
  /** The same behind `Warning:`. */
  warn(text: string): void;
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

/** The terminal of this process; nothing is read or written yet. */
export function createTerminal(options: TerminalOptions): Terminal {
  return new ProcessTerminal(options);
}

class ProcessTerminal implements Terminal {
  readonly #options: TerminalOptions;
  readonly #out: Output;
  readonly #err: Output;
  #color: ColorChoice = "auto";
  #view: LiveView | undefined;
  #interrupts: Interrupts | undefined;
  #ignoreSuspend: (() => void) | undefined;

  constructor(options: TerminalOptions) {
    this.#options = options;
    this.#out = createOutput(options.stdout);
    this.#err = createOutput(options.stderr);
    // However the process ends, an uncaught exception included, the cursor comes back.
    options.process.once("exit", () => this.#closeView());
  }

  get interactive(): boolean {
    return this.#err.isTerminal && !this.#options.env.CI && this.#options.stdin.isTTY === true;
  }

  get layout(): ScreenLayout {
    return layoutOn(this.#out, this.#styleOn(this.#out));
  }

  get errorLayout(): ScreenLayout {
    return layoutOn(this.#err, this.#styleOn(this.#err));
  }

  setColor(choice: ColorChoice): void {
    this.#color = choice;
  }

  writeLine(line: string): void {
    this.#write(this.#out, [line]);
  }

  writeLines(lines: readonly string[]): void {
    this.#write(this.#out, lines);
  }

  writeError(...lines: string[]): void {
    this.#write(this.#err, lines);
  }

  remark(text: string): void {
    this.writeError(...wrapSentence(sanitise(text), this.errorLayout.columns));
  }

  warn(text: string): void {
    this.writeError(...warningLines(sanitise(text), this.errorLayout));
  }

  confirm(question: Question): Promise<boolean> {
    return this.#ask(question, (prompts, context) => prompts.askConfirm(question.text, context));
  }

  select<T>(question: Question, choices: readonly Choice<T>[]): Promise<T> {
    return this.#ask(question, (prompts, context) => prompts.askSelect(question.text, choices, context));
  }

  search<T>(question: Question, choices: readonly Choice<T>[]): Promise<T> {
    return this.#ask(question, (prompts, context) => prompts.askSearch(question.text, choices, context));
  }

  typeName(question: Question, expected: string): Promise<boolean> {
    return this.#ask(
      question,
      async (prompts, context) => (await prompts.askText(question.text, context)) === expected,
    );
  }

  async reporter(format: "text" | "json"): Promise<TerminalReporter> {
    const { jsonReporter, liveReporter, plainReporter } = await import("./reporters.ts");
    const outputs = { out: this.#out, err: this.#err, outStyle: this.layout.style, errStyle: this.errorLayout.style };
    if (format === "json") return jsonReporter(outputs);
    const { env, process, now } = this.#options;
    const canRedraw = this.#err.isTerminal && !env.CI && env.TERM !== "dumb";
    if (!canRedraw) return plainReporter(outputs);
    this.catchSignals();
    const live = liveReporter(outputs, now);
    this.#view = live.view;
    this.#ignoreSuspend = onSuspend(process, live.view.pause, live.view.resume);
    return { ...live, close: () => this.#closeView() };
  }

  catchSignals(): AbortSignal {
    const { process } = this.#options;
    this.#interrupts ??= catchSignals(process, (code) => {
      this.#closeView();
      process.exit(code);
    });
    return this.#interrupts.signal;
  }

  close(): void {
    this.#closeView();
    this.#interrupts?.dispose();
  }

  #styleOn(output: Output): Style {
    return styleFor(wantsColor(this.#color, this.#options.env, output.isTerminal));
  }

  #write(output: Output, lines: readonly string[]): void {
    // Both streams may be the same screen: what is written beside the view would end up inside it.
    if (this.#view !== undefined && output.isTerminal) this.#view.print(output, lines);
    else output.lines(lines);
  }

  /** Makes room on the screen, asks, and lets the view go on. */
  async #ask<T>(question: Question, prompt: (prompts: Prompts, context: PromptContext) => Promise<T>): Promise<T> {
    if (!this.interactive) throw new UsageError(`there is nobody to ask here: pass ${question.flag}`);
    const { stdin, stderr } = this.#options;
    const prompts = await import("./prompts.ts");
    this.#view?.pause();
    try {
      return await prompt(prompts, {
        input: stdin,
        output: stderr,
        columns: this.#err.size().columns,
        style: this.errorLayout.style,
        signal: this.#interrupts?.signal ?? new AbortController().signal,
      });
    } finally {
      this.#view?.resume();
    }
  }

  #closeView(): void {
    this.#view?.close();
    this.#view = undefined;
    this.#ignoreSuspend?.();
  }
}

type Prompts = typeof import("./prompts.ts");
