/** `doctor` is pasted into issues: whatever the kubeconfig holds, the built file prints no name of it, and no secret even at the highest -v. */
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
  readonly flags?: readonly string[];
  /** What the error says, which -v brings. */
  readonly error: RegExp;
  /** What stands on the screen. */
  readonly problem?: string;
}

const plugin = { apiVersion: "client.authentication.k8s.io/v1", interactiveMode: "IfAvailable" };

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
      problem: "the kubeconfig, or a credential that it names, cannot be used",
    }),
  ],
  [
    "a credential plugin that fails, and is given a secret",
    () => ({
      cluster: { server: here() },
      user: {
        exec: {
          ...plugin,
          command: "/bin/false",
          args: [`--password=${secret}`],
          env: [{ name: "PASSWORD", value: secret }],
        },
      },
      error: /\/bin\/false/,
    }),
  ],
  [
    "a credential plugin that talks",
    () => ({
      cluster: { server: here() },
      user: { exec: { ...plugin, command: "sh", args: ["-c", "echo log in as jane at 10.0.0.1 >&2; exit 1"] } },
      error: /^log in as jane at 10\.0\.0\.1$[\s\S]*executable sh failed/m,
    }),
  ],
  [
    "a credential plugin that is not installed",
    () => ({
      cluster: { server: here() },
      user: { exec: { ...plugin, command: "jane-login", installHint: "see https://10.0.0.1" } },
      error: /jane-login was not found[\s\S]*10\.0\.0\.1/,
    }),
  ],
  ["a server whose name nobody knows", () => ({ cluster: { server: "https://jane.invalid" }, error: /jane\.invalid/ })],
  ["a context that is not there", () => ({ cluster: {}, flags: ["--context", "jane"], error: /jane/ })],
];

describe("no name and no secret is printed of", () => {
  test.each(cases)("%s", async (_what, make) => {
    const { cluster, user = { token: secret }, env = {}, flags = [], error, problem = "" } = make();
    const file = path.join(folder, "config");
    writeFileSync(file, kubeconfig(cluster, user));
    const words = ["doctor", "--kubeconfig", file, "--request-timeout", "2s", ...flags];
    const started = performance.now();
    const [plain, { code, stdout, stderr }] = await Promise.all([
      runPiped(words, env),
      runPiped([...words, "-v=10"], env),
    ]);
    expect(plain).toEqual({ code: 1, stdout, stderr: "" });
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
