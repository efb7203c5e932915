/** OpenAPI v3 documents: which operations and query parameters each kind has, from which kubectl learns how to validate and patch. */
import { createHash } from "node:crypto";
import type { Resource } from "../resource.ts";
import { aggregatedGroup } from "./aggregation.ts";
import type { ApiContext, Call, Reply } from "./call.ts";
import { groupNames, resourcesIn, versionsOf } from "./discovery.ts";
import { addSchemas } from "./schemas.ts";

/** The answer to a request below /openapi/v3; undefined when there is no such document. */
export function openApi(context: ApiContext, call: Call): Reply | undefined {
  const path = call.info.path.replace(/^\/openapi\/v3\/?/, "");
  const documents = groupNames(context)
    .filter((group) => group !== aggregatedGroup)
    .flatMap((group) =>
      versionsOf(context, group).map((version) => ({ group, version, path: documentPath(group, version) })),
    );
  if (path === "") {
    const entries = documents.map(({ group, version, path: name }) => {
      const hash = hashOf(resourcesIn(context, group, version));
      return [name, { serverRelativeURL: `/openapi/v3/${name}?hash=${hash}` }];
    });
    return { status: 200, value: { paths: Object.fromEntries(entries) } };
  }
  const found = documents.find((document) => document.path === path);
  if (found === undefined) return undefined;
  return { status: 200, value: documentOf(resourcesIn(context, found.group, found.version), found.version) };
}

function documentPath(group: string, version: string): string {
  return group === "" ? `api/${version}` : `apis/${group}/${version}`;
}

function hashOf(resources: readonly Resource[]): string {
  return createHash("sha512").update(JSON.stringify(resources)).digest("hex").toUpperCase();
}

function documentOf(resources: readonly Resource[], version: string): object {
  const paths: Record<string, object> = {};
  const schemas: Record<string, Record<string, unknown>> = {};
  for (const resource of resources) {
    const kind = { group: resource.group, version, kind: resource.kind };
    const base = `/${documentPath(resource.group, version)}/${resource.namespaced ? "namespaces/{namespace}/" : ""}${resource.resource}`;
    paths[base] = {
      get: operation("list", kind, ["limit", "continue", "labelSelector", "fieldSelector", "resourceVersion", "watch"]),
      post: operation("post", kind, writeParameters),
    };
    paths[`${base}/{name}`] = {
      get: operation("get", kind, []),
      put: operation("put", kind, writeParameters),
      patch: { ...operation("patch", kind, [...writeParameters, "force"]), requestBody: patchBody(resource) },
      delete: operation("delete", kind, ["dryRun", "gracePeriodSeconds", "orphanDependents", "propagationPolicy"]),
    };
    const name = addSchemas(resource, schemas) ?? customSchemaName(resource, version);
    schemas[name] = { ...(schemas[name] ?? openObject), "x-kubernetes-group-version-kind": [kind] };
  }
  return { openapi: "3.0.0", info: { title: "Kubernetes", version: "v1.36.2" }, paths, components: { schemas } };
}

const writeParameters = ["dryRun", "fieldManager", "fieldValidation"];

function operation(action: string, kind: object, parameters: readonly string[]): object {
  return {
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": kind,
    parameters: parameters.map((name) => ({ name, in: "query", schema: { type: "string", uniqueItems: true } })),
    responses: { "200": { description: "OK" } },
  };
}

function patchBody({ custom }: Resource): object {
  const types = ["application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json"];
  if (custom !== true) types.push("application/strategic-merge-patch+json");
  return { content: Object.fromEntries(types.map((type) => [type, {}])) };
}

const openObject = { type: "object", "x-kubernetes-preserve-unknown-fields": true };

/** `io.kubevirt.v1.VirtualMachine`. */
function customSchemaName({ group, kind }: Resource, version: string): string {
  return `${group.split(".").reverse().join(".")}.${version}.${kind}`;
}
