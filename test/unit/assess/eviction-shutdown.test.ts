/** Table D, rows 14 to 22: VMs that are shut down, the budgets that forbid it, and who starts them again. */

import { describe, expect, it } from "vitest";
import { factsWith, someFacts } from "../../builders/facts.ts";
import { aBudget, aCondition, aNode, anOwner, onlyOn } from "../../builders/kubernetes.ts";
import { aKubeVirt, aRunningVm, aVm } from "../../builders/kubevirt.ts";
import { brief, nodeVerdict, vmVerdict } from "./verdicts.ts";

const plain = aRunningVm("plain", { strategy: "None" });

describe("D14, several budgets", () => {
  it("block a VM that is to be shut down", () => {
    const vm = vmVerdict(factsWith([plain], { budgets: [aBudget("a"), aBudget("b")] }));
    expect(brief(vm)).toEqual(["D14", "blocks", "SeveralBudgets"]);
    expect(vm.findings[0]?.fix).toBe("kubectl delete pdb b -n prod");
  });

  it("are not asked for a Pending pod", () => {
    const starting = aRunningVm("plain", { strategy: "None", pod: { phase: "Pending" } });
    expect(brief(vmVerdict(factsWith([starting], { budgets: [aBudget("a"), aBudget("b")] })))[0]).toBe("D19");
  });

  const own = aBudget("kubevirt-disruption-budget-x", { owner: anOwner("VirtualMachineInstance", "web"), allowed: 0 });

  it.each([
    ["v1.4.2", "D14"],
    ["v1.5.0", "D13"],
    ["v1.9.0", "D13"],
    [undefined, "D13"],
  ])("count KubeVirt's own with the user's for a VM that migrates under %s: %s", (kubevirt, row) => {
    const facts = factsWith([aRunningVm("web")], {
      versions: { kubevirt },
      kubevirt: aKubeVirt({ observedVersion: kubevirt }),
    });
    expect(brief(vmVerdict({ ...facts, budgets: [own, aBudget("mine")] }))[0]).toBe(row);
    expect(brief(vmVerdict({ ...facts, budgets: [own] }))[0]).toBe("D13");
  });
});

describe("D15, a budget that cannot be computed", () => {
  it.each([
    ["maxUnavailable", { maxUnavailable: 1, allowed: 0 }],
    ["a percentage as maxUnavailable", { maxUnavailable: "50%", allowed: 0 }],
    ["a percentage as minAvailable", { minAvailable: "50%", allowed: 0 }],
  ])("blocks for ever: %s", (_, options) => {
    const vm = vmVerdict(factsWith([plain], { budgets: [aBudget("ledger", options)] }));
    expect(brief(vm)).toEqual(["D15", "blocks", "BudgetNeverAllows"]);
    expect(vm.findings[0]?.fix).toBe(
      `kubectl patch pdb ledger -n prod --type merge -p '{"spec":{"maxUnavailable":null,"minAvailable":0}}'`,
    );
  });
});

describe("D16, a spent budget", () => {
  it("blocks", () => {
    const budgets = [aBudget("ledger", { allowed: 0, healthy: 2, desired: 2, minAvailable: 2 })];
    const vm = vmVerdict(factsWith([plain], { budgets }));
    expect(brief(vm)).toEqual(["D16", "blocks", "BudgetSpent"]);
    expect(vm.findings[0]?.reason).toContain("PDB ledger allows no disruption (needs 2 healthy pods, has 2).");
  });
});

describe("D17, a budget that keeps unready pods", () => {
  it("blocks a paused VM", () => {
    const paused = aRunningVm("plain", { strategy: "None", pod: { ready: false } });
    const vm = vmVerdict(factsWith([paused], { budgets: [aBudget("ledger", { allowed: 0, healthy: 0, desired: 1 })] }));
    expect(brief(vm)).toEqual(["D17", "blocks", "BudgetKeepsUnready"]);
  });
});

describe("D18, a budget that lets some go at a time", () => {
  const pair = [aRunningVm("a", { strategy: "None" }), aRunningVm("b", { strategy: "None", runStrategy: "Manual" })];

  it("gives the outcome of the owner's row, with a note", () => {
    const node = nodeVerdict(factsWith(pair, { budgets: [aBudget("both", { allowed: 1 })] }));
    expect(node.vms.map(brief)).toEqual([
      ["D18", "restarts", "ShutsDownRestarts", "BudgetAllowsSome"],
      ["D18", "stops", "ShutsDownStaysOff", "BudgetAllowsSome"],
    ]);
    expect(node.vms[0]?.findings[1]?.reason).toContain("PDB both lets 1 of 2 pods go at a time");
  });

  it("loses for good what stays down: no more of that may go than may be away", () => {
    const [a, b] = pair;
    const more = aRunningVm("c", { strategy: "None", runStrategy: "Manual" });
    const judged = (allowed: number, unready = false) => {
      const c = unready ? aRunningVm("c", { strategy: "None", runStrategy: "Manual", pod: { ready: false } }) : more;
      return nodeVerdict(
        factsWith(
          [a, b, c].flatMap((vm) => vm ?? []),
          { budgets: [aBudget("all", { allowed })] },
        ),
      );
    };
    const lost = judged(1);
    expect(lost.vms.map(({ row, outcome }) => [row, outcome])).toEqual([
      ["D18", "restarts"],
      ["D18", "stops"],
      ["D16", "blocks"],
    ]);
    expect(lost.vms[2]?.findings[0]).toMatchObject({ code: "BudgetSpent", proof: { value: "1" } });
    expect(lost.verdict).toBe("blocks");
    expect(judged(2).verdict).toBe("drains");
    expect(judged(1, true).verdict).toBe("drains");
  });

  it("does not hold when all may go", () => {
    const node = nodeVerdict(factsWith(pair, { budgets: [aBudget("both", { allowed: 2 })] }));
    expect(node.vms.map((vm) => vm.row)).toEqual(["D19", "D21"]);
  });

  it("does not count VMs that migrate: no eviction of them reaches the budget", () => {
    const vms = [aRunningVm("a", { strategy: "None" }), aRunningVm("b")];
    const node = nodeVerdict(factsWith(vms, { budgets: [aBudget("both", { allowed: 1 })] }));
    expect(node.vms.map((vm) => vm.row)).toEqual(["D19", "D13"]);
  });
});

describe("D18b, nowhere to start again", () => {
  it("stays down when no other node fits", () => {
    const nodes = [
      aNode("worker-1"),
      aNode("worker-2", { taints: [{ key: "gpu", value: "yes", effect: "NoSchedule" }] }),
    ];
    const vm = vmVerdict(factsWith([plain], { nodes }));
    expect(brief(vm)).toEqual(["D18b", "stops", "StaysDownNoNode"]);
    expect(vm.findings[0]?.reason).toContain("No other node fits: worker-2: taint gpu=yes:NoSchedule.");
  });

  it("stays down when the other nodes are drained by the same command", () => {
    const facts = factsWith([plain], { targets: ["worker-1", "worker-2", "worker-3"] });
    expect(brief(vmVerdict(facts))).toEqual(["D18b", "stops", "StaysDownNoNode"]);
  });

  it("stays down when its disk exists only on this node", () => {
    const volume = { name: "data", claimName: "data", hostDisk: false, hotpluggable: false };
    const facts = factsWith([aRunningVm("plain", { strategy: "None", volumes: [volume] })], {
      claims: [
        { metadata: { ...aVm("data").metadata, name: "data" }, volumeName: "pv", accessModes: ["ReadWriteOnce"] },
      ],
      volumes: [{ metadata: aNode("pv").metadata, accessModes: [], nodeAffinity: onlyOn("worker-1") }],
    });
    const vm = vmVerdict(facts);
    expect(brief(vm)).toEqual(["D18b", "stops", "StaysDownNoNode"]);
    expect(vm.findings[0]?.reason).toContain("its disk data exists only on worker-1");
  });

  it("stays down when a disk is a file of this node", () => {
    const volume = { name: "file", hostDisk: true, hotpluggable: false };
    const vm = vmVerdict(factsWith([aRunningVm("plain", { strategy: "None", volumes: [volume] })]));
    expect(vm.findings[0]?.reason).toContain("its disk file exists only on worker-1");
  });
});

describe("D19, shut down and started again", () => {
  it("restarts a VM with runStrategy Always", () => {
    const vm = vmVerdict(factsWith([aRunningVm("plain", { strategy: "None", graceSeconds: 60 })]));
    expect(brief(vm)).toEqual(["D19", "restarts", "ShutsDownRestarts"]);
    expect(vm.findings[0]?.reason).toBe(
      "Will be shut down within 60 s (strategy None). It is started again on another node (runStrategy Always).",
    );
  });

  it("restarts a VM without any strategy", () => {
    const vm = vmVerdict(factsWith([aRunningVm("plain", { strategy: undefined })]));
    expect(vm).toMatchObject({ row: "D19", strategy: { value: "None", from: "default" } });
    expect(vm.findings[0]?.reason).toContain("no eviction strategy is set");
  });

  it("restarts a member of a replica set", () => {
    const owner = anOwner("VirtualMachineInstanceReplicaSet", "farm");
    expect(brief(vmVerdict(factsWith([aRunningVm("farm-1", { strategy: "None", owner })])))).toEqual([
      "D19",
      "restarts",
      "ShutsDownRestarts",
    ]);
  });

  it("is not known to happen when the VM could not be read: counted as staying down, and unknown", () => {
    const vm = aRunningVm("plain", { strategy: "None" });
    const facts = someFacts({
      vmis: [vm.vmi],
      pods: [vm.pod],
      gaps: [{ resource: "virtualmachines", namespace: "prod", reason: "forbidden" }],
    });
    expect(brief(vmVerdict(facts))).toEqual(["unknown", "stops", "Unreadable"]);
    expect(nodeVerdict(facts).verdict).toBe("unknown");
    expect(nodeVerdict(facts, { waived: ["Unreadable"] }).verdict).toBe("drains");
  });
});

describe("D20, RerunOnFailure", () => {
  it("probably stays off", () => {
    const vm = vmVerdict(factsWith([aRunningVm("plain", { strategy: "None", runStrategy: "RerunOnFailure" })]));
    expect(brief(vm)).toEqual(["D20", "stops", "ShutsDownProbablyStaysOff"]);
    expect(vm.findings[0]?.fix).toBe("virtctl start plain -n prod");
  });
});

describe("D21, not started again", () => {
  it.each(["Manual", "Once", "Halted", "WaitAsReceiver", "Sometimes"])("stops under runStrategy %s", (runStrategy) => {
    const vm = vmVerdict(factsWith([aRunningVm("plain", { strategy: "None", runStrategy })]));
    expect(brief(vm)).toEqual(["D21", "stops", "ShutsDownStaysOff"]);
    expect(vm.findings[0]?.reason).toContain(`(runStrategy ${runStrategy})`);
  });

  it("takes a VM without runStrategy for Halted", () => {
    const { vmi, pod } = plain;
    const facts = someFacts({ vmis: [vmi], pods: [pod], virtualMachines: [aVm("plain", { runStrategy: undefined })] });
    expect(brief(vmVerdict(facts))).toEqual(["D21", "stops", "ShutsDownStaysOff"]);
  });

  it("holds for a VM with ManualRecoveryRequired, whatever its runStrategy", () => {
    const vmConditions = [aCondition("ManualRecoveryRequired", "True", { message: "VMI was removed" })];
    const vm = vmVerdict(factsWith([aRunningVm("plain", { strategy: "None", vmConditions })]));
    expect(brief(vm)).toEqual(["D21", "stops", "ShutsDownStaysOff"]);
    expect(vm.findings[0]?.proof.value).toBe("VMI was removed");
  });
});

describe("D22, nobody owns it", () => {
  it("stops a bare VMI", () => {
    const vm = vmVerdict(factsWith([aRunningVm("bench", { strategy: "None", runStrategy: undefined })]));
    expect(brief(vm)).toEqual(["D22", "stops", "BareVmi"]);
  });

  it("stops a VMI whose VM is gone, or whose owner is not known", () => {
    const orphaned = aRunningVm("plain", { strategy: "None" });
    expect(brief(vmVerdict(someFacts({ vmis: [orphaned.vmi], pods: [orphaned.pod] })))[0]).toBe("D22");
    const foreign = aRunningVm("plain", { strategy: "None", owner: anOwner("Spaceship", "x") });
    const vm = vmVerdict(factsWith([foreign]));
    expect(brief(vm)).toEqual(["D22", "stops", "BareVmi"]);
    expect(vm.findings[0]?.reason).toContain("Spaceship x");
  });
});
