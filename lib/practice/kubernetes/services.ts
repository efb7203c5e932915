/** EndpointSlices: which ready pods stand behind a Service (kubernetes pkg/controller/endpointslice). */
import { hasLabels } from "../../model/selectors.ts";
import type { KubeObject, NewObject } from "../store.ts";
import type { Reconciler } from "./control-loop.ts";
import { endpointSlices, isOf, keyOf, managers, objectAt, pods, services } from "./keys.ts";
import { controllerReference, isDeleting, isFinished, isReady } from "./objects.ts";
import type { World } from "./world.ts";

const serviceNameLabel = "kubernetes.io/service-name";
const managedByLabel = "endpointslice.kubernetes.io/managed-by";

export function createEndpointSlices(world: World): Reconciler {
  return {
    name: "endpointslice",
    *touches({ key, object, previous }) {
      if (isOf(key, services)) yield keyOf(object);
      if (!isOf(key, pods)) return;
      for (const service of world.store.list(services, object.metadata.namespace)) {
        if (selects(service, object) || (previous !== undefined && selects(service, previous))) yield keyOf(service);
      }
    },
    reconcile(key) {
      const service = objectAt(world.store, services, key);
      if (service?.spec.selector !== undefined) sync(world, service);
      return undefined;
    },
  };
}

function selects(service: KubeObject, pod: KubeObject): boolean {
  return service.spec?.selector !== undefined && hasLabels(pod.metadata.labels, service.spec.selector);
}

function sync(world: World, service: KubeObject): void {
  const { namespace = "", name } = service.metadata;
  const backends = world.podsOfNamespace
    .get(namespace)
    .filter((pod) => selects(service, pod) && pod.status?.podIP !== undefined && !isFinished(pod));
  const endpoints = backends.map(endpointOf);
  const present = world.store
    .list(endpointSlices, namespace)
    .find((slice) => slice.metadata.labels?.[serviceNameLabel] === name);
  if (present === undefined) {
    world.store.create(endpointSlices, sliceOf(service, endpoints), managers.controllerManager);
    return;
  }
  const change = (draft: KubeObject): void => {
    draft.endpoints = endpoints;
  };
  world.store.modify(endpointSlices, namespace, present.metadata.name, change, managers.controllerManager);
}

function endpointOf(pod: KubeObject) {
  const serving = isReady(pod);
  const { namespace, name, uid } = pod.metadata;
  return {
    addresses: [pod.status.podIP],
    conditions: { ready: serving && !isDeleting(pod), serving, terminating: isDeleting(pod) },
    nodeName: pod.spec.nodeName,
    targetRef: { kind: "Pod", namespace, name, uid },
  };
}

function sliceOf(service: KubeObject, endpoints: unknown[]): NewObject {
  const { namespace = "", name } = service.metadata;
  const ports: { name?: string; targetPort?: unknown; port: number }[] = service.spec.ports ?? [];
  return {
    metadata: {
      namespace,
      generateName: `${name}-`,
      labels: { [serviceNameLabel]: name, [managedByLabel]: "endpointslice-controller.k8s.io" },
      ownerReferences: [controllerReference(service)],
    },
    addressType: "IPv4",
    endpoints,
    ports: ports.map((port) => ({
      name: port.name ?? "",
      port: typeof port.targetPort === "number" ? port.targetPort : port.port,
      protocol: "TCP",
    })),
  };
}

/** The endpoints of a Service that kube-proxy would send requests to: pod and node of each. */
export function readyEndpoints(world: World, namespace: string, service: string): { node: string; address: string }[] {
  return world.store
    .list(endpointSlices, namespace)
    .filter((slice) => slice.metadata.labels?.[serviceNameLabel] === service)
    .flatMap((slice) => slice.endpoints ?? [])
    .filter((endpoint) => endpoint.conditions?.ready === true)
    .map((endpoint) => ({ node: endpoint.nodeName, address: endpoint.addresses[0] }));
}
