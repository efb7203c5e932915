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
  const base = new URL(server);
  const place: FaultPlace = { server, proxy: proxy === undefined ? undefined : withoutPassword(proxy) };
  const counters = { requests: 0, connections: 0 };
  const slots = turnstile(maxConnections);
  const streams = new Set<() => void>();
  let shared: { readonly tls: TlsMaterial; readonly agent: http.Agent } | undefined;

  /** A renewed client certificate needs new connections. */
  const sharedAgent = (material: TlsMaterial): http.Agent => {
    if (shared !== undefined && sameIdentity(shared.tls, material)) return shared.agent;
    if (shared !== undefined) retire(shared.agent);
    const agent = makeAgent(base, proxy, material, { keepAlive: true, maxSockets: maxConnections });
    shared = { tls: material, agent };
    return agent;
  };

  const begin = (request: WireRequest, agent: () => http.Agent) => () => {
    counters.requests += 1;
    const outgoing = send(base, request, agent());
    outgoing.once("socket", () => {
      if (!outgoing.reusedSocket) counters.connections += 1;
    });
    return outgoing;
  };

  const once = (request: WireRequest): Promise<WireResponse> =>
    guarded(
      begin(request, () => sharedAgent(request.tls)),
      request,
      place,
      async (outgoing) => {
        try {
          return await wholeOf(await headersOf(outgoing));
        } catch (error) {
          // The server may close an idle connection at the moment it is used again: nothing was processed, ask once more.
          const stale = outgoing.reusedSocket && (error as NodeJS.ErrnoException).code === "ECONNRESET";
          if (stale && request.method === "GET" && !request.signal?.aborted) return await once(request);
          throw error;
        }
      },
    );

  return {
    counters,
    fault: (error) => networkFault(error, place),
    request: (request) => slots(request.signal, () => once(request)),
    open: async (request) => {
      let agent: http.Agent | undefined;
      const ownAgent = (): http.Agent => {
        agent = makeAgent(base, proxy, request.tls, { keepAlive: false, maxSockets: 1 });
        return agent;
      };
      const close = () => {
        streams.delete(close);
        agent?.destroy();
      };
      streams.add(close);
      try {
        const response = await guarded(begin(request, ownAgent), request, place, headersOf);
        response.socket.setKeepAlive(true, 30_000);
        return { response, close };
      } catch (error) {
        close();
        throw error;
      }
    },
    close: () => {
      shared?.agent.destroy();
      for (const close of streams) close();
    },
  };
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
