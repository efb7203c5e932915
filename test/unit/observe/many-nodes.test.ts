/** observeManyNodes: an estimate that agrees with the whole picture, from far less. */
import { describe, expect, it } from "vitest";
import { forecastEach } from "../../../lib/assess/each-node.ts";
import type { Clock } from "../../../lib/model/clock.ts";
import type { Facts } from "../../../lib/model/facts.ts";
import { readLeanVmis } from "../../../lib/observe/lean-vmis.ts";
import { observeManyNodes } from "../../../lib/observe/many-nodes.ts";
import { observe } from "../../../lib/observe/observe.ts";
import { startReading } from "../../../lib/observe/reading.ts";
import { putMover, putStayer, readyCluster } from "../cmd/clusters.ts";
import type { FakeCluster } from "./fake-cluster.ts";
import { putVm, rawVm, rawVmi } from "./raw-objects.ts";

const clock: Clock = { now: () => new Date("2026-01-01T00:00:00Z"), sleep: () => Promise.resolve() };

async function look(cluster: FakeCluster): Promise<Facts> {
  const client = cluster.client();
  return await observeManyNodes(client, { nodes, vmis: await readLeanVmis(startReading(client)), clock });
}

const nodes = ["worker-1", "worker-2", "worker-3"];

function mixed(): FakeCluster {
  const cluster = readyCluster(...nodes);
  putMover(cluster, "prod", "web", "worker-1");
  putStayer(cluster, "prod", "gpu", "worker-1");
  for (const [name, runStrategy] of [
    ["batch", "Always"],
    ["manual", "Manual"],
  ] as const) {
    putVm(cluster, "prod", name, "worker-2");
    cluster.put("virtualmachineinstances", rawVmi("prod", name, "worker-2", { spec: { evictionStrategy: "None" } }));
    cluster.put("virtualmachines", rawVm("prod", name, runStrategy));
  }
  putVm(cluster, "prod", "gone", "worker-3");
  cluster.put("virtualmachineinstances", rawVmi("prod", "gone", "worker-3", { status: { phase: "Succeeded" } }));
  return cluster;
}

describe("observeManyNodes", () => {
  it("forecasts what the whole picture forecasts", async () => {
    const estimated = forecastEach(await look(mixed()));
    const { verdict, outcomes } = estimated.get("worker-1") ?? {};
    expect({ verdict, outcomes }).toEqual({ verdict: "blocks", outcomes: { moves: 1, blocks: 1 } });
    const whole = forecastEach(await observe(mixed().client(), { nodes: nodes.slice(0, 2), clock }));
    for (const [node, forecast] of whole) expect(estimated.get(node)).toEqual(forecast);
    expect(estimated.get("worker-3")).toMatchObject({ verdict: "drains", outcomes: {} });
  });

  it("reads no pods, no migrations, and owners only of VMs that a drain might shut down", async () => {
    const cluster = mixed();
    const facts = await look(cluster);
    expect(facts.virtualMachines.map(({ metadata }) => metadata.name).sort()).toEqual(["batch", "manual"]);
    expect(cluster.requests.filter((request) => /pods|migrations/.test(request))).toEqual([]);
  });

  it("hands on that there are VMIs of which nothing can be told", async () => {
    const cluster = mixed();
    cluster.put("virtualmachineinstances", rawVmi("prod", "odd", "worker-1", { metadata: { uid: "" } }));
    expect((await look(cluster)).gaps).toMatchObject([{ resource: "virtualmachineinstances" }]);
  });

  it("names what it may not read, and then knows nothing for certain", async () => {
    const cluster = mixed();
    cluster.forbid("list", "poddisruptionbudgets");
    const facts = await look(cluster);
    expect(facts.gaps).toMatchObject([{ resource: "poddisruptionbudgets", namespace: "prod" }]);
    expect(forecastEach(facts).get("worker-2")?.verdict).toBe("unknown");
  });
});
