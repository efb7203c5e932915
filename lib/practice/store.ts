/** The practice cluster's object store: what etcd and the registry keep, with resource versions, graceful deletion and a watch history. */
import { randomUUID } from "node:crypto";
import { type PracticeClock, rfc3339 } from "./clock.ts";
import { sameJson } from "./fields.ts";
import {
  checkPreconditions,
  contentChanged,
  finalizersFor,
  graceFor,
  markedForDeletion,
  nameSuffix,
  releasedForRemoval,
  uidMismatch,
} from "./lifecycle.ts";
import { entriesAfterUpdate, type ManagedFieldsEntry } from "./managed-fields.ts";
import type { Resource } from "./resource.ts";
import { createResourceTable, type ResourceTable } from "./resources.ts";
import { shapeOf } from "./shapes.ts";
import { alreadyExists, conflict, modifiedMeanwhile, notFound } from "./status.ts";

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

export interface ObjectMeta {
  name: string;
  namespace?: string;
  generateName?: string;
  uid: string;
  resourceVersion: string;
  generation?: number;
  creationTimestamp: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
  finalizers?: string[];
  managedFields?: ManagedFieldsEntry[];
}

/** Plain Kubernetes JSON. An object got from the store is shared by everybody: never change it, change a clone. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  // biome-ignore lint/suspicious/noExplicitAny: the fields of a kind are whatever its clients wrote; each reader knows its own
  [field: string]: any;
}

/** An object as a client or controller hands it in: the server fills in the rest of the metadata. */
export type NewObject = Omit<Partial<KubeObject>, "metadata"> & { metadata?: Partial<ObjectMeta> };

export interface ResourceKey {
  readonly group: string;
  readonly resource: string;
}

export interface StoreEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly key: ResourceKey;
  readonly object: KubeObject;
  readonly previous?: KubeObject;
}

export interface Writer {
  /** The field manager under whose name the changed fields are recorded. */
  readonly manager: string;
  readonly subresource?: string | undefined;
  /** The API version the writer used, when it is not the resource's preferred one. */
  readonly apiVersion?: string;
  /** Says what would be written, and writes nothing. */
  readonly dryRun?: boolean;
  /** The object already carries its managedFields (server-side apply). */
  readonly keepManagedFields?: boolean;
}

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number | undefined;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string } | undefined;
  readonly propagationPolicy?: "Orphan" | "Background" | "Foreground" | undefined;
}

export interface Store {
  readonly resources: ResourceTable;
  get(key: ResourceKey, namespace: string | undefined, name: string): KubeObject | undefined;
  /** All objects of a resource, by namespace and name. */
  list(key: ResourceKey, namespace?: string): readonly KubeObject[];
  /** Stores a new object with uid, creationTimestamp, resourceVersion, generation. Throws AlreadyExists. */
  create(key: ResourceKey, object: NewObject, who?: Writer): KubeObject;
  /** Replaces an object. Throws NotFound, and Conflict when a resourceVersion or uid is given that is not the stored one. */
  update(key: ResourceKey, object: NewObject, who?: Writer): KubeObject;
  /** Changes a clone of the object by `change` and stores it; undefined when there is no such object. */
  modify(
    key: ResourceKey,
    namespace: string | undefined,
    name: string,
    change: (draft: KubeObject) => void,
    who?: Writer,
  ): KubeObject | undefined;
  /**
   * Deletes as the registry does: pods gracefully when they are bound and unfinished, and nothing goes while finalizers are left.
   * Returns the object as deleted or as marked, undefined when there is none. Throws Conflict when a precondition fails.
   */
  delete(
    key: ResourceKey,
    namespace: string | undefined,
    name: string,
    options?: DeleteOptions,
    who?: Writer,
  ): KubeObject | undefined;
  /** Calls the listener after each write, in the order of the writes. */
  subscribe(listener: (event: StoreEvent) => void): () => void;
  /** The events of a resource after a resource version, "expired" when the history does not reach back that far. */
  since(key: ResourceKey, resourceVersion: string): readonly StoreEvent[] | "expired";
  /** The resource version of the latest write. */
  version(): string;
  /** Forgets the watch history, as etcd's compaction does: older resource versions are expired from now on. */
  compact(): void;
}

interface Table {
  readonly objects: Map<string, KubeObject>;
  /** The keys in order; undefined when objects came or went since it was sorted. */
  order: string[] | undefined;
  readonly history: StoreEvent[];
  /** Events up to this resource version are forgotten. */
  forgotten: number;
}

/** Events kept per resource for watches that resume. */
const historyLimit = 20_000;

/** An empty store. */
export function createStore(options: { clock: PracticeClock; resources?: ResourceTable }): Store {
  return new MemoryStore(options.clock, options.resources ?? createResourceTable());
}

class MemoryStore implements Store {
  readonly resources: ResourceTable;
  readonly #clock: PracticeClock;
  readonly #tables = new Map<string, Table>();
  readonly #listeners = new Set<(event: StoreEvent) => void>();
  readonly #undelivered: StoreEvent[] = [];
  #delivering = false;
  #version = 1000;

  constructor(clock: PracticeClock, resources: ResourceTable) {
    this.#clock = clock;
    this.resources = resources;
  }

  get(key: ResourceKey, namespace: string | undefined, name: string): KubeObject | undefined {
    return this.#table(key).objects.get(path(this.#resource(key), namespace, name));
  }

  list(key: ResourceKey, namespace?: string): readonly KubeObject[] {
    const table = this.#table(key);
    table.order ??= [...table.objects.keys()].sort();
    const prefix = namespace === undefined ? "" : `${namespace}/`;
    const found: KubeObject[] = [];
    for (let index = firstAtOrAfter(table.order, prefix); index < table.order.length; index++) {
      const at = table.order[index] ?? "";
      if (!at.startsWith(prefix)) break;
      const object = table.objects.get(at);
      if (object !== undefined) found.push(object);
    }
    return found;
  }

  create(key: ResourceKey, object: NewObject, who: Writer = { manager: "unknown" }): KubeObject {
    const resource = this.#resource(key);
    const table = this.#table(key);
    const { resourceVersion: _version, ...given } = object.metadata ?? {};
    const name = given.name ?? `${given.generateName ?? ""}${nameSuffix()}`;
    if (table.objects.has(path(resource, given.namespace, name))) throw alreadyExists(key, name);
    const now = rfc3339(this.#clock.now());
    const created = {
      ...object,
      apiVersion: `${resource.group === "" ? "" : `${resource.group}/`}${resource.version}`,
      kind: resource.kind,
      metadata: {
        ...given,
        name,
        uid: randomUUID(),
        creationTimestamp: now,
        ...(resource.generation === "none" ? {} : { generation: 1 }),
      },
    } as KubeObject;
    this.#own(key, { metadata: {} }, created, who);
    return this.#put(key, created, undefined, who);
  }

  update(key: ResourceKey, object: NewObject, who: Writer = { manager: "unknown" }): KubeObject {
    const { name = "", namespace, resourceVersion, uid } = object.metadata ?? {};
    const current = this.get(key, namespace, name);
    if (current === undefined) throw notFound(key, name);
    if (resourceVersion !== undefined && resourceVersion !== current.metadata.resourceVersion) {
      throw conflict(key, name, modifiedMeanwhile);
    }
    if (uid !== undefined && uid !== current.metadata.uid) {
      throw conflict(key, name, uidMismatch(uid, current.metadata.uid));
    }
    return this.#replace(key, current, { ...object, metadata: { ...object.metadata } } as KubeObject, who);
  }

  modify(
    key: ResourceKey,
    namespace: string | undefined,
    name: string,
    change: (draft: KubeObject) => void,
    who: Writer = { manager: "unknown" },
  ): KubeObject | undefined {
    const current = this.get(key, namespace, name);
    if (current === undefined) return undefined;
    const draft = structuredClone(current);
    change(draft);
    return this.#replace(key, current, draft, who);
  }

  delete(
    key: ResourceKey,
    namespace: string | undefined,
    name: string,
    options: DeleteOptions = {},
    who: Writer = { manager: "unknown" },
  ): KubeObject | undefined {
    const current = this.get(key, namespace, name);
    if (current === undefined) return undefined;
    checkPreconditions(key, current, options);
    const finalizers = finalizersFor(current, options.propagationPolicy);
    const grace = graceFor(key, current, options.gracePeriodSeconds);
    const held = finalizers.length > 0 || (current.spec?.finalizers?.length ?? 0) > 0;
    if (grace === 0 && !held) return this.#remove(key, current, who);
    const metadata = markedForDeletion(current, finalizers, grace, this.#clock.now());
    const marked: KubeObject = { ...current, metadata };
    if (key.group === "" && key.resource === "namespaces") {
      marked.status = { ...current.status, phase: "Terminating" };
    }
    return sameJson(marked, current) ? current : this.#put(key, marked, current, who);
  }

  subscribe(listener: (event: StoreEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  since(key: ResourceKey, resourceVersion: string): readonly StoreEvent[] | "expired" {
    const { history, forgotten } = this.#table(key);
    const from = Number(resourceVersion);
    if (from < forgotten) return "expired";
    let index = history.length;
    while (index > 0 && Number(history[index - 1]?.object.metadata.resourceVersion) > from) index--;
    return history.slice(index);
  }

  version(): string {
    return String(this.#version);
  }

  compact(): void {
    for (const table of this.#tables.values()) {
      table.history.length = 0;
      table.forgotten = this.#version;
    }
  }

  #resource(key: ResourceKey): Resource {
    const resource = this.resources.find(key.group, key.resource);
    if (resource === undefined) throw notFound(key, "");
    return resource;
  }

  #table(key: ResourceKey): Table {
    const id = `${key.group}/${key.resource}`;
    let table = this.#tables.get(id);
    if (table === undefined) {
      table = { objects: new Map(), order: [], history: [], forgotten: 0 };
      this.#tables.set(id, table);
    }
    return table;
  }

  /** Stores `next` in place of `current`, keeping what only the server may change; nothing happens when they are equal. */
  #replace(key: ResourceKey, current: KubeObject, next: KubeObject, who: Writer): KubeObject {
    const resource = this.#resource(key);
    next.apiVersion = current.apiVersion;
    next.kind = current.kind;
    const metadata: ObjectMeta = { ...next.metadata, ...serverMetadata(current.metadata) };
    if (current.metadata.deletionTimestamp === undefined) {
      delete metadata.deletionTimestamp;
      delete metadata.deletionGracePeriodSeconds;
    }
    if (resource.generation !== "none" && contentChanged(resource, current, next)) {
      metadata.generation = (current.metadata.generation ?? 0) + 1;
    }
    next.metadata = metadata;
    this.#own(key, current, next, who);
    if (sameJson(current, next)) return current;
    if (releasedForRemoval(next)) return this.#remove(key, next, who);
    return this.#put(key, next, current, who);
  }

  #own(key: ResourceKey, before: object, after: KubeObject, who: Writer): void {
    if (who.keepManagedFields === true) return;
    const writer = {
      manager: who.manager,
      subresource: who.subresource,
      apiVersion: who.apiVersion ?? after.apiVersion,
      time: rfc3339(this.#clock.now()),
    };
    const entries = entriesAfterUpdate(before as Record<string, unknown>, after, shapeOf(key), writer);
    if (entries.length > 0) after.metadata.managedFields = entries;
    else delete after.metadata.managedFields;
  }

  #put(key: ResourceKey, object: KubeObject, previous: KubeObject | undefined, who: Writer): KubeObject {
    if (who.dryRun === true) return object;
    const stored = this.#stamped(object);
    const table = this.#table(key);
    if (previous === undefined) table.order = undefined;
    table.objects.set(path(this.#resource(key), stored.metadata.namespace, stored.metadata.name), stored);
    this.#publish(table, {
      type: previous === undefined ? "ADDED" : "MODIFIED",
      key,
      object: stored,
      ...(previous === undefined ? {} : { previous }),
    });
    return stored;
  }

  #remove(key: ResourceKey, object: KubeObject, who: Writer): KubeObject {
    if (who.dryRun === true) return object;
    const table = this.#table(key);
    table.order = undefined;
    table.objects.delete(path(this.#resource(key), object.metadata.namespace, object.metadata.name));
    this.#publish(table, { type: "DELETED", key, object: this.#stamped(object), previous: object });
    return object;
  }

  #stamped(object: KubeObject): KubeObject {
    this.#version++;
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } };
  }

  #publish(table: Table, event: StoreEvent): void {
    table.history.push(event);
    if (table.history.length > historyLimit * 1.5) {
      const dropped = table.history.splice(0, table.history.length - historyLimit);
      table.forgotten = Number(dropped.at(-1)?.object.metadata.resourceVersion ?? table.forgotten);
    }
    this.#undelivered.push(event);
    if (this.#delivering) return;
    this.#delivering = true;
    try {
      for (let next = this.#undelivered.shift(); next !== undefined; next = this.#undelivered.shift()) {
        for (const listener of this.#listeners) listener(next);
      }
    } finally {
      this.#delivering = false;
    }
  }
}

/** What an update can never change. */
function serverMetadata(current: ObjectMeta): Partial<ObjectMeta> {
  const { name, namespace, uid, resourceVersion, creationTimestamp, generation } = current;
  const { deletionTimestamp, deletionGracePeriodSeconds } = current;
  return {
    name,
    uid,
    resourceVersion,
    creationTimestamp,
    ...(namespace === undefined ? {} : { namespace }),
    ...(generation === undefined ? {} : { generation }),
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    ...(deletionGracePeriodSeconds === undefined ? {} : { deletionGracePeriodSeconds }),
  };
}

function path(resource: Resource, namespace: string | undefined, name: string): string {
  return resource.namespaced ? `${namespace ?? "default"}/${name}` : name;
}

function firstAtOrAfter(order: readonly string[], wanted: string): number {
  let low = 0;
  let high = order.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((order[middle] ?? "") < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
