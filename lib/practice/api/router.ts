/** From a request to its handler: authorisation first, then the path. */
import type { Resource } from "../resource.ts";
import { failure, StoreError } from "../status.ts";
import { aggregatedGroup, proxyAggregated } from "./aggregation.ts";
import { attributesOf, forbidden, isAllowed } from "./authorization.ts";
import type { ApiContext, Call, Reply, ResourceCall } from "./call.ts";
import { deleteCollection, deleteObject } from "./deleting.ts";
import { discover } from "./discovery.ts";
import { evictPod } from "./eviction.ts";
import { openApi } from "./openapi.ts";
import { patchObject } from "./patching.ts";
import { getObject, listObjects } from "./reading.ts";
import { review } from "./reviews.ts";
import { bindPod, finalizeNamespace, reachKubelet, requestToken, scale } from "./subresources.ts";
import { watchObjects } from "./watching.ts";
import { createObject, replaceObject } from "./writing.ts";

/** The reply to a call. Throws StoreError for what the server refuses. */
export function handle(context: ApiContext, call: Call): Reply {
  const attributes = attributesOf(call.info);
  if (!isAllowed(context.store, call.user, attributes)) throw forbidden(call.user, attributes);
  if (!call.info.isResource) return handlePath(context, call);
  if (call.info.group === aggregatedGroup) return proxyAggregated(context, call);
  const answer = review(context, call);
  if (answer !== undefined) return answer;
  const resource = findResource(context, call);
  if (resource === undefined) return unknownResource(context, call);
  return handleResource(context, { ...call, resource });
}

/** Groups of custom resources, and those nobody serves, know no better than a page that is missing. */
function unknownResource({ store }: ApiContext, { info }: Call): Reply {
  const { group, version } = info;
  const isBuiltIn = store.resources
    .all()
    .some((each) => each.group === group && each.version === version && each.custom !== true);
  if (!isBuiltIn) return pageNotFound;
  throw new StoreError(failure(404, "the server could not find the requested resource", "NotFound", {}));
}

const pageNotFound: Reply = { status: 404, text: "404 page not found\n", contentType: "text/plain; charset=utf-8" };

function findResource({ store }: ApiContext, { info }: Call): Resource | undefined {
  const resource = store.resources.find(info.group, info.resource);
  if (resource === undefined) return undefined;
  const served = resource.version === info.version || resource.alsoServed?.includes(info.version) === true;
  const fits = resource.namespaced || info.namespace === "" || info.resource === "namespaces";
  return served && fits ? resource : undefined;
}

type Handler = (context: ApiContext, call: ResourceCall) => Reply;

const byVerb: Readonly<Record<string, Handler>> = {
  get: getObject,
  list: listObjects,
  watch: watchObjects,
  create: createObject,
  update: replaceObject,
  patch: patchObject,
  delete: deleteObject,
  deletecollection: deleteCollection,
};

const bySubresource: Readonly<Record<string, Readonly<Record<string, Handler>>>> = {
  status: { get: getObject, update: replaceObject, patch: patchObject },
  scale: { get: scale, update: scale, patch: scale },
  eviction: { create: evictPod },
  binding: { create: bindPod },
  finalize: { update: finalizeNamespace },
  token: { create: requestToken },
  log: { get: reachKubelet },
  exec: { get: reachKubelet, create: reachKubelet },
  attach: { get: reachKubelet, create: reachKubelet },
  portforward: { get: reachKubelet, create: reachKubelet },
  proxy: { get: reachKubelet },
  ephemeralcontainers: { get: getObject, update: replaceObject, patch: patchObject },
};

function handleResource(context: ApiContext, call: ResourceCall): Reply {
  const { verb, subresource } = call.info;
  const { resource } = call;
  const isServed = subresource === "" || resource.subresources?.includes(subresource) === true;
  if (!isServed) return unknownResource(context, call);
  const needsNamespace =
    resource.namespaced && call.info.namespace === "" && (call.info.name !== "" || verb === "create");
  if (needsNamespace && verb !== "list" && verb !== "watch") return pageNotFound;
  // A namespace's own name stands where that of other objects' namespace does.
  const own = resource.namespaced ? call : { ...call, info: { ...call.info, namespace: "" } };
  const isAllowedVerb = verb !== "deletecollection" || resource.oneByOne !== true;
  const handler = subresource === "" ? isAllowedVerb && byVerb[verb] : bySubresource[subresource]?.[verb];
  if (!handler) throw methodNotAllowed(resource);
  return handler(context, own);
}

function methodNotAllowed({ group, resource }: Resource): StoreError {
  const message = "the server does not allow this method on the requested resource";
  const details = { ...(group === "" ? {} : { group }), kind: resource };
  return new StoreError(failure(405, message, "MethodNotAllowed", details));
}

const healthPaths = new Set(["/healthz", "/livez", "/readyz", "/healthz/ping", "/livez/ping", "/readyz/ping"]);

export const serverVersion = {
  major: "1",
  minor: "36",
  emulationMajor: "1",
  emulationMinor: "36",
  minCompatibilityMajor: "1",
  minCompatibilityMinor: "35",
  gitVersion: "v1.36.2",
  gitCommit: "0000000000000000000000000000000000000000",
  gitTreeState: "clean",
  buildDate: "2026-06-10T12:00:00Z",
  goVersion: "go1.26.1",
  compiler: "gc",
  platform: "linux/amd64",
};

function handlePath(context: ApiContext, call: Call): Reply {
  const { path } = call.info;
  if (healthPaths.has(path)) return { status: 200, text: "ok", contentType: "text/plain; charset=utf-8" };
  if (path === "/version" || path === "/version/") return { status: 200, value: serverVersion };
  if (path === "/")
    return { status: 200, value: { paths: ["/api", "/api/v1", "/apis", "/healthz", "/openapi/v3", "/version"] } };
  if (path.startsWith("/openapi/v3")) return openApi(context, call) ?? pageNotFound;
  return discover(context, call) ?? pageNotFound;
}
