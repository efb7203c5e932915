/** Runs a credential plugin as client-go does (`plugin/pkg/client/auth/exec/exec.go`) and reads what it prints. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { ConfigError } from "../model/errors.ts";
import type { ClusterEntry, ExecEntry } from "./kubeconfig.ts";
import { isProgram, lookPath, type Started } from "./look-path.ts";

export interface ExecCredential {
  readonly token: string | undefined;
  /** PEM. */
  readonly certificate: string | undefined;
  readonly key: string | undefined;
  readonly expiresAt: Date | undefined;
}

export interface ExecSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdinIsTerminal: boolean;
  readonly silent?: boolean | undefined;
}

/** Key of the cluster extension whose content a plugin with `provideClusterInfo` receives. */
const clusterExtension = "client.authentication.k8s.io/exec";

/**
 * Starts the plugin once and returns its credential. Its stderr is the user's; its stdin too, where it may ask. A silent one has
 * neither, and does not outlive this process.
 * Throws ConfigError when it cannot be started (with the kubeconfig's installHint), fails, or answers nonsense.
 */
export async function runExecPlugin(
  exec: ExecEntry,
  cluster: ClusterEntry & { readonly server: string },
  surroundings: ExecSurroundings,
): Promise<ExecCredential> {
  const interactive = mayAsk(exec, surroundings);
  const spec = { interactive, ...(exec.provideClusterInfo && { cluster: await clusterInfo(cluster) }) };
  const info = JSON.stringify({ kind: "ExecCredential", apiVersion: exec.apiVersion, spec });
  const added = Object.fromEntries(exec.env.map(({ name, value }) => [name, value]));
  const { env, silent = false } = surroundings;
  const started = lookPath(exec.command, exec.args, { platform: process.platform, env, isProgram });
  if (started === undefined) throw notFound(exec);
  const given = { ...env, ...added, KUBERNETES_EXEC_INFO: info };
  const output = await run(exec, { ...started, env: given, interactive, silent });
  return readCredential(output, exec);
}

function mayAsk(exec: ExecEntry, surroundings: ExecSurroundings): boolean {
  if (exec.interactiveMode === "Never") return false;
  if (exec.interactiveMode === "Always" && !surroundings.stdinIsTerminal) {
    throw failure(exec, "cannot run because it must ask and standard input is not a terminal");
  }
  return surroundings.stdinIsTerminal;
}

/** The cluster as client-go's `ConfigToExecCluster` describes it, with the CA inlined. */
async function clusterInfo(cluster: ClusterEntry & { readonly server: string }): Promise<Record<string, unknown>> {
  const authority = cluster.certificateAuthority && readFileSync(cluster.certificateAuthority, "base64");
  return {
    server: cluster.server,
    "tls-server-name": cluster.tlsServerName,
    "insecure-skip-tls-verify": cluster.insecureSkipTlsVerify,
    "certificate-authority-data": cluster.certificateAuthorityData ?? authority,
    "proxy-url": cluster.proxyUrl,
    "disable-compression": cluster.disableCompression,
    config: cluster.extensions?.[clusterExtension] ?? null,
  };
}

interface Run extends Started {
  readonly env: Record<string, string | undefined>;
  readonly interactive: boolean;
  readonly silent: boolean;
}

function run(exec: ExecEntry, { program, args, verbatim, env, interactive, silent }: Run): Promise<string> {
  return new Promise((resolve, reject) => {
    const start = () =>
      spawn(program, args, {
        env,
        stdio: [interactive ? "inherit" : "ignore", "pipe", silent ? "ignore" : "inherit"] as const,
        // A group of its own, so that what it has started can be ended with it.
        detached: silent && process.platform !== "win32",
        windowsVerbatimArguments: verbatim,
      });
    const cannotStart = (error: NodeJS.ErrnoException) => failure(exec, `cannot be started (${error.code})`, error);
    let plugin: ReturnType<typeof start>;
    try {
      plugin = silent ? endedWithUs(start) : start();
    } catch (error) {
      // Of most faults of a path it tells by throwing.
      throw cannotStart(error as NodeJS.ErrnoException);
    }
    let output = "";
    plugin.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    plugin.on("error", (error: NodeJS.ErrnoException) => {
      reject(error.code === "ENOENT" ? notFound(exec, error) : cannotStart(error));
    });
    plugin.on("close", (code, signal) => {
      if (code === 0) resolve(output);
      else reject(failure(exec, code === null ? `was ended by ${signal}` : `failed with exit code ${code}`));
    });
  });
}

/** Nobody sees a silent plugin wait, and nobody can do what it waits for. */
const silentForAtMostMs = 30_000;

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Starts a silent plugin. It is ended with what it has started when it takes long, or this process ends before it: the shell's Ctrl-C does not reach another group. */
function endedWithUs<Plugin extends ChildProcess>(start: () => Plugin): Plugin {
  let plugin: Plugin | undefined;
  const end = (): void => {
    const pid = plugin?.pid;
    try {
      if (process.platform === "win32" || pid === undefined) plugin?.kill();
      else process.kill(-pid);
    } catch {
      // It has just ended by itself.
    }
  };
  const leave = (signal: NodeJS.Signals): void => {
    forget();
    end();
    process.kill(process.pid, signal);
  };
  const forget = (): void => {
    clearTimeout(timer);
    process.off("exit", end);
    for (const signal of signals) process.off(signal, leave);
  };
  const timer = setTimeout(end, silentForAtMostMs);
  process.on("exit", end);
  // Before it is started: it may run, and a signal come, before we are told that it runs.
  for (const signal of signals) process.on(signal, leave);
  try {
    plugin = start();
  } catch (error) {
    forget();
    throw error;
  }
  plugin.on("close", forget);
  return plugin;
}

function readCredential(output: string, exec: ExecEntry): ExecCredential {
  let answer: Record<string, unknown>;
  try {
    answer = JSON.parse(output) as Record<string, unknown>;
  } catch (error) {
    throw failure(exec, "did not print an ExecCredential in JSON", error);
  }
  if (answer?.apiVersion !== exec.apiVersion) {
    throw failure(
      exec,
      `is configured to use API version ${exec.apiVersion} but returned ${String(answer?.apiVersion)}`,
    );
  }
  const status = (answer.status ?? undefined) as Record<string, unknown> | undefined;
  if (status === undefined) throw failure(exec, "did not return a status field");
  const text = (key: string): string | undefined =>
    typeof status[key] === "string" && status[key] !== "" ? status[key] : undefined;
  const token = text("token");
  const certificate = text("clientCertificateData");
  const key = text("clientKeyData");
  if (token === undefined && certificate === undefined && key === undefined) {
    throw failure(exec, "did not return a token or cert/key pair");
  }
  if ((certificate === undefined) !== (key === undefined)) {
    throw failure(exec, "returned only certificate or key, not both");
  }
  const expiry = text("expirationTimestamp");
  const expiresAt = expiry === undefined ? undefined : new Date(expiry);
  if (expiresAt !== undefined && Number.isNaN(expiresAt.getTime())) {
    throw failure(exec, `returned an expirationTimestamp that is not a time: "${expiry}"`);
  }
  return { token, certificate, key, expiresAt };
}

function notFound(exec: ExecEntry, cause: unknown = noSuchFile): ConfigError {
  const hint = exec.installHint ?? "the kubeconfig needs this program to log in; install it or choose another user";
  return failure(exec, "was not found", cause, hint);
}

/** As Node would say it of a program that no folder of PATH has. */
const noSuchFile = Object.assign(new Error("no such file or directory"), { code: "ENOENT" });

function failure(exec: ExecEntry, what: string, cause?: unknown, hint?: string): ConfigError {
  // A plugin that gives up by itself, or is ended for being slow, may have needed no more than a terminal or time.
  const bounds = `: without -v it may not ask, and is ended after ${silentForAtMostMs / 1000} seconds`;
  const nameless = `the program that logs in gave no credential${cause === undefined ? bounds : ""}`;
  return new ConfigError(`getting credentials: exec: executable ${exec.command} ${what}`, { cause, hint, nameless });
}
