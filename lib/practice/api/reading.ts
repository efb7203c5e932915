/** GET of one object and of lists: selectors, pages, resource versions, tables (apiserver pkg/endpoints/handlers/get.go, storage/etcd3). */
import type { Resource } from "../resource.ts";
import { badRequest, expired, failure, invalid, notFound, StoreError } from "../status.ts";
import type { KubeObject, ResourceKey } from "../store.ts";
import { type ApiContext, itemText, jsonText, type Reply, type ResourceCall } from "./call.ts";
import { type Format, negotiate } from "./formats.ts";
import { type Filter, fieldFilter, labelFilter } from "./selectors.ts";
import { partialMetadataText, tableText } from "./table.ts";
import { asServed } from "./versions.ts";

/** GET of one object. */
export function getObject(context: ApiContext, call: ResourceCall): Reply {
  const format = negotiate(call);
  checkNotAhead(call.query.get("resourceVersion") ?? "", context.store.version());
  const object = requireObject(context, call);
  return { status: 200, text: objectText(context, call, object, format) };
}

/** The object that a call names. Throws 404. */
export function requireObject({ store }: ApiContext, { resource, info }: ResourceCall): KubeObject {
  const object = store.get(storageKey(resource), info.namespace, info.name);
  if (object === undefined) throw notFound(resource, info.name);
  return object;
}

/** Where a resource's objects are kept. */
export function storageKey(resource: Resource): ResourceKey {
  return resource.storedAs ?? resource;
}

/** One object in the form and version that was asked for. */
export function objectText(
  context: ApiContext,
  call: ResourceCall,
  stored: KubeObject,
  format = negotiate(call),
): string {
  const object = asServed(stored, call.resource, call.info.version);
  if (format.as === "Table") {
    const metadata = { resourceVersion: object.metadata.resourceVersion };
    return tableText(call.resource, [stored], { metadata, now: context.clock.now(), ...format });
  }
  if (format.as === "PartialObjectMetadata") return partialMetadataText(object, format.version);
  return jsonText(object);
}

/** GET of a list. */
export function listObjects(context: ApiContext, call: ResourceCall): Reply {
  const format = negotiate(call);
  checkListOptions(call);
  const page = readPage(context, call);
  return { status: 200, text: listText(context, call, page, format) };
}

interface Page {
  readonly objects: readonly KubeObject[];
  readonly metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
}

function listText(context: ApiContext, call: ResourceCall, { objects, metadata }: Page, format: Format): string {
  const { resource, info } = call;
  if (format.as === "Table") return tableText(resource, objects, { metadata, now: context.clock.now(), ...format });
  const served = objects.map((object) => asServed(object, resource, info.version));
  const head = JSON.stringify(metadata);
  if (format.as !== "object") {
    const items = served.map((object) => partialMetadataText(object, format.version)).join(",");
    return `{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/${format.version}","metadata":${head},"items":[${items}]}`;
  }
  const groupVersion = info.group === "" ? info.version : `${info.group}/${info.version}`;
  // The items of typed lists carry no kind of their own; those of custom resources do.
  const items = served.map(resource.custom === true ? jsonText : itemText).join(",");
  return `{"kind":"${resource.listKind}","apiVersion":"${groupVersion}","metadata":${head},"items":[${items}]}`;
}

/** The objects that a list, a watch or a deletecollection is about. */
export function selection({ query, resource, info }: ResourceCall): Filter | undefined {
  const byLabel = labelFilter(query.get("labelSelector") ?? "");
  const byField = fieldFilter(query.get("fieldSelector") ?? "", resource);
  // A watch of one object by its path selects that name.
  const named =
    info.name === "" || byField !== undefined ? undefined : (o: KubeObject) => o.metadata.name === info.name;
  const filters = [byLabel, byField, named].filter((filter) => filter !== undefined);
  return filters.length === 0 ? undefined : (object) => filters.every((filter) => filter(object));
}

function readPage({ store }: ApiContext, call: ResourceCall): Page {
  const { query, resource, info } = call;
  const filter = selection(call);
  const limit = Number(query.get("limit") ?? 0);
  const token = decodeToken(query.get("continue") ?? "");
  const version = pageVersion(store.version(), query, token);
  const all = store.listAt(storageKey(resource), version, info.namespace || undefined);
  if (all === "expired") throw token === undefined ? expired(tooOld) : tokenExpired(token.start);
  const begin = token === undefined ? 0 : all.findIndex((object) => positionOf(object) > token.start);
  const objects: KubeObject[] = [];
  let index = begin < 0 ? all.length : begin;
  for (; index < all.length && (limit === 0 || objects.length < limit); index++) {
    const object = all[index];
    if (object !== undefined && (filter === undefined || filter(object))) objects.push(object);
  }
  const rest = all.slice(index);
  const more = filter === undefined ? rest.length > 0 : rest.some(filter);
  const last = all[index - 1];
  if (!more || last === undefined) return { objects, metadata: { resourceVersion: version } };
  const metadata = { resourceVersion: version, continue: encodeToken(version, positionOf(last)) };
  return { objects, metadata: filter === undefined ? { ...metadata, remainingItemCount: rest.length } : metadata };
}

const tooOld = "The resourceVersion for the provided list is too old.";

/** The moment that a page shows: that of the first page, the exact one asked for, or now. */
function pageVersion(now: string, query: URLSearchParams, token: Token | undefined): string {
  // The token that comes with "expired" says -1: go on with what is there now.
  if (token !== undefined) return token.rv === "-1" ? now : token.rv;
  const wanted = query.get("resourceVersion") ?? "";
  checkNotAhead(wanted, now);
  return query.get("resourceVersionMatch") === "Exact" ? wanted : now;
}

/** Throws 504 when a client has seen more than this server (apiserver storage.NewTooLargeResourceVersionError). */
function checkNotAhead(wanted: string, now: string): void {
  if (!(Number(wanted) > Number(now))) return;
  const causes = [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }];
  const message = `Timeout: Too large resource version: ${wanted}, current: ${now}`;
  throw new StoreError(failure(504, message, "Timeout", { causes, retryAfterSeconds: 1 }));
}

/** What lists are sorted by. */
function positionOf({ metadata: { namespace, name } }: KubeObject): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

interface Token {
  readonly rv: string;
  readonly start: string;
}

function encodeToken(version: string, last: string): string {
  const token = `{"v":"meta.k8s.io/v1","rv":${version},"start":${JSON.stringify(`${last}\0`)}}`;
  return Buffer.from(token).toString("base64url");
}

function decodeToken(text: string): Token | undefined {
  if (text === "") return undefined;
  const decoded = Buffer.from(text, "base64url").toString();
  try {
    const { v, rv, start } = JSON.parse(decoded) as Record<string, unknown>;
    if (v === "meta.k8s.io/v1" && typeof rv === "number" && typeof start === "string") {
      return { rv: String(rv), start: start.replace(/\0$/, "") };
    }
  } catch {
    // Not JSON: answered like every other token that is none.
  }
  const why = `invalid character '${decoded[0] ?? ""}' looking for beginning of value`;
  throw badRequest(`invalid continue token: continue key is not valid: ${why}`);
}

function tokenExpired(start: string): StoreError {
  const { status } = expired(
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue " +
      "parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided " +
      "token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was " +
      "returned and now may show up in the list.",
  );
  return new StoreError({ ...status, metadata: { continue: encodeToken("-1", start) } });
}

/** Throws when the query's versions make no sense together or lie in the future (apimachinery ValidateListOptions). */
function checkListOptions({ query }: ResourceCall): void {
  const wanted = query.get("resourceVersion") ?? "";
  const match = query.get("resourceVersionMatch") ?? "";
  const problems: { reason: string; field: string; message: string }[] = [];
  const forbid = (field: string, message: string): void =>
    void problems.push({ reason: "FieldValueForbidden", field, message: `Forbidden: ${message}` });
  if (match !== "" && wanted === "") {
    forbid("resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided");
  }
  if (match !== "" && query.has("continue")) {
    forbid("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided");
  }
  if (match !== "" && match !== "Exact" && match !== "NotOlderThan") {
    const message = `Unsupported value: "${match}": supported values: "Exact", "NotOlderThan", ""`;
    problems.push({ reason: "FieldValueNotSupported", field: "resourceVersionMatch", message });
  }
  if (match === "Exact" && wanted === "0") {
    forbid("resourceVersionMatch", 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
  }
  if (query.has("sendInitialEvents")) forbid("sendInitialEvents", "sendInitialEvents is forbidden for list");
  if (problems.length > 0) throw invalid({ group: "meta.k8s.io", kind: "ListOptions" }, "", problems);
}
