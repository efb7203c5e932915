/** Opens a connection to the API server through an http, https or SOCKS5 proxy. */
import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import net, { type Socket } from "node:net";
import { UnreachableError } from "../model/errors.ts";

interface Target {
  readonly host: string;
  readonly port: number;
}

/** Throws UnreachableError naming the proxy when it is not there or refuses, or the signal's reason when it was aborted before. */
export async function openTunnel(proxy: URL, target: Target, signal: AbortSignal): Promise<Socket> {
  signal.throwIfAborted();
  return await (proxy.protocol.startsWith("socks")
    ? openSocks(proxy, target, signal)
    : openConnect(proxy, target, signal));
}

async function openConnect(proxy: URL, target: Target, signal: AbortSignal): Promise<Socket> {
  const host = net.isIPv6(target.host) ? `[${target.host}]` : target.host;
  const authority = `${host}:${target.port}`;
  const { user, password } = loginOf(proxy);
  const login =
    user === "" && password === ""
      ? {}
      : { "Proxy-Authorization": `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` };
  const { request } = proxy.protocol === "https:" ? https : http;
  const asking = request({
    method: "CONNECT",
    host: hostOf(proxy),
    port: proxy.port || (proxy.protocol === "https:" ? 443 : 80),
    path: authority,
    headers: { Host: authority, ...login },
    agent: false,
    signal,
    // Whatever NODE_TLS_REJECT_UNAUTHORIZED says, which was set for some other program.
    ...(proxy.protocol === "https:" && { rejectUnauthorized: true }),
  });
  asking.end();
  const answer = await Promise.race([once(asking, "connect"), once(asking, "response")]).catch((error: unknown) => {
    throw notThere(proxy, error);
  });
  const [response, socket] = answer as [http.IncomingMessage, Socket | undefined];
  if (response.statusCode === 200 && socket !== undefined) return socket;
  response.destroy();
  throw refusal(proxy, target, `HTTP ${response.statusCode}`);
}

const socks = { version: 5, noLogin: 0, passwordLogin: 2, connect: 1, ipv4: 1, name: 3, ipv6: 4 } as const;

/** Reply codes of RFC 1928, section 6. */
const socksReplies = [
  "done",
  "general failure",
  "not allowed by its rules",
  "network unreachable",
  "host unreachable",
  "connection refused",
  "time to live expired",
  "command not supported",
  "address type not supported",
];

/** RFC 1928 and 1929. As in Go, names are resolved by the proxy whether it is called socks5 or socks5h. */
async function openSocks(proxy: URL, target: Target, signal: AbortSignal): Promise<Socket> {
  const socket = net.connect(Number(proxy.port || 1080), hostOf(proxy));
  const onAbort = () => socket.destroy();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await once(socket, "connect");
    const { user, password } = loginOf(proxy);
    const methods = user === "" ? [socks.noLogin] : [socks.noLogin, socks.passwordLogin];
    socket.write(Buffer.from([socks.version, methods.length, ...methods]));
    const [, method] = await read(socket, 2);
    if (method === socks.passwordLogin) {
      socket.write(Buffer.concat([Buffer.from([1]), counted(user), counted(password)]));
      const [, status] = await read(socket, 2);
      if (status !== 0) throw refusal(proxy, target, "SOCKS: wrong user name or password");
    } else if (method !== socks.noLogin) {
      throw refusal(proxy, target, "SOCKS: it wants another kind of login");
    }
    const port = Buffer.from([target.port >> 8, target.port & 0xff]);
    socket.write(Buffer.concat([Buffer.from([socks.version, socks.connect, 0]), socksAddress(target.host), port]));
    const [, reply = 1, , type, length = 0] = await read(socket, 5);
    if (reply !== 0) throw refusal(proxy, target, `SOCKS: ${socksReplies[reply] ?? `code ${reply}`}`);
    // The rest of the address that the proxy uses itself, and its port; one byte of it has been read.
    await read(socket, (type === socks.ipv4 ? 4 : type === socks.ipv6 ? 16 : length + 1) - 1 + 2);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error instanceof UnreachableError ? error : notThere(proxy, error);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function socksAddress(host: string): Buffer {
  const family = net.isIP(host);
  if (family === 4) return Buffer.from([socks.ipv4, ...host.split(".").map(Number)]);
  if (family === 0) return Buffer.concat([Buffer.from([socks.name]), counted(host)]);
  // The URL parser writes every IPv6 address in one canonical form, in which only the zeros have to be filled in.
  const [head = "", tail] = new URL(`http://[${host}]`).hostname.slice(1, -1).split("::");
  const before = head.split(":").filter((group) => group !== "");
  const after = (tail ?? "").split(":").filter((group) => group !== "");
  const groups = [...before, ...Array<string>(8 - before.length - after.length).fill("0"), ...after];
  const bytes = groups.map((group) => Number.parseInt(group, 16)).flatMap((group) => [group >> 8, group & 0xff]);
  return Buffer.from([socks.ipv6, ...bytes]);
}

function counted(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

/** Exactly `length` bytes; what came beyond them goes back. */
async function read(socket: Socket, length: number): Promise<Buffer> {
  let bytes = Buffer.alloc(0);
  while (bytes.length < length) {
    const chunk = socket.read() as Buffer | null;
    if (chunk !== null) {
      bytes = Buffer.concat([bytes, chunk]);
      continue;
    }
    if (socket.destroyed || socket.readableEnded) throw new Error("it closed the connection");
    const waiting = new AbortController();
    const events = ["readable", "end", "close"].map((event) => once(socket, event, { signal: waiting.signal }));
    await Promise.race(events).finally(() => waiting.abort());
  }
  if (bytes.length > length) socket.unshift(bytes.subarray(length));
  return bytes.subarray(0, length);
}

function hostOf(proxy: URL): string {
  return proxy.hostname.replace(/^\[|\]$/g, "");
}

function loginOf(proxy: URL): { readonly user: string; readonly password: string } {
  return { user: decodeURIComponent(proxy.username), password: decodeURIComponent(proxy.password) };
}

const hint = "look at proxy-url in the kubeconfig, else at HTTPS_PROXY and NO_PROXY";

function notThere(proxy: URL, error: unknown): UnreachableError {
  const { code, message } = error as NodeJS.ErrnoException;
  return new UnreachableError(`the proxy ${proxy.protocol}//${proxy.host} cannot be used: ${code ?? message}`, {
    hint,
    cause: error,
  });
}

function refusal(proxy: URL, target: Target, why: string): UnreachableError {
  const to = `${target.host}:${target.port}`;
  return new UnreachableError(`the proxy ${proxy.protocol}//${proxy.host} refused to connect to ${to} (${why})`, {
    hint,
  });
}
