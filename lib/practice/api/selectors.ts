/** Label and field selectors as query parameters carry them (apimachinery pkg/labels, pkg/fields). */
import { type LabelSelectorFields, matchesSelector } from "../../model/selectors.ts";
import type { Resource } from "../resource.ts";
import { badRequest } from "../status.ts";
import type { KubeObject } from "../store.ts";

export type Filter = (object: KubeObject) => boolean;

type Requirement = NonNullable<LabelSelectorFields["matchExpressions"]>[number];

/** A filter for `labelSelector=`; undefined when it is empty. Throws 400 when it cannot be read. */
export function labelFilter(text: string): Filter | undefined {
  const requirements = splitRequirements(text).map(labelRequirement);
  if (requirements.length === 0) return undefined;
  const selector = { matchExpressions: requirements };
  return (object) => matchesSelector(object.metadata.labels ?? {}, selector);
}

/** Splits at the commas that are not inside the parentheses of a set. */
function splitRequirements(text: string): string[] {
  return text
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

const key = "[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?";
const setForm = new RegExp(`^(?<key>${key})\\s+(?<operator>in|notin)\\s*\\((?<values>[^()]*)\\)$`);
const valueForm = new RegExp(`^(?<key>${key})\\s*(?<operator>==|=|!=|>|<)\\s*(?<value>[-A-Za-z0-9_.]*)$`);
const existsForm = new RegExp(`^(?<not>!?)\\s*(?<key>${key})$`);

function labelRequirement(text: string): Requirement {
  const inSet = setForm.exec(text)?.groups;
  if (inSet !== undefined) {
    const values = (inSet.values ?? "").split(",").map((value) => value.trim());
    return { key: inSet.key ?? "", operator: inSet.operator === "in" ? "In" : "NotIn", values };
  }
  const compared = valueForm.exec(text)?.groups;
  if (compared !== undefined) {
    const operator = { "=": "In", "==": "In", "!=": "NotIn", ">": "Gt", "<": "Lt" }[compared.operator ?? ""] ?? "";
    return { key: compared.key ?? "", operator, values: [compared.value ?? ""] };
  }
  const exists = existsForm.exec(text)?.groups;
  if (exists === undefined) throw badRequest(`unable to parse requirement: found '${text}'`);
  return { key: exists.key ?? "", operator: exists.not === "!" ? "DoesNotExist" : "Exists" };
}

type FieldReader = (object: KubeObject) => unknown;

const podFields: Record<string, FieldReader> = {
  "spec.nodeName": (pod) => pod.spec?.nodeName,
  "spec.restartPolicy": (pod) => pod.spec?.restartPolicy,
  "spec.schedulerName": (pod) => pod.spec?.schedulerName,
  "spec.serviceAccountName": (pod) => pod.spec?.serviceAccountName,
  "spec.hostNetwork": (pod) => pod.spec?.hostNetwork ?? false,
  "status.phase": (pod) => pod.status?.phase,
  "status.podIP": (pod) => pod.status?.podIP,
  "status.podIPs": (pod) => pod.status?.podIP,
  "status.nominatedNodeName": (pod) => pod.status?.nominatedNodeName,
};

const eventFields: Record<string, FieldReader> = {
  "involvedObject.kind": (event) => event.involvedObject?.kind,
  "involvedObject.namespace": (event) => event.involvedObject?.namespace,
  "involvedObject.name": (event) => event.involvedObject?.name,
  "involvedObject.uid": (event) => event.involvedObject?.uid,
  "involvedObject.apiVersion": (event) => event.involvedObject?.apiVersion,
  "involvedObject.resourceVersion": (event) => event.involvedObject?.resourceVersion,
  "involvedObject.fieldPath": (event) => event.involvedObject?.fieldPath,
  reason: (event) => event.reason,
  reportingComponent: (event) => event.reportingComponent,
  source: (event) => event.source?.component ?? event.reportingComponent,
  type: (event) => event.type,
};

const replicas: Record<string, FieldReader> = { "status.replicas": (object) => object.status?.replicas ?? 0 };

/** The fields that kube-apiserver can select by, beyond name and namespace. */
const selectable: Readonly<Record<string, Readonly<Record<string, FieldReader>>>> = {
  "/pods": podFields,
  "/events": eventFields,
  "/nodes": { "spec.unschedulable": (node) => node.spec?.unschedulable ?? false },
  "/namespaces": { "status.phase": (namespace) => namespace.status?.phase },
  "/secrets": { type: (secret) => secret.type },
  "/replicationcontrollers": replicas,
  "apps/replicasets": replicas,
};

/** A filter for `fieldSelector=`; undefined when it is empty. Throws 400 for fields that the server does not support. */
export function fieldFilter(text: string, resource: Resource): Filter | undefined {
  const parts = text.split(",").filter((part) => part !== "");
  if (parts.length === 0) return undefined;
  const tests = parts.map((part) => fieldTest(part, resource));
  return (object) => tests.every((test) => test(object));
}

function fieldTest(text: string, resource: Resource): Filter {
  const found = /^([^!=]+)(!=|==|=)(.*)$/.exec(text);
  if (found === null) throw badRequest(`invalid selector: '${text}'; can't understand '${text}'`);
  const [, field = "", operator = "", wanted = ""] = found;
  const read = readerOf(field, resource);
  return (object) => (String(read(object) ?? "") === wanted) === (operator !== "!=");
}

function readerOf(field: string, resource: Resource): FieldReader {
  if (field === "metadata.name") return (object) => object.metadata.name;
  if (field === "metadata.namespace" && resource.namespaced) return (object) => object.metadata.namespace;
  const own = selectable[`${resource.group}/${resource.resource}`]?.[field];
  if (own !== undefined) return own;
  if (resource.custom === true) throw badRequest(`field label not supported: ${field}`);
  const known = selectable[`${resource.group}/${resource.resource}`];
  throw badRequest(
    known === undefined
      ? `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`
      : `field label not supported: ${field}`,
  );
}
