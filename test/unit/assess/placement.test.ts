/** Which nodes can take a VM, judged one by one. */

import { describe, expect, it } from "vitest";
import { roomWanted } from "../../../lib/assess/check.ts";
import type { Node, NodeSelector } from "../../../lib/model/kubernetes.ts";
import { factsWith } from "../../builders/facts.ts";
import { aClaim, aNode, aPod, aVolume, noAffinity, onlyOn, selecting } from "../../builders/kubernetes.ts";
import { aRunningVm, type VmOptions } from "../../builders/kubevirt.ts";
import { brief, nodeVerdict, refusal, vmVerdict } from "./verdicts.ts";

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
