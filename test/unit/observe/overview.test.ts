/** The overview of nodes: from tables where the server makes them, from objects where not. */
import { describe, expect, it } from "vitest";
import { RefusedError } from "../../../lib/model/errors.ts";
import { readOverview } from "../../../lib/observe/overview.ts";
import type { FakeCluster } from "./fake-cluster.ts";
import { clusterOf, rawNode, rawVmi } from "./raw-objects.ts";

function mixed(): FakeCluster {
  const cluster = clusterOf();
  cluster.put(
    "nodes",
    rawNode("worker-1", {
      metadata: { creationTimestamp: "2026-07-12T10:00:00Z", annotations: { "kubectl-vmnode/operation": "{" } },
    }),
  );
  cluster.put("nodes", rawNode("worker-2", { spec: { unschedulable: true } }));
  cluster.put(
    "nodes",
    rawNode("worker-3", {
      status: { conditions: [{ type: "Ready", status: "Unknown", lastTransitionTime: "2026-08-22T09:56:48Z" }] },
    }),
  );
  const migratable = (status: string) => ({ conditions: [{ type: "LiveMigratable", status }] });
  cluster.put("virtualmachineinstances", rawVmi("prod", "a", "worker-1"));
  cluster.put("virtualmachineinstances", rawVmi("prod", "b", "worker-1", { status: migratable("False") }));
  cluster.put("virtualmachineinstances", rawVmi("test", "c", "worker-1", { status: { conditions: [] } }));
  cluster.put("virtualmachineinstances", rawVmi("prod", "ended", "worker-1", { status: { phase: "Succeeded" } }));
  cluster.put("virtualmachineinstances", rawVmi("prod", "unplaced", "", { status: { phase: "Scheduling" } }));
  cluster.put("virtualmachineinstances", rawVmi("prod", "d", "worker-3"));
  return cluster;
}

describe.each([
  ["from tables", []],
  ["from objects", ["nodes", "virtualmachineinstances"]],
])("readOverview %s", (_case, withoutTables) => {
  function cluster(): FakeCluster {
    const made = mixed();
    for (const plural of withoutTables) made.withoutTables.add(plural);
    return made;
  }

  it("counts the VMs of each node that have not ended", async () => {
    const { nodes, time } = await readOverview(cluster().client());
    expect(nodes.map(({ name, vms, migratable, notMigratable }) => [name, vms, migratable, notMigratable])).toEqual([
      ["worker-1", 3, 1, 1],
      ["worker-2", 0, 0, 0],
      ["worker-3", 1, 1, 0],
    ]);
    expect(time).toEqual(new Date("2026-08-22T10:00:00Z"));
  });

  it("gives status, age and record of each node, and since when one is not Ready", async () => {
    const { nodes } = await readOverview(cluster().client());
    expect(nodes).toMatchObject([
      { status: "Ready", createdAt: "2026-07-12T10:00:00Z", record: { kind: "damaged", text: "{" } },
      { status: "Ready,SchedulingDisabled", record: { kind: "none" } },
      { status: "NotReady", statusSince: "2026-08-22T09:56:48Z" },
    ]);
  });

  it("counts one namespace alone", async () => {
    const { nodes } = await readOverview(cluster().client(), { namespace: "test" });
    expect(nodes.map(({ vms }) => vms)).toEqual([1, 0, 0]);
  });

  it("throws when VMIs may not be listed, because no count is not a count of none", async () => {
    const forbidden = cluster();
    forbidden.forbid("table", "virtualmachineinstances");
    forbidden.forbid("list", "virtualmachineinstances");
    await expect(readOverview(forbidden.client())).rejects.toThrow("virtualmachineinstances is forbidden");
  });
});

describe("readOverview", () => {
  it("reads neither pods nor whole objects where there are tables", async () => {
    const cluster = mixed();
    await readOverview(cluster.client());
    expect(cluster.requests.sort()).toEqual([
      "discover groups",
      "get nodes worker-3",
      "table nodes",
      "table virtualmachineinstances",
    ]);
  });

  it("asks a bounded number of nodes since when they are not Ready", async () => {
    const cluster = clusterOf();
    for (let index = 0; index < 50; index += 1) cluster.put("nodes", rawNode(`worker-${index}`, { status: {} }));
    await readOverview(cluster.client());
    expect(cluster.requests.filter((request) => request.startsWith("get nodes"))).toHaveLength(20);
  });

  it("reads of a large cluster rows alone, and the node itself where it is out of service", async () => {
    const cluster = clusterOf();
    for (let index = 0; index < 300; index += 1)
      cluster.put("nodes", rawNode(`worker-${index}`, index === 250 ? { spec: { unschedulable: true } } : {}));
    const { nodes } = await readOverview(cluster.client());
    expect(nodes).toHaveLength(300);
    expect(nodes[99]).toMatchObject({ name: "worker-99", record: { kind: "none" } });
    expect(nodes[100]).toEqual({
      name: "worker-100",
      status: "Ready",
      age: "41d",
      vms: 0,
      migratable: 0,
      notMigratable: 0,
    });
    expect(nodes[250]).toMatchObject({ status: "Ready,SchedulingDisabled", record: { kind: "none" } });
    expect(cluster.requests.filter((request) => request.startsWith("get nodes"))).toEqual(["get nodes worker-250"]);
    const { nodes: whole } = await readOverview(cluster.client(), { whole: true });
    expect(whole.filter(({ record }) => record === undefined)).toEqual([]);
  });

  describe("where VMIs themselves are wanted", () => {
    const wanted = { vmisAbove: 2 };

    it("counts from them what it counts from their table, which is not read", async () => {
      const cluster = mixed();
      cluster.put("virtualmachineinstances", rawVmi("prod", "left-behind", "deleted-node"));
      const asked = { namespace: "prod" };
      const { vmis: none, ...fromTable } = await readOverview(cluster.client(), asked);
      const requestsBefore = cluster.requests.length;
      const { vmis, ...counted } = await readOverview(cluster.client(), { ...asked, ...wanted });
      expect(counted).toEqual(fromTable);
      expect(counted.deleted).toEqual([{ name: "deleted-node", vms: 1 }]);
      expect(none).toBeUndefined();
      expect(vmis?.items).toHaveLength(7);
      expect(cluster.requests.slice(requestsBefore).sort()).toEqual([
        "discover groups",
        "get nodes worker-3",
        "list virtualmachineinstances",
        "table nodes",
      ]);
    });

    it("reads their table where there are no more nodes than that", async () => {
      expect((await readOverview(mixed().client(), { vmisAbove: 3 })).vmis).toBeUndefined();
    });

    it("counts those of a namespace from their table where they may be listed there alone, and hands on the gap", async () => {
      const cluster = mixed();
      cluster.forbid("list", "virtualmachineinstances");
      const { nodes, vmis } = await readOverview(cluster.client(), { ...wanted, namespace: "test" });
      expect(nodes.map(({ vms }) => vms)).toEqual([1, 0, 0]);
      expect(vmis).toMatchObject({ items: undefined, gaps: [{ resource: "virtualmachineinstances" }] });
    });
  });

  it("takes a table without the needed columns for none", async () => {
    const cluster = mixed();
    const client = cluster.client();
    const table = client.table.bind(client);
    client.table = async (type, options) => {
      const made = await table(type, options);
      return (
        made && { ...made, columns: made.columns.map((column) => ({ ...column, name: column.name.toUpperCase() })) }
      );
    };
    expect((await readOverview(client)).nodes[0]).toMatchObject({ status: "Ready", vms: 3 });
  });

  it("refuses a cluster whose VMs cannot be seen", async () => {
    const cluster = mixed();
    cluster.groups.push({ name: "internal.virtualization.deckhouse.io", versions: [] });
    await expect(readOverview(cluster.client())).rejects.toBeInstanceOf(RefusedError);
  });
});
