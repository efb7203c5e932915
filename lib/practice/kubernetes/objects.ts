/** Small questions about objects that many controllers ask. */
import type { KubeObject, OwnerReference } from "../store.ts";
import { hasCondition } from "./conditions.ts";

/** The one owner that controls the object (`metav1.GetControllerOf`). */
export function controllerOf(object: KubeObject): OwnerReference | undefined {
  const owners = object.metadata.ownerReferences as OwnerReference[] | undefined;
  return owners?.find((owner) => owner.controller === true);
}

/** `metav1.IsControlledBy`. */
export function isControlledBy(object: KubeObject, owner: KubeObject): boolean {
  return controllerOf(object)?.uid === owner.metadata.uid;
}

/** A controller reference to `owner` (`metav1.NewControllerRef`). */
export function controllerReference(owner: KubeObject): OwnerReference {
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid ?? "",
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** All containers have ended for good. */
export function isFinished(pod: KubeObject): boolean {
  return pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
}

/** Its deletion was accepted, and a grace period or finalizers keep it. */
export function isDeleting(object: KubeObject): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}

/** Whether a pod or a node is Ready. */
export function isReady(object: KubeObject | undefined): boolean {
  return hasCondition(object, "Ready");
}

export interface Taint {
  key: string;
  value?: string;
  effect: string;
  timeAdded?: string;
}

/** The taints of a node, whether it has the field or not. */
export function taintsOf(node: KubeObject): Taint[] {
  return node.spec?.taints ?? [];
}

/** Whatever its value, and whatever its effect where none is given. */
export function hasTaint(node: KubeObject, key: string, effect?: string): boolean {
  return taintsOf(node).some((taint) => taint.key === key && (effect === undefined || taint.effect === effect));
}

/** Milliseconds from one RFC 3339 moment to another; 0 when the first is absent. */
export function elapsedMs(since: string | undefined | null, until: Date): number {
  return since === undefined || since === null ? 0 : until.getTime() - Date.parse(since);
}

/** Milliseconds until a deleted pod must be gone, at least 0. */
export function remainingGraceMs(pod: KubeObject, now: Date): number {
  return pod.metadata.deletionTimestamp === undefined
    ? 0
    : Math.max(0, Date.parse(pod.metadata.deletionTimestamp) - now.getTime());
}

/** A stable pseudo-random number below `limit` from a text: for names and addresses that do not change between runs. */
export function hashOf(text: string, limit: number): number {
  let hash = 2166136261;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 16777619);
  }
  return (hash >>> 0) % limit;
}

/** What bears a finalizer is not removed before that is taken off. */
export function addFinalizer(draft: KubeObject, finalizer: string): void {
  const present = draft.metadata.finalizers ?? [];
  if (!present.includes(finalizer)) draft.metadata.finalizers = [...present, finalizer];
}

/** Takes a finalizer off, if it is there. */
export function removeFinalizer(draft: KubeObject, finalizer: string): void {
  const left = (draft.metadata.finalizers ?? []).filter((present) => present !== finalizer);
  if (left.length > 0) draft.metadata.finalizers = left;
  else delete draft.metadata.finalizers;
}
