/** New pods as the API server stores them: defaults of the pod spec, QoS class, and the admission plugin DefaultTolerationSeconds. */
import type { KubeObject, NewObject } from "../store.ts";
import type { OwnerReference } from "./objects.ts";

const serviceAccount = "default";

interface Toleration {
  key?: string;
  operator?: string;
  value?: string;
  effect?: string;
  tolerationSeconds?: number;
}

/** The pod with everything that kube-apiserver fills in when it is created. */
export function defaultedPod(pod: NewObject): NewObject {
  const spec = { ...podSpecDefaults, ...pod.spec };
  const account = spec.serviceAccountName ?? serviceAccount;
  return {
    ...pod,
    apiVersion: "v1",
    kind: "Pod",
    spec: {
      ...spec,
      serviceAccountName: account,
      serviceAccount: account,
      containers: (spec.containers ?? []).map(defaultedContainer),
      ...(spec.initContainers === undefined ? {} : { initContainers: spec.initContainers.map(defaultedContainer) }),
      tolerations: withDefaultTolerations(spec.tolerations ?? []),
    },
    status: { phase: "Pending", ...pod.status, qosClass: qosClassOf(spec) },
  };
}

const podSpecDefaults = {
  restartPolicy: "Always",
  terminationGracePeriodSeconds: 30,
  dnsPolicy: "ClusterFirst",
  securityContext: {},
  schedulerName: "default-scheduler",
  enableServiceLinks: true,
  preemptionPolicy: "PreemptLowerPriority",
  priority: 0,
};

function defaultedContainer(container: Record<string, unknown>): Record<string, unknown> {
  return {
    resources: {},
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
    imagePullPolicy: "IfNotPresent",
    ...container,
  };
}

/** 300 s of patience with nodes that are not ready or unreachable (plugin/pkg/admission/defaulttolerationseconds). */
function withDefaultTolerations(given: readonly Toleration[]): Toleration[] {
  const missing = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"].filter(
    (key) =>
      !given.some(
        (toleration) =>
          (!toleration.key || toleration.key === key) && (!toleration.effect || toleration.effect === "NoExecute"),
      ),
  );
  return [
    ...given,
    ...missing.map((key) => ({ key, operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 })),
  ];
}

/** `qos.ComputePodQOS`: Guaranteed when all limits equal requests, BestEffort without any, else Burstable. */
function qosClassOf(spec: KubeObject["spec"]): string {
  const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  const set = containers.flatMap((container) => [
    ...computeResources(container.resources?.requests),
    ...computeResources(container.resources?.limits),
  ]);
  if (set.length === 0) return "BestEffort";
  const guaranteed = containers.every((container) => {
    const { requests, limits } = container.resources ?? {};
    return ["cpu", "memory"].every(
      (name) => limits?.[name] !== undefined && (requests?.[name] ?? limits[name]) === limits[name],
    );
  });
  return guaranteed ? "Guaranteed" : "Burstable";
}

function computeResources(quantities: Record<string, string> | undefined): string[] {
  return Object.keys(quantities ?? {}).filter((name) => name === "cpu" || name === "memory");
}

/** A pod from a workload's template. */
export function podFromTemplate(
  template: { metadata?: KubeObject["metadata"]; spec: KubeObject["spec"] },
  place: { namespace: string; generateName: string; owner: OwnerReference; labels?: Record<string, string> },
): NewObject {
  return defaultedPod({
    metadata: {
      namespace: place.namespace,
      generateName: place.generateName,
      labels: { ...template.metadata?.labels, ...place.labels },
      ...(template.metadata?.annotations === undefined ? {} : { annotations: template.metadata.annotations }),
      ownerReferences: [place.owner],
    },
    spec: structuredClone(template.spec),
  });
}
