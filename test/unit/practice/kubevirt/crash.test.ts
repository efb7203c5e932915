/** What becomes of the practice cluster's VMIs, and of KubeVirt's own parts, when a node dies. */
import { describe, expect, test } from "vitest";
import { instances, nodes } from "../../../../lib/practice/kubernetes/keys.ts";
import { condition, machine, openCluster } from "../small-cluster.ts";

describe("a VMI whose node has died", () => {
  test("stays Running while its pod object exists, however long", () => {
    const cluster = openCluster({ machines: [machine("vm")] });
    cluster.faults.killNode("n1");
    cluster.run(1200);
    expect(cluster.vmi("app/vm").status.phase).toBe("Running");
    expect(cluster.vmi("app/vm").status.reason).toBeUndefined();
  });

  test("fails at once when the pod object goes, and its VM starts it elsewhere within seconds", () => {
    const cluster = openCluster({ machines: [machine("vm")] });
    cluster.faults.killNode("n1");
    cluster.run(60);
    cluster.deletePod(cluster.launcher("app/vm"), 0);
    cluster.run(8);
    expect(cluster.vmi("app/vm").status).toMatchObject({ phase: "Running" });
    expect(cluster.vmi("app/vm").status.nodeName).not.toBe("n1");
    expect(cluster.virt.guests.doubleRuns).toEqual([]);
  });

  test("up to 1.1 it fails only when the heartbeat is five minutes old", () => {
    const cluster = openCluster({ machines: [machine("vm")] }, "v1.1.1");
    cluster.faults.killNode("n1");
    cluster.run(60);
    cluster.deletePod(cluster.launcher("app/vm"), 0);
    cluster.run(60);
    expect(cluster.vmi("app/vm").status).toMatchObject({ phase: "Running", nodeName: "n1" });
    cluster.run(400);
    expect(cluster.vmi("app/vm").status.nodeName).not.toBe("n1");
  });

  test("RerunOnFailure restarts after a crash, unlike after a drain", () => {
    const cluster = openCluster({ machines: [machine("vm", { run: "RerunOnFailure" })] });
    cluster.faults.killNode("n1");
    cluster.run(60);
    cluster.deletePod(cluster.launcher("app/vm"), 0);
    cluster.run(10);
    expect(cluster.vmi("app/vm").status.phase).toBe("Running");
  });

  test("Manual and bare VMIs stay Failed", () => {
    const { run: _run, ...bare } = machine("bare", { disk: "image" });
    const cluster = openCluster({ machines: [machine("manual", { run: "Manual" }), bare] });
    cluster.faults.killNode("n1");
    cluster.run(60);
    for (const name of ["app/manual", "app/bare"]) cluster.deletePod(cluster.launcher(name), 0);
    cluster.run(60);
    expect(cluster.store.list(instances).map((vmi) => vmi.status.phase)).toEqual(["Failed", "Failed"]);
  });

  test("is not started anew while a migration of it is unfinished", () => {
    const cluster = openCluster({ machines: [machine("vm", { guest: { migrationSeconds: 60 } })] });
    cluster.migrate("app/vm", { "kubernetes.io/hostname": "n2" });
    cluster.run(10);
    cluster.faults.killNode("n1");
    cluster.run(60);
    cluster.deletePod(cluster.launcher("app/vm"), 0);
    cluster.run(15);
    expect(cluster.vmi("app/vm").status.phase).toBe("Running");
    expect(cluster.virt.guests.doubleRuns).toEqual([]);
  });
});

describe("the danger: a node that is only cut off", () => {
  test("forcing its pods away runs the VM twice, and the watch for that sees it", () => {
    const cluster = openCluster({ machines: [machine("vm")] });
    cluster.faults.cutNodeFromApi("n1");
    cluster.run(120);
    cluster.deletePod(cluster.launcher("app/vm"), 0);
    cluster.run(15);
    expect(cluster.virt.guests.doubleRuns).toMatchObject([{ vm: "app/vm" }]);
    expect(cluster.virt.guests.doubleRuns[0]?.hosts).toContain("n1");
  });

  test("a dead kubelet leaves guests and heartbeat alive", () => {
    const cluster = openCluster({ machines: [machine("vm")] });
    const heartbeat = () => Date.parse(cluster.node("n1").metadata.annotations?.["kubevirt.io/heartbeat"] ?? "");
    cluster.faults.killKubelet("n1");
    const before = heartbeat();
    cluster.run(300);
    expect(condition(cluster.node("n1"), "Ready")).toBe("Unknown NodeStatusUnknown");
    expect(heartbeat() - before).toBeGreaterThan(150_000);
    expect(cluster.guestsOn("n1")).toHaveLength(1);
  });

  test("a guest can still be migrated off a host whose kubelet is dead", () => {
    const cluster = openCluster({ machines: [machine("vm")] });
    cluster.faults.killKubelet("n1");
    cluster.run(60);
    cluster.migrate("app/vm");
    cluster.run(30);
    expect(cluster.vmi("app/vm").status.nodeName).not.toBe("n1");
    expect(cluster.virt.guests.doubleRuns).toEqual([]);
  });
});

describe("virt-handler and its node", () => {
  const label = (cluster: ReturnType<typeof openCluster>): string | undefined =>
    cluster.node("n1").metadata.labels?.["kubevirt.io/schedulable"];

  test("the heartbeat comes every 60 to 132 seconds", () => {
    const cluster = openCluster();
    const beats = new Set<string | undefined>();
    for (let second = 0; second < 600; second++) {
      beats.add(cluster.node("n1").metadata.annotations?.["kubevirt.io/heartbeat"]);
      cluster.run(1);
    }
    const times = [...beats].map((beat) => Date.parse(beat ?? "") / 1000);
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(60);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(133);
  });

  test("five minutes without a heartbeat make the node unschedulable for VMs; a heartbeat makes it schedulable again", () => {
    const cluster = openCluster();
    cluster.faults.killHandler("n1");
    cluster.run(240);
    expect(label(cluster)).toBe("true");
    cluster.run(260);
    expect(label(cluster)).toBe("false");
    expect(cluster.eventsOf(cluster.node("n1"))).toContain(
      "NodeUnresponsive: virt-handler is not responsive, marking node as unresponsive",
    );
    cluster.faults.restore("n1");
    cluster.run(5);
    expect(label(cluster)).toBe("true");
  });

  test("a virt-handler that is told to end says so at once", () => {
    const cluster = openCluster();
    const handler = cluster.world.podsOn.get("n1").find((pod) => pod.metadata.name.startsWith("virt-handler"));
    if (handler !== undefined) cluster.deletePod(handler);
    cluster.run(0.5);
    expect(label(cluster)).toBe("false");
    cluster.run(10);
    expect(label(cluster)).toBe("true");
  });

  test("the heartbeat is written in the node's own time, under virt-handler's name", () => {
    const cluster = openCluster();
    cluster.faults.skewClock("n1", 600_000);
    cluster.run(150);
    const beat = Date.parse(cluster.node("n1").metadata.annotations?.["kubevirt.io/heartbeat"] ?? "");
    expect(beat - Date.parse("2026-08-22T12:00:00Z")).toBeGreaterThan(500_000);
    const entries = cluster.node("n1").metadata.managedFields ?? [];
    const owner = entries.find(({ fieldsV1 }) => JSON.stringify(fieldsV1).includes("f:kubevirt.io/heartbeat"));
    expect(owner?.manager).toBe("virt-handler");
    expect(Date.parse(owner?.time ?? "")).toBeLessThan(Date.parse("2026-08-22T12:05:00Z"));
  });
});

describe("KubeVirt's own parts on the dead node", () => {
  test("while the only virt-api is there no VMI can be created, and it starts when virt-api is back elsewhere", () => {
    const cluster = openCluster({ machines: [machine("vm")], virtApiReplicas: 1 });
    const api = cluster.world.podsOfNamespace.get("kubevirt").find((pod) => pod.metadata.name.startsWith("virt-api"));
    const home = api?.spec.nodeName;
    cluster.faults.killNode("n1");
    if (home !== "n1") cluster.faults.killNode(home);
    cluster.run(90);
    cluster.deletePod(cluster.launcher("app/vm"), 0);
    cluster.run(30);
    expect(cluster.vmi("app/vm").status).toMatchObject({ phase: "Running", nodeName: "n1" });
    if (api !== undefined) cluster.deletePod(api, 0);
    cluster.run(120);
    expect(cluster.vmi("app/vm").status.nodeName).not.toBe("n1");
  });

  test("when the leading virt-controller dies another takes over after 15 seconds; the other one's death costs nothing", () => {
    const names = ["n1", "n2", "n3"];
    const delays = [0, 1].map((which) => {
      const cluster = openCluster({ machines: names.map((node) => machine(`on-${node}`, { node })) });
      const homes = cluster.world.podsOfNamespace
        .get("kubevirt")
        .filter((pod) => pod.metadata.name.startsWith("virt-controller"))
        .map((pod) => pod.spec.nodeName as string)
        .sort();
      const vm = `app/on-${names.find((node) => !homes.includes(node))}`;
      const before = cluster.vmi(vm).metadata.uid;
      cluster.faults.killNode(homes[which] ?? "");
      cluster.deletePod(cluster.launcher(vm), 0);
      let seconds = 0;
      for (; cluster.find(instances, vm)?.metadata.uid === before && seconds < 60; seconds++) cluster.run(1);
      return seconds;
    });
    expect(Math.min(...delays)).toBeLessThan(5);
    expect(Math.max(...delays)).toBeGreaterThanOrEqual(15);
    expect(Math.max(...delays)).toBeLessThan(20);
  });
});

test("when the Node object is missing its VMIs without a pod are failed, with a reason", () => {
  const cluster = openCluster({ machines: [machine("vm", { run: "Manual" })] }, "v1.1.1");
  cluster.faults.killNode("n1");
  cluster.deletePod(cluster.launcher("app/vm"), 0);
  cluster.store.delete(nodes, undefined, "n1");
  cluster.run(5);
  expect(cluster.vmi("app/vm").status).toMatchObject({ phase: "Failed", reason: "NodeUnresponsive" });
});
