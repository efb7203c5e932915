/** Table D, rows 8 to 13: VMs that must migrate, what keeps them from it, and strategies that nobody knows. */

import { describe, expect, it } from "vitest";
import { factsWith } from "../../builders/facts.ts";
import { aBudget, aNode, at } from "../../builders/kubernetes.ts";
import { aKubeVirt, aLauncherPod, aMigration, aRunningVm } from "../../builders/kubevirt.ts";
import { brief, nodeVerdict, vmVerdict } from "./verdicts.ts";

const evacuation = { annotations: { "kubevirt.io/evacuationMigration": "worker-1" } };

function failed(name: string, minutesAgo: number) {
  return aMigration(name, "web", {
    phase: "Failed",
    created: at(-60 * minutesAgo),
    since: at(-60 * minutesAgo + 30),
    state: { failed: true, failureReason: "target pod is down" },
    ...evacuation,
  });
}

describe("D8, must migrate but cannot", () => {
  const options = {
    migratable: "False",
    migratableReason: "DisksNotLiveMigratable",
    migratableMessage: "PVC data is not shared",
  } as const;

  it("blocks, and says why", () => {
    const vm = vmVerdict(factsWith([aRunningVm("db", options)]));
    expect(brief(vm)).toEqual(["D8", "blocks", "NotLiveMigratable"]);
    expect(vm.findings[0]?.reason).toContain("cannot: DisksNotLiveMigratable: PVC data is not shared. Shut it down");
    expect(vm.findings[0]?.fix).toBe("virtctl stop db -n prod");
  });

  it("offers a bare VMI's deletion, there is no VM to stop", () => {
    const vm = vmVerdict(factsWith([aRunningVm("db", { ...options, runStrategy: undefined })]));
    expect(vm.findings[0]?.fix).toBe("kubectl delete vmi db -n prod");
  });

  it("does not hold under LiveMigrateIfPossible, which shuts it down", () => {
    const vm = vmVerdict(factsWith([aRunningVm("db", { ...options, strategy: "LiveMigrateIfPossible" })]));
    expect(brief(vm)).toEqual(["D19", "restarts", "ShutsDownRestarts"]);
    expect(vm.findings[0]?.reason).toContain("LiveMigrateIfPossible, and it cannot migrate: DisksNotLiveMigratable");
  });
});

describe("D9, strategy External", () => {
  it.each(["True", "False", undefined] as const)(
    "waits for whoever manages it, migratable or not (%s)",
    (migratable) => {
      const facts = factsWith([aRunningVm("web", { strategy: "External", migratable })]);
      expect(brief(vmVerdict(facts))).toEqual(["D9", "waits", "ExternalStrategy"]);
      expect(nodeVerdict(facts).verdict).toBe("unknown");
      expect(nodeVerdict(facts, { waived: ["ExternalStrategy"] }).verdict).toBe("drains");
    },
  );
});

describe("D10, an evacuation that fails", () => {
  const marked = aRunningVm("web", { evacuationNodeName: "worker-1" });

  it("moves, with the number of failures and the time of the next try", () => {
    const vm = vmVerdict(factsWith([marked], { migrations: [failed("m1", 3), failed("m2", 1)] }));
    expect(brief(vm)).toEqual(["D10", "moves", "EvacuationFailing"]);
    expect(vm.findings[0]?.reason).toBe(
      "Its evacuation failed 2 times (next try in about 10 s); last: target pod is down.",
    );
  });

  it("promises no further try while one runs", () => {
    const second = aMigration("m2", "web", { created: at(-9), ...evacuation });
    const vm = vmVerdict(factsWith([marked], { migrations: [failed("m1", 60), second] }));
    expect(vm.findings.map(({ reason }) => reason)).toEqual([
      expect.stringContaining("Already migrating"),
      "Its evacuation failed once and is tried again; last: target pod is down.",
    ]);
  });

  it("blocks after four failures in a row", () => {
    const migrations = [failed("m1", 9), failed("m2", 7), failed("m3", 5), failed("m4", 1)];
    expect(brief(vmVerdict(factsWith([marked], { migrations })))).toEqual([
      "D10",
      "blocks",
      "MigrationFailedRepeatedly",
    ]);
    const fifth = aMigration("m5", "web", { phase: "Pending", created: at(-5), ...evacuation });
    expect(brief(vmVerdict(factsWith([marked], { migrations: [...migrations, fifth] })))[1]).toBe("blocks");
  });

  it("has hope again while the fifth try copies", () => {
    const migrations = [failed("m1", 9), failed("m2", 7), failed("m3", 5), failed("m4", 1)];
    const vm = aRunningVm("web", {
      evacuationNodeName: "worker-1",
      migrationState: { migrationUid: "uid-m5", startTimestamp: at(-5) },
    });
    const fifth = aMigration("m5", "web", { created: at(-9), ...evacuation });
    expect(brief(vmVerdict(factsWith([vm], { migrations: [...migrations, fifth] })))).toEqual([
      "D5",
      "moves",
      "AlreadyMigrating",
      "EvacuationFailing",
    ]);
  });

  it.each([
    [
      "a success came after it",
      [failed("m1", 5), aMigration("m2", "web", { phase: "Succeeded", created: at(-60), ...evacuation })],
    ],
    ["it was no evacuation", [aMigration("m1", "web", { phase: "Failed" })]],
    ["it concerned an earlier VMI of that name", [failed("m1", 120)]],
    ["it concerned another VMI", [aMigration("m1", "cache", { phase: "Failed", ...evacuation })]],
  ])("does not count a failure when %s", (_, migrations) => {
    expect(brief(vmVerdict(factsWith([marked], { migrations })))[0]).toBe("D13");
  });

  it("does not hold without a mark", () => {
    expect(brief(vmVerdict(factsWith([aRunningVm("web")], { migrations: [failed("m1", 1)] })))[0]).toBe("D13");
  });

  it("takes the drain taint for a mark", () => {
    const nodes = [
      aNode("worker-1", { taints: [{ key: "kubevirt.io/drain", effect: "NoSchedule" }] }),
      aNode("worker-2"),
    ];
    const facts = factsWith([aRunningVm("web")], { nodes, migrations: [failed("m1", 1)] });
    expect(brief(vmVerdict(facts))[0]).toBe("D10");
  });
});

describe("D11, a pod of an earlier migration", () => {
  const marked = aRunningVm("web", { evacuationNodeName: "worker-1" });
  const stuck = aLauncherPod(marked.vmi, { name: "virt-launcher-web-old", uid: "uid-old", node: "worker-2" });

  it("is waited for", () => {
    const vm = vmVerdict(factsWith([marked], { pods: [stuck] }));
    expect(brief(vm)).toEqual(["D11", "waits", "EarlierMigrationPod"]);
    expect(vm.findings[0]?.reason).toContain("virt-launcher-web-old");
  });

  it("does not count when it is the target of a migration that has not been seen yet", () => {
    const labels = { "kubevirt.io/migrationJobUID": "uid-just-made" };
    const target = aLauncherPod(marked.vmi, { name: "target", uid: "uid-target", node: "worker-2", labels });
    expect(brief(vmVerdict(factsWith([marked], { pods: [target] })))[0]).toBe("D13");
  });

  it("does not count when it has finished, or before there is a mark", () => {
    const finished = aLauncherPod(marked.vmi, { name: "old", uid: "uid-old", node: "worker-2", phase: "Succeeded" });
    expect(brief(vmVerdict(factsWith([marked], { pods: [finished] })))[0]).toBe("D13");
    expect(brief(vmVerdict(factsWith([aRunningVm("web")], { pods: [stuck] })))[0]).toBe("D13");
  });
});

describe("D12, a name that no migration can bear", () => {
  const longest = "a".repeat(63);

  it("blocks where the VM would have to migrate", () => {
    const vm = vmVerdict(factsWith([aRunningVm(`${longest}b`)]));
    expect(brief(vm)).toEqual(["D12", "blocks", "NameTooLong"]);
    expect(vm.findings[0]?.fix).toBe(`virtctl stop ${longest}b -n prod`);
    expect(brief(vmVerdict(factsWith([aRunningVm(longest)])))[0]).toBe("D13");
  });

  it("does not matter where it is shut down", () => {
    expect(brief(vmVerdict(factsWith([aRunningVm(`${longest}b`, { strategy: "None" })])))[0]).toBe("D19");
  });
});

describe("D12, no other node fits", () => {
  it("does not advise to uncordon a node that its node selector excludes", () => {
    const nodes = [aNode("worker-1"), aNode("worker-2", { unschedulable: true })];
    const pinned = aRunningVm("web", { nodeSelector: { "kubernetes.io/hostname": "worker-1" } });
    expect(vmVerdict(factsWith([pinned], { nodes })).findings[0]?.fix).toBe("virtctl stop web -n prod");
  });

  it("blocks, and says why of each node", () => {
    const nodes = [
      aNode("worker-1"),
      aNode("worker-2", { unschedulable: true }),
      aNode("worker-3", { ready: "False" }),
    ];
    const vm = vmVerdict(factsWith([aRunningVm("web")], { nodes }));
    expect(brief(vm)).toEqual(["D12", "blocks", "NoNodeFits"]);
    expect(vm.findings[0]?.reason).toContain("no other node fits: worker-2: cordoned; worker-3: not Ready.");
  });

  it("blocks a VM that its nodeSelector pins to the node", () => {
    const vm = vmVerdict(factsWith([aRunningVm("web", { nodeSelector: { "kubernetes.io/hostname": "worker-1" } })]));
    expect(brief(vm)[0]).toBe("D12");
    expect(vm.findings[0]?.reason).toContain("its nodeSelector pins it to worker-1");
  });

  it("does not matter to a migration that has found its node", () => {
    const nodes = [aNode("worker-1"), aNode("worker-2", { unschedulable: true })];
    const state = { migrationUid: "uid-m", startTimestamp: at(-20), targetNode: "worker-2" };
    expect(brief(vmVerdict(factsWith([aRunningVm("web", { migrationState: state })], { nodes })))).toEqual([
      "D5",
      "moves",
      "AlreadyMigrating",
    ]);
  });

  it("moves, but unknown, when other nodes' pods could not be read", () => {
    const facts = factsWith([aRunningVm("web")], { roomKnown: [] });
    expect(brief(vmVerdict(facts))).toEqual(["D13", "moves", "LiveMigrates", "RoomUnknown"]);
    expect(nodeVerdict(facts).verdict).toBe("unknown");
    expect(nodeVerdict(facts, { waived: ["RoomUnknown"] }).verdict).toBe("drains");
  });

  it("blocks a VM that bears the mark of another node, because evictions do nothing then", () => {
    const vm = vmVerdict(factsWith([aRunningVm("web", { evacuationNodeName: "worker-9" })]));
    expect(brief(vm)).toEqual(["D12", "blocks", "StaleEvacuationMark"]);
    expect(vm.findings[0]?.fix).toBe(
      `echo '{"evacuationNodeName":"worker-9"}' | kubectl replace --raw /apis/subresources.kubevirt.io/v1/namespaces/prod/virtualmachineinstances/web/evacuate/cancel -f -`,
    );
    const old = factsWith([aRunningVm("web", { evacuationNodeName: "worker-9" })], { evacuateCancel: false });
    expect(vmVerdict(old).findings[0]?.fix).toBeUndefined();
  });
});

describe("D13, will be live-migrated", () => {
  it.each(["LiveMigrate", "LiveMigrateIfPossible"])("moves under %s", (strategy) => {
    expect(brief(vmVerdict(factsWith([aRunningVm("web", { strategy })])))).toEqual(["D13", "moves", "LiveMigrates"]);
  });

  it("takes the cluster's strategy where the VMI has none", () => {
    const kubevirt = aKubeVirt({ evictionStrategy: "LiveMigrate" });
    const vm = vmVerdict(factsWith([aRunningVm("web", { strategy: undefined })], { kubevirt }));
    expect(vm).toMatchObject({ row: "D13", strategy: { value: "LiveMigrate", from: "cluster" } });
  });

  it("says that disks are copied, too", () => {
    const vm = vmVerdict(factsWith([aRunningVm("web", { migrationMethod: "BlockMigration" })]));
    expect(brief(vm)).toEqual(["D13", "moves", "LiveMigrates", "DisksCopied"]);
  });

  it("is not stopped by any budget, which only evictions ask for", () => {
    const budgets = [aBudget("a", { allowed: 0 }), aBudget("b", { maxUnavailable: 1 })];
    const vm = vmVerdict(factsWith([aRunningVm("web")], { budgets }));
    expect(vm).toMatchObject({ row: "D13", outcome: "moves", budgets: ["a", "b"] });
  });
});

describe("a strategy that nobody knows", () => {
  const odd = factsWith([aRunningVm("odd", { strategy: "Teleport" })]);

  it("is unknown", () => {
    expect(brief(vmVerdict(odd))).toEqual(["unknown", "unknown", "StrategyUnknown"]);
    expect(nodeVerdict(odd).verdict).toBe("unknown");
  });

  it("counts as one under which KubeVirt lets the eviction pass, once that was accepted", () => {
    expect(brief(vmVerdict(odd, "odd", { waived: ["StrategyUnknown"] }))[0]).toBe("D19");
  });

  it("is the cluster's where that could not be read", () => {
    const facts = factsWith([aRunningVm("web", { strategy: undefined })], { kubevirt: undefined });
    expect(brief(vmVerdict(facts))).toEqual(["unknown", "unknown", "StrategyUnknown"]);
  });

  it.each([
    [
      "the KubeVirt resource",
      aKubeVirt({ evictionStrategy: "Teleport" }),
      "kubectl patch kubevirt kubevirt -n kubevirt",
    ],
    [
      "HyperConverged where that owns it",
      {
        ...aKubeVirt({ evictionStrategy: "Teleport" }),
        metadata: { ...aKubeVirt().metadata, name: "kubevirt-kubevirt-hyperconverged" },
      },
      "kubectl patch hyperconvergeds.v1beta1.hco.kubevirt.io kubevirt-hyperconverged -n kubevirt",
    ],
  ])("is cured in %s", (_, kubevirt, command) => {
    const vm = vmVerdict(factsWith([aRunningVm("web", { strategy: undefined })], { kubevirt }));
    expect(vm.findings[0]?.fix).toContain(command);
  });
});
