/** Promise 7 for every layout: whatever field of whatever object holds escape sequences, none comes out. */
import { expect, test } from "vitest";
import type { AbortView } from "../../../lib/decide/abort.ts";
import { KubeError, UsageError } from "../../../lib/model/errors.ts";
import type { NodeOverview } from "../../../lib/model/overview.ts";
import type { ProgressEvent } from "../../../lib/model/progress.ts";
import { vmItems } from "../../../lib/model/verdict.ts";
import { abortPlan, abortResult } from "../../../lib/report/abort.ts";
import { checkReport } from "../../../lib/report/check.ts";
import { dossierReport } from "../../../lib/report/dossier.ts";
import { errorLines } from "../../../lib/report/errors.ts";
import { eventLines, historyLines } from "../../../lib/report/events.ts";
import { nodeTable, vmTable } from "../../../lib/report/list.ts";
import { liveFrame } from "../../../lib/report/live-frame.ts";
import { eventJson, type MachineDocument, machineLines } from "../../../lib/report/machine.ts";
import { drainQuestion, planReport } from "../../../lib/report/plan.ts";
import { summaryReport } from "../../../lib/report/summary.ts";
import { leavingLines, uncordonResult } from "../../../lib/report/uncordon.ts";
import { drainProgress, going } from "../../builders/progress.ts";
import { blockedPod, check, finding, mixedCheck, node, summaryOf, vm } from "./builders.ts";
import { fullDossier } from "./dossiers.ts";

const attack = "\x1b[2J\x1b]0;x\x07\x9b31m\r\n\t\u202e\u2028\ud800";
const obeyed = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

/** Fields of a fixed set of values, by which layouts choose their words. */
const closedSets = new Set([
  ...[
    "outcome",
    "severity",
    "code",
    "verdict",
    "state",
    "type",
    "kind",
    "row",
    "from",
    "grade",
    "method",
    "app",
    "verb",
  ],
]);

/** The same data with the attack in every free text. */
function poisoned<T>(data: T): T {
  const poison = (value: unknown, key?: string): unknown => {
    if (typeof value === "string") return closedSets.has(key ?? "") ? value : attack + value + attack;
    if (Array.isArray(value)) return value.map((item) => poison(item, key));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, poison(field, name)]));
  };
  return poison(data) as T;
}

const now = new Date("2026-11-21T14:02:33Z");
const time = "2026-11-21T14:02:11Z";
const worker = node("worker-1", {
  verdict: "unknown",
  findings: [finding("NodeNotReady", { fix: "fix" }), finding("MigrationSlots"), finding("VirtApiUnavailable")],
  vms: [
    ...mixedCheck().nodes.flatMap((one) => one.vms),
    vm("a/b", "moves", { memory: "2Gi", migratingTo: "w", phase: "Running" }),
  ],
  otherPods: [blockedPod],
});
const dirtyCheck = poisoned(
  check([worker, node("worker-2", { verdict: "blocks", findings: [finding("VirtApiUnavailable")] })], {
    gaps: [{ resource: "r", namespace: "n", reason: "why" }],
    smallestRoom: { node: "worker-3", memory: "41Gi" },
  }),
);
const overview: NodeOverview = {
  ...{
    name: "worker-1",
    status: "NotReady",
    statusSince: time,
    createdAt: time,
    vms: 1,
    migratable: 0,
    notMigratable: 1,
  },
  drain: { verdict: "blocks", outcomes: { blocks: 1 }, memory: "1Gi" },
  record: {
    kind: "record",
    record: { v: 1, kind: "drain", by: "b", reason: "r", since: time, cordonedByUs: true, taints: ["t"], vms: [] },
  },
};
const overviews = poisoned([overview, { ...overview, record: { kind: "damaged" as const, text: "{" } }]);
const dirtyDocuments: MachineDocument[] = [
  { kind: "Check", ...dirtyCheck },
  { kind: "NodeList", items: overviews },
  { kind: "VirtualMachineInstanceList", items: vmItems(dirtyCheck.nodes) },
  { kind: "Dossier", ...poisoned(fullDossier()) },
];
const states = [
  "waiting",
  "queued",
  "migrating",
  "shutting-down",
  "starting",
  "held",
  "blocked",
  "moved",
  "restarted",
  "stopped",
  "failed",
  "left-behind",
] as const;
const vms = states.map((state) =>
  poisoned(going("a/b", state, { phase: "p", target: "t", detail: "d", until: time, fix: "f", seconds: 1 })),
);
const progress = {
  ...poisoned(drainProgress([], { nodes: ["w1", "w2"], trouble: ["t"] })),
  ...{
    vms,
    pods: [poisoned({ namespace: "a", name: "p", uid: "u", node: "n", state: "blocked" as const, detail: "d" })],
  },
  ...{ phase: "stuck" as const, givesUpAt: attack, startedAt: time, time },
};
const summary = poisoned(
  summaryOf(
    { moved: vms, restarted: vms, stopped: vms, failed: vms, stillThere: vms, mayPowerOff: false, powerOffDetail: "d" },
    { nextSteps: [{ command: "c", purpose: "p" }] },
  ),
);
const eventPod = { node: "x", namespace: "ns", pod: "p" };
const events: ProgressEvent[] = [
  { time, type: "node-cordoned" as const, node: "x", already: false },
  { time, type: "eviction-requested" as const, ...eventPod, attempt: 1 },
  { time, type: "eviction-refused" as const, ...eventPod, code: 429, message: "no", final: true },
  ...vms.map((one) => ({ time, type: "vm" as const, vm: one })),
  { time, type: "pod-evicted" as const, ...eventPod },
  { time, type: "changed-object" as const, object: "vmim/a", verb: "deleted" },
  { time, type: "warning" as const, message: "w" },
  { time, type: "node-drained" as const, node: "x" },
  { time, type: "summary" as const, ...summary },
].map(poisoned);
const view = poisoned({
  ...{ taints: ["k=v:NoSchedule"], cancellable: [{ metadata: { namespace: "a", name: "b" } }], uncordons: true },
  ...{ deletable: [{ metadata: { namespace: "a" }, spec: { vmiName: "b" } }], leftAlone: ["x"], failures: ["y"] },
  endsByItself: ["z"],
  nextSteps: [{ command: "c", purpose: "p" }],
}) as unknown as AbortView;
const undone = poisoned({
  exitCode: 4 as const,
  node: "n",
  failures: ["x"],
  leftAlone: ["y"],
  gone: ["z"],
  nextSteps: [],
});
const status = { code: 403, reason: "Forbidden", message: "m", causes: [{ type: "t", message: "c" }] };

const layouts: Record<string, () => readonly string[]> = {
  check: () => [...checkReport(dirtyCheck), ...checkReport(dirtyCheck, { columns: 60, allPods: true, expand: true })],
  plan: () => planReport(dirtyCheck, { allPods: true }),
  question: () => [drainQuestion(dirtyCheck, { skipBlocked: true })],
  dossier: () =>
    (["alive", "unproven"] as const).flatMap((verdict) =>
      [60, undefined].flatMap((columns) =>
        dossierReport(poisoned({ ...fullDossier(), verdict }), { columns, expand: columns === undefined }),
      ),
    ),
  "table of nodes": () => nodeTable(overviews, { now, wide: true }),
  "table of VMs": () => vmTable(dirtyCheck.nodes, { now, wide: true }),
  frame: () => liveFrame(progress, { columns: 500, rows: 200 }, now),
  "events in a log": () => events.flatMap((event) => Object.values(eventLines(event)).flat()),
  "events above a view": () => events.flatMap((event) => Object.values(historyLines(event, vms)).flat()),
  summary: () => summaryReport(summary),
  "plan of an undo": () =>
    [
      { kind: "none" as const },
      { kind: "damaged" as const, text: attack },
      ...overviews.flatMap((one) => one.record ?? []),
    ].flatMap((found) => abortPlan("worker-1", found, view)),
  "result of an undo": () => (["complete", "incomplete"] as const).flatMap((end) => abortResult({ ...undone, end })),
  "giving a node back": () => [
    ...leavingLines(attack, [attack]),
    ...uncordonResult({ exitCode: 4, nodes: [{ name: attack, takesVms: false, leaving: [attack] }], nextSteps: [] }),
  ],
  errors: () =>
    [new KubeError(poisoned(status)), new UsageError(attack, attack), new Error(attack)].flatMap((error) =>
      errorLines(error, { stack: true }),
    ),
  "JSON and YAML": () =>
    dirtyDocuments.flatMap((document) =>
      (["json", "yaml", "name"] as const).flatMap((format) => machineLines(document, format)),
    ),
  "JSON lines": () => events.map(eventJson),
};

test.each(Object.entries(layouts))("%s", (_name, layout) => {
  const lines = layout();
  expect(lines.join("").length).toBeGreaterThan(20);
  for (const line of lines) expect(line).not.toMatch(obeyed);
});
