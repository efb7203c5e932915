/** Who sends a request: client certificate, bearer token, impersonation headers, or nobody (k8s.io/apiserver authentication). */
import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import { failure, StoreError } from "../status.ts";
import { type Attributes, forbidden } from "./authorization.ts";
import type { UserInfo } from "./call.ts";

const authenticated = "system:authenticated";
const unauthenticated = "system:unauthenticated";
const anonymousName = "system:anonymous";
const anonymous: UserInfo = { name: anonymousName, groups: [unauthenticated] };

const bySocket = new WeakMap<TLSSocket, UserInfo | "refused" | "none">();

/** The user behind a request before impersonation. Throws 401 when a credential is given that is not valid. */
export function authenticate(request: IncomingMessage, tokens: ReadonlyMap<string, UserInfo>): UserInfo {
  const fromCertificate = certificateUser(request.socket as TLSSocket);
  if (typeof fromCertificate === "object") return fromCertificate;
  const [scheme = "", token = ""] = (request.headers.authorization ?? "").split(" ");
  if (scheme.toLowerCase() === "bearer" && token !== "") {
    const user = tokens.get(token);
    if (user === undefined) throw unauthorized();
    return { ...user, groups: [...user.groups, authenticated] };
  }
  if (fromCertificate === "refused") throw unauthorized();
  return anonymous;
}

function unauthorized(): StoreError {
  return new StoreError(failure(401, "Unauthorized", "Unauthorized"));
}

function certificateUser(socket: TLSSocket): UserInfo | "refused" | "none" {
  let found = bySocket.get(socket);
  if (found === undefined) {
    found = readCertificate(socket);
    bySocket.set(socket, found);
  }
  return found;
}

function readCertificate(socket: TLSSocket): UserInfo | "refused" | "none" {
  const certificate = socket.getPeerCertificate();
  if (certificate?.subject === undefined) return "none";
  if (!socket.authorized) return "refused";
  const { CN, O } = certificate.subject as { CN?: string; O?: string | string[] };
  const groups = O === undefined ? [] : [O].flat();
  const fingerprint = certificate.fingerprint256.replaceAll(":", "").toLowerCase();
  return {
    name: CN ?? "",
    groups: [...groups, authenticated],
    extra: { "authentication.kubernetes.io/credential-id": [`X509SHA256=${fingerprint}`] },
  };
}

/**
 * The user as whom the request acts (apiserver pkg/endpoints/filters/impersonation). Throws 403 for everything that the real user may
 * not impersonate, and 500 when groups or extras come without a user, as the server does.
 */
export function impersonated(
  user: UserInfo,
  headers: NodeJS.Dict<string[]>,
  allowed: (user: UserInfo, attributes: Attributes) => boolean,
): UserInfo {
  const name = headers["impersonate-user"]?.[0] ?? "";
  const uid = headers["impersonate-uid"]?.[0] ?? "";
  const groups = headers["impersonate-group"] ?? [];
  const extra = extraHeaders(headers);
  if (name === "" && (uid !== "" || groups.length > 0 || Object.keys(extra).length > 0)) {
    throw new StoreError(failure(500, `requested ${JSON.stringify([...groups, uid])} without impersonating a user`));
  }
  if (name === "") return user;
  const check = (attributes: Partial<Attributes> & { resource: string; name: string }): void => {
    const full: Attributes = {
      verb: "impersonate",
      group: "",
      version: "v1",
      namespace: "",
      subresource: "",
      ...attributes,
    };
    if (!allowed(user, full)) throw forbidden(user, full);
  };
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(name);
  const [, namespace = "", accountName = ""] = account ?? [];
  if (account === null) check({ resource: "users", name });
  else check({ resource: "serviceaccounts", namespace, name: accountName });
  for (const group of groups) check({ resource: "groups", name: group });
  for (const [key, values] of Object.entries(extra)) {
    for (const value of values) {
      check({ group: "authentication.k8s.io", resource: "userextras", subresource: key, name: value });
    }
  }
  if (uid !== "") check({ group: "authentication.k8s.io", resource: "uids", name: uid });
  const given = account !== null && groups.length === 0 ? serviceAccountGroups(namespace) : groups;
  return { name, groups: withBasicGroup(name, given), ...(uid === "" ? {} : { uid }), extra };
}

/** The groups of every service account of a namespace. */
export function serviceAccountGroups(namespace: string): string[] {
  return ["system:serviceaccounts", `system:serviceaccounts:${namespace}`];
}

function withBasicGroup(name: string, groups: readonly string[]): string[] {
  const basic = name === anonymousName ? unauthenticated : authenticated;
  const has = groups.includes(unauthenticated) || groups.includes(basic);
  return has ? [...groups] : [...groups, basic];
}

function extraHeaders(headers: NodeJS.Dict<string[]>): Record<string, string[]> {
  const prefix = "impersonate-extra-";
  const extra: Record<string, string[]> = {};
  for (const [header, values] of Object.entries(headers)) {
    if (header.startsWith(prefix)) extra[decodeURIComponent(header.slice(prefix.length))] = values ?? [];
  }
  return extra;
}
