/** Where a VM could go: node by node, and counted over all that must go. */
import { describe, expect, it } from "vitest";
import { assess, roomWanted } from "../../../lib/assess/check.ts";
import { PlacesInOrder, placeAll } from "../../../lib/assess/placement.ts";
import { placesOf } from "../../../lib/assess/room.ts";
import { indexFacts } from "../../../lib/assess/subjects.ts";
import type { Facts } from "../../../lib/model/facts.ts";
import type { Node, NodeSelector, Pod, SpreadConstraint } from "../../../lib/model/kubernetes.ts";
import { factsWith } from "../../builders/facts.ts";
import { aClaim, aNode, aPod, aSpread, at, aVolume, noAffinity, onlyOn, selecting } from "../../builders/kubernetes.ts";
import { aLauncherPod, aMigration, aRunningVm, aVmi, type VmOptions } from "../../builders/kubevirt.ts";
import { brief, nodeVerdict, vmVerdict } from "./verdicts.ts";

/** Why the one other node does not take a VM that must migrate; undefined when it does. */
function refusal(options: VmOptions, other: Node, pods: readonly Pod[] = [], source = aNode("worker-1")) {
  const facts = factsWith([aRunningVm("web", options)], { nodes: [source, other], roomKnown: ["worker-2"], pods });
  const vm = vmVerdict(facts, "web");
  if (vm.outcome === "moves") return undefined;
  return /no other node fits: (.*)\. The target pod/.exec(vm.findings[0]?.reason ?? "")?.[1];
}

const vendor = "cpu-vendor.node.kubevirt.io/";

it("a VM that only a cordon keeps from another node is cured by taking that off, any other by shutting it down", () => {
  const fixWith = (options: Parameters<typeof aNode>[1]) =>
    vmVerdict(factsWith([aRunningVm("web")], { nodes: [aNode("worker-1"), aNode("worker-2", options)] }), "web")
      .findings[0]?.fix;
  expect(fixWith({ unschedulable: true })).toBe("kubectl uncordon worker-2");
  expect(fixWith({ ready: "False" })).toBe("virtctl stop web -n prod");
});

describe("where a VM can migrate to", () => {
  it.each([
    ["a healthy node", {}, undefined],
    ["a node that is not Ready", { ready: "Unknown" }, "worker-2: not Ready"],
    ["a cordoned node", { unschedulable: true }, "worker-2: cordoned"],
    [
      "a node without virt-handler",
      { labels: { "kubevirt.io/schedulable": "false" } },
      "worker-2: KubeVirt runs no VMs there (kubevirt.io/schedulable is not true)",
    ],
    ["a tainted node", { taints: [{ key: "a", effect: "NoExecute" }] }, "worker-2: taint a:NoExecute"],
    ["a node that is only discouraged", { taints: [{ key: "a", effect: "PreferNoSchedule" }] }, undefined],
    [
      "a node with too little memory",
      { allocatable: { memory: "1Gi" } },
      "worker-2: too little memory: needs 2Gi, 1Gi free",
    ],
    ["a node with too little CPU", { allocatable: { cpu: "50m" } }, "worker-2: too little cpu: needs 100m, 50m free"],
    [
      "a node without virtualisation",
      { allocatable: { "devices.kubevirt.io/kvm": "0" } },
      "worker-2: too little devices.kubevirt.io/kvm: needs 1, 0 free",
    ],
    [
      "a node that is full of pods",
      { allocatable: { pods: "0" } },
      "worker-2: no pod more may run there (limit of pods)",
    ],
  ])("%s", (_, options, expected) => {
    expect(refusal({}, aNode("worker-2", options))).toBe(expected);
  });

  it("names a resource that the node does not have at all", () => {
    expect(refusal({ pod: { requests: { "nvidia.com/gpu": "1" } } }, aNode("worker-2"))).toBe(
      "worker-2: has no nvidia.com/gpu",
    );
  });

  it("tolerates what the VM tolerates", () => {
    const tolerations = [{ key: "a", operator: "Exists" }];
    expect(
      refusal({ tolerations }, aNode("worker-2", { taints: [{ key: "a", effect: "NoSchedule" }] })),
    ).toBeUndefined();
  });

  it.each([
    ["zone", "east", "worker-2: does not match its nodeSelector (zone=east)"],
    ["kubernetes.io/arch", "arm64", "worker-2: is not of architecture arm64"],
    ["cpu-model.node.kubevirt.io/Icelake", "true", "worker-2: does not offer CPU model Icelake"],
    ["cpu-feature.node.kubevirt.io/avx512", "true", "worker-2: lacks CPU feature avx512"],
    ["cpu-vendor.node.kubevirt.io/Intel", "true", "worker-2: has no CPU of vendor Intel"],
  ])("wants the label %s of its node selector", (key, value, expected) => {
    expect(refusal({ nodeSelector: { [key]: value } }, aNode("worker-2"))).toBe(expected);
    expect(
      refusal({ nodeSelector: { [key]: value } }, aNode("worker-2", { labels: { [key]: value } })),
    ).toBeUndefined();
  });

  it("wants the node affinity", () => {
    const requiredNodes: NodeSelector = onlyOn("worker-1", "worker-3");
    const affinity = { ...noAffinity, requiredNodes };
    expect(refusal({ affinity }, aNode("worker-2"))).toBe("worker-2: does not match its node affinity");
    expect(
      refusal({ affinity: { ...noAffinity, requiredNodes: onlyOn("worker-2") } }, aNode("worker-2")),
    ).toBeUndefined();
  });

  it("stays with the CPU vendor of its node", () => {
    const intel = aNode("worker-1", { labels: { [`${vendor}Intel`]: "true" } });
    const amd = aNode("worker-2", { labels: { [`${vendor}AMD`]: "true" } });
    expect(refusal({}, amd, [], intel)).toBe("worker-2: has no CPU of vendor Intel");
    expect(refusal({}, aNode("worker-2", { labels: { [`${vendor}Intel`]: "true" } }), [], intel)).toBeUndefined();
  });

  describe("with host-model", () => {
    const source = aNode("worker-1", {
      labels: {
        "host-model-cpu.node.kubevirt.io/Icelake": "true",
        "host-model-required-features.node.kubevirt.io/vmx": "true",
      },
    });
    const model = { "cpu-model-migration.node.kubevirt.io/Icelake": "true" };
    const feature = { "cpu-feature.node.kubevirt.io/vmx": "true" };

    it("needs a node that can take over the CPU of its first node", () => {
      expect(refusal({ cpuModel: "host-model" }, aNode("worker-2"), [], source)).toBe(
        "worker-2: cannot take over a VM with host CPU model Icelake",
      );
      expect(refusal({ cpuModel: "host-model" }, aNode("worker-2", { labels: model }), [], source)).toBe(
        "worker-2: lacks CPU feature vmx",
      );
      const good = aNode("worker-2", { labels: { ...model, ...feature } });
      expect(refusal({ cpuModel: "host-model" }, good, [], source)).toBeUndefined();
    });

    it("keeps the CPU that an earlier migration took along", () => {
      const pod = {
        labels: { "kubevirt.io/migrationJobUID": "uid-earlier" },
        nodeSelector: { "cpu-model-migration.node.kubevirt.io/Haswell": "true" },
      };
      expect(refusal({ cpuModel: "host-model", pod }, aNode("worker-2", { labels: model }), [], source)).toBe(
        "worker-2: cannot take over a VM with host CPU model Haswell",
      );
    });

    it("does not matter to other models", () => {
      expect(refusal({ cpuModel: "host-passthrough" }, aNode("worker-2"), [], source)).toBeUndefined();
    });
  });

  it("forgets what an earlier migration asked for by itself", () => {
    const nodeSelector = { "kubernetes.io/hostname": "worker-1" };
    const pod = { labels: { "kubevirt.io/migrationJobUID": "uid-earlier" }, nodeSelector };
    expect(refusal({ pod }, aNode("worker-2"))).toBeUndefined();
    expect(refusal({ pod: { nodeSelector } }, aNode("worker-2"))).toBe(
      "worker-2: its nodeSelector pins it to worker-1",
    );
  });

  it("is not kept away by its own pods when it starts anew: KubeVirt keeps a migration's target apart from those of the same VMI", () => {
    const own = { "kubevirt.io/created-by": "uid-vmi-web" };
    const term = { labelSelector: selecting(own), topologyKey: "kubernetes.io/hostname", namespaces: [] };
    const apart = { labels: own, affinity: { ...noAffinity, requiredAntiPods: [term] } };
    const target = aPod("target", { node: "worker-2", ...apart });
    expect(refusal({ pod: { labels: own } }, aNode("worker-2"), [target])).toContain("does not tolerate it near");
    for (const pod of [{ labels: own }, apart]) {
      const facts = factsWith([aRunningVm("web", { strategy: "None", pod })], {
        nodes: [aNode("worker-1"), aNode("worker-2")],
        pods: [target],
        roomKnown: ["worker-2"],
      });
      expect(brief(vmVerdict(facts, "web"))[1]).toBe("restarts");
    }
  });

  it("must reach its disks", () => {
    const volumes = [{ name: "data", claimName: "data", hostDisk: false, hotpluggable: false }];
    const facts = (nodes: NodeSelector | undefined) =>
      factsWith([aRunningVm("web", { volumes })], { claims: [aClaim("data", "pv")], volumes: [aVolume("pv", nodes)] });
    expect(brief(vmVerdict(facts(onlyOn("worker-1"))))[0]).toBe("D12");
    expect(brief(vmVerdict(facts(onlyOn("worker-1", "worker-3"))))[0]).toBe("D13");
    expect(brief(vmVerdict(facts(undefined)))[0]).toBe("D13");
    const reason = vmVerdict(facts(onlyOn("worker-1"))).findings[0]?.reason;
    expect(reason).toContain("no other node fits: its disk data exists only on worker-1.");
  });

  it("proves it by the field of the first node that does not take it", () => {
    const proof = (options: VmOptions, other: Node) =>
      vmVerdict(factsWith([aRunningVm("web", options)], { nodes: [aNode("worker-1"), other] })).findings[0]?.proof;
    const object = { kind: "node", name: "worker-2" };
    expect(proof({}, aNode("worker-2", { allocatable: { memory: "1Gi" } }))).toEqual({
      object,
      field: "status.allocatable[memory]",
      value: "1Gi, 1Gi of it free",
    });
    expect(proof({ nodeSelector: { zone: "east" } }, aNode("worker-2", { labels: { zone: "west" } }))).toEqual({
      object,
      field: "metadata.labels[zone]",
      value: "west",
    });
  });

  it("is not known when the other nodes could not be read", () => {
    const gaps = [{ resource: "nodes", reason: "forbidden" }];
    const facts = factsWith([aRunningVm("web"), aRunningVm("down", { strategy: "None" })], {
      nodes: [aNode("worker-1")],
      gaps,
    });
    expect(nodeVerdict(facts).vms.map(brief)).toEqual([
      ["D19", "restarts", "ShutsDownRestarts", "RoomUnknown"],
      ["D13", "moves", "LiveMigrates", "RoomUnknown"],
    ]);
    expect(roomWanted(facts, { waived: new Set() })).toEqual([]);
  });

  it("says when there is no other node", () => {
    const facts = factsWith([aRunningVm("web")], { nodes: [aNode("worker-1")] });
    expect(vmVerdict(facts).findings[0]?.reason).toContain("there is no other node");
  });

  it("puts nodes with the same reason together, and shortens long lists", () => {
    const others = [2, 3, 4, 5, 6, 7].map((at) => aNode(`worker-${at}`, { unschedulable: at < 7 }));
    const nodes = [aNode("worker-1"), ...others.slice(0, 5), aNode("worker-7", { ready: "False" })];
    const reason = vmVerdict(factsWith([aRunningVm("web")], { nodes })).findings[0]?.reason;
    expect(reason).toContain("worker-2, worker-3, worker-4 and 2 more: cordoned; worker-7: not Ready.");
  });
});

describe("a VM that tolerates a cordon", () => {
  const tolerations = [{ operator: "Exists" }];
  const nodes = [aNode("worker-1"), aNode("worker-2"), aNode("worker-3")];
  const stopped = { strategy: "None", tolerations };

  it("may be started again on the node that it has just left, which is then not drained", () => {
    const facts = factsWith([aRunningVm("web", stopped)], { nodes });
    expect(brief(vmVerdict(facts))).toEqual(["D19", "restarts", "ShutsDownRestarts", "ToleratesCordon"]);
    expect(vmVerdict(facts).findings[1]).toMatchObject({
      reason: expect.stringContaining("may put it on worker-1 again"),
      proof: { field: "spec.tolerations", value: '{"operator":"Exists"}' },
    });
    expect(nodeVerdict(facts).verdict).toBe("unknown");
    expect(nodeVerdict(facts, { waived: ["ToleratesCordon"] }).verdict).toBe("drains");
  });

  it("does not stay down where no other node takes it", () => {
    const facts = factsWith([aRunningVm("web", stopped)], { nodes: [aNode("worker-1")] });
    expect(brief(vmVerdict(facts))).toEqual(["D19", "restarts", "ShutsDownRestarts", "ToleratesCordon"]);
    expect(vmVerdict(facts).findings[1]?.reason).toMatch(
      /^No other node fits: there is no other node\. It tolerates a cordon: .* may put it on worker-1 again/,
    );
  });

  it("does not where something else keeps it away, or it is not started again", () => {
    const elsewhere = { ...stopped, nodeSelector: { "kubernetes.io/hostname": "worker-2" } };
    expect(brief(vmVerdict(factsWith([aRunningVm("web", elsewhere)], { nodes })))).not.toContain("ToleratesCordon");
    const bare = factsWith([aRunningVm("web", { ...stopped, runStrategy: undefined })], { nodes });
    expect(brief(vmVerdict(bare))).not.toContain("ToleratesCordon");
  });

  it("never migrates to where it is, but to the other nodes of the same drain", () => {
    const vm = aRunningVm("web", { tolerations });
    expect(brief(vmVerdict(factsWith([vm], { nodes })))).toEqual(["D13", "moves", "LiveMigrates"]);
    const both = factsWith([vm], { nodes, targets: ["worker-1", "worker-2"] });
    expect(brief(vmVerdict(both))).toEqual(["D13", "moves", "LiveMigrates", "ToleratesCordon"]);
    expect(vmVerdict(both).findings[1]?.reason).toContain("may put it on worker-2 again");
  });
});

describe("a VM that fits nowhere, but has a higher priority than others", () => {
  const nodes = [aNode("worker-1"), aNode("worker-2", { allocatable: { memory: "32Gi" } })];
  const important = { strategy: "None", pod: { requests: { memory: "20Gi" }, priority: 100 } };
  const moving = { ...important, strategy: "LiveMigrate" };
  const there = (name: string, memory: string, priority: number) =>
    aPod(name, { node: "worker-2", requests: { memory }, priority });
  const judged = (pods: readonly Pod[], options: VmOptions = important) =>
    vmVerdict(factsWith([aRunningVm("web", options)], { nodes, pods, roomKnown: ["worker-2"] }), "web");

  it("starts, and pushes out as few as are needed, the lowest first", () => {
    const vm = judged([there("least", "16Gi", -10), there("less", "10Gi", 10), there("small", "1Gi", -10)]);
    expect(brief(vm)).toEqual(["D19", "restarts", "ShutsDownRestarts", "PushesOutOthers"]);
    expect(vm.findings[1]?.reason).toMatch(/removing pods of lower priority, such as prod\/least\.$/);
  });

  it("does so where the most important that must go is the least important", () => {
    const both = [...nodes, aNode("worker-3", { allocatable: { memory: "31Gi" } })];
    const on = (node: string, name: string, memory: string, priority: number) =>
      aPod(name, { node, requests: { memory }, priority });
    const pods = [
      on("worker-2", "least", "1Gi", -20),
      on("worker-2", "less", "28Gi", 10),
      on("worker-3", "batch", "28Gi", -10),
    ];
    const facts = factsWith([aRunningVm("web", moving)], { nodes: both, pods, roomKnown: ["worker-2", "worker-3"] });
    expect(vmVerdict(facts, "web").findings[1]?.reason).toMatch(/such as prod\/batch\.$/);
  });

  it("pushes out those that do not tolerate it near", () => {
    const term = { labelSelector: selecting({ app: "web" }), topologyKey: "kubernetes.io/hostname", namespaces: [] };
    const shy = aPod("shy", { node: "worker-2", affinity: { ...noAffinity, requiredAntiPods: [term] } });
    expect(judged([shy], { ...important, labels: { app: "web" } }).findings[1]?.code).toBe("PushesOutOthers");
  });

  it.each<[string, readonly Pod[], VmOptions]>([
    ["the others are as important", [there("peer", "30Gi", 100)], important],
    ["their going would not be enough", [there("least", "10Gi", 0), there("peer", "20Gi", 100)], important],
    [
      "it never pushes others out",
      [there("least", "30Gi", 0)],
      { ...important, pod: { ...important.pod, neverPreempts: true } },
    ],
    ["it may not run there anyway", [there("least", "30Gi", 0)], { ...important, nodeSelector: { disk: "fast" } }],
  ])("stays down, or cannot migrate, where %s", (_why, pods, options) => {
    expect(brief(judged(pods, options))).toEqual(["D18b", "stops", "StaysDownNoNode"]);
    expect(brief(judged(pods, { ...options, strategy: "LiveMigrate" }))).toEqual(["D12", "blocks", "NoNodeFits"]);
  });

  it("migrates, and its target pod pushes them out", () => {
    const vm = judged([there("least", "16Gi", -10), there("less", "10Gi", 10)], moving);
    expect(brief(vm)).toEqual(["D13", "moves", "LiveMigrates", "PushesOutOthers"]);
    expect(vm.findings[1]?.reason).toMatch(/removing pods of lower priority, such as prod\/least\.$/);
  });

  it("goes on migrating while they end, and who agreed to that agrees to nothing else", () => {
    const ending = aPod("least", { node: "worker-2", requests: { memory: "30Gi" }, deletionTimestamp: at(30) });
    const facts = factsWith([aRunningVm("web", moving)], {
      nodes,
      pods: [ending],
      roomKnown: ["worker-2"],
      migrations: [aMigration("m", "web", { phase: "Scheduling" })],
    });
    expect(brief(vmVerdict(facts, "web"))).toEqual(["D5", "moves", "AlreadyMigrating", "PushesOutOthers"]);
    expect(nodeVerdict(facts, { waived: ["PushesOutOthers"] }).verdict).toBe("drains");
  });

  it.each<[string, VmOptions, VmOptions, readonly string[]]>([
    [
      "pods make way once, and for the most important",
      moving,
      { ...moving, pod: { ...moving.pod, priority: 99 } },
      ["moves", "blocks"],
    ],
    [
      "those that are on their way do not make way",
      moving,
      { pod: { requests: { memory: "31Gi" } } },
      ["blocks", "moves"],
    ],
  ])("of two: %s", (_what, web, other, outcomes) => {
    const pods = other.pod?.priority === undefined ? [] : [there("least", "30Gi", 0)];
    const facts = factsWith([aRunningVm("web", web), aRunningVm("db", other)], {
      nodes,
      pods,
      roomKnown: ["worker-2"],
    });
    expect(["web", "db"].map((name) => vmVerdict(facts, name).outcome)).toEqual(outcomes);
  });

  it("leaves the picture as it was for the next question", () => {
    const facts = factsWith([aRunningVm("web", moving)], {
      nodes,
      pods: [there("least", "30Gi", 0)],
      roomKnown: ["worker-2"],
    });
    const places = new PlacesInOrder(placesOf(indexFacts(facts)));
    const before = structuredClone(places.all);
    const arrival = { pod: aPod("new", { ...moving.pod, node: "worker-1" }), source: "worker-1", disks: [] };
    const { fits } = placeAll([{ key: "web", arrival, moves: true }], places);
    expect(fits.get("web")).toMatchObject({ kind: "none", victims: ["prod/least"] });
    expect(places.all).toEqual(before);
  });

  it("must be accepted", () => {
    const facts = factsWith([aRunningVm("web", important)], {
      nodes,
      pods: [there("least", "30Gi", 0)],
      roomKnown: ["worker-2"],
    });
    expect(nodeVerdict(facts).verdict).toBe("unknown");
    expect(nodeVerdict(facts, { waived: ["PushesOutOthers"] }).verdict).toBe("drains");
  });
});

describe("affinity between pods", () => {
  const zone = (name: string, value: string) => aNode(name, { labels: { zone: value } });
  const term = (labels: Record<string, string>, topologyKey = "kubernetes.io/hostname", fields = {}) => ({
    labelSelector: selecting(labels),
    topologyKey,
    namespaces: [],
    ...fields,
  });
  const wants = (...terms: ReturnType<typeof term>[]) => ({ ...noAffinity, requiredPods: terms });
  const avoids = (...terms: ReturnType<typeof term>[]) => ({ ...noAffinity, requiredAntiPods: terms });
  const other = aPod("other", { node: "worker-2", labels: { app: "db" } });

  it("keeps away from pods that it avoids", () => {
    expect(refusal({ affinity: avoids(term({ app: "db" })) }, aNode("worker-2"), [other])).toBe(
      "worker-2: anti-affinity with pod prod/other",
    );
    expect(refusal({ affinity: avoids(term({ app: "cache" })) }, aNode("worker-2"), [other])).toBeUndefined();
  });

  it("does not keep a VM from its own migration, whose pod is seen before the migration is", () => {
    const vm = aRunningVm("web", { affinity: avoids(term({ "kubevirt.io/created-by": "uid-vmi-web" })) });
    const target = aLauncherPod(aVmi("web"), {
      name: "virt-launcher-web-new",
      uid: "uid-new",
      node: "worker-2",
      labels: { "kubevirt.io/migrationJobUID": "uid-unseen" },
    });
    const facts = factsWith([vm], {
      nodes: [aNode("worker-1"), aNode("worker-2")],
      roomKnown: ["worker-2"],
      pods: [target],
    });
    expect(brief(vmVerdict(facts, "web"))).toEqual(["D13", "moves", "LiveMigrates"]);
  });

  it("keeps away from pods that avoid it", () => {
    const shy = aPod("shy", { node: "worker-2", affinity: avoids(term({ app: "web" })) });
    expect(refusal({ labels: { app: "web" } }, aNode("worker-2"), [shy])).toBe(
      "worker-2: pod prod/shy does not tolerate it near (anti-affinity)",
    );
    expect(refusal({ labels: { app: "cache" } }, aNode("worker-2"), [shy])).toBeUndefined();
  });

  it("keeps away from VMs that avoid it and that have only just been placed there", () => {
    const facts = factsWith(
      [aRunningVm("shy", { affinity: avoids(term({ app: "web" })) }), aRunningVm("web", { labels: { app: "web" } })],
      { nodes: [aNode("worker-1"), aNode("worker-2")], roomKnown: ["worker-2"] },
    );
    expect(vmVerdict(facts, "shy").outcome).toBe("moves");
    expect(vmVerdict(facts, "web").findings[0]?.reason).toContain("does not tolerate it near (anti-affinity)");
  });

  it("ignores pods that have finished, and pods of other namespaces", () => {
    const finished = aPod("other", { node: "worker-2", labels: { app: "db" }, phase: "Succeeded" });
    const elsewhere = aPod("other", { node: "worker-2", labels: { app: "db" }, namespace: "lab" });
    const affinity = avoids(term({ app: "db" }));
    expect(refusal({ affinity }, aNode("worker-2"), [finished, elsewhere])).toBeUndefined();
    const everywhere = avoids(term({ app: "db" }, "kubernetes.io/hostname", { namespaceSelector: selecting({}) }));
    expect(refusal({ affinity: everywhere }, aNode("worker-2"), [elsewhere])).toContain("lab/other");
  });

  it("goes only near pods that it wants", () => {
    const affinity = wants(term({ app: "db" }));
    expect(refusal({ affinity }, aNode("worker-2"), [other])).toBeUndefined();
    expect(refusal({ affinity }, aNode("worker-2"))).toBe("worker-2: no pod near it that its affinity asks for");
  });

  it("wants pods that match all terms, and is not served by two that match one each", () => {
    const affinity = wants(term({ app: "db" }), term({ tier: "back" }));
    const back = aPod("back", { node: "worker-2", labels: { tier: "back" } });
    const both = aPod("both", { node: "worker-2", labels: { app: "db", tier: "back" } });
    expect(refusal({ affinity }, aNode("worker-2"), [other, back])).toBe(
      "worker-2: no pod near it that its affinity asks for",
    );
    expect(refusal({ affinity }, aNode("worker-2"), [both])).toBeUndefined();
  });

  it("is not the first of its kind for one term where another term has pods already", () => {
    const affinity = wants(term({ app: "web" }), term({ app: "web" }, "zone"));
    const vm = aRunningVm("web", { strategy: "None", labels: { app: "web" }, affinity });
    const nodes = [zone("worker-1", "a"), zone("worker-2", "b"), aNode("worker-3")];
    const peer = aPod("peer", { node: "worker-3", labels: { app: "web" } });
    expect(brief(vmVerdict(factsWith([vm], { nodes })))[0]).toBe("D19");
    expect(brief(vmVerdict(factsWith([vm], { nodes, pods: [peer] })))[0]).toBe("D18b");
  });

  it("finds them in the same zone", () => {
    const nodes = [zone("worker-1", "a"), zone("worker-2", "b"), zone("worker-3", "b")];
    const vm = aRunningVm("web", { affinity: wants(term({ app: "db" }, "zone")) });
    const near = aPod("db", { node: "worker-3", labels: { app: "db" } });
    expect(brief(vmVerdict(factsWith([vm], { nodes, pods: [near] })))[0]).toBe("D13");
  });

  it("cannot migrate when it wants to be near its own kind, which is where it comes from", () => {
    expect(refusal({ labels: { app: "web" }, affinity: wants(term({ app: "web" })) }, aNode("worker-2"))).toBe(
      "worker-2: no pod near it that its affinity asks for",
    );
  });

  it("can start again, because then it is the first of its kind", () => {
    const vm = aRunningVm("web", { strategy: "None", labels: { app: "web" }, affinity: wants(term({ app: "web" })) });
    expect(brief(vmVerdict(factsWith([vm])))[0]).toBe("D19");
  });

  it("follows the VMs that it wants to be near", () => {
    const leader = aRunningVm("leader", { labels: { app: "db" } });
    const follower = aRunningVm("a-follower", { affinity: wants(term({ app: "db" })) });
    const node = nodeVerdict(factsWith([leader, follower]));
    expect(node.vms.map((vm) => vm.row)).toEqual(["D13", "D13"]);
  });

  it("does not guess at a namespaceSelector, and says so", () => {
    const fields = { namespaceSelector: selecting({ team: "x" }) };
    const vm = aRunningVm("web", { affinity: wants(term({ app: "db" }, "zone", fields)) });
    expect(brief(vmVerdict(factsWith([vm])))).toEqual(["D13", "moves", "LiveMigrates", "PlacementNotSimulated"]);
    expect(nodeVerdict(factsWith([vm])).verdict).toBe("unknown");
  });
});

describe("topologySpreadConstraints that must be met", () => {
  const nodes = ["worker-1", "worker-2", "worker-3"].map((name) => aNode(name));
  const roomKnown = ["worker-2", "worker-3"];
  const labels = { app: "web" };
  const peer = (name: string, node: string, options = {}) => aPod(name, { node, labels, ...options });
  const onBoth = [peer("a", "worker-2"), peer("b", "worker-3")];
  const judged = (
    spread: SpreadConstraint,
    pods: readonly Pod[],
    options: VmOptions = {},
    fields: Partial<Facts> = {},
  ) =>
    vmVerdict(
      factsWith([aRunningVm("web", { labels, ...options, pod: { spread: [spread] } })], {
        nodes,
        roomKnown,
        pods,
        ...fields,
      }),
      "web",
    );

  it("let a VM move to where fewest are", () => {
    expect(brief(judged(aSpread(labels), [peer("a", "worker-2")]))).toEqual(["D13", "moves", "LiveMigrates"]);
  });

  it("keep a VM from starting again, because the drained node counts as one without any", () => {
    expect(brief(judged(aSpread(labels), onBoth, { strategy: "None" }))[0]).toBe("D18b");
    expect(judged(aSpread(labels), onBoth, { strategy: "None" }).findings[0]?.reason).toContain(
      "worker-2, worker-3: more of its kind than elsewhere (topologySpreadConstraints, kubernetes.io/hostname)",
    );
  });

  it("do not keep a VM from migrating where each node has one, as its own is still there", () => {
    expect(brief(judged(aSpread(labels), onBoth))).toEqual(["D13", "moves", "LiveMigrates"]);
  });

  it.each<[string, SpreadConstraint, readonly Pod[]]>([
    ["more may be there", aSpread(labels, { maxSkew: 2 }), onBoth],
    ["other pods are meant", aSpread({ app: "db" }), onBoth],
    ["no pod is selected", { ...aSpread(labels), labelSelector: undefined }, onBoth],
    ["an empty selector, too, selects none", aSpread({}), onBoth],
    [
      "the others are of another namespace",
      aSpread(labels),
      onBoth.map((pod) => ({ ...pod, metadata: { ...pod.metadata, namespace: "lab" } })),
    ],
    [
      "the others are ending",
      aSpread(labels),
      onBoth.map((pod) => ({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: at(9) } })),
    ],
    [
      "the others differ in a label that must be alike",
      aSpread(labels, { matchLabelKeys: ["rev"] }),
      [peer("a", "worker-2", { labels: { ...labels, rev: "2" } })],
    ],
    ["the drained node does not count", aSpread(labels, { honoursTaints: true }), onBoth],
  ])("let it start again where %s", (_why, spread, pods) => {
    const options = { strategy: "None", labels: { ...labels, rev: "1" } };
    expect(brief(judged(spread, pods, options))[0]).toBe("D19");
  });

  it.each<[string, SpreadConstraint, string]>([
    ["on nodes without the label", aSpread(labels, { topologyKey: "rack" }), "has no label rack, over whose values"],
    [
      "where there are fewer domains than must be",
      aSpread(labels, { minDomains: 4 }),
      "more of its kind than elsewhere",
    ],
  ])("keep a VM away %s", (_why, spread, reason) => {
    const pods = [...onBoth, peer("c", "worker-1")];
    expect(judged(spread, pods).findings[0]?.reason).toContain(reason);
  });

  it("count only nodes where the pod may run, unless nodeAffinityPolicy is Ignore", () => {
    const fast = [aNode("worker-1"), aNode("worker-2", { labels: { disk: "fast" } })];
    const options = { strategy: "None", nodeSelector: { disk: "fast" } };
    const rows = [false, true].map((ignoresAffinity) =>
      brief(judged(aSpread(labels, { ignoresAffinity }), [peer("a", "worker-2")], options, { nodes: fast })),
    );
    expect(rows.map(([row]) => row)).toEqual(["D19", "D18b"]);
  });

  it("are not told while the pods of a node are not read, or not all nodes are", () => {
    const unread = { roomKnown: ["worker-2"] };
    expect(brief(judged(aSpread(labels), [], {}, unread))).toEqual(["D13", "moves", "LiveMigrates", "RoomUnknown"]);
    expect(brief(judged(aSpread(labels), [], {}, { nodesUnread: true }))[3]).toBe("RoomUnknown");
  });
});

describe("room, counted over the whole set", () => {
  const small = [aNode("worker-1"), aNode("worker-2", { allocatable: { memory: "5Gi" } })];

  it("counts the pods that are there", () => {
    const full = aPod("full", { node: "worker-2", requests: { memory: "4Gi" } });
    expect(refusal({}, small[1] as Node, [full])).toBe("worker-2: too little memory: needs 2Gi, 1Gi free");
  });

  it("takes from the next what it gave to the first", () => {
    const vms = ["a", "b", "c"].map((name) => aRunningVm(name));
    const node = nodeVerdict(factsWith(vms, { nodes: small }));
    expect(node.vms.map((vm) => [vm.name, vm.row])).toEqual([
      ["a", "D13"],
      ["b", "D13"],
      ["c", "D12"],
    ]);
    expect(node.vms[2]?.findings[0]?.reason).toContain("too little memory: needs 2Gi, 1Gi free");
  });

  it("places movers before those that restart, and the large before the small", () => {
    const vms = [
      aRunningVm("a-restarts", { strategy: "None", pod: { requests: { memory: "3Gi" } } }),
      aRunningVm("b-small", { pod: { requests: { memory: "1Gi" } } }),
      aRunningVm("c-large", { pod: { requests: { memory: "4Gi" } } }),
    ];
    const node = nodeVerdict(factsWith(vms, { nodes: small }));
    expect(node.vms.map((vm) => [vm.name, vm.row])).toEqual([
      ["a-restarts", "D18b"],
      ["b-small", "D13"],
      ["c-large", "D13"],
    ]);
  });

  it("gives the same answer in whatever order the objects come", () => {
    const vms = ["a", "b", "c", "d"].map((name) => aRunningVm(name));
    const facts = factsWith(vms, { nodes: small });
    const reversed = { ...facts, pods: [...facts.pods].reverse(), vmis: [...facts.vmis].reverse() };
    expect(nodeVerdict(reversed)).toEqual(nodeVerdict(facts));
  });

  it("does not count a VM that stays", () => {
    const vms = [aRunningVm("a", { migratable: "False" }), aRunningVm("b"), aRunningVm("c")];
    const node = nodeVerdict(factsWith(vms, { nodes: small }));
    expect(node.vms.map((vm) => vm.row)).toEqual(["D8", "D13", "D13"]);
  });

  it("says where the least room is left", () => {
    const nodes = [
      aNode("worker-1"),
      aNode("worker-2", { allocatable: { memory: "8Gi" } }),
      aNode("worker-3", { allocatable: { memory: "7Gi" } }),
    ];
    const vms = ["a", "b"].map((name) => aRunningVm(name));
    expect(assess(factsWith(vms, { nodes }), { waived: new Set() }).smallestRoom).toEqual({
      node: "worker-3",
      memory: "5Gi",
    });
    expect(assess(factsWith([], { nodes }), { waived: new Set() }).smallestRoom).toBeUndefined();
  });

  it("counts the VMs of all targets together", () => {
    const nodes = [aNode("worker-1"), aNode("worker-2"), aNode("worker-3", { allocatable: { memory: "3Gi" } })];
    const there = aVmi("b", { node: "worker-2" });
    const facts = factsWith([aRunningVm("a")], {
      nodes,
      targets: ["worker-1", "worker-2"],
      vmis: [there],
      pods: [aLauncherPod(there)],
    });
    const check = assess(facts, { waived: new Set() });
    expect(check.nodes.map((node) => node.vms.map((vm) => vm.row))).toEqual([["D13"], ["D12"]]);
    expect(check.nodes[1]?.vms[0]?.findings[0]?.reason).toContain("worker-1: is to be drained, too");
  });
});

describe("roomWanted", () => {
  const nodes = [
    aNode("worker-1"),
    aNode("worker-2", { allocatable: { memory: "3Gi" } }),
    aNode("worker-3"),
    aNode("worker-4", { unschedulable: true }),
  ];
  const options = { waived: new Set<string>() };

  it("names the nodes that might take the VMs, the largest first", () => {
    expect(roomWanted(factsWith([aRunningVm("a")], { nodes, roomKnown: [] }), options)).toEqual([
      "worker-3",
      "worker-2",
    ]);
  });

  it("wants no more once everything fits", () => {
    expect(roomWanted(factsWith([aRunningVm("a")], { nodes, roomKnown: ["worker-2"] }), options)).toEqual([]);
  });

  it("goes on while something does not", () => {
    const vms = [aRunningVm("a"), aRunningVm("b")];
    expect(roomWanted(factsWith(vms, { nodes, roomKnown: ["worker-2"] }), options)).toEqual(["worker-3"]);
  });

  it("wants nothing for VMs that stay", () => {
    expect(
      roomWanted(factsWith([aRunningVm("a", { migratable: "False" })], { nodes, roomKnown: [] }), options),
    ).toEqual([]);
  });
});
