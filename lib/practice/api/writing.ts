/** POST and PUT of objects and their status (apiserver pkg/endpoints/handlers/{create,update}.go), and how all writes reach the store. */

import { cloneJson } from "../fields.ts";
import { uidMismatch } from "../lifecycle.ts";
import { badRequest, conflict, failure, invalid, modifiedMeanwhile, StoreError } from "../status.ts";
import type { KubeObject, NewObject, Writer } from "../store.ts";
import { admit } from "./admit.ts";
import { readObject, versionText } from "./body.ts";
import { type ApiContext, fieldManager, isDryRun, type Reply, type ResourceCall } from "./call.ts";
import { fillDefaults, prepareNew } from "./defaults.ts";
import { dropUnknownFields, warningHeaders } from "./field-validation.ts";
import { objectText, requireObject, storageKey } from "./reading.ts";
import { checkChange, checkNew, checkVersionGiven } from "./validation.ts";
import { asStored } from "./versions.ts";

/** POST of a new object. */
export function createObject(context: ApiContext, call: ResourceCall): Reply {
  const given = readObject(call);
  const warnings = dropUnknownFields(call, given);
  if (given.metadata.resourceVersion) {
    throw new StoreError(failure(500, "resourceVersion should not be set on objects to be created"));
  }
  const created = storeNew(context, call, given, writerOf(call));
  return { status: 201, text: objectText(context, call, created), headers: warningHeaders(warnings) };
}

/** PUT. */
export function replaceObject(context: ApiContext, call: ResourceCall): Reply {
  const given = readObject(call);
  const warnings = dropUnknownFields(call, given);
  checkName(call, given);
  const current = requireObject(context, call);
  checkVersionGiven(call.resource, given);
  const stored = storeChange(context, call, { current, next: asStored(given, call.resource), writer: writerOf(call) });
  return { status: 200, text: objectText(context, call, stored), headers: warningHeaders(warnings) };
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
export function storeNew(context: ApiContext, call: ResourceCall, given: KubeObject, writer: Writer): KubeObject {
  const { resource } = call;
  const draft = cloneJson(given);
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
  prepareNew(resource, draft);
  const admitted = admit(context, call, "CREATE", { object: draft });
  return context.store.create(storageKey(resource), asStored(admitted, resource) as NewObject, writer);
}

/** A kubelet registers its node with the status it has. */
const keepsStatusOnCreate = new Set(["nodes"]);

/** Passes a changed object, which must be the caller's own copy, through defaults, admission and validation into the store. */
export function storeChange(
  context: ApiContext,
  call: ResourceCall,
  { current, next, writer }: { current: KubeObject; next: KubeObject; writer: Writer },
): KubeObject {
  const { resource, info } = call;
  const { resourceVersion, uid } = next.metadata;
  if (resourceVersion && resourceVersion !== current.metadata.resourceVersion) {
    throw conflict(resource, info.name, modifiedMeanwhile);
  }
  if (uid && uid !== current.metadata.uid) throw otherUid(call, uid, current.metadata.uid);
  const before = info.subresource === "status" ? current : cloneJson(current);
  if (before !== current) for (const object of [before, next]) fillDefaults(resource, object);
  const scoped = limitedToPart(resource.subresources ?? [], { current, next, call });
  const admitted = admit(context, call, "UPDATE", { object: scoped, oldObject: current });
  checkChange(resource, before, admitted);
  return context.store.update(storageKey(resource), admitted as NewObject, writer);
}

/** A PUT names the object that it means; a patch that names another one would change the UID. */
function otherUid({ method, resource, info }: ResourceCall, wanted: string, found: string): StoreError {
  if (method !== "PATCH") return conflict(resource, info.name, uidMismatch(wanted, found));
  const message = `Invalid value: "${wanted}": field is immutable`;
  return invalid(resource, info.name, [{ reason: "FieldValueInvalid", message, field: "metadata.uid" }]);
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

/** Throws 400 when a body names another object than the URL; fills the name in when it has none. */
export function checkName({ info }: ResourceCall, object: KubeObject): void {
  const { name } = object.metadata;
  if (name !== undefined && name !== "" && name !== info.name) {
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${info.name})`);
  }
  object.metadata.name = info.name;
}
