/** PATCH in its four forms (apiserver pkg/endpoints/handlers/patch.go). */
import { rfc3339 } from "../clock.ts";
import { cloneJson } from "../fields.ts";
import { shapeOf } from "../shapes.ts";
import { badRequest, conflict, modifiedMeanwhile, notFound } from "../status.ts";
import type { KubeObject, Writer } from "../store.ts";
import { checkedObject, readJson, readYaml, unsupportedMediaType, versionText } from "./body.ts";
import type { ApiContext, Reply, ResourceCall } from "./call.ts";
import { dropUnknownFields, warningHeaders } from "./field-validation.ts";
import { applyJsonPatch, applyMergePatch } from "./json-patches.ts";
import { objectText, requireObject, storageKey } from "./reading.ts";
import { applyServerSide } from "./server-side-apply.ts";
import { applyStrategicMerge } from "./strategic-merge.ts";
import { asServed, asStored } from "./versions.ts";
import { checkName, storeChange, storeNew, writerOf } from "./writing.ts";

/** PATCH in any of the four forms. */
export function patchObject(context: ApiContext, call: ResourceCall): Reply {
  const type = (call.header("content-type").split(";")[0] ?? "").trim();
  const patch = patchForms.get(type);
  const accepted = [...patchForms.keys()].filter((each) => call.resource.custom !== true || each !== strategicMerge);
  if (patch === undefined || !accepted.includes(type)) throw unsupportedMediaType(accepted);
  if (type === serverSideApply) return applyObject(context, call);
  const current = requireObject(context, call);
  const served = asServed(current, call.resource, call.info.version);
  const patched = checkedObject(call, patch(cloneJson(served), call) as KubeObject);
  const warnings = dropUnknownFields(call, patched);
  checkName(call, patched);
  const stored = storeChange(context, call, {
    current,
    next: asStored(patched, call.resource),
    writer: writerOf(call),
  });
  return { status: 200, text: objectText(context, call, stored), headers: warningHeaders(warnings) };
}

const strategicMerge = "application/strategic-merge-patch+json";
const serverSideApply = "application/apply-patch+yaml";

const patchForms: ReadonlyMap<string, (document: KubeObject, call: ResourceCall) => unknown> = new Map([
  [
    "application/json-patch+json",
    (document: KubeObject, call: ResourceCall): unknown => applyJsonPatch(document, readJson(call.body.toString())),
  ],
  ["application/merge-patch+json", (document, call) => applyMergePatch(document, readPatch(call))],
  [serverSideApply, (document) => document],
  [
    strategicMerge,
    (document, call) => applyStrategicMerge(document, readPatch(call), shapeOf(storageKey(call.resource))),
  ],
]);

function readPatch(call: ResourceCall): Record<string, unknown> {
  const patch = readJson(call.body.toString());
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) {
    throw badRequest("error decoding patch: json: cannot unmarshal into Go value of type map[string]interface {}");
  }
  return patch as Record<string, unknown>;
}

function applyObject(context: ApiContext, call: ResourceCall): Reply {
  const { resource, info, query } = call;
  const manager = query.get("fieldManager") ?? "";
  if (manager === "") {
    throw badRequest(
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    );
  }
  const given = checkedObject(call, readYaml(call.body.toString()) as Partial<KubeObject>);
  if (given.metadata.managedFields !== undefined) throw badRequest("metadata.managedFields must be nil");
  const headers = warningHeaders(dropUnknownFields(call, given));
  checkName(call, given);
  const current = context.store.get(storageKey(resource), info.namespace, info.name);
  const { uid, resourceVersion } = given.metadata;
  if (current === undefined && uid) {
    const why = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`;
    throw conflict(resource, info.name, why);
  }
  if (current !== undefined && resourceVersion && resourceVersion !== current.metadata.resourceVersion) {
    throw conflict(resource, info.name, modifiedMeanwhile);
  }
  const live = current === undefined ? { metadata: {} } : asServed(current, resource, info.version);
  const { object, managedFields } = applyServerSide(live, given, {
    shape: shapeOf(storageKey(resource)),
    writer: { ...writerOf(call), apiVersion: versionText(resource, info.version), time: rfc3339(context.clock.now()) },
    force: query.get("force") === "true",
  });
  const writer: Writer = { ...writerOf(call), keepManagedFields: true };
  const applied = asStored(
    cloneJson({ ...object, metadata: { ...(object.metadata as object), managedFields } }) as KubeObject,
    resource,
  );
  if (current === undefined) {
    if (info.subresource !== "") throw notFound(resource, info.name);
    return { status: 201, text: objectText(context, call, storeNew(context, call, applied, writer)), headers };
  }
  const stored = storeChange(context, call, { current, next: applied, writer });
  return { status: 200, text: objectText(context, call, stored), headers };
}
