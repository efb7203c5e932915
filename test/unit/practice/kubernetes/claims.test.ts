/** Claims of the practice cluster get their volumes, and are protected while they are used. */
import { describe, expect, test } from "vitest";
import { claims, storageClasses, volumes } from "../../../../lib/practice/kubernetes/keys.ts";
import { createCompleted } from "../../../../lib/practice/kubernetes/new-objects.ts";
import { machine, openCluster, type SmallCluster } from "../small-cluster.ts";

function claim(cluster: SmallCluster, name: string, storageClassName?: string): void {
  const resources = { requests: { storage: "5Gi" } };
  const spec = {
    accessModes: ["ReadWriteMany"],
    resources,
    ...(storageClassName !== undefined && { storageClassName }),
  };
  createCompleted(cluster.store, claims, { metadata: { namespace: "app", name }, spec }, { manager: "kubectl" });
}

describe("a claim applied by hand", () => {
  test("gets the default class and a volume", () => {
    const cluster = openCluster();
    claim(cluster, "data");
    cluster.run(5);
    const bound = cluster.find(claims, "app/data");
    expect(bound).toMatchObject({ spec: { storageClassName: "ceph-block" }, status: { phase: "Bound" } });
    expect(cluster.find(volumes, bound?.spec.volumeName)?.spec.claimRef).toMatchObject({ name: "data" });
  });

  test.each([
    ["no-such", 'ProvisioningFailed: storageclass.storage.k8s.io "no-such" not found'],
    ["", "FailedBinding: no persistent volumes available for this claim and no storage class is set"],
    ["local-disks", "WaitForFirstConsumer: waiting for first consumer to be created before binding"],
  ])("class %j: stays pending, with an event that says why", (className, event) => {
    const cluster = openCluster();
    claim(cluster, "data", className);
    cluster.run(5);
    const waiting = cluster.find(claims, "app/data");
    expect(waiting?.status.phase).toBe("Pending");
    expect(waiting && cluster.eventsOf(waiting)).toEqual([event]);
  });

  test("is looked at again until its class exists", () => {
    const cluster = openCluster();
    claim(cluster, "data", "late");
    cluster.run(5);
    cluster.store.create(storageClasses, { metadata: { name: "late" }, provisioner: "rook-ceph.rbd.csi.ceph.com" });
    cluster.run(15);
    expect(cluster.find(claims, "app/data")?.status.phase).toBe("Bound");
  });
});

describe("deleting a claim", () => {
  test("waits for the VM that uses it, then takes its volume along", () => {
    const cluster = openCluster({ machines: [machine("vm", { run: "RerunOnFailure", strategy: "None" })] });
    const [disk] = cluster.store.list(claims, "app");
    cluster.store.delete(claims, "app", disk?.metadata.name ?? "");
    cluster.run(60);
    expect(cluster.store.list(claims, "app")).toHaveLength(1);
    cluster.deletePod(cluster.launcher("app/vm"));
    cluster.run(60);
    expect(cluster.store.list(claims, "app")).toEqual([]);
    expect(cluster.find(volumes, disk?.spec.volumeName)).toBeUndefined();
  });
});
