/** observe: what is read, in how many requests, and what becomes of what cannot be read. */
import { describe, expect, it } from "vitest";
import type { Clock } from "../../../lib/model/clock.ts";
import { ExpectedError, RefusedError } from "../../../lib/model/errors.ts";
import { type Facts, unreadNodes } from "../../../lib/model/facts.ts";
import { type ObserveOptions, observe, selectNodes } from "../../../lib/observe/observe.ts";
import type { FakeCluster } from "./fake-cluster.ts";
import { clusterOf, putVm, rawKubeVirt, rawLauncher, rawMigration, rawNode, rawVmi } from "./raw-objects.ts";

const clock: Clock = { now: () => new Date("2026-01-01T00:00:00Z"), sleep: () => Promise.resolve() };

function look(cluster: FakeCluster, options: Partial<ObserveOptions> = {}): Promise<Facts> {
  return observe(cluster.client(), { nodes: ["worker-1"], clock, ...options });
}

function namesOf(objects: readonly { metadata: { name: string } }[]): string[] {
  return objects.map(({ metadata }) => metadata.name).sort();
}

describe("observe", () => {
  it("reads a node's VMs with their pods, owners, migrations, budgets and disks", async () => {
    const cluster = clusterOf("worker-1", "worker-2");
    putVm(cluster, "prod", "web", "worker-1");
    putVm(cluster, "prod", "elsewhere", "worker-2");
    cluster.put(
      "virtualmachineinstances",
      rawVmi("prod", "web", "worker-1", {
        spec: { volumes: [{ name: "root", persistentVolumeClaim: { claimName: "web-disk" } }] },
      }),
    );
    cluster.put("virtualmachineinstancemigrations", rawMigration("prod", "web", "Running"));
    cluster.put("virtualmachineinstancemigrations", rawMigration("prod", "elsewhere", "Pending"));
    cluster.put("virtualmachineinstancemigrations", {
      ...rawMigration("test", "web", "Failed"),
      metadata: { namespace: "test", name: "other", uid: "o", labels: { "kubevirt.io/vmi-name": "web" } },
    });
    cluster.put("poddisruptionbudgets", { metadata: { namespace: "prod", name: "keep", uid: "b" }, spec: {} });
    cluster.put("poddisruptionbudgets", { metadata: { namespace: "test", name: "not-ours", uid: "c" }, spec: {} });
    for (const namespace of ["prod", "test"])
      cluster.put("resourcequotas", { metadata: { namespace, name: `of-${namespace}`, uid: namespace } });
    cluster.put("persistentvolumeclaims", {
      metadata: { namespace: "prod", name: "web-disk", uid: "p" },
      spec: { volumeName: "pv-1", accessModes: ["ReadWriteOnce"] },
    });
    cluster.put("persistentvolumes", { metadata: { name: "pv-1", uid: "v" }, spec: {} });

    const facts = await look(cluster, { stillNeeded: () => [] });

    expect(namesOf(facts.nodes)).toEqual(["worker-1", "worker-2"]);
    expect(namesOf(facts.vmis)).toEqual(["web"]);
    expect(namesOf(facts.pods)).toEqual(["virt-launcher-web-abcde"]);
    expect(facts.virtualMachines.map(({ runStrategy }) => runStrategy)).toEqual(["Always"]);
    expect(namesOf(facts.migrations)).toEqual(["migration-web"]);
    expect(facts.runningMigrations).toBe(2);
    expect(namesOf(facts.budgets)).toEqual(["keep"]);
    expect(namesOf(facts.quotas?.items ?? [])).toEqual(["of-prod"]);
    expect(facts.quotas?.leaving).toEqual([]);
    expect(namesOf(facts.claims)).toEqual(["web-disk"]);
    expect(namesOf(facts.volumes)).toEqual(["pv-1"]);
    expect(facts).toMatchObject({
      time: "2026-08-22T10:00:00.000Z",
      server: "https://cluster.example:6443",
      versions: { kubernetes: "v1.36.2", kubevirt: "v1.9.0" },
      targets: ["worker-1"],
      virtApiNodes: ["worker-2", ""],
      dryRuns: {},
      gaps: [],
    });
    expect(JSON.parse(JSON.stringify(facts))).toMatchObject({ targets: ["worker-1"] });
  });

  it("takes our own clock where the server tells no time", async () => {
    const cluster = clusterOf("worker-1");
    cluster.serverTime = undefined;
    expect((await look(cluster)).time).toBe("2026-01-01T00:00:00.000Z");
  });

  it("sees VMIs that start here and those that only arrive, by their launcher pods", async () => {
    const cluster = clusterOf("worker-1", "worker-2");
    cluster.put(
      "virtualmachineinstances",
      rawVmi("prod", "starting", "", {
        metadata: { labels: {} },
        status: { phase: "Scheduling", nodeName: undefined },
      }),
    );
    cluster.put("pods", rawLauncher("prod", "starting", "worker-1", { status: { phase: "Pending" } }));
    cluster.put("virtualmachineinstances", rawVmi("prod", "arriving", "worker-2"));
    cluster.put("pods", rawLauncher("prod", "arriving", "worker-1"));
    cluster.put("pods", rawLauncher("prod", "orphaned", "worker-1"));
    cluster.put("virtualmachineinstances", rawVmi("prod", "gone-by", "worker-2"));
    cluster.put("pods", rawLauncher("prod", "gone-by", "worker-1", { status: { phase: "Succeeded" } }));

    const facts = await look(cluster);

    expect(namesOf(facts.vmis)).toEqual(["arriving", "starting"]);
    expect(facts.absent).toEqual(["prod/orphaned"]);
    expect(facts.gaps).toEqual([]);
  });

  it("finds the pods that its VMIs have on other nodes", async () => {
    const cluster = clusterOf("worker-1", "worker-2");
    putVm(cluster, "prod", "web", "worker-1");
    cluster.put(
      "virtualmachineinstances",
      rawVmi("prod", "web", "worker-1", { status: { activePods: { "pod-web": "worker-1", "pod-2": "worker-2" } } }),
    );
    cluster.put(
      "pods",
      rawLauncher("prod", "web", "worker-2", {
        metadata: {
          name: "virt-launcher-web-target",
          uid: "pod-2",
          labels: { "kubevirt.io": "virt-launcher", "kubevirt.io/created-by": "vmi-web" },
        },
      }),
    );
    const { pods, quotas } = await look(cluster, { stillNeeded: () => [] });
    expect(namesOf(pods)).toEqual(["virt-launcher-web-abcde", "virt-launcher-web-target"]);
    expect(quotas?.leaving).toHaveLength(1);
  });
});

describe("the number of requests", () => {
  function crowd(namespaces: number): FakeCluster {
    const cluster = clusterOf("worker-1", "worker-2", "worker-3", "worker-4");
    for (let index = 0; index < 100; index += 1) {
      const namespace = `ns-${index % namespaces}`;
      putVm(cluster, namespace, `vm-${index}`, "worker-1");
      cluster.put(
        "virtualmachineinstances",
        rawVmi(namespace, `vm-${index}`, "worker-1", {
          spec: { volumes: [{ name: "d", dataVolume: { name: `disk-${index}` } }] },
        }),
      );
      cluster.put("persistentvolumeclaims", {
        metadata: { namespace, name: `disk-${index}`, uid: `c${index}` },
        spec: { volumeName: `pv-${index}` },
      });
      cluster.put("persistentvolumes", { metadata: { name: `pv-${index}`, uid: `v${index}` }, spec: {} });
    }
    return cluster;
  }

  it("stays under 28 for 100 VMs in 3 namespaces, with the room on three other nodes", async () => {
    const cluster = crowd(3);
    const facts = await look(cluster, {
      stillNeeded: ({ roomKnown }) => ["worker-2", "worker-3", "worker-4"].filter((node) => !roomKnown.includes(node)),
    });
    expect(cluster.requests.length).toBeLessThan(28);
    expect(facts.vmis).toHaveLength(100);
    expect(facts.virtualMachines).toHaveLength(100);
    expect(facts.claims).toHaveLength(100);
    expect(facts.volumes).toHaveLength(100);
    expect(facts.roomKnown).toEqual(["worker-2", "worker-3", "worker-4"]);
  });

  it("stays under 25 when every VM has a namespace of its own", async () => {
    const cluster = crowd(100);
    const facts = await look(cluster);
    expect(cluster.requests.length).toBeLessThan(25);
    expect(facts.virtualMachines).toHaveLength(100);
    expect(facts.claims).toHaveLength(100);
  });

  it("goes by the single object for a node with one VM", async () => {
    const cluster = clusterOf("worker-1", "worker-2");
    putVm(cluster, "prod", "web", "worker-1");
    await look(cluster);
    expect(cluster.requests).toContain("get virtualmachines prod web");
    expect(cluster.requests).not.toContain("list virtualmachines prod");
    expect(cluster.requests.length).toBeLessThan(14);
  });

  it("never has more than two under way", async () => {
    const cluster = crowd(3);
    await look(cluster, { dryRunIsSafe: () => true });
    expect(cluster.mostOpen).toBe(2);
  });

  it("does not read all pods of many nodes", async () => {
    const names = Array.from({ length: 60 }, (_, index) => `worker-${index + 1}`);
    const cluster = clusterOf(...names);
    putVm(cluster, "prod", "web", "worker-7");
    const facts = await look(cluster, { nodes: names });
    expect(namesOf(facts.pods)).toEqual(["virt-launcher-web-abcde"]);
    expect(cluster.requests.filter((request) => request.startsWith("list pods"))).toHaveLength(1);
  });

  it("reads at most 40 nodes for their room", async () => {
    const names = Array.from({ length: 100 }, (_, index) => `worker-${index + 1}`);
    const facts = await look(clusterOf(...names), {
      stillNeeded: ({ roomKnown }) => names.filter((name) => !roomKnown.includes(name)).slice(0, 7),
    });
    expect(facts.roomKnown).toHaveLength(40);
  });
});

describe("a large cluster", () => {
  /** 30 VMs on worker-1, and so many elsewhere in the same namespace, each with a disk. */
  function around(nodes: number, elsewhere: number): FakeCluster {
    const cluster = clusterOf(...Array.from({ length: nodes }, (_, index) => `worker-${index + 1}`));
    for (let index = 0; index < 30 + elsewhere; index += 1) {
      // Not all of those that are wanted come first.
      const name = index % 2 === 0 ? `a-${index}` : `z-${index}`;
      const node = index < 30 ? "worker-1" : `worker-${2 + (index % (nodes - 1))}`;
      putVm(cluster, "prod", name, node);
      const volumes = [{ name: "d", dataVolume: { name: `disk-${name}` } }];
      cluster.put("virtualmachineinstances", rawVmi("prod", name, node, { spec: { volumes } }));
      cluster.put("persistentvolumeclaims", {
        metadata: { namespace: "prod", name: `disk-${name}`, uid: `c-${name}` },
        spec: {},
      });
    }
    return cluster;
  }

  it("costs a check no more than a smaller one", async () => {
    const [smaller, larger] = [around(120, 600), around(240, 3000)];
    const facts = [await look(smaller), await look(larger)];
    for (const { vmis, virtualMachines, claims, gaps } of facts) {
      expect([vmis.length, virtualMachines.length, claims.length]).toEqual([30, 30, 30]);
      expect(gaps).toEqual([]);
    }
    expect(larger.requests).toEqual(smaller.requests);
    expect(larger.sent).toEqual(smaller.sent);
  });

  it("has its nodes read only as far as somebody asks for them", async () => {
    const cluster = around(120, 0);
    const some = await look(cluster, { nodes: ["worker-120"] });
    expect(some.nodesUnread).toBe(true);
    expect(some.nodes).toHaveLength(51);
    expect(namesOf(some.nodes)).toContain("worker-120");
    const all = await look(cluster, { stillNeeded: ({ nodesUnread }) => (nodesUnread ? [unreadNodes] : []) });
    expect(all.nodes).toHaveLength(120);
    expect(all.nodesUnread).toBeUndefined();
  });

  it("has a node that may not be read by its name found in the list", async () => {
    const cluster = around(120, 0);
    cluster.forbid("get", "nodes");
    const facts = await look(cluster, { nodes: ["worker-120"] });
    expect(namesOf(facts.nodes)).toContain("worker-120");
    expect(facts.gaps).toEqual([]);
  });

  it("suggests names of nodes that were not read", async () => {
    await expect(look(around(120, 0), { nodes: ["worker-1199"] })).rejects.toMatchObject({
      hint: expect.stringContaining("worker-119"),
    });
  });

  it("has a list given up that turns out to be long, and the others read singly", async () => {
    const cluster = around(4, 600);
    await look(cluster);
    const ofMachines = cluster.requests.filter((request) => request.includes(" virtualmachines "));
    expect(ofMachines.filter((request) => request.startsWith("list"))).toHaveLength(1);
    expect(ofMachines.filter((request) => request.startsWith("get")).length).toBeLessThanOrEqual(30);
  });

  it("counts no migrations page by page without end", async () => {
    const cluster = around(4, 0);
    for (let index = 0; index < 2100; index += 1)
      cluster.put("virtualmachineinstancemigrations", rawMigration("prod", `old-${index}`, "Succeeded"));
    expect((await look(cluster)).runningMigrations).toBeUndefined();
  });
});

describe("what may not be read", () => {
  it.each([
    ["list", "poddisruptionbudgets", { resource: "poddisruptionbudgets", namespace: "prod" }],
    ["list", "resourcequotas", { resource: "resourcequotas", namespace: "prod" }],
    ["list", "virtualmachineinstancemigrations", { resource: "virtualmachineinstancemigrations" }],
    ["get", "virtualmachines", { resource: "virtualmachines", namespace: "prod" }],
    ["list", "kubevirts", { resource: "kubevirts" }],
    ["list", "endpointslices", { resource: "endpointslices", namespace: "kubevirt" }],
  ])("%s %s: is a gap, and the rest is read", async (verb, plural, gap) => {
    const cluster = clusterOf("worker-1");
    putVm(cluster, "prod", "web", "worker-1");
    cluster.forbid(verb, plural);
    const facts = await look(cluster, { stillNeeded: () => [] });
    expect(facts.gaps).toEqual([{ ...gap, reason: `forbidden: ${verb} ${plural}` }]);
    expect(namesOf(facts.vmis)).toEqual(["web"]);
  });

  it("reads no quotas for who asks for no room elsewhere", async () => {
    const cluster = clusterOf("worker-1");
    putVm(cluster, "prod", "web", "worker-1");
    expect((await look(cluster)).quotas).toBeUndefined();
    expect(cluster.requests.join()).not.toContain("resourcequotas");
  });

  it("says it once when it may not read the VMs of a hundred VMIs", async () => {
    const cluster = clusterOf("worker-1");
    for (let index = 0; index < 3; index += 1) putVm(cluster, "prod", `web-${index}`, "worker-1");
    cluster.forbid("get", "virtualmachines");
    expect((await look(cluster)).gaps).toHaveLength(1);
  });

  it("reads the VMIs of the launcher pods' namespaces when it may not list all of them", async () => {
    const cluster = clusterOf("worker-1");
    putVm(cluster, "prod", "web", "worker-1");
    putVm(cluster, "test", "ci", "worker-1");
    cluster.forbid("list", "virtualmachineinstances", "");
    const facts = await look(cluster);
    expect(namesOf(facts.vmis)).toEqual(["ci", "web"]);
    expect(facts.gaps).toEqual([]);
  });

  it("never takes VMIs that it may not read for an empty node", async () => {
    const cluster = clusterOf("worker-1");
    putVm(cluster, "prod", "web", "worker-1");
    cluster.forbid("list", "virtualmachineinstances");
    cluster.forbid("get", "virtualmachineinstances");
    await expect(look(cluster)).rejects.toThrow("the VMs of this cluster cannot be seen");
  });

  it("reads the pods of the VMIs' namespaces when it may not list all of them, and says that others stay unseen", async () => {
    const cluster = clusterOf("worker-1");
    putVm(cluster, "prod", "web", "worker-1");
    cluster.forbid("list", "pods", "");
    const facts = await look(cluster);
    expect(namesOf(facts.pods)).toEqual(["virt-launcher-web-abcde"]);
    expect(facts.gaps).toEqual([{ resource: "pods", namespace: undefined, reason: "forbidden: list pods" }]);
  });

  it("refuses when neither pods nor VMIs of the whole cluster may be listed: what is not seen is not nothing", async () => {
    const cluster = clusterOf("worker-1");
    cluster.forbid("list", "pods", "");
    cluster.forbid("list", "virtualmachineinstances", "");
    await expect(look(cluster)).rejects.toBeInstanceOf(RefusedError);
  });

  it("reads named nodes singly when it may not list them", async () => {
    const cluster = clusterOf("worker-1", "worker-2");
    cluster.forbid("list", "nodes");
    const facts = await look(cluster);
    expect(namesOf(facts.nodes)).toEqual(["worker-1"]);
    expect(facts.gaps).toMatchObject([{ resource: "nodes" }]);
  });

  it("gives up when it may not read nodes at all", async () => {
    const cluster = clusterOf("worker-1");
    cluster.forbid("list", "nodes");
    cluster.forbid("get", "nodes");
    await expect(look(cluster)).rejects.toThrow("nodes is forbidden");
  });

  it("notes objects that have no identity, and drops them", async () => {
    const cluster = clusterOf("worker-1");
    cluster.put("pods", { metadata: { namespace: "prod", name: "strange" }, spec: { nodeName: "worker-1" } });
    const facts = await look(cluster);
    expect(facts.pods).toEqual([]);
    expect(facts.gaps).toEqual([
      { resource: "pods", namespace: undefined, reason: "one object has no name or no UID and cannot be told" },
    ]);
  });

  it.each([
    ["none", []],
    ["two", [rawKubeVirt(), { ...rawKubeVirt(), metadata: { namespace: "other", name: "second", uid: "kv2" } }]],
  ])("does not guess KubeVirt's settings from %s", async (_case, kubevirts) => {
    const cluster = clusterOf("worker-1");
    cluster.remove("kubevirts", "kubevirt", "kubevirt");
    for (const kubevirt of kubevirts) cluster.put("kubevirts", kubevirt);
    const facts = await look(cluster);
    expect(facts.kubevirt).toBeUndefined();
    expect(facts.virtApiNodes).toBeUndefined();
    expect(facts.gaps).toMatchObject([{ resource: "kubevirts" }]);
  });

  it("counts migrations from the objects where the server makes no table", async () => {
    const cluster = clusterOf("worker-1");
    cluster.withoutTables.add("virtualmachineinstancemigrations");
    cluster.put("virtualmachineinstancemigrations", rawMigration("prod", "web", "Running"));
    cluster.put("virtualmachineinstancemigrations", rawMigration("prod", "old", "Succeeded"));
    expect((await look(cluster)).runningMigrations).toBe(1);
  });
});

describe("what is refused", () => {
  it("is a node that does not exist, in kubectl's words and with the names close to it", async () => {
    const error = await look(clusterOf("worker-1", "worker-2", "control"), { nodes: ["worker-l"] }).catch(
      (thrown) => thrown,
    );
    expect(error).toBeInstanceOf(ExpectedError);
    expect(error.message).toBe('nodes "worker-l" not found');
    expect(error.hint).toBe("did you mean worker-1 or worker-2?");
    expect(error.exitCode).toBe(1);
  });

  it("is a cluster without KubeVirt", async () => {
    const cluster = clusterOf("worker-1");
    cluster.groups = [{ name: "policy", versions: [] }];
    const error = await look(cluster).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(ExpectedError);
    expect(error).not.toBeInstanceOf(RefusedError);
    expect(error.message).toContain("KubeVirt is not installed");
  });

  it("is a cluster whose KubeVirt is renamed, before anything else is read", async () => {
    const cluster = clusterOf("worker-1");
    cluster.groups = [{ name: "internal.virtualization.deckhouse.io", versions: [] }];
    await expect(look(cluster)).rejects.toBeInstanceOf(RefusedError);
    expect(cluster.requests.filter((request) => request.includes("virtualmachine"))).toEqual([]);
  });
});

describe("evacuate/cancel", () => {
  const offering = (subresources: string[]) => [
    {
      version: "v1",
      resources: [{ name: "virtualmachineinstances", kind: "", namespaced: true, verbs: [], subresources }],
    },
  ];
  it.each([
    ["offered", offering(["migrate", "evacuate/cancel"]), [], true],
    ["not offered", offering(["migrate"]), [], false],
    ["unknown while virt-api is down", offering([]), ["subresources.kubevirt.io/v1"], undefined],
    ["unknown when the server does not tell", [{ version: "v1", resources: undefined }], [], undefined],
  ])("is %s", async (_case, versions, unavailable, expected) => {
    const cluster = clusterOf("worker-1");
    cluster.groups.push({ name: "subresources.kubevirt.io", versions });
    cluster.unavailable = unavailable;
    expect((await look(cluster)).evacuateCancel).toBe(expected);
  });
});

describe("dry-run evictions", () => {
  it("are asked for every launcher pod that could be evicted, and classified", async () => {
    const cluster = clusterOf("worker-1");
    for (const name of ["web", "stuck"]) putVm(cluster, "prod", name, "worker-1");
    cluster.put(
      "pods",
      rawLauncher("prod", "leaving", "worker-1", {
        metadata: { ...rawLauncher("prod", "leaving", "worker-1").metadata, deletionTimestamp: "2026-08-22T09:59:00Z" },
      }),
    );
    cluster.put("pods", rawLauncher("prod", "done", "worker-1", { status: { phase: "Succeeded" } }));
    cluster.evictions.set("virt-launcher-stuck-abcde", {
      status: 429,
      body: { kind: "Status", message: "VMI stuck is configured with an eviction strategy but is not live-migratable" },
    });
    const facts = await look(cluster, { dryRunIsSafe: ({ versions }) => versions.kubevirt === "v1.9.0" });
    expect(Object.entries(facts.dryRuns).map(([uid, { kind }]) => [uid, kind])).toEqual([
      ["pod-web", "evicted"],
      ["pod-stuck", "not-migratable"],
    ]);
    expect(facts.dryRunsLeftOut).toBeUndefined();
  });

  it.each([
    ["KubeVirt's webhook", "virt-launcher-eviction-interceptor.kubevirt.io", 4],
    ["a webhook of others, which may concern some pods alone,", "guard.example.com", 9],
  ])("are not asked for pod after pod while %s is silent: each takes ten seconds", async (_whose, webhook, most) => {
    const cluster = clusterOf("worker-1");
    const message = `Internal error occurred: failed calling webhook "${webhook}": context deadline exceeded`;
    for (let at = 1; at <= 9; at++) {
      putVm(cluster, "prod", `vm-${at}`, "worker-1");
      cluster.evictions.set(`virt-launcher-vm-${at}-abcde`, { status: 500, body: { kind: "Status", message } });
    }
    const facts = await look(cluster, { dryRunIsSafe: () => true });
    const answers = Object.values(facts.dryRuns);
    expect(answers.map(({ kind }) => kind)).toEqual(Array(9).fill("webhook-unreachable"));
    const sent = cluster.requests.filter((request) => request.startsWith("evict"));
    expect(sent.length).toBeLessThanOrEqual(most);
    expect(answers.filter((answer) => answer.message === `not asked, for others: ${message}`)).toHaveLength(
      9 - sent.length,
    );
  });

  it("are asked for all pods where the webhook answers now and then", async () => {
    const cluster = clusterOf("worker-1");
    const message = 'failed calling webhook "virt-launcher-eviction-interceptor.kubevirt.io": EOF';
    for (let at = 1; at <= 9; at++) {
      putVm(cluster, "prod", `vm-${at}`, "worker-1");
      if (at % 2 === 0)
        cluster.evictions.set(`virt-launcher-vm-${at}-abcde`, { status: 500, body: { kind: "Status", message } });
    }
    await look(cluster, { dryRunIsSafe: () => true });
    expect(cluster.requests.filter((request) => request.startsWith("evict"))).toHaveLength(9);
  });

  it("are left out where KubeVirt might carry them out", async () => {
    const cluster = clusterOf("worker-1");
    putVm(cluster, "prod", "web", "worker-1");
    const facts = await look(cluster, { dryRunIsSafe: () => false });
    expect(cluster.requests.filter((request) => request.startsWith("evict"))).toEqual([]);
    expect(facts.dryRunsLeftOut).toBe("KubeVirt v1.9.0 may carry out a dry run for real");
  });

  it("are left out, with a gap where they would have told that virt-api does not answer", async () => {
    const cluster = clusterOf("worker-1");
    putVm(cluster, "prod", "web", "worker-1");
    cluster.unavailable = ["subresources.kubevirt.io/v1"];
    const gap = { resource: "subresources.kubevirt.io", reason: "virt-api does not answer" };
    expect((await look(cluster, { dryRunIsSafe: () => false })).gaps).toContainEqual(gap);
    expect((await look(cluster, { dryRunIsSafe: () => true })).gaps).not.toContainEqual(gap);
  });

  it("are left out, without a gap, when the user may not evict", async () => {
    const cluster = clusterOf("worker-1");
    putVm(cluster, "prod", "web", "worker-1");
    cluster.mayEvict = [];
    const facts = await look(cluster, { dryRunIsSafe: () => true });
    expect(facts.dryRunsLeftOut).toBe("you may not create pods/eviction in namespace prod");
    expect(facts).toMatchObject({ dryRuns: {}, gaps: [] });
  });

  it("are asked for in those namespaces in which the user may evict", async () => {
    const cluster = clusterOf("worker-1");
    putVm(cluster, "prod", "web", "worker-1");
    putVm(cluster, "test", "ci", "worker-1");
    cluster.mayEvict = ["test"];
    const facts = await look(cluster, { dryRunIsSafe: () => true });
    expect(Object.keys(facts.dryRuns)).toEqual(["pod-ci"]);
    expect(facts.dryRunsLeftOut).toContain("prod");
  });
});

describe("selectNodes", () => {
  it("gives the names that a label selector chooses", async () => {
    const cluster = clusterOf("worker-1");
    cluster.put("nodes", rawNode("worker-9", { metadata: { labels: { rack: "b" } } }));
    expect(await selectNodes(cluster.client(), "rack=b")).toEqual(["worker-9"]);
  });
});
