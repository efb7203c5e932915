/**
 * Who we are to the API server: certificate and Authorization header, renewed when they run out.
 * @kubernetes/client-node turns a user and a cluster into TLS options and headers; where it falls short of kubectl
 * (exec plugins, expiry, what happens after a 401) this file does it.
 */

import type { RequestOptions } from "node:https";
import type { Clock } from "../model/clock.ts";
import { ConfigError } from "../model/errors.ts";
import { sameIdentity } from "./agents.ts";
import type { EffectiveConfig } from "./effective-config.ts";
import type { ExecSurroundings } from "./exec-plugin.ts";
import type { AuthProviderEntry, UserEntry } from "./kubeconfig.ts";
import { readFile } from "./read-file.ts";
import type { TlsMaterial } from "./secure-context.ts";

export interface Identity {
  readonly tls: TlsMaterial;
  /** Value of the Authorization header. */
  readonly authorization: string | undefined;
}

export interface Credentials {
  /** The identity to use now; obtained on first use, renewed shortly before it expires. */
  current(): Promise<Identity>;
  /** After a 401 that `rejected` got: true when there is another identity to try. */
  renew(rejected: Identity): Promise<boolean>;
}

export interface CredentialSurroundings extends ExecSurroundings {
  readonly clock: Clock;
  readonly warn: (line: string) => void;
}

/** An identity and until when it may be used (milliseconds since 1970). */
interface Lease {
  readonly identity: Identity;
  readonly until: number;
}

/** Never hands out a credential that runs out within this time, unless its whole life is short. */
const marginMs = 30_000;
/** client-go reads a token file again once a minute. */
const tokenFileMs = 60_000;

/** Credentials of the effective user; nothing is read or run before `current` is called. Its errors are ConfigErrors. */
export function openCredentials(config: EffectiveConfig, surroundings: CredentialSurroundings): Credentials {
  const obtain = source(config, surroundings);
  const now = () => surroundings.clock.now().getTime();
  let lease: Promise<Lease> | undefined;
  const fresh = (): Promise<Lease> => {
    const started = obtain(now());
    lease = started;
    // A failure is not kept: the next request may find the plugin or the file in order.
    started.catch(() => {
      if (lease === started) lease = undefined;
    });
    return started;
  };
  const valid = async (): Promise<Lease> => {
    const held = await (lease ?? fresh());
    return held.until > now() ? held : await fresh();
  };
  return {
    current: async () => (await valid()).identity,
    renew: async (rejected) => {
      if (!renewable(config)) return false;
      // Several requests may have been rejected together: one renewal serves them all.
      if ((await valid()).identity !== rejected) return true;
      const renewed = (await fresh()).identity;
      return renewed.authorization !== rejected.authorization || !sameIdentity(renewed.tls, rejected.tls);
    },
  };
}

function renewable({ cluster, user }: EffectiveConfig): boolean {
  if (!cluster.server.startsWith("https:")) return false;
  return (
    !hasOwnHeader(user) && (user.exec !== undefined || user.authProvider !== undefined || user.tokenFile !== undefined)
  );
}

/** A token or a password given directly wins over a plugin: `--token` works with any kubeconfig. */
function hasOwnHeader(user: UserEntry): boolean {
  return user.token !== undefined || user.username !== undefined;
}

function source(config: EffectiveConfig, surroundings: CredentialSurroundings): (now: number) => Promise<Lease> {
  const { cluster, user } = config;
  // As kubectl: nothing that logs in leaves this machine without TLS.
  if (!cluster.server.startsWith("https:")) return async () => ({ identity: nobody, until: Number.POSITIVE_INFINITY });
  const { tokenFile } = user;
  if (tokenFile !== undefined) {
    const provider = { name: "tokenFile", config: { tokenFile } } as const;
    return async (now) => {
      // client-node lets everything wait until it has read the file: that must not take long. It also says what is wrong with it.
      await readFile(tokenFile).catch(() => undefined);
      const identity = await apply(config, { ...certificate(user), authProvider: provider });
      return { identity, until: now + tokenFileMs };
    };
  }
  if (hasOwnHeader(user)) return forever(config, { ...certificate(user), ...header(user) });
  if (user.exec !== undefined) {
    const { exec } = user;
    return async (now) => {
      const { runExecPlugin } = await import("./exec-plugin.ts");
      const got = await runExecPlugin(exec, cluster, surroundings);
      const identity = await apply(config, { ...certificate(user), token: got.token });
      const { tls } = identity;
      const names = { ...tls.names, cert: `the certificate of ${exec.command}`, key: `the key of ${exec.command}` };
      return {
        identity: got.certificate
          ? { ...identity, tls: { ...tls, cert: got.certificate, key: got.key, names } }
          : identity,
        until: withMargin(now, got.expiresAt?.getTime()),
      };
    };
  }
  if (user.authProvider !== undefined) return providerSource(config, user.authProvider, surroundings);
  return forever(config, certificate(user));
}

const nobody: Identity = { tls: {}, authorization: undefined };

function forever(config: EffectiveConfig, user: ClientNodeUser): () => Promise<Lease> {
  return async () => ({ identity: await apply(config, user), until: Number.POSITIVE_INFINITY });
}

function withMargin(now: number, expiry: number | undefined): number {
  if (expiry === undefined) return Number.POSITIVE_INFINITY;
  return expiry - Math.min(marginMs, Math.max(0, expiry - now) / 5);
}

const removedProviders: Readonly<Record<string, string>> = {
  gcp: 'use the "gke-gcloud-auth-plugin" kubectl/client-go credential plugin instead',
  azure: "use https://github.com/Azure/kubelogin instead",
};

function providerSource(
  config: EffectiveConfig,
  provider: AuthProviderEntry,
  surroundings: CredentialSurroundings,
): (now: number) => Promise<Lease> {
  const hint = removedProviders[provider.name];
  if (hint !== undefined) throw new ConfigError(`the ${provider.name} auth plugin has been removed`, { hint });
  if (provider.name !== "oidc") throw new ConfigError(`no Auth Provider found for name "${provider.name}"`);
  let idToken = provider.config["id-token"];
  let refreshToken = provider.config["refresh-token"];
  let used = false;
  return async (now) => {
    // The file's own token serves until it runs out or is rejected; being asked again means that it was.
    if (used || idToken === undefined || withMargin(now, jwtExpiry(idToken)) <= now) {
      const { refreshIdToken } = await import("./oidc.ts");
      const renewed = await refreshIdToken(provider.config, refreshToken, surroundings.env);
      if (renewed.refreshToken !== refreshToken) surroundings.warn(replacedRefreshToken);
      ({ idToken, refreshToken } = renewed);
    }
    used = true;
    const identity = await apply(config, { ...certificate(config.user), token: idToken });
    return { identity, until: withMargin(now, jwtExpiry(idToken)) };
  };
}

/** client-go writes the new one back into the kubeconfig; this program never writes into it. */
const replacedRefreshToken =
  "the identity provider has replaced the refresh token, and the kubeconfig still has the old one: the next login may have to be a new one";

/** Zero when the token is no JWT or says nothing: it is taken for expired then. */
function jwtExpiry(token: string): number {
  try {
    const payload = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as { exp?: unknown };
    return typeof payload.exp === "number" ? payload.exp * 1000 : 0;
  } catch {
    return 0;
  }
}

/** client-node's User, as far as it is used. */
interface ClientNodeUser {
  readonly certFile?: string | undefined;
  readonly certData?: string | undefined;
  readonly keyFile?: string | undefined;
  readonly keyData?: string | undefined;
  readonly token?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly authProvider?: { readonly name: "tokenFile"; readonly config: { readonly tokenFile: string } } | undefined;
}

function certificate(user: UserEntry): ClientNodeUser {
  if (user.clientCertificate === undefined && user.clientCertificateData === undefined) return {};
  return {
    certFile: user.clientCertificate,
    certData: user.clientCertificateData,
    keyFile: user.clientKey,
    keyData: user.clientKeyData,
  };
}

function header(user: UserEntry): ClientNodeUser {
  if (user.token !== undefined) return { token: user.token };
  return { username: user.username, password: user.password ?? "" };
}

/** Lets client-node read the files and make the header. Loaded on use: it is the heaviest part of the program. */
async function apply(config: EffectiveConfig, user: ClientNodeUser): Promise<Identity> {
  const { KubeConfig } = await import("@kubernetes/client-node/dist/config.js");
  const { cluster } = config;
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromOptions({
    clusters: [
      {
        name: "cluster",
        server: cluster.server,
        caFile: cluster.certificateAuthority,
        caData: cluster.certificateAuthorityData,
        skipTLSVerify: cluster.insecureSkipTlsVerify === true,
        tlsServerName: cluster.tlsServerName,
      },
    ],
    users: [{ ...user, name: "user" }],
    contexts: [{ name: "context", cluster: "cluster", user: "user" }],
    currentContext: "context",
  });
  const options: RequestOptions & TlsMaterial = {};
  try {
    await kubeConfig.applyToHTTPSOptions(options);
  } catch (error) {
    throw new ConfigError(`getting credentials: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
  const { ca, cert, key, servername, rejectUnauthorized } = options;
  const tls = { ca, cert, key, servername, rejectUnauthorized, names: namesOf(config) };
  return { tls, authorization: authorization(options) };
}

/** As a kubeconfig has them, with the file where there is one. */
function namesOf({ cluster, clusterName, user, userName }: EffectiveConfig): NonNullable<TlsMaterial["names"]> {
  const named = (field: string, file: string | undefined, owner: string | undefined) =>
    `${file === undefined ? `${field}-data` : `${field} ${file}`}${owner === undefined ? "" : ` for ${owner}`}`;
  return {
    ca: named("certificate-authority", cluster.certificateAuthority, clusterName),
    cert: named("client-certificate", user.clientCertificate, userName),
    key: named("client-key", user.clientKey, userName),
  };
}

function authorization(options: RequestOptions): string | undefined {
  // client-node's way of passing on a user name and a password.
  if (options.auth) return `Basic ${Buffer.from(options.auth).toString("base64")}`;
  const headers = options.headers as Readonly<Record<string, string | undefined>> | undefined;
  // Token files end with a newline, which must not reach the header.
  return headers?.Authorization?.trim();
}
