/** Table D: what an eviction does to a VM, row by row. */
import { describe, expect, it } from "vitest";
import { factsWith, someFacts } from "../../builders/facts.ts";
import { aBudget, aCondition, aNode, anOwner, at, onlyOn } from "../../builders/kubernetes.ts";
import { aKubeVirt, aLauncherPod, aMigration, aRunningVm, aVm, aVmi } from "../../builders/kubevirt.ts";
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
      factsWith([aRunningVm("web")], { migrations: [aMigration("m", "web", { phase: "Pending" })] }),
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
      "Evacuation is being retried: it failed 2 times, last: target pod is down. Next try in about 10 s.",
    );
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
