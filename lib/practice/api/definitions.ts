/** CustomResourceDefinitions: what they define is served from the moment they are stored until they are deleted (apiextensions-apiserver). */
import { type PracticeClock, rfc3339 } from "../clock.ts";
import { kubevirtResources } from "../kubevirt-resources.ts";
import type { PrinterColumn, Resource } from "../resource.ts";
import type { KubeObject, NewObject, ResourceKey, Store } from "../store.ts";

const definitionsKey: ResourceKey = { group: "apiextensions.k8s.io", resource: "customresourcedefinitions" };

const cleanup = "customresourcecleanup.apiextensions.k8s.io";

/** Creates KubeVirt's definitions and from now on serves whatever is defined. Returns a function that stops it. */
export function serveDefinitions(store: Store, clock: PracticeClock): () => void {
  const stop = store.subscribe(({ type, key, object }) => {
    if (key.resource !== definitionsKey.resource || key.group !== definitionsKey.group) return;
    if (type === "DELETED") store.resources.unregister(object.spec.group, object.spec.names.plural);
    else if (object.metadata.deletionTimestamp !== undefined) removeInstances(store, object);
    else establish(store, clock, object);
  });
  for (const resource of kubevirtResources) {
    const { name } = definitionOf(resource).metadata ?? {};
    if (name !== undefined && store.get(definitionsKey, undefined, name) === undefined) {
      store.create(definitionsKey, definitionOf(resource), { manager: "virt-operator" });
    }
  }
  return stop;
}

interface Version {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
  readonly deprecated?: boolean;
  readonly subresources?: { readonly status?: object; readonly scale?: object };
  readonly additionalPrinterColumns?: readonly PrinterColumn[];
}

/** The resource that a definition defines, as it is served. */
function resourceOf(definition: KubeObject): Resource {
  const { group, names, scope, versions } = definition.spec;
  const list = versions as readonly Version[];
  const stored = list.find(({ storage }) => storage) ?? list[0];
  const served = list.filter(({ served }) => served).map(({ name }) => name);
  // The newest stable version is preferred, whichever is stored; KubeVirt's and ordinary definitions store that one.
  const version = preferred(served) ?? stored?.name ?? "v1";
  const subresources = ["status", "scale"].filter((name) => stored?.subresources?.[name as "status"] !== undefined);
  return {
    group,
    version,
    alsoServed: served.filter((name) => name !== version),
    resource: names.plural,
    singular: names.singular ?? names.kind.toLowerCase(),
    kind: names.kind,
    listKind: names.listKind ?? `${names.kind}List`,
    namespaced: scope === "Namespaced",
    ...(names.shortNames === undefined ? {} : { shortNames: names.shortNames }),
    ...(names.categories === undefined ? {} : { categories: names.categories }),
    subresources,
    generation: subresources.includes("status") ? "spec" : "content",
    custom: true,
    printerColumns: stored?.additionalPrinterColumns ?? [],
  };
}

/** Kubernetes' order of versions: stable before beta before alpha, higher before lower (apimachinery pkg/version). */
function preferred(versions: readonly string[]): string | undefined {
  const rank = (name: string): number => {
    const [, major = "0", stage, minor = "0"] = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(name) ?? [];
    const level = stage === undefined ? 2 : stage === "beta" ? 1 : 0;
    return level * 1e6 + Number(major) * 1e3 + Number(minor);
  };
  return [...versions].sort((a, b) => rank(b) - rank(a))[0];
}

function establish(store: Store, clock: PracticeClock, definition: KubeObject): void {
  store.resources.register(resourceOf(definition));
  const { names, versions } = definition.spec;
  const storage = (versions as readonly Version[]).find(({ storage }) => storage)?.name;
  const lastTransitionTime = rfc3339(clock.now());
  const accepted = { reason: "NoConflicts", message: "no conflicts found", type: "NamesAccepted" };
  const established = {
    reason: "InitialNamesAccepted",
    message: "the initial names have been accepted",
    type: "Established",
  };
  const change = (draft: KubeObject): void => {
    if (!draft.metadata.finalizers?.includes(cleanup)) {
      draft.metadata.finalizers = [...(draft.metadata.finalizers ?? []), cleanup];
    }
    const conditions = draft.status?.conditions ?? [
      { ...accepted, status: "True", lastTransitionTime },
      { ...established, status: "True", lastTransitionTime },
    ];
    draft.status = { conditions, acceptedNames: acceptedNames(names), storedVersions: [storage] };
  };
  store.modify(definitionsKey, undefined, definition.metadata.name, change, {
    manager: "kube-apiserver",
    subresource: "status",
  });
}

function acceptedNames(names: { plural: string; singular?: string; kind: string; listKind?: string }): object {
  return {
    ...names,
    singular: names.singular ?? names.kind.toLowerCase(),
    listKind: names.listKind ?? `${names.kind}List`,
  };
}

/** The instances go first; then nothing holds the definition. */
function removeInstances(store: Store, definition: KubeObject): void {
  if (!definition.metadata.finalizers?.includes(cleanup)) return;
  const { group, names } = definition.spec;
  const key = { group, resource: names.plural };
  for (const { metadata } of store.list(key)) store.delete(key, metadata.namespace, metadata.name);
  const change = (draft: KubeObject): void => {
    draft.metadata.finalizers = (draft.metadata.finalizers ?? []).filter((finalizer) => finalizer !== cleanup);
  };
  store.modify(definitionsKey, undefined, definition.metadata.name, change, { manager: "kube-apiserver" });
}

function definitionOf(resource: Resource): NewObject {
  const { group, resource: plural, singular, kind, listKind, shortNames, categories, namespaced } = resource;
  const { subresources = [], printerColumns = [], version, alsoServed = [] } = resource;
  const below = {
    ...(subresources.includes("status") ? { status: {} } : {}),
    ...(subresources.includes("scale") ? { scale: scalePaths } : {}),
  };
  const versions = [version, ...alsoServed].map((name) => ({
    name,
    served: true,
    storage: name === version,
    schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
    ...(subresources.length === 0 ? {} : { subresources: below }),
    ...(printerColumns.length === 0 ? {} : { additionalPrinterColumns: printerColumns }),
  }));
  return {
    metadata: {
      name: `${plural}.${group}`,
      labels: { [kind === "KubeVirt" ? "operator.kubevirt.io" : "kubevirt.io"]: "" },
    },
    spec: {
      group,
      names: { plural, singular, kind, listKind, ...(shortNames && { shortNames }), ...(categories && { categories }) },
      scope: namespaced ? "Namespaced" : "Cluster",
      conversion: { strategy: "None" },
      versions,
    },
  };
}

const scalePaths = {
  specReplicasPath: ".spec.replicas",
  statusReplicasPath: ".status.replicas",
  labelSelectorPath: ".status.labelSelector",
};
