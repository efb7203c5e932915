/** The defaults that kube-apiserver fills into new objects (kubernetes pkg/apis, defaults.go, and its registry strategies). */
import type { ResourceKey } from "../store.ts";

// biome-ignore lint/suspicious/noExplicitAny: objects as clients wrote them, any field may be missing
type Fields = any;

/** Fills in what the writer left out of a new or changed object, in place. */
export function fillDefaults(key: ResourceKey, object: Fields): void {
  always[`${key.group}/${key.resource}`]?.(object);
}

/** Fills in what the registry and the built-in admission plugins give a new object, in place. */
export function prepareNew(key: ResourceKey, object: Fields): void {
  onlyNew[`${key.group}/${key.resource}`]?.(object);
}

const onlyNew: Readonly<Record<string, (object: Fields) => void>> = {
  "/pods": (pod) => {
    pod.spec.tolerations = withNodeTolerations(pod.spec.tolerations ?? []);
    pod.spec.serviceAccountName ??= "default";
    pod.spec.serviceAccount ??= pod.spec.serviceAccountName;
    pod.spec.priority ??= 0;
    pod.spec.preemptionPolicy ??= "PreemptLowerPriority";
    pod.status = { phase: "Pending", qosClass: qosClass(pod.spec), ...pod.status };
  },
  "/namespaces": (namespace) => {
    namespace.spec = { finalizers: ["kubernetes"], ...namespace.spec };
    namespace.status = { phase: "Active", ...namespace.status };
    namespace.metadata.labels = {
      "kubernetes.io/metadata.name": namespace.metadata.name,
      ...namespace.metadata.labels,
    };
  },
  // Admission plugin TaintNodesByCondition: nothing is scheduled there before the node has said that it is ready.
  "/nodes": (node) => {
    const taint = { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" };
    node.spec = { ...node.spec, taints: [...(node.spec?.taints ?? []), taint] };
  },
  "/persistentvolumeclaims": (claim) => {
    protect(claim, "kubernetes.io/pvc-protection");
    claim.status = { phase: "Pending", ...claim.status };
  },
  "/persistentvolumes": (volume) => {
    protect(volume, "kubernetes.io/pv-protection");
    volume.status = { phase: "Pending", ...volume.status };
  },
};

/** Admission plugin StorageObjectInUseProtection. */
function protect({ metadata }: Fields, finalizer: string): void {
  metadata.finalizers = [...new Set([...(metadata.finalizers ?? []), finalizer])];
}

const always: Readonly<Record<string, (object: Fields) => void>> = {
  "/pods": (pod) => {
    if (pod.spec) podSpec(pod.spec);
  },
  "/services": (service) => {
    service.spec = { type: "ClusterIP", sessionAffinity: "None", internalTrafficPolicy: "Cluster", ...service.spec };
    for (const port of service.spec.ports ?? []) {
      port.protocol ??= "TCP";
      port.targetPort ??= port.port;
    }
  },
  "/secrets": (secret) => {
    secret.type ??= "Opaque";
    for (const [name, text] of Object.entries(secret.stringData ?? {})) {
      secret.data = { ...secret.data, [name]: Buffer.from(String(text)).toString("base64") };
    }
    delete secret.stringData;
  },
  "/persistentvolumeclaims": (claim) => {
    if (claim.spec) claim.spec.volumeMode ??= "Filesystem";
  },
  "/persistentvolumes": (volume) => {
    volume.spec = { persistentVolumeReclaimPolicy: "Retain", volumeMode: "Filesystem", ...volume.spec };
  },
  "apps/deployments": (deployment) => {
    workload(deployment);
    deployment.spec.strategy = {
      type: "RollingUpdate",
      rollingUpdate: { maxUnavailable: "25%", maxSurge: "25%" },
      ...deployment.spec.strategy,
    };
    deployment.spec.revisionHistoryLimit ??= 10;
    deployment.spec.progressDeadlineSeconds ??= 600;
  },
  "apps/replicasets": (set) => workload(set),
  "apps/statefulsets": (set) => {
    workload(set);
    set.spec.podManagementPolicy ??= "OrderedReady";
    set.spec.updateStrategy ??= { type: "RollingUpdate", rollingUpdate: { partition: 0 } };
  },
  "apps/daemonsets": (set) => {
    set.spec ??= {};
    if (set.spec.template?.spec) podSpec(set.spec.template.spec);
    set.spec.updateStrategy ??= { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } };
    set.spec.revisionHistoryLimit ??= 10;
  },
  "storage.k8s.io/storageclasses": (storageClass) => {
    storageClass.reclaimPolicy ??= "Delete";
    storageClass.volumeBindingMode ??= "Immediate";
  },
  "rbac.authorization.k8s.io/clusterrolebindings": (binding) => defaultSubjects(binding),
  "rbac.authorization.k8s.io/rolebindings": (binding) => defaultSubjects(binding),
};

function workload(object: Fields): void {
  object.spec ??= {};
  object.spec.replicas ??= 1;
  if (object.spec.template?.spec) podSpec(object.spec.template.spec);
}

function podSpec(spec: Fields): void {
  spec.restartPolicy ??= "Always";
  spec.terminationGracePeriodSeconds ??= 30;
  spec.dnsPolicy ??= "ClusterFirst";
  spec.securityContext ??= {};
  spec.schedulerName ??= "default-scheduler";
  spec.enableServiceLinks ??= true;
  for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) {
    container.resources ??= {};
    container.terminationMessagePath ??= "/dev/termination-log";
    container.terminationMessagePolicy ??= "File";
    container.imagePullPolicy ??= /:latest$|^[^:]*$/.test(container.image ?? "") ? "Always" : "IfNotPresent";
    for (const port of container.ports ?? []) port.protocol ??= "TCP";
  }
}

/** Admission plugin DefaultTolerationSeconds: five minutes on a node that is not ready or unreachable. */
function withNodeTolerations(tolerations: Fields[]): Fields[] {
  const added = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]
    .filter((key) => !tolerations.some((given) => toleratesNoExecute(given, key)))
    .map((key) => ({ key, operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 }));
  return [...tolerations, ...added];
}

function toleratesNoExecute({ key, effect }: Fields, wanted: string): boolean {
  return (!key || key === wanted) && (!effect || effect === "NoExecute");
}

function qosClass(spec: Fields): string {
  const containers = spec.containers ?? [];
  const resources = containers.map((container: Fields) => container.resources ?? {});
  if (resources.every(({ requests, limits }: Fields) => !requests && !limits)) return "BestEffort";
  const guaranteed = resources.every(({ requests = {}, limits = {} }: Fields) =>
    ["cpu", "memory"].every((name) => limits[name] !== undefined && (requests[name] ?? limits[name]) === limits[name]),
  );
  return guaranteed ? "Guaranteed" : "Burstable";
}

function defaultSubjects(binding: Fields): void {
  if (binding.roleRef) binding.roleRef.apiGroup ??= "rbac.authorization.k8s.io";
  for (const subject of binding.subjects ?? []) {
    if (subject.kind !== "ServiceAccount") subject.apiGroup ??= "rbac.authorization.k8s.io";
  }
}
