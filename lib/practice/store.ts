/** The practice cluster's object store: what etcd and the registry keep, with resource versions, graceful deletion and a watch history. */
import type { ManagedFieldsEntry } from "./managed-fields.ts";
import type { ResourceTable } from "./resources.ts";

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
  /** Stores an object as it is, with its uid, its times and its owners: for clusters that are built with a past. Throws AlreadyExists. */
  restore(key: ResourceKey, object: KubeObject): KubeObject;
  /** Calls the listener after each write, in the order of the writes. */
  subscribe(listener: (event: StoreEvent) => void): () => void;
  /** The events of a resource after a resource version, "expired" when the history does not reach back that far. */
  since(key: ResourceKey, resourceVersion: string): readonly StoreEvent[] | "expired";
  /** All objects as they were at a resource version, "expired" when the history does not reach back that far. */
  listAt(key: ResourceKey, resourceVersion: string, namespace?: string): readonly KubeObject[] | "expired";
  /** The resource version of the latest write. */
  version(): string;
  /** Forgets the watch history, as etcd's compaction does: older resource versions are expired from now on. */
  compact(): void;
}
