/** The environment in which the built file is started: what is meant for Node does nothing to us, and where it does, that is documented. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { load as parse } from "js-yaml";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { variablesOfNode } from "../../docs/reference.ts";
import { type Finished, runToEnd } from "../finished.ts";
import { startCluster, type TestCluster } from "../practice-cluster.ts";
import { executable } from "../terminal/session.ts";

type Environment = Readonly<Record<string, string>>;

const place = mkdtempSync(path.join(tmpdir(), "vmnode-environment-"));
const at = (name: string): string => path.join(place, name);
let cluster: TestCluster;
let plain: Finished;

beforeAll(async () => {
  cluster = await startCluster("quiet");
  const { clusters } = parse(readFileSync(cluster.cluster.kubeconfigPath, "utf8")) as {
    clusters: { cluster: { "certificate-authority-data": string } }[];
  };
  writeFileSync(at("ca.pem"), Buffer.from(clusters[0]?.cluster["certificate-authority-data"] ?? "", "base64"));
  writeFileSync(at("evil.cjs"), "process.stdout.write('evil'); process.exit(66);");
  writeFileSync(at("module.cnf"), "nodejs_conf = n\n[n]\nno-such-module = m\n[m]\nx = y\n");
  writeFileSync(
    at("provider.cnf"),
    "nodejs_conf = n\n[n]\nproviders = p\n[p]\nx = y\n[y]\nmodule = /nonexistent\nactivate = 1\n",
  );
  mkdirSync(at("empty"));
  plain = await listed({});
  expect(plain).toMatchObject({ code: 0, stdout: expect.stringContaining("node/"), stderr: "" });
});
afterAll(async () => {
  await cluster.close();
  rmSync(place, { recursive: true, force: true });
});

function run(words: readonly string[], env: Environment): Promise<Finished> {
  return runToEnd(executable, words, { cwd: place, env: { PATH: "/usr/bin:/bin", HOME: place, ...env } });
}

/** Without ages, which go on. */
function listed(env: Environment): Promise<Finished> {
  return run(["list", "-o", "name"], { ...cluster.env, ...env });
}

const withoutEffect: Readonly<Record<string, Environment>> = {
  "an option that Node refuses": { NODE_OPTIONS: "--no-such-option" },
  "a file that Node would load": { NODE_OPTIONS: `--require ${at("evil.cjs")}` },
  "a debugger that Node would open": { NODE_OPTIONS: "--inspect-brk=127.0.0.1:0" },
  "a module of OpenSSL's that is not there": { OPENSSL_CONF: at("module.cnf") },
  "a provider of OpenSSL's that is not there": { OPENSSL_CONF: at("provider.cnf"), OPENSSL_MODULES: "/nonexistent" },
  "a version that yargs would want": { YARGS_MIN_NODE_VERSION: "99" },
  "a certificate for Node alone": { NODE_EXTRA_CA_CERTS: at("ca.pem") },
  "remarks that Node would make": { NODE_DEBUG: "*" },
  "whatever else Node knows": {
    NODE_CLUSTER_SCHED_POLICY: "none",
    NODE_DISABLE_COLORS: "1",
    NODE_ENV: "development",
    NODE_ICU_DATA: "/nonexistent",
    NODE_NO_WARNINGS: "1",
    NODE_PATH: at("node_modules"),
    NODE_PENDING_DEPRECATION: "1",
    NODE_PENDING_PIPE_INSTANCES: "1",
    NODE_PRESERVE_SYMLINKS: "1",
    NODE_REDIRECT_WARNINGS: at("warnings"),
    NODE_REPL_HISTORY: at("history"),
    NODE_SKIP_PLATFORM_CHECK: "1",
    NODE_TEST_CONTEXT: "child",
    NODE_TLS_REJECT_UNAUTHORIZED: "0",
    NODE_UNIQUE_ID: "7",
    NODE_USE_ENV_PROXY: "1",
    NODE_USE_SYSTEM_CA: "1",
    UV_THREADPOOL_SIZE: "1",
  },
};

test.each(Object.entries(withoutEffect))("%s changes nothing", async (_what, env) => {
  const before = readdirSync(place);
  expect(await listed(env)).toEqual(plain);
  expect(readdirSync(place)).toEqual(before);
});

test("no remark of Node's names what the user logs in by, nor does -v", async () => {
  const env = { ...cluster.env, NODE_DEBUG: "*", NODE_DEBUG_NATIVE: "tls,http2,crypto" };
  const { stdout, stderr } = await run(["list", "--token", "s3cret", "-v", "10"], env);
  expect(stderr).toContain("GET https://");
  expect(stdout + stderr).not.toContain("s3cret");
});

/** What Node does with its variables before it comes to us. */
const left: Readonly<Record<string, { readonly value: string; readonly effect: (found: Finished) => void }>> = {
  NODE_EXTRA_CA_CERTS: {
    value: "/nonexistent",
    effect: (found) =>
      expect(found).toEqual({ ...plain, stderr: expect.stringMatching(/^Warning: Ignoring extra certs.*\n$/) }),
  },
  NODE_DEBUG_NATIVE: {
    value: "tls",
    effect: (found) => expect(found).toEqual({ ...plain, stderr: expect.stringMatching(/^TLSWrap client /) }),
  },
  NODE_V8_COVERAGE: {
    value: at("coverage"),
    effect: (found) => {
      expect(found).toEqual(plain);
      expect(readdirSync(at("coverage"))).toHaveLength(1);
    },
  },
  NODE_COMPILE_CACHE: {
    value: at("compiled"),
    effect: (found) => {
      expect(found).toEqual(plain);
      expect(
        readdirSync(at("compiled"), { recursive: true, withFileTypes: true }).filter((each) => each.isFile()),
      ).toEqual([]);
    },
  },
  NODE_CHANNEL_FD: {
    value: "3",
    effect: ({ code }) => expect(code).not.toBe(0),
  },
  NODE_REPL_EXTERNAL_MODULE: {
    value: at("evil.cjs"),
    effect: ({ code, stdout }) => expect({ started: code === 0, stdout }).toEqual({ started: false, stdout: "" }),
  },
};

describe("what is documented of Node's own variables is so:", () => {
  test("all of them are tried", () => {
    expect(Object.keys(left)).toEqual(Object.keys(variablesOfNode));
  });

  test.each(Object.entries(left))("%s", async (name, { value, effect }) => {
    effect(await listed({ [name]: value }));
  });

  test("every variable that this Node explains in its help is tried or documented", () => {
    const help = execFileSync(process.execPath, ["--help"], { encoding: "utf8" });
    const known = [...help.matchAll(/^([A-Z][A-Z0-9_]+)(?: |$)/gm)].map(([, name = ""]) => name);
    expect(known).toContain("NODE_EXTRA_CA_CERTS");
    // Ours, by the names that everybody gives them; and the time zone of this machine.
    const meant = ["NO_COLOR", "FORCE_COLOR", "TZ"];
    const tried = [...meant, ...Object.values(withoutEffect).flatMap((env) => Object.keys(env)), ...Object.keys(left)];
    expect(
      known.filter((name) => !tried.includes(name) && !Object.values(variablesOfNode).join().includes(name)),
    ).toEqual([]);
  });
});

describe("a server whose authority no kubeconfig names is trusted", () => {
  const answer = (env: Environment): Promise<Finished> =>
    run(["version", "--server", cluster.cluster.server.url, "--kubeconfig", "/dev/null", "--token", "secret"], env);
  const untrusted = { code: 1, stderr: expect.stringContaining("certificate") };

  test.runIf(process.platform === "linux")(
    "for SSL_CERT_FILE and SSL_CERT_DIR, which say it to kubectl, too",
    async () => {
      // It knows no such token: but that it says on a connection that was trusted.
      for (const env of [{ SSL_CERT_FILE: at("ca.pem") }, { SSL_CERT_FILE: "/nonexistent", SSL_CERT_DIR: place }])
        expect((await answer(env)).stderr).not.toContain("certificate");
      expect(await answer({ SSL_CERT_FILE: "/nonexistent", SSL_CERT_DIR: at("empty") })).toMatchObject(untrusted);
    },
  );

  test("for nothing that is said to Node alone", async () => {
    expect(await answer({ NODE_TLS_REJECT_UNAUTHORIZED: "0" })).toMatchObject(untrusted);
    // Also where the machine itself has no authorities.
    for (const machine of [{}, { SSL_CERT_FILE: "/nonexistent", SSL_CERT_DIR: at("empty") }])
      expect(await answer({ NODE_EXTRA_CA_CERTS: at("ca.pem"), ...machine })).toMatchObject(untrusted);
  });

  test("and one that a kubeconfig does name is not held against the machine's", async () => {
    expect(await listed({ SSL_CERT_FILE: "/nonexistent", SSL_CERT_DIR: at("empty") })).toEqual(plain);
    expect(existsSync(at("warnings"))).toBe(false);
  });
});
