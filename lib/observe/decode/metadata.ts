/** Decodes what objects of all kinds have in common: metadata and conditions. */
import { type JsonObject, objectOf } from "../../model/json.ts";
import type { Condition, ObjectMeta, OwnerReference } from "../../model/kubernetes.ts";
import { flag, listOf, number, text, textMap } from "../read-field.ts";

/** An object taken apart; its parts are empty where it had none. */
export interface ObjectParts {
  readonly metadata: ObjectMeta;
  readonly spec: JsonObject;
  readonly status: JsonObject;
}

/** Undefined for what cannot be referred to, because it has no name or no UID. */
export function objectParts(object: unknown): ObjectParts | undefined {
  const fields = objectOf(object);
  const metadata = decodeMetadata(fields.metadata);
  return metadata && { metadata, spec: objectOf(fields.spec), status: objectOf(fields.status) };
}

/** Makes a decoder for objects of one kind out of what it reads of their parts. */
export function decoder<T>(decode: (parts: ObjectParts) => T): (object: unknown) => T | undefined {
  return (object) => {
    const parts = objectParts(object);
    return parts && decode(parts);
  };
}

function decodeMetadata(value: unknown): ObjectMeta | undefined {
  const fields = objectOf(value);
  const name = text(fields.name);
  const uid = text(fields.uid);
  if (name === undefined || uid === undefined) return undefined;
  return {
    name,
    uid,
    namespace: text(fields.namespace) ?? "",
    resourceVersion: text(fields.resourceVersion) ?? "",
    labels: textMap(fields.labels),
    annotations: textMap(fields.annotations),
    ownerReferences: listOf(fields.ownerReferences, decodeOwner),
    finalizers: listOf(fields.finalizers, text),
    generation: number(fields.generation),
    creationTimestamp: text(fields.creationTimestamp),
    deletionTimestamp: text(fields.deletionTimestamp),
    deletionGracePeriodSeconds: number(fields.deletionGracePeriodSeconds),
  };
}

function decodeOwner(value: unknown): OwnerReference | undefined {
  const fields = objectOf(value);
  const name = text(fields.name);
  if (name === undefined) return undefined;
  return {
    apiVersion: text(fields.apiVersion) ?? "",
    kind: text(fields.kind) ?? "",
    name,
    uid: text(fields.uid) ?? "",
    controller: flag(fields.controller),
  };
}

/** Conditions that have a type; one without a status is Unknown. */
export function decodeConditions(value: unknown): readonly Condition[] {
  return listOf(value, (entry) => {
    const fields = objectOf(entry);
    const type = text(fields.type);
    if (type === undefined) return undefined;
    return {
      type,
      status: text(fields.status) ?? "Unknown",
      reason: text(fields.reason),
      message: text(fields.message),
      lastTransitionTime: text(fields.lastTransitionTime),
    };
  });
}
