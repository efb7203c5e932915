/** A small HTTP(S) server on loopback that answers as a test says and remembers what it was asked. */
import http from "node:http";
import https from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { type CertificateAuthority, createAuthority } from "../../../lib/practice/api/certificates.ts";

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: http.IncomingHttpHeaders;
  /** Header lines as they arrived: [name, value]. */
  readonly headerLines: readonly (readonly [string, string])[];
  readonly body: unknown;
  /** Common name of the client certificate. */
  readonly certificate: string | undefined;
}

export type Reply =
  | { readonly status?: number; readonly headers?: http.OutgoingHttpHeaders; readonly body?: unknown }
  /** Takes the answer over: streams, hangs, cuts. */
  | ((response: http.ServerResponse) => void);

export interface FakeServer {
  readonly url: string;
  readonly port: number;
  readonly asked: Asked[];
  connections: number;
  close(): Promise<void>;
}

export interface FakeServerOptions {
  /** Serves TLS with a certificate of this authority for these names. */
  readonly tls?: { readonly authority: CertificateAuthority; readonly names: readonly string[] } | undefined;
}

export type Answer = (asked: Asked, index: number) => Reply | Promise<Reply>;

const running = new Set<FakeServer>();

/** Starts a server; `closeServers` in an afterEach ends it. */
export async function fakeServer(answer: Answer, options: FakeServerOptions = {}): Promise<FakeServer> {
  const asked: Asked[] = [];
  const listener: http.RequestListener = async (request, response) => {
    const record = await readRequest(request);
    asked.push(record);
    const reply = await answer(record, asked.length - 1);
    if (typeof reply === "function") return reply(response);
    const text = typeof reply.body === "string" ? reply.body : JSON.stringify(reply.body ?? {});
    response.writeHead(reply.status ?? 200, { "Content-Type": "application/json", ...reply.headers });
    response.end(text);
  };
  const server = options.tls
    ? https.createServer(await tlsOptions(options.tls), listener)
    : http.createServer(listener);
  const sockets = new Set<Socket>();
  server.on(options.tls ? "secureConnection" : "connection", () => {
    result.connections += 1;
  });
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const result: FakeServer = {
    url: `${options.tls ? "https" : "http"}://127.0.0.1:${port}`,
    port,
    asked,
    connections: 0,
    close: () =>
      new Promise((resolve) => {
        running.delete(result);
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
  running.add(result);
  return result;
}

export async function closeServers(): Promise<void> {
  await Promise.all([...running].map((server) => server.close()));
}

async function tlsOptions({ authority, names }: NonNullable<FakeServerOptions["tls"]>): Promise<https.ServerOptions> {
  const { certificate, key } = await authority.server(names);
  return { cert: certificate, key, ca: authority.certificate, requestCert: true, rejectUnauthorized: false };
}

async function readRequest(request: http.IncomingMessage): Promise<Asked> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  const url = new URL(request.url ?? "/", "http://server");
  const lines: [string, string][] = [];
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    lines.push([request.rawHeaders[index] ?? "", request.rawHeaders[index + 1] ?? ""]);
  }
  const peer = "getPeerCertificate" in request.socket ? (request.socket as TLSSocket).getPeerCertificate() : undefined;
  return {
    method: request.method ?? "",
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: request.headers,
    headerLines: lines,
    body: text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : text || undefined,
    certificate: peer?.subject?.CN as string | undefined,
  };
}

/** An authority whose certificates are valid around `now`. */
export function testAuthority(now = new Date()): Promise<CertificateAuthority> {
  return createAuthority(now);
}

export interface StatusOptions {
  readonly reason?: string;
  readonly message?: string;
  readonly details?: unknown;
}

/** A Status reply as the API server sends it for a refusal. */
export function refusal(code: number, { reason = "", message = "", details }: StatusOptions = {}): Reply {
  return {
    status: code,
    body: { kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message, details },
  };
}
