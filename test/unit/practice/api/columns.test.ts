/** What the printer columns say, as kubectl shows it. */
import { describe, expect, it } from "vitest";
import { compileJsonPath } from "../../../../lib/practice/api/columns/custom.ts";
import { columnsOf } from "../../../../lib/practice/api/table.ts";
import { createResourceTable } from "../../../../lib/practice/resources.ts";
import type { KubeObject } from "../../../../lib/practice/store.ts";

const now = new Date("2026-08-22T10:00:00Z");
const table = createResourceTable();

function cells(group: string, resource: string, object: object): Record<string, unknown> {
  const found = table.find(group, resource);
  if (found === undefined) throw new Error(`no resource ${resource}`);
  const full = { metadata: { name: "x", creationTimestamp: "2026-08-22T09:55:00Z" }, ...object } as KubeObject;
  return Object.fromEntries(columnsOf(found).map((column) => [column.name, column.cell(full, now)]));
}

const running = { running: { startedAt: "2026-08-22T09:55:00Z" } };
const ended = (exitCode: number, reason?: string): object => ({ terminated: { exitCode, ...(reason && { reason }) } });
const main = { name: "main" };

function podStatus(status: object, parts: { spec?: object; metadata?: object } = {}): Record<string, unknown> {
  return cells("", "pods", {
    spec: { containers: [main], ...parts.spec },
    status,
    ...(parts.metadata && { metadata: { name: "x", creationTimestamp: "2026-08-22T09:55:00Z", ...parts.metadata } }),
  });
}

const ready = [{ type: "Ready", status: "True" }];

describe("a pod's line", () => {
  it.each([
    ["runs", { phase: "Running", containerStatuses: [{ ...main, ready: true, state: running }] }, "1/1", "Running"],
    ["has not begun", { phase: "Pending" }, "0/1", "Pending"],
    [
      "waits",
      { phase: "Pending", containerStatuses: [{ ...main, state: { waiting: { reason: "ErrImagePull" } } }] },
      "0/1",
      "ErrImagePull",
    ],
    [
      "ended well",
      { phase: "Succeeded", containerStatuses: [{ ...main, state: ended(0, "Completed") }] },
      "0/1",
      "Completed",
    ],
    ["ended badly", { phase: "Failed", containerStatuses: [{ ...main, state: ended(3) }] }, "0/1", "ExitCode:3"],
    ["says why itself", { phase: "Failed", reason: "Evicted" }, "0/1", "Evicted"],
    [
      "is gated",
      { phase: "Pending", conditions: [{ type: "PodScheduled", status: "False", reason: "SchedulingGated" }] },
      "0/1",
      "SchedulingGated",
    ],
  ])("when it %s", (_what, status, readyCell, statusCell) => {
    expect(podStatus(status)).toMatchObject({ Ready: readyCell, Status: statusCell });
  });

  it.each([
    ["a running one", {}, "Terminating"],
    ["a finished one", { phase: "Succeeded" }, "Succeeded"],
    ["one on a lost node", { reason: "NodeLost" }, "Unknown"],
  ])("when %s is deleted", (_what, status, expected) => {
    const metadata = { deletionTimestamp: "2026-08-22T10:00:30Z" };
    expect(podStatus({ phase: "Running", ...status }, { metadata }).Status).toBe(expected);
  });

  it.each([
    ["begin", [{ name: "i", state: running }], "Init:0/2"],
    [
      "go on",
      [
        { name: "i", state: ended(0) },
        { name: "j", state: running },
      ],
      "Init:1/2",
    ],
    ["fail", [{ name: "i", state: ended(1, "Error") }], "Init:Error"],
    ["wait", [{ name: "i", state: { waiting: { reason: "CrashLoopBackOff" } } }], "Init:CrashLoopBackOff"],
  ])("while its init containers %s", (_what, initContainerStatuses, expected) => {
    const spec = { initContainers: [{ name: "i" }, { name: "j" }] };
    expect(podStatus({ phase: "Pending", initContainerStatuses }, { spec }).Status).toBe(expected);
  });

  it("counts sidecars, restarts and readiness gates", () => {
    const status = {
      phase: "Running",
      conditions: [...ready, { type: "gate", status: "True" }],
      initContainerStatuses: [{ name: "side", ready: true, started: true, restartCount: 1, state: running }],
      containerStatuses: [
        {
          ...main,
          ready: true,
          restartCount: 2,
          state: running,
          lastState: { terminated: { exitCode: 1, finishedAt: "2026-08-22T09:58:00Z" } },
        },
      ],
    };
    const spec = {
      initContainers: [{ name: "side", restartPolicy: "Always" }],
      readinessGates: [{ conditionType: "gate" }],
    };
    expect(podStatus(status, { spec })).toMatchObject({
      Ready: "2/2",
      Status: "Running",
      Restarts: "3 (2m ago)",
      "Readiness Gates": "1/1",
    });
  });

  it("is running again when one container has completed and another runs", () => {
    const containerStatuses = [
      { ...main, state: ended(0, "Completed") },
      { name: "other", ready: true, state: running },
    ];
    expect(podStatus({ phase: "Running", containerStatuses, conditions: ready }).Status).toBe("Running");
    expect(podStatus({ phase: "Running", containerStatuses }).Status).toBe("NotReady");
  });
});

it.each([
  [{ conditions: [{ type: "Ready", status: "True" }] }, {}, "Ready"],
  [{ conditions: [{ type: "Ready", status: "Unknown" }] }, {}, "NotReady"],
  [{}, {}, "Unknown"],
  [{ conditions: [{ type: "Ready", status: "True" }] }, { unschedulable: true }, "Ready,SchedulingDisabled"],
])("a node with status %j and spec %j is %s", (status, spec, expected) => {
  expect(cells("", "nodes", { status, spec }).Status).toBe(expected);
});

it("a budget shows what it does not limit as N/A", () => {
  expect(
    cells("policy", "poddisruptionbudgets", { spec: { minAvailable: "50%" }, status: { disruptionsAllowed: 2 } }),
  ).toEqual({
    Name: "x",
    "Min Available": "50%",
    "Max Unavailable": "N/A",
    "Allowed Disruptions": 2,
    Age: "5m",
  });
});

it("an event is told with its times and its object", () => {
  const event = {
    type: "Warning",
    reason: "Why",
    message: " text ",
    count: 3,
    firstTimestamp: "2026-08-22T09:50:00Z",
    lastTimestamp: "2026-08-22T09:59:30Z",
    involvedObject: { kind: "Pod", name: "a" },
    source: { component: "kubelet", host: "n1" },
  };
  expect(cells("", "events", event)).toMatchObject({
    "Last Seen": "30s",
    "First Seen": "10m",
    Object: "pod/a",
    Message: "text",
    Source: "kubelet, n1",
    Count: 3,
  });
});

it("a claim shows its volume's figures once it is bound", () => {
  const status = { phase: "Bound", capacity: { storage: "1Gi" }, accessModes: ["ReadWriteMany", "ReadWriteOnce"] };
  expect(cells("", "persistentvolumeclaims", { spec: { volumeName: "pv" }, status })).toMatchObject({
    Capacity: "1Gi",
    "Access Modes": "RWO,RWX",
    VolumeMode: "<unset>",
  });
  expect(cells("", "persistentvolumeclaims", { spec: {}, status: { phase: "Pending" } })).toMatchObject({
    Capacity: "",
    Status: "Pending",
  });
});

it.each([
  [".status.phase", "Running"],
  [".status.interfaces[0].ip", "10.0.0.1"],
  [".status.conditions[?(@.type=='Ready')].status", "True"],
  [".metadata.labels['a.b/c']", "d"],
  [".metadata.labels.a\\.b/c", "d"],
  [".status.nothing.here", undefined],
])("the JSON path %s reads %j", (path, expected) => {
  const object = {
    metadata: { labels: { "a.b/c": "d" } },
    status: {
      phase: "Running",
      interfaces: [{ ip: "10.0.0.1" }],
      conditions: [{ type: "Other", status: "x" }, ...ready],
    },
  };
  expect(compileJsonPath(path)(object as unknown as KubeObject)).toEqual(expected);
});
