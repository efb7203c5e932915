/** POST, PUT and PATCH of objects and their status (apiserver pkg/endpoints/handlers/{create,update,patch}.go). */
import { rfc3339 } from "../clock.ts";
import { shapeOf } from "../shapes.ts";
import { badRequest, conflict, failure, modifiedMeanwhile, notFound, StoreError } from "../status.ts";
import type { KubeObject, NewObject, Writer } from "../store.ts";
import { admit } from "./admit.ts";
import { checkedObject, readJson, readObject, readYaml, unsupportedMediaType, versionText } from "./body.ts";
import { type ApiContext, fieldManager, isDryRun, type Reply, type ResourceCall } from "./call.ts";
import { fillDefaults } from "./defaults.ts";
import { applyJsonPatch, applyMergePatch } from "./json-patches.ts";
import { objectText, requireObject, storageKey } from "./reading.ts";
import { applyServerSide } from "./server-side-apply.ts";
import { applyStrategicMerge } from "./strategic-merge.ts";
import { checkChange, checkNew, checkVersionGiven } from "./validation.ts";
import { asServed, asStored } from "./versions.ts";

/** POST of a new object. */
export function createObject(context: ApiContext, call: ResourceCall): Reply {
  const given = readObject(call);
  if (given.metadata.resourceVersion) {
    throw new StoreError(failure(500, "resourceVersion should not be set on objects to be created"));
  }
  const created = storeNew(context, call, given, writerOf(call));
  return { status: 201, text: objectText(context, call, created) };
}

/** PUT. */
export function replaceObject(context: ApiContext, call: ResourceCall): Reply {
  const given = readObject(call);
  checkName(call, given);
  const current = requireObject(context, call);
  checkVersionGiven(call.resource, given);
  const stored = storeChange(context, call, { current, next: asStored(given, call.resource), writer: writerOf(call) });
  return { status: 200, text: objectText(context, call, stored) };
}

/** PATCH in any of the four forms. */
export function patchObject(context: ApiContext, call: ResourceCall): Reply {
  const type = (call.header("content-type").split(";")[0] ?? "").trim();
  const patch = patchForms.get(type);
  const accepted = [...patchForms.keys()].filter((each) => call.resource.custom !== true || each !== strategicMerge);
  if (patch === undefined || !accepted.includes(type)) throw unsupportedMediaType(accepted);
  if (type === serverSideApply) return applyObject(context, call);
  const current = requireObject(context, call);
  const served = asServed(current, call.resource, call.info.version);
  const patched = checkedObject(call, patch(structuredClone(served), call) as KubeObject);
  checkName(call, patched);
  const stored = storeChange(context, call, {
    current,
    next: asStored(patched, call.resource),
    writer: writerOf(call),
  });
  return { status: 200, text: objectText(context, call, stored) };
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
  checkName(call, given);
  const current = context.store.get(storageKey(resource), info.namespace, info.name);
  const { uid, resourceVersion } = given.metadata;
  if (current === undefined && uid)
    throw conflict(
      resource,
      info.name,
      `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`,
    );
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
    { ...object, metadata: { ...(object.metadata as object), managedFields } } as KubeObject,
    resource,
  );
  if (current === undefined) {
    if (info.subresource !== "") throw notFound(resource, info.name);
    return { status: 201, text: objectText(context, call, storeNew(context, call, applied, writer)) };
  }
  const stored = storeChange(context, call, { current, next: applied, writer });
  return { status: 200, text: objectText(context, call, stored) };
}

/** Who writes, as managedFields will say it. */
export function writerOf(call: ResourceCall): Writer {
  return {
    manager: fieldManager(call),
    subresource: call.info.subresource || undefined,
    apiVersion: versionText(
      call.resource.storedAs === undefined ? call.resource : { ...call.resource, group: "" },
      call.info.version,
    ),
    dryRun: isDryRun(call),
  };
}

/** Passes a new object through defaults, admission and validation into the store. */
function storeNew(context: ApiContext, call: ResourceCall, given: KubeObject, writer: Writer): KubeObject {
  const { resource } = call;
  const draft = structuredClone(given);
  for (const field of ["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"] as const) {
    delete draft.metadata[field];
  }
  if (writer.keepManagedFields !== true) delete draft.metadata.managedFields;
  if (!draft.metadata.name) delete (draft.metadata as Partial<KubeObject["metadata"]>).name;
  if (resource.subresources?.includes("status") === true && !keepsStatusOnCreate.has(resource.resource)) {
    delete draft.status;
  }
  checkNew(resource, draft);
  fillDefaults(resource, draft);
  const admitted = admit(context, call, "CREATE", { object: draft });
  return context.store.create(storageKey(resource), asStored(admitted, resource) as NewObject, writer);
}

/** A kubelet registers its node with the status it has. */
const keepsStatusOnCreate = new Set(["nodes"]);

/** Passes a changed object through admission and validation into the store. */
function storeChange(
  context: ApiContext,
  call: ResourceCall,
  { current, next, writer }: { current: KubeObject; next: KubeObject; writer: Writer },
): KubeObject {
  const { resource, info } = call;
  const { resourceVersion, uid } = next.metadata;
  if (resourceVersion && resourceVersion !== current.metadata.resourceVersion) {
    throw conflict(resource, info.name, modifiedMeanwhile);
  }
  if (uid && uid !== current.metadata.uid) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${current.metadata.uid}`;
    throw conflict(resource, info.name, why);
  }
  const scoped = limitedToPart(resource.subresources ?? [], { current, next, call });
  const admitted = admit(context, call, "UPDATE", { object: scoped, oldObject: current });
  checkChange(resource, current, admitted);
  return context.store.update(storageKey(resource), admitted as NewObject, writer);
}

/** A write to `/status` changes only that; one to the object itself never does, where the resource has the subresource. */
function limitedToPart(
  subresources: readonly string[],
  { current, next, call }: { current: KubeObject; next: KubeObject; call: ResourceCall },
): KubeObject {
  const { managedFields } = next.metadata;
  if (call.info.subresource === "status") {
    // Built-in kinds let labels and annotations pass with the status (a kubelet writes both); custom ones do not.
    const metadata =
      call.resource.custom === true ? { ...current.metadata, ...(managedFields && { managedFields }) } : next.metadata;
    return withStatus({ ...current, metadata }, next);
  }
  return subresources.includes("status") ? withStatus(next, current) : next;
}

function withStatus(object: KubeObject, source: KubeObject): KubeObject {
  const { status: _status, ...rest } = object;
  return (source.status === undefined ? rest : { ...rest, status: source.status }) as KubeObject;
}

function checkName({ info }: ResourceCall, object: KubeObject): void {
  const { name } = object.metadata;
  if (name !== undefined && name !== "" && name !== info.name) {
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${info.name})`);
  }
  object.metadata.name = info.name;
}
