/** Following nodes: the picture keeps up with the cluster, and says where it cannot. */
import { afterEach, describe, expect, it } from "vitest";
import type { Facts } from "../../../lib/model/facts.ts";
import { followNodes, type Live, type LiveOptions } from "../../../lib/observe/live.ts";
import { observe } from "../../../lib/observe/observe.ts";
import type { FakeCluster } from "./fake-cluster.ts";
import { ManualClock, settle } from "./manual-clock.ts";
import { clusterOf, putVm, rawLauncher, rawMigration, rawNode, rawVm, rawVmi } from "./raw-objects.ts";

const open: Live[] = [];
afterEach(() => {
  for (const live of open.splice(0)) live.close();
});

interface Following {
  readonly cluster: FakeCluster;
  readonly clock: ManualClock;
  readonly live: Live;
  /** What was asked since the following began. */
  requests(): string[];
}

async function follow(
  cluster: FakeCluster,
  options: Partial<LiveOptions> & { nodes?: string[] } = {},
): Promise<Following> {
  const clock = new ManualClock();
  const base = await observe(cluster.client(), { nodes: options.nodes ?? ["worker-1"], clock });
  const before = cluster.requests.length;
  const live = followNodes(cluster.client(), base, { clock, ...options });
  open.push(live);
  await settle();
  return { cluster, clock, live, requests: () => cluster.requests.slice(before) };
}

function clusterWith(...vms: string[]): FakeCluster {
  const cluster = clusterOf("worker-1", "worker-2");
  for (const vm of vms) putVm(cluster, "prod", vm, "worker-1");
  return cluster;
}

const namesOf = (objects: readonly { metadata: { name: string } }[]) =>
  objects.map(({ metadata }) => metadata.name).sort();

/** KubeVirt's end of a migration: label and node move, the source pod ends. */
function land(cluster: FakeCluster, vm: string, target: string): void {
  cluster.put("virtualmachineinstances", rawVmi("prod", vm, target));
  cluster.put(
    "virtualmachineinstancemigrations",
    rawMigration("prod", vm, "Succeeded", { status: { migrationState: { targetNode: target } } }),
  );
  cluster.put("pods", rawLauncher("prod", vm, "worker-1", { status: { phase: "Succeeded" } }));
}

describe("the picture", () => {
  it("is that of the beginning until the first lists are there", async () => {
    const cluster = clusterWith("web");
    const clock = new ManualClock();
    const base = await observe(cluster.client(), { nodes: ["worker-1"], clock });
    const live = followNodes(cluster.client(), base, { clock });
    open.push(live);
    expect(namesOf(live.facts().vmis)).toEqual(["web"]);
    expect(namesOf(live.facts().pods)).toEqual(namesOf(base.pods));
  });

  it("keeps up with VMIs, pods, migrations and the node itself", async () => {
    const { cluster, live } = await follow(clusterWith("web"));
    cluster.put(
      "virtualmachineinstances",
      rawVmi("prod", "web", "worker-1", { status: { evacuationNodeName: "worker-1" } }),
    );
    cluster.put("virtualmachineinstancemigrations", rawMigration("prod", "web", "Running"));
    cluster.put("nodes", rawNode("worker-1", { spec: { unschedulable: true } }));
    cluster.put(
      "pods",
      rawLauncher("prod", "web", "worker-2", {
        metadata: { ...rawLauncher("prod", "web", "worker-2").metadata, name: "target", uid: "pod-target" },
      }),
    );
    await settle();

    const facts = live.facts();
    expect(facts.vmis[0]?.status.evacuationNodeName).toBe("worker-1");
    expect(facts.migrations.map(({ status }) => status.phase)).toEqual(["Running"]);
    expect(facts.runningMigrations).toBe(1);
    expect(facts.nodes.map(({ metadata, spec }) => [metadata.name, spec.unschedulable])).toEqual([
      ["worker-1", true],
      ["worker-2", false],
    ]);
    expect(namesOf(facts.pods)).toEqual(["target", "virt-launcher-web-abcde"]);
  });

  it("no longer has a VMI that moved away, but tells from its migration where it went", async () => {
    const { cluster, live } = await follow(clusterWith("web"));
    land(cluster, "web", "worker-2");
    await settle();
    const facts = live.facts();
    expect(facts.vmis).toEqual([]);
    expect(facts.migrations[0]?.status.migrationState?.targetNode).toBe("worker-2");
    expect(facts.pods.map(({ status }) => status.phase)).toEqual(["Succeeded"]);
  });

  it("does not take a VMI that has just moved for gone while its old pod is still ending", async () => {
    const { cluster, clock, live } = await follow(clusterWith("web"));
    cluster.put("virtualmachineinstances", rawVmi("prod", "web", "worker-2"));
    await settle();
    expect(live.facts().vmis.map(({ status }) => status.nodeName)).toEqual(["worker-1"]);
    await clock.advance(7000);
    expect(live.facts().vmis.map(({ status }) => status.nodeName)).toEqual(["worker-2"]);
  });

  it("sees a VMI that arrives, with its owner, its disks and its migrations", async () => {
    const { cluster, live } = await follow(clusterWith("web"));
    cluster.put("persistentvolumeclaims", { metadata: { namespace: "prod", name: "late-disk", uid: "c" }, spec: {} });
    cluster.put("virtualmachines", rawVm("prod", "late"));
    const volumes = [{ name: "d", dataVolume: { name: "late-disk" } }];
    cluster.put("virtualmachineinstances", rawVmi("prod", "late", "worker-1", { spec: { volumes } }));
    cluster.put("virtualmachineinstancemigrations", rawMigration("prod", "late", "Pending"));
    await settle();
    const facts = live.facts();
    expect(namesOf(facts.vmis)).toEqual(["late", "web"]);
    expect(namesOf(facts.virtualMachines)).toEqual(["late", "web"]);
    expect(namesOf(facts.claims)).toEqual(["late-disk"]);
    expect(namesOf(facts.migrations)).toEqual(["migration-late"]);
  });

  it("leaves out a node that was deleted", async () => {
    const { cluster, live } = await follow(clusterWith("web"));
    cluster.remove("nodes", "", "worker-1");
    await settle();
    expect(namesOf(live.facts().nodes)).toEqual(["worker-2"]);
  });

  it("ignores migrations of VMIs with the same name in other namespaces", async () => {
    const { cluster, live } = await follow(clusterWith("web"));
    cluster.put("virtualmachineinstancemigrations", {
      ...rawMigration("prod", "web", "Running"),
      metadata: { namespace: "test", name: "other", uid: "o", labels: { "kubevirt.io/vmi-name": "web" } },
    });
    await settle();
    expect(live.facts().migrations).toEqual([]);
  });

  it("follows budgets where one selects a VM of the node, and nowhere else", async () => {
    const cluster = clusterWith("web");
    const budget = (namespace: string, allowed: number) => ({
      metadata: { namespace, name: "keep", uid: `b-${namespace}` },
      spec: { minAvailable: 1, selector: { matchLabels: { "kubevirt.io": "virt-launcher" } } },
      status: { disruptionsAllowed: allowed },
    });
    cluster.put("poddisruptionbudgets", budget("prod", 0));
    const { live } = await follow(cluster);
    cluster.put("poddisruptionbudgets", budget("prod", 1));
    await settle();
    expect(live.facts().budgets.map(({ status }) => status.disruptionsAllowed)).toEqual([1]);

    const without = await follow(clusterWith("web"));
    expect(without.cluster.watching().join()).not.toContain("poddisruptionbudgets");
    without.cluster.put("poddisruptionbudgets", budget("prod", 0));
    without.live.followBudgets("prod");
    await settle();
    expect(without.live.facts().budgets.map(({ metadata }) => metadata.name)).toEqual(["keep"]);
  });

  it("carries no dry runs on: they were answered at the beginning", async () => {
    const cluster = clusterWith("web");
    const clock = new ManualClock();
    const base = await observe(cluster.client(), { nodes: ["worker-1"], clock, dryRunIsSafe: () => true });
    const live = followNodes(cluster.client(), base, { clock });
    open.push(live);
    expect(Object.keys(base.dryRuns)).toEqual(["pod-web"]);
    expect(live.facts().dryRuns).toEqual({});
  });

  it("keeps a VMI that has lost the label, as it was, until its source pod has ended or a look tells more", async () => {
    const { cluster, clock, live } = await follow(clusterWith("web"));
    cluster.remove("virtualmachineinstances", "prod", "web");
    await settle();
    expect(live.facts().vmis.map(({ metadata }) => metadata.name)).toEqual(["web"]);
    for (let look = 0; look < 2; look += 1) await clock.advance(3000);
    await settle();
    expect(live.facts()).toMatchObject({ vmis: [], absent: ["prod/web"] });
  });

  it("survives watches that end or expire", async () => {
    const { cluster, clock, live } = await follow(clusterWith("web"));
    cluster.endWatches("virtualmachineinstances", "closed");
    await settle();
    cluster.put(
      "virtualmachineinstances",
      rawVmi("prod", "web", "worker-1", { status: { evacuationNodeName: "worker-1" } }),
    );
    await settle();
    expect(live.facts().vmis[0]?.status.evacuationNodeName).toBe("worker-1");
    cluster.endWatches("virtualmachineinstances", "expired");
    cluster.remove("virtualmachineinstances", "prod", "web");
    for (let look = 0; look < 2; look += 1) await clock.advance(3000);
    await settle();
    expect(live.facts().vmis).toEqual([]);
  });
});

describe("the number of requests", () => {
  it("does not grow while VMs migrate", async () => {
    const { cluster, clock, live, requests } = await follow(
      clusterWith(...Array.from({ length: 100 }, (_, index) => `vm-${index}`)),
    );
    const atTheStart = requests().length;
    expect(atTheStart).toBeLessThanOrEqual(10);
    for (let index = 0; index < 100; index += 1) {
      cluster.put("virtualmachineinstancemigrations", rawMigration("prod", `vm-${index}`, "Running"));
      await clock.advance(4000);
      land(cluster, `vm-${index}`, "worker-2");
      await settle();
    }
    expect(live.facts().vmis).toEqual([]);
    expect(requests().length).toBe(atTheStart);
  });

  it("is one watch each for VMIs, migrations and launchers, and two for each node", async () => {
    const { cluster } = await follow(clusterWith("web"), { nodes: ["worker-1", "worker-2"] });
    expect(cluster.watching()).toEqual([
      "nodes metadata.name=worker-1",
      "nodes metadata.name=worker-2",
      "pods kubevirt.io/created-by in (vmi-web)",
      "pods spec.nodeName=worker-1",
      "pods spec.nodeName=worker-2",
      "virtualmachineinstancemigrations kubevirt.io/vmi-name in (web)",
      "virtualmachineinstances kubevirt.io/nodeName in (worker-1,worker-2)",
    ]);
  });

  it("leaves no watch behind when it is closed", async () => {
    const { cluster, live } = await follow(clusterWith("web"));
    live.close();
    await settle();
    expect(cluster.watching()).toEqual([]);
  });
});

describe("VMs that no watch shows", () => {
  it("are looked up by name as long as they are followed", async () => {
    const { cluster, clock, live, requests } = await follow(clusterWith("web"));
    cluster.remove("virtualmachineinstances", "prod", "web");
    cluster.remove("pods", "prod", "virt-launcher-web-abcde");
    cluster.put("virtualmachines", {
      ...cluster.raw("virtualmachines", "prod", "web"),
      status: { printableStatus: "ErrorUnschedulable" },
    });
    live.follow([{ namespace: "prod", name: "web" }]);
    await clock.advance(3100);
    expect(live.facts()).toMatchObject({
      absent: ["prod/web"],
      virtualMachines: [{ printableStatus: "ErrorUnschedulable" }],
    });

    cluster.put(
      "virtualmachineinstances",
      rawVmi("prod", "web", "worker-2", {
        metadata: { ...rawVmi("prod", "web", "worker-2").metadata, uid: "vmi-web-2" },
      }),
    );
    await clock.advance(3000);
    expect(live.facts().absent).toBeUndefined();
    expect(live.facts().vmis).toMatchObject([{ metadata: { uid: "vmi-web-2" }, status: { nodeName: "worker-2" } }]);

    live.follow([]);
    const asked = requests().length;
    await clock.advance(30_000);
    expect(requests().length).toBe(asked);
  });

  it("are looked up with the replica set that puts another in their place, and with the VM that is gone", async () => {
    const cluster = clusterWith("web");
    cluster.put(
      "virtualmachineinstances",
      rawVmi("prod", "rs-1", "worker-1", {
        metadata: {
          ...rawVmi("prod", "rs-1", "worker-1").metadata,
          ownerReferences: [{ kind: "VirtualMachineInstanceReplicaSet", name: "rs", uid: "rs", controller: true }],
        },
      }),
    );
    cluster.put("virtualmachineinstancereplicasets", {
      metadata: { namespace: "prod", name: "rs", uid: "rs" },
      spec: { replicas: 2 },
      status: { readyReplicas: 1 },
    });
    const { clock, live } = await follow(cluster);
    for (const name of ["web", "rs-1"]) cluster.remove("virtualmachineinstances", "prod", name);
    cluster.remove("virtualmachines", "prod", "web");
    live.follow(["web", "rs-1"].map((name) => ({ namespace: "prod", name })));
    await clock.advance(3100);
    expect(live.facts()).toMatchObject({
      absent: ["prod/web", "prod/rs-1"],
      absentMachines: ["prod/web"],
      replicaSets: [{ metadata: { name: "rs" }, replicas: 2, readyReplicas: 1 }],
    });
  });

  it("are not called absent while they cannot be read", async () => {
    const { cluster, clock, live } = await follow(clusterWith("web"));
    cluster.remove("virtualmachineinstances", "prod", "web");
    cluster.forbid("get", "virtualmachineinstances");
    live.follow([{ namespace: "prod", name: "web" }]);
    await clock.advance(10_000);
    expect(live.facts().absent).toBeUndefined();
    const problem = { resource: "virtualmachineinstances", message: "forbidden: get virtualmachineinstances" };
    expect(live.problems()).toMatchObject([problem]);
  });

  it("are looked up, too, when a launcher pod on the node stays without them", async () => {
    const cluster = clusterWith();
    cluster.put("virtualmachineinstances", rawVmi("prod", "arriving", "worker-2"));
    cluster.put("pods", rawLauncher("prod", "arriving", "worker-1"));
    const { clock, live } = await follow(cluster);
    expect(namesOf(live.facts().vmis)).toEqual(["arriving"]);
    cluster.remove("virtualmachineinstances", "prod", "arriving");
    await clock.advance(7000);
    expect(live.facts().vmis).toEqual([]);
    expect(live.facts().absent).toEqual(["prod/arriving"]);
  });
});

describe("changed", () => {
  it("resolves once for changes in quick succession, and waits again after the picture was taken", async () => {
    const { cluster, clock, live } = await follow(clusterWith("web", "db"));
    live.facts();
    let wakes = 0;
    const watch = async (): Promise<void> => {
      for (;;) {
        await live.changed(new AbortController().signal);
        live.facts();
        wakes += 1;
      }
    };
    void watch();
    await settle();
    expect(wakes).toBe(0);
    for (const vm of ["web", "db", "web"]) {
      cluster.put(
        "virtualmachineinstances",
        rawVmi("prod", vm, "worker-1", { status: { evacuationNodeName: "worker-1" } }),
      );
      await settle();
    }
    await clock.advance(100);
    expect(wakes).toBe(1);
    await clock.advance(2000);
    expect(wakes).toBe(1);
  });

  it("does not sleep through a change that came before it was asked", async () => {
    const { cluster, clock, live } = await follow(clusterWith("web"));
    live.facts();
    cluster.put("nodes", rawNode("worker-1", { spec: { unschedulable: true } }));
    await settle();
    let woken = false;
    void live.changed(new AbortController().signal).then(() => {
      woken = true;
    });
    await clock.advance(100);
    expect(woken).toBe(true);
  });

  it("rejects with the signal's reason", async () => {
    const { live } = await follow(clusterWith("web"));
    live.facts();
    const stop = new AbortController();
    const changed = live.changed(stop.signal);
    stop.abort(new Error("enough"));
    await expect(changed).rejects.toThrow("enough");
  });
});

describe("trouble", () => {
  it("is told, and the picture has a gap, when a list may not be followed", async () => {
    const cluster = clusterWith("web");
    cluster.forbid("list", "virtualmachineinstancemigrations");
    const { live } = await follow(cluster);
    expect(live.problems()).toMatchObject([{ resource: "virtualmachineinstancemigrations" }]);
    expect(live.facts().gaps).toContainEqual({
      resource: "virtualmachineinstancemigrations",
      namespace: undefined,
      reason: "forbidden: list virtualmachineinstancemigrations",
    });
  });

  it("goes by when the server was only unwell", async () => {
    const cluster = clusterWith("web");
    const { clock, live } = await follow(cluster, {});
    expect(live.problems()).toEqual([]);
    cluster.unwell.add("virtualmachineinstances");
    cluster.endWatches("virtualmachineinstances", "expired");
    await settle();
    expect(live.problems()).toMatchObject([{ resource: "virtualmachineinstances", message: "the server is unwell" }]);
    cluster.unwell.clear();
    await clock.advance(60_000);
    expect(live.problems()).toEqual([]);
  });

  it("at the first list is tried again", async () => {
    const cluster = clusterWith("web");
    const clock = new ManualClock();
    const base = await observe(cluster.client(), { nodes: ["worker-1"], clock });
    cluster.unwell.add("virtualmachineinstances");
    const live = followNodes(cluster.client(), base, { clock });
    open.push(live);
    await settle();
    expect(live.problems()).toHaveLength(1);
    expect(namesOf(live.facts().vmis)).toEqual(["web"]);
    cluster.unwell.clear();
    land(cluster, "web", "worker-2");
    await clock.advance(6000);
    expect(live.problems()).toEqual([]);
    expect(live.facts().vmis).toEqual([]);
  });
});

describe("the time", () => {
  it("is the server's, carried on by our own clock", async () => {
    const cluster = clusterWith("web");
    cluster.serverTime = new Date("2026-08-22T12:00:00Z");
    const { clock, live } = await follow(cluster);
    await clock.advance(90_000);
    expect(live.facts().time).toBe("2026-08-22T12:01:30.000Z");
  });

  it("never goes back", async () => {
    const cluster = clusterWith("web");
    const { clock, live } = await follow(cluster);
    await clock.advance(10_000);
    const before: Facts = live.facts();
    live.follow([{ namespace: "prod", name: "web" }]);
    await clock.advance(3000);
    expect(Date.parse(live.facts().time)).toBeGreaterThanOrEqual(Date.parse(before.time));
  });
});
