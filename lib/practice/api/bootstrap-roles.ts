/** The cluster roles and bindings of a fresh cluster with KubeVirt, as far as people's requests meet them. */
import type { PolicyRule } from "./authorization.ts";

interface BootstrapRole {
  readonly name: string;
  readonly rules: readonly PolicyRule[];
  /** Who has the role from the start. */
  readonly subjects?: readonly { readonly kind: "Group"; readonly name: string }[];
}

const everyone = [
  { kind: "Group", name: "system:authenticated" },
  { kind: "Group", name: "system:unauthenticated" },
] as const;
const authenticated = [{ kind: "Group", name: "system:authenticated" }] as const;

const read = ["get", "list", "watch"];
const write = ["create", "delete", "deletecollection", "patch", "update"];

const publicPaths = ["/healthz", "/livez", "/readyz", "/version", "/version/"];
const discoveryPaths = ["/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*", ...publicPaths];

const podLike = [
  "configmaps",
  "endpoints",
  "persistentvolumeclaims",
  "persistentvolumeclaims/status",
  "pods",
  "replicationcontrollers",
  "replicationcontrollers/scale",
  "serviceaccounts",
  "services",
  "services/status",
  "events",
  "namespaces",
  "namespaces/status",
  "pods/log",
  "pods/status",
  "limitranges",
  "resourcequotas",
  "resourcequotas/status",
];
const workloads = [
  "controllerrevisions",
  "daemonsets",
  "daemonsets/status",
  "deployments",
  "deployments/scale",
  "deployments/status",
  "replicasets",
  "replicasets/scale",
  "replicasets/status",
  "statefulsets",
  "statefulsets/scale",
  "statefulsets/status",
];

// The aggregated rules of Kubernetes' own roles and those that KubeVirt adds to them (kubevirt rbac/cluster.go).

const viewRules: readonly PolicyRule[] = [
  { apiGroups: [""], resources: podLike, verbs: read },
  { apiGroups: ["apps"], resources: workloads, verbs: read },
  { apiGroups: ["policy"], resources: ["poddisruptionbudgets", "poddisruptionbudgets/status"], verbs: read },
  { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: read },
];

const editRules: readonly PolicyRule[] = [
  ...viewRules,
  {
    apiGroups: [""],
    resources: ["configmaps", "persistentvolumeclaims", "pods", "secrets", "serviceaccounts", "services", "events"],
    verbs: write,
  },
  { apiGroups: [""], resources: ["secrets"], verbs: read },
  { apiGroups: [""], resources: ["pods/eviction"], verbs: ["create"] },
  {
    apiGroups: [""],
    resources: ["pods/attach", "pods/exec", "pods/portforward", "pods/proxy"],
    verbs: ["get", "create"],
  },
  { apiGroups: [""], resources: ["serviceaccounts"], verbs: ["impersonate"] },
  { apiGroups: ["apps"], resources: workloads.filter((name) => !name.endsWith("/status")), verbs: write },
  { apiGroups: ["policy"], resources: ["poddisruptionbudgets"], verbs: write },
];

const machines = [
  "virtualmachines",
  "virtualmachineinstances",
  "virtualmachineinstancepresets",
  "virtualmachineinstancereplicasets",
];

const kubevirtView: readonly PolicyRule[] = [
  { apiGroups: ["kubevirt.io"], resources: [...machines, "virtualmachineinstancemigrations"], verbs: read },
  { apiGroups: ["kubevirt.io"], resources: ["kubevirts"], verbs: ["get", "list"] },
  { apiGroups: ["pool.kubevirt.io"], resources: ["virtualmachinepools"], verbs: read },
  { apiGroups: ["migrations.kubevirt.io"], resources: ["migrationpolicies"], verbs: read },
  {
    apiGroups: ["subresources.kubevirt.io"],
    resources: [
      "virtualmachines/expand-spec",
      "virtualmachineinstances/guestosinfo",
      "virtualmachineinstances/userlist",
    ],
    verbs: ["get"],
  },
];

const kubevirtEdit: readonly PolicyRule[] = [
  ...kubevirtView,
  { apiGroups: ["kubevirt.io"], resources: machines, verbs: write },
  { apiGroups: ["pool.kubevirt.io"], resources: ["virtualmachinepools"], verbs: write },
  {
    apiGroups: ["subresources.kubevirt.io"],
    resources: [
      "virtualmachines/start",
      "virtualmachines/stop",
      "virtualmachines/restart",
      "virtualmachines/evacuate/cancel",
      "virtualmachineinstances/pause",
      "virtualmachineinstances/unpause",
      "virtualmachineinstances/softreboot",
      "virtualmachineinstances/evacuate/cancel",
    ],
    verbs: ["update"],
  },
];

const kubevirtMigrate: readonly PolicyRule[] = [
  { apiGroups: ["subresources.kubevirt.io"], resources: ["virtualmachines/migrate"], verbs: ["update"] },
  { apiGroups: ["kubevirt.io"], resources: ["virtualmachineinstancemigrations"], verbs: [...read, ...write] },
];

export const bootstrapRoles: readonly BootstrapRole[] = [
  {
    name: "cluster-admin",
    rules: [
      { apiGroups: ["*"], resources: ["*"], verbs: ["*"] },
      { nonResourceURLs: ["*"], verbs: ["*"] },
    ],
    subjects: [{ kind: "Group", name: "system:masters" }],
  },
  { name: "admin", rules: [...editRules, ...kubevirtEdit] },
  { name: "edit", rules: [...editRules, ...kubevirtEdit] },
  { name: "view", rules: [...viewRules, ...kubevirtView] },
  { name: "system:discovery", rules: [{ nonResourceURLs: discoveryPaths, verbs: ["get"] }], subjects: authenticated },
  { name: "system:public-info-viewer", rules: [{ nonResourceURLs: publicPaths, verbs: ["get"] }], subjects: everyone },
  {
    name: "system:basic-user",
    rules: [
      {
        apiGroups: ["authorization.k8s.io"],
        resources: ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
        verbs: ["create"],
      },
      { apiGroups: ["authentication.k8s.io"], resources: ["selfsubjectreviews"], verbs: ["create"] },
    ],
    subjects: authenticated,
  },
  {
    name: "kubevirt.io:default",
    rules: [
      { apiGroups: ["subresources.kubevirt.io"], resources: ["version", "guestfs"], verbs: ["get", "list"] },
      { apiGroups: ["kubevirt.io"], resources: ["kubevirts"], verbs: ["get", "list"] },
    ],
    subjects: authenticated,
  },
  { name: "kubevirt.io:admin", rules: kubevirtEdit },
  { name: "kubevirt.io:edit", rules: kubevirtEdit },
  { name: "kubevirt.io:view", rules: kubevirtView },
  { name: "kubevirt.io:migrate", rules: kubevirtMigrate },
];
