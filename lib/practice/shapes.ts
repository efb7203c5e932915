/**
 * Which fields of the built-in kinds are more than plain maps and scalars: lists that merge by key, sets, and values owned as a whole.
 * Follows the `+listType`, `+listMapKey`, `+mapType` and `patchMergeKey` markers in k8s.io/api; lists and maps not named here are
 * what the markers' absence means: a list is atomic, a map is granular.
 */

export interface Shape {
  /** Children of a struct by field name. */
  readonly fields?: Readonly<Record<string, Shape>>;
  /** The shape of a list's items. */
  readonly item?: Shape;
  /** Owned as a whole by server-side apply (`+structType=atomic`, `+mapType=atomic`). */
  readonly atomic?: true;
  /** A list whose items are told apart by these fields (`+listType=map`). */
  readonly keys?: readonly string[];
  /** A list of distinct scalars (`+listType=set`, `patchStrategy=merge`). */
  readonly set?: true;
  /** The field by which a strategic merge patch joins items (`patchMergeKey`). */
  readonly mergeKey?: string;
  /** A strategic merge patch may drop the fields it does not name (`patchStrategy=retainKeys`). */
  readonly retainKeys?: true;
  /** A Go struct that is always written, so that nobody owns it as such. */
  readonly always?: true;
}

const atomic: Shape = { atomic: true };

function struct(fields: Readonly<Record<string, Shape>>): Shape {
  return { fields };
}

function listBy(key: string, item?: Shape, moreKeys: readonly string[] = []): Shape {
  return { keys: [key, ...moreKeys], mergeKey: key, ...(item === undefined ? {} : { item }) };
}

const set: Shape = { set: true };
const conditions = listBy("type");

const metadata: Shape = {
  always: true,
  fields: { ownerReferences: listBy("uid", atomic), finalizers: set, managedFields: atomic },
};

const container = struct({
  env: listBy(
    "name",
    struct({ valueFrom: struct({ fieldRef: atomic, configMapKeyRef: atomic, secretKeyRef: atomic }) }),
  ),
  ports: listBy("containerPort", undefined, ["protocol"]),
  volumeMounts: listBy("mountPath"),
  volumeDevices: listBy("devicePath"),
  resources: struct({ claims: { keys: ["name"] } }),
});

const podSpec: Shape = {
  always: true,
  fields: {
    containers: { ...listBy("name", container), always: true },
    initContainers: listBy("name", container),
    ephemeralContainers: listBy("name", container),
    volumes: { ...listBy("name"), retainKeys: true },
    imagePullSecrets: listBy("name", atomic),
    hostAliases: listBy("ip"),
    topologySpreadConstraints: listBy("topologyKey", struct({ labelSelector: atomic }), ["whenUnsatisfiable"]),
    schedulingGates: listBy("name"),
    resourceClaims: { ...listBy("name"), retainKeys: true },
    nodeSelector: atomic,
    affinity: struct({ nodeAffinity: struct({ requiredDuringSchedulingIgnoredDuringExecution: atomic }) }),
  },
};

const podTemplate: Shape = { always: true, fields: { metadata: { ...metadata }, spec: podSpec } };
const conditionStatus: Shape = { always: true, fields: { conditions } };

function workload(more: Readonly<Record<string, Shape>> = {}): Shape {
  const spec: Shape = { always: true, fields: { selector: atomic, template: podTemplate, ...more } };
  return struct({ metadata, spec, status: conditionStatus });
}

const plain = struct({ metadata, spec: { always: true }, status: conditionStatus });

const shapes: Readonly<Record<string, Shape>> = {
  "/pods": struct({
    metadata,
    spec: podSpec,
    status: { always: true, fields: { conditions, podIPs: listBy("ip"), hostIPs: { mergeKey: "ip" } } },
  }),
  "/nodes": struct({
    metadata,
    spec: { always: true, fields: { podCIDRs: set } },
    status: {
      always: true,
      fields: { conditions, addresses: listBy("type"), daemonEndpoints: { always: true, fields: {} } },
    },
  }),
  "/services": struct({
    metadata,
    spec: { always: true, fields: { ports: listBy("port", undefined, ["protocol"]), selector: atomic } },
    status: { always: true, fields: { conditions } },
  }),
  "/serviceaccounts": struct({ metadata, secrets: listBy("name"), imagePullSecrets: {} }),
  "/replicationcontrollers": workload({ selector: atomic }),
  "apps/deployments": workload({ strategy: { retainKeys: true } }),
  "apps/replicasets": workload(),
  "apps/daemonsets": workload(),
  "apps/statefulsets": workload(),
  "policy/poddisruptionbudgets": struct({
    metadata,
    spec: { always: true, fields: { selector: atomic } },
    status: conditionStatus,
  }),
  "storage.k8s.io/csinodes": struct({ metadata, spec: { always: true, fields: { drivers: listBy("name") } } }),
  "admissionregistration.k8s.io/validatingwebhookconfigurations": struct({ metadata, webhooks: listBy("name") }),
  "admissionregistration.k8s.io/mutatingwebhookconfigurations": struct({ metadata, webhooks: listBy("name") }),
  "apiextensions.k8s.io/customresourcedefinitions": struct({
    metadata,
    spec: { always: true },
    status: { always: true, fields: { conditions: { keys: ["type"] } } },
  }),
};

const custom = struct({ metadata });

/** The shape of a resource's objects; custom resources have only Kubernetes' own metadata. */
export function shapeOf(key: { readonly group: string; readonly resource: string }): Shape {
  const known = shapes[`${key.group}/${key.resource}`];
  if (known !== undefined) return known;
  return key.group.includes(".") && !key.group.endsWith(".k8s.io") ? custom : plain;
}

/** The shape below one field. */
export function fieldShape(shape: Shape | undefined, field: string): Shape | undefined {
  return shape?.fields?.[field];
}
