/** What TLS connections are made with: a certificate or key that cannot be used is a fault of the configuration, not of the network. */
import { X509Certificate } from "node:crypto";
import tls, { type SecureContext, type SecureContextOptions } from "node:tls";
import { ConfigError } from "../model/errors.ts";

/** What a connection is made with. */
export interface TlsMaterial extends Pick<SecureContextOptions, "ca" | "cert" | "key"> {
  readonly servername?: string | undefined;
  readonly rejectUnauthorized?: boolean | undefined;
  /** What they are called where the user finds them. */
  readonly names?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
}

/** Once for all connections: to read the authorities takes longer than a request. Throws ConfigError. */
export function secureContext(material: TlsMaterial): SecureContext {
  const { ca, cert, key } = material;
  // Node takes an authority that holds no certificate for none at all, and would blame the server.
  if (ca !== undefined) tried(material, "ca", () => new X509Certificate(String(ca)));
  try {
    return tls.createSecureContext({
      ca: ca ?? systemAuthorities(),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
    });
  } catch (error) {
    // Node says what is wrong, but not with what.
    tried(material, "cert", () => tls.createSecureContext({ cert }));
    tried(material, "key", () => tls.createSecureContext({ key }));
    throw unusable(`${nameOf(material, "key")} with ${nameOf(material, "cert")}`, error);
  }
}

type Part = "ca" | "cert" | "key";

function tried(material: TlsMaterial, part: Part, use: () => unknown): void {
  try {
    use();
  } catch (error) {
    throw unusable(nameOf(material, part), error);
  }
}

function nameOf({ names }: TlsMaterial, part: Part): string {
  return names?.[part] ?? { ca: "the certificate authority", cert: "the certificate", key: "the key" }[part];
}

function unusable(what: string, cause: unknown): ConfigError {
  const hint = "get that, or the kubeconfig, anew";
  return new ConfigError(`unable to use ${what}: ${reasonOf(cause)}`, { cause, hint });
}

/** The end of OpenSSL's `error:0480006C:PEM routines::no start line`. */
function reasonOf(error: unknown): string {
  const { code = "", message = String(error) } = error as NodeJS.ErrnoException;
  if (code === "ERR_OSSL_BAD_DECRYPT") return "it is encrypted";
  if (/NO_START_LINE|UNSUPPORTED/.test(code)) return "it is no PEM";
  if (code === "ERR_OSSL_X509_KEY_VALUES_MISMATCH") return "they do not belong together";
  return message.split(":").at(-1) ?? message;
}

/** Without a CA of its own a cluster is trusted as kubectl does: by the machine's authorities, and by Mozilla's only where it has none. */
function systemAuthorities(): string[] {
  const system = tls.getCACertificates("system");
  // Not Node's "default", to which NODE_EXTRA_CA_CERTS adds what other programs are to trust.
  return system.length > 0 ? system : tls.getCACertificates("bundled");
}
