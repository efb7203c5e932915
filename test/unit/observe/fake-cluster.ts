/** A cluster in memory behind KubeClient: objects with selectors and watches, refusals, and a log of the requests. */

import type {
  ApiGroup,
  Discovery,
  ListOptions,
  ListRest,
  ResourcePath,
  ResourceType,
  Selection,
  TableOptions,
  WatchEvent,
  WatchOptions,
} from "../../../lib/kube/api.ts";
import type { KubeClient } from "../../../lib/kube/client.ts";
import type { KubeResponse } from "../../../lib/kube/request.ts";
import { KubeError } from "../../../lib/model/errors.ts";

// biome-ignore lint/suspicious/noExplicitAny: objects as they come over the wire.
export type RawObject = { metadata: any; [field: string]: any };

interface Watcher {
  readonly type: ResourceType;
  readonly options: WatchOptions;
  push(event: WatchEvent): void;
}

export interface Refusal {
  readonly verb: string;
  readonly plural: string;
  /** Refused in this namespace alone; empty: refused for the cluster as a whole; absent: everywhere. */
  readonly namespace?: string | undefined;
}

const emptyResponse = { headers: {}, body: undefined, serverTime: undefined, warnings: [] };

export class FakeCluster {
  readonly requests: string[] = [];
  /** Objects and rows that were sent in lists. */
  sent = 0;
  readonly refusals: Refusal[] = [];
  /** Plurals of which the server makes no tables. */
  readonly withoutTables = new Set<string>();
  /** Plurals that the server cannot list at the moment. */
  readonly unwell = new Set<string>();
  /** Answers to evictions by pod name; 201 for the others. */
  readonly evictions = new Map<string, Partial<KubeResponse>>();
  groups: ApiGroup[] = ["kubevirt.io", "policy"].map((name) => ({
    name,
    versions: [{ version: "v1", resources: [] }],
  }));
  unavailable: string[] = [];
  serverTime: Date | undefined = new Date("2026-08-22T10:00:00Z");
  /** Namespaces in which the user may evict; all of them when undefined. */
  mayEvict: readonly string[] | undefined;
  /** Requests under way now, and at most so far. */
  open = 0;
  mostOpen = 0;
  private readonly objects = new Map<string, Map<string, RawObject>>();
  private readonly watchers = new Set<Watcher>();
  private version = 100;

  put(plural: string, object: RawObject): void {
    this.version += 1;
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.version) } };
    const known = this.of(plural);
    const before = known.get(keyOf(stored));
    known.set(keyOf(stored), stored);
    for (const watcher of this.watchers) {
      if (watcher.type.plural !== plural) continue;
      const was = before !== undefined && matches(before, watcher.options);
      const is = matches(stored, watcher.options);
      // A watch with a selector sees an object that no longer matches go, as it was before.
      if (is) watcher.push({ type: was ? "MODIFIED" : "ADDED", object: stored, resourceVersion: String(this.version) });
      else if (was) watcher.push({ type: "DELETED", object: before, resourceVersion: String(this.version) });
    }
  }

  remove(plural: string, namespace: string, name: string): void {
    this.version += 1;
    const key = `${namespace}/${name}`;
    const before = this.of(plural).get(key);
    this.of(plural).delete(key);
    for (const watcher of this.watchers)
      if (before !== undefined && watcher.type.plural === plural && matches(before, watcher.options))
        watcher.push({ type: "DELETED", object: before, resourceVersion: String(this.version) });
  }

  raw(plural: string, namespace: string, name: string): RawObject {
    const object = this.of(plural).get(`${namespace}/${name}`);
    if (object === undefined) throw new Error(`the fake has no ${plural} ${namespace}/${name}`);
    return object;
  }

  /** Selectors of the watches that are open, as `plural selector`. */
  watching(): string[] {
    return [...this.watchers]
      .map(
        ({ type, options }) =>
          `${type.plural} ${options.labelSelector ?? options.fieldSelector ?? options.namespace ?? ""}`,
      )
      .sort();
  }

  /** Ends the watches of a resource. */
  endWatches(plural: string, reason: "closed" | "expired"): void {
    for (const watcher of this.watchers)
      if (watcher.type.plural === plural)
        watcher.push({ type: "ENDED", reason, resourceVersion: String(this.version) });
  }

  forbid(verb: string, plural: string, namespace?: string): void {
    this.refusals.push({ verb, plural, namespace });
  }

  client(): KubeClient {
    return new FakeClient(this);
  }

  private of(plural: string): Map<string, RawObject> {
    const known = this.objects.get(plural) ?? new Map<string, RawObject>();
    this.objects.set(plural, known);
    return known;
  }

  select(plural: string, selection: Selection): RawObject[] {
    return [...this.of(plural).values()].filter((object) => matches(object, selection));
  }

  get resourceVersion(): string {
    return String(this.version);
  }

  async request(verb: string, type: ResourceType, namespace: string | undefined, detail = ""): Promise<void> {
    this.requests.push([verb, type.plural, namespace, detail].filter(Boolean).join(" "));
    this.open += 1;
    this.mostOpen = Math.max(this.mostOpen, this.open);
    await Promise.resolve();
    this.open -= 1;
    const refused = this.refusals.some(
      (refusal) =>
        refusal.verb === verb &&
        refusal.plural === type.plural &&
        (refusal.namespace === undefined || refusal.namespace === (namespace ?? "")),
    );
    if (verb === "list" && this.unwell.has(type.plural)) throw refusal(500, "InternalError", "the server is unwell");
    if (refused) throw refusal(403, "Forbidden", `${type.plural} is forbidden: User "jane" cannot ${verb} resource`);
  }

  addWatcher(watcher: Watcher): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }
}

function refusal(code: number, reason: string, message: string): KubeError {
  return new KubeError({ code, reason, message, causes: [] });
}

class FakeClient implements KubeClient {
  readonly connection: KubeClient["connection"] = {
    server: "https://cluster.example:6443",
    context: "test",
    namespace: "default",
    user: "jane",
    send: () => Promise.reject(new Error("the fake takes typed requests only")),
    stream: () => Promise.reject(new Error("the fake takes typed requests only")),
    close: () => undefined,
    counters: { requests: 0, connections: 0 },
  };
  private readonly cluster: FakeCluster;

  constructor(cluster: FakeCluster) {
    this.cluster = cluster;
  }

  async get({ type, namespace, name }: ResourcePath) {
    await this.cluster.request("get", type, namespace, name);
    const [object] = this.cluster
      .select(type.plural, { namespace })
      .filter(({ metadata }) => metadata.name === name && (metadata.namespace ?? "") === (namespace ?? ""));
    if (object === undefined) throw refusal(404, "NotFound", `${type.plural} "${name}" not found`);
    return { object, serverTime: this.cluster.serverTime };
  }

  async list<T>(type: ResourceType, options: ListOptions = {}, decode?: (object: unknown) => T) {
    await this.cluster.request("list", type, options.namespace, options.labelSelector ?? options.fieldSelector);
    const { part, rest } = pageOf(this.cluster.select(type.plural, options), options);
    this.cluster.sent += part.length;
    const decoded = decode === undefined ? (part as T[]) : part.map(decode);
    return { items: decoded, resourceVersion: this.cluster.resourceVersion, serverTime: this.cluster.serverTime, rest };
  }

  async table(type: ResourceType, options: TableOptions = {}) {
    await this.cluster.request("table", type, options.namespace, options.labelSelector);
    if (this.cluster.withoutTables.has(type.plural)) return undefined;
    const columns = Object.entries(tables[type.plural] ?? {});
    const { part, rest } = pageOf(this.cluster.select(type.plural, options), options);
    this.cluster.sent += part.length;
    return {
      rest,
      columns: columns.map(([name]) => ({ name, type: "string", priority: 0 })),
      rows: part.map((object) => ({
        cells: columns.map(([, cell]) => cell(object)),
        object: options.includeObject === "Metadata" ? { metadata: object.metadata } : undefined,
      })),
      resourceVersion: this.cluster.resourceVersion,
      serverTime: this.cluster.serverTime,
    };
  }

  async create(
    { type, namespace }: { type: ResourceType; namespace?: string },
    review: { spec?: { resourceAttributes?: { namespace?: string } } },
  ): Promise<KubeResponse> {
    await this.cluster.request("create", type, namespace);
    const where = review.spec?.resourceAttributes?.namespace ?? "";
    const status =
      type.plural === "selfsubjectaccessreviews"
        ? { allowed: this.cluster.mayEvict?.includes(where) ?? true }
        : { userInfo: { username: "system:jane" } };
    return { ...emptyResponse, status: 201, body: { status } };
  }

  async evict(pod: { namespace: string; name: string }, options?: { dryRun?: boolean | undefined }) {
    await this.cluster.request(
      "evict",
      { group: "", version: "v1", plural: "pods", namespaced: true },
      pod.namespace,
      pod.name,
    );
    if (options?.dryRun !== true) throw new Error("nothing may be evicted here");
    return { ...emptyResponse, status: 201, ...this.cluster.evictions.get(pod.name) };
  }

  async discover(): Promise<Discovery> {
    await this.cluster.request("discover", { group: "", version: "", plural: "groups", namespaced: false }, undefined);
    return { groups: this.cluster.groups, unavailable: this.cluster.unavailable };
  }

  async apiResources(): Promise<undefined> {
    await this.cluster.request(
      "discover",
      { group: "", version: "", plural: "resources", namespaced: false },
      undefined,
    );
  }

  async serverVersion() {
    await this.cluster.request("get", { group: "", version: "", plural: "version", namespaced: false }, undefined);
    return { major: "1", minor: "36", gitVersion: "v1.36.2" };
  }

  async *watch(type: ResourceType, options: WatchOptions): AsyncIterable<WatchEvent> {
    await this.cluster.request("watch", type, options.namespace, options.labelSelector ?? options.fieldSelector);
    const queue: WatchEvent[] = [];
    let wake = (): void => undefined;
    const remove = this.cluster.addWatcher({
      type,
      options,
      push: (event) => {
        queue.push(event);
        wake();
      },
    });
    options.signal.addEventListener("abort", () => wake());
    try {
      for (;;) {
        options.signal.throwIfAborted();
        const event = queue.shift();
        if (event === undefined) await new Promise<void>((resolve) => (wake = resolve));
        else yield event;
        if (event?.type === "ENDED") return;
      }
    } finally {
      remove();
    }
  }

  put(): Promise<KubeResponse> {
    throw new Error("nothing is written here");
  }

  patch(): Promise<KubeResponse> {
    throw new Error("nothing is written here");
  }

  delete(): Promise<KubeResponse> {
    throw new Error("nothing is written here");
  }
}

/** Tokens are positions. Only where a page is asked for is anything held back. */
function pageOf(
  objects: readonly RawObject[],
  { limit = 500, from = "0", pagesAtMost }: ListOptions,
): { part: readonly RawObject[]; rest: ListRest | undefined } {
  const end = pagesAtMost === undefined ? objects.length : Number(from) + limit * pagesAtMost;
  const left = objects.length - end;
  return { part: objects.slice(Number(from), end), rest: left > 0 ? { from: String(end), count: left } : undefined };
}

/** The columns that the API server prints, of the kinds that are asked for as tables. */
const tables: Readonly<Record<string, Readonly<Record<string, (object: RawObject) => unknown>>>> = {
  nodes: {
    Name: ({ metadata }) => metadata.name,
    Status: ({ status, spec }) => {
      const ready = conditionOf(status, "Ready") === "True" ? "Ready" : "NotReady";
      return spec?.unschedulable ? `${ready},SchedulingDisabled` : ready;
    },
    Roles: () => "<none>",
    Age: () => "41d",
    Version: () => "v1.36.2",
  },
  virtualmachineinstances: {
    Name: ({ metadata }) => metadata.name,
    Phase: ({ status }) => status?.phase,
    NodeName: ({ status }) => status?.nodeName,
    "Live-Migratable": ({ status }) => conditionOf(status, "LiveMigratable"),
  },
  virtualmachineinstancemigrations: {
    Name: ({ metadata }) => metadata.name,
    Phase: ({ status }) => status?.phase,
    VMI: ({ spec }) => spec.vmiName,
  },
};

function conditionOf(status: RawObject["status"], type: string): string | undefined {
  return status?.conditions?.find((condition: { type: string }) => condition.type === type)?.status;
}

function keyOf({ metadata }: RawObject): string {
  return `${metadata.namespace ?? ""}/${metadata.name}`;
}

function matches({ metadata, spec }: RawObject, { namespace, labelSelector, fieldSelector }: Selection): boolean {
  if (namespace !== undefined && metadata.namespace !== namespace) return false;
  const fields: Record<string, string | undefined> = {
    "metadata.name": metadata.name,
    "spec.nodeName": spec?.nodeName,
  };
  const [field, wanted] = fieldSelector?.split("=") ?? [];
  if (field !== undefined && fields[field] !== wanted) return false;
  if (labelSelector === undefined) return true;
  const [, label = "", values] = /^(\S+) in \((.*)\)$/.exec(labelSelector) ?? [];
  if (values !== undefined) return values.split(",").includes(metadata.labels?.[label]);
  const [key = "", value] = labelSelector.split("=");
  return metadata.labels?.[key] === value;
}
