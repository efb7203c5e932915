/** Who we are to the server: static credentials, token files, plugins and OIDC, and when they are renewed. */
import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Connection, connect } from "../../../lib/kube/connection.ts";
import type { ConnectionOptions } from "../../../lib/kube/effective-config.ts";
import type { CertificateAuthority } from "../../../lib/practice/api/certificates.ts";
import { closeServers, type FakeServer, fakeServer, type Reply, refusal, testAuthority } from "./fake-server.ts";
import { kubeconfigText, temporaryFolder, testEnvironment } from "./surroundings.ts";

const folder = temporaryFolder();
const open: Connection[] = [];
let authority: CertificateAuthority;
let otherKey: string;
let server: FakeServer;
let reply: (authorization: string | undefined) => Reply;

beforeAll(async () => {
  authority = await testAuthority();
  otherKey = (await authority.client("joe", [])).key;
});
beforeEach(async () => {
  reply = () => ({});
  server = await fakeServer((asked) => reply(asked.headers.authorization), {
    tls: { authority, names: ["127.0.0.1"] },
  });
});
afterEach(async () => {
  for (const connection of open.splice(0)) connection.close();
  await closeServers();
});
afterAll(folder.remove);

const environment = () => testEnvironment();

async function connected(user: object, options: ConnectionOptions = {}, surroundings = environment()) {
  const cluster = {
    server: server.url,
    "certificate-authority-data": btoa(authority.certificate),
    extensions: [{ name: "client.authentication.k8s.io/exec", extension: { audience: "here" } }],
  };
  const kubeconfig = folder.write("config", kubeconfigText(cluster, user));
  const connection = await connect({ kubeconfig, ...options }, surroundings);
  open.push(connection);
  return connection;
}

const ask = (connection: Connection) => connection.send({ method: "GET", path: "/version" });
const sent = () => server.asked.map(({ headers }) => headers.authorization);

describe("fixed credentials", () => {
  test("a token, and a password", async () => {
    await ask(await connected({ token: "t" }));
    await ask(await connected({ username: "me", password: "pä:ss" }));
    expect(sent()).toEqual(["Bearer t", `Basic ${Buffer.from("me:pä:ss").toString("base64")}`]);
  });

  test("a client certificate, as data and as files", async () => {
    const { certificate, key } = await authority.client("jane", ["g"]);
    await ask(await connected({ "client-certificate-data": btoa(certificate), "client-key-data": btoa(key) }));
    folder.write("jane.pem", certificate);
    folder.write("jane.key", key);
    await ask(await connected({ "client-certificate": "jane.pem", "client-key": "jane.key" }));
    expect(server.asked.map((asked) => asked.certificate)).toEqual(["jane", "jane"]);
  });

  test.for<[what: string, break_: (files: { certificate: string; key: string }) => object, says: RegExp]>([
    [
      "a certificate that is no PEM",
      ({ key }) => ({ "client-certificate-data": btoa("x"), "client-key-data": btoa(key) }),
      /^unable to use client-certificate-data for test: it is no PEM$/,
    ],
    [
      "a certificate that was cut",
      ({ certificate, key }) => ({
        "client-certificate": folder.write("cut.pem", certificate.replace(/(?<=-{5}\n)[^-]{100}/, "")),
        "client-key-data": btoa(key),
      }),
      /^unable to use client-certificate \S+\/cut\.pem for test: \w+/,
    ],
    [
      "a key that is no PEM",
      ({ certificate }) => ({
        "client-certificate-data": btoa(certificate),
        "client-key": folder.write("bad.key", "x"),
      }),
      /^unable to use client-key \S+\/bad\.key for test: it is no PEM$/,
    ],
    [
      "a key of somebody else",
      ({ certificate }) => ({
        "client-certificate-data": btoa(certificate),
        "client-key": folder.write("other.key", otherKey),
      }),
      /^unable to use client-key \S+\/other\.key for test with client-certificate-data for test: they do not belong together$/,
    ],
  ])("%s is a fault of the configuration that names it", async ([, broken, says]) => {
    const files = await authority.client("jane", []);
    await expect(ask(await connected(broken(files)))).rejects.toMatchObject({
      name: "ConfigError",
      message: expect.stringMatching(says),
      hint: "get that, or the kubeconfig, anew",
    });
    expect(server.asked).toEqual([]);
  });

  test.each([
    ["nothing\n", true],
    ["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", true],
    ["# of the cluster\nAUTHORITY\n# the end\n", false],
  ])("an authority that holds no certificate is one, too: %j", async (text, isFault) => {
    const certificateAuthority = folder.write("ca.pem", text.replace("AUTHORITY", authority.certificate));
    const answer = ask(await connected({ token: "t" }, { certificateAuthority }));
    if (isFault)
      await expect(answer).rejects.toMatchObject({
        name: "ConfigError",
        message: expect.stringContaining(`unable to use certificate-authority ${certificateAuthority} for test: `),
      });
    else expect((await answer).status).toBe(200);
  });

  test("are not tried again when the server does not accept them", async () => {
    reply = () => refusal(401);
    expect((await ask(await connected({ token: "t" }))).status).toBe(401);
    expect(server.asked).toHaveLength(1);
  });
});

describe("a token file", () => {
  test("loses its newline, and is read again after a minute", async () => {
    const file = folder.write("token", "one\n");
    const surroundings = environment();
    const connection = await connected({ tokenFile: "token" }, {}, surroundings);
    await ask(connection);
    writeFileSync(file, "two\n");
    await ask(connection);
    surroundings.clock.advance(61_000);
    await ask(connection);
    expect(sent()).toEqual(["Bearer one", "Bearer one", "Bearer two"]);
  });

  test("is read again at once when the server does not accept the token", async () => {
    const file = folder.write("token", "old");
    const connection = await connected({ tokenFile: "token" });
    reply = (authorization) => (authorization === "Bearer new" ? {} : refusal(401));
    expect((await ask(connection)).status).toBe(401);
    expect(sent()).toEqual(["Bearer old"]);
    writeFileSync(file, "new");
    expect((await ask(connection)).status).toBe(200);
  });

  test("read again beside a client certificate does not cost a new connection", async () => {
    const { certificate, key } = await authority.client("jane", []);
    folder.write("token", "t");
    const both = { tokenFile: "token", "client-certificate-data": btoa(certificate), "client-key-data": btoa(key) };
    const surroundings = environment();
    const connection = await connected(both, {}, surroundings);
    await ask(connection);
    surroundings.clock.advance(61_000);
    await ask(connection);
    expect(connection.counters).toEqual({ requests: 2, connections: 1 });
  });

  test("that is missing is a fault of the configuration", async () => {
    const connection = await connected({ tokenFile: "none" });
    await expect(ask(connection)).rejects.toMatchObject({
      name: "ConfigError",
      message: expect.stringContaining("none"),
    });
  });
});

describe("an exec plugin", () => {
  const apiVersion = "client.authentication.k8s.io/v1";
  const runs = () => {
    try {
      return readFileSync(path.join(folder.path, "runs"), "utf8").trim().split("\n");
    } catch {
      return [];
    }
  };
  beforeEach(() => rmSync(path.join(folder.path, "runs"), { force: true }));

  /** A shell script that notes KUBERNETES_EXEC_INFO and prints `status` with the number of its run for NUMBER. */
  function plugin(status: object | string, more: object = {}) {
    const output = typeof status === "string" ? status : JSON.stringify({ apiVersion, kind: "ExecCredential", status });
    const script = folder.write(
      "plugin",
      `#!/bin/sh
printf '%s\\n' "$KUBERNETES_EXEC_INFO" >> '${folder.path}/runs'
n=$(wc -l < '${folder.path}/runs' | tr -d ' ')
printf '%s' '${output}' | sed "s/NUMBER/$n/; s/ARGS/$*/; s/VARIABLE/$VARIABLE/"
`,
    );
    chmodSync(script, 0o755);
    return { exec: { apiVersion, command: "./plugin", interactiveMode: "IfAvailable", ...more } };
  }

  test("runs once for many requests, in the kubeconfig's folder, with its arguments and environment", async () => {
    const user = plugin(
      { token: "ARGS-VARIABLE-NUMBER" },
      { args: ["a", "b"], env: [{ name: "VARIABLE", value: "v" }] },
    );
    const connection = await connected(user);
    await Promise.all([ask(connection), ask(connection), ask(connection)]);
    expect(sent()).toEqual(Array(3).fill("Bearer a b-v-1"));
    expect(runs().map((info) => JSON.parse(info))).toEqual([
      { kind: "ExecCredential", apiVersion, spec: { interactive: false } },
    ]);
  });

  test("is told about the cluster when it wants to know", async () => {
    await ask(await connected(plugin({ token: "t" }, { provideClusterInfo: true })));
    expect(JSON.parse(runs()[0] ?? "")).toMatchObject({
      spec: {
        cluster: {
          server: server.url,
          "certificate-authority-data": btoa(authority.certificate),
          config: { audience: "here" },
        },
      },
    });
  });

  test("may give a certificate", async () => {
    const { certificate, key } = await authority.client("plugged", []);
    await ask(await connected(plugin({ clientCertificateData: certificate, clientKeyData: key })));
    expect(server.asked[0]).toMatchObject({ certificate: "plugged" });
    expect(sent()).toEqual([undefined]);
  });

  test("that gives a key that is none is a fault of the configuration that names it", async () => {
    const { certificate } = await authority.client("plugged", []);
    const user = plugin({ clientCertificateData: certificate, clientKeyData: "x" });
    await expect(ask(await connected(user))).rejects.toMatchObject({
      name: "ConfigError",
      message: expect.stringMatching(/^unable to use the key of \S+\/plugin: it is no PEM$/),
    });
  });

  test("may give another certificate later, for which new connections are made", async () => {
    for (const number of [1, 2]) {
      const { certificate, key } = await authority.client(`plugged-${number}`, []);
      const status = {
        clientCertificateData: certificate,
        clientKeyData: key,
        expirationTimestamp: "2026-01-01T01:00:00Z",
      };
      folder.write(`answer-${number}`, JSON.stringify({ apiVersion, kind: "ExecCredential", status }));
    }
    folder.write("count", "");
    const script = `echo >> '${folder.path}/count'; cat '${folder.path}/answer-'$(wc -l < '${folder.path}/count' | tr -d ' ')`;
    const surroundings = environment();
    const exec = { apiVersion, command: "sh", args: ["-c", script], interactiveMode: "Never" };
    const connection = await connected({ exec }, {}, surroundings);
    await ask(connection);
    await ask(connection);
    surroundings.clock.advance(3600_000);
    await ask(connection);
    expect(server.asked.map((asked) => asked.certificate)).toEqual(["plugged-1", "plugged-1", "plugged-2"]);
    expect(connection.counters.connections).toBe(2);
  });

  test("runs again shortly before its credential expires", async () => {
    const surroundings = environment();
    const connection = await connected(
      plugin({ token: "tNUMBER", expirationTimestamp: "2026-01-01T01:00:00Z" }),
      {},
      surroundings,
    );
    await ask(connection);
    surroundings.clock.advance(3600_000 - 31_000);
    await ask(connection);
    surroundings.clock.advance(2000);
    await ask(connection);
    expect(sent()).toEqual(["Bearer t1", "Bearer t1", "Bearer t2"]);
  });

  test("runs again once after a 401, and the request is repeated once", async () => {
    reply = (authorization) => (authorization === "Bearer t1" ? refusal(401) : {});
    const connection = await connected(plugin({ token: "tNUMBER" }));
    const both = await Promise.all([ask(connection), ask(connection)]);
    expect(both.map(({ status }) => status)).toEqual([200, 200]);
    expect(runs()).toHaveLength(2);
    reply = () => refusal(401);
    expect((await ask(connection)).status).toBe(401);
    expect(runs()).toHaveLength(3);
  });

  test("does not run when a token is given by flag, or without TLS", async () => {
    await ask(await connected(plugin({ token: "t" }), { token: "flag" }));
    expect(sent()).toEqual(["Bearer flag"]);
    const plain = await fakeServer(() => ({}));
    await ask(await connected(plugin({ token: "t" }), { server: plain.url }));
    expect(plain.asked[0]?.headers.authorization).toBeUndefined();
    expect(runs()).toEqual([]);
  });

  test("may ask only where there is a terminal", async () => {
    const always = plugin({ token: "t" }, { interactiveMode: "Always" });
    await expect(ask(await connected(always))).rejects.toThrow("must ask and standard input is not a terminal");
    const atTerminal = testEnvironment({ stdinIsTerminal: true });
    await ask(await connected(always, {}, atTerminal));
    await ask(await connected(plugin({ token: "t" }, { interactiveMode: "Never" }), {}, atTerminal));
    expect(runs().map((info) => JSON.parse(info).spec.interactive)).toEqual([true, false]);
  });

  const failures: readonly {
    readonly name: string;
    readonly user: () => object;
    readonly says: string;
    readonly hint?: string;
  }[] = [
    {
      name: "is not there",
      user: () => plugin({}, { command: "./gone", installHint: "get it from example.com" }),
      says: "gone was not found",
      hint: "get it from example.com",
    },
    {
      name: "fails",
      user: () => plugin({}, { command: "sh", args: ["-c", "exit 3"] }),
      says: "failed with exit code 3",
    },
    { name: "prints no JSON", user: () => plugin("hello"), says: "did not print an ExecCredential in JSON" },
    { name: "answers another version", user: () => plugin('{"apiVersion":"x/v1","status":{}}'), says: "returned x/v1" },
    {
      name: "answers without status",
      user: () => plugin(`{"apiVersion":"${apiVersion}"}`),
      says: "did not return a status field",
    },
    { name: "gives nothing", user: () => plugin({}), says: "did not return a token or cert/key pair" },
    {
      name: "gives half a certificate",
      user: () => plugin({ clientKeyData: "k" }),
      says: "returned only certificate or key",
    },
    {
      name: "expires at no time",
      user: () => plugin({ token: "t", expirationTimestamp: "later" }),
      says: 'not a time: "later"',
    },
  ];
  test.for(failures)(
    "that $name is a fault of the configuration, tried anew by the next request",
    async ({ user, says, hint }) => {
      const connection = await connected(user());
      for (let attempt = 0; attempt < 2; attempt += 1) {
        await expect(ask(connection)).rejects.toMatchObject({
          name: "ConfigError",
          message: expect.stringMatching(
            new RegExp(`^getting credentials: exec: executable .*${says.replaceAll("/", "\\/")}`),
          ),
          ...(hint !== undefined && { hint }),
        });
      }
      expect(server.asked).toEqual([]);
    },
  );
});

describe("an auth provider", () => {
  const jwt = (exp: number, name: string) =>
    ["RS256", { iss: "ISSUER", aud: "me", sub: name, iat: 0, exp }, name]
      .map((part, index) => (index === 0 ? { alg: part } : part))
      .map((part) => Buffer.from(typeof part === "string" ? part : JSON.stringify(part)).toString("base64url"))
      .join(".");
  const later = Date.parse("2126-01-01T00:00:00Z") / 1000;

  /** An identity provider that gives a new token for each refresh, and with `rotate` a new refresh token. */
  async function provider(rotate = false) {
    const refreshed: string[] = [];
    const issuer = await fakeServer(
      (asked) => {
        if (asked.method === "GET") {
          return {
            body: { issuer: issuer.url, token_endpoint: `${issuer.url}/token`, jwks_uri: `${issuer.url}/jwks` },
          };
        }
        refreshed.push("refresh");
        const claims = {
          iss: issuer.url,
          aud: "me",
          sub: "s",
          iat: Math.floor(Date.now() / 1000),
          exp: Math.floor(Date.now() / 1000) + 3600,
        };
        const token = `${btoa('{"alg":"RS256"}')}.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.c2ln`;
        return {
          body: {
            access_token: "a",
            token_type: "bearer",
            id_token: token,
            ...(rotate && { refresh_token: `r${refreshed.length}` }),
          },
        };
      },
      { tls: { authority, names: ["127.0.0.1"] } },
    );
    return { issuer, refreshed };
  }

  const oidc = (issuer: string, idToken: string | undefined, more: object = {}) => ({
    "auth-provider": {
      name: "oidc",
      config: {
        "idp-issuer-url": issuer,
        "client-id": "me",
        "refresh-token": "r0",
        "idp-certificate-authority-data": btoa(authority.certificate),
        ...(idToken && { "id-token": idToken }),
        ...more,
      },
    },
  });

  test("oidc: a valid id-token is used as it is", async () => {
    const token = jwt(later, "valid");
    await ask(await connected(oidc("https://127.0.0.1:1", token)));
    expect(sent()).toEqual([`Bearer ${token}`]);
  });

  test("oidc: an expired or missing id-token is refreshed once, and a replaced refresh token is said", async () => {
    const { issuer, refreshed } = await provider(true);
    const surroundings = environment();
    const connection = await connected(oidc(issuer.url, jwt(1, "old")), {}, surroundings);
    await ask(connection);
    await ask(connection);
    expect(refreshed).toHaveLength(1);
    expect(new Set(sent()).size).toBe(1);
    expect(surroundings.warned).toEqual([expect.stringContaining("replaced the refresh token")]);
    await ask(await connected(oidc(issuer.url, undefined)));
    expect(refreshed).toHaveLength(2);
  });

  test("oidc: without a refresh token nothing can be done", async () => {
    const connection = await connected(oidc("https://127.0.0.1:1", jwt(1, "old"), { "refresh-token": "" }));
    await expect(ask(connection)).rejects.toMatchObject({
      name: "ConfigError",
      message: "No valid id-token, and cannot refresh without refresh-token",
    });
  });

  test("oidc: a provider that does not answer is named as the cause", async () => {
    const connection = await connected(oidc("https://127.0.0.1:1", undefined));
    await expect(ask(connection)).rejects.toMatchObject({ name: "ConfigError", message: /^getting credentials: / });
  });

  test.for([
    ["gcp", /has been removed/],
    ["azure", /has been removed/],
    ["mine", /no Auth Provider found for name "mine"/],
  ] as const)("%s is refused", async ([name, says]) => {
    await expect(connected({ "auth-provider": { name } })).rejects.toThrow(says);
  });
});
