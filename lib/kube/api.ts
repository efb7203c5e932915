/** The words of the Kubernetes API: what is asked of a server, and what comes back. */

/** A resource as it appears in a URL; group `""` is the core group. */
export interface ResourceType {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

/** One object, or one of its subresources. */
export interface ResourcePath {
  readonly type: ResourceType;
  readonly namespace?: string | undefined;
  readonly name: string;
  readonly subresource?: string | undefined;
}

export interface RequestOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
  /** Impersonates this user for this one request. */
  readonly as?: string | undefined;
}

export interface Selection {
  /** Only objects of this namespace; all namespaces when absent. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

export interface ListOptions extends Selection, RequestOptions {
  /** Page size, 500 when absent. */
  readonly limit?: number | undefined;
  /** Stops after so many pages; what the server did not come to say is told by `rest`. */
  readonly pagesAtMost?: number | undefined;
  /** Goes on where an earlier list stopped. */
  readonly from?: string | undefined;
  /** Objects come with empty `managedFields`: a third less to parse. */
  readonly withoutManagedFields?: boolean | undefined;
}

/** What of a list was not read. */
export interface ListRest {
  /** The `from` of the list that goes on. */
  readonly from: string;
  /** How many objects it is; undefined where the server does not count them, as with selectors. */
  readonly count: number | undefined;
}

export interface Fetched {
  readonly object: unknown;
  readonly serverTime: Date | undefined;
}

export interface List<T> {
  readonly items: T[];
  /** Where a watch can take over. */
  readonly resourceVersion: string;
  readonly serverTime: Date | undefined;
  /** Undefined when everything was read. */
  readonly rest?: ListRest | undefined;
}

export interface TableOptions extends ListOptions {
  /** What each row carries of its object: nothing when absent. */
  readonly includeObject?: "None" | "Metadata" | "Object" | undefined;
}

export interface Table {
  readonly columns: readonly { readonly name: string; readonly type: string; readonly priority: number }[];
  readonly rows: readonly { readonly cells: readonly unknown[]; readonly object: unknown }[];
  readonly resourceVersion: string;
  readonly serverTime: Date | undefined;
  /** Undefined when everything was read. */
  readonly rest?: ListRest | undefined;
}

export interface WriteOptions extends RequestOptions {
  readonly dryRun?: boolean | undefined;
  /** It may come late: where the server is too busy it is sent again when the server says so. Reads always are. */
  readonly patient?: boolean | undefined;
  readonly fieldManager?: string | undefined;
}

export interface PatchOptions extends WriteOptions {
  readonly type: "merge" | "json" | "strategic";
}

export interface DeleteOptions extends RequestOptions {
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
  readonly gracePeriodSeconds?: number | undefined;
  readonly propagationPolicy?: "Background" | "Foreground" | "Orphan" | undefined;
  readonly dryRun?: boolean | undefined;
}

export interface EvictOptions extends RequestOptions {
  readonly gracePeriodSeconds?: number | undefined;
  readonly dryRun?: boolean | undefined;
}

export interface WatchOptions extends Selection {
  readonly resourceVersion: string;
  readonly signal: AbortSignal;
}

/** `ENDED` is always the last one: `expired` asks for a new list, `closed` for a watch from `resourceVersion`. */
export type WatchEvent =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: unknown; readonly resourceVersion: string }
  | { readonly type: "BOOKMARK"; readonly resourceVersion: string }
  | { readonly type: "ENDED"; readonly reason: "expired" | "closed"; readonly resourceVersion: string };

export interface ApiResource {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  /** Names without the resource's own: `migrate`, `status`. */
  readonly subresources: readonly string[];
}

export interface ApiVersion {
  readonly version: string;
  /** Undefined when the server lists groups only: ask `apiResources`. */
  readonly resources: readonly ApiResource[] | undefined;
}

export interface ApiGroup {
  readonly name: string;
  /** Preferred version first. */
  readonly versions: readonly ApiVersion[];
}

export interface Discovery {
  readonly groups: readonly ApiGroup[];
  /** Group versions whose server did not answer, as `group/version`. */
  readonly unavailable: readonly string[];
}

export interface ServerVersion {
  readonly major: string;
  readonly minor: string;
  readonly gitVersion: string;
}
