/** The practice cluster's own certificate authority: made at start, kept in memory, signs the server and the clients of the kubeconfig. */
import "./no-metadata.ts";
import { randomBytes, webcrypto } from "node:crypto";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";

export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

export interface CertificateAuthority {
  /** The authority's certificate, PEM. */
  readonly certificate: string;
  /** A certificate for the API server on these names and addresses. */
  server(names: readonly string[]): Promise<KeyPair>;
  /** A client certificate: the common name is the user, the organisations are the groups. */
  client(user: string, groups: readonly string[]): Promise<KeyPair>;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const validMs = 10 * 365 * 24 * 3600 * 1000;

/** Makes an authority; its certificates are valid from an hour before `now`, so that clocks may differ. */
export async function createAuthority(now: Date): Promise<CertificateAuthority> {
  const keys = await generateKeys();
  const validity = {
    notBefore: new Date(now.getTime() - 3600_000),
    notAfter: new Date(now.getTime() + validMs),
  };
  const root = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: "CN=practice-ca",
    ...validity,
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.digitalSignature, true),
    ],
  });
  const issue = async (
    subject: { [type: string]: string[] }[],
    usage: ExtendedKeyUsage,
    names: readonly string[],
  ): Promise<KeyPair> => {
    const own = await generateKeys();
    const certificate = await X509CertificateGenerator.create({
      serialNumber: serial(),
      subject,
      issuer: root.subject,
      ...validity,
      signingAlgorithm: algorithm,
      publicKey: own.publicKey,
      signingKey: keys.privateKey,
      extensions: [
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([usage]),
        ...(names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names.map(alternativeName))]),
      ],
    });
    return { certificate: certificate.toString("pem"), key: await privatePem(own.privateKey) };
  };
  return {
    certificate: root.toString("pem"),
    server: (names) => issue([{ CN: ["kube-apiserver"] }], ExtendedKeyUsage.serverAuth, names),
    client: (user, groups) =>
      issue([...groups.map((group) => ({ O: [group] })), { CN: [user] }], ExtendedKeyUsage.clientAuth, []),
  };
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
}

async function privatePem(key: webcrypto.CryptoKey): Promise<string> {
  return PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY");
}

/** A positive serial number, as RFC 5280 wants it. */
function serial(): string {
  return `01${randomBytes(8).toString("hex")}`;
}

function alternativeName(name: string): { type: "ip" | "dns"; value: string } {
  return { type: /^[0-9.]+$|:/.test(name) ? "ip" : "dns", value: name };
}
