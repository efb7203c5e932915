/** Quotas: which VMs find no room in them for their next pod, and what is said of it. */
import { describe, expect, it, test } from "vitest";
import type { Facts } from "../../../lib/model/facts.ts";
import type { Pod, QuotaScope, ResourceQuota } from "../../../lib/model/kubernetes.ts";
import { factsWith } from "../../builders/facts.ts";
import { aNode, aPod, aQuota, type PodOptions } from "../../builders/kubernetes.ts";
import { aLauncherPod, aMigration, aRunningVm, aVmi, type VmOptions } from "../../builders/kubevirt.ts";
import { brief, nodeVerdict, vmVerdict } from "./verdicts.ts";

const migrates = ["D13", "moves", "LiveMigrates"];
const blocked = ["D12", "blocks", "QuotaExceeded"];

/** VMs of 2Gi in a namespace with these quotas. */
function limited(
  quotas: readonly ResourceQuota[],
  vms: readonly ReturnType<typeof aRunningVm>[],
  { leaving = [], ...fields }: Partial<Facts> & { leaving?: readonly Pod[] } = {},
): Facts {
  return factsWith(vms, { quotas: { items: quotas, leaving }, ...fields });
}

const web = (options?: VmOptions) => aRunningVm("web", options);

type Case = [string, Parameters<typeof aQuota>[1], string[], PodOptions?];

describe("the target pod of a migration counts beside the pod of its source", () => {
  const pod: PodOptions = { limits: { cpu: "1", memory: "3Gi" } };
  it.each([
    ["has room for it", { "requests.memory": ["2Gi", "4Gi"] }, migrates],
    ["has too little room", { "requests.memory": ["2Gi", "4095Mi"] }, blocked],
    ["by the resource's short name", { memory: ["2Gi", "3Gi"] }, blocked],
    ["of CPU", { "requests.cpu": ["100m", "199m"] }, blocked],
    ["of CPU limits", { "limits.cpu": ["1", "1500m"] }, blocked],
    ["of memory limits", { "limits.memory": ["3Gi", "6Gi"] }, migrates],
    ["of memory limits, without having one yet", { "limits.memory": ["0", "1Gi"] }, blocked, {}],
    ["of memory limits that its request leaves room for", { "limits.memory": ["0", "2Gi"] }, migrates, {}],
    ["of devices", { "requests.devices.kubevirt.io/kvm": ["1", "1"] }, blocked],
    ["of pods", { pods: ["4", "4"] }, blocked],
    ["of pods, with room for one", { pods: ["4", "5"] }, migrates],
    ["of pod objects", { "count/pods": ["4", "4"] }, blocked],
    ["of what a pod does not take", { "count/services": ["4", "4"], "requests.storage": ["1Gi", "1Gi"] }, migrates],
    ["is used beyond its limit in what a pod does not take", { "limits.ephemeral-storage": ["2Gi", "1Gi"] }, migrates],
  ] satisfies Case[])("a quota %s", (_what, amounts, row, own: PodOptions = pod) => {
    expect(brief(vmVerdict(limited([aQuota("small", amounts)], [web({ pod: own })])))).toEqual(row);
  });

  it("is told with what is needed, what is left, and the command that shows the quota", () => {
    const quota = aQuota("small", { pods: ["2", "9"], "requests.memory": ["4238486592", "4200Mi"] });
    const [finding] = vmVerdict(limited([quota], [web()])).findings;
    expect(finding).toEqual({
      code: "QuotaExceeded",
      severity: "blocker",
      object: { kind: "virtualmachineinstance", namespace: "prod", name: "web" },
      reason:
        "Can migrate in principle, but ResourceQuota small has no room for its next pod (requests.memory: needs 2Gi, 157.8Mi left). The migration would stay Pending.",
      proof: {
        object: { kind: "resourcequota", namespace: "prod", name: "small" },
        field: "status.used[requests.memory]",
        value: "4238486592 of 4200Mi",
      },
      fix: "kubectl describe quota small -n prod",
    });
  });

  it("makes the node one that cannot be drained, whatever is waived", () => {
    const facts = limited([aQuota("small", { pods: ["1", "1"] })], [web()]);
    expect(nodeVerdict(facts, { waived: ["QuotaExceeded"] }).verdict).toBe("blocks");
  });

  it("needs room in every quota of its namespace, and in no other", () => {
    const full = aQuota("full", { pods: ["1", "1"] });
    const roomy = aQuota("roomy", { pods: ["1", "9"] });
    expect(brief(vmVerdict(limited([roomy, full], [web()])))).toEqual(blocked);
    const elsewhere = aQuota("full", { pods: ["1", "1"] }, { namespace: "lab" });
    expect(brief(vmVerdict(limited([roomy, elsewhere], [web()])))).toEqual(migrates);
  });

  it("is not held against a quota whose status does not tell what is used", () => {
    const quota = { ...aQuota("new", { pods: ["1", "1"] }), used: {} };
    expect(brief(vmVerdict(limited([quota], [web()])))).toEqual(migrates);
  });

  it("takes the room of no node from others when it is refused", () => {
    const pod: PodOptions = { requests: { memory: "40Gi" } };
    const vms = [web({ pod }), aRunningVm("other", { namespace: "lab", pod })];
    const nodes = [aNode("worker-1"), aNode("worker-2")];
    const facts = limited([aQuota("full", { pods: ["1", "1"] })], vms, { nodes, roomKnown: ["worker-2"] });
    expect(nodeVerdict(facts).vms.map(brief)).toEqual([migrates, blocked]);
    const roomy = limited([], vms, { nodes, roomKnown: ["worker-2"] });
    expect(nodeVerdict(roomy).vms.map((vm) => vm.row)).toEqual(["D13", "D12"]);
  });
});

describe("several VMs", () => {
  const three = ["a", "b", "c"].map((name) => aRunningVm(name));
  const rows = (facts: Facts) => nodeVerdict(facts).vms.map((vm) => vm.row);

  it("wait for each other where there is room for one more pod", () => {
    expect(rows(limited([aQuota("q", { pods: ["3", "4"] })], three))).toEqual(["D13", "D13", "D13"]);
  });

  it("take one pod object each for good, because finished source pods stay", () => {
    expect(rows(limited([aQuota("q", { "count/pods": ["3", "5"] })], three))).toEqual(["D13", "D13", "D12"]);
  });

  it("are refused one by one, each by its own size", () => {
    const vms = [aRunningVm("small", { pod: { requests: { memory: "1Gi" } } }), aRunningVm("large")];
    expect(rows(limited([aQuota("q", { memory: ["3Gi", "4Gi"] })], vms))).toEqual(["D12", "D13"]);
  });
});

describe("what counts as free although the quota counts it", () => {
  const full = aQuota("full", { "requests.memory": ["4Gi", "4Gi"] });

  it.each([
    ["a pod on its way out", aPod("old", { requests: { memory: "2Gi" } }), migrates],
    ["one that is too small", aPod("old", { requests: { memory: "1Gi" } }), blocked],
    ["one of another namespace", aPod("old", { namespace: "lab", requests: { memory: "2Gi" } }), blocked],
  ])("%s", (_what, pod, row) => {
    expect(brief(vmVerdict(limited([full], [web()], { leaving: [pod] })))).toEqual(row);
  });

  test("but no pod that the quota does not count", () => {
    const scoped = { ...full, scopes: [{ name: "PriorityClass", operator: "DoesNotExist", values: [] }] };
    const leaving = [aPod("old", { requests: { memory: "2Gi" }, priorityClassName: "high" })];
    expect(brief(vmVerdict(limited([scoped], [web()], { leaving })))).toEqual(blocked);
  });
});

describe("a migration that is under way", () => {
  const quotas = [aQuota("full", { pods: ["1", "1"] })];
  const migrations = [aMigration("m", "web", { phase: "Pending" })];

  it("stays Pending where its target pod is refused: a risk to be accepted", () => {
    const facts = limited(quotas, [web()], { migrations });
    const vm = vmVerdict(facts);
    expect(brief(vm)).toEqual(["D5", "moves", "AlreadyMigrating", "TargetExceedsQuota"]);
    expect(vm.findings[1]).toMatchObject({
      severity: "risk",
      reason:
        "ResourceQuota full has no room for its next pod (pods: needs 1, 0 left). Its migration stays Pending until there is more.",
    });
    expect(nodeVerdict(facts).verdict).toBe("unknown");
    expect(nodeVerdict(facts, { waived: ["TargetExceedsQuota"] }).verdict).toBe("drains");
  });

  it.each([
    ["has its target pod", undefined],
    ["has one that has found a node", "worker-2"],
  ])("is refused no more when it %s", (_what, node) => {
    const target = aLauncherPod(aVmi("web"), {
      name: "target",
      uid: "uid-target",
      node,
      phase: "Pending",
      labels: { "kubevirt.io/migrationJobUID": "uid-m" },
    } as PodOptions);
    const facts = limited(quotas, [web()], { migrations, pods: [target] });
    expect(brief(vmVerdict(facts))).toEqual(["D5", "moves", "AlreadyMigrating"]);
  });
});

describe("a VM that is shut down", () => {
  const plain = web({ strategy: "None" });

  it("gives back first what its next pod takes", () => {
    const facts = limited([aQuota("full", { pods: ["1", "1"], memory: ["2Gi", "2Gi"] })], [plain]);
    expect(brief(vmVerdict(facts))).toEqual(["D19", "restarts", "ShutsDownRestarts"]);
  });

  it("stays down where more is used than the quota allows", () => {
    const vm = vmVerdict(limited([aQuota("frozen", { pods: ["1", "0"] })], [plain]));
    expect(brief(vm)).toEqual(["D18b", "stops", "StaysDownOverQuota"]);
    expect(vm.findings[0]?.reason).toBe(
      "Will be shut down within 30 s and stays down. ResourceQuota frozen has no room for its next pod (pods: needs 1, 0 left).",
    );
  });

  it("gives back no limits that only its next pod will have", () => {
    const [small, enough] = ["1Gi", "2Gi"].map((hard) => aQuota("new", { "limits.memory": ["0", hard] }));
    expect(brief(vmVerdict(limited(small ? [small] : [], [plain])))[2]).toBe("StaysDownOverQuota");
    expect(brief(vmVerdict(limited(enough ? [enough] : [], [plain])))[2]).toBe("ShutsDownRestarts");
  });

  it("makes no room for those that migrate, because a drain shuts it down when they have left", () => {
    const lone = aRunningVm("lone", { strategy: "None", runStrategy: "Manual" });
    const facts = limited([aQuota("full", { pods: ["2", "2"] })], [web(), lone]);
    expect(brief(vmVerdict(facts, "web"))).toEqual(blocked);
  });

  it("is not concerned where nobody would start it again", () => {
    const facts = limited([aQuota("frozen", { pods: ["1", "0"] })], [web({ strategy: "None", runStrategy: "Manual" })]);
    expect(brief(vmVerdict(facts))).toEqual(["D21", "stops", "ShutsDownStaysOff"]);
  });
});

describe("scopes", () => {
  const scope = (name: string, operator = "Exists", ...values: string[]): QuotaScope => ({ name, operator, values });
  const classes = (operator: string, ...values: string[]) => [scope("PriorityClass", operator, ...values)];

  it.each<[string, readonly QuotaScope[], string | undefined, boolean]>([
    ["NotTerminating", [scope("NotTerminating")], undefined, true],
    ["Terminating", [scope("Terminating")], undefined, false],
    ["NotBestEffort", [scope("NotBestEffort")], undefined, true],
    ["BestEffort", [scope("BestEffort")], undefined, false],
    ["one of several that it is not of", [scope("NotTerminating"), scope("BestEffort")], undefined, false],
    ["a class of its own", classes("In", "high", "low"), "high", true],
    ["another class", classes("In", "low"), "high", false],
    ["a class, having none", classes("In", "low"), undefined, false],
    ["any other class", classes("NotIn", "low"), "high", true],
    ["any other class, having none", classes("NotIn", "low"), undefined, true],
    ["any class but its own", classes("NotIn", "high"), "high", false],
    ["some class", classes("Exists"), "high", true],
    ["some class, having none", classes("Exists"), undefined, false],
    ["no class", classes("DoesNotExist"), undefined, true],
    ["no class, having one", classes("DoesNotExist"), "high", false],
    ["a scope that is not worked out", [scope("CrossNamespacePodAffinity")], undefined, false],
  ])("%s", (_what, scopes, priorityClassName, counted) => {
    const pod: PodOptions = priorityClassName === undefined ? {} : { priorityClassName };
    const facts = limited([aQuota("full", { pods: ["1", "1"] }, { scopes })], [web({ pod })]);
    expect(brief(vmVerdict(facts))).toEqual(counted ? blocked : migrates);
  });

  test("a launcher pod that asks for nothing would be BestEffort", () => {
    const quota = aQuota("full", { pods: ["1", "1"] }, { scopes: [scope("BestEffort")] });
    expect(brief(vmVerdict(limited([quota], [web({ pod: { requests: {} } })])))).toEqual(blocked);
  });
});

test("where quotas were not read, nothing is said of them", () => {
  expect(brief(vmVerdict(factsWith([web()])))).toEqual(migrates);
});
