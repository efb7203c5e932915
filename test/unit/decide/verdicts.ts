/** Builders of checks for the tests of the deciding code: one verdict per VM, without going through the assessment. */
import type { DrainInput } from "../../../lib/decide/drain-input.ts";
import { type DrainIntent, planOf } from "../../../lib/decide/intent.ts";
import { emptyLedger, type Ledger } from "../../../lib/decide/ledger.ts";
import type { Facts } from "../../../lib/model/facts.ts";
import type { Check, DrainRow, Outcome, PodVerdict, VmVerdict } from "../../../lib/model/verdict.ts";
import { someFacts } from "../../builders/facts.ts";
import { now } from "../../builders/kubernetes.ts";

const outcomes: Partial<Record<DrainRow, Outcome>> = {
  D3: "waits",
  D4: "waits",
  D5: "moves",
  D7: "waits",
  D8: "blocks",
  D9: "waits",
  D10: "moves",
  D11: "waits",
  D12: "blocks",
  D13: "moves",
  D16: "blocks",
  D19: "restarts",
  D21: "stops",
};

/** The verdict of a VM built with `aRunningVm(name)`, on the row that is given. */
export function aVerdict(name: string, row: DrainRow = "D13", fields: Partial<VmVerdict> = {}): VmVerdict {
  return {
    namespace: "prod",
    name,
    uid: `uid-vmi-${name}`,
    pod: { name: `virt-launcher-${name}-x2x4l`, uid: `uid-pod-${name}` },
    phase: "Running",
    owner: undefined,
    strategy: { value: "LiveMigrate", from: "vmi" },
    migratable: { status: "True" },
    outcome: outcomes[row] ?? "moves",
    row,
    findings: [],
    budgets: [],
    graceSeconds: 60,
    ...fields,
  };
}

export function aCheck(vms: readonly VmVerdict[], otherPods: readonly PodVerdict[] = [], node = "worker-1"): Check {
  return {
    server: "https://cluster.example:6443",
    time: now,
    versions: {},
    nodes: [{ name: node, verdict: "drains", findings: [], vms, otherPods, leftovers: [] }],
    gaps: [],
    migrations: { perNode: 2, perCluster: 5 },
  };
}

export function anIntent(planned: readonly VmVerdict[], fields: Partial<DrainIntent> = {}): DrainIntent {
  return {
    nodes: ["worker-1"],
    planned: planOf(aCheck(planned)),
    skipBlocked: false,
    allPods: false,
    watched: false,
    ...fields,
  };
}

/** One turn's input: the VMs that are there now, what was planned, what the cluster shows, what is remembered. */
export function aTurn(options: {
  readonly here: readonly VmVerdict[];
  readonly planned?: readonly VmVerdict[];
  readonly intent?: Partial<DrainIntent>;
  readonly facts?: Partial<Facts>;
  readonly ledger?: Ledger;
  readonly otherPods?: readonly PodVerdict[];
}): DrainInput {
  return {
    facts: someFacts(options.facts),
    check: aCheck(options.here, options.otherPods),
    intent: anIntent(options.planned ?? options.here, options.intent),
    ledger: options.ledger ?? emptyLedger(Date.parse(now)),
    startedAt: now,
    trouble: [],
  };
}
