/** The practice API server: HTTPS on loopback over the object store. */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { PracticeClock } from "../clock.ts";
import { failure, StoreError } from "../status.ts";
import type { Store } from "../store.ts";
import type { Admission, AggregatedApi } from "./admission.ts";
import { aggregatedResources } from "./aggregation.ts";
import { authenticate, impersonated } from "./authentication.ts";
import { isAllowed } from "./authorization.ts";
import { seedCluster } from "./bootstrap.ts";
import { type ApiContext, type Call, type Reply, requestInfo, type UserInfo } from "./call.ts";
import { type CertificateAuthority, createAuthority, type KeyPair } from "./certificates.ts";
import { type FaultRule, suffer } from "./faults.ts";
import { type Identity, kubeconfigText } from "./kubeconfig.ts";
import { handle } from "./router.ts";

export interface ApiServerOptions {
  readonly store: Store;
  readonly clock: PracticeClock;
  readonly admission?: Admission;
  readonly aggregated?: AggregatedApi;
  /** What the aggregated API offers; default: everything that today's KubeVirt does. */
  readonly aggregatedResources?: readonly string[];
  /** 0, the default, takes any free port. */
  readonly port?: number;
}

/** One request as the audit log has it. */
export interface LoggedRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly user: string;
  readonly userAgent: string;
  /** Practice time. */
  readonly time: Date;
  /** Undefined until the answer has begun, and when there never was one. */
  status: number | undefined;
}

export interface ApiServer {
  readonly url: string;
  readonly port: number;
  /** PEM of the authority that signed the server's certificate. */
  readonly caCertificate: string;
  /** Every request since the start (or since a reader emptied the list), oldest first. */
  readonly requests: LoggedRequest[];
  /** A kubeconfig for an identity; without one, for an administrator in system:masters. */
  kubeconfig(identity?: Identity): Promise<string>;
  /** Makes a bearer token stand for a user. */
  addToken(token: string, user: UserInfo): void;
  /** From now on this rule decides which requests suffer a fault; undefined: none. */
  setFault(rule: FaultRule | undefined): void;
  close(): Promise<void>;
}

/** The most requests that the log keeps. */
const loggedRequests = 200_000;

/** Starts the server with fresh certificates, the bootstrap objects of a cluster and KubeVirt's definitions. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { store, clock } = options;
  const context: ApiContext = {
    store,
    clock,
    admission: options.admission ?? (() => ({ allowed: true })),
    aggregated: options.aggregated ?? (() => undefined),
    aggregatedResources: options.aggregatedResources ?? aggregatedResources,
    tokens: new Map(),
  };
  const stopSeed = seedCluster(context);
  const authority = await createAuthority(new Date());
  const pair = await authority.server(["127.0.0.1", "localhost", "kubernetes", "kubernetes.default.svc"]);
  const requests: LoggedRequest[] = [];
  const closing = new AbortController();
  let rule: FaultRule | undefined;
  const handler: Handler = (request, response, connection) => {
    const exchange = new Exchange(context, {
      request,
      response,
      connection,
      log: requests,
      rule,
      closing: closing.signal,
    });
    void exchange.run();
  };
  const { server, connections, port } = await listen(pair, authority, options.port ?? 0, handler);
  const url = `https://127.0.0.1:${port}`;
  return {
    url,
    port,
    caCertificate: authority.certificate,
    requests,
    kubeconfig: (identity) => kubeconfigText({ url, authority, identity }),
    addToken: (token, user) => void context.tokens.set(token, user),
    setFault: (next) => {
      rule = next;
    },
    close: () => {
      closing.abort();
      stopSeed();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      // All of them: one whose TLS handshake is under way is none of the HTTP server's yet, and would keep it open.
      for (const connection of connections.values()) connection.destroy();
      return closed;
    },
  };
}

type Handler = (request: IncomingMessage, response: ServerResponse, connection: Socket | undefined) => void;

/** Listens with TLS on loopback; the handler is given the TCP connection below TLS as well. */
async function listen(
  pair: KeyPair,
  authority: CertificateAuthority,
  wantedPort: number,
  handler: Handler,
): Promise<{ server: Server; connections: ReadonlyMap<number, Socket>; port: number }> {
  /** TCP connections by the client's port. */
  const connections = new Map<number, Socket>();
  const server = createServer(
    {
      cert: pair.certificate,
      key: pair.key,
      ca: authority.certificate,
      requestCert: true,
      rejectUnauthorized: false,
      keepAliveTimeout: 90_000,
    },
    (request, response) => handler(request, response, connections.get(request.socket.remotePort ?? 0)),
  );
  server.on("connection", (socket: Socket) => {
    const { remotePort = 0 } = socket;
    connections.set(remotePort, socket);
    socket.on("close", () => connections.delete(remotePort));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(wantedPort, "127.0.0.1", resolve);
  });
  return { server, connections, port: (server.address() as AddressInfo).port };
}

interface ExchangeOptions {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly connection: Socket | undefined;
  readonly log: LoggedRequest[];
  readonly rule: FaultRule | undefined;
  readonly closing: AbortSignal;
}

/** One request and its answer. */
class Exchange {
  readonly #context: ApiContext;
  readonly #options: ExchangeOptions;
  readonly #logged: LoggedRequest;

  constructor(context: ApiContext, options: ExchangeOptions) {
    this.#context = context;
    this.#options = options;
    const { method = "GET", url = "/", headers } = options.request;
    const userAgent = headers["user-agent"] ?? "";
    this.#logged = { method, url, user: "", userAgent, time: context.clock.now(), status: undefined };
    if (options.log.length >= loggedRequests) options.log.splice(0, loggedRequests / 2);
    options.log.push(this.#logged);
  }

  async run(): Promise<void> {
    const { request, response, connection, rule } = this.#options;
    const { method, url, userAgent } = this.#logged;
    response.setHeader("Date", this.#context.clock.now().toUTCString());
    try {
      const body = await readAll(request);
      const fault = rule?.({ method, url, userAgent });
      if (fault !== undefined && (await suffer(fault, response, connection))) return;
      this.#answer(handle(this.#context, this.#call(body)));
    } catch (error) {
      if (request.destroyed && !request.complete) return;
      this.#answer(errorReply(error));
    }
  }

  #call(body: Buffer): Call {
    const { request, response, closing } = this.#options;
    const url = new URL(this.#logged.url, "https://127.0.0.1");
    const gone = new AbortController();
    response.on("close", () => gone.abort());
    const real = authenticate(request, this.#context.tokens);
    const user = impersonated(real, request.headersDistinct, (who, what) => isAllowed(this.#context.store, who, what));
    Object.assign(this.#logged, { user: user.name });
    return {
      method: this.#logged.method,
      query: url.searchParams,
      header: (name) => String(request.headers[name] ?? ""),
      body,
      user,
      info: requestInfo(this.#logged.method, url),
      signal: AbortSignal.any([gone.signal, closing]),
    };
  }

  #answer({ status, text, value, contentType = "application/json", headers, stream }: Reply): void {
    const { response } = this.#options;
    if (response.headersSent || response.destroyed) return;
    this.#logged.status = status;
    response.writeHead(status, {
      "Content-Type": contentType,
      "Cache-Control": "no-cache, private",
      "Audit-Id": randomUUID(),
      ...headers,
    });
    if (stream === undefined) {
      response.end(text ?? JSON.stringify(value));
      return;
    }
    response.flushHeaders();
    stream(
      (part) => void response.write(part),
      () => void response.end(),
    );
  }
}

/** An error as the client sees it: a refusal with its Status, everything else as a fault of the server. */
function errorReply(error: unknown): Reply {
  if (error instanceof StoreError) {
    const { status } = error;
    const retry = status.details?.retryAfterSeconds;
    return {
      status: status.code,
      value: status,
      ...(retry === undefined ? {} : { headers: { "Retry-After": String(retry) } }),
    };
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { status: 500, value: failure(500, `the practice server failed: ${message}`, "InternalError") };
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
