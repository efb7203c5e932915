/** What an API server creates when it starts: namespaces, the roles everybody relies on, KubeVirt's definitions, API services. */
import type { KubeObject, NewObject, ResourceKey } from "../store.ts";
import { aggregatedGroup, aggregatedVersions, isAggregatedUp } from "./aggregation.ts";
import { bootstrapRoles } from "./bootstrap-roles.ts";
import type { ApiContext } from "./call.ts";
import { prepareNew } from "./defaults.ts";
import { serveDefinitions } from "./definitions.ts";
import { groupNames, versionsOf } from "./discovery.ts";

const rbac = "rbac.authorization.k8s.io";
const namespaces: ResourceKey = { group: "", resource: "namespaces" };
const clusterRoles: ResourceKey = { group: rbac, resource: "clusterroles" };
const clusterRoleBindings: ResourceKey = { group: rbac, resource: "clusterrolebindings" };
const apiServices: ResourceKey = { group: "apiregistration.k8s.io", resource: "apiservices" };
const priorityClasses: ResourceKey = { group: "scheduling.k8s.io", resource: "priorityclasses" };

type Seed = NewObject & { metadata: { name: string } };

const server = { manager: "kube-apiserver" };

/** Creates what is missing; the returned function ends what goes on by itself. */
export function seedCluster(context: ApiContext): () => void {
  const { store, clock } = context;
  const ensure = (key: ResourceKey, object: Seed): void => {
    if (store.get(key, undefined, object.metadata.name) !== undefined) return;
    prepareNew(key, object);
    store.create(key, object, server);
  };
  for (const name of ["default", "kube-node-lease", "kube-public", "kube-system"]) {
    ensure(namespaces, { metadata: { name } });
  }
  for (const [name, value] of [
    ["system-node-critical", 2_000_001_000],
    ["system-cluster-critical", 2_000_000_000],
  ] as const) {
    ensure(priorityClasses, { metadata: { name }, value, preemptionPolicy: "PreemptLowerPriority" });
  }
  for (const { name, rules, subjects } of bootstrapRoles) {
    const metadata = { name, labels: { "kubernetes.io/bootstrapping": "rbac-defaults" } };
    ensure(clusterRoles, { metadata: { ...metadata }, rules });
    if (subjects === undefined) continue;
    const roleRef = { apiGroup: rbac, kind: "ClusterRole", name };
    ensure(clusterRoleBindings, {
      metadata: { ...metadata },
      roleRef,
      subjects: subjects.map((each) => ({ ...each })),
    });
  }
  const stopDefinitions = serveDefinitions(store, clock);
  for (const group of groupNames(context)) {
    for (const version of versionsOf(context, group)) ensure(apiServices, apiService(group, version));
  }
  const stopAvailability = followAvailability(context);
  return () => {
    stopDefinitions();
    stopAvailability();
  };
}

function apiService(group: string, version: string): Seed {
  const aggregated = group === aggregatedGroup;
  const labels = aggregated
    ? { "kubevirt.io": "virt-api-aggregator" }
    : { "kube-aggregator.kubernetes.io/automanaged": group.endsWith("kubevirt.io") ? "true" : "onstart" };
  const service = { name: "virt-api", namespace: "kubevirt", port: 443 };
  return {
    metadata: { name: `${version}.${group}`, labels },
    spec: {
      ...(group === "" ? {} : { group }),
      version,
      groupPriorityMinimum: group === "" ? 18_000 : 1000,
      versionPriority: 15,
      ...(aggregated ? { service } : {}),
    },
    status: { conditions: aggregated ? [] : [localCondition] },
  };
}

const localCondition = {
  type: "Available",
  status: "True",
  reason: "Local",
  message: "Local APIServices are always available",
};

/** Keeps the Available condition of the aggregated API's services as the endpoints behind them come and go. */
function followAvailability(context: ApiContext): () => void {
  const { store, clock } = context;
  const update = (): void => {
    const up = isAggregatedUp(context);
    for (const version of aggregatedVersions) {
      const change = (draft: KubeObject): void => {
        const before = draft.status?.conditions?.[0];
        if (before?.status === (up ? "True" : "False")) return;
        const lastTransitionTime = `${clock.now().toISOString().slice(0, 19)}Z`;
        draft.status = { conditions: [{ type: "Available", ...(up ? passed : missing), lastTransitionTime }] };
      };
      store.modify(apiServices, undefined, `${version}.${aggregatedGroup}`, change, {
        ...server,
        subresource: "status",
      });
    }
  };
  update();
  return store.subscribe(({ key }) => {
    if (key.resource === "endpoints" || key.resource === "endpointslices") update();
  });
}

const passed = { status: "True", reason: "Passed", message: "all checks passed" };
const missing = {
  status: "False",
  reason: "MissingEndpoints",
  message: 'endpoints for service/virt-api in "kubevirt" have no addresses with port name "https"',
};
