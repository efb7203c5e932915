/** Evictions that were tried out correct what was worked out. */
import { describe, expect, it } from "vitest";
import type { EvictionAnswerKind } from "../../../lib/model/eviction.ts";
import { factsWith } from "../../builders/facts.ts";
import { aBudget, anOwner, at } from "../../builders/kubernetes.ts";
import { aMigration, aRunningVm, type VmOptions } from "../../builders/kubevirt.ts";
import { brief, nodeVerdict, vmVerdict } from "./verdicts.ts";

function answered(options: VmOptions, kind: EvictionAnswerKind, fields = {}) {
  const vm = aRunningVm("web", options);
  const dryRuns = { [vm.pod.metadata.uid]: { kind, code: 429, message: "what the server said" } };
  return factsWith([vm], { dryRuns, ...fields });
}

const moves: VmOptions = {};
const restarts: VmOptions = { strategy: "None" };
const refused: VmOptions = { migratable: "False" };

describe("a dry run that agrees", () => {
  it.each([
    ["a move", moves, "evacuating", "D13"],
    ["a restart", restarts, "evicted", "D19"],
    ["a refusal", refused, "not-migratable", "D8"],
    ["a wait for KubeVirt's word", { migratable: undefined }, "not-migratable", "D7"],
    ["an external owner", { strategy: "External" }, "evacuating", "D9"],
    ["no room elsewhere, of which the webhook knows nothing", { nodeSelector: { a: "b" } }, "evacuating", "D12"],
  ] as const)("adds nothing to %s", (_, options, kind, row) => {
    const vm = vmVerdict(answered(options, kind));
    expect(vm.row).toBe(row);
    expect(vm.findings.every((finding) => !finding.code.startsWith("DryRun"))).toBe(true);
  });
});

describe("a dry run that says worse", () => {
  it.each([
    ["moves", "would be shut down", moves, "evicted"],
    ["moves", "not migratable", moves, "not-migratable"],
    ["moves", "another webhook refuses", moves, "refused"],
    ["restarts", "a budget", restarts, "budget"],
    ["restarts", "several budgets", restarts, "several-budgets"],
    ["restarts", "an orphan", restarts, "orphan"],
  ] as const)("counts: predicted %s, answered that %s", (_, __, options, kind) => {
    const facts = answered(options, kind);
    const vm = vmVerdict(facts);
    expect(vm.outcome).toBe("blocks");
    expect(vm.findings[0]).toMatchObject({ code: "DryRunWorse", severity: "blocker" });
    expect(vm.findings[0]?.proof.value).toBe("429: what the server said");
    expect(nodeVerdict(facts).verdict).toBe("blocks");
  });

  it.each([moves, restarts])("tells that virt-api is silent, whatever the VM", (options) => {
    const vm = vmVerdict(answered(options, "webhook-unreachable"));
    expect(brief(vm)).toEqual(["D6", "blocks", "VirtApiUnavailable"]);
    expect(vm.findings[0]).toMatchObject({
      reason: "KubeVirt's eviction webhook did not answer: evictions fail until virt-api does.",
      fix: "kubectl get pods -n kubevirt -l kubevirt.io=virt-api",
    });
  });

  it("keeps the predicted row and its reason beside it", () => {
    expect(brief(vmVerdict(answered(moves, "evicted")))).toEqual(["D13", "blocks", "DryRunWorse", "LiveMigrates"]);
  });
});

describe("a migration that had ended before the migrations were read, and after the VMI was", () => {
  const since = (endTimestamp: string, phase = "Succeeded", sourceNode = "worker-1") => {
    const state = { sourceNode, targetNode: "worker-3", endTimestamp };
    return { migrations: [aMigration("m", "web", { phase, state })] };
  };

  it("has left its pod behind, whose eviction is accepted", () => {
    expect(brief(vmVerdict(answered(moves, "evicted", since(at(-1)))))).toEqual(["D13", "moves", "LiveMigrates"]);
  });

  it.each([
    ["ended before this pod was made", since(at(-7200))],
    ["failed", since(at(-1), "Failed")],
    ["brought the VM here", since(at(-1), "Succeeded", "worker-3")],
  ])("is none that %s", (_what, migrations) => {
    expect(vmVerdict(answered(moves, "evicted", migrations)).outcome).toBe("blocks");
  });
});

it("does not count against a VM that is migrating: its migration may have ended since the picture was taken", () => {
  const migrationState = {
    migrationUid: "uid-m",
    startTimestamp: at(-20),
    sourceNode: "worker-1",
    targetNode: "worker-3",
  };
  expect(brief(vmVerdict(answered({ migrationState }, "evicted")))).toEqual(["D5", "moves", "AlreadyMigrating"]);
});

describe("a dry run that says better", () => {
  it.each([
    ["D8", refused, "evacuating", "blocks"],
    ["D8", refused, "evicted", "blocks"],
    ["D19", restarts, "evacuating", "restarts"],
  ] as const)("is shown with %s, but does not count", (row, options, kind, outcome) => {
    const vm = vmVerdict(answered(options, kind));
    expect(vm).toMatchObject({ row, outcome });
    expect(vm.findings.at(-1)?.code).toBe("DryRunBetter");
  });
});

describe("an answer that says nothing about the pod", () => {
  it.each(["gone", "retry", "forbidden", "namespace-terminating", "migration-target", "hotplug"] as const)(
    "%s",
    (kind) => {
      expect(brief(vmVerdict(answered(moves, kind)))).toEqual(["D13", "moves", "LiveMigrates"]);
    },
  );

  it("whatever it is, for a VM that is shutting down already", () => {
    expect(brief(vmVerdict(answered({ pod: { deletionTimestamp: at(9) } }, "orphan")))).toEqual([
      "D3",
      "waits",
      "ShuttingDown",
    ]);
  });

  it("a refusal by KubeVirt's own budget, which is how 1.4 waits", () => {
    const owner = anOwner("VirtualMachineInstance", "web");
    const fields = { versions: { kubevirt: "v1.4.0" }, budgets: [aBudget("own", { owner, allowed: 0 })] };
    expect(brief(vmVerdict(answered(moves, "budget", fields)))).toEqual(["D13", "moves", "LiveMigrates"]);
  });
});
