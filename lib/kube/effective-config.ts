/** What kubectl's flags make of a kubeconfig: the one cluster, user and namespace in use (client-go `client_config.go`). */
import { existsSync, readFileSync } from "node:fs";
import { withoutUser } from "../model/address.ts";
import { parseGoDuration } from "../model/duration.ts";
import { ConfigError, UsageError } from "../model/errors.ts";
import { clusterFaults, identifies, userFaults } from "./config-faults.ts";
import type { ClusterEntry, ContextEntry, Kubeconfig, UserEntry } from "./kubeconfig.ts";

/** kubectl's connection flags with kubectl's meaning; absent and `undefined` are the same. */
export interface ConnectionOptions {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly cluster?: string | undefined;
  readonly user?: string | undefined;
  readonly namespace?: string | undefined;
  readonly server?: string | undefined;
  readonly token?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly certificateAuthority?: string | undefined;
  readonly clientCertificate?: string | undefined;
  readonly clientKey?: string | undefined;
  readonly tlsServerName?: string | undefined;
  readonly insecureSkipTlsVerify?: boolean | undefined;
  readonly as?: string | undefined;
  readonly asGroup?: readonly string[] | undefined;
  readonly asUid?: string | undefined;
  /** `key=value` each, as in kubectl's --as-user-extra. */
  readonly asUserExtra?: readonly string[] | undefined;
  /** A Go duration (`1m30s`), a bare number of seconds, or `0` for no limit; 30 s when absent. */
  readonly requestTimeout?: string | undefined;
}

export interface EffectiveConfig {
  readonly context: string | undefined;
  readonly namespace: string;
  readonly clusterName: string | undefined;
  readonly userName: string | undefined;
  readonly cluster: ClusterEntry & { readonly server: string };
  readonly user: UserEntry;
  /** Undefined for no limit. */
  readonly timeoutMs: number | undefined;
  /** The service account of the pod that this program runs in is used. */
  readonly inCluster: boolean;
}

const defaultTimeoutMs = 30_000;

export interface ConfigSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder in which a pod finds its credentials. */
  readonly serviceAccount?: string | undefined;
}

const podServiceAccount = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * Puts the flags over the kubeconfig, takes the pod's service account when neither says where to go, and validates.
 * Unlike kubectl it never falls back to http://localhost:8080 and never asks for a user name.
 * Throws ConfigError in kubectl's words; UsageError for flags that contradict each other.
 */
export async function effectiveConfig(
  kubeconfig: Kubeconfig,
  options: ConnectionOptions,
  { env, serviceAccount = podServiceAccount }: ConfigSurroundings,
): Promise<EffectiveConfig> {
  const timeoutMs = requestTimeout(options.requestTimeout);
  const chosen = choose(kubeconfig, options);
  const server = options.server ?? chosen.cluster?.server ?? (env.KUBERNETES_MASTER || undefined);
  if (server === undefined && chosen.cluster === undefined) {
    const inCluster = serviceAccountUsable({ env, serviceAccount });
    if (inCluster) return { ...inClusterConfig(options, { env, serviceAccount }), timeoutMs };
    throw nothingFound(kubeconfig, options, chosen);
  }
  if (server === undefined) throw new ConfigError(`no server found for cluster "${chosen.clusterName}"`);
  const cluster = { ...overrideCluster(chosen.cluster ?? {}, options), server: normalisedServer(server, options) };
  const user = overrideUser(chosen.user ?? {}, options);
  const clusterName = chosen.clusterName ?? "";
  const faults = [...(await clusterFaults(clusterName, cluster)), ...(await userFaults(chosen.userName ?? "", user))];
  if (faults.length > 0)
    throw new ConfigError(faults.join("\n"), { hint: "these are errors in the kubeconfig or the flags" });
  if (cluster.server.startsWith("https:") && !identifies(user)) throw noCredential(chosen);
  return {
    context: chosen.contextName,
    namespace: options.namespace || (chosen.context?.namespace ?? "default"),
    clusterName: chosen.clusterName,
    userName: chosen.userName,
    cluster,
    user,
    timeoutMs,
    inCluster: false,
  };
}

/** --request-timeout: a bare number is seconds, 0 is no limit (client-go `ParseTimeout`). */
function requestTimeout(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return defaultTimeoutMs;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : parseGoDuration(text);
  if (ms === undefined || ms < 0) {
    throw new UsageError(
      `invalid --request-timeout "${text}"`,
      "give a number of seconds, or a number with its unit such as 1s, 2m or 3h; 0 means no limit",
    );
  }
  return ms === 0 ? undefined : ms;
}

interface Choice {
  readonly contextName: string | undefined;
  readonly context: ContextEntry | undefined;
  readonly clusterName: string | undefined;
  readonly cluster: ClusterEntry | undefined;
  readonly userName: string | undefined;
  readonly user: UserEntry | undefined;
}

/** Names that a flag gives must exist; names that only the context gives may dangle, as long as flags replace them. */
function choose(kubeconfig: Kubeconfig, options: ConnectionOptions): Choice {
  const contextName = options.context || kubeconfig.currentContext;
  const context = contextName === undefined ? undefined : kubeconfig.contexts.get(contextName);
  if (options.context && context === undefined) {
    throw new ConfigError(`context "${options.context}" does not exist`, {
      hint: known("contexts", kubeconfig.contexts),
    });
  }
  if (contextName !== undefined && context === undefined) {
    throw new ConfigError(`context was not found for specified context: ${contextName}`, {
      hint: `current-context names it; ${known("contexts", kubeconfig.contexts)}`,
    });
  }
  const clusterName = options.cluster || context?.cluster;
  const cluster = clusterName === undefined ? undefined : kubeconfig.clusters.get(clusterName);
  if (options.cluster && cluster === undefined) {
    throw new ConfigError(`cluster "${options.cluster}" does not exist`, {
      hint: known("clusters", kubeconfig.clusters),
    });
  }
  const userName = options.user || context?.user;
  const user = userName === undefined ? undefined : kubeconfig.users.get(userName);
  if (options.user && user === undefined) {
    throw new ConfigError(`auth info "${options.user}" does not exist`, { hint: known("users", kubeconfig.users) });
  }
  return { contextName, context, clusterName, cluster, userName, user };
}

function known(what: string, entries: ReadonlyMap<string, unknown>): string {
  return entries.size === 0
    ? `the kubeconfig has no ${what}`
    : `the kubeconfig has the ${what} ${[...entries.keys()].sort().join(", ")}`;
}

function nothingFound(kubeconfig: Kubeconfig, options: ConnectionOptions, choice: Choice): ConfigError {
  if (choice.context !== undefined) {
    return new ConfigError(
      choice.clusterName === undefined
        ? `cluster was not specified for context "${choice.contextName}"`
        : `cluster "${choice.clusterName}" was not found for context "${choice.contextName}"`,
      { hint: known("clusters", kubeconfig.clusters) },
    );
  }
  if (kubeconfig.contexts.size > 0) {
    return new ConfigError("no context chosen: the kubeconfig sets no current-context", {
      hint: `choose one with --context; ${known("contexts", kubeconfig.contexts)}`,
    });
  }
  const looked = options.kubeconfig ?? [...kubeconfig.files, ...kubeconfig.missing].join(", ");
  return new ConfigError(
    kubeconfig.files.length === 0
      ? `no kubeconfig found: ${looked === "" ? "KUBECONFIG names none" : `${looked} does not exist`}`
      : `the kubeconfig ${looked} names no cluster`,
    { hint: "set KUBECONFIG or pass --kubeconfig" },
  );
}

function noCredential(choice: Choice): ConfigError {
  const { contextName, userName, user } = choice;
  const hint = "name a user with --user, or pass --token or --client-certificate and --client-key";
  if (userName === undefined) {
    const message =
      contextName === undefined ? "no user is specified" : `user was not specified for context "${contextName}"`;
    return new ConfigError(message, { hint });
  }
  return user === undefined
    ? new ConfigError(`user "${userName}" was not found for context "${contextName}"`, { hint })
    : new ConfigError(`user "${userName}" of the kubeconfig has no credential`, { hint });
}

/** As client-go's `DefaultServerURL`: an address without a scheme means https as soon as TLS is configured. */
function normalisedServer(server: string, options: ConnectionOptions): string {
  const address = server.includes("://")
    ? server
    : `${options.certificateAuthority || options.clientCertificate || options.insecureSkipTlsVerify ? "https" : "http"}://${server}`;
  let url: URL;
  try {
    url = new URL(address);
  } catch (error) {
    throw new ConfigError(`"${withoutUser(server)}" is not the address of a server`, {
      hint: "use https://HOST:PORT",
      cause: error,
    });
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw new ConfigError(`the server's address "${withoutUser(server)}" starts with neither https:// nor http://`);
  }
  return `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, "")}`;
}

/** --certificate-authority and --insecure-skip-tls-verify replace each other; --server drops the file's tls-server-name. */
function overrideCluster(entry: ClusterEntry, options: ConnectionOptions): ClusterEntry {
  const trust = options.insecureSkipTlsVerify || options.certificateAuthority;
  return {
    ...entry,
    ...(trust && {
      insecureSkipTlsVerify: options.insecureSkipTlsVerify,
      certificateAuthority: options.certificateAuthority || undefined,
      certificateAuthorityData: undefined,
    }),
    ...((options.tlsServerName || options.server) && { tlsServerName: options.tlsServerName || undefined }),
  };
}

function overrideUser(entry: UserEntry, options: ConnectionOptions): UserEntry {
  return {
    ...entry,
    // The flag wins over the file's token file, too.
    ...(options.token && { token: options.token, tokenFile: undefined }),
    ...(options.username && { username: options.username }),
    ...(options.password && { password: options.password }),
    ...(options.clientCertificate && {
      clientCertificate: options.clientCertificate,
      clientCertificateData: undefined,
    }),
    ...(options.clientKey && { clientKey: options.clientKey, clientKeyData: undefined }),
    ...(options.as && { as: options.as }),
    ...(options.asUid && { asUid: options.asUid }),
    ...(options.asGroup?.length && { asGroups: options.asGroup }),
    ...(options.asUserExtra?.length && { asUserExtra: userExtra(options.asUserExtra) }),
  };
}

/** `key=value`, repeated for several values of a key. */
function userExtra(pairs: readonly string[]): Record<string, readonly string[]> {
  const extra: Record<string, string[]> = {};
  for (const pair of pairs) {
    const separator = pair.indexOf("=");
    if (separator < 1) throw new UsageError(`invalid --as-user-extra "${pair}"`, "write it as KEY=VALUE");
    const key = pair.slice(0, separator);
    extra[key] = [...(extra[key] ?? []), pair.slice(separator + 1)];
  }
  return extra;
}

function serviceAccountUsable({ env, serviceAccount }: ConfigSurroundings): boolean {
  return Boolean(env.KUBERNETES_SERVICE_HOST && env.KUBERNETES_SERVICE_PORT) && existsSync(`${serviceAccount}/token`);
}

/** client-go `rest.InClusterConfig`; of the flags only token, CA and impersonation can add to it. */
function inClusterConfig(
  options: ConnectionOptions,
  { env, serviceAccount }: ConfigSurroundings,
): Omit<EffectiveConfig, "timeoutMs"> {
  const host = env.KUBERNETES_SERVICE_HOST ?? "";
  const address = host.includes(":") ? `[${host}]` : host;
  const file = `${serviceAccount}/namespace`;
  const own = existsSync(file) ? readFileSync(file, "utf8") : "";
  const cluster = { certificateAuthority: `${serviceAccount}/ca.crt` };
  return {
    context: undefined,
    namespace: options.namespace || env.POD_NAMESPACE || own.trim() || "default",
    clusterName: undefined,
    userName: undefined,
    cluster: { ...overrideCluster(cluster, options), server: `https://${address}:${env.KUBERNETES_SERVICE_PORT}` },
    user: overrideUser(options.token ? {} : { tokenFile: `${serviceAccount}/token` }, options),
    inCluster: true,
  };
}
