/** One request to an API server, and its answer. */

export interface KubeRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Absolute path on the server, such as `/api/v1/nodes`; names in it are already percent-encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>> | undefined;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly contentType?: string | undefined;
  readonly accept?: string | undefined;
  /** Objects of the answer come with empty `managedFields`. */
  readonly withoutManagedFields?: boolean | undefined;
  /** Waits where the server puts it off, as every read does: a write that may come late. */
  readonly patient?: boolean | undefined;
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
