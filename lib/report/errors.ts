/** Errors in kubectl's wording: what the server said, what is wrong, and what to do about it. */
import { ExpectedError, InterruptedError, KubeError } from "../model/errors.ts";
import { sanitise } from "./sanitise.ts";
import { plain, type Style } from "./style.ts";

export interface ErrorOptions {
  readonly style?: Style | undefined;
  /** Prints the stack of a bug. */
  readonly stack?: boolean | undefined;
}

/**
 * The lines for standard error. `Error from server (Reason): message` and `error: message` as kubectl's
 * (k8s.io/kubectl/pkg/cmd/util/helpers.go); an interruption is no error and has its own words;
 * whatever is no ExpectedError is called a bug.
 */
export function errorLines(error: unknown, options: ErrorOptions = {}): string[] {
  const style = options.style ?? plain;
  if (!(error instanceof ExpectedError)) return bugLines(error, options.stack === true, style);
  if (error instanceof InterruptedError) return [style("warn", error.message)];
  const lines =
    error instanceof KubeError ? serverLines(error, style) : textLines(style("bad", "error:"), error.message);
  return error.hint === undefined ? lines : [...lines, ...textLines("hint:", error.hint)];
}

function serverLines(error: KubeError, style: Style): string[] {
  const { reason, message, causes } = error.status;
  const start = reason === "" ? "Error from server:" : `Error from server (${sanitise(reason)}):`;
  const unsaid = causes.filter((cause) => cause.message !== "" && !message.includes(cause.message));
  return [...textLines(style("bad", start), message), ...unsaid.flatMap((cause) => textLines(" ", cause.message))];
}

function bugLines(error: unknown, stack: boolean, style: Style): string[] {
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const lines = textLines(style("bad", "error:"), `a fault of kubectl-vmnode itself: ${message}`);
  if (!stack) return [...lines, "hint: the same command with -v=4 prints where it happened"];
  const trace = error instanceof Error ? (error.stack ?? "") : "";
  return [...lines, ...trace.split("\n").map(sanitise)];
}

/** Messages of servers have line breaks of their own; those stay. */
function textLines(start: string, message: string): string[] {
  const [first = "", ...rest] = message
    .trimEnd()
    .split("\n")
    .map((line) => sanitise(line.trimEnd()));
  return [`${start} ${first}`, ...rest];
}
