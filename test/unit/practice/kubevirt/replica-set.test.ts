/** A VirtualMachineInstanceReplicaSet keeps its number of VMIs. */
import { describe, expect, test } from "vitest";
import { instanceReplicaSets, instances } from "../../../../lib/practice/kubernetes/keys.ts";
import type { KubeObject } from "../../../../lib/practice/store.ts";
import { condition, openCluster, type SmallCluster } from "../small-cluster.ts";

function replicaSet(more: { metadata?: object; spec?: object; disk?: object } = {}) {
  const labels = { app: "web" };
  const disk = { name: "root", containerDisk: { image: "registry.example/web:1" } };
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstanceReplicaSet",
    metadata: { namespace: "app", name: "web" },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels, ...more.metadata },
        spec: { domain: { devices: {}, resources: { requests: { memory: "64M" } } }, volumes: [disk] },
      },
      ...more.spec,
    },
  };
}

function started(more: Parameters<typeof replicaSet>[0] = {}): SmallCluster {
  const cluster = openCluster();
  cluster.create(instanceReplicaSets, replicaSet(more));
  cluster.run(30);
  return cluster;
}

function set(cluster: SmallCluster): KubeObject {
  const found = cluster.find(instanceReplicaSets, "app/web");
  if (found === undefined) throw new Error("no replica set");
  return found;
}

describe("a VirtualMachineInstanceReplicaSet", () => {
  test("runs as many VMIs as it wants", () => {
    const cluster = started();
    expect(cluster.store.list(instances, "app").map((vmi) => vmi.status.phase)).toEqual(["Running", "Running"]);
    expect(set(cluster).status).toEqual({ labelSelector: "app=web", replicas: 2, readyReplicas: 2 });
    cluster.change(instanceReplicaSets, "app/web", (draft) => {
      draft.spec.replicas = 1;
    });
    cluster.run(60);
    expect(cluster.store.list(instances, "app")).toHaveLength(1);
  });

  test.each([
    [{}, /^web[a-z0-9]{5}$/],
    [{ generateName: "spider-" }, /^spider-[a-z0-9]{5}$/],
    [{ name: "crawler" }, /^crawler[a-z0-9]{5}$/],
  ])("template metadata %j names its VMIs", (metadata, pattern) => {
    for (const vmi of started({ metadata }).store.list(instances, "app")) expect(vmi.metadata.name).toMatch(pattern);
  });

  test("says that it is paused, and creates nothing meanwhile", () => {
    const cluster = started({ spec: { paused: true } });
    expect(cluster.store.list(instances, "app")).toEqual([]);
    expect(condition(set(cluster), "ReplicaPaused")).toBe("True Paused");
  });

  test("says that it cannot create, and tries again", () => {
    const cluster = started({ spec: { paused: true } });
    cluster.faults.stopVirtApi();
    cluster.run(60);
    cluster.change(instanceReplicaSets, "app/web", (draft) => {
      draft.spec.paused = false;
    });
    cluster.run(0.5);
    const failure = 'failed calling webhook "virtualmachineinstances-mutator.kubevirt.io"';
    expect(cluster.eventsOf(set(cluster)).join()).toContain(failure);
    cluster.faults.startVirtApi();
    cluster.run(60);
    expect(cluster.store.list(instances, "app")).toHaveLength(2);
    expect(condition(set(cluster), "ReplicaFailure")).toBeUndefined();
  });
});
