/** Findings on a node as a whole, and on what stands behind all its VMs. */
import { describe, expect, it } from "vitest";
import { assess } from "../../../lib/assess/check.ts";
import type { NodeHolder } from "../../../lib/model/facts.ts";
import { factsWith, someFacts } from "../../builders/facts.ts";
import { aNode, aPod } from "../../builders/kubernetes.ts";
import { aKubeVirt, aLauncherPod, aMigration, aRunningVm, aVmi } from "../../builders/kubevirt.ts";
import { codes, findingOf, nodeVerdict } from "./verdicts.ts";

describe("virt-api", () => {
  it("blocks the node when none is ready, also when it has no VM left", () => {
    const node = nodeVerdict(someFacts({ virtApiNodes: [] }));
    expect(codes(node.findings)).toEqual(["VirtApiUnavailable"]);
    expect(node.verdict).toBe("blocks");
  });

  it.each([
    [["worker-1"], true],
    [["worker-1", "worker-1"], true],
    [["worker-1", "worker-2"], false],
    [["worker-2"], false],
    [[""], false],
  ])("warns when it answers only from the node to be drained: %j", (virtApiNodes, warns) => {
    const node = nodeVerdict(someFacts({ virtApiNodes }));
    expect(codes(node.findings).includes("VirtApiOnlyHere")).toBe(warns);
    expect(node.verdict).toBe("drains");
  });

  it("warns when it answers only from nodes of the same command", () => {
    const node = nodeVerdict(someFacts({ targets: ["worker-1", "worker-2"], virtApiNodes: ["worker-1", "worker-2"] }));
    expect(findingOf(node.findings, "VirtApiOnlyHere").reason).toContain("worker-1, worker-2");
  });
});

describe("the node's own state", () => {
  it.each(["False", "Unknown"])("needs a waiver when Ready is %s", (ready) => {
    const facts = someFacts({ nodes: [aNode("worker-1", { ready })] });
    expect(codes(nodeVerdict(facts).findings)).toEqual(["NodeNotReady"]);
    expect(nodeVerdict(facts).verdict).toBe("unknown");
    expect(nodeVerdict(facts, { waived: ["NodeNotReady"] }).verdict).toBe("drains");
    // Whoever types drain for a node that has crashed is told what it needs.
    expect(findingOf(nodeVerdict(facts).findings, "NodeNotReady").fix).toBe(
      "kubectl vmnode recover worker-1 --dry-run",
    );
  });

  it("needs a waiver when KubeVirt does not call it schedulable, because its virt-handler must take part", () => {
    const labelled = (value: string, ready = "True") => {
      const node = aNode("worker-1", { ready });
      return { ...node, metadata: { ...node.metadata, labels: { "kubevirt.io/schedulable": value } } };
    };
    const found = (
      node: ReturnType<typeof aNode>,
      vms = [aRunningVm("web", { strategy: "None", runStrategy: "Halted" })],
    ) => codes(nodeVerdict(factsWith(vms, { nodes: [node] })).findings);
    expect(found(labelled("false"))).toEqual(["HandlerNotReady"]);
    expect(found(labelled("true"))).toEqual([]);
    // Without VMs there is nothing for it to do, and a node that is away is told of once.
    expect(found(labelled("false"), [])).toEqual([]);
    expect(found(labelled("false", "Unknown"))).toEqual(["NodeNotReady"]);
  });

  it("counts a missing Ready condition as not Ready", () => {
    const node = aNode("worker-1");
    const bare = { ...node, status: { ...node.status, conditions: [] } };
    expect(findingOf(nodeVerdict(someFacts({ nodes: [bare] })).findings, "NodeNotReady").proof.value).toBe("<none>");
  });

  it("notes the drain taint, by the key that KubeVirt is set to", () => {
    const taints = [{ key: "example.com/drain", effect: "NoSchedule" }];
    const nodes = [aNode("worker-1", { taints })];
    const kubevirt = aKubeVirt({ migrations: { nodeDrainTaintKey: "example.com/drain" } });
    const node = nodeVerdict(someFacts({ nodes, kubevirt }));
    expect(findingOf(node.findings, "DrainTaint").fix).toBe(
      "kubectl taint node worker-1 example.com/drain:NoSchedule-",
    );
    expect(codes(nodeVerdict(someFacts({ nodes })).findings)).toEqual([]);
  });
});

describe("others who hold the node", () => {
  it.each([
    ["NodeMaintenance", "HeldByNodeMaintenance"],
    ["Remediation", "HeldByRemediation"],
    ["Harvester", "HeldByHarvester"],
    ["Machine", "HeldByMachine"],
    ["Record", "HeldByOperation"],
  ] as const)("%s refuses until it is waived by its kind", (kind, code) => {
    const holders: NodeHolder[] = [{ node: "worker-1", kind, object: "x/y", detail: "since yesterday" }];
    const node = nodeVerdict(someFacts({ holders }));
    expect(codes(node.findings)).toEqual([code]);
    expect(node.verdict).toBe("unknown");
    expect(nodeVerdict(someFacts({ holders }), { waived: [code] }).verdict).toBe("drains");
  });

  it("somebody's record is told as what it says, and another holder by its name", () => {
    const reasonOf = (kind: NodeHolder["kind"]) =>
      nodeVerdict(someFacts({ holders: [{ node: "worker-1", kind, object: "x/y", detail: "drain by jane" }] }))
        .findings[0]?.reason;
    expect(reasonOf("Record")).toBe(
      "Somebody is handling this node already (drain by jane); a second drain would fight it.",
    );
    expect(reasonOf("Machine")).toMatch(/^x\/y is handling this node already/);
  });

  it("a record that cannot be understood blocks, whatever is waived, and is shown as it stands", () => {
    const operation = "kubectl-vmnode/operation";
    const holders: NodeHolder[] = [{ node: "worker-1", kind: "UnknownRecord", object: operation, detail: "a record" }];
    const node = aNode("worker-1");
    const metadata = { ...node.metadata, annotations: { [operation]: '{"v":9}' } };
    const found = nodeVerdict(someFacts({ holders, nodes: [{ ...node, metadata }] }), { waived: ["HeldByOperation"] });
    expect(found.verdict).toBe("blocks");
    expect(found.findings).toMatchObject([{ code: "RecordNotUnderstood", proof: { value: '{"v":9}' } }]);
  });

  it("of another node do not matter", () => {
    const holders: NodeHolder[] = [{ node: "worker-2", kind: "Machine", object: "x/y", detail: "" }];
    expect(nodeVerdict(someFacts({ holders })).verdict).toBe("drains");
  });
});

describe("an upgrade of KubeVirt", () => {
  it.each([
    ["v1.8.0", "v1.9.0", true],
    ["v1.9.0", "v1.9.0", false],
    [undefined, "v1.9.0", false],
    ["v1.9.0", undefined, false],
  ])("from %s to %s: %s", (observedVersion, targetVersion, runs) => {
    const node = nodeVerdict(someFacts({ kubevirt: aKubeVirt({ observedVersion, targetVersion }) }));
    expect(codes(node.findings).includes("UpgradeRunning")).toBe(runs);
    expect(node.verdict).toBe("drains");
  });
});

describe("gaps", () => {
  const gap = { resource: "poddisruptionbudgets", reason: "forbidden" };

  it("make the verdict unknown until they are waived", () => {
    const facts = factsWith([aRunningVm("web")], { gaps: [gap] });
    expect(findingOf(nodeVerdict(facts).findings, "Unreadable").reason).toBe(
      "Could not read poddisruptionbudgets: forbidden.",
    );
    expect(nodeVerdict(facts).verdict).toBe("unknown");
    expect(nodeVerdict(facts, { waived: ["Unreadable"] }).verdict).toBe("drains");
    expect(assess(facts, { waived: new Set() }).gaps).toEqual([gap]);
  });

  it("of quotas are told, and no more: seldom one is in the way", () => {
    const gaps = [{ resource: "resourcequotas", reason: "forbidden: list resourcequotas" }];
    const facts = factsWith([aRunningVm("web")], { gaps });
    expect(nodeVerdict(facts)).toMatchObject({ verdict: "drains" });
    expect(codes(nodeVerdict(facts).findings)).not.toContain("Unreadable");
    expect(assess(facts, { waived: new Set() }).gaps).toEqual(gaps);
  });

  it.each([
    ["prod", "unknown"],
    ["lab", "drains"],
  ])("of namespace %s: %s, because only the VMs of the node count", (namespace, verdict) => {
    expect(nodeVerdict(factsWith([aRunningVm("web")], { gaps: [{ ...gap, namespace }] })).verdict).toBe(verdict);
  });

  it("in one of its namespaces is not told beside that in the whole cluster", () => {
    const gap = { resource: "pods", reason: "forbidden: list pods" };
    const gaps = [gap, { ...gap, namespace: "prod" }];
    const { findings } = nodeVerdict(factsWith([aRunningVm("web")], { gaps }));
    expect(findings.filter(({ code }) => code === "Unreadable")).toHaveLength(1);
  });
});

describe("migration slots", () => {
  it("are told when something is to migrate, with KubeVirt's defaults", () => {
    const node = nodeVerdict(factsWith([aRunningVm("web")]));
    expect(findingOf(node.findings, "MigrationSlots").reason).toBe(
      "Migrations run 2 at a time from one node and 5 in the cluster; the others queue up; none runs or waits now.",
    );
  });

  it("are told with the settings, and with who uses them", () => {
    const migrations = { parallelOutboundMigrationsPerNode: 1, parallelMigrationsPerCluster: 3 };
    const update = aMigration("u", "web", { annotations: { "kubevirt.io/workloadUpdateMigration": "" } });
    const facts = factsWith([aRunningVm("web")], {
      kubevirt: aKubeVirt({ migrations, observedVersion: "v1.8.0", targetVersion: "v1.8.0" }),
      versions: { kubevirt: "v1.8.0" },
      migrations: [update, aMigration("old", "web", { phase: "Succeeded" })],
      runningMigrations: 4,
    });
    expect(findingOf(nodeVerdict(facts).findings, "MigrationSlots").reason).toBe(
      "Migrations run 1 at a time from one node and 3 in the cluster; 4 run or wait now: prod/web (workload update).",
    );
    expect(assess(facts, { waived: new Set() }).migrations).toEqual({ perNode: 1, perCluster: 3, running: 4 });
  });

  it("are not told when nothing migrates", () => {
    expect(codes(nodeVerdict(factsWith([aRunningVm("web", { strategy: "None" })])).findings)).toEqual([]);
  });

  it("say when they could not be counted", () => {
    const node = nodeVerdict(factsWith([aRunningVm("web")], { runningMigrations: undefined }));
    expect(findingOf(node.findings, "MigrationSlots").reason).toContain("could not be read");
  });
});

describe("leftovers and dry runs", () => {
  it("notes finished launcher pods, and no other finished pods", () => {
    const leftover = aLauncherPod(aVmi("web", { node: "worker-1" }), { phase: "Failed" });
    const vmi = aVmi("web", { node: "worker-2" });
    const job = aPod("job", { node: "worker-1", phase: "Succeeded" });
    const node = nodeVerdict(someFacts({ vmis: [vmi], pods: [leftover, job] }));
    expect(codes(node.findings)).toEqual(["LeftoverPod"]);
    expect(node.leftovers).toHaveLength(1);
  });

  it("notes why no dry run was made", () => {
    const node = nodeVerdict(someFacts({ dryRunsLeftOut: "you may not create pods/eviction" }));
    expect(findingOf(node.findings, "DryRunNotAsked").reason).toContain("you may not create pods/eviction");
  });
});
