/** One of the two output streams: the last place at which text is made harmless, and the one that knows when nobody reads any more. */
import type { Writable } from "node:stream";
import { ExpectedError } from "../model/errors.ts";
import type { Size } from "../report/live-frame.ts";
import { sanitise } from "../report/sanitise.ts";
import type { Layout, Style } from "../report/style.ts";
import { ownSequences } from "./color.ts";

/** A stream that may be a terminal, such as `process.stdout`. */
export type OutputStream = Writable & {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
};

export interface Output {
  readonly isTerminal: boolean;
  size(): Size;
  /** Whole lines. Whatever could steer a terminal is made visible, but for tabs and the colours of our own styles. */
  lines(lines: readonly string[]): void;
  /** A finished piece of screen: only for text that went through `printable`. */
  raw(text: string): void;
  onResize(listener: () => void): () => void;
}

/**
 * The output on a stream. Once nobody reads it any more, it swallows what is written; any other fault of the stream ends the
 * process with an ExpectedError.
 */
export function createOutput(stream: OutputStream): Output {
  let closed = false;
  // A reader that went away (`| head`), or a terminal that was closed, is no error of ours.
  stream.on("error", (error: NodeJS.ErrnoException) => {
    closed = true;
    if (error.code !== "EPIPE" && error.code !== "EIO" && error.code !== "ERR_STREAM_DESTROYED")
      throw new ExpectedError(`the output cannot be written: ${error.message}`, { cause: error });
  });
  const raw = (text: string) => {
    if (!closed && text !== "") stream.write(text);
  };
  return {
    isTerminal: stream.isTTY === true,
    size: () => ({ columns: stream.columns || 80, rows: stream.rows || 24 }),
    lines: (lines) => raw(lines.map((line) => `${printable(line)}\n`).join("")),
    raw,
    onResize(listener) {
      stream.on("resize", listener);
      return () => void stream.off("resize", listener);
    },
  };
}

/** With a style that is decided. */
export type ScreenLayout = Layout & { readonly style: Style };

/** How lines for this output are laid out: on a terminal they are broken to fit, in a pipe they are as long as they are. */
export function layoutOn({ isTerminal, size }: Output, style: Style): ScreenLayout {
  return { columns: isTerminal ? size().columns : undefined, style };
}

/** A line that can do nothing to a terminal but print, tabulate and be coloured. */
export function printable(line: string): string {
  let text = "";
  let end = 0;
  for (const match of line.matchAll(new RegExp(`\\t|${ownSequences.source}`, "g"))) {
    text += sanitise(line.slice(end, match.index)) + match[0];
    end = match.index + match[0].length;
  }
  return text + sanitise(line.slice(end));
}
