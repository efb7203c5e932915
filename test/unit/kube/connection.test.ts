/** Requests over real sockets on loopback: what is sent, what comes back, and what is said when nothing does. */
import { once } from "node:events";
import type http from "node:http";
import net from "node:net";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Connection } from "../../../lib/kube/connection.ts";
import type { ConnectionOptions } from "../../../lib/kube/effective-config.ts";
import type { CertificateAuthority } from "../../../lib/practice/api/certificates.ts";
import { closeServers, type FakeServer, fakeServer, refusal, testAuthority } from "./fake-server.ts";
import { connectTo, temporaryFolder, testEnvironment } from "./surroundings.ts";

const folder = temporaryFolder();
const open: Connection[] = [];
const others: net.Server[] = [];
let authority: CertificateAuthority;
let caFile: string;

beforeAll(async () => {
  authority = await testAuthority();
  caFile = folder.write("ca.pem", authority.certificate);
  return folder.remove;
});
afterEach(async () => {
  for (const connection of open.splice(0)) connection.close();
  for (const server of others.splice(0)) server.close();
  await closeServers();
});

async function connected(server: string, options: ConnectionOptions = {}, environment = testEnvironment()) {
  const connection = await connectTo(server, options, environment);
  open.push(connection);
  return connection;
}

const secure = (names = ["127.0.0.1"], by = authority) => ({ tls: { authority: by, names } });
const get = (path = "/version") => ({ method: "GET", path }) as const;

describe("a request", () => {
  test("carries who we are, what we want and the body with its type", async () => {
    const server = await fakeServer(() => ({ body: { ok: true } }));
    const connection = await connected(`${server.url}/prefix/`);
    const response = await connection.send({
      method: "PATCH",
      path: "/api/v1/nodes/n",
      query: { dryRun: "All", fieldManager: undefined, limit: 5, watch: false },
      body: { a: "é" },
      contentType: "application/merge-patch+json",
      accept: "application/x",
    });
    expect(server.asked).toMatchObject([
      {
        method: "PATCH",
        path: "/prefix/api/v1/nodes/n",
        query: { dryRun: "All", limit: "5", watch: "false" },
        body: { a: "é" },
        headers: { accept: "application/x", "content-type": "application/merge-patch+json" },
      },
    ]);
    expect(server.asked[0]?.headers["user-agent"]).toMatch(/^kubectl-vmnode\/1\.2\.3 \(\w+\/\w+\)$/);
    expect(server.asked[0]?.headers["accept-encoding"]).toBeUndefined();
    expect(response).toMatchObject({ status: 200, body: { ok: true } });
  });

  test("resolves on every HTTP answer, with the server's clock", async () => {
    const server = await fakeServer(() => ({
      ...refusal(409, { reason: "Conflict" }),
      headers: { Date: "Thu, 01 Jan 2026 10:00:00 GMT" },
    }));
    const response = await (await connected(server.url)).send(get());
    expect(response).toMatchObject({ status: 409, body: { reason: "Conflict" } });
    expect(response.serverTime).toEqual(new Date("2026-01-01T10:00:00Z"));
  });

  test("can impersonate another user for itself alone", async () => {
    const server = await fakeServer(() => ({}));
    const connection = await connected(server.url, { as: "jane", asGroup: ["g"] });
    await connection.send({ ...get(), as: "system:serviceaccount:kubevirt:kubevirt-controller" });
    await connection.send(get());
    expect(server.asked.map(({ headers }) => [headers["impersonate-user"], headers["impersonate-group"]])).toEqual([
      ["system:serviceaccount:kubevirt:kubevirt-controller", undefined],
      ["jane", "g"],
    ]);
  });

  test("without a body in the answer has an undefined body; text stays text", async () => {
    const server = await fakeServer((_, index) =>
      index === 0
        ? { body: "" }
        : { status: 503, body: "service unavailable", headers: { "Content-Type": "text/plain" } },
    );
    const connection = await connected(server.url);
    expect((await connection.send(get())).body).toBeUndefined();
    expect(await connection.send(get())).toMatchObject({ status: 503, body: "service unavailable" });
  });
});

describe("connections", () => {
  test("twenty requests use at most two, and are counted", async () => {
    const server = await fakeServer(() => ({}), secure());
    const connection = await connected(server.url, { certificateAuthority: caFile, token: "t" });
    await Promise.all(Array.from({ length: 10 }, () => connection.send(get())));
    for (let index = 0; index < 10; index += 1) await connection.send(get());
    expect(server.connections).toBeLessThanOrEqual(2);
    expect(connection.counters).toEqual({ requests: 20, connections: server.connections });
  });

  test("a kept connection that the server has closed meanwhile is replaced without a word", async () => {
    const server = await fakeServer((_, index) => (index === 1 ? (response) => response.socket?.destroy() : {}));
    const connection = await connected(server.url);
    await connection.send(get());
    expect((await connection.send(get())).status).toBe(200);
    expect(server.asked).toHaveLength(3);
  });

  test("a write on a connection that breaks is not repeated, because it may have happened", async () => {
    const server = await fakeServer((_, index) => (index === 1 ? (response) => response.socket?.destroy() : {}));
    const connection = await connected(server.url);
    await connection.send(get());
    await expect(connection.send({ method: "POST", path: "/x", body: {} })).rejects.toMatchObject({
      name: "UnreachableError",
      message: expect.stringContaining("was closed before the answer was complete"),
    });
    expect(server.asked).toHaveLength(2);
  });
});

describe("when there is no answer", () => {
  const fault = async (connection: Connection, request = {}) => {
    try {
      await connection.send({ ...get(), ...request });
    } catch (error) {
      return error as Error & { hint?: string };
    }
    throw new Error("there was an answer");
  };

  test("a server that hangs is given up after the time limit, which is said", async () => {
    const server = await fakeServer(() => () => {});
    const error = await fault(await connected(server.url, { requestTimeout: "50ms" }));
    expect(error).toMatchObject({
      name: "UnreachableError",
      message: `the server ${server.url} did not answer within 0.05s`,
      hint: expect.stringContaining("--request-timeout"),
    });
  });

  test("a body that stops in the middle counts as no answer, too", async () => {
    const server = await fakeServer(() => (response) => {
      response.writeHead(200, { "Content-Type": "application/json" });
      response.write('{"half":');
    });
    expect((await fault(await connected(server.url), { timeoutMs: 50 })).message).toContain(
      "did not answer within 0.05s",
    );
  });

  test("a connection that cannot be made within the limit is told apart from a slow answer", async () => {
    const silent = net.createServer(() => {}).listen(0, "127.0.0.1");
    others.push(silent);
    await once(silent, "listening");
    const url = `https://127.0.0.1:${(silent.address() as net.AddressInfo).port}`;
    const error = await fault(await connected(url, { token: "t" }), { timeoutMs: 50 });
    expect(error.message).toBe(`no connection to the server ${url} within 0.05s`);
  });

  test("the caller's signal ends a request with its own reason", async () => {
    const server = await fakeServer(() => () => {});
    const stop = new AbortController();
    const connection = await connected(server.url);
    const pending = connection.send({ ...get(), signal: stop.signal });
    const reason = new Error("Ctrl-C");
    stop.abort(reason);
    await expect(pending).rejects.toBe(reason);
    await expect(connection.send({ ...get(), signal: stop.signal })).rejects.toBe(reason);
  });

  test("a refused connection is said in kubectl's words", async () => {
    const server = await fakeServer(() => ({}));
    await server.close();
    const error = await fault(await connected(server.url));
    expect(error.message).toBe(
      `The connection to the server 127.0.0.1:${server.port} was refused - did you specify the right host or port?`,
    );
  });

  test("a name that does not exist is named", async () => {
    const error = await fault(await connected("https://vmnode-test.invalid:6443", { token: "t" }));
    expect(error.message).toBe("the name vmnode-test.invalid cannot be resolved");
  });

  test("a redirect names the server and where it leads: an API server sends nobody elsewhere", async () => {
    const server = await fakeServer(() => ({ status: 302, headers: { location: "https://login/" }, body: "" }));
    expect(await fault(await connected(server.url))).toMatchObject({
      name: "UnreachableError",
      message: `the server ${server.url} answered with a redirect to "https://login/" (HTTP 302)`,
      hint: expect.stringContaining("login page"),
    });
  });

  test("an HTML answer names the server and shows the first line, control characters escaped", async () => {
    const html = { status: 502, body: "\n<html>\u001b[31mBad gateway\nmore", headers: { "Content-Type": "text/html" } };
    const server = await fakeServer(() => html);
    const error = await fault(await connected(server.url));
    expect(error).toMatchObject({
      name: "UnreachableError",
      message: `the server ${server.url} answered with an HTML page (HTTP 502): "<html>\\u001b[31mBad gateway"`,
    });
  });

  test("a success that is not JSON is no answer of an API server", async () => {
    const server = await fakeServer(() => ({
      body: "welcome",
      headers: { "Content-Type": "application/octet-stream" },
    }));
    expect((await fault(await connected(server.url))).message).toBe(
      `the server ${server.url} answered with something that is not JSON (HTTP 200): "welcome"`,
    );
  });

  const tlsRows: readonly {
    readonly name: string;
    readonly make: () => Promise<{
      server: FakeServer;
      options: ConnectionOptions;
      url?: (server: FakeServer) => string;
    }>;
    readonly says: RegExp;
  }[] = [
    {
      name: "an unknown authority",
      make: async () => ({
        server: await fakeServer(() => ({}), secure(["127.0.0.1"], await testAuthority())),
        options: { certificateAuthority: caFile },
      }),
      says: /^tls: failed to verify the certificate of https:\/\/127\.0\.0\.1:\d+: it is signed by an unknown authority$/,
    },
    {
      name: "a certificate for another name",
      make: async () => ({
        server: await fakeServer(() => ({}), secure(["api.example"])),
        options: { certificateAuthority: caFile },
      }),
      says: /^tls: the certificate of https:\S+ is valid for \S*api\.example, not for 127\.0\.0\.1$/,
    },
    {
      name: "--tls-server-name that is not in the certificate",
      make: async () => ({
        server: await fakeServer(() => ({}), secure(["api.example"])),
        options: { certificateAuthority: caFile, tlsServerName: "other.example" },
      }),
      says: /^tls: the certificate of https:\S+ is valid for DNS:api\.example, not for other\.example$/,
    },
    {
      name: "an expired certificate",
      make: async () => {
        const old = await testAuthority(new Date("2001-01-01"));
        return {
          server: await fakeServer(() => ({}), secure(["127.0.0.1"], old)),
          options: { certificateAuthority: folder.write("old.pem", old.certificate) },
        };
      },
      says: /^tls: the certificate of .* has expired$/,
    },
    {
      name: "a server that does not speak TLS",
      make: async () => ({
        server: await fakeServer(() => ({})),
        options: {},
        url: (server) => server.url.replace("http:", "https:"),
      }),
      says: /^the server .* does not speak TLS$/,
    },
  ];
  test.for(tlsRows)("TLS: $name", async ({ make, says }) => {
    const { server, options, url } = await make();
    const error = await fault(await connected(url?.(server) ?? server.url, { token: "t", ...options }));
    expect(error.name).toBe("UnreachableError");
    expect(error.message).toMatch(says);
    expect(error.hint).toBeDefined();
  });

  test("TLS: --tls-server-name and --insecure-skip-tls-verify make a foreign name acceptable", async () => {
    const server = await fakeServer(() => ({}), secure(["api.example"]));
    const named = await connected(server.url, {
      token: "t",
      certificateAuthority: caFile,
      tlsServerName: "api.example",
    });
    const insecure = await connected(server.url, { token: "t", insecureSkipTlsVerify: true });
    expect((await named.send(get())).status).toBe(200);
    expect((await insecure.send(get())).status).toBe(200);
  });
});

describe("what the server says beside the answer", () => {
  test("warnings are handed on once each, and stand in each response", async () => {
    const server = await fakeServer(() => ({
      headers: { Warning: ['299 - "v1 \\"x\\" is deprecated"', '299 - "second"'] },
    }));
    const environment = testEnvironment();
    const connection = await connected(server.url, {}, environment);
    await connection.send(get());
    expect((await connection.send(get())).warnings).toEqual(['v1 "x" is deprecated', "second"]);
    expect(environment.warned).toEqual(['v1 "x" is deprecated', "second"]);
  });

  test.each([429, 500, 503])(
    "a read that is put off with %s and Retry-After is asked again after that time",
    async (code) => {
      const busy = { ...refusal(code), headers: { "Retry-After": "3" } };
      const server = await fakeServer((_asked, index) => (index > 1 ? {} : busy));
      const environment = testEnvironment();
      const connection = await connected(server.url, {}, environment);
      expect((await connection.send(get())).status).toBe(200);
      expect(environment.clock.slept).toEqual([3000, 3000]);
    },
  );

  test("a write that is put off is sent again only where it may come late", async () => {
    const busy = { ...refusal(429), headers: { "Retry-After": "3" } };
    const server = await fakeServer((_asked, index) => (index > 1 ? {} : busy));
    const environment = testEnvironment();
    const connection = await connected(server.url, {}, environment);
    const write = { method: "POST", path: "/x", body: {} } as const;
    expect((await connection.send(write)).status).toBe(429);
    expect((await connection.send({ ...write, patient: true })).status).toBe(200);
    expect(environment.clock.slept).toEqual([3000]);
  });

  test("a server that puts off for ever is given up", async () => {
    const server = await fakeServer(() => ({ ...refusal(503), headers: { "Retry-After": "1" } }));
    expect((await (await connected(server.url)).send(get())).status).toBe(503);
    expect(server.asked).toHaveLength(5);
  });
});

describe("-v", () => {
  const secrets = { metadata: { name: "n" }, status: { token: "hidden-1" } };
  const linesAt = async (verbosity: number) => {
    const server = await fakeServer(() => ({ body: secrets, headers: { "Set-Cookie": "hidden-2" } }), secure());
    const environment = testEnvironment({ verbosity });
    const connection = await connected(server.url, { token: "hidden-3", certificateAuthority: caFile }, environment);
    await connection.send({ method: "POST", path: "/x", body: { password: "hidden-4", kept: 1 } });
    return environment.logged.join("\n").replaceAll(server.url, "SERVER");
  };

  test("nothing below 6, URL with status at 6, headers at 7, bodies at 8", async () => {
    expect(await linesAt(5)).toBe("");
    expect(await linesAt(6)).toBe("6 POST SERVER/x 200 OK in 0 milliseconds");
    expect(await linesAt(7)).toContain("Content-Type: application/json");
    expect(await linesAt(7)).not.toContain("Body");
    expect(await linesAt(8)).toContain('8 Request Body: {"password":"<masked>","kept":1}');
  });

  test("never shows what logs in", async () => {
    const lines = await linesAt(9);
    expect(lines).not.toContain("hidden");
    expect(lines).toContain("Authorization: Bearer <masked>");
  });
});

describe("a stream", () => {
  const stream = async (write: (response: http.ServerResponse) => void, request = {}) => {
    const server = await fakeServer(() => (response) => {
      response.writeHead(200, { Date: "Thu, 01 Jan 2026 10:00:00 GMT" });
      write(response);
    });
    const connection = await connected(server.url);
    const opened = await connection.stream({ ...get("/watch"), ...request });
    if (!("lines" in opened)) throw new Error("refused");
    return opened;
  };
  const linesOf = async (lines: AsyncIterable<string>) => {
    const read: string[] = [];
    for await (const line of lines) read.push(line);
    return read;
  };

  test("yields lines wherever the packets are cut, and ends with the answer", async () => {
    const { lines, serverTime } = await stream((response) => {
      const bytes = Buffer.from('{"a":"é"}\n{"b":1}\n');
      response.write(bytes.subarray(0, 7)); // Cuts the é in two.
      setImmediate(() => response.end(bytes.subarray(7)));
    });
    expect(serverTime).toEqual(new Date("2026-01-01T10:00:00Z"));
    expect(await linesOf(lines)).toEqual(['{"a":"é"}', '{"b":1}']);
  });

  test("throws when the connection breaks", async () => {
    const { lines } = await stream((response) => {
      response.write("one\n", () => response.socket?.destroy());
    });
    await expect(linesOf(lines)).rejects.toMatchObject({ name: "UnreachableError" });
  });

  test("ends quietly when it falls silent, and when the signal says so", async () => {
    const silent = await stream((response) => response.write("one\n"), { idleTimeoutMs: 30 });
    expect(await linesOf(silent.lines)).toEqual(["one"]);
    const stop = new AbortController();
    const aborted = await stream((response) => response.write("one\n"), { signal: stop.signal });
    const reading = linesOf(aborted.lines);
    stop.abort();
    expect((await reading).length).toBeLessThanOrEqual(1);
  });

  test("resolves to the response when the server refuses", async () => {
    const server = await fakeServer(() => refusal(403, { reason: "Forbidden" }));
    const connection = await connected(server.url);
    expect(await connection.stream(get("/watch"))).toMatchObject({ status: 403, body: { reason: "Forbidden" } });
  });

  test("ends with its connection", async () => {
    const server = await fakeServer(() => (response) => void response.writeHead(200).flushHeaders());
    const connection = await connected(server.url);
    const opened = await connection.stream(get("/watch"));
    if (!("lines" in opened)) throw new Error("refused");
    const reading = linesOf(opened.lines);
    connection.close();
    await expect(reading).rejects.toMatchObject({ name: "UnreachableError" });
  });

  test("does not take a place of the short requests", async () => {
    const server = await fakeServer((asked) =>
      asked.path === "/watch" ? (response) => void response.writeHead(200).flushHeaders() : {},
    );
    const connection = await connected(server.url);
    const streams = await Promise.all([1, 2, 3].map(() => connection.stream(get("/watch"))));
    expect((await connection.send(get())).status).toBe(200);
    for (const opened of streams) if ("close" in opened) opened.close();
  });
});
