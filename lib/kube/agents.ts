/** Makes the agents that hold our connections: TLS with the right authorities and certificates, through the right proxy. */

import http from "node:http";
import https, { type AgentOptions } from "node:https";
import type { SecureContextOptions } from "node:tls";
import tls from "node:tls";
import { leadThrough } from "./proxy-tunnel.ts";

/** What a connection is made with. */
export interface TlsMaterial extends Pick<SecureContextOptions, "ca" | "cert" | "key"> {
  readonly servername?: string | undefined;
  readonly rejectUnauthorized?: boolean | undefined;
}

/** An agent for `server`; `proxy` is the URL of the proxy in between. Throws Node's error for a certificate or key that cannot be read. */
export function makeAgent(
  server: URL,
  proxy: string | undefined,
  material: TlsMaterial,
  limits: { readonly keepAlive: boolean; readonly maxSockets: number },
): http.Agent {
  const agent =
    server.protocol === "https:" ? new https.Agent({ ...tlsOptions(material), ...limits }) : new http.Agent(limits);
  return proxy === undefined ? agent : leadThrough(agent, proxy);
}

function tlsOptions(material: TlsMaterial): AgentOptions {
  const { servername, rejectUnauthorized = true } = material;
  return {
    // Once for all connections: to read the authorities takes longer than a request.
    secureContext: tls.createSecureContext({
      ca: material.ca ?? systemAuthorities(),
      ...(material.cert !== undefined && { cert: material.cert }),
      ...(material.key !== undefined && { key: material.key }),
    }),
    ...(servername !== undefined && { servername }),
    // Said in any case: else NODE_TLS_REJECT_UNAUTHORIZED, set for some other program, would decide.
    rejectUnauthorized,
  };
}

/** Without a CA of its own a cluster is trusted as kubectl does: by the machine's authorities, not by Node's. */
function systemAuthorities(): string[] {
  const system = tls.getCACertificates("system");
  return system.length > 0 ? system : tls.getCACertificates("default");
}

/** Whether connections made with one can serve requests of the other. */
export function sameIdentity(one: TlsMaterial, other: TlsMaterial): boolean {
  return String(one.cert) === String(other.cert) && String(one.key) === String(other.key);
}

/** Ends an agent that gets no new requests: its idle connections at once, the others with their request. */
export function retire(agent: http.Agent): void {
  agent.maxFreeSockets = 0;
  for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy();
}
