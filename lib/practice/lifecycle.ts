/** The registry's rules on deletion, generations and names (k8s.io/apiserver pkg/registry/rest/delete.go, generic/registry/store.go). */
import { randomInt } from "node:crypto";
import { rfc3339 } from "./clock.ts";
import { sameJson } from "./fields.ts";
import type { Resource } from "./resource.ts";
import { conflict } from "./status.ts";
import type { DeleteOptions, KubeObject, ObjectMeta, ResourceKey } from "./store.ts";

const suffixAlphabet = "bcdfghjklmnpqrstvwxz2456789";

/** The five random characters that follow a generateName (apimachinery pkg/util/rand). */
export function nameSuffix(): string {
  let text = "";
  for (let index = 0; index < 5; index++) text += suffixAlphabet[randomInt(suffixAlphabet.length)];
  return text;
}

/**
 * Throws Conflict unless the object is the one that the preconditions mean. The server names the kind here, not the resource
 * (rest.BeforeDelete).
 */
export function checkPreconditions(
  { group, kind }: { group: string; kind: string },
  { metadata }: KubeObject,
  { preconditions }: DeleteOptions,
): void {
  const { uid, resourceVersion, name } = metadata;
  const check = (what: string, wanted: string | undefined, found: string, means: string): void => {
    if (!wanted || wanted === found) return;
    const why = `the ${what} in the precondition (${wanted}) does not match the ${what} in record (${found}). The object might have been ${means}`;
    throw conflict({ group, resource: kind }, name, why);
  };
  check("UID", preconditions?.uid, uid, "deleted and then recreated");
  check("ResourceVersion", preconditions?.resourceVersion, resourceVersion, "modified");
}

/** The complaint about another object under the name. */
export function uidMismatch(wanted: string, found: string): string {
  return `Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${found}`;
}

/** The seconds an object may still live: only pods that are bound and unfinished end gracefully (pod strategy CheckGracefulDelete). */
export function graceFor(key: ResourceKey, object: KubeObject, wanted: number | undefined): number {
  if (key.group !== "" || key.resource !== "pods") return 0;
  const { spec, status, metadata } = object;
  if ((spec?.nodeName ?? "") === "" || status?.phase === "Succeeded" || status?.phase === "Failed") return 0;
  if (wanted === undefined && metadata.deletionGracePeriodSeconds !== undefined) {
    return metadata.deletionGracePeriodSeconds;
  }
  const grace = wanted ?? spec?.terminationGracePeriodSeconds ?? 30;
  return grace < 0 ? 1 : grace;
}

/** The finalizers a deletion leaves: those set, with the garbage collector's own as the propagation policy asks. */
export function finalizersFor(object: KubeObject, policy: DeleteOptions["propagationPolicy"]): string[] {
  const set = object.metadata.finalizers ?? [];
  if (policy === undefined || object.metadata.deletionTimestamp !== undefined) return [...set];
  const others = set.filter((finalizer) => finalizer !== "orphan" && finalizer !== "foregroundDeletion");
  if (policy === "Orphan") return [...others, "orphan"];
  return policy === "Foreground" ? [...others, "foregroundDeletion"] : others;
}

/** The metadata of an object that has been told to go; a second deletion can only shorten the grace period. */
export function markedForDeletion(object: KubeObject, finalizers: string[], grace: number, now: Date): ObjectMeta {
  const { metadata } = object;
  const { finalizers: _finalizers, ...rest } = metadata;
  const marked: ObjectMeta = finalizers.length === 0 ? rest : { ...rest, finalizers };
  const { deletionTimestamp, deletionGracePeriodSeconds: before = 0 } = metadata;
  if (deletionTimestamp !== undefined) {
    if (grace >= before) return marked;
    const begun = Date.parse(deletionTimestamp) - before * 1000;
    return { ...marked, deletionTimestamp: rfc3339(new Date(begun + grace * 1000)), deletionGracePeriodSeconds: grace };
  }
  return {
    ...marked,
    deletionTimestamp: rfc3339(new Date(now.getTime() + grace * 1000)),
    deletionGracePeriodSeconds: grace,
    ...(metadata.generation === undefined ? {} : { generation: metadata.generation + 1 }),
  };
}

/** True when an update took away the last thing that kept a deleted object: its finalizers are gone and no grace is left. */
export function releasedForRemoval(object: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = object.metadata;
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds > 0) return false;
  return finalizers.length === 0 && (object.spec?.finalizers?.length ?? 0) === 0;
}

/** True when an update raises the generation of such an object. */
export function contentChanged(resource: Resource, before: KubeObject, after: KubeObject): boolean {
  const { metadata: _m1, status: status1, ...rest1 } = before;
  const { metadata: _m2, status: status2, ...rest2 } = after;
  if (!sameJson(rest1, rest2)) return true;
  return resource.generation === "content" && !sameJson(status1, status2);
}
