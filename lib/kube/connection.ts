/** The connection to one API server: who we are, where it is, and requests that resolve on every HTTP answer. */
import type { Clock } from "../model/clock.ts";

/** kubectl's connection flags with kubectl's meaning; absent and `undefined` are the same. */
export interface ConnectionOptions {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly cluster?: string | undefined;
  readonly user?: string | undefined;
  readonly namespace?: string | undefined;
  readonly server?: string | undefined;
  readonly token?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly certificateAuthority?: string | undefined;
  readonly clientCertificate?: string | undefined;
  readonly clientKey?: string | undefined;
  readonly tlsServerName?: string | undefined;
  readonly insecureSkipTlsVerify?: boolean | undefined;
  readonly as?: string | undefined;
  readonly asGroup?: readonly string[] | undefined;
  readonly asUid?: string | undefined;
  /** `key=value` each, as in kubectl's --as-user-extra. */
  readonly asUserExtra?: readonly string[] | undefined;
  /** A Go duration (`1m30s`), a bare number of seconds, or `0` for no limit; 30 s when absent. */
  readonly requestTimeout?: string | undefined;
}

/** What a connection needs from the machine around it. */
export interface Environment {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homedir: string;
  readonly stdinIsTerminal: boolean;
  /** Takes the lines that `-v=LEVEL` asks for; credentials are already taken out. */
  readonly log: (level: number, line: string) => void;
  /** Takes warnings for the user, one line each, without prefix. */
  readonly warn: (line: string) => void;
  readonly clock: Clock;
}

export interface KubeRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Absolute path on the server, such as `/api/v1/nodes`; names in it are already percent-encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>> | undefined;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly contentType?: string | undefined;
  readonly accept?: string | undefined;
  /** Instead of the connection's time limit; 0 for none. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Impersonates this user for this one request, instead of whom the connection impersonates. */
  readonly as?: string | undefined;
}

export interface KubeResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The decoded JSON; `undefined` when the body was empty, the text itself for `text/plain`. */
  readonly body: unknown;
  /** The server's clock when it answered (its Date header). */
  readonly serverTime: Date | undefined;
  /** Texts of the server's Warning headers; `Environment.warn` has had each new one already. */
  readonly warnings: readonly string[];
}

/** An answer that goes on: lines as they arrive, on a connection of its own. */
export interface KubeStream {
  readonly serverTime: Date | undefined;
  /** Ends when the server ends the answer; throws UnreachableError when the connection breaks. */
  readonly lines: AsyncIterable<string>;
  close(): void;
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
