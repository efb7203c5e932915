/** Errors and warnings in kubectl's wording: what the server said, what is wrong, and what to do about it. */
import { ExpectedError, InterruptedError, KubeError } from "../model/errors.ts";
import { sanitise } from "./sanitise.ts";
import { type Layout, plain, type Style } from "./style.ts";
import { wrapSentence } from "./width.ts";

export interface ErrorOptions extends Layout {
  /** Prints the stack of a bug. */
  readonly stack?: boolean | undefined;
}

/**
 * The lines for standard error. `Error from server (Reason): message` and `error: message` as kubectl's
 * (k8s.io/kubectl/pkg/cmd/util/helpers.go); an interruption is no error and has its own words;
 * whatever is no ExpectedError is called a bug.
 */
export function errorLines(error: unknown, { style = plain, columns, stack = false }: ErrorOptions = {}): string[] {
  const broken = messageLines(error, style).flatMap((line) => wrapSentence(line, columns));
  if (error instanceof ExpectedError) return broken;
  if (!stack) return [...broken, ...wrapSentence("hint: the same command with -v=4 prints where it happened", columns)];
  const trace = error instanceof Error ? (error.stack ?? "") : "";
  return [...broken, ...trace.split("\n").map(sanitise)];
}

/** What is wrong and does not keep the command from going on. */
export function warningLines(message: string, { style = plain, columns }: Layout = {}): string[] {
  return wrapSentence(`${style("warn", "Warning:")} ${message}`, columns);
}

function messageLines(error: unknown, style: Style): string[] {
  if (error instanceof InterruptedError) return [style("warn", error.message)];
  const start = style("bad", "error:");
  if (!(error instanceof ExpectedError)) {
    const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return textLines(start, `a fault of kubectl-vmnode itself: ${message}`);
  }
  const lines = error instanceof KubeError ? serverLines(error, style) : textLines(start, error.message);
  return error.hint === undefined ? lines : [...lines, ...textLines("hint:", error.hint)];
}

function serverLines(error: KubeError, style: Style): string[] {
  const { reason, message, causes } = error.status;
  const start = reason === "" ? "Error from server:" : `Error from server (${sanitise(reason)}):`;
  const unsaid = causes.filter((cause) => cause.message !== "" && !message.includes(cause.message));
  return [...textLines(style("bad", start), message), ...unsaid.flatMap((cause) => textLines(" ", cause.message))];
}

/** Messages of servers have line breaks of their own; those stay. */
function textLines(start: string, message: string): string[] {
  const [first = "", ...rest] = message
    .trimEnd()
    .split("\n")
    .map((line) => sanitise(line.trimEnd()));
  return [`${start} ${first}`, ...rest];
}
