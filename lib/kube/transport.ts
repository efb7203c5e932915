/** HTTP to one API server: one kept-alive agent for short requests, an own connection for each stream. */
import http, { type IncomingMessage } from "node:http";
import https, { type RequestOptions } from "node:https";
import type { UnreachableError } from "../model/errors.ts";
import { makeAgent, retire, sameIdentity } from "./agents.ts";
import { guarded, headersOf, type WireRequest, type WireResponse, wholeOf } from "./exchange.ts";
import { type FaultPlace, networkFault } from "./network-fault.ts";
import type { TlsMaterial } from "./secure-context.ts";

export interface WireStream {
  readonly response: IncomingMessage;
  close(): void;
}

export interface Transport {
  /** Throws UnreachableError, ConfigError for what cannot be used for TLS, or the signal's reason when it was aborted. */
  request(request: WireRequest): Promise<WireResponse>;
  /** Resolves with the headers; the body is left to be read. */
  open(request: WireRequest): Promise<WireStream>;
  /** The error to throw when a stream breaks. */
  fault(error: unknown): UnreachableError;
  close(): void;
  readonly counters: { requests: number; connections: number };
}

/** More connections make nothing faster: the API server serialises little, and each costs a TLS handshake. */
const maxConnections = 2;

/** `server` is the address with an optional path prefix; `proxy` the URL of the proxy in between. */
export function openTransport(server: string, proxy: string | undefined): Transport {
  return new HttpTransport(server, proxy);
}

class HttpTransport implements Transport {
  readonly counters = { requests: 0, connections: 0 };
  readonly #base: URL;
  readonly #proxy: string | undefined;
  readonly #place: FaultPlace;
  readonly #slots = turnstile(maxConnections);
  readonly #streams = new Set<() => void>();
  #shared: { readonly tls: TlsMaterial; readonly agent: http.Agent } | undefined;

  constructor(server: string, proxy: string | undefined) {
    this.#base = new URL(server);
    this.#proxy = proxy;
    this.#place = { server, proxy: proxy === undefined ? undefined : withoutPassword(proxy) };
  }

  request(request: WireRequest): Promise<WireResponse> {
    return this.#slots(request.signal, () => this.#exchange(request));
  }

  async open(request: WireRequest): Promise<WireStream> {
    let agent: http.Agent | undefined;
    const close = () => {
      this.#streams.delete(close);
      agent?.destroy();
    };
    this.#streams.add(close);
    const begin = () => {
      agent = makeAgent(this.#base, this.#proxy, request.tls, { keepAlive: false, maxSockets: 1 });
      return this.#begin(request, agent);
    };
    try {
      const response = await guarded(begin, request, this.#place, headersOf);
      response.socket.setKeepAlive(true, 30_000);
      return { response, close };
    } catch (error) {
      close();
      throw error;
    }
  }

  fault(error: unknown): UnreachableError {
    return networkFault(error, this.#place);
  }

  close(): void {
    this.#shared?.agent.destroy();
    for (const close of this.#streams) close();
  }

  #exchange(request: WireRequest): Promise<WireResponse> {
    const begin = () => this.#begin(request, this.#sharedAgent(request.tls));
    return guarded(begin, request, this.#place, async (outgoing) => {
      try {
        return await wholeOf(await headersOf(outgoing));
      } catch (error) {
        // The server may close an idle connection at the moment it is used again: nothing was processed, ask once more.
        const stale = outgoing.reusedSocket && (error as NodeJS.ErrnoException).code === "ECONNRESET";
        if (stale && request.method === "GET" && !request.signal?.aborted) return await this.#exchange(request);
        throw error;
      }
    });
  }

  #begin(request: WireRequest, agent: http.Agent): http.ClientRequest {
    this.counters.requests += 1;
    const outgoing = send(this.#base, request, agent);
    outgoing.once("socket", () => {
      if (!outgoing.reusedSocket) this.counters.connections += 1;
    });
    return outgoing;
  }

  /** A renewed client certificate needs new connections. */
  #sharedAgent(material: TlsMaterial): http.Agent {
    if (this.#shared !== undefined && sameIdentity(this.#shared.tls, material)) return this.#shared.agent;
    if (this.#shared !== undefined) retire(this.#shared.agent);
    const agent = makeAgent(this.#base, this.#proxy, material, { keepAlive: true, maxSockets: maxConnections });
    this.#shared = { tls: material, agent };
    return agent;
  }
}

function send(base: URL, request: WireRequest, agent: http.Agent): http.ClientRequest {
  const options: RequestOptions = {
    method: request.method,
    host: base.hostname.replace(/^\[|\]$/g, ""),
    port: base.port || (base.protocol === "https:" ? 443 : 80),
    path: base.pathname.replace(/\/$/, "") + request.path,
    headers: request.headers,
    agent,
  };
  const outgoing = base.protocol === "https:" ? https.request(options) : http.request(options);
  return outgoing.end(request.body);
}

function withoutPassword(proxy: string): string {
  const url = new URL(proxy);
  return `${url.protocol}//${url.host}`;
}

/** Lets `width` pieces of work run at a time; time limits thereby do not count the wait for a connection. */
function turnstile(width: number): <T>(signal: AbortSignal | undefined, work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let busy = 0;
  return async (signal, work) => {
    if (busy >= width) await new Promise<void>((resolve) => waiting.push(resolve));
    else busy += 1;
    try {
      signal?.throwIfAborted();
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) busy -= 1;
      else next();
    }
  };
}
