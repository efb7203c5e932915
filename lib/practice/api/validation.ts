/** The checks of the registry that clients meet: names, versions, fields that cannot change (kubernetes pkg/apis, validation). */
import { sameJson } from "../fields.ts";
import type { Resource } from "../resource.ts";
import { invalid, type StatusCause } from "../status.ts";
import type { KubeObject } from "../store.ts";

const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const subdomainRule =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an " +
  "alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

/** Throws 422 unless a new object has a usable name. */
export function checkNew(resource: Resource, object: KubeObject): void {
  const { name = "", generateName = "" } = object.metadata;
  if (name === "" && generateName === "") {
    throw invalid(resource, "", [
      {
        reason: "FieldValueRequired",
        message: "Required value: name or generateName is required",
        field: "metadata.name",
      },
    ]);
  }
  if (name === "" || resource.group === "rbac.authorization.k8s.io") return;
  if (!subdomain.test(name)) {
    throw invalid(resource, name, [
      { reason: "FieldValueInvalid", message: `Invalid value: "${name}": ${subdomainRule}`, field: "metadata.name" },
    ]);
  }
}

/** Kinds that may be replaced without saying which version was read (AllowUnconditionalUpdate). */
const conditionalOnly = new Set([
  "coordination.k8s.io/leases",
  "policy/poddisruptionbudgets",
  "apiregistration.k8s.io/apiservices",
]);

/** Throws 422 for a PUT without a resourceVersion where the server insists on one. */
export function checkVersionGiven(resource: Resource, object: KubeObject): void {
  if (object.metadata.resourceVersion) return;
  if (resource.custom !== true && !conditionalOnly.has(`${resource.group}/${resource.resource}`)) return;
  throw invalid(resource, object.metadata.name, [
    {
      reason: "FieldValueInvalid",
      message: `Invalid value: ${resource.custom === true ? "0x0" : '""'}: must be specified for an update`,
      field: "metadata.resourceVersion",
    },
  ]);
}

/** Throws 422 when an update changes what cannot change. */
export function checkChange(resource: Resource, before: KubeObject, after: KubeObject): void {
  const causes = [
    ...newFinalizers(before, after),
    ...immutableFields(resource, before, after),
    ...(resource.group === "" && resource.resource === "nodes" ? repeatedTaints(after) : []),
  ];
  if (causes.length > 0) throw invalid(resource, before.metadata.name, causes);
}

function newFinalizers(before: KubeObject, after: KubeObject): StatusCause[] {
  if (before.metadata.deletionTimestamp === undefined) return [];
  const known = new Set(before.metadata.finalizers ?? []);
  const added = (after.metadata.finalizers ?? []).filter((finalizer) => !known.has(finalizer));
  if (added.length === 0) return [];
  const list = added.map((finalizer) => `"${finalizer}"`).join(", ");
  return [
    {
      reason: "FieldValueForbidden",
      message: `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`,
      field: "metadata.finalizers",
    },
  ];
}

function immutableFields(resource: Resource, before: KubeObject, after: KubeObject): StatusCause[] {
  const id = `${resource.group}/${resource.resource}`;
  if (id === "/pods") return podChange(before, after);
  const fields = immutableSpecFields[id] ?? [];
  return fields
    .filter((field) => !sameJson(before.spec?.[field], after.spec?.[field]))
    .map((field) => ({
      reason: "FieldValueInvalid",
      message: `Invalid value: ${JSON.stringify(after.spec?.[field] ?? null)}: field is immutable`,
      field: `spec.${field}`,
    }));
}

/** Validated in spec.taints, and told of metadata.taints (kubernetes pkg/apis/core/validation, ValidateNode and validateNodeTaints). */
function repeatedTaints({ spec }: KubeObject): StatusCause[] {
  const taints: readonly Readonly<Record<"key" | "value" | "effect", string | undefined>>[] = spec?.taints ?? [];
  const sameOf = (one: (typeof taints)[number]) =>
    taints.findIndex((other) => other.key === one.key && other.effect === one.effect);
  return taints.flatMap((taint, index) =>
    sameOf(taint) === index
      ? []
      : [
          {
            reason: "FieldValueDuplicate",
            message: `Duplicate value: ${internalTaint(taint)}: taints must be unique by key and effect pair`,
            field: `metadata.taints[${index}]`,
          },
        ],
  );
}

/** The server prints its own type, not the API's. */
function internalTaint({ key, value = "", effect }: Readonly<Record<string, string | undefined>>): string {
  return JSON.stringify({ Key: key, Value: value, Effect: effect, TimeAdded: null });
}

const immutableSpecFields: Readonly<Record<string, readonly string[]>> = {
  "apps/deployments": ["selector"],
  "apps/replicasets": ["selector"],
  "apps/daemonsets": ["selector"],
  "apps/statefulsets": ["selector"],
  "storage.k8s.io/volumeattachments": ["attacher", "source", "nodeName"],
};

const podRule =
  "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`," +
  "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations)," +
  "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

function podChange(before: KubeObject, after: KubeObject): StatusCause[] {
  if (sameJson(mutableLeftOut(before.spec), mutableLeftOut(after.spec))) return [];
  return [{ reason: "FieldValueForbidden", message: podRule, field: "spec" }];
}

interface PodSpecFields {
  readonly containers?: readonly object[];
  readonly initContainers?: readonly object[];
  readonly activeDeadlineSeconds?: number;
  readonly tolerations?: readonly object[];
  readonly [field: string]: unknown;
}

function mutableLeftOut(spec: PodSpecFields = {}): object {
  const { activeDeadlineSeconds: _deadline, tolerations: _tolerations, containers, initContainers, ...rest } = spec;
  const withoutImage = (container: object): object => ({ ...container, image: undefined });
  return { ...rest, containers: containers?.map(withoutImage), initContainers: initContainers?.map(withoutImage) };
}
