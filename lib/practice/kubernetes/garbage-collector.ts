/**
 * Deletes what belonged to deleted owners, waits for dependents of owners deleted in the foreground, and empties terminating
 * namespaces (kubernetes pkg/controller/garbagecollector, pkg/controller/namespace).
 */
import type { KubeObject, ResourceKey } from "../store.ts";
import type { Reconciler } from "./control-loop.ts";
import { isOf, managers, namespaces } from "./keys.ts";
import { isDeleting, removeFinalizer } from "./objects.ts";
import type { World } from "./world.ts";

const foreground = "foregroundDeletion";
const orphan = "orphan";

interface Dependent {
  readonly key: ResourceKey;
  readonly object: KubeObject;
}

export function createGarbageCollector(world: World): Reconciler {
  const dependents = new Map<string, Map<string, Dependent>>();
  const known = new Map<string, { key: ResourceKey; object: KubeObject }>();
  const file = (key: ResourceKey, object: KubeObject): void => {
    known.set(object.metadata.uid, { key, object });
    for (const owner of object.metadata.ownerReferences ?? []) {
      const filed = dependents.get(owner.uid) ?? new Map<string, Dependent>();
      dependents.set(owner.uid, filed.set(object.metadata.uid, { key, object }));
    }
  };
  const unfile = (object: KubeObject): void => {
    known.delete(object.metadata.uid);
    for (const owner of object.metadata.ownerReferences ?? []) dependents.get(owner.uid)?.delete(object.metadata.uid);
  };
  world.store.subscribe(({ type, key, object, previous }) => {
    if (previous !== undefined) unfile(previous);
    if (type !== "DELETED") file(key, object);
  });
  return {
    name: "garbage-collector",
    *touches({ type, object }) {
      const { uid, ownerReferences = [] } = object.metadata;
      if (type === "DELETED" || waitsForDependents(object)) yield uid;
      if (type === "DELETED") for (const owner of ownerReferences) yield owner.uid;
      if (type === "ADDED" && ownerReferences.some((owner) => !known.has(owner.uid))) yield `orphan ${uid}`;
    },
    reconcile(key) {
      if (key.startsWith("orphan ")) {
        const found = known.get(key.slice("orphan ".length));
        const owners = found?.object.metadata.ownerReferences ?? [];
        if (found !== undefined && owners.every((owner) => !known.has(owner.uid))) remove(world, found);
        return undefined;
      }
      const owner = known.get(key);
      const owned = [...(dependents.get(key)?.values() ?? [])];
      if (owner === undefined) for (const dependent of owned) release(world, dependent, key, known);
      else if (waitsForDependents(owner.object)) finishOwner(world, owner, owned, (uid) => hasAny(dependents.get(uid)));
      return undefined;
    },
  };
}

function waitsForDependents(object: KubeObject): boolean {
  const finalizers = object.metadata.finalizers ?? [];
  return isDeleting(object) && (finalizers.includes(foreground) || finalizers.includes(orphan));
}

/** A dependent goes when none of its owners is left. */
function release(world: World, dependent: Dependent, gone: string, known: ReadonlyMap<string, unknown>): void {
  const others = (dependent.object.metadata.ownerReferences ?? []).filter((owner) => owner.uid !== gone);
  if (!others.some((owner) => known.has(owner.uid))) remove(world, dependent);
}

function hasAny(dependents: ReadonlyMap<string, unknown> | undefined): boolean {
  return (dependents?.size ?? 0) > 0;
}

function remove(
  world: World,
  { key, object }: Dependent,
  propagationPolicy: "Background" | "Foreground" = "Background",
): void {
  if (isDeleting(object)) return;
  const { namespace, name, uid } = object.metadata;
  const options = { preconditions: { uid }, propagationPolicy };
  world.store.delete(key, namespace, name, options, managers.controllerManager);
}

/** A dependent with dependents of its own is deleted in the foreground too, so that all of them go before the owner. */
function finishOwner(
  world: World,
  owner: Dependent,
  owned: readonly Dependent[],
  isOwner: (uid: string) => boolean,
): void {
  const { key, object } = owner;
  const { namespace, name, uid } = object.metadata;
  if (object.metadata.finalizers?.includes(orphan)) {
    for (const dependent of owned) disown(world, dependent, uid);
    const change = (draft: KubeObject): void => removeFinalizer(draft, orphan);
    world.store.modify(key, namespace, name, change, managers.controllerManager);
    return;
  }
  for (const dependent of owned)
    remove(world, dependent, isOwner(dependent.object.metadata.uid) ? "Foreground" : "Background");
  if (!owned.some(({ object: dependent }) => blocks(dependent, uid))) {
    const change = (draft: KubeObject): void => removeFinalizer(draft, foreground);
    world.store.modify(key, namespace, name, change, managers.controllerManager);
  }
}

function blocks(dependent: KubeObject, owner: string): boolean {
  const references = dependent.metadata.ownerReferences ?? [];
  return references.some((reference) => reference.uid === owner && reference.blockOwnerDeletion === true);
}

function disown(world: World, { key, object }: Dependent, owner: string): void {
  const change = (draft: KubeObject): void => {
    const left = (draft.metadata.ownerReferences ?? []).filter((reference) => reference.uid !== owner);
    if (left.length > 0) draft.metadata.ownerReferences = left;
    else delete draft.metadata.ownerReferences;
  };
  world.store.modify(key, object.metadata.namespace, object.metadata.name, change, managers.controllerManager);
}

/** Deletes everything in a terminating namespace, and then the namespace. */
export function createNamespaceCleaner(world: World): Reconciler {
  return {
    name: "namespace",
    *touches({ type, key, object }) {
      if (isOf(key, namespaces)) yield object.metadata.name;
      else if (type === "DELETED" && object.metadata.namespace !== undefined) yield object.metadata.namespace;
    },
    reconcile(name) {
      const namespace = world.store.get(namespaces, undefined, name);
      if (namespace === undefined || !isDeleting(namespace)) return undefined;
      const left = world.store.resources
        .all()
        .filter((resource) => resource.namespaced)
        .flatMap((key) => world.store.list(key, name).map((object) => ({ key, object })));
      for (const found of left) remove(world, found);
      const done = (draft: KubeObject): void => {
        draft.spec = { ...draft.spec, finalizers: [] };
      };
      if (left.length === 0) world.store.modify(namespaces, undefined, name, done, managers.controllerManager);
      return undefined;
    },
  };
}
