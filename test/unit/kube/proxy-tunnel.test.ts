/** Ways through proxies, with real proxies on loopback. */
import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Connection, connect } from "../../../lib/kube/connection.ts";
import type { CertificateAuthority } from "../../../lib/practice/api/certificates.ts";
import { closeServers, type FakeServer, fakeServer, testAuthority } from "./fake-server.ts";
import { kubeconfigText, temporaryFolder, testEnvironment } from "./surroundings.ts";

const folder = temporaryFolder();
const open: Connection[] = [];
const proxies: net.Server[] = [];
let authority: CertificateAuthority;

beforeAll(async () => {
  authority = await testAuthority();
});
afterEach(async () => {
  for (const connection of open.splice(0)) connection.close();
  for (const proxy of proxies.splice(0)) proxy.close();
  await closeServers();
});
afterAll(folder.remove);

const secureServer = () => fakeServer(() => ({}), { tls: { authority, names: ["127.0.0.1", "api.example", "::1"] } });
const get = { method: "GET", path: "/version" } as const;

async function connected(server: string, proxyUrl: string): Promise<Connection> {
  const cluster = { server, "certificate-authority-data": btoa(authority.certificate), "proxy-url": proxyUrl };
  const kubeconfig = folder.write("config", kubeconfigText(cluster, { token: "t" }));
  const connection = await connect({ kubeconfig }, testEnvironment());
  open.push(connection);
  return connection;
}

async function listening(proxy: net.Server): Promise<number> {
  proxies.push(proxy.listen(0, "127.0.0.1"));
  await once(proxy, "listening");
  return (proxy.address() as net.AddressInfo).port;
}

function join(socket: net.Socket, port: number, onConnect: () => void): void {
  const upstream = net.connect(port, "127.0.0.1", () => {
    onConnect();
    upstream.pipe(socket).pipe(upstream);
  });
  for (const end of [upstream, socket]) end.on("error", () => end.destroy());
  socket.on("close", () => upstream.destroy());
}

describe("an http proxy", () => {
  interface Asked {
    readonly target: string;
    readonly authorization: string | undefined;
  }

  /** Answers CONNECT with `status`, and with 200 leads to `server`. */
  async function httpProxy(
    server: FakeServer,
    status = 200,
  ): Promise<{ readonly port: number; readonly asked: Asked[] }> {
    const asked: Asked[] = [];
    const proxy = http.createServer().on("connect", (request: http.IncomingMessage, socket: net.Socket) => {
      asked.push({ target: request.url ?? "", authorization: request.headers["proxy-authorization"] });
      if (status === 200) join(socket, server.port, () => socket.write("HTTP/1.1 200 OK\r\n\r\n"));
      else socket.end(`HTTP/1.1 ${status} No\r\n\r\n`);
    });
    return { port: await listening(proxy), asked };
  }

  test("leads the way, with its password, on kept connections", async () => {
    const server = await secureServer();
    const { port, asked } = await httpProxy(server);
    const connection = await connected(server.url, `http://me:p%40ss@127.0.0.1:${port}`);
    for (let index = 0; index < 3; index += 1) expect((await connection.send(get)).status).toBe(200);
    expect(asked).toEqual([{ target: `127.0.0.1:${server.port}`, authorization: `Basic ${btoa("me:p@ss")}` }]);
    expect(connection.counters).toEqual({ requests: 3, connections: 1 });
  });

  test("leads to names that this machine cannot resolve, to IPv6 addresses, and to servers without TLS", async () => {
    const server = await secureServer();
    const { port, asked } = await httpProxy(server);
    for (const address of ["https://api.example:6443", "https://[::1]:6443"]) {
      expect((await (await connected(address, `http://127.0.0.1:${port}`)).send(get)).status).toBe(200);
    }
    const plain = await fakeServer(() => ({}));
    const plainProxy = await httpProxy(plain);
    expect((await (await connected(plain.url, `http://127.0.0.1:${plainProxy.port}`)).send(get)).status).toBe(200);
    expect(asked.map(({ target }) => target)).toEqual(["api.example:6443", "[::1]:6443"]);
  });

  test("that refuses is named without its password", async () => {
    const server = await secureServer();
    const { port } = await httpProxy(server, 407);
    await expect((await connected(server.url, `http://me:pass@127.0.0.1:${port}`)).send(get)).rejects.toMatchObject({
      name: "UnreachableError",
      message: `the proxy http://127.0.0.1:${port} refused to connect to 127.0.0.1:${server.port} (HTTP 407)`,
    });
  });

  test("that is not there is told apart from a server that is not there", async () => {
    const server = await secureServer();
    const { port } = await httpProxy(server);
    proxies[0]?.close();
    await expect((await connected(server.url, `http://127.0.0.1:${port}`)).send(get)).rejects.toMatchObject({
      message: `the proxy http://127.0.0.1:${port} cannot be used: ECONNREFUSED`,
    });
  });

  test("that hangs is given up with the request, and let go with the connection", async () => {
    const server = await secureServer();
    const sockets: net.Socket[] = [];
    const port = await listening(net.createServer((socket) => sockets.push(socket)));
    const connection = await connected(server.url, `http://127.0.0.1:${port}`);
    await expect(connection.send({ ...get, timeoutMs: 50 })).rejects.toThrow("no connection to the server");
    connection.close();
    for (const socket of sockets) if (!socket.closed) await once(socket.resume(), "close");
  });
});

describe("a SOCKS5 proxy", () => {
  interface Script {
    readonly login?: { readonly user: string; readonly password: string };
    readonly reply?: number;
  }

  /** Speaks RFC 1928 with clients that send each message in one packet, and leads to `server`. */
  async function socksProxy(server: FakeServer, { login, reply = 0 }: Script = {}) {
    const asked: string[] = [];
    const proxy = net.createServer(async (socket) => {
      socket.on("error", () => {});
      const message = async () => (await once(socket, "data"))[0] as Buffer;
      const methods = [...(await message()).subarray(2)];
      const method = login === undefined ? 0 : 2;
      socket.write(Buffer.from([5, methods.includes(method) ? method : 255]));
      if (!methods.includes(method)) return;
      if (login !== undefined) {
        const given = await message();
        const user = given.subarray(2, 2 + (given[1] ?? 0)).toString();
        const password = given.subarray(3 + user.length).toString();
        const right = user === login.user && password === login.password;
        socket.write(Buffer.from([1, right ? 0 : 1]));
        if (!right) return;
      }
      const request = await message();
      asked.push(request.subarray(3).toString("hex"));
      const answer = Buffer.from([5, reply, 0, 1, 127, 0, 0, 1, 0, 80]);
      // In two packets, because nothing promises one.
      const respond = () => {
        socket.write(answer.subarray(0, 4));
        setImmediate(() => socket.write(answer.subarray(4)));
      };
      if (reply === 0) join(socket, server.port, respond);
      else respond();
    });
    return { port: await listening(proxy), asked };
  }

  const hex = (text: string) => Buffer.from(text).toString("hex");
  const addresses: readonly [address: string, asked: string][] = [
    ["127.0.0.1:6443", "017f000001192b"],
    ["api.example:6443", `030b${hex("api.example")}192b`],
    ["[::1]:443", `04${"0".repeat(31)}101bb`],
  ];
  test.for(addresses)("resolves and connects for us: %s", async ([address, request]) => {
    const { port, asked } = await socksProxy(await secureServer());
    const connection = await connected(`https://${address}`, `socks5://127.0.0.1:${port}`);
    expect((await connection.send(get)).status).toBe(200);
    expect((await connection.send(get)).status).toBe(200);
    expect(asked).toEqual([request]);
  });

  test("gets the user name and the password that it wants", async () => {
    const server = await secureServer();
    const { port } = await socksProxy(server, { login: { user: "me", password: "pass" } });
    expect((await (await connected(server.url, `socks5h://me:pass@127.0.0.1:${port}`)).send(get)).status).toBe(200);
    const refused = (url: string) => connected(server.url, url).then((connection) => connection.send(get));
    await expect(refused(`socks5://me:wrong@127.0.0.1:${port}`)).rejects.toThrow(
      "(SOCKS: wrong user name or password)",
    );
    await expect(refused(`socks5://127.0.0.1:${port}`)).rejects.toThrow("(SOCKS: it wants another kind of login)");
  });

  test("that refuses is named with its reason", async () => {
    const server = await secureServer();
    const { port } = await socksProxy(server, { reply: 2 });
    await expect((await connected(server.url, `socks5://127.0.0.1:${port}`)).send(get)).rejects.toMatchObject({
      name: "UnreachableError",
      message: `the proxy socks5://127.0.0.1:${port} refused to connect to 127.0.0.1:${server.port} (SOCKS: not allowed by its rules)`,
    });
  });

  test("that closes the connection, or is none, is said", async () => {
    const server = await secureServer();
    const port = await listening(net.createServer((socket) => socket.end()));
    await expect((await connected(server.url, `socks5://127.0.0.1:${port}`)).send(get)).rejects.toThrow(
      `the proxy socks5://127.0.0.1:${port} cannot be used: it closed the connection`,
    );
  });
});
