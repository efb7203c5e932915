/** The connection to one API server: who we are, where it is, and requests that resolve on every HTTP answer. */

import type { Clock } from "../model/clock.ts";
import { UnreachableError } from "../model/errors.ts";
import { readAnswer, serverTime } from "./answer.ts";
import { openCredentials } from "./credentials.ts";
import { type ConnectionOptions, type EffectiveConfig, effectiveConfig } from "./effective-config.ts";
import { type WireRequest, type WireResponse, wholeOf } from "./exchange.ts";
import { userAgent } from "./headers.ts";
import { loadKubeconfig } from "./kubeconfig.ts";
import { lineStream } from "./line-stream.ts";
import { proxyFor } from "./proxy.ts";
import type { KubeRequest, KubeResponse, KubeStream } from "./request.ts";
import { requestLog } from "./request-log.ts";
import { openTransport, type Transport, type WireStream } from "./transport.ts";
import { wireRequest } from "./wire-request.ts";

/** What a connection needs from the machine around it. */
export interface Environment {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homedir: string;
  readonly stdinIsTerminal: boolean;
  /** A program that logs us in may print nothing, and is ended when this process ends. */
  readonly silent?: boolean | undefined;
  /** Version of this program, for the User-Agent header. */
  readonly version: string;
  /** The LEVEL of `-v=LEVEL`; lines above it are not made. */
  readonly verbosity: number;
  /** Takes the lines that `-v=LEVEL` asks for; credentials are already taken out. */
  readonly log: (level: number, line: string) => void;
  /** Takes warnings for the user, one line each, without prefix. */
  readonly warn: (line: string) => void;
  readonly clock: Clock;
}

export interface Connection {
  /** Address of the API server as configured, without a trailing slash. */
  readonly server: string;
  /** Name of the context in use; undefined when flags or the pod's service account alone say where to go. */
  readonly context: string | undefined;
  /** The namespace of the context or of the flag; `default` when none is set. */
  readonly namespace: string;
  /** Whom the API server will see, as far as the configuration tells: the name of the kubeconfig's user entry. */
  readonly user: string | undefined;
  /** Resolves on every HTTP answer; throws UnreachableError on network faults, ConfigError when no credential can be had. */
  send(request: KubeRequest): Promise<KubeResponse>;
  /** Opens a streamed answer; any status but 200 resolves to the whole response instead. */
  stream(request: KubeRequest & { readonly idleTimeoutMs?: number | undefined }): Promise<KubeStream | KubeResponse>;
  close(): void;
  /** Requests sent and sockets opened so far. */
  readonly counters: { readonly requests: number; readonly connections: number };
}

/** Sooner or later than this without a byte a stream counts as broken: API servers send a bookmark about every minute. */
const defaultIdleMs = 90_000;
/** How often what the server put off is sent, and the longest wait it may ask for. */
const postponed = { tries: 5, longestSeconds: 30 };

/**
 * Loads the configuration as kubectl does and gets ready to send; nothing is sent and no plugin is run yet.
 * Throws ConfigError for what is wrong with the kubeconfig, UsageError for flags.
 */
export async function connect(options: ConnectionOptions, environment: Environment): Promise<Connection> {
  const kubeconfig = await loadKubeconfig({
    explicit: options.kubeconfig || undefined,
    env: environment.env,
    homedir: environment.homedir,
  });
  for (const file of kubeconfig.files) environment.log(6, `Config loaded from file: ${file}`);
  const config = await effectiveConfig(kubeconfig, options, { env: environment.env });
  if (config.inCluster) environment.log(4, "Using in-cluster configuration");
  return openConnection(config, environment);
}

function openConnection(config: EffectiveConfig, environment: Environment): Connection {
  const { server } = config.cluster;
  const proxy = proxyFor(server, config.cluster.proxyUrl, environment.env);
  const transport = openTransport(server, proxy);
  const authenticated = authenticator(config, environment);
  const logged = loggedExchange(transport, server, environment);
  const answered = answerReader({ server, proxy }, environment);
  let closed = false;
  return {
    server,
    context: config.context,
    namespace: config.namespace,
    user: config.userName,
    counters: transport.counters,
    close: () => {
      closed = true;
      transport.close();
    },
    send: async (request) => {
      // What still runs when a command has failed must not begin to wait for the server anew.
      if (closed) throw new UnreachableError(`the connection to ${server} is closed`);
      const ask = async () => answered(await authenticated(request, logged), request);
      const patient = request.method === "GET" || request.patient === true;
      return patient ? await askAgain(ask, request.signal, environment) : await ask();
    },
    stream: async ({ idleTimeoutMs = defaultIdleMs, ...request }) => {
      const opened = await authenticated(request, async (wire) => openStream(transport, wire));
      if (opened.stream === undefined) return answered(opened, request);
      environment.log(6, `${request.method} ${server}${request.path} 200 (watching)`);
      return {
        serverTime: serverTime(opened.stream.response.headers.date),
        ...lineStream(opened.stream, {
          idleTimeoutMs,
          signal: request.signal,
          fault: (error) => transport.fault(error),
        }),
      };
    },
  };
}

type Exchange<T> = (wire: WireRequest) => Promise<T>;

/** Sends with the current identity, and once more with a renewed one when the server did not accept it. */
function authenticator(config: EffectiveConfig, environment: Environment) {
  const credentials = openCredentials(config, environment);
  const sender = {
    userAgent: userAgent(environment.version, process.platform, process.arch),
    impersonated: config.user,
    timeoutMs: config.timeoutMs,
  };
  return async <T extends { readonly status: number }>(request: KubeRequest, exchange: Exchange<T>): Promise<T> => {
    const identity = await credentials.current();
    const answer = await exchange(wireRequest(request, identity, sender));
    if (answer.status !== 401 || !(await credentials.renew(identity))) return answer;
    environment.log(4, "The server did not accept the credential; trying again with a renewed one");
    return await exchange(wireRequest(request, await credentials.current(), sender));
  };
}

function loggedExchange(
  transport: Transport,
  server: string,
  { verbosity, log, clock }: Environment,
): Exchange<WireResponse> {
  const requests = requestLog(verbosity, log);
  const now = () => clock.now().getTime();
  return async (wire) => {
    const url = server + wire.path;
    requests.sent(wire.method, url, wire.headers, wire.body);
    const started = now();
    const answer = await transport.request(wire);
    requests.answered(wire.method, url, answer, now() - started);
    return answer;
  };
}

/** Reads answers, and passes each of the server's warnings on once. */
function answerReader(place: { readonly server: string; readonly proxy: string | undefined }, { warn }: Environment) {
  const warned = new Set<string>();
  return (wire: WireResponse, { withoutManagedFields }: KubeRequest): KubeResponse => {
    const response = readAnswer(wire, { ...place, withoutManagedFields });
    for (const warning of response.warnings) {
      if (!warned.has(warning)) warn(warning);
      warned.add(warning);
    }
    return response;
  };
}

/** A stream; anything but a 200 is read to its end instead, as an ordinary answer. */
async function openStream(transport: Transport, wire: WireRequest): Promise<WireResponse & { stream?: WireStream }> {
  const stream = await transport.open(wire);
  const { response } = stream;
  const { statusCode: status = 0, statusMessage: statusText = "", headers } = response;
  if (status === 200) return { status, statusText, headers, text: "", stream };
  response.socket.setTimeout(defaultIdleMs, stream.close);
  try {
    return await wholeOf(response);
  } catch (error) {
    throw transport.fault(error);
  } finally {
    stream.close();
  }
}

/** Asks until the server no longer puts it off, or has done so too often. */
async function askAgain(
  ask: () => Promise<KubeResponse>,
  signal: AbortSignal | undefined,
  { log, clock }: Environment,
): Promise<KubeResponse> {
  for (let attempt = 1; ; attempt += 1) {
    const response = await ask();
    const seconds = postponedSeconds(response);
    if (seconds === undefined || attempt >= postponed.tries) return response;
    log(4, `The server asks to be asked again in ${seconds} seconds`);
    await clock.sleep(seconds * 1000, signal);
  }
}

/** kubernetes/kubernetes staging/src/k8s.io/client-go/rest/with_retry.go (checkWait): a server that is too busy, stops, or has lost its storage. */
function postponedSeconds(response: KubeResponse): number | undefined {
  if (response.status !== 429 && response.status < 500) return undefined;
  const header = response.headers["retry-after"];
  const seconds = header === undefined ? Number.NaN : Number(header);
  return seconds >= 0 && seconds <= postponed.longestSeconds ? seconds : undefined;
}
