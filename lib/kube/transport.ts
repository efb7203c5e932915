/** HTTP to one API server over node:https: one kept-alive agent for short requests, an own connection for each stream. */
import http, { type IncomingMessage, type OutgoingHttpHeaders } from "node:http";
import https, { type AgentOptions, type RequestOptions } from "node:https";
import tls from "node:tls";
import { UnreachableError } from "../model/errors.ts";
import type { TlsMaterial } from "./credentials.ts";
import { type FaultPlace, networkFault, timeoutFault } from "./network-fault.ts";
import { leadThrough } from "./proxy-tunnel.ts";

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

export interface WireStream {
  readonly response: IncomingMessage;
  close(): void;
}

export interface Transport {
  /** Throws UnreachableError, or the signal's reason when it was aborted. */
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
  let shared: { readonly tls: TlsMaterial; readonly agent: http.Agent } | undefined;

  /** A renewed client certificate needs new connections. */
  const sharedAgent = (material: TlsMaterial): http.Agent => {
    if (shared?.tls.cert !== material.cert || shared?.tls.key !== material.key) {
      shared?.agent.destroy();
      shared = undefined;
    }
    shared ??= {
      tls: material,
      agent: makeAgent(base, proxy, material, { keepAlive: true, maxSockets: maxConnections }),
    };
    return shared.agent;
  };

  const start = (request: WireRequest, agent: http.Agent): http.ClientRequest => {
    const options: RequestOptions = {
      method: request.method,
      host: base.hostname.replace(/^\[|\]$/g, ""),
      port: base.port || (base.protocol === "https:" ? 443 : 80),
      path: base.pathname.replace(/\/$/, "") + request.path,
      headers: request.headers,
      agent,
    };
    counters.requests += 1;
    const outgoing = base.protocol === "https:" ? https.request(options) : http.request(options);
    outgoing.once("socket", () => {
      if (!outgoing.reusedSocket) counters.connections += 1;
    });
    outgoing.end(request.body);
    return outgoing;
  };

  const once = async (request: WireRequest): Promise<WireResponse> => {
    const agent = sharedAgent(request.tls);
    return await guarded(
      () => start(request, agent),
      request,
      place,
      async (outgoing) => {
        try {
          const response = await headersOf(outgoing);
          return {
            status: response.statusCode ?? 0,
            statusText: response.statusMessage ?? "",
            headers: response.headers,
            text: await textOf(response),
          };
        } catch (error) {
          // The server may close an idle connection at the moment it is used again: nothing was processed, ask once more.
          const stale = outgoing.reusedSocket && (error as NodeJS.ErrnoException).code === "ECONNRESET";
          if (stale && request.method === "GET" && !request.signal?.aborted) return await once(request);
          throw error;
        }
      },
    );
  };

  return {
    counters,
    fault: (error) => networkFault(error, place),
    request: (request) => slots(request.signal, () => once(request)),
    open: async (request) => {
      const agent = makeAgent(base, proxy, request.tls, { keepAlive: false, maxSockets: 1 });
      try {
        const response = await guarded(() => start(request, agent), request, place, headersOf);
        response.socket.setKeepAlive(true, 30_000);
        const close = () => {
          response.destroy();
          agent.destroy();
        };
        return { response, close };
      } catch (error) {
        agent.destroy();
        throw error;
      }
    },
    close: () => shared?.agent.destroy(),
  };
}

/** Begins a request, runs `work` on it under its time limit and signal, and says in our words what went wrong. */
async function guarded<T>(
  begin: () => http.ClientRequest,
  request: WireRequest,
  place: FaultPlace,
  work: (outgoing: http.ClientRequest) => Promise<T>,
): Promise<T> {
  const { timeoutMs, signal } = request;
  let outgoing: http.ClientRequest | undefined;
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
      connected = outgoing?.reusedSocket === true || !(secure || socket.connecting);
      if (connected) return;
      socket.once(secure ? "secureConnect" : "connect", () => {
        connected = true;
      });
    });
    return await Promise.race([stopped.promise, work(outgoing)]);
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw error instanceof UnreachableError ? error : networkFault(error, place);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}

function headersOf(outgoing: http.ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.once("response", resolve);
    outgoing.on("error", reject);
    outgoing.once("close", () => reject(Object.assign(new Error("socket closed"), { code: "ECONNRESET" })));
  });
}

/** The whole body as text. */
export async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

function makeAgent(
  base: URL,
  proxy: string | undefined,
  material: TlsMaterial,
  limits: { readonly keepAlive: boolean; readonly maxSockets: number },
): http.Agent {
  const agent =
    base.protocol === "https:" ? new https.Agent({ ...tlsOptions(material), ...limits }) : new http.Agent(limits);
  return proxy === undefined ? agent : leadThrough(agent, proxy);
}

function tlsOptions(material: TlsMaterial): AgentOptions {
  const { servername, rejectUnauthorized } = material;
  return {
    ca: material.ca ?? systemAuthorities(),
    ...(material.cert !== undefined && { cert: material.cert }),
    ...(material.key !== undefined && { key: material.key }),
    ...(servername !== undefined && { servername }),
    ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
  };
}

/** Without a CA of its own a cluster is trusted as kubectl does: by the machine's authorities, not by Node's. */
function systemAuthorities(): string[] {
  const system = tls.getCACertificates("system");
  return system.length > 0 ? system : tls.getCACertificates("default");
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
