/** Verdicts and progress to lay out, with plausible defaults. */
import { type Finding, type FindingCode, findingCodes } from "../../../lib/model/finding.ts";
import type { Summary } from "../../../lib/model/progress.ts";
import type { Check, NodeVerdict, Outcome, PodVerdict, VmVerdict } from "../../../lib/model/verdict.ts";

export function finding(code: FindingCode, fields: Partial<Finding> = {}): Finding {
  const object = fields.object ?? { kind: "virtualmachineinstance", namespace: "prod", name: "db-local" };
  return {
    code,
    severity: findingCodes[code].severity,
    object,
    reason: findingCodes[code].meaning,
    proof: { object, field: "status.phase", value: "Running" },
    ...fields,
  };
}

export function vm(name: string, outcome: Outcome = "moves", fields: Partial<VmVerdict> = {}): VmVerdict {
  const [namespace = "", short = ""] = name.split("/");
  return {
    namespace,
    name: short,
    uid: `uid-${short}`,
    pod: { name: `virt-launcher-${short}-x2x4l`, uid: `pod-${short}` },
    phase: "Running",
    owner: { kind: "VirtualMachine", name: short },
    runStrategy: "Always",
    strategy: { value: "LiveMigrate", from: "vmi" },
    migratable: { status: "True" },
    outcome,
    row: "D13",
    findings: [],
    budgets: [],
    graceSeconds: 60,
    ...fields,
  };
}

/** A pod of its own that may not be evicted, with all that can be said of one. */
export const blockedPod: PodVerdict = {
  namespace: "a",
  name: "p",
  uid: "p",
  outcome: "blocks",
  warning: "w",
  finding: finding("PodBlocked"),
};

export function movers(number: number): VmVerdict[] {
  return Array.from({ length: number }, (_none, index) => vm(`prod/web-${index + 1}`));
}

export function node(name: string, fields: Partial<NodeVerdict> = {}): NodeVerdict {
  return { name, verdict: "drains", findings: [], vms: [], otherPods: [], leftovers: [], ...fields };
}

export function check(nodes: readonly NodeVerdict[], fields: Partial<Check> = {}): Check {
  return {
    server: "https://127.0.0.1:6443",
    time: "2026-11-21T14:02:11Z",
    versions: { kubernetes: "v1.33.1", kubevirt: "v1.9.0" },
    nodes,
    gaps: [],
    migrations: { perNode: 2, perCluster: 5 },
    ...fields,
  };
}

export function summaryOf(node: Partial<Summary["nodes"][number]>, fields: Partial<Summary> = {}): Summary {
  return {
    exitCode: 0,
    nodes: [
      {
        name: "worker-1",
        drained: true,
        moved: [],
        restarted: [],
        stopped: [],
        failed: [],
        stillThere: [],
        podsLeft: [],
        outsideSelection: 0,
        mayPowerOff: true,
        ...node,
      },
    ],
    nextSteps: [],
    ...fields,
  };
}

/** The check of the documentation: a node with a bit of everything. */
export function mixedCheck(): Check {
  const budget = { kind: "poddisruptionbudget", namespace: "prod", name: "ledger" };
  const worker = node("worker-1", {
    verdict: "blocks",
    vms: [
      ...movers(14),
      vm("test/gpu-1", "restarts", {
        strategy: { value: "LiveMigrateIfPossible", from: "vmi" },
        migratable: { status: "False", reason: "HostDeviceNotLiveMigratable" },
        findings: [
          finding("ShutsDownRestarts", {
            reason:
              "LiveMigrateIfPossible, but cannot migrate (HostDeviceNotLiveMigratable): shut down within 60 s, started on another node.",
          }),
        ],
      }),
      vm("test/bench-3", "stops", {
        owner: undefined,
        runStrategy: undefined,
        strategy: { value: "None", from: "default" },
        findings: [finding("BareVmi", { reason: "Bare VMI: shut down and not restarted." })],
      }),
      vm("prod/db-local", "blocks", {
        migratable: { status: "False", reason: "DisksNotLiveMigratable" },
        findings: [
          finding("NotLiveMigratable", {
            reason:
              "Must migrate (LiveMigrate) but cannot: DisksNotLiveMigratable: disk data is ReadWriteOnce (PVC db-local-data).",
            proof: {
              object: { kind: "virtualmachineinstance", namespace: "prod", name: "db-local" },
              field: "status.conditions[LiveMigratable].reason",
              value: "DisksNotLiveMigratable",
            },
            fix: "virtctl stop db-local -n prod",
          }),
        ],
      }),
      vm("prod/ledger", "blocks", {
        budgets: ["ledger"],
        findings: [
          finding("BudgetNeverAllows", {
            reason: "PDB ledger uses maxUnavailable, which cannot work for VM pods.",
            proof: { object: budget, field: "spec.maxUnavailable", value: "1" },
            fix: `kubectl patch pdb ledger -n prod --type merge -p '{"spec":{"maxUnavailable":null,"minAvailable":1}}'`,
          }),
        ],
      }),
      vm("test/ci-runner", "restarts", {
        strategy: { value: "None", from: "cluster" },
        findings: [
          finding("ShutsDownRestarts", { reason: "Strategy None: shut down within 60 s, started on another node." }),
        ],
      }),
    ],
  });
  return check([worker], {
    gaps: [{ resource: "poddisruptionbudgets", namespace: "lab", reason: "forbidden: list poddisruptionbudgets" }],
    smallestRoom: { node: "worker-3", memory: "41Gi" },
  });
}
