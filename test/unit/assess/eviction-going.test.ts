/** Table D, rows 1 to 7: VMs that are going already, and those of which it cannot be told yet. */

import { describe, expect, it } from "vitest";
import { factsWith, someFacts } from "../../builders/facts.ts";
import { aBudget, aCondition, anOwner, at } from "../../builders/kubernetes.ts";
import { aKubeVirt, aLauncherPod, aMigration, aRunningVm, aVmi } from "../../builders/kubevirt.ts";
import { brief, nodeVerdict, vmVerdict } from "./verdicts.ts";

describe("D1, a finished pod", () => {
  it("is a leftover and no VM", () => {
    const vmi = aVmi("web", { node: "worker-2" });
    const leftover = aLauncherPod(vmi, { node: "worker-1", phase: "Succeeded" });
    const node = nodeVerdict(someFacts({ vmis: [vmi], pods: [leftover] }));
    expect(node.vms).toEqual([]);
    expect(node.leftovers).toEqual([{ namespace: "prod", name: leftover.metadata.name, uid: leftover.metadata.uid }]);
    expect(node.verdict).toBe("drains");
  });
});

describe("D2, a launcher pod without its VMI", () => {
  const pod = aLauncherPod(aVmi("web"));

  it("blocks", () => {
    const vm = vmVerdict(someFacts({ pods: [pod], absent: ["prod/web"] }));
    expect(brief(vm)).toEqual(["D2", "blocks", "OrphanLauncherPod"]);
    expect(vm).toMatchObject({ name: "web", uid: pod.metadata.uid, pod: { name: pod.metadata.name } });
    expect(vm.findings[0]?.fix).toBe("kubectl delete pod virt-launcher-web-x2x4l -n prod");
  });

  it("is not told before its VMI was looked for by name: it may start, arrive, or have just left", () => {
    expect(brief(vmVerdict(someFacts({ pods: [pod] })))).toEqual(["D7", "waits", "VmiNotReadYet"]);
    expect(brief(vmVerdict(someFacts({ pods: [pod], absent: ["prod/other"] })))[0]).toBe("D7");
  });

  it("takes a VMI that was made anew under the same name for another one", () => {
    const later = aVmi("web", { uid: "uid-later", node: "worker-2" });
    expect(brief(vmVerdict(someFacts({ pods: [pod], vmis: [later] })))[0]).toBe("D2");
  });

  it("never takes a pod that was orphaned or restored for one of the VMI that bears the name, however young it is", () => {
    const namesake = aVmi("web", { uid: "uid-later", node: "worker-2" });
    const labels = { ...pod.metadata.labels, "kubevirt.io/created-by": "uid-before" };
    const metadata = { ...pod.metadata, labels, ownerReferences: [], creationTimestamp: "2030-01-01T00:00:00Z" };
    const verdict = vmVerdict(someFacts({ pods: [{ ...pod, metadata }], vmis: [namesake] }));
    expect(brief(verdict)).toEqual(["D2", "blocks", "OrphanLauncherPod"]);
    expect(verdict.findings[0]?.reason).toContain("an eviction would concern another one of its name");
  });

  it("waits for the VMI of a pod that is younger than the VMI that bears the name: that one is the run before", () => {
    const made = <T extends typeof pod | ReturnType<typeof aVmi>>(object: T, creationTimestamp: string): T => ({
      ...object,
      metadata: { ...object.metadata, creationTimestamp },
    });
    const before = made(aVmi("web", { uid: "uid-before", phase: "Succeeded" }), "2026-08-22T09:00:00Z");
    const next = made(pod, "2026-08-22T10:00:00Z");
    expect(brief(vmVerdict(someFacts({ pods: [next], vmis: [before] })))).toEqual(["D7", "waits", "VmiNotReadYet"]);
  });

  it("is unknown, and never D2, when VMIs could not be read", () => {
    const gaps = [{ resource: "virtualmachineinstances", reason: "forbidden" }];
    const node = nodeVerdict(someFacts({ pods: [pod], gaps }), { waived: ["Unreadable"] });
    expect(node.vms.map(brief)).toEqual([["unknown", "unknown", "Unreadable"]]);
    expect(node.verdict).toBe("unknown");
  });

  it("is unknown when nothing tells whose pod it is, because KubeVirt would let it be evicted", () => {
    const { metadata } = pod;
    const nameless = { ...pod, metadata: { ...metadata, annotations: {}, ownerReferences: [] } };
    const node = nodeVerdict(someFacts({ pods: [nameless] }), { waived: ["Unreadable"] });
    expect(node.vms.map(brief)).toEqual([["unknown", "unknown", "Unreadable"]]);
    expect(node.verdict).toBe("unknown");
  });

  it("waits for a pod that is being deleted already", () => {
    const going = aLauncherPod(aVmi("web"), { deletionTimestamp: at(20) });
    expect(brief(vmVerdict(someFacts({ pods: [going] })))).toEqual(["D3", "waits", "ShuttingDown"]);
  });
});

describe("D3, shutting down", () => {
  it.each([
    ["a pod that is being deleted", aRunningVm("web", { pod: { deletionTimestamp: at(45) } }), "wait for up to 45 s"],
    [
      "a VMI that is being deleted",
      aRunningVm("web", { deletionTimestamp: at(0), graceSeconds: 90 }),
      "for up to 90 s",
    ],
    ["a VMI that has ended", aRunningVm("web", { phase: "Succeeded" }), "for up to 30 s"],
    ["a deletion that is overdue", aRunningVm("web", { pod: { deletionTimestamp: at(-5) } }), "for up to 0 s"],
  ])("waits for %s", (_, vm, text) => {
    const verdict = vmVerdict(factsWith([vm]));
    expect(brief(verdict)).toEqual(["D3", "waits", "ShuttingDown"]);
    expect(verdict.findings[0]?.reason).toContain(text);
  });

  it("waits for a VMI whose pod is gone", () => {
    const vm = vmVerdict(someFacts({ vmis: [aVmi("web")] }));
    expect(brief(vm)).toEqual(["D3", "waits", "ShuttingDown"]);
    expect(vm.pod).toEqual({ name: "", uid: "" });
  });

  it("is not said of a VM whose pod ends a moment before KubeVirt writes down that it has moved", () => {
    const source = { sourceNode: "worker-1", completed: true };
    for (const migration of [
      aMigration("m", "web", { phase: "Running" }),
      aMigration("m", "web", { phase: "Succeeded", state: source }),
    ])
      expect(brief(vmVerdict(someFacts({ vmis: [aVmi("web")], migrations: [migration] })))).toEqual([
        "D5",
        "moves",
        "AlreadyMigrating",
      ]);
    const earlier = aMigration("m", "web", { phase: "Succeeded", state: { ...source, sourceNode: "worker-9" } });
    expect(brief(vmVerdict(someFacts({ vmis: [aVmi("web")], migrations: [earlier] })))[0]).toBe("D3");
  });

  it("does not believe that the pod is gone when pods could not be read", () => {
    const gaps = [{ resource: "pods", reason: "forbidden" }];
    expect(brief(vmVerdict(someFacts({ vmis: [aVmi("web")], gaps })))).toEqual(["unknown", "unknown", "Unreadable"]);
  });

  it("waits for the old pod of a VM that has left, although it had come to this node by a migration", () => {
    const vmi = aVmi("web", {
      node: "worker-2",
      migrationState: { migrationUid: "uid-away", sourcePod: "virt-launcher-web-x2x4l", completed: true },
    });
    const pod = aLauncherPod(vmi, { node: "worker-1", labels: { "kubevirt.io/migrationJobUID": "uid-here" } });
    const here = aMigration("here", "web", { phase: "Succeeded" });
    const away = aMigration("away", "web", { phase: "Succeeded" });
    for (const migrations of [[here, away], [here], [away], []]) {
      const verdict = vmVerdict(someFacts({ vmis: [vmi], pods: [pod], migrations }));
      expect(brief(verdict)).toEqual(["D3", "waits", "ShuttingDown"]);
      expect(verdict.findings[0]?.reason).toBe("Runs on worker-2 now; its pod here is ending.");
    }
  });

  it("waits for the old pod of a VM that has just left", () => {
    const vmi = aVmi("web", { node: "worker-2" });
    const facts = someFacts({ vmis: [vmi], pods: [aLauncherPod(vmi, { node: "worker-1" })] });
    expect(brief(vmVerdict(facts))).toEqual(["D3", "waits", "ShuttingDown"]);
  });
});

describe("D4, a migration that arrives", () => {
  const vmi = aVmi("web", { node: "worker-2" });
  const target = aLauncherPod(vmi, { node: "worker-1", labels: { "kubevirt.io/migrationJobUID": "uid-m" } });

  it("waits for its end", () => {
    const facts = someFacts({ vmis: [vmi], pods: [target], migrations: [aMigration("m", "web")] });
    const vm = vmVerdict(facts);
    expect(brief(vm)).toEqual(["D4", "waits", "MigrationArriving"]);
    expect(vm.findings[0]?.reason).toContain("A migration of this VM to worker-1 is arriving.");
  });

  it("is not certain to leave again where its strategy does not move it on", () => {
    const drained = (strategy: string, waived: readonly string[] = []) => {
      const coming = aVmi("web", { node: "worker-2", strategy });
      const facts = someFacts({ vmis: [coming], pods: [target], migrations: [aMigration("m", "web")] });
      return nodeVerdict(facts, { waived });
    };
    expect(drained("None").vms.map(brief)).toEqual([["D4", "waits", "MigrationArriving", "ArrivesToStay"]]);
    expect(drained("None").verdict).toBe("unknown");
    expect(drained("None", ["ArrivesToStay"]).verdict).toBe("drains");
    expect(drained("LiveMigrateIfPossible").verdict).toBe("drains");
  });

  it("waits until the migration is over by which the VM has just come", () => {
    const arrived = aVmi("web", { migrationState: { migrationUid: "uid-m", targetNode: "worker-1", completed: true } });
    const pod = aLauncherPod(arrived, { labels: { "kubevirt.io/migrationJobUID": "uid-m" } });
    const facts = (phase: string) =>
      someFacts({ vmis: [arrived], pods: [pod], migrations: [aMigration("m", "web", { phase })] });
    expect(brief(vmVerdict(facts("Running")))).toEqual(["D4", "waits", "MigrationArriving"]);
    expect(brief(vmVerdict(facts("Succeeded")))[0]).not.toBe("D4");
  });

  it("waits for the removal of what a migration left that failed", () => {
    const facts = someFacts({ vmis: [vmi], pods: [target], migrations: [aMigration("m", "web", { phase: "Failed" })] });
    const vm = vmVerdict(facts);
    expect(brief(vm)).toEqual(["D4", "waits", "MigrationArriving"]);
    expect(vm.findings[0]?.reason).toContain("has ended without the VM");
  });
});

describe("D5, migrating away already", () => {
  it("since its own beginning, not since that of the migration which brought it here", () => {
    const before = { migrationUid: "uid-before", completed: true, startTimestamp: at(-500) };
    const facts = factsWith([aRunningVm("web", { migrationState: before })], {
      migrations: [aMigration("m", "web", { phase: "Scheduling", created: at(-20) })],
    });
    expect(vmVerdict(facts).findings[0]?.reason).toBe(`Already migrating since ${at(-20)}.`);
  });

  const state = { migrationUid: "uid-m", startTimestamp: at(-20), sourceNode: "worker-1", targetNode: "worker-3" };

  it("moves, told by the VMI's state", () => {
    const vm = vmVerdict(factsWith([aRunningVm("web", { migrationState: state })]));
    expect(brief(vm)).toEqual(["D5", "moves", "AlreadyMigrating"]);
    expect(vm.migratingTo).toBe("worker-3");
  });

  it("moves, told by an unfinished migration", () => {
    const vm = vmVerdict(
      factsWith([aRunningVm("web")], { migrations: [aMigration("m", "web", { phase: "Pending", created: at(-5) })] }),
    );
    expect(brief(vm)).toEqual(["D5", "moves", "AlreadyMigrating"]);
    expect(vm.findings[0]?.reason).toContain("queued");
  });

  it("says what holds a queued migration up", () => {
    const migration = aMigration("m", "web", { phase: "Pending" });
    const conditions = [aCondition("migrationRejectedByResourceQuota", "True")];
    const held = { ...migration, status: { ...migration.status, conditions } };
    const vm = vmVerdict(factsWith([aRunningVm("web")], { migrations: [held] }));
    expect(vm.findings[0]?.reason).toContain("a resource quota of its namespace refuses the target pod");
  });

  it("is not certain to leave when KubeVirt has made no target pod for a minute, though a slot is free", () => {
    const web = aRunningVm("web");
    const waits = aMigration("m", "web", { phase: "Pending", created: at(-90), since: at(-60) });
    const other = (phase: string, since: string) => aMigration(`o-${phase}`, "db", { phase, created: since });
    const seen = (migrations: readonly (typeof waits)[], running: number | undefined, perNode = 2) =>
      brief(
        vmVerdict(
          factsWith([web, aRunningVm("db")], {
            ...{ migrations, runningMigrations: running },
            kubevirt: aKubeVirt({ migrations: { parallelOutboundMigrationsPerNode: perNode } }),
          }),
          "web",
        ),
      ).slice(2);
    const [ordinary, stuck] = [["AlreadyMigrating"], ["AlreadyMigrating", "TargetNotMade"]];
    expect(seen([waits], 1)).toEqual(stuck);
    expect(seen([{ ...waits, status: { ...waits.status, phase: "Scheduling" } }], 1)).toEqual(ordinary);
    expect(seen([aMigration("m", "web", { phase: "Pending", created: at(-59) })], 1)).toEqual(ordinary);
    // A slot is taken by others of the node, or of the cluster, or has just become free.
    expect(seen([waits, other("Running", at(-200))], 2)).toEqual(stuck);
    expect(seen([waits, other("Running", at(-200))], 2, 1)).toEqual(ordinary);
    expect(seen([waits], 6)).toEqual(ordinary);
    expect(seen([waits], undefined)).toEqual(ordinary);
    expect(seen([waits, other("Succeeded", at(-30))], 1)).toEqual(ordinary);
    // After a failure KubeVirt waits on purpose.
    const annotations = { "kubevirt.io/evacuationMigration": "worker-1" };
    const failure = aMigration("m1", "web", { phase: "Failed", created: at(-300), annotations });
    expect(seen([waits, failure], 1)).toEqual(["AlreadyMigrating", "EvacuationFailing"]);
  });

  it("does not believe a state that has ended, nor a finished migration", () => {
    const ended = { ...state, endTimestamp: at(-5) };
    const migrations = [aMigration("m", "web", { phase: "Succeeded" })];
    expect(brief(vmVerdict(factsWith([aRunningVm("web", { migrationState: ended })], { migrations })))[0]).toBe("D13");
  });

  it("does not take the target of an earlier migration for that of the present one", () => {
    const old = { ...state, migrationUid: "uid-old", endTimestamp: at(-600) };
    const vm = vmVerdict(
      factsWith([aRunningVm("web", { migrationState: old })], { migrations: [aMigration("m", "web")] }),
    );
    expect(vm.row).toBe("D5");
    expect(vm.migratingTo).toBeUndefined();
  });

  it("is not certain to leave when no node fits the target pod", () => {
    const facts = factsWith([aRunningVm("web", { nodeSelector: { zone: "x" } })], {
      migrations: [aMigration("m", "web", { phase: "Scheduling" })],
    });
    const vm = vmVerdict(facts);
    expect(brief(vm)).toEqual(["D5", "moves", "AlreadyMigrating", "TargetFindsNoNode"]);
    expect(vm.findings[1]?.severity).toBe("risk");
    expect(nodeVerdict(facts).verdict).toBe("unknown");
    expect(nodeVerdict(facts, { waived: ["TargetFindsNoNode"] }).verdict).toBe("drains");
  });

  it("does not hold under strategy None: the eviction would shut the guest down, which is said", () => {
    const vm = vmVerdict(factsWith([aRunningVm("web", { strategy: "None", migrationState: state })]));
    expect(brief(vm)).toEqual(["D19", "restarts", "ShutsDownRestarts", "AlreadyMigrating"]);
    expect(vm.findings[1]?.reason).toContain("the drain waits for the migration to end first");
  });
});

describe("D6, virt-api is down", () => {
  it("blocks whatever needs an eviction", () => {
    const vms = [aRunningVm("web"), aRunningVm("plain", { strategy: "None" })];
    const node = nodeVerdict(factsWith(vms, { virtApiNodes: [] }));
    expect(node.vms.map(brief)).toEqual([
      ["D6", "blocks", "VirtApiUnavailable"],
      ["D6", "blocks", "VirtApiUnavailable"],
    ]);
  });

  it("leaves what goes by itself", () => {
    const facts = factsWith([aRunningVm("web", { phase: "Succeeded" })], { virtApiNodes: [] });
    expect(brief(vmVerdict(facts))[0]).toBe("D3");
  });

  it("does not hold where its endpoints could not be read", () => {
    expect(brief(vmVerdict(factsWith([aRunningVm("web")], { virtApiNodes: undefined })))[0]).toBe("D13");
  });

  it("lets evictions pass to the budgets before 1.5, where they shut the guest down", () => {
    const old = { virtApiNodes: [], versions: { kubevirt: "v1.4.0" } };
    expect(brief(vmVerdict(factsWith([aRunningVm("web")], old)))).toEqual(["D19", "restarts", "ShutsDownRestarts"]);
    const own = aBudget("kubevirt-disruption-budget-x", {
      owner: anOwner("VirtualMachineInstance", "web"),
      allowed: 0,
      healthy: 1,
    });
    expect(brief(vmVerdict(factsWith([aRunningVm("web")], { ...old, budgets: [own] })))[0]).toBe("D16");
  });
});

describe("D7, migratability not known yet", () => {
  it.each([undefined, "Unknown"] as const)("waits while LiveMigratable is %s", (migratable) => {
    const vm = vmVerdict(factsWith([aRunningVm("web", { migratable, phase: "Scheduling" })]));
    expect(brief(vm)).toEqual(["D7", "waits", "MigratabilityUnknown"]);
  });

  it("does not matter to a VM that need not migrate", () => {
    const vm = vmVerdict(factsWith([aRunningVm("web", { migratable: undefined, strategy: "LiveMigrateIfPossible" })]));
    expect(brief(vm)).toEqual(["D19", "restarts", "ShutsDownRestarts"]);
  });
});
