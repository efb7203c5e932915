/** Writes a request down as it goes over the wire: path, headers, body and limits. */
import type { Identity } from "./credentials.ts";
import type { WireRequest } from "./exchange.ts";
import { impersonationHeaders } from "./headers.ts";
import type { UserEntry } from "./kubeconfig.ts";
import type { KubeRequest } from "./request.ts";

/** What all requests of a connection have in common. */
export interface Sender {
  readonly userAgent: string;
  /** Whom to impersonate, unless the request says otherwise. */
  readonly impersonated: Pick<UserEntry, "as" | "asUid" | "asGroups" | "asUserExtra">;
  readonly timeoutMs: number | undefined;
}

/** The request as this sender, with this identity, sends it. */
export function wireRequest(request: KubeRequest, identity: Identity, sender: Sender): WireRequest {
  const body = request.body === undefined ? undefined : JSON.stringify(request.body);
  return {
    method: request.method,
    path: request.path + queryString(request.query),
    headers: {
      "User-Agent": sender.userAgent,
      // As client-go: virt-api answers 406 to a subresource request that does not accept everything.
      Accept: request.accept ?? "application/json, */*",
      ...(body !== undefined && {
        "Content-Type": request.contentType ?? "application/json",
        "Content-Length": Buffer.byteLength(body),
      }),
      ...(identity.authorization !== undefined && { Authorization: identity.authorization }),
      ...impersonationHeaders(request.as === undefined ? sender.impersonated : { as: request.as }),
    },
    body,
    tls: identity.tls,
    timeoutMs: request.timeoutMs === undefined ? sender.timeoutMs : request.timeoutMs || undefined,
    signal: request.signal,
  };
}

function queryString(query: KubeRequest["query"]): string {
  const given = Object.entries(query ?? {}).filter(([, value]) => value !== undefined);
  return given.length === 0
    ? ""
    : `?${new URLSearchParams(given.map(([key, value]): [string, string] => [key, String(value)]))}`;
}
