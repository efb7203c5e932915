/** The smaller subresources: scale, binding, finalize, service account tokens, and those that would need a kubelet. */
import { randomBytes } from "node:crypto";
import { rfc3339 } from "../clock.ts";
import { cloneJson } from "../fields.ts";
import { badRequest, conflict, internalError, modifiedMeanwhile, notFound } from "../status.ts";
import type { KubeObject } from "../store.ts";
import { admit } from "./admit.ts";
import { serviceAccountGroups } from "./authentication.ts";
import { readBody, readJson } from "./body.ts";
import type { ApiContext, Reply, ResourceCall } from "./call.ts";
import { selectorText } from "./columns/column.ts";
import { applyJsonPatch, applyMergePatch } from "./json-patches.ts";
import { requireObject, storageKey } from "./reading.ts";
import { writerOf } from "./writing.ts";

interface Scale {
  readonly metadata?: { readonly resourceVersion?: string };
  readonly spec?: { readonly replicas?: number };
}

/** GET, PUT or PATCH of `/scale`. */
export function scale(context: ApiContext, call: ResourceCall): Reply {
  const current = requireObject(context, call);
  const { verb } = call.info;
  if (verb === "get") return { status: 200, value: scaleOf(current) };
  const before = scaleOf(current);
  const wanted = (verb === "update" ? readBody(call) : patchedScale(call, before)) as Scale;
  const replicas = wanted.spec?.replicas ?? 0;
  if (!Number.isInteger(replicas) || replicas < 0)
    throw badRequest("spec.replicas: must be greater than or equal to 0");
  const version = wanted.metadata?.resourceVersion;
  if (version && version !== current.metadata.resourceVersion) {
    throw conflict(call.resource, call.info.name, modifiedMeanwhile);
  }
  const next = cloneJson(current);
  next.spec = { ...next.spec, replicas };
  admit(context, call, "UPDATE", { object: next, oldObject: current });
  const { manager, subresource, dryRun = false } = writerOf(call);
  const stored = context.store.update(storageKey(call.resource), next, { manager, subresource, dryRun });
  return { status: 200, value: scaleOf(stored) };
}

function patchedScale(call: ResourceCall, before: object): unknown {
  const patch = readJson(call.body.toString());
  const isJsonPatch = call.header("content-type").startsWith("application/json-patch+json");
  return isJsonPatch ? applyJsonPatch(before, patch) : applyMergePatch(before, patch);
}

function scaleOf({ metadata, spec, status }: KubeObject): object {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata;
  const selector = typeof status?.labelSelector === "string" ? status.labelSelector : selectorText(spec?.selector);
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: spec?.replicas === undefined ? {} : { replicas: spec.replicas },
    status: { replicas: status?.replicas ?? 0, selector },
  };
}

/** POST of a Binding: the scheduler's word where a pod goes. */
export function bindPod(context: ApiContext, call: ResourceCall): Reply {
  const { target } = readBody(call) as { target?: { name?: string } };
  if (!target?.name) throw badRequest("binding.target.name is required");
  const pod = requireObject(context, call);
  const node: string | undefined = pod.spec?.nodeName;
  if (node) {
    const why = `pod ${pod.metadata.name} is already assigned to node "${node}"`;
    throw conflict({ group: "", resource: "pods/binding" }, pod.metadata.name, why);
  }
  const bind = (draft: KubeObject): void => {
    draft.spec.nodeName = target.name;
  };
  context.store.modify(storageKey(call.resource), call.info.namespace, call.info.name, bind, writerOf(call));
  return { status: 201, value: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 } };
}

/** PUT of a namespace's finalizers: what lets it go in the end. */
export function finalizeNamespace(context: ApiContext, call: ResourceCall): Reply {
  const { spec } = readBody(call) as { spec?: { finalizers?: string[] } };
  const change = (draft: KubeObject): void => {
    draft.spec = { ...draft.spec, finalizers: spec?.finalizers ?? [] };
  };
  const stored = context.store.modify(storageKey(call.resource), undefined, call.info.name, change, writerOf(call));
  if (stored === undefined) throw notFound(call.resource, call.info.name);
  return { status: 200, value: stored };
}

/** POST of a TokenRequest: a bearer token that this server accepts until it stops. */
export function requestToken(context: ApiContext, call: ResourceCall): Reply {
  const account = requireObject(context, call);
  const { spec = {} } = (readBody(call) ?? {}) as { spec?: { expirationSeconds?: number; audiences?: string[] } };
  const { namespace = "", name, uid } = account.metadata;
  const token = randomBytes(24).toString("base64url");
  const seconds = spec.expirationSeconds ?? 3600;
  context.tokens.set(token, {
    name: `system:serviceaccount:${namespace}:${name}`,
    uid,
    groups: serviceAccountGroups(namespace),
  });
  const expirationTimestamp = rfc3339(new Date(context.clock.now().getTime() + seconds * 1000));
  const value = {
    kind: "TokenRequest",
    apiVersion: "authentication.k8s.io/v1",
    metadata: { name, namespace },
    spec: { audiences: spec.audiences ?? ["https://kubernetes.default.svc"], expirationSeconds: seconds },
    status: { token, expirationTimestamp },
  };
  return { status: 201, value };
}

/** Logs, exec and the like: there is no kubelet behind this server, as on a node that cannot be reached. */
export function reachKubelet(context: ApiContext, call: ResourceCall): Reply {
  const pod = requireObject(context, call);
  const node: string | undefined = pod.spec?.nodeName;
  if (!node) throw badRequest(`pod ${pod.metadata.name} does not have a host assigned`);
  const { name, namespace = "" } = pod.metadata;
  const container = call.query.get("container") || pod.spec?.containers?.[0]?.name || "";
  const address: string = pod.status?.hostIP ?? node;
  const what = call.info.subresource === "log" ? "containerLogs" : call.info.subresource;
  const url = `https://${address}:10250/${what}/${namespace}/${name}/${container}`;
  throw internalError(`Get "${url}": dial tcp ${address}:10250: connect: connection refused`);
}
