/** `doctor` is pasted into issues: whatever the kubeconfig holds, the built file prints no secret of it, not even at the highest -v. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runPiped } from "../terminal/session.ts";

const folder = mkdtempSync(path.join(tmpdir(), "vmnode-doctor-"));
/** Accepts connections, and never answers. */
let silent: Server;
let port = 0;

beforeAll(async () => {
  silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  port = (silent.address() as { port: number }).port;
});
afterAll(() => {
  silent.close();
  rmSync(folder, { recursive: true, force: true });
});

const secret = "S3CR3T";
const base64 = Buffer.from(secret.repeat(4)).toString("base64");

interface Case {
  readonly cluster: object;
  readonly user?: object;
  readonly env?: Readonly<Record<string, string>>;
  /** What the error says. */
  readonly error: RegExp;
  /** What stands on the screen. */
  readonly problem?: string;
}

const here = () => `https://jane:${secret}@127.0.0.1:${port}`;

const cases: readonly (readonly [string, () => Case])[] = [
  [
    "a token, and a server that never answers",
    () => ({ cluster: { server: here() }, user: { token: secret }, error: /within 2s/ }),
  ],
  [
    "a user and a password, without TLS",
    () => ({
      cluster: { server: here().replace("https", "http") },
      user: { username: "jane", password: secret },
      error: /did not answer within 2s/,
    }),
  ],
  [
    "a server that refuses connections",
    () => ({
      cluster: { server: `https://jane:${secret}@127.0.0.1:1` },
      error: /refused/,
      problem: "the API server does not answer (ECONNREFUSED)",
    }),
  ],
  ["an address that is none", () => ({ cluster: { server: `https://jane:${secret}@:bad` }, error: /not the address/ })],
  [
    "an address of another kind",
    () => ({ cluster: { server: `ftp://jane:${secret}@127.0.0.1` }, error: /neither https/ }),
  ],
  [
    "a proxy that refuses connections",
    () => ({
      cluster: { server: "https://10.0.0.1", "proxy-url": `http://jane:${secret}@127.0.0.1:1` },
      error: /proxy http:\/\/127\.0\.0\.1:1/,
    }),
  ],
  [
    "a proxy of an unknown kind",
    () => ({
      cluster: { server: "https://10.0.0.1", "proxy-url": `gopher://jane:${secret}@127.0.0.1:1` },
      error: /invalid 'proxy-url'/,
    }),
  ],
  [
    "a proxy of the environment",
    () => ({
      cluster: { server: "https://10.0.0.1" },
      env: { HTTPS_PROXY: `http://jane:${secret}@127.0.0.1:1` },
      error: /proxy http:\/\/127\.0\.0\.1:1/,
    }),
  ],
  [
    "a proxy of the environment that is none",
    () => ({
      cluster: { server: "https://10.0.0.1" },
      env: { HTTPS_PROXY: `gopher://jane:${secret}@127.0.0.1:1` },
      error: /proxy/,
    }),
  ],
  [
    "certificates and keys that are none",
    () => ({
      cluster: { server: here(), "certificate-authority-data": base64 },
      user: { "client-certificate-data": base64, "client-key-data": base64 },
      error: /certificate/,
      problem: "the API server does not answer (ERR_OSSL_PEM_NO_START_LINE)",
    }),
  ],
  [
    "a credential plugin that fails, and is given a secret",
    () => ({
      cluster: { server: here() },
      user: {
        exec: {
          apiVersion: "client.authentication.k8s.io/v1",
          command: "/bin/false",
          args: [`--password=${secret}`],
          env: [{ name: "PASSWORD", value: secret }],
          interactiveMode: "Never",
        },
      },
      error: /\/bin\/false/,
    }),
  ],
];

describe("no secret is printed of", () => {
  test.each(cases)("%s", async (_what, make) => {
    const { cluster, user = { token: secret }, env = {}, error, problem = "" } = make();
    const file = path.join(folder, "config");
    writeFileSync(file, kubeconfig(cluster, user));
    const words = ["doctor", "--kubeconfig", file, "--request-timeout", "2s", "-v=10"];
    const started = performance.now();
    const { code, stdout, stderr } = await runPiped(words, env);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^Plugin /);
    expect(stdout).toMatch(/^Problem: /m);
    expect(stdout).toContain(problem);
    expect(stdout).not.toMatch(/127\.0\.0\.1|10\.0\.0\.1|jane/);
    expect(stderr).toMatch(error);
    for (const text of [secret, base64, Buffer.from(`jane:${secret}`).toString("base64")]) {
      expect(stdout + stderr).not.toContain(text);
    }
    // It is over when the time for one answer is; the rest is for a busy machine.
    expect(performance.now() - started).toBeLessThan(15_000);
  });
});

/** A kubeconfig is YAML, and JSON is YAML. */
function kubeconfig(cluster: object, user: object): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "c",
    contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
    clusters: [{ name: "c", cluster }],
    users: [{ name: "u", user }],
  });
}
