/** Deployments, ReplicaSets and DaemonSets: keep the wanted number of pods, no more (kubernetes pkg/controller/deployment, replicaset, daemon). */
import { rfc3339 } from "../clock.ts";
import { StoreError } from "../status.ts";
import type { KubeObject, ResourceKey } from "../store.ts";
import { setCondition } from "./conditions.ts";
import type { Reconciler } from "./control-loop.ts";
import { matchesNodeAffinity, toleratesTaint } from "./fit.ts";
import {
  daemonSets,
  deployments,
  isOf,
  keyOf,
  managers,
  nodes,
  objectAt,
  onStatus,
  pods,
  replicaSets,
} from "./keys.ts";
import {
  controllerOf,
  controllerReference,
  hashOf,
  isControlledBy,
  isDeleting,
  isFinished,
  isReady,
  taintsOf,
} from "./objects.ts";
import { podFromTemplate, tryToCreatePod } from "./pods.ts";
import type { World } from "./world.ts";

const writer = managers.controllerManager;
const refusedRetryMs = 10_000;

/** Makes one ReplicaSet per template and gives it the wanted size; a changed template replaces the old set at once. */
export function createDeployments(world: World): Reconciler {
  return {
    name: "deployment",
    *touches({ key, object }) {
      if (isOf(key, deployments)) yield keyOf(object);
      yield* ownerKey(key, replicaSets, object, "Deployment");
    },
    reconcile(key) {
      const deployment = objectAt(world.store, deployments, key);
      if (deployment !== undefined && !isDeleting(deployment)) syncDeployment(world, deployment);
      return undefined;
    },
  };
}

function syncDeployment(world: World, deployment: KubeObject): void {
  const { namespace, name, uid } = deployment.metadata;
  const hash = hashOf(JSON.stringify(deployment.spec.template), 2 ** 32)
    .toString(36)
    .padStart(7, "b");
  const current = `${name}-${hash}`;
  if (world.store.get(replicaSets, namespace, current) === undefined)
    createReplicaSet(world, deployment, current, hash);
  const wanted: number = deployment.spec.replicas ?? 1;
  for (const set of world.dependents(uid)) {
    const size = set.metadata.name === current ? wanted : 0;
    const change = (draft: KubeObject): void => {
      draft.spec.replicas = size;
    };
    if (set.kind === "ReplicaSet") world.store.modify(replicaSets, namespace, set.metadata.name, change, writer);
  }
  reportDeployment(world, deployment, current);
}

function createReplicaSet(world: World, deployment: KubeObject, name: string, hash: string): void {
  const labels = { "pod-template-hash": hash };
  const { template, selector, replicas } = deployment.spec;
  world.store.create(
    replicaSets,
    {
      metadata: {
        namespace: deployment.metadata.namespace ?? "",
        name,
        labels: { ...template.metadata?.labels, ...labels },
        annotations: { "deployment.kubernetes.io/revision": "1" },
        ownerReferences: [controllerReference(deployment)],
      },
      spec: {
        replicas: replicas ?? 1,
        selector: { ...selector, matchLabels: { ...selector?.matchLabels, ...labels } },
        template: {
          ...template,
          metadata: { ...template.metadata, labels: { ...template.metadata?.labels, ...labels } },
        },
      },
      status: { replicas: 0 },
    },
    writer,
  );
}

function reportDeployment(world: World, deployment: KubeObject, current: string): void {
  const { namespace, name } = deployment.metadata;
  const set = world.store.get(replicaSets, namespace, current);
  const ready: number = set?.status?.readyReplicas ?? 0;
  const total: number = set?.status?.replicas ?? 0;
  const wanted: number = deployment.spec.replicas ?? 1;
  const now = rfc3339(world.clock.now());
  const change = (draft: KubeObject): void => {
    const { conditions } = draft.status ?? {};
    draft.status = {
      ...(conditions === undefined ? {} : { conditions }),
      observedGeneration: draft.metadata.generation,
    };
    for (const field of ["replicas", "updatedReplicas"]) if (total > 0) draft.status[field] = total;
    for (const field of ["readyReplicas", "availableReplicas"]) if (ready > 0) draft.status[field] = ready;
    if (wanted > ready) draft.status.unavailableReplicas = wanted - ready;
    const enough = ready >= wanted;
    setCondition(draft, { type: "Available", ...availability(enough) }, now);
  };
  world.store.modify(deployments, namespace, name, change, onStatus(writer));
}

function availability(enough: boolean) {
  return enough
    ? { status: "True", reason: "MinimumReplicasAvailable", message: "Deployment has minimum availability." }
    : {
        status: "False",
        reason: "MinimumReplicasUnavailable",
        message: "Deployment does not have minimum availability.",
      };
}

/** Creates and deletes pods until a ReplicaSet has as many active ones as wanted. */
export function createReplicaSets(world: World): Reconciler {
  return {
    name: "replicaset",
    *touches({ key, object }) {
      if (isOf(key, replicaSets)) yield keyOf(object);
      yield* ownerKey(key, pods, object, "ReplicaSet");
    },
    reconcile(key) {
      const set = objectAt(world.store, replicaSets, key);
      return set === undefined || isDeleting(set) ? undefined : syncReplicaSet(world, set);
    },
  };
}

/** When to try again what was refused. */
function syncReplicaSet(world: World, set: KubeObject): number | undefined {
  let again: number | undefined;
  const { namespace = "", name, uid } = set.metadata;
  const active = world.ownedPods
    .get(uid)
    .filter((pod) => isControlledBy(pod, set) && !isFinished(pod) && !isDeleting(pod));
  const wanted: number = set.spec.replicas ?? 1;
  for (let count = active.length; count < wanted; count++) {
    const owner = controllerReference(set);
    const wantedPod = podFromTemplate(set.spec.template, { namespace, generateName: `${name}-`, owner });
    const maker = { owner: set, from: "replicaset-controller", writer, failed: "Error creating" };
    const pod = tryToCreatePod(world, wantedPod, maker);
    if (pod instanceof StoreError) {
      again = refusedRetryMs;
      break;
    }
    const message = `Created pod: ${pod.metadata.name}`;
    world.record(set, { type: "Normal", reason: "SuccessfulCreate", message, from: "replicaset-controller" });
  }
  const surplus = active.length > wanted ? active.sort(leastReadyFirst).slice(0, active.length - wanted) : [];
  for (const pod of surplus) {
    world.store.delete(pods, namespace, pod.metadata.name, {}, writer);
    const message = `Deleted pod: ${pod.metadata.name}`;
    world.record(set, { type: "Normal", reason: "SuccessfulDelete", message, from: "replicaset-controller" });
  }
  reportReplicaSet(world, set);
  return again;
}

function leastReadyFirst(a: KubeObject, b: KubeObject): number {
  return Number(isReady(a)) - Number(isReady(b));
}

function reportReplicaSet(world: World, set: KubeObject): void {
  const active = world.ownedPods
    .get(set.metadata.uid)
    .filter((pod) => isControlledBy(pod, set) && !isFinished(pod) && !isDeleting(pod));
  const ready = active.filter(isReady).length;
  const change = (draft: KubeObject): void => {
    draft.status = { observedGeneration: draft.metadata.generation, replicas: active.length };
    if (active.length > 0) draft.status.fullyLabeledReplicas = active.length;
    if (ready > 0) {
      draft.status.readyReplicas = ready;
      draft.status.availableReplicas = ready;
    }
  };
  world.store.modify(replicaSets, set.metadata.namespace, set.metadata.name, change, onStatus(writer));
}

/** One pod per node that its node selector and tolerations admit. */
export function createDaemonSets(world: World): Reconciler {
  return {
    name: "daemonset",
    *touches({ type, key, object, previous }) {
      if (isOf(key, daemonSets)) yield keyOf(object);
      yield* ownerKey(key, pods, object, "DaemonSet");
      const placement = (node: KubeObject | undefined): string =>
        JSON.stringify([node?.metadata.labels, node?.spec?.taints, node?.spec?.unschedulable]);
      if (!isOf(key, nodes) || (type === "MODIFIED" && placement(previous) === placement(object))) return;
      for (const set of world.store.list(daemonSets)) yield keyOf(set);
    },
    reconcile(key) {
      const set = objectAt(world.store, daemonSets, key);
      return set === undefined || isDeleting(set) ? undefined : syncDaemonSet(world, set);
    },
  };
}

function syncDaemonSet(world: World, set: KubeObject): number | undefined {
  let again: number | undefined;
  const owned = Map.groupBy(
    world.ownedPods.get(set.metadata.uid).filter((pod) => isControlledBy(pod, set)),
    (pod) => targetOf(pod),
  );
  const plain = daemonPod(set);
  let wanted = 0;
  for (const node of world.store.list(nodes)) {
    const here = owned.get(node.metadata.name) ?? [];
    if (!belongsOn(plain, node)) {
      if (!matchesNodeAffinity(plain, node)) for (const pod of here) deletePod(world, pod);
      continue;
    }
    wanted++;
    for (const pod of here) if (isFinished(pod) && !isDeleting(pod)) deletePod(world, pod);
    if (here.length > 0) continue;
    const maker = { owner: set, from: "daemonset-controller", writer, failed: "Error creating" };
    const pod = tryToCreatePod(world, pinnedTo(plain, node.metadata.name), maker);
    if (pod instanceof StoreError) {
      again = refusedRetryMs;
      continue;
    }
    const message = `Created pod: ${pod.metadata.name}`;
    world.record(set, { type: "Normal", reason: "SuccessfulCreate", message, from: "daemonset-controller" });
  }
  reportDaemonSet(world, set, wanted);
  return again;
}

function deletePod(world: World, pod: KubeObject): void {
  if (!isDeleting(pod)) world.store.delete(pods, pod.metadata.namespace, pod.metadata.name, {}, writer);
}

/** The pod for any node: tolerant of what befalls nodes (daemon/util `AddOrUpdateDaemonPodTolerations`). */
function daemonPod(set: KubeObject): KubeObject {
  const revision = hashOf(JSON.stringify(set.spec.template), 2 ** 32).toString(36);
  const pod = podFromTemplate(set.spec.template, {
    namespace: set.metadata.namespace ?? "",
    generateName: `${set.metadata.name}-`,
    owner: controllerReference(set),
    labels: { "controller-revision-hash": revision, "pod-template-generation": "1" },
  }) as KubeObject;
  const always = (key: string, effect: string) => ({ key, operator: "Exists", effect });
  const given: { tolerationSeconds?: number }[] = pod.spec.tolerations;
  pod.spec.tolerations = [
    ...given.filter(({ tolerationSeconds }) => tolerationSeconds !== 300),
    always("node.kubernetes.io/not-ready", "NoExecute"),
    always("node.kubernetes.io/unreachable", "NoExecute"),
    always("node.kubernetes.io/disk-pressure", "NoSchedule"),
    always("node.kubernetes.io/memory-pressure", "NoSchedule"),
    always("node.kubernetes.io/pid-pressure", "NoSchedule"),
    always("node.kubernetes.io/unschedulable", "NoSchedule"),
  ];
  return pod;
}

function pinnedTo(pod: KubeObject, node: string): KubeObject {
  const term = { matchFields: [{ key: "metadata.name", operator: "In", values: [node] }] };
  const nodeAffinity = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] } };
  return { ...pod, spec: { ...pod.spec, affinity: { ...pod.spec.affinity, nodeAffinity } } };
}

function belongsOn(pod: KubeObject, node: KubeObject): boolean {
  if (!matchesNodeAffinity(pod, node)) return false;
  return taintsOf(node).every((taint) => taint.effect === "PreferNoSchedule" || toleratesTaint(pod, taint));
}

function targetOf(pod: KubeObject): string | undefined {
  if (pod.spec.nodeName !== undefined) return pod.spec.nodeName;
  const required = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return required?.nodeSelectorTerms?.[0]?.matchFields?.[0]?.values?.[0];
}

function reportDaemonSet(world: World, set: KubeObject, wanted: number): void {
  const owned = world.ownedPods.get(set.metadata.uid).filter((pod) => isControlledBy(pod, set) && !isDeleting(pod));
  const ready = owned.filter(isReady).length;
  const change = (draft: KubeObject): void => {
    draft.status = {
      currentNumberScheduled: owned.length,
      desiredNumberScheduled: wanted,
      numberAvailable: ready,
      numberMisscheduled: 0,
      numberReady: ready,
      observedGeneration: draft.metadata.generation,
      updatedNumberScheduled: owned.length,
      ...(wanted > ready ? { numberUnavailable: wanted - ready } : {}),
    };
  };
  world.store.modify(daemonSets, set.metadata.namespace, set.metadata.name, change, onStatus(writer));
}

/** The key of an object's controller when the object is of that resource and the controller of that kind. */
function* ownerKey(key: ResourceKey, resource: ResourceKey, object: KubeObject, kind: string): Iterable<string> {
  if (!isOf(key, resource)) return;
  const owner = controllerOf(object);
  if (owner?.kind === kind) yield `${object.metadata.namespace}/${owner.name}`;
}
