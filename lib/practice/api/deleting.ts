/** DELETE of an object and of a collection (apiserver pkg/endpoints/handlers/delete.go). */
import type { Resource } from "../resource.ts";
import { notFound } from "../status.ts";
import type { KubeObject } from "../store.ts";
import { admit } from "./admit.ts";
import { readDeleteOptions } from "./body.ts";
import { type ApiContext, itemText, jsonText, type Reply, type ResourceCall } from "./call.ts";
import { requireObject, selection, storageKey } from "./reading.ts";
import { asServed } from "./versions.ts";
import { writerOf } from "./writing.ts";

/**
 * DELETE of one object: answers with the object while it lives on, otherwise with a Status or what was deleted.
 * It is a dry run when its options say so, which come from the query only when there is no body.
 */
export function deleteObject(context: ApiContext, call: ResourceCall): Reply {
  const { resource, info } = call;
  const { options, dryRun } = readDeleteOptions(call);
  const current = requireObject(context, call);
  admit(context, call, "DELETE", { object: undefined, oldObject: current, dryRun });
  const key = storageKey(resource);
  const writer = { ...writerOf(call), dryRun };
  const deleted = context.store.delete(key, info.namespace, info.name, options, writer);
  if (deleted === undefined) throw notFound(resource, info.name);
  const gone = writer.dryRun
    ? deleted.metadata.deletionTimestamp === undefined
    : context.store.get(key, info.namespace, info.name) === undefined;
  const accepted = !gone && call.body.includes('"orphanDependents":false');
  const status = accepted ? 202 : 200;
  if (gone && resource.returnsDeleted !== true) return { status, value: successStatus(resource, deleted) };
  return { status, text: jsonText(asServed(deleted, resource, info.version)) };
}

/** DELETE of all objects that match the selectors; answers with the list of them. */
export function deleteCollection(context: ApiContext, call: ResourceCall): Reply {
  const { resource, info } = call;
  const { options, dryRun } = readDeleteOptions(call);
  const key = storageKey(resource);
  const filter = selection(call);
  const writer = { ...writerOf(call), dryRun };
  const items: string[] = [];
  for (const object of context.store.list(key, info.namespace || undefined)) {
    if (filter !== undefined && !filter(object)) continue;
    admit(context, call, "DELETE", { object: undefined, oldObject: object, dryRun: writer.dryRun });
    const { namespace, name } = object.metadata;
    const deleted = context.store.delete(key, namespace, name, options, writer);
    if (deleted !== undefined) items.push(itemText(asServed(deleted, resource, info.version)));
  }
  const metadata = JSON.stringify({ resourceVersion: context.store.version() });
  const apiVersion = info.group === "" ? info.version : `${info.group}/${info.version}`;
  const text = `{"kind":"${resource.listKind}","apiVersion":"${apiVersion}","metadata":${metadata},"items":[${items.join(",")}]}`;
  return { status: 200, text };
}

function successStatus(resource: Resource, object: KubeObject): object {
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    details: {
      name: object.metadata.name,
      ...(resource.group === "" ? {} : { group: resource.group }),
      kind: resource.resource,
      uid: object.metadata.uid,
    },
  };
}
