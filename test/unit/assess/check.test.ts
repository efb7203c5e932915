/** Verdicts on nodes and VMs, put together from what each concern finds. */
import { describe, expect, it } from "vitest";
import { assess } from "../../../lib/assess/check.ts";
import { isEmpty, vmsOf } from "../../../lib/assess/subjects.ts";
import { factsWith, someFacts } from "../../builders/facts.ts";
import { anOwner, aPod } from "../../builders/kubernetes.ts";
import { aLauncherPod, aRunningVm, aVmi } from "../../builders/kubevirt.ts";
import { codes, nodeVerdict, vmVerdict } from "./verdicts.ts";

describe("the verdict on a node", () => {
  it.each([
    ["drains when nothing is there", [], "drains"],
    [
      "drains when everything moves, restarts or stops",
      [aRunningVm("a"), aRunningVm("b", { strategy: "None" })],
      "drains",
    ],
    ["drains when something waits", [aRunningVm("a", { migratable: undefined })], "drains"],
    ["blocks as soon as one VM does", [aRunningVm("a"), aRunningVm("b", { migratable: "False" })], "blocks"],
    ["is unknown when one VM is", [aRunningVm("a"), aRunningVm("b", { strategy: "Teleport" })], "unknown"],
    [
      "blocks rather than being unknown",
      [aRunningVm("a", { migratable: "False" }), aRunningVm("b", { strategy: "External" })],
      "blocks",
    ],
  ])("%s", (_, vms, verdict) => {
    expect(nodeVerdict(factsWith(vms)).verdict).toBe(verdict);
  });

  it("does not let a blocker be waived", () => {
    const facts = factsWith([aRunningVm("a", { migratable: "False" })]);
    expect(nodeVerdict(facts, { waived: ["NotLiveMigratable"] }).verdict).toBe("blocks");
  });

  it("is given for every target, in their order", () => {
    const there = aVmi("b", { node: "worker-3", migratable: "False" });
    const facts = factsWith([aRunningVm("a")], {
      targets: ["worker-3", "worker-1"],
      vmis: [there],
      pods: [aLauncherPod(there)],
    });
    const { nodes } = assess(facts, { waived: new Set() });
    expect(nodes.map((node) => [node.name, node.verdict])).toEqual([
      ["worker-3", "blocks"],
      ["worker-1", "drains"],
    ]);
  });
});

describe("the verdict on a VM", () => {
  it("carries what is known of it", () => {
    const vm = vmVerdict(
      factsWith([
        aRunningVm("db", {
          migratable: "False",
          migratableReason: "DisksNotLiveMigratable",
          migratableMessage: "not shared",
          graceSeconds: 120,
          guestMemory: "8Gi",
        }),
      ]),
    );
    expect(vm).toMatchObject({
      namespace: "prod",
      name: "db",
      uid: "uid-vmi-db",
      pod: { name: "virt-launcher-db-x2x4l", uid: "uid-pod-db" },
      phase: "Running",
      owner: { kind: "VirtualMachine", name: "db" },
      runStrategy: "Always",
      strategy: { value: "LiveMigrate", from: "vmi" },
      migratable: { status: "False", reason: "DisksNotLiveMigratable", message: "not shared" },
      graceSeconds: 120,
      memory: "8Gi",
      budgets: [],
    });
  });

  it("lists VMs by namespace and name", () => {
    const vms = [aRunningVm("b"), aRunningVm("a"), aRunningVm("z", { namespace: "lab" })];
    expect(nodeVerdict(factsWith(vms)).vms.map((vm) => `${vm.namespace}/${vm.name}`)).toEqual([
      "lab/z",
      "prod/a",
      "prod/b",
    ]);
  });
});

describe("--grace-period", () => {
  const vms = [aRunningVm("down", { strategy: "None", graceSeconds: 60 }), aRunningVm("moves", { graceSeconds: 60 })];

  it.each([
    [undefined, []],
    [-1, []],
    [60, []],
    [59, ["GracePeriodShortened"]],
    [0, ["GracePeriodShortened"]],
  ])("of %s s against 60 s of the VM's own", (graceSeconds, expected) => {
    const node = nodeVerdict(factsWith(vms), { graceSeconds });
    expect(codes(node.vms[0]?.findings ?? []).slice(1)).toEqual(expected);
    expect(codes(node.vms[1]?.findings ?? [])).toEqual(["LiveMigrates"]);
    expect(node.verdict).toBe(expected.length === 0 ? "drains" : "unknown");
  });

  it("can be accepted", () => {
    expect(nodeVerdict(factsWith(vms), { graceSeconds: 5, waived: ["GracePeriodShortened"] }).verdict).toBe("drains");
  });
});

describe("isEmpty", () => {
  const running = aVmi("web");

  it.each([
    ["nothing is there", someFacts(), true],
    ["a VMI runs with its pod", someFacts({ vmis: [running], pods: [aLauncherPod(running)] }), false],
    ["a VMI names the node but has no pod", someFacts({ vmis: [running] }), false],
    ["a launcher pod has lost its VMI", someFacts({ pods: [aLauncherPod(running)] }), false],
    [
      "a pod of a migration arrives",
      someFacts({ vmis: [aVmi("web", { node: "worker-2" })], pods: [aLauncherPod(running)] }),
      false,
    ],
    [
      "a launcher pod without phase is there",
      someFacts({ vmis: [running], pods: [aLauncherPod(running, { phase: "" })] }),
      false,
    ],
    [
      "only finished pods and VMIs are left",
      someFacts({ vmis: [aVmi("web", { phase: "Succeeded" })], pods: [aLauncherPod(running, { phase: "Succeeded" })] }),
      true,
    ],
    ["only other pods are there", someFacts({ pods: [aPod("p", { node: "worker-1" })] }), true],
    ["everything is elsewhere", someFacts({ vmis: [aVmi("web", { node: "worker-2" })] }), true],
    ["pods could not be read", someFacts({ gaps: [{ resource: "pods", reason: "forbidden" }] }), false],
    [
      "VMIs could not be read",
      someFacts({ gaps: [{ resource: "virtualmachineinstances", reason: "forbidden" }] }),
      false,
    ],
    [
      "something else could not be read",
      someFacts({ gaps: [{ resource: "poddisruptionbudgets", reason: "x" }] }),
      true,
    ],
  ])("when %s: %s", (_, facts, empty) => {
    expect(isEmpty(facts, "worker-1")).toBe(empty);
  });
});

describe("vmsOf", () => {
  it("finds a VMI by its owner reference, and by the annotation where that is missing", () => {
    const vmi = aVmi("web");
    const byName = aLauncherPod(vmi, { owner: undefined });
    expect(vmsOf(someFacts({ vmis: [vmi], pods: [byName] }), "worker-1")).toEqual([
      { node: "worker-1", pod: byName, vmi },
    ]);
    const byOwner = aLauncherPod(vmi);
    const { "kubevirt.io/domain": _, ...annotations } = byOwner.metadata.annotations;
    const unnamed = { ...byOwner, metadata: { ...byOwner.metadata, annotations } };
    expect(vmsOf(someFacts({ vmis: [vmi], pods: [unnamed] }), "worker-1")[0]?.vmi).toBe(vmi);
  });

  it("takes a pod for a launcher that only bears the label: what runs in it is not known", () => {
    const pod = aPod("p", { node: "worker-1", labels: { "kubevirt.io": "virt-launcher" }, owner: anOwner("Job", "j") });
    expect(vmsOf(someFacts({ pods: [pod], vmis: [aVmi("j")] }), "worker-1")).toContainEqual({ node: "worker-1", pod });
  });

  it("finds the VMI whose name a shortened label does not tell", () => {
    const vmi = aVmi("web.example.com");
    const pod = aLauncherPod(vmi, { labels: { "vm.kubevirt.io/name": "web" } });
    expect(
      vmsOf(someFacts({ vmis: [vmi, aVmi("web")], pods: [pod] }), "worker-1").find((s) => s.pod === pod)?.vmi,
    ).toBe(vmi);
  });
});
