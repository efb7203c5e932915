/** Request bodies: JSON or YAML text to objects, with kube-apiserver's complaints about what does not fit. */
import { load as parseYaml } from "js-yaml";
import { isMap } from "../fields.ts";
import type { Resource } from "../resource.ts";
import { badRequest, failure, StoreError } from "../status.ts";
import type { DeleteOptions, KubeObject } from "../store.ts";
import type { Call, ResourceCall } from "./call.ts";
import { decodeProtobuf, protobufMediaType } from "./protobuf.ts";

/** The body as JSON. Throws 400 when it cannot be read, 415 when it is in another form. */
export function readBody(call: Call): unknown {
  const type = (call.header("content-type").split(";")[0] ?? "").trim();
  if (type === "" || type === "application/json") return readJson(call.body.toString());
  if (type.endsWith("yaml")) return readYaml(call.body.toString());
  if (type === protobufMediaType) return decodeProtobuf(call.body);
  throw unsupportedMediaType(["application/json", "application/yaml", protobufMediaType]);
}

/** Throws 400 for what is no JSON. */
export function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw badRequest(`error decoding the body: ${(error as Error).message}`);
  }
}

/** Throws 400 for what is no YAML. */
export function readYaml(text: string): unknown {
  try {
    return parseYaml(text);
  } catch (error) {
    throw badRequest(`error decoding YAML: ${(error as Error).message}`);
  }
}

/** The answer to a body in a form that the server does not read. */
export function unsupportedMediaType(accepted: readonly string[]): StoreError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")}`;
  return new StoreError(failure(415, message, "UnsupportedMediaType"));
}

/** An object of the resource's kind from the body. Throws 400 for another kind, version or namespace than the URL's. */
export function readObject(call: ResourceCall): KubeObject {
  const object = readBody(call);
  if (!isMap(object)) throw badRequest(`the object provided is unrecognized (must be of type ${call.resource.kind})`);
  return checkedObject(call, object as Partial<KubeObject>);
}

/** Like readObject, for an object that a patch made. */
export function checkedObject({ info, resource }: ResourceCall, object: Partial<KubeObject>): KubeObject {
  const apiVersion = versionText(resource, info.version);
  const { kind = resource.kind, apiVersion: given = apiVersion } = object;
  if (kind !== resource.kind) {
    throw badRequest(
      `${kind} in version "${given.split("/").at(-1)}" cannot be handled as a ${resource.kind}: converting to ${resource.kind} is not supported`,
    );
  }
  if (given !== apiVersion) {
    throw badRequest(`the API version in the data (${given}) does not match the expected API version (${apiVersion})`);
  }
  if (object.metadata !== undefined && !isMap(object.metadata)) throw badRequest("metadata is not an object");
  const metadata = { ...object.metadata };
  if (resource.namespaced) {
    const namespace = metadata.namespace || info.namespace;
    if (namespace !== info.namespace) {
      throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
    }
    metadata.namespace = namespace;
  } else delete metadata.namespace;
  return { ...object, kind, apiVersion, metadata } as KubeObject;
}

/** `v1`, `apps/v1`. */
export function versionText(resource: Resource, version = resource.version): string {
  return resource.group === "" ? version : `${resource.group}/${version}`;
}

interface DeleteBody {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: DeleteOptions["propagationPolicy"];
  readonly orphanDependents?: boolean;
  readonly preconditions?: DeleteOptions["preconditions"];
  readonly dryRun?: readonly string[];
}

/** DeleteOptions from the body, or from the query when there is no body. */
export function readDeleteOptions(call: Call): { options: DeleteOptions; dryRun: boolean } {
  const body: DeleteBody = call.body.length > 0 ? ((readBody(call) ?? {}) as DeleteBody) : queryOptions(call.query);
  return deleteOptions(body);
}

/** DeleteOptions as an object or an eviction carries them. */
export function deleteOptions(body: DeleteBody): { options: DeleteOptions; dryRun: boolean } {
  const { gracePeriodSeconds, preconditions, orphanDependents, dryRun = [] } = body;
  const policy = body.propagationPolicy ?? (orphanDependents === true ? "Orphan" : undefined);
  return {
    options: {
      ...(gracePeriodSeconds === undefined || gracePeriodSeconds === null ? {} : { gracePeriodSeconds }),
      ...(preconditions === undefined || preconditions === null ? {} : { preconditions }),
      ...(policy === undefined ? {} : { propagationPolicy: policy }),
    },
    dryRun: dryRun?.[0] === "All",
  };
}

function queryOptions(query: URLSearchParams): DeleteBody {
  const grace = query.get("gracePeriodSeconds");
  const policy = query.get("propagationPolicy");
  return {
    ...(grace === null ? {} : { gracePeriodSeconds: Number(grace) }),
    ...(policy === null ? {} : { propagationPolicy: policy as NonNullable<DeleteBody["propagationPolicy"]> }),
    ...(query.get("orphanDependents") === "true" ? { orphanDependents: true } : {}),
    dryRun: query.getAll("dryRun"),
  };
}
