/** Workloads of the practice cluster, what is deleted with its owner, and what follows a Service's pods. */
import { describe, expect, test } from "vitest";
import {
  daemonSets,
  deployments,
  endpointSlices,
  namespaces,
  pods,
  replicaSets,
  services,
} from "../../../../lib/practice/kubernetes/keys.ts";
import { isDeleting, isReady } from "../../../../lib/practice/kubernetes/objects.ts";
import type { ApplicationRow } from "../../../../lib/practice/scenarios/scenario.ts";
import { node, openCluster, type SmallCluster } from "../small-cluster.ts";

const web: ApplicationRow = {
  name: "web",
  namespace: "app",
  kind: "Deployment",
  image: "registry.example/web:1",
  nodes: ["n1", "n2"],
};
const agent: ApplicationRow = { name: "agent", namespace: "app", kind: "DaemonSet", image: "registry.example/agent:1" };

function podsIn(cluster: SmallCluster, namespace = "app") {
  return cluster.store.list(pods, namespace).filter((pod) => !isDeleting(pod));
}

describe("a Deployment", () => {
  test("keeps as many pods as it wants, through one ReplicaSet", () => {
    const cluster = openCluster({ applications: [web] });
    expect(podsIn(cluster).map((pod) => pod.metadata.ownerReferences?.[0]?.kind)).toEqual(["ReplicaSet", "ReplicaSet"]);
    cluster.change(deployments, "app/web", (draft) => {
      draft.spec.replicas = 3;
    });
    cluster.run(10);
    expect(podsIn(cluster)).toHaveLength(3);
    cluster.change(deployments, "app/web", (draft) => {
      draft.spec.replicas = 1;
    });
    cluster.run(60);
    expect(cluster.store.list(pods, "app")).toHaveLength(1);
    expect(cluster.find(deployments, "app/web")?.status).toMatchObject({
      replicas: 1,
      readyReplicas: 1,
      availableReplicas: 1,
      updatedReplicas: 1,
    });
  });

  test("replaces a pod as soon as it terminates", () => {
    const cluster = openCluster({ applications: [web] });
    const [victim] = podsIn(cluster);
    if (victim !== undefined) cluster.deletePod(victim);
    cluster.run(0.1);
    expect(podsIn(cluster)).toHaveLength(2);
  });

  test("a changed template replaces its pods", () => {
    const cluster = openCluster({ applications: [web] });
    cluster.change(deployments, "app/web", (draft) => {
      draft.spec.template.spec.containers[0].image = "registry.example/web:2";
    });
    cluster.run(60);
    const images = cluster.store.list(pods, "app").map((pod) => pod.spec.containers[0].image);
    expect(images).toEqual(["registry.example/web:2", "registry.example/web:2"]);
  });
});

describe("a DaemonSet", () => {
  test("has a pod on every node, a cordoned one too", () => {
    const cluster = openCluster({ applications: [agent] });
    cluster.cordon("n1");
    cluster.run(5);
    const here = podsIn(cluster).find((pod) => pod.spec.nodeName === "n1");
    if (here !== undefined) cluster.deletePod(here);
    cluster.run(60);
    expect(
      podsIn(cluster)
        .map((pod) => pod.spec.nodeName)
        .sort(),
    ).toEqual(["n1", "n2", "n3"]);
  });

  test("has none where a taint of a user's forbids it, and leaves one that is there already", () => {
    const reserved = node("n4", { taints: [{ key: "reserved", effect: "NoSchedule" }] });
    const cluster = openCluster({ nodes: [node("n1"), reserved], applications: [agent] });
    cluster.taint("n1", "reserved", "NoSchedule");
    cluster.run(60);
    expect(podsIn(cluster).map((pod) => pod.spec.nodeName)).toEqual(["n1"]);
    expect(cluster.find(daemonSets, "app/agent")?.status.desiredNumberScheduled).toBe(0);
  });
});

describe("deleting owners", () => {
  test.each([undefined, "Background", "Foreground"] as const)("%s: what they own goes too", (propagationPolicy) => {
    const cluster = openCluster({ applications: [web, agent] });
    cluster.store.delete(deployments, "app", "web", { propagationPolicy });
    cluster.store.delete(daemonSets, "app", "agent", { propagationPolicy });
    cluster.run(60);
    expect(cluster.store.list(deployments, "app")).toEqual([]);
    expect(cluster.store.list(replicaSets, "app")).toEqual([]);
    expect(cluster.store.list(pods, "app")).toEqual([]);
  });

  test("in the foreground the owner outlives what it owns", () => {
    const cluster = openCluster({ applications: [web] });
    cluster.store.delete(deployments, "app", "web", { propagationPolicy: "Foreground" });
    cluster.run(0.5);
    expect(cluster.find(deployments, "app/web")).toBeDefined();
  });

  test("Orphan: what they own stays, without an owner", () => {
    const cluster = openCluster({ applications: [web] });
    cluster.store.delete(deployments, "app", "web", { propagationPolicy: "Orphan" });
    cluster.run(60);
    const [set] = cluster.store.list(replicaSets, "app");
    expect(set?.metadata.ownerReferences).toBeUndefined();
    expect(podsIn(cluster)).toHaveLength(2);
  });

  test("a deleted namespace takes everything along", () => {
    const cluster = openCluster({ applications: [web, agent] });
    cluster.store.delete(namespaces, undefined, "app");
    cluster.run(60);
    expect(cluster.find(namespaces, "app")).toBeUndefined();
    for (const key of [deployments, daemonSets, replicaSets, pods]) expect(cluster.store.list(key, "app")).toEqual([]);
  });
});

test("a Service's EndpointSlice follows its pods: ready, terminating, gone", () => {
  const cluster = openCluster({ applications: [web] });
  cluster.store.create(services, {
    metadata: { namespace: "app", name: "web" },
    spec: { selector: { app: "web" }, ports: [{ port: 80 }] },
  });
  cluster.run(1);
  const endpoints = () => cluster.store.list(endpointSlices, "app")[0]?.endpoints.map(conditionsOf);
  expect(endpoints()).toEqual(["n1 ready", "n2 ready"]);
  const [first] = podsIn(cluster).filter((pod) => pod.spec.nodeName === "n1");
  if (first !== undefined) cluster.deletePod(first);
  cluster.run(0.1);
  expect(endpoints()).toContain("n1 terminating");
  cluster.run(60);
  expect(endpoints()).toHaveLength(2);
  expect(podsIn(cluster).every(isReady)).toBe(true);
});

function conditionsOf(endpoint: { nodeName: string; conditions: { ready: boolean; terminating: boolean } }): string {
  const { ready, terminating } = endpoint.conditions;
  return `${endpoint.nodeName} ${terminating ? "terminating" : ready ? "ready" : "unready"}`;
}
