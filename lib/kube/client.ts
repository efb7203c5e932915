/** Typed requests: what the rest of the program asks of an API server. */
import type {
  ApiResource,
  DeleteOptions,
  Discovery,
  EvictOptions,
  Fetched,
  List,
  ListOptions,
  PatchOptions,
  RequestOptions,
  ResourcePath,
  ResourceType,
  ServerVersion,
  Table,
  TableOptions,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from "./api.ts";
import type { Connection } from "./connection.ts";
import { discoverGroups, discoverResources, readServerVersion } from "./discovery.ts";
import { readPages } from "./paging.ts";
import type { KubeRequest, KubeResponse } from "./request.ts";
import { collectionPath, objectPath } from "./resource-path.ts";
import { requireSuccess } from "./status.ts";
import { readTable } from "./table.ts";

/**
 * Requests against one API server. Reading verbs throw KubeError when the server refuses. Writing verbs resolve to the
 * response whatever its status, because a refusal is an answer; `requireSuccess` turns one into an error.
 * Every method throws UnreachableError when no answer could be had.
 */
export interface KubeClient {
  readonly connection: Connection;
  get(path: ResourcePath, options?: RequestOptions): Promise<Fetched>;
  /** Reads all pages; with `decode` each object is reduced as soon as its page is there, so pages do not pile up. */
  list(type: ResourceType, options?: ListOptions): Promise<List<unknown>>;
  list<T>(type: ResourceType, options: ListOptions, decode: (object: unknown) => T): Promise<List<T>>;
  /** Undefined when the server does not answer with a Table. */
  table(type: ResourceType, options?: TableOptions): Promise<Table | undefined>;
  create(
    path: Pick<ResourcePath, "type" | "namespace">,
    object: unknown,
    options?: WriteOptions,
  ): Promise<KubeResponse>;
  /** Sends a body to a subresource by PUT, as KubeVirt's own subresources want it. */
  put(path: ResourcePath, object: unknown, options?: WriteOptions): Promise<KubeResponse>;
  patch(path: ResourcePath, patch: unknown, options: PatchOptions): Promise<KubeResponse>;
  delete(path: ResourcePath, options?: DeleteOptions): Promise<KubeResponse>;
  /** policy/v1 Eviction with the UID as precondition. */
  evict(
    pod: { readonly namespace: string; readonly name: string; readonly uid: string },
    options?: EvictOptions,
  ): Promise<KubeResponse>;
  watch(type: ResourceType, options: WatchOptions): AsyncIterable<WatchEvent>;
  /** `groupsOnly`: without resources, and without what is unavailable. */
  discover(options?: RequestOptions & { readonly groupsOnly?: boolean }): Promise<Discovery>;
  /** Resources of one group version; undefined when the server does not serve it. */
  apiResources(group: string, version: string, options?: RequestOptions): Promise<readonly ApiResource[] | undefined>;
  serverVersion(options?: RequestOptions): Promise<ServerVersion>;
}

const patchTypes = {
  merge: "application/merge-patch+json",
  json: "application/json-patch+json",
  strategic: "application/strategic-merge-patch+json",
} as const;

/** Typed requests over a connection, which stays the caller's to close. */
export function createClient(connection: Connection): KubeClient {
  const send = (request: KubeRequest): Promise<KubeResponse> => connection.send(request);
  return {
    connection,
    get: async (path, options = {}) => {
      const response = await send({ method: "GET", path: objectPath(path), ...options });
      return { object: requireSuccess(response), serverTime: response.serverTime };
    },
    list: async <T>(
      type: ResourceType,
      options: ListOptions = {},
      decode: (object: unknown) => T = (object) => object as T,
    ) => {
      const { parts, ...rest } = await readPages(connection, { type, options }, (body) =>
        Array.isArray(body.items) ? body.items.map(decode) : [],
      );
      return { items: parts.flat(), ...rest };
    },
    table: (type, options = {}) => readTable(connection, type, options),
    create: ({ type, namespace }, object, options = {}) =>
      send({ method: "POST", path: collectionPath(type, namespace), body: object, ...written(options) }),
    put: (path, object, options = {}) =>
      send({ method: "PUT", path: objectPath(path), body: object, ...written(options) }),
    patch: (path, patch, options) =>
      send({
        method: "PATCH",
        path: objectPath(path),
        body: patch,
        contentType: patchTypes[options.type],
        ...written(options),
      }),
    delete: (path, options = {}) =>
      send({ method: "DELETE", path: objectPath(path), body: deleteOptions(options), ...transient(options) }),
    evict: ({ namespace, name, uid }, options = {}) =>
      send({
        method: "POST",
        path: objectPath({ type: pods, namespace, name, subresource: "eviction" }),
        body: {
          apiVersion: "policy/v1",
          kind: "Eviction",
          metadata: { name, namespace },
          deleteOptions: deleteOptions({ ...options, uid }),
        },
        // The API server tells webhooks of a dry run only when the URL says so; the body alone made KubeVirt up to 1.3 move the VM.
        query: { dryRun: options.dryRun ? "All" : undefined },
        ...transient(options),
      }),
    watch: async function* (type, options) {
      const { watchEvents } = await import("./watch.ts");
      yield* watchEvents(connection, type, options);
    },
    discover: (options = {}) => discoverGroups(connection, options),
    apiResources: (group, version, options = {}) => discoverResources(connection, group, version, options),
    serverVersion: (options = {}) => readServerVersion(connection, options),
  };
}

const pods: ResourceType = { group: "", version: "v1", plural: "pods", namespaced: true };

function transient({ signal, timeoutMs, as }: RequestOptions): Pick<KubeRequest, "signal" | "timeoutMs" | "as"> {
  return { signal, timeoutMs, as };
}

function written(options: WriteOptions): Pick<KubeRequest, "query" | "patient" | "signal" | "timeoutMs" | "as"> {
  return {
    query: { dryRun: options.dryRun ? "All" : undefined, fieldManager: options.fieldManager },
    patient: options.patient,
    ...transient(options),
  };
}

/** The dry run goes into the body, where both the delete and the eviction endpoint look for it. */
function deleteOptions(options: DeleteOptions): Readonly<Record<string, unknown>> {
  const { uid, resourceVersion, gracePeriodSeconds, propagationPolicy, dryRun } = options;
  return {
    apiVersion: "v1",
    kind: "DeleteOptions",
    gracePeriodSeconds,
    propagationPolicy,
    ...(dryRun && { dryRun: ["All"] }),
    ...((uid !== undefined || resourceVersion !== undefined) && { preconditions: { uid, resourceVersion } }),
  };
}
