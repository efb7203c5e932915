/** The store in memory: one table of immutable objects per resource, one counter of versions for all. */
import { randomUUID } from "node:crypto";
import { type PracticeClock, rfc3339 } from "./clock.ts";
import { cloneJson, sameJson } from "./fields.ts";
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
import { entriesAfterUpdate } from "./managed-fields.ts";
import type { Resource } from "./resource.ts";
import { createResourceTable, type ResourceTable } from "./resources.ts";
import { shapeOf } from "./shapes.ts";
import { alreadyExists, conflict, modifiedMeanwhile, notFound } from "./status.ts";
import type {
  DeleteOptions,
  KubeObject,
  NewObject,
  ObjectMeta,
  ResourceKey,
  Store,
  StoreEvent,
  Writer,
} from "./store.ts";

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

/** Where versions begin: whatever is older was compacted before this cluster was looked at. */
const firstVersion = 1000;

/** Throws a StoreError for a new object that may not be stored, whoever makes it. */
export type AtCreation = (store: Store, key: ResourceKey, object: KubeObject, now: Date) => void;

export interface StoreOptions {
  readonly clock: PracticeClock;
  readonly resources?: ResourceTable;
  readonly atCreation?: AtCreation;
}

/** An empty store. */
export function createStore({ clock, resources = createResourceTable(), atCreation }: StoreOptions): Store {
  return new MemoryStore(clock, resources, atCreation);
}

class MemoryStore implements Store {
  readonly resources: ResourceTable;
  readonly #clock: PracticeClock;
  readonly #atCreation: AtCreation | undefined;
  readonly #tables = new Map<string, Table>();
  readonly #listeners = new Set<(event: StoreEvent) => void>();
  readonly #undelivered: StoreEvent[] = [];
  #delivering = false;
  #version = firstVersion;

  constructor(clock: PracticeClock, resources: ResourceTable, atCreation: AtCreation | undefined) {
    this.#clock = clock;
    this.#atCreation = atCreation;
    this.resources = resources;
  }

  get(key: ResourceKey, namespace: string | undefined, name: string): KubeObject | undefined {
    return this.#table(key).objects.get(path(this.#resource(key), namespace, name));
  }

  list(key: ResourceKey, namespace?: string): readonly KubeObject[] {
    const table = this.#table(key);
    table.order ??= [...table.objects.keys()].sort();
    return inOrder(table.objects, table.order, namespace);
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
    this.#atCreation?.(this, key, created, this.#clock.now());
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
    // Most changes turn out to change nothing; that must be found out before anybody's ownership is looked at.
    const { managedFields: _entries, ...metadata } = current.metadata;
    const bare = { ...current, metadata };
    const draft = cloneJson(bare);
    change(draft);
    return sameJson(bare, draft) ? current : this.#replace(key, current, draft, who);
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
    checkPreconditions(this.#resource(key), current, options);
    const finalizers = finalizersFor(current, options.propagationPolicy);
    const grace = graceFor(key, current, options.gracePeriodSeconds);
    const held = finalizers.length > 0 || (current.spec?.finalizers?.length ?? 0) > 0;
    if (grace === 0 && !held) return this.#remove(key, current, current, who);
    const metadata = markedForDeletion(current, finalizers, grace, this.#clock.now());
    const marked: KubeObject = { ...current, metadata };
    if (key.group === "" && key.resource === "namespaces") {
      marked.status = { ...current.status, phase: "Terminating" };
    }
    return sameJson(marked, current) ? current : this.#put(key, marked, current, who);
  }

  restore(key: ResourceKey, object: KubeObject): KubeObject {
    if (this.get(key, object.metadata.namespace, object.metadata.name) !== undefined) {
      throw alreadyExists(key, object.metadata.name);
    }
    return this.#put(key, object, undefined, { manager: "" });
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

  listAt(key: ResourceKey, resourceVersion: string, namespace?: string): readonly KubeObject[] | "expired" {
    const later = this.since(key, resourceVersion);
    if (later === "expired") return later;
    if (later.length === 0) return this.list(key, namespace);
    const resource = this.#resource(key);
    const objects = new Map(this.#table(key).objects);
    for (const { object, previous } of later.toReversed()) {
      const at = path(resource, object.metadata.namespace, object.metadata.name);
      if (previous === undefined) objects.delete(at);
      else objects.set(at, previous);
    }
    return inOrder(objects, [...objects.keys()].sort(), namespace);
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
      table = { objects: new Map(), order: [], history: [], forgotten: firstVersion };
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
    if (releasedForRemoval(next)) return this.#remove(key, next, current, who);
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

  #remove(key: ResourceKey, object: KubeObject, previous: KubeObject, who: Writer): KubeObject {
    if (who.dryRun === true) return object;
    const table = this.#table(key);
    table.order = undefined;
    table.objects.delete(path(this.#resource(key), object.metadata.namespace, object.metadata.name));
    this.#publish(table, { type: "DELETED", key, object: this.#stamped(object), previous });
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

function inOrder(
  objects: ReadonlyMap<string, KubeObject>,
  order: readonly string[],
  namespace: string | undefined,
): KubeObject[] {
  const prefix = namespace === undefined ? "" : `${namespace}/`;
  const found: KubeObject[] = [];
  for (let index = firstAtOrAfter(order, prefix); index < order.length; index++) {
    const at = order[index] ?? "";
    if (!at.startsWith(prefix)) break;
    const object = objects.get(at);
    if (object !== undefined) found.push(object);
  }
  return found;
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
