/** One HTTP exchange of node:http under a time limit and a signal, with faults in our words. */
import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders } from "node:http";
import type { Socket } from "node:net";
import tls from "node:tls";
import { ExpectedError } from "../model/errors.ts";
import { type FaultPlace, networkFault, timeoutFault } from "./network-fault.ts";
import type { TlsMaterial } from "./secure-context.ts";

export interface WireRequest {
  readonly method: string;
  /** With query. */
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string | undefined;
  readonly tls: TlsMaterial;
  /** Of a short request: until the last byte of the answer; of a stream: until its first. */
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal | undefined;
}

export interface WireResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
}

/** Connections that have served a request: node:http's `reusedSocket` is not set when one is handed on without a pause. */
const established = new WeakSet<Socket>();

/** Begins a request, runs `work` on it under its time limit and signal, and says in our words what went wrong. */
export async function guarded<T>(
  begin: () => ClientRequest,
  request: WireRequest,
  place: FaultPlace,
  work: (outgoing: ClientRequest) => Promise<T>,
): Promise<T> {
  const { timeoutMs, signal } = request;
  let outgoing: ClientRequest | undefined;
  let connected = false;
  // A request that still waits for its proxy does not notice that it was destroyed: the race ends it.
  const stopped = Promise.withResolvers<never>();
  const stop = (reason: unknown) => {
    stopped.reject(reason);
    outgoing?.destroy();
  };
  const onTimeout = (limit: number) => stop(timeoutFault(place, limit, connected ? "answer" : "connect"));
  const timer = timeoutMs === undefined ? undefined : setTimeout(onTimeout, timeoutMs, timeoutMs);
  const onAbort = () => stop(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    signal?.throwIfAborted();
    outgoing = begin();
    outgoing.once("socket", (socket) => {
      const secure = socket instanceof tls.TLSSocket;
      connected = established.has(socket) || !(secure || socket.connecting);
      if (connected) return;
      socket.once(secure ? "secureConnect" : "connect", () => {
        established.add(socket);
        connected = true;
      });
    });
    return await Promise.race([stopped.promise, work(outgoing)]);
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw error instanceof ExpectedError ? error : networkFault(error, place);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}

/** The answer, as soon as its headers are there. */
export function headersOf(outgoing: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.once("response", resolve);
    outgoing.on("error", reject);
    outgoing.once("close", () => reject(Object.assign(new Error("socket closed"), { code: "ECONNRESET" })));
  });
}

/** The answer with its whole body. */
export async function wholeOf(response: IncomingMessage): Promise<WireResponse> {
  return {
    status: response.statusCode ?? 0,
    statusText: response.statusMessage ?? "",
    headers: response.headers,
    text: await textOf(response),
  };
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
