/** Makes the agents that hold our connections: TLS with the right authorities and certificates, through the right proxy. */
import http, { type ClientRequestArgs } from "node:http";
import https, { type AgentOptions } from "node:https";
import type { Duplex } from "node:stream";
import { secureContext, type TlsMaterial } from "./secure-context.ts";

/** An agent for `server`; `proxy` is the URL of the proxy in between. Throws ConfigError for a certificate or key that cannot be used. */
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

type Connected = (error: Error | null, socket?: Duplex) => void;

/** Makes `agent` reach every server through `proxy`. Tunnels that are being opened end with the agent. */
function leadThrough(agent: http.Agent, proxy: string): http.Agent {
  const url = new URL(proxy);
  const closing = new AbortController();
  const direct = agent.createConnection.bind(agent) as (options: object) => Duplex;
  const destroy = agent.destroy.bind(agent);
  const secure = agent instanceof https.Agent;
  return Object.assign(agent, {
    createConnection: (options: ClientRequestArgs, connected: Connected) => {
      const target = { host: String(options.host), port: Number(options.port) };
      import("./proxy-tunnel.ts")
        .then(({ openTunnel }) => openTunnel(url, target, closing.signal))
        .then((socket) => (secure ? direct({ ...options, socket }) : socket))
        .then((socket) => connected(null, socket), connected);
    },
    destroy: () => {
      closing.abort();
      destroy();
    },
  });
}

function tlsOptions(material: TlsMaterial): AgentOptions {
  const { servername, rejectUnauthorized = true } = material;
  return {
    secureContext: secureContext(material),
    ...(servername !== undefined && { servername }),
    // Said in any case: else NODE_TLS_REJECT_UNAUTHORIZED, set for some other program, would decide.
    rejectUnauthorized,
  };
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
