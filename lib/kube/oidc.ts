/**
 * The `oidc` auth provider as client-go has it (`plugin/pkg/client/auth/oidc`): renews an id-token by its refresh token.
 * client-node's own provider (2.0.1) cannot: it hands its OIDC library an issuer and an answer of types that it refuses.
 */
import { ConfigError } from "../model/errors.ts";
import { isObject } from "../model/json.ts";
import type { WireResponse } from "./exchange.ts";
import { proxyFor } from "./proxy.ts";
import { readFile } from "./read-file.ts";
import { firstLine } from "./status.ts";
import { openTransport } from "./transport.ts";

/** Keys of the provider's `config` in the kubeconfig. */
export type OidcConfig = Readonly<Record<string, string>>;

export interface OidcTokens {
  readonly idToken: string;
  /** Some identity providers replace it at every use. */
  readonly refreshToken: string;
}

const timeoutMs = 10_000;

/** Asks the identity provider for a new id-token. Throws ConfigError when the configuration or the provider does not allow it. */
export async function refreshIdToken(
  config: OidcConfig,
  refreshToken: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Promise<OidcTokens> {
  if (!refreshToken) {
    throw new ConfigError("No valid id-token, and cannot refresh without refresh-token", { hint: "log in again" });
  }
  const { "idp-issuer-url": issuer, "client-id": client, "client-secret": secret } = config;
  if (!issuer || !client) throw new ConfigError(`Must provide ${issuer ? "client-id" : "idp-issuer-url"}`);
  const ca = await authority(config);
  const ask = (url: string, form?: Record<string, string>, basic?: string) => request(url, { ca, env, form, basic });
  const discovered = json(await ask(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`), issuer);
  if (typeof discovered.token_endpoint !== "string") throw failed(`${issuer} names no token_endpoint`);
  const grant = { grant_type: "refresh_token", refresh_token: refreshToken };
  const endpoint = discovered.token_endpoint;
  let answer: WireResponse;
  if (secret) {
    // As Go's oauth2: the secret goes into the header first, and into the form where a provider wants it there.
    answer = await ask(endpoint, grant, `${encodeURIComponent(client)}:${encodeURIComponent(secret)}`);
    if (answer.status >= 400) answer = await ask(endpoint, { ...grant, client_id: client, client_secret: secret });
  } else {
    answer = await ask(endpoint, { ...grant, client_id: client });
  }
  const tokens = json(answer, endpoint);
  if (typeof tokens.id_token !== "string") throw failed(`${endpoint} gave no id_token`);
  return {
    idToken: tokens.id_token,
    refreshToken: typeof tokens.refresh_token === "string" ? tokens.refresh_token : refreshToken,
  };
}

async function authority(config: OidcConfig): Promise<string | Buffer | undefined> {
  const data = config["idp-certificate-authority-data"];
  if (data) return Buffer.from(data, "base64");
  const file = config["idp-certificate-authority"];
  if (!file) return undefined;
  return await readFile(file).catch((error: unknown) => {
    throw new ConfigError(`unable to read idp-certificate-authority ${file}`, { cause: error });
  });
}

interface Asking {
  readonly ca: string | Buffer | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly form: Record<string, string> | undefined;
  /** `client:secret`. */
  readonly basic: string | undefined;
}

async function request(address: string, { ca, env, form, basic }: Asking): Promise<WireResponse> {
  if (!URL.canParse(address) || !address.startsWith("https:")) throw failed(`"${address}" is not an https address`);
  const url = new URL(address);
  const transport = openTransport(url.origin, proxyFor(url.origin, undefined, env));
  const body = form === undefined ? undefined : new URLSearchParams(form).toString();
  try {
    return await transport.request({
      method: body === undefined ? "GET" : "POST",
      path: url.pathname + url.search,
      headers: {
        Accept: "application/json",
        ...(body !== undefined && {
          "Content-Type": "application/x-www-form-urlencoded",
          "Content-Length": Buffer.byteLength(body),
        }),
        ...(basic !== undefined && { Authorization: `Basic ${btoa(basic)}` }),
      },
      body,
      tls: ca === undefined ? {} : { ca, names: { ca: "idp-certificate-authority" } },
      timeoutMs,
      signal: undefined,
    });
  } catch (error) {
    throw failed(error instanceof Error ? error.message : String(error), error);
  } finally {
    transport.close();
  }
}

function json(answer: WireResponse, from: string): Readonly<Record<string, unknown>> {
  let body: unknown;
  try {
    body = JSON.parse(answer.text);
  } catch {
    body = undefined;
  }
  if (answer.status === 200 && isObject(body)) return body;
  throw failed(`${from} answered with HTTP status ${answer.status}: ${firstLine(answer.text)}`);
}

function failed(what: string, cause?: unknown): ConfigError {
  return new ConfigError(`failed to refresh the OIDC id-token: ${what}`, {
    cause,
    hint: "log in again; the kubeconfig's auth-provider may be replaced by an exec login plugin",
  });
}
