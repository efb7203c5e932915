/** The practice cluster attaches and detaches volumes as kube-controller-manager does, above all after a crash. */
import { expect, test } from "vitest";
import { attachments } from "../../../../lib/practice/kubernetes/keys.ts";
import { machine, openCluster, type SmallCluster } from "../small-cluster.ts";

const database = machine("db", { strategy: "None", disk: "exclusive" });

/** n1 has died with the VM, and somebody has removed the pod by force. */
function forced(): SmallCluster {
  const cluster = openCluster({ machines: [database] });
  cluster.faults.killNode("n1");
  cluster.run(120);
  cluster.deletePod(cluster.launcher("app/db"), 0);
  cluster.run(10);
  return cluster;
}

test("a pod starts when its volume is attached to its node", () => {
  const cluster = openCluster({ machines: [database] });
  expect(cluster.attachments()).toEqual(["n1"]);
  expect(cluster.node("n1").status.volumesInUse).toHaveLength(1);
});

test("after a forced deletion the volume stays with the dead node for six minutes, and the new pod waits", () => {
  const cluster = forced();
  expect(cluster.attachments()).toEqual(["n1"]);
  expect(cluster.eventsOf(cluster.launcher("app/db")).join()).toMatch(
    /FailedAttachVolume: Multi-Attach error for volume "pvc-.*" Volume is already exclusively attached to one node and can't be attached to another/,
  );
  cluster.run(330);
  expect(cluster.attachments()).toEqual(["n1"]);
  cluster.run(30);
  expect(cluster.attachments()).toHaveLength(1);
  expect(cluster.attachments()).not.toContain("n1");
  expect(cluster.vmi("app/db").status.phase).toBe("Running");
});

test("the out-of-service taint ends the wait at once", () => {
  const cluster = forced();
  cluster.taint("n1", "node.kubernetes.io/out-of-service", "NoExecute");
  cluster.run(10);
  expect(cluster.vmi("app/db").status.phase).toBe("Running");
});

test("the volume of a pod that is removed under that taint is free at once, though no other pod waits for it", () => {
  const cluster = openCluster({ machines: [machine("db", { strategy: "None", disk: "exclusive", run: "Manual" })] });
  cluster.faults.killNode("n1");
  cluster.run(120);
  cluster.taint("n1", "node.kubernetes.io/out-of-service", "NoSchedule");
  cluster.run(10);
  expect(cluster.attachments()).toEqual(["n1"]);
  cluster.deletePod(cluster.launcher("app/db"), 0);
  cluster.run(5);
  expect(cluster.attachments()).toEqual([]);
});

test("an attachment deleted by hand is made again while a pod object on the node still wants the volume", () => {
  const cluster = openCluster({ machines: [database] });
  cluster.faults.killNode("n1");
  cluster.run(120);
  const [attachment] = cluster.store.list(attachments);
  const uid = attachment?.metadata.uid;
  cluster.store.delete(attachments, undefined, attachment?.metadata.name ?? "");
  // The controller compares what it believes attached with what is, once a minute.
  cluster.run(65);
  expect(cluster.attachments()).toEqual(["n1"]);
  expect(cluster.store.list(attachments)[0]?.metadata.uid).not.toBe(uid);
});

test("an attachment deleted by hand after the pod is gone stays away, and its volume is free within a minute", () => {
  const cluster = forced();
  const old = cluster.store.list(attachments).find((each) => each.spec.nodeName === "n1");
  cluster.store.delete(attachments, undefined, old?.metadata.name ?? "");
  cluster.run(15);
  expect(cluster.attachments()).toEqual([]);
  expect(cluster.vmi("app/db").status.phase).not.toBe("Running");
  cluster.run(60);
  expect(cluster.attachments()).not.toContain("n1");
  expect(cluster.vmi("app/db").status.phase).toBe("Running");
});

test("under the out-of-service taint a volume whose attachment was deleted by hand is free at once", () => {
  const cluster = forced();
  cluster.taint("n1", "node.kubernetes.io/out-of-service", "NoExecute");
  const old = cluster.store.list(attachments).find((each) => each.spec.nodeName === "n1");
  if (old !== undefined) cluster.store.delete(attachments, undefined, old.metadata.name);
  cluster.run(10);
  expect(cluster.vmi("app/db").status.phase).toBe("Running");
});

test("a shared volume is attached to both nodes of a migration, then only to the new one", () => {
  const cluster = openCluster({ machines: [machine("vm", { guest: { migrationSeconds: 20 } })] });
  cluster.migrate("app/vm", { "kubernetes.io/hostname": "n2" });
  cluster.run(10);
  expect(cluster.attachments().sort()).toEqual(["n1", "n2"]);
  cluster.run(30);
  expect(cluster.attachments()).toEqual(["n2"]);
});

test("on a healthy node a volume is let go when the kubelet has unmounted it", () => {
  const cluster = openCluster({ machines: [database] });
  cluster.cordon("n1");
  cluster.deletePod(cluster.launcher("app/db"));
  cluster.run(30);
  expect(cluster.attachments()).not.toContain("n1");
  expect(cluster.vmi("app/db").status.phase).toBe("Running");
});
