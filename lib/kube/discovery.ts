/** What the server serves: API groups, resources of a group version, and the server's own version. */
import type { ApiGroup, ApiResource, Discovery, RequestOptions, ServerVersion } from "./api.ts";
import type { Connection } from "./connection.ts";
import { isObject, requireSuccess } from "./status.ts";

type Json = Readonly<Record<string, unknown>>;

/** Aggregated discovery (Kubernetes 1.26 and newer) with the plain list of groups as second choice. */
const accept =
  "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

/** A tenth of the size: names and versions. */
const groupsOnlyAccept = "application/json";

/**
 * The groups under `/apis` in one request, the core group left out because every server has it. Group versions whose
 * aggregated server does not answer are named as unavailable. Throws KubeError when discovery itself is refused.
 */
export async function discoverGroups(
  connection: Connection,
  { groupsOnly = false, ...options }: RequestOptions & { readonly groupsOnly?: boolean },
): Promise<Discovery> {
  const accepted = groupsOnly ? groupsOnlyAccept : accept;
  const body = requireSuccess(await connection.send({ method: "GET", path: "/apis", accept: accepted, ...options }));
  if (!isObject(body)) return { groups: [], unavailable: [] };
  return body.kind === "APIGroupDiscoveryList" ? readAggregated(body) : readPlain(body);
}

function readAggregated(body: Json): Discovery {
  const unavailable: string[] = [];
  const groups = objects(body.items).map((item): ApiGroup => {
    const name = isObject(item.metadata) ? text(item.metadata.name) : "";
    const versions = objects(item.versions).map((version) => {
      if (version.freshness === "Stale") unavailable.push(`${name}/${text(version.version)}`);
      return { version: text(version.version), resources: objects(version.resources).map(readAggregatedResource) };
    });
    return { name, versions };
  });
  return { groups, unavailable };
}

function readAggregatedResource(resource: Json): ApiResource {
  const kind = isObject(resource.responseKind) ? text(resource.responseKind.kind) : "";
  return {
    name: text(resource.resource),
    kind,
    namespaced: resource.scope === "Namespaced",
    verbs: texts(resource.verbs),
    subresources: objects(resource.subresources).map((sub) => text(sub.subresource)),
  };
}

function readPlain(body: Json): Discovery {
  const groups = objects(body.groups).map((group): ApiGroup => {
    const preferred = isObject(group.preferredVersion) ? text(group.preferredVersion.version) : "";
    const names = objects(group.versions).map((version) => text(version.version));
    const ordered = [...new Set(preferred === "" ? names : [preferred, ...names])];
    return { name: text(group.name), versions: ordered.map((version) => ({ version, resources: undefined })) };
  });
  return { groups, unavailable: [] };
}

/** Undefined when the server does not serve the group version (404). Throws KubeError for every other refusal. */
export async function discoverResources(
  connection: Connection,
  group: string,
  version: string,
  options: RequestOptions,
): Promise<readonly ApiResource[] | undefined> {
  const path = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  const response = await connection.send({ method: "GET", path, ...options });
  if (response.status === 404) return undefined;
  const body = requireSuccess(response);
  const all = isObject(body) ? objects(body.resources) : [];
  return all
    .filter((resource) => !text(resource.name).includes("/"))
    .map((resource) => ({
      name: text(resource.name),
      kind: text(resource.kind),
      namespaced: resource.namespaced === true,
      verbs: texts(resource.verbs),
      subresources: all
        .map((other) => text(other.name))
        .filter((name) => name.startsWith(`${text(resource.name)}/`))
        .map((name) => name.slice(text(resource.name).length + 1)),
    }));
}

/** What `/version` tells; fields that it lacks are empty. Throws KubeError, or UnreachableError without an answer. */
export async function readServerVersion(connection: Connection, options: RequestOptions): Promise<ServerVersion> {
  const body = requireSuccess(await connection.send({ method: "GET", path: "/version", ...options }));
  const version = isObject(body) ? body : {};
  return { major: text(version.major), minor: text(version.minor), gitVersion: text(version.gitVersion) };
}

function objects(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
