/** Events read as kubectl's lines where kubectl has them. */
import { describe, expect, test } from "vitest";
import type { ProgressEvent } from "../../../lib/model/progress.ts";
import { eventLines, historyLines, progressLine } from "../../../lib/report/events.ts";
import { drainProgress, going } from "../../builders/progress.ts";
import { summaryOf } from "./builders.ts";

const time = "2026-11-21T14:02:11Z";
const pod = { node: "x", namespace: "ns", pod: "p" };

describe("in a log", () => {
  test.each<[ProgressEvent, string]>([
    [{ time, type: "node-cordoned", node: "x", already: false }, "node/x cordoned"],
    [{ time, type: "node-cordoned", node: "x", already: true }, "node/x already cordoned"],
    [{ time, type: "node-cordoned", node: "x", already: false, dryRun: true }, "node/x cordoned (server dry run)"],
    [{ time, type: "node-uncordoned", node: "x", already: false }, "node/x uncordoned"],
    [{ time, type: "node-uncordoned", node: "x", already: true }, "node/x already uncordoned"],
    [{ time, type: "eviction-requested", ...pod, attempt: 1 }, "evicting pod ns/p"],
    [{ time, type: "pod-evicted", ...pod }, "pod/p evicted"],
    [{ time, type: "node-drained", node: "x" }, "node/x drained"],
  ])("kubectl's own line goes out unchanged: $1", (event, line) => {
    expect(eventLines(event)).toEqual({ out: [line], err: [] });
  });

  test("a pod that is evicted again leaves no further line", () => {
    expect(eventLines({ time, type: "eviction-requested", ...pod, attempt: 2 })).toEqual({ out: [], err: [] });
  });

  test("how far a drain has come is one line", () => {
    const vms = [going("a/b", "moved"), going("a/c", "queued"), going("a/d", "queued"), going("a/e", "migrating")];
    expect(progressLine(drainProgress(vms))).toBe(
      "2026-11-21T14:02:33Z still draining worker-1: 3 of 4 VMs to go (2 queued, 1 migrating)",
    );
  });

  test("a refusal goes to standard error, final or not", () => {
    const event = { time, type: "eviction-refused", ...pod, code: 429, message: "no", final: false } as const;
    expect(eventLines(event)).toEqual({ out: [], err: ['error when evicting pods/"p" -n "ns" (will retry): no'] });
    expect(eventLines({ ...event, final: true }).err).toEqual(['error when evicting pods/"p" -n "ns": no']);
  });

  test("a warning is kubectl's Warning:", () => {
    expect(eventLines({ time, type: "warning", message: "odd" })).toEqual({ out: [], err: ["Warning: odd"] });
  });

  test("a changed object is kind/name verb", () => {
    expect(
      eventLines({ time, type: "changed-object", object: "virtualmachineinstancemigration/m", verb: "deleted" }).out,
    ).toEqual(["virtualmachineinstancemigration/m deleted"]);
  });

  test.each([
    [
      going("prod/a", "queued", { detail: "it failed", code: "EvacuationFailing" }),
      "waits for its migration: it failed",
    ],
    [going("prod/a", "migrating", { target: "w2", phase: "Running" }), "migrating to w2"],
    [going("prod/a", "migrating", { detail: "no node fits", code: "NoNodeFits" }), "migrating: no node fits"],
    [
      going("prod/a", "held", { detail: "a migration arrives", until: time }),
      `held up: a migration arrives (until ${time})`,
    ],
    [going("prod/a", "blocked", { detail: "no", fix: "virtctl stop a" }), "blocked: no (fix: virtctl stop a)"],
    [going("prod/a", "moved", { target: "w2", seconds: 41 }), "moved to w2 in 41 s"],
    [going("prod/a", "restarted", { target: "w2", seconds: 90 }), "restarted on w2 in 1m30s"],
    [going("prod/a", "stopped"), "stopped"],
    [going("prod/a", "failed", { detail: "not started" }), "failed: not started"],
    [going("prod/a", "left-behind", { detail: "worse now" }), "left behind: worse now"],
    [
      going("prod/a", "left-behind", { detail: "a long reason", code: "NotLiveMigratable" }),
      "left behind as agreed (NotLiveMigratable)",
    ],
  ])("what kubectl does not say has the time in front: $1", (vm, words) => {
    expect(eventLines({ time, type: "vm", vm }).out).toEqual([`${time} prod/a ${words}`]);
  });
});

describe("a log has one line when a VM's migration begins, and one at its end", () => {
  const lines = (vm: ReturnType<typeof going>, change?: "state" | "target" | "phase" | "detail") =>
    eventLines({ time, type: "vm", vm, change }).out.length;

  test.each([
    ["migrating, but its target is not known yet", going("prod/a", "migrating", { phase: "Scheduling" }), "state", 0],
    ["the target is known", going("prod/a", "migrating", { phase: "Scheduled", target: "w2" }), "target", 1],
    ["another phase", going("prod/a", "migrating", { phase: "Running", target: "w2" }), "phase", 0],
    ["in the queue", going("prod/a", "queued", { detail: "marked for evacuation" }), "state", 0],
    ["waiting", going("prod/a", "waiting", { detail: "a budget" }), "state", 0],
    ["shutting down: its eviction has been told", going("prod/a", "shutting-down"), "state", 0],
    [
      "what its shutting down is told by",
      going("prod/a", "shutting-down", { detail: "wait for up to 30 s", code: "ShuttingDown" }),
      "detail",
      0,
    ],
    ["starting elsewhere", going("prod/a", "starting", { target: "w2" }), "state", 0],
    ["a start that has trouble", going("prod/a", "starting", { detail: "ErrImagePull" }), "detail", 1],
    ["moved", going("prod/a", "moved", { target: "w2" }), "state", 1],
  ] as const)("%s", (_case, vm, change, number) => {
    expect(lines(vm, change)).toBe(number);
  });

  test("its time has no fractions of seconds", () => {
    const vm = going("prod/a", "stopped");
    expect(eventLines({ time: "2026-11-21T14:02:11.123Z", type: "vm", vm }).out).toEqual([
      "2026-11-21T14:02:11Z prod/a stopped",
    ]);
  });
});

describe("above a live view", () => {
  const vm = going("prod/web-1", "moved", { target: "worker-3", seconds: 41 });

  test("a VM's departure is one line, with its pod", () => {
    expect(historyLines({ time, type: "vm", vm }, [vm]).out).toEqual([
      "pod/virt-launcher-web-1-x2x4l evicted   prod/web-1 moved to worker-3 in 41 s",
    ]);
    const evicted = { time, type: "pod-evicted", node: "x", namespace: "prod", pod: vm.pod } as const;
    expect(historyLines(evicted, [vm]).out).toEqual([]);
    expect(historyLines({ ...evicted, namespace: "other" }, [vm]).out).toEqual([
      "pod/virt-launcher-web-1-x2x4l evicted",
    ]);
  });

  test("nothing is evicted or shut down by a recovery: the guests died with their host", () => {
    const line = (state: "restarted" | "stopped" | "shutting-down", fields: object = {}) =>
      historyLines({ time, type: "vm", operation: "recover", vm: going("prod/web-1", state, fields) }, []).out;
    expect(line("restarted", { target: "worker-3", seconds: 6 })).toEqual(["prod/web-1 restarted on worker-3 in 6 s"]);
    expect(line("stopped", { detail: "runStrategy Manual" })).toEqual(["prod/web-1 stays down: runStrategy Manual"]);
    expect(line("shutting-down")).toEqual([]);
    const held = going("prod/web-1", "shutting-down", { detail: "its object is still there" });
    expect(eventLines({ time, type: "vm", operation: "recover", vm: held, change: "detail" }).out).toEqual([
      `${time} prod/web-1 waits for its pods to be removed: its object is still there`,
    ]);
  });

  test("what the view shows anyway leaves no line", () => {
    expect(historyLines({ time, type: "eviction-requested", ...pod, attempt: 1 }, []).out).toEqual([]);
    expect(historyLines({ time, type: "vm", vm: going("a/b", "migrating") }, []).out).toEqual([]);
    const refused = { time, type: "eviction-refused", ...pod, code: 429, message: "no", final: false } as const;
    expect(historyLines(refused, []).err).toEqual([]);
    expect(historyLines({ ...refused, final: true }, []).err).toHaveLength(1);
  });

  test("is broken between words to fit the screen, and the pod's line comes apart first", () => {
    expect(historyLines({ time, type: "vm", vm }, [vm], { columns: 60 }).out).toEqual([
      "pod/virt-launcher-web-1-x2x4l evicted",
      "  prod/web-1 moved to worker-3 in 41 s",
    ]);
    const failed = going("a/b", "failed", { detail: "was shut down, but does not run again: ErrorUnschedulable" });
    expect(historyLines({ time, type: "vm", vm: failed }, [], { columns: 40 }).out).toEqual([
      "a/b failed: was shut down, but does not",
      "  run again: ErrorUnschedulable",
    ]);
  });

  test("a VM that stays as agreed leaves no line, one that stays for another reason does", () => {
    const staying = (fields: object) =>
      historyLines({ time, type: "vm", vm: going("a/b", "left-behind", fields) }, []).out.length;
    expect(staying({ code: "NotLiveMigratable" })).toBe(0);
    expect(staying({ detail: "would be shut down now" })).toBe(1);
  });

  test("a VM that failed leaves a line", () => {
    expect(historyLines({ time, type: "vm", vm: going("a/b", "failed", { detail: "why" }) }, []).out).toEqual([
      "a/b failed: why",
    ]);
  });

  test("everything else is as in a log", () => {
    const event = { time, type: "summary", ...summaryOf({}) } as const;
    expect(historyLines(event, [])).toEqual(eventLines(event));
    expect(historyLines({ time, type: "node-drained", node: "x" }, []).out).toEqual(["node/x drained"]);
  });
});
