/** The machine interfaces are what docs/schema.json says. */
import { load } from "js-yaml";
import { describe, expect, test } from "vitest";
import type { Dossier } from "../../../lib/model/dossier.ts";
import { failureOf } from "../../../lib/model/errors.ts";
import { exitCode } from "../../../lib/model/exit-code.ts";
import { findingCodes } from "../../../lib/model/finding.ts";
import type { NodeOverview } from "../../../lib/model/overview.ts";
import type { AbortSummary, ProgressEvent, RecoverySummary, UncordonSummary } from "../../../lib/model/progress.ts";
import { type NodeVerdict, vmItems } from "../../../lib/model/verdict.ts";
import { eventJson, type MachineDocument, machineLines } from "../../../lib/report/machine.ts";
import { going } from "../../builders/progress.ts";
import { blockedPod, finding, mixedCheck, node, summaryOf, vm } from "./builders.ts";
import { dossier, fullDossier } from "./dossiers.ts";
import { machineSchema, violations } from "./json-schema.ts";

const json = (document: MachineDocument) => JSON.parse(machineLines(document, "json").join("\n"));
const time = "2026-11-21T14:02:11Z";

const overview: NodeOverview = {
  name: "worker-1",
  status: "Ready",
  statusSince: time,
  createdAt: time,
  vms: 2,
  migratable: 1,
  notMigratable: 1,
  drain: { verdict: "blocks", outcomes: { moves: 1, blocks: 1 }, memory: "4Gi" },
  record: {
    kind: "record",
    record: {
      ...{
        v: 1,
        kind: "drain",
        by: "alice",
        reason: "bios",
        since: time,
        cordonedByUs: true,
        taints: ["k=v:NoSchedule"],
      },
      vms: [{ namespace: "prod", name: "web-1", uid: "1" }],
    },
  },
};

describe("a document", () => {
  const full = mixedCheck();
  const complete = {
    ...full,
    nodes: [
      ...full.nodes,
      node("worker-2", {
        findings: [finding("NodeNotReady")],
        vms: [
          vm("a/b", "moves", {
            migratingTo: "worker-3",
            memory: "2Gi",
            row: "D5",
            migratable: { status: "Unknown", message: "m" },
          }),
        ],
        otherPods: [blockedPod],
        leftovers: [{ namespace: "a", name: "old", uid: "o" }],
      }),
    ],
    migrations: { perNode: 2, perCluster: 5, running: 1 },
  };

  const checkDocument: MachineDocument = { kind: "Check", ...complete };
  const suspect = ({ verdict, reason, decidableAt, outageSince, rebooted, signs }: Dossier) => {
    return { verdict, reason, decidableAt, outageSince, rebooted, signs };
  };
  const suspectList: MachineDocument = {
    kind: "SuspectList",
    items: [
      { node: "worker-4", vms: 3, since: time, ...suspect(fullDossier()) },
      { node: "deleted", vms: 1, ...suspect(dossier({ decidableAt: time })) },
    ],
  };
  const nodeList = (...items: NodeOverview[]): MachineDocument => ({ kind: "NodeList", items });
  const vmList = (nodes: readonly NodeVerdict[]): MachineDocument => ({
    kind: "VirtualMachineInstanceList",
    items: vmItems(nodes),
  });

  test.each<[string, MachineDocument]>([
    ["check", checkDocument],
    ["recover --dry-run", { kind: "Dossier", ...fullDossier() }],
    ["recover --dry-run of a deleted node", { kind: "Dossier", ...dossier({ nodeUid: undefined, bootID: undefined }) }],
    ["recover without a node", suspectList],
    ["list", nodeList(overview, { ...overview, drain: undefined, record: { kind: "damaged", text: "{" } })],
    ["list NODE", vmList(complete.nodes)],
    ["version", { kind: "Versions", client: "0.1.0", kubernetes: "v1.33.1", kubevirt: "v1.9.0" }],
    ["version without a cluster", { kind: "Versions", client: "0.1.0", kubernetes: undefined }],
  ])("of %s fits the schema, as JSON and as YAML", (_command, document) => {
    expect(violations(json(document))).toEqual([]);
    const yaml = load(machineLines(document, "yaml").join("\n"));
    expect(yaml).toEqual(json(document));
  });

  test("starts with apiVersion and kind, and is indented as kubectl's", () => {
    expect(machineLines(checkDocument, "json").slice(0, 3)).toEqual([
      "{",
      '    "apiVersion": "vmnode/v1",',
      '    "kind": "Check",',
    ]);
    expect(machineLines(checkDocument, "yaml").slice(0, 2)).toEqual(["apiVersion: vmnode/v1", "kind: Check"]);
  });

  test("as names is what kubectl get -o name prints", () => {
    expect(machineLines(nodeList(overview), "name")).toEqual(["node/worker-1"]);
    expect(machineLines(vmList([node("n", { vms: [vm("prod/web-1")] })]), "name")).toEqual([
      "virtualmachineinstance.kubevirt.io/web-1",
    ]);
    expect(machineLines(checkDocument, "name")).toEqual(["node/worker-1", "node/worker-2"]);
    expect(machineLines({ kind: "Dossier", ...fullDossier() }, "name")).toEqual(["node/worker-4"]);
    expect(machineLines(suspectList, "name")).toEqual(["node/worker-4", "node/deleted"]);
  });

  test("keeps hostile text as it is for programs, and harmless for a terminal that shows it", () => {
    const hostile = "\x1b[2J\x9b31m\u202e\u2028\u{e0041}\n";
    const document = nodeList({ ...overview, status: hostile });
    for (const format of ["json", "yaml"] as const) {
      const lines = machineLines(document, format);
      expect(lines.join("")).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      const read = load(lines.join("\n")) as typeof document;
      expect(read).toMatchObject({ items: [{ status: hostile }] });
    }
    const named = nodeList({ ...overview, name: hostile });
    expect(machineLines(named, "name").join("")).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  });
});

describe("an event", () => {
  const pod = { node: "x", namespace: "ns", pod: "p" };
  const progress = going("a/b", "held", {
    phase: "Running",
    target: "y",
    detail: "d",
    until: time,
    fix: "f",
    seconds: 1,
  });
  const summary = summaryOf(
    { moved: [progress], otherPods: 1, attachedVolumes: 2, powerOffDetail: "why" },
    { nextSteps: [{ command: "kubectl vmnode abort x", purpose: "undo it" }] },
  );
  const recovery: RecoverySummary = {
    exitCode: exitCode.refused,
    node: "x",
    end: "alive",
    detail: "x is Ready again",
    rebooted: false,
    condemned: true,
    running: [progress],
    down: [progress],
    failed: [progress],
    open: [progress],
    held: [{ namespace: "a", name: "b", reason: "r" }],
    taintLeft: false,
    nextSteps: summary.nextSteps,
  };
  const undone: AbortSummary = {
    exitCode: exitCode.incomplete,
    node: "x",
    end: "incomplete",
    dryRun: true,
    failures: ["f"],
    leftAlone: ["l"],
    gone: ["a/b"],
    nextSteps: summary.nextSteps,
  };
  const givenBack: UncordonSummary = {
    exitCode: exitCode.ok,
    dryRun: true,
    nodes: [{ name: "x", takesVms: true, leaving: ["a/b"], uncordoned: false }],
    end: "interrupted",
    nextSteps: summary.nextSteps,
  };
  const failure = failureOf(new Error("no route"));
  const events: ProgressEvent[] = [
    { time, type: "node-cordoned", node: "x", already: false, dryRun: true },
    { time, type: "node-uncordoned", node: "x", already: true },
    { time, type: "eviction-requested", ...pod, vm: "a", attempt: 2 },
    { time, type: "eviction-refused", ...pod, vm: "a", code: 429, message: "no", final: false },
    { time, type: "vm", vm: progress, change: "target" },
    { time, type: "vm", operation: "recover", vm: progress },
    { time, type: "pod-evicted", ...pod },
    { time, type: "changed-object", object: "vmim/a", verb: "deleted", dryRun: true },
    { time, type: "warning", message: "w" },
    { time, type: "waiting", message: "for it" },
    { time, type: "node-drained", node: "x" },
    { time, type: "summary", ...summary },
    { time, type: "summary", operation: "recover", ...recovery },
    { time, type: "summary", operation: "abort", ...undone },
    { time, type: "summary", operation: "uncordon", ...givenBack },
    { time, type: "summary", ...summary, ...failure },
    { time, type: "summary", operation: "recover", ...recovery, ...failure },
    { time, type: "summary", operation: "abort", ...undone, ...failure },
    { time, type: "summary", operation: "uncordon", ...givenBack, ...failure },
  ];

  test.each(events)("$type is one line that fits the schema", (event) => {
    const line = eventJson(event);
    expect(line).not.toContain("\n");
    expect(line.startsWith(`{"apiVersion":"vmnode/v1","type":"${event.type}","time":"${time}"`)).toBe(true);
    expect(violations(JSON.parse(line))).toEqual([]);
  });

  test("that nobody declared does not fit", () => {
    expect(violations({ apiVersion: "vmnode/v1", type: "surprise", time })).not.toEqual([]);
    expect(violations({ ...JSON.parse(eventJson({ time, type: "warning", message: "w" })), extra: 1 })).not.toEqual([]);
  });
});

test("the schema lists exactly the codes of findings", () => {
  expect(machineSchema.$defs?.FindingCode?.enum).toEqual(Object.keys(findingCodes));
});
