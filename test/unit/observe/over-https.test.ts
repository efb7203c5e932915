/** The same reading over HTTPS, against the practice cluster's API server: selectors, tables, paging and watches as they really are. */
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createClient, type KubeClient } from "../../../lib/kube/client.ts";
import { connect } from "../../../lib/kube/connection.ts";
import type { Clock } from "../../../lib/model/clock.ts";
import { freshlyRead } from "../../../lib/observe/fresh.ts";
import { followNodes } from "../../../lib/observe/live.ts";
import { observe } from "../../../lib/observe/observe.ts";
import { readOverview } from "../../../lib/observe/overview.ts";
import { type ApiServer, startApiServer } from "../../../lib/practice/api/server.ts";
import { startClock } from "../../../lib/practice/clock.ts";
import { createStore } from "../../../lib/practice/memory-store.ts";
import type { NewObject, Store } from "../../../lib/practice/store.ts";
import { temporaryFolder, testEnvironment } from "../kube/surroundings.ts";
import type { RawObject } from "./fake-cluster.ts";
import { rawKubeVirt, rawLauncher, rawMigration, rawNode, rawVm, rawVmi } from "./raw-objects.ts";

let store: Store;
let server: ApiServer;
let client: KubeClient;
let folder: ReturnType<typeof temporaryFolder>;

const clock: Clock = { now: () => new Date(), sleep: (ms, signal) => setTimeout(ms, undefined, { signal }) };

function put(group: string, resource: string, { metadata: { uid: _, ...metadata }, ...rest }: RawObject): string {
  const made = store.create({ group, resource }, { ...rest, metadata } as NewObject);
  return made.metadata.uid;
}

beforeAll(async () => {
  const practiceClock = startClock();
  store = createStore({ clock: practiceClock });
  server = await startApiServer({ store, clock: practiceClock });
  for (const node of ["worker-1", "worker-2"]) put("", "nodes", rawNode(node));
  put("kubevirt.io", "kubevirts", rawKubeVirt());
  for (let index = 0; index < 12; index += 1) {
    const name = `vm-${index}`;
    const node = index < 10 ? "worker-1" : "worker-2";
    put("kubevirt.io", "virtualmachines", rawVm("prod", name));
    const uid = put("kubevirt.io", "virtualmachineinstances", rawVmi("prod", name, node));
    const pod = rawLauncher("prod", name, node);
    put("", "pods", {
      ...pod,
      metadata: { ...pod.metadata, labels: { ...pod.metadata.labels, "kubevirt.io/created-by": uid } },
    });
  }
  put("kubevirt.io", "virtualmachineinstancemigrations", rawMigration("prod", "vm-0", "Running"));
  folder = temporaryFolder();
  const kubeconfig = folder.write("config", await server.kubeconfig());
  client = createClient(await connect({ kubeconfig }, { ...testEnvironment(), clock }));
});

afterAll(async () => {
  client.connection.close();
  await server.close();
  folder.remove();
});

describe("over HTTPS", () => {
  it("observe sees the VMs of one node, and no others", async () => {
    const facts = await observe(client, { nodes: ["worker-1"], clock, stillNeeded: () => ["worker-2"] });
    expect(facts.vmis).toHaveLength(10);
    expect(facts.virtualMachines).toHaveLength(10);
    expect(facts.migrations.map(({ spec }) => spec.vmiName)).toEqual(["vm-0"]);
    expect(facts.runningMigrations).toBe(1);
    expect(facts.pods).toHaveLength(12);
    expect(facts.roomKnown).toEqual(["worker-2"]);
    expect(facts.versions.kubevirt).toBe("v1.9.0");
    expect(facts.gaps).toEqual([]);
    expect(Math.abs(Date.parse(facts.time) - Date.now())).toBeLessThan(60_000);
  });

  it("the overview counts from the server's tables", async () => {
    const before = server.requests.length;
    const { nodes } = await readOverview(client);
    expect(nodes).toMatchObject([
      { name: "worker-1", status: "Ready", vms: 10, migratable: 10, record: { kind: "none" } },
      { name: "worker-2", status: "Ready", vms: 2 },
    ]);
    expect(nodes[0]?.createdAt).toMatch(/Z$/);
    expect(server.requests.slice(before)).toHaveLength(3);
  });

  it("a followed node shows what changes, and a fresh read agrees", async () => {
    const base = await observe(client, { nodes: ["worker-2"], clock });
    const live = followNodes(client, base, { clock });
    const signal = AbortSignal.timeout(10_000);
    try {
      while (live.facts().vmis.length !== 2) await live.changed(signal);
      store.modify({ group: "kubevirt.io", resource: "virtualmachineinstances" }, "prod", "vm-10", (vmi) => {
        vmi.metadata.labels = { "kubevirt.io/nodeName": "worker-1" };
      });
      store.modify({ group: "", resource: "pods" }, "prod", "virt-launcher-vm-10-abcde", (pod) => {
        pod.status = { phase: "Succeeded" };
      });
      store.modify({ group: "", resource: "nodes" }, undefined, "worker-2", (node) => {
        node.spec = { unschedulable: true };
      });
      const settled = () => {
        const { vmis, nodes } = live.facts();
        return vmis.length === 1 && nodes.some(({ spec }) => spec.unschedulable);
      };
      while (!settled()) await live.changed(signal);
      const fresh = await freshlyRead(client, "worker-2");
      expect(live.facts().vmis[0]?.metadata.name).toBe("vm-11");
      expect(fresh.vmis.map(({ metadata }) => metadata.name)).toEqual(["vm-11"]);
      expect(fresh.launchers.map(({ metadata }) => metadata.name)).toEqual(["virt-launcher-vm-11-abcde"]);
      expect(live.problems()).toEqual([]);
    } finally {
      live.close();
    }
  });
});
