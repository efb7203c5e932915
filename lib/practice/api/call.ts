/** A request as the API server understands it, and the reply to it. */
import type { PracticeClock } from "../clock.ts";
import type { Resource } from "../resource.ts";
import type { KubeObject, Store } from "../store.ts";
import type { Admission, AggregatedApi } from "./admission.ts";

export interface UserInfo {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** A request for resources, as it is authorized. */
export interface ResourceRequest {
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
}

/** What the URL and method ask for (k8s.io/apiserver pkg/endpoints/request/requestinfo.go). */
export interface RequestInfo extends ResourceRequest {
  readonly isResource: boolean;
  readonly path: string;
  /** The path elements from the resource on. */
  readonly parts: readonly string[];
}

export interface Call {
  readonly method: string;
  readonly query: URLSearchParams;
  readonly header: (name: string) => string;
  readonly body: Buffer;
  readonly user: UserInfo;
  readonly info: RequestInfo;
  /** Aborted when the client goes away or the server closes. */
  readonly signal: AbortSignal;
}

/** A call about a resource that is served. */
export interface ResourceCall extends Call {
  readonly resource: Resource;
}

export interface Reply {
  readonly status: number;
  /** JSON text already written, or a value to be written as JSON. */
  readonly text?: string;
  readonly value?: unknown;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Writes a body bit by bit until `done`. */
  readonly stream?: (write: (text: string) => void, done: () => void) => void;
}

/** What all handlers work on. */
export interface ApiContext {
  readonly store: Store;
  readonly clock: PracticeClock;
  readonly admission: Admission;
  readonly aggregated: AggregatedApi;
  /** What discovery lists of the aggregated API. */
  readonly aggregatedResources: readonly string[];
  /** Bearer tokens and whom they stand for. */
  readonly tokens: Map<string, UserInfo>;
}

const namespaceSubresources = new Set(["status", "finalize"]);

/** Reads method and path; a path outside /api and /apis, or without a resource, is a non-resource request. */
export function requestInfo(method: string, url: URL): RequestInfo {
  const none = { group: "", version: "", namespace: "", resource: "", subresource: "", name: "", parts: [] };
  const plain: RequestInfo = { ...none, verb: method.toLowerCase(), isResource: false, path: url.pathname };
  const segments = url.pathname.split("/").filter((segment) => segment !== "");
  const legacy = segments[0] === "api";
  if (segments.length < (legacy ? 3 : 4) || !(legacy || segments[0] === "apis")) return plain;
  const [group, version] = legacy ? ["", segments[1] ?? ""] : [segments[1] ?? "", segments[2] ?? ""];
  let parts = segments.slice(legacy ? 2 : 3).map(decodeURIComponent);
  let namespace = "";
  if (parts[0] === "namespaces" && parts.length > 1) {
    namespace = parts[1] ?? "";
    if (parts.length > 2 && !namespaceSubresources.has(parts[2] ?? "")) parts = parts.slice(2);
  }
  const [resource = "", name = "", subresource = ""] = parts;
  const watching = /^(true|1|)$/i.test(url.searchParams.get("watch") ?? "false");
  let verb = { GET: "get", HEAD: "get", POST: "create", PUT: "update", PATCH: "patch", DELETE: "delete" }[method] ?? "";
  if (verb === "get" && name === "") verb = watching ? "watch" : "list";
  if (verb === "delete" && name === "") verb = "deletecollection";
  const named = name === "" ? selectedName(url.searchParams.get("fieldSelector")) : name;
  return {
    verb,
    isResource: true,
    path: url.pathname,
    group,
    version,
    namespace,
    resource,
    subresource,
    name: named,
    parts,
  };
}

/** A list narrowed to one name by a field selector is authorised as a request for that name. */
function selectedName(selector: string | null): string {
  return /(?:^|,)metadata\.name==?([^,]+)/.exec(selector ?? "")?.[1] ?? "";
}

/** True for `?dryRun=All`. */
export function isDryRun(call: Call): boolean {
  return call.query.get("dryRun") === "All";
}

/** The name under which the caller's changes are recorded: the query parameter, else the user agent's first part. */
export function fieldManager(call: Call): string {
  return call.query.get("fieldManager") || (call.header("user-agent").split("/")[0] ?? "") || "unknown";
}

const texts = new WeakMap<KubeObject, string>();

/** An object as an item of a typed list, which says kind and apiVersion only once; written once per version of the object. */
export function itemText(object: KubeObject): string {
  let text = texts.get(object);
  if (text === undefined) {
    const { kind: _kind, apiVersion: _version, ...rest } = object;
    text = JSON.stringify(rest);
    texts.set(object, text);
  }
  return text;
}

/** An object as JSON text. */
export function jsonText(object: KubeObject): string {
  const rest = itemText(object).slice(1);
  return `{"kind":${JSON.stringify(object.kind)},"apiVersion":${JSON.stringify(object.apiVersion)},${rest}`;
}
