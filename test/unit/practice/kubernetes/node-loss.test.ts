/** What Kubernetes does by itself about a lost node: taints, evictions, pods that are removed. */
import { describe, expect, test } from "vitest";
import { leases, pods } from "../../../../lib/practice/kubernetes/keys.ts";
import { condition, machine, openCluster, type SmallCluster } from "../small-cluster.ts";

const website = { name: "web", namespace: "app", kind: "Deployment", image: "nginx:1", nodes: ["n1", "n2"] } as const;

const taintKeys = (cluster: SmallCluster): string[] =>
  (cluster.node("n1").spec.taints ?? []).map(
    (taint: { key: string; effect: string }) => `${taint.key}:${taint.effect}`,
  );

describe("what Kubernetes does about a node that has fallen silent", () => {
  test("nothing for 50 seconds, then Unknown with both unreachable taints", () => {
    const cluster = openCluster();
    cluster.run(30);
    cluster.faults.killNode("n1");
    cluster.run(40);
    expect(condition(cluster.node("n1"), "Ready")).toBe("True KubeletReady");
    cluster.run(25);
    expect(condition(cluster.node("n1"), "Ready")).toBe("Unknown NodeStatusUnknown");
    expect(taintKeys(cluster)).toEqual([
      "node.kubernetes.io/unreachable:NoSchedule",
      "node.kubernetes.io/unreachable:NoExecute",
    ]);
  });

  test("its Lease is renewed every ten seconds while it lives, and stops with it", () => {
    const cluster = openCluster();
    const renewed = (): string => cluster.find(leases, "kube-node-lease/n1")?.spec.renewTime;
    cluster.run(25);
    const before = renewed();
    cluster.run(10);
    expect(Date.parse(renewed()) - Date.parse(before)).toBe(10_000);
    cluster.faults.cutNodeFromApi("n1");
    const last = renewed();
    cluster.run(120);
    expect(renewed()).toBe(last);
  });

  test("its pods stop being ready at once, are deleted after their 300 seconds, and hang in Terminating", () => {
    const cluster = openCluster({ applications: [website], machines: [machine("vm")] });
    cluster.faults.killNode("n1");
    cluster.run(70);
    const launcher = () => cluster.launcher("app/vm");
    expect(condition(launcher(), "Ready")).toBe("False");
    expect(launcher().metadata.deletionTimestamp).toBeUndefined();
    cluster.run(300);
    expect(launcher().metadata.deletionTimestamp).toBeDefined();
    expect(condition(launcher(), "DisruptionTarget")).toBe("True DeletionByTaintManager");
    expect(condition(cluster.vmi("app/vm"), "Ready")).toBe("False PodTerminating");
    cluster.run(1200);
    expect(launcher().status.phase).toBe("Running");
    expect(cluster.vmi("app/vm").status.phase).toBe("Running");
  });

  test("a Deployment's pod is replaced then; a DaemonSet's pod is left alone", () => {
    const cluster = openCluster({ applications: [website] });
    cluster.faults.killNode("n1");
    cluster.run(400);
    const web = cluster.store.list(pods, "app").filter((pod) => pod.metadata.deletionTimestamp === undefined);
    expect(web.map((pod) => pod.spec.nodeName)).not.toContain("n1");
    expect(web).toHaveLength(2);
    const handler = cluster.world.podsOn.get("n1").find((pod) => pod.metadata.name.startsWith("virt-handler"));
    expect(handler?.metadata.deletionTimestamp).toBeUndefined();
  });

  test("when it is back in time everything is as before", () => {
    const cluster = openCluster({ machines: [machine("vm")] });
    cluster.faults.cutNodeFromApi("n1");
    cluster.run(120);
    expect(taintKeys(cluster)).toHaveLength(2);
    cluster.faults.restore("n1");
    cluster.run(15);
    expect(condition(cluster.node("n1"), "Ready")).toBe("True KubeletReady");
    expect(taintKeys(cluster)).toEqual([]);
    cluster.run(400);
    expect(condition(cluster.vmi("app/vm"), "Ready")).toBe("True");
    expect(cluster.virt.guests.doubleRuns).toEqual([]);
  });

  test("a node whose clock is wrong is as alive as any other", () => {
    const cluster = openCluster();
    cluster.faults.skewClock("n1", -600_000);
    cluster.run(300);
    expect(condition(cluster.node("n1"), "Ready")).toBe("True KubeletReady");
    const lease = cluster.find(leases, "kube-node-lease/n1");
    expect(Date.parse(lease?.spec.renewTime)).toBeLessThan(Date.parse("2026-08-22T12:00:00Z"));
  });
});

describe("the out-of-service taint", () => {
  const outOfService = "node.kubernetes.io/out-of-service";

  test("on a dead node: pods are deleted at once and removed by pod GC within 20 seconds", () => {
    const cluster = openCluster({ machines: [machine("vm")] });
    cluster.faults.killNode("n1");
    cluster.run(120);
    cluster.taint("n1", outOfService, "NoExecute");
    cluster.run(25);
    expect(cluster.world.podsOn.get("n1")).toEqual([]);
  });

  test("on a living node: it ends everything there, and does not force anything", () => {
    const cluster = openCluster({ machines: [machine("vm", { grace: 30, guest: { shutdownSeconds: 20 } })] });
    cluster.run(1);
    cluster.taint("n1", outOfService, "NoExecute");
    cluster.run(15);
    expect(cluster.launcher("app/vm").metadata.deletionTimestamp).toBeDefined();
    expect(cluster.launcher("app/vm").status.phase).toBe("Running");
  });
});

test("when the Node object goes, pod GC removes its pods after 40 seconds of quarantine", () => {
  const cluster = openCluster({ machines: [machine("vm")] });
  cluster.faults.killNode("n1");
  cluster.faults.deleteNodeObject("n1");
  cluster.run(30);
  expect(cluster.world.podsOn.get("n1")).not.toEqual([]);
  cluster.run(40);
  expect(cluster.world.podsOn.get("n1")).toEqual([]);
});

test("a cordon is followed by its taint, and its end takes the taint off", () => {
  const cluster = openCluster();
  cluster.cordon("n1");
  cluster.run(1);
  expect(taintKeys(cluster)).toEqual(["node.kubernetes.io/unschedulable:NoSchedule"]);
  cluster.change({ group: "", resource: "nodes" }, "n1", (draft) => {
    delete draft.spec.unschedulable;
  });
  cluster.run(1);
  expect(taintKeys(cluster)).toEqual([]);
});
