/** Users with just so many rights. */
import type { Right } from "../../lib/platform/rights.ts";
import type { TestCluster } from "../practice-cluster.ts";

const group = "rbac.authorization.k8s.io";
let made = 0;

/** Gives a new user these rights in the whole cluster, and returns the user's name, for `--as`. */
export function grant({ cluster: { store } }: TestCluster, rights: readonly Right[]): string {
  made += 1;
  const name = `person-${made}`;
  const rules = rights.map(({ group, resource, verbs }) => ({
    apiGroups: [group],
    resources: [resource],
    verbs: [...verbs],
  }));
  const apiVersion = `${group}/v1`;
  store.create({ group, resource: "clusterroles" }, { apiVersion, kind: "ClusterRole", metadata: { name }, rules });
  store.create(
    { group, resource: "clusterrolebindings" },
    {
      apiVersion,
      kind: "ClusterRoleBinding",
      metadata: { name },
      subjects: [{ kind: "User", name, apiGroup: group }],
      roleRef: { apiGroup: group, kind: "ClusterRole", name },
    },
  );
  return name;
}
