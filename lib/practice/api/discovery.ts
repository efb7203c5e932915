/** Which APIs there are: /api, /apis and below, in the old form and in the aggregated one (apidiscovery.k8s.io/v2). */
import type { Resource } from "../resource.ts";
import { aggregatedGroup, aggregatedVersions, isAggregatedUp, serviceUnavailable } from "./aggregation.ts";
import type { ApiContext, Call, Reply } from "./call.ts";
import { reviewResources } from "./reviews.ts";

interface ApiResource {
  readonly name: string;
  readonly singularName: string;
  readonly namespaced: boolean;
  readonly group?: string;
  readonly version?: string;
  readonly kind: string;
  /** KubeVirt's aggregated API says nothing about its verbs. */
  readonly verbs: readonly string[] | null;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
}

/** The order in which kube-apiserver lists its own groups; all others follow by name. */
const groupOrder = [
  "",
  "apiregistration.k8s.io",
  "apps",
  "events.k8s.io",
  "authentication.k8s.io",
  "authorization.k8s.io",
  "policy",
  "rbac.authorization.k8s.io",
  "storage.k8s.io",
  "admissionregistration.k8s.io",
  "apiextensions.k8s.io",
  "scheduling.k8s.io",
  "coordination.k8s.io",
  "discovery.k8s.io",
];

const allVerbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
const statusVerbs = ["get", "patch", "update"];

interface Subresource {
  readonly kind?: string;
  readonly group?: string;
  readonly version?: string;
  readonly verbs: readonly string[];
}

const subresources: Readonly<Record<string, Subresource>> = {
  status: { verbs: statusVerbs },
  scale: { group: "autoscaling", version: "v1", kind: "Scale", verbs: statusVerbs },
  eviction: { group: "policy", version: "v1", kind: "Eviction", verbs: ["create"] },
  binding: { kind: "Binding", verbs: ["create"] },
  ephemeralcontainers: { verbs: statusVerbs },
  log: { verbs: ["get"] },
  exec: { kind: "PodExecOptions", verbs: ["create", "get"] },
  attach: { kind: "PodAttachOptions", verbs: ["create", "get"] },
  portforward: { kind: "PodPortForwardOptions", verbs: ["create", "get"] },
  proxy: { verbs: ["create", "delete", "get", "patch", "update"] },
  finalize: { verbs: ["update"] },
  token: { group: "authentication.k8s.io", version: "v1", kind: "TokenRequest", verbs: ["create"] },
};

/** The answer to a discovery request; undefined when the path is none. */
export function discover(context: ApiContext, call: Call): Reply | undefined {
  const [root, group, version, ...rest] = call.info.path.split("/").filter((part) => part !== "");
  if (call.method !== "GET" || rest.length > 0) return undefined;
  if (root === "api") {
    if (group === undefined) return aggregated(context, call, [""]) ?? { status: 200, value: coreVersions() };
    return version === undefined && group === "v1" ? resourceList(context, "", "v1") : undefined;
  }
  if (root !== "apis") return undefined;
  const groups = groupNames(context).filter((name) => name !== "");
  if (group === undefined) {
    return (
      aggregated(context, call, groups) ?? {
        status: 200,
        value: { kind: "APIGroupList", apiVersion: "v1", groups: groups.map((name) => groupOf(context, name)) },
      }
    );
  }
  if (!groups.includes(group)) return undefined;
  if (version === undefined)
    return { status: 200, value: { kind: "APIGroup", apiVersion: "v1", ...groupOf(context, group) } };
  return versionsOf(context, group).includes(version) ? resourceList(context, group, version) : undefined;
}

/** All served groups, the built-in ones first. */
export function groupNames({ store }: ApiContext): string[] {
  const names = new Set(store.resources.all().map(({ group }) => group));
  for (const { group } of reviewResources) names.add(group);
  names.add(aggregatedGroup);
  const rank = (name: string): number => (groupOrder.includes(name) ? groupOrder.indexOf(name) : groupOrder.length);
  return [...names].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

/** The versions of a group, the preferred one first. */
export function versionsOf({ store }: ApiContext, group: string): readonly string[] {
  if (group === aggregatedGroup) return aggregatedVersions;
  const resources = store.resources.all().filter((resource) => resource.group === group);
  const versions = new Set(resources.map(({ version }) => version));
  for (const { alsoServed = [] } of resources) for (const version of alsoServed) versions.add(version);
  return versions.size === 0 ? ["v1"] : [...versions];
}

/** The resources of a group in one version. */
export function resourcesIn({ store }: ApiContext, group: string, version: string): Resource[] {
  return store.resources
    .all()
    .filter((each) => each.group === group && (each.version === version || each.alsoServed?.includes(version) === true))
    .sort((a, b) => (a.resource < b.resource ? -1 : 1));
}

function coreVersions(): object {
  const address = { clientCIDR: "0.0.0.0/0", serverAddress: "127.0.0.1" };
  return { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [address] };
}

function groupOf(context: ApiContext, name: string): object {
  const versions = versionsOf(context, name).map((version) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions, preferredVersion: versions[0] };
}

function resourceList(context: ApiContext, group: string, version: string): Reply {
  if (group === aggregatedGroup && !isAggregatedUp(context)) return serviceUnavailable;
  const groupVersion = group === "" ? version : `${group}/${version}`;
  const resources = apiResources(context, group, version);
  return { status: 200, value: { kind: "APIResourceList", apiVersion: "v1", groupVersion, resources } };
}

function apiResources(context: ApiContext, group: string, version: string): ApiResource[] {
  if (group === aggregatedGroup) {
    return context.aggregatedResources.map((name) => ({
      name,
      singularName: "",
      namespaced: true,
      kind: "",
      verbs: null,
    }));
  }
  const reviews = reviewResources.filter((review) => review.group === group);
  return [
    ...reviews.map(({ resource: name, kind, namespaced }) => {
      return { name, singularName: kind.toLowerCase(), namespaced, kind, verbs: ["create"] };
    }),
    ...resourcesIn(context, group, version).flatMap(withSubresources),
  ];
}

function withSubresources(resource: Resource): ApiResource[] {
  const { resource: name, singular, namespaced, kind, shortNames, categories, oneByOne } = resource;
  const main: ApiResource = {
    name,
    singularName: singular,
    namespaced,
    kind,
    verbs: oneByOne === true ? allVerbs.filter((verb) => verb !== "deletecollection") : allVerbs,
    ...(shortNames === undefined ? {} : { shortNames }),
    ...(categories === undefined ? {} : { categories }),
  };
  const below = (resource.subresources ?? []).map((sub) => {
    const { kind: subKind = kind, verbs = [], ...gv } = subresources[sub] ?? { verbs: statusVerbs };
    return { name: `${name}/${sub}`, singularName: "", namespaced, ...gv, kind: subKind, verbs };
  });
  return [main, ...below];
}

const aggregatedType = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/** The aggregated form, when the client asks for it before the old one. */
function aggregated(context: ApiContext, call: Call, groups: readonly string[]): Reply | undefined {
  if (!prefersAggregated(call.header("accept"))) return undefined;
  const items = groups.map((name) => ({
    metadata: { name: name === "" ? undefined : name, creationTimestamp: null },
    versions: versionsOf(context, name).map((version) => aggregatedVersion(context, name, version)),
  }));
  const value = { kind: "APIGroupDiscoveryList", apiVersion: "apidiscovery.k8s.io/v2", metadata: {}, items };
  return { status: 200, value, contentType: aggregatedType };
}

function prefersAggregated(accept: string): boolean {
  for (const clause of accept.split(",")) {
    const [type, ...parameters] = clause.split(";").map((part) => part.trim());
    if (type !== "application/json") continue;
    if (parameters.length === 0) return false;
    if (parameters.includes("g=apidiscovery.k8s.io") && parameters.includes("v=v2")) return true;
  }
  return false;
}

function aggregatedVersion(context: ApiContext, group: string, version: string): object {
  if (group === aggregatedGroup && !isAggregatedUp(context)) return { version, resources: [], freshness: "Stale" };
  const byName = new Map<string, { main?: ApiResource; below: ApiResource[] }>();
  for (const each of apiResources(context, group, version)) {
    const [name = "", ...sub] = each.name.split("/");
    const entry = byName.get(name) ?? { below: [] };
    if (sub.length === 0) entry.main = each;
    else entry.below.push({ ...each, name: sub.join("/") });
    byName.set(name, entry);
  }
  const kindOf = (each: ApiResource | undefined): object => ({
    group: each?.kind ? (each.group ?? group) : "",
    version: each?.kind ? (each.version ?? version) : "",
    kind: each?.kind ?? "",
  });
  const resources = [...byName].map(([resource, { main, below }]) => ({
    resource,
    responseKind: kindOf(main),
    scope: (main ?? below[0])?.namespaced === false ? "Cluster" : "Namespaced",
    singularResource: main?.singularName ?? "",
    verbs: main?.verbs ?? null,
    shortNames: main?.shortNames,
    categories: main?.categories,
    ...(below.length === 0
      ? {}
      : {
          subresources: below.map((each) => ({
            subresource: each.name,
            responseKind: kindOf(each),
            verbs: each.verbs,
          })),
        }),
  }));
  return { version, resources, freshness: "Current" };
}
