/** What the server serves: API groups, resources of a group version, and the server's own version. */
import { type JsonObject, objectOf, objectsOf, textOf } from "../model/json.ts";
import type { ApiGroup, ApiResource, Discovery, RequestOptions, ServerVersion } from "./api.ts";
import type { Connection } from "./connection.ts";
import { requireSuccess } from "./status.ts";

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
  const answer = await connection.send({ method: "GET", path: "/apis", accept: accepted, ...options });
  const body = objectOf(requireSuccess(answer));
  return body.kind === "APIGroupDiscoveryList" ? readAggregated(body) : readPlain(body);
}

function readAggregated(body: JsonObject): Discovery {
  const unavailable: string[] = [];
  const groups = objectsOf(body.items).map((item): ApiGroup => {
    const name = textOf(objectOf(item.metadata).name);
    const versions = objectsOf(item.versions).map((version) => {
      if (version.freshness === "Stale") unavailable.push(`${name}/${textOf(version.version)}`);
      return { version: textOf(version.version), resources: objectsOf(version.resources).map(readAggregatedResource) };
    });
    return { name, versions };
  });
  return { groups, unavailable };
}

function readAggregatedResource(resource: JsonObject): ApiResource {
  const kind = textOf(objectOf(resource.responseKind).kind);
  return {
    name: textOf(resource.resource),
    kind,
    namespaced: resource.scope === "Namespaced",
    verbs: texts(resource.verbs),
    subresources: objectsOf(resource.subresources).map((sub) => textOf(sub.subresource)),
  };
}

function readPlain(body: JsonObject): Discovery {
  const groups = objectsOf(body.groups).map((group): ApiGroup => {
    const preferred = textOf(objectOf(group.preferredVersion).version);
    const names = objectsOf(group.versions).map((version) => textOf(version.version));
    const ordered = [...new Set(preferred === "" ? names : [preferred, ...names])];
    return { name: textOf(group.name), versions: ordered.map((version) => ({ version, resources: undefined })) };
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
  const all = objectsOf(objectOf(requireSuccess(response)).resources);
  return all
    .filter((resource) => !textOf(resource.name).includes("/"))
    .map((resource) => ({
      name: textOf(resource.name),
      kind: textOf(resource.kind),
      namespaced: resource.namespaced === true,
      verbs: texts(resource.verbs),
      subresources: all
        .map((other) => textOf(other.name))
        .filter((name) => name.startsWith(`${textOf(resource.name)}/`))
        .map((name) => name.slice(textOf(resource.name).length + 1)),
    }));
}

/** What `/version` tells; fields that it lacks are empty. Throws KubeError, or UnreachableError without an answer. */
export async function readServerVersion(connection: Connection, options: RequestOptions): Promise<ServerVersion> {
  const version = objectOf(requireSuccess(await connection.send({ method: "GET", path: "/version", ...options })));
  return { major: textOf(version.major), minor: textOf(version.minor), gitVersion: textOf(version.gitVersion) };
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
