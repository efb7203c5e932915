/** Kubeconfig files for the practice server. */
import { dump } from "js-yaml";
import type { CertificateAuthority } from "./certificates.ts";

/** Who a kubeconfig stands for: a bearer token, or a user with groups for whom a client certificate is made. */
export type Identity =
  | { readonly token: string; readonly namespace?: string }
  | { readonly user: string; readonly groups?: readonly string[]; readonly namespace?: string };

const administrator: Identity = { user: "kubernetes-admin", groups: ["system:masters"] };

/** The file's text: one context, credentials and authority inside it. */
export async function kubeconfigText({
  url,
  authority,
  identity = administrator,
}: {
  url: string;
  authority: CertificateAuthority;
  identity?: Identity | undefined;
}): Promise<string> {
  const name = "practice";
  const user = "user" in identity ? identity.user : "token";
  const { namespace } = identity;
  return dump({
    apiVersion: "v1",
    kind: "Config",
    "current-context": name,
    clusters: [{ name, cluster: { server: url, "certificate-authority-data": base64(authority.certificate) } }],
    users: [{ name: user, user: await credentials(authority, identity) }],
    contexts: [{ name, context: { cluster: name, user, ...(namespace === undefined ? {} : { namespace }) } }],
  });
}

async function credentials(authority: CertificateAuthority, identity: Identity): Promise<object> {
  if ("token" in identity) return { token: identity.token };
  const { certificate, key } = await authority.client(identity.user, identity.groups ?? []);
  return { "client-certificate-data": base64(certificate), "client-key-data": base64(key) };
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
