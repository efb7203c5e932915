/** Turns the body of a streamed answer into lines, and ends it when it falls silent or is no longer wanted. */
import type { UnreachableError } from "../model/errors.ts";
import type { WireStream } from "./transport.ts";

export interface LineStreamOptions {
  /** So long without a byte and the stream ends, as if the server had ended it. */
  readonly idleTimeoutMs: number;
  /** Ends the stream quietly. */
  readonly signal: AbortSignal | undefined;
  readonly fault: (error: unknown) => UnreachableError;
}

export interface LineStream {
  readonly lines: AsyncIterable<string>;
  close(): void;
}

/** Lines of `stream`, which is closed when they end. They throw what `fault` makes of a connection that breaks. */
export function lineStream(stream: WireStream, options: LineStreamOptions): LineStream {
  const { response } = stream;
  const { signal, fault, idleTimeoutMs } = options;
  let wanted = true;
  const close = () => {
    wanted = false;
    signal?.removeEventListener("abort", close);
    stream.close();
  };
  signal?.addEventListener("abort", close, { once: true });
  if (signal?.aborted) close();
  response.socket.setTimeout(idleTimeoutMs, close);
  response.setEncoding("utf8");
  async function* lines(): AsyncGenerator<string> {
    let rest = "";
    try {
      for await (const chunk of response as AsyncIterable<string>) {
        const parts = (rest + chunk).split("\n");
        rest = parts.pop() ?? "";
        yield* parts;
      }
      if (rest !== "") yield rest;
    } catch (error) {
      if (wanted) throw fault(error);
    } finally {
      close();
    }
  }
  return { lines: lines(), close };
}
