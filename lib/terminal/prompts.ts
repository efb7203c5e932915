/**
 * The questions, asked through inquirer. This module is imported only when there is something to ask, and takes inquirer's prompts
 * one by one: of a package imported as a whole, a bundler keeps the ones that nobody uses, too.
 */
import { input, search, select } from "@inquirer/prompts";
import { InterruptedError } from "../model/errors.ts";
import { sanitise } from "../report/sanitise.ts";
import type { Style } from "../report/style.ts";
import { padRight, wrap, wrapSentence } from "../report/width.ts";
import type { OutputStream } from "./output.ts";

export type InputStream = NodeJS.ReadableStream & { readonly isTTY?: boolean | undefined };

/** One line of a menu. */
export interface Choice<T> {
  readonly value: T;
  readonly name: string;
  /** Shown below the menu while the line is chosen. */
  readonly description?: string | undefined;
  /** Why it cannot be chosen. */
  readonly disabled?: string | undefined;
}

export interface PromptContext {
  readonly input: InputStream;
  readonly output: OutputStream;
  /** How wide that is. */
  readonly columns: number;
  readonly style: Style;
  /** Ends the question when a signal has come. */
  readonly signal: AbortSignal;
}

/**
 * Yes or no; no by Enter and at the end of the input. Asked as a line of text: after any other answer inquirer's own question of
 * yes or no leaves that in the line, to be deleted by hand.
 */
export async function askConfirm(question: string, context: PromptContext): Promise<boolean> {
  const { style, ...theme } = themeOf(context.style);
  const message = (text: string, status: string) =>
    status === "done" ? style.message(text) : `${style.message(text)} (y/N):`;
  const config = {
    message: fitted(question, context),
    theme: { ...theme, style: { ...style, message }, validationFailureMode: "clear" as const },
    validate: (typed: string) => isYes(typed) !== undefined || "Please answer yes or no.",
    transformer: (typed: string, { isFinal }: { readonly isFinal: boolean }) =>
      isFinal ? style.answer(isYes(typed) === true ? "Yes" : "No") : typed,
  };
  return isYes((await ask((streams) => input(config, streams), context)) ?? "") ?? false;
}

/** Undefined for what is neither, not even its beginning. */
function isYes(typed: string): boolean | undefined {
  const word = typed.trim().toLowerCase();
  if (word !== "" && "yes".startsWith(word)) return true;
  return "no".startsWith(word) ? false : undefined;
}

/** One of a few. */
export async function askSelect<T>(
  question: string,
  choices: readonly Choice<T>[],
  context: PromptContext,
): Promise<T> {
  const config = {
    message: rows(`? ${question}`, context).slice(2),
    choices: choices.map((choice) => shown(choice, question, context)),
    pageSize: 12,
    theme: themeOf(context.style),
  };
  return given(await ask((streams) => select<T>(config, streams), context));
}

/** One of many, narrowed down by typing a part of its name. */
export async function askSearch<T>(
  question: string,
  choices: readonly Choice<T>[],
  context: PromptContext,
): Promise<T> {
  const source = (typed: string | undefined) => {
    const part = comparable(typed ?? "");
    return choices
      .filter(({ name }) => comparable(name).includes(part))
      .map((choice) => shown(choice, question, context));
  };
  const message = rows(`? ${question}`, context).slice(2);
  const config = { message, source, pageSize: 12, theme: themeOf(context.style) };
  return given(await ask((streams) => search<T>(config, streams), context));
}

/** However many spaces the columns of a menu are apart. */
function comparable(text: string): string {
  return sanitise(text).toLowerCase().replace(/ +/g, " ");
}

/** A line of text, without spaces around it. */
export async function askText(question: string, context: PromptContext): Promise<string> {
  const config = { message: fitted(question, context), theme: themeOf(context.style) };
  return given(await ask((streams) => input(config, streams), context)).trim();
}

/** Broken between words: inquirer would break it wherever the line ends. Its prefix and the hint at the end need room, too. */
function fitted(question: string, { columns }: PromptContext): string {
  return wrap(sanitise(question), columns - 10).join("\n  ");
}

/**
 * Filled up with spaces so that inquirer, which breaks wherever the line ends, breaks between words. A choice must not have line
 * breaks of its own: Tab types it in.
 */
function rows(text: string, { columns }: PromptContext): string {
  const lines = wrapSentence(sanitise(text), columns, 4);
  return lines
    .map((line) => padRight(line, columns))
    .join("")
    .trimEnd();
}

interface Streams {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  readonly signal: AbortSignal;
}

/** Undefined at the end of the input, of which inquirer itself takes no notice: it would wait until the process ends. */
async function ask<T>(prompt: (streams: Streams) => Promise<T>, context: PromptContext): Promise<T | undefined> {
  const inputEnds = new AbortController();
  const onEnd = () => inputEnds.abort();
  const onKey = (_text: string | undefined, key: { readonly ctrl?: boolean; readonly name?: string } | undefined) => {
    if (key?.ctrl === true && key.name === "d") onEnd();
  };
  context.input.on("end", onEnd);
  context.input.on("keypress", onKey);
  try {
    const signal = AbortSignal.any([context.signal, inputEnds.signal]);
    return await prompt({ input: context.input, output: context.output, signal });
  } catch (error) {
    if (context.signal.aborted) throw context.signal.reason;
    if (inputEnds.signal.aborted) return undefined;
    throw error instanceof Error && error.name === "ExitPromptError" ? left() : error;
  } finally {
    context.input.off("end", onEnd);
    context.input.off("keypress", onKey);
  }
}

/** Ctrl-C is a key here, and no signal. In the middle of an operation it is its summary that says what has happened. */
function left(): InterruptedError {
  return new InterruptedError("SIGINT", "Interrupted: nothing was changed.");
}

function given<T>(answer: T | undefined): T {
  if (answer === undefined) throw left();
  return answer;
}

function shown<T>(choice: Choice<T>, question: string, context: PromptContext) {
  return {
    value: choice.value,
    name: rows(`❯ ${choice.name}`, context).slice(2),
    // Stands behind the question in the end.
    short: rows(`? ${question} ${choice.name}`, context).slice(rows(`? ${question}`, context).length + 1),
    ...(choice.description === undefined ? {} : { description: rows(choice.description, context) }),
    ...(choice.disabled === undefined ? {} : { disabled: `(${sanitise(choice.disabled)})` }),
  };
}

/** inquirer colours by standard output and its own mind; here it follows our style. */
function themeOf(style: Style) {
  return {
    prefix: { idle: style("strong", "?"), done: style("good", "?") },
    style: {
      answer: (text: string) => style("strong", text),
      message: (text: string) => style("strong", text),
      error: (text: string) => style("bad", text),
      defaultAnswer: (text: string) => style("faint", `(${text})`),
      help: (text: string) => style("faint", text),
      highlight: (text: string) => style("strong", text),
      key: (text: string) => style("strong", text),
      disabled: (text: string) => style("faint", text),
      description: (text: string) => style("faint", text),
      searchTerm: (text: string) => style("strong", text),
      keysHelpTip: (keys: [key: string, action: string][]) =>
        style("faint", keys.map((pair) => pair.join(" ")).join(", ")),
    },
  };
}
