/** A frame of the live view shows what matters, and fits. */
import { describe, expect, test } from "vitest";
import type { DrainProgress, VmProgress } from "../../../lib/model/progress.ts";
import { liveFrame } from "../../../lib/report/live-frame.ts";
import { width } from "../../../lib/report/width.ts";
import { drainProgress, going } from "../../builders/progress.ts";

const now = new Date("2026-11-21T14:02:33Z");
const text = (lines: readonly string[]) => lines.join("\n");

const vms: VmProgress[] = [
  going("prod/web-1", "moved", { target: "worker-3", seconds: 41 }),
  going("prod/web-7", "migrating", { target: "worker-3", phase: "Running" }),
  going("prod/cache", "migrating", { target: "worker-2", phase: "TargetReady", since: "2026-11-21T14:02:30Z" }),
  going("prod/big-1", "queued", { detail: "waits for a slot, 3rd of 5" }),
  going("prod/odd", "held", {
    detail: "no node fits its target: cpu-model Icelake on worker-2 only, which is full",
    until: "2026-11-21T14:31:00Z",
    fix: "kubectl patch vm odd -n prod …",
  }),
  going("prod/db-local", "blocked", {
    detail: "must migrate but cannot: DisksNotLiveMigratable",
    fix: "virtctl stop db-local -n prod",
  }),
  going("test/ci-runner", "waiting", { detail: "shut down last, when the others are gone" }),
];

describe("a frame", () => {
  test("at 80 columns", () => {
    expect(text(liveFrame(drainProgress(vms), { columns: 80, rows: 24 }, now))).toMatchInlineSnapshot(`
      "draining worker-1   6 of 7 to go   4m07s   2 migrating (limit 2), 1 queued
        prod/db-local   blocked: must migrate but cannot: DisksNotLiveMigratable
                        fix: virtctl stop db-local -n prod
        prod/odd        held up: no node fits its target: cpu-model Icelake on
                        worker-2 only, which is full
                        until 14:31:00Z, in 28m
                        fix: kubectl patch vm odd -n prod …
        prod/web-7      migrating → worker-3   0:22   Running
        prod/cache      migrating → worker-2   0:03   TargetReady
        prod/big-1      queued: waits for a slot, 3rd of 5
        test/ci-runner  waiting: shut down last, when the others are gone
      Ctrl-C stops evicting; what KubeVirt has begun goes on."
    `);
  });

  test("never cuts a command: a person is to copy it", () => {
    const fix = "kubectl describe vmim kubevirt-evacuation-hj844 -n prod";
    const failing = going("prod/failing", "queued", { detail: "Its evacuation failed once", fix });
    const moving = going("prod/slow", "migrating", { target: "worker-3", phase: "Running", detail: "stalls", fix });
    const frame = liveFrame(drainProgress([failing, moving]), { columns: 50, rows: 24 }, now);
    expect(Math.max(...frame.map(width))).toBeLessThanOrEqual(50);
    expect(text(frame).replace(/\s+/g, " ").split(`fix: ${fix}`)).toHaveLength(3);
  });

  test("at 60 columns", () => {
    expect(text(liveFrame(drainProgress(vms), { columns: 60, rows: 24 }, now))).toMatchInlineSnapshot(`
      "draining worker-1   6 of 7 to go   4m07s
      2 migrating (limit 2), 1 queued
        prod/db-local   blocked: must migrate but cannot:
                        DisksNotLiveMigratable
                        fix: virtctl stop db-local -n prod
        prod/odd        held up: no node fits its target:
                        cpu-model Icelake on worker-2 only, which
                        is full
                        until 14:31:00Z, in 28m
                        fix: kubectl patch vm odd -n prod …
        prod/web-7      migrating → worker-3   0:22   Running
        prod/cache      migrating → worker-2   0:03   TargetReady
        prod/big-1      queued: waits for a slot, 3rd of 5
        test/ci-runner  waiting: shut down last, when the others …
      Ctrl-C stops evicting; what KubeVirt has begun goes on."
    `);
  });

  test("with fewer rows than VMs keeps the most interesting ones and counts the others", () => {
    expect(text(liveFrame(drainProgress(vms), { columns: 80, rows: 9 }, now))).toMatchInlineSnapshot(`
      "draining worker-1   6 of 7 to go   4m07s   2 migrating (limit 2), 1 queued
        prod/db-local   blocked: must migrate but cannot: DisksNotLiveMigratable
        prod/odd        held up: no node fits its target: cpu-model Icelake on
        prod/web-7      migrating → worker-3   0:22   Running
        prod/cache      migrating → worker-2   0:03   TargetReady
        … and 2 more (1 queued, 1 waiting)
      Ctrl-C stops evicting; what KubeVirt has begun goes on."
    `);
  });

  test("says of what stays as agreed no more than that, after everything else", () => {
    const staying = [
      going("prod/db", "left-behind", { detail: "must migrate but cannot", code: "NotLiveMigratable", fix: "virtctl" }),
      going("prod/web", "waiting"),
    ];
    expect(liveFrame(drainProgress(staying), { columns: 80, rows: 24 }, now).slice(1, -1)).toEqual([
      "  prod/web  waiting",
      "  prod/db   stays as agreed: NotLiveMigratable",
    ]);
  });

  test("says until when a shutdown may last on the same line", () => {
    const ending = [going("t/ci", "shutting-down", { until: "2026-11-21T14:04:01Z" })];
    expect(liveFrame(drainProgress(ending), { columns: 80, rows: 24 }, now)[1]).toBe(
      "  t/ci  shutting down   0:22   until 14:04:01Z, in 88s",
    );
  });

  test("says until when a start is waited for only where something holds it up", () => {
    const until = "2026-11-21T14:08:01Z";
    const starting = [
      going("t/a", "starting", { until }),
      going("t/b", "starting", { until, detail: "still attached" }),
    ];
    expect(liveFrame(drainProgress(starting), { columns: 80, rows: 24 }, now).slice(1, -1)).toEqual([
      "  t/a  starting   0:22",
      "  t/b  starting   0:22",
      "       still attached; until 14:08:01Z, in 5m28s",
    ]);
  });

  test("says of a recovery that pods are removed, because nothing shuts down on a dead host", () => {
    const lost = [going("t/ci", "shutting-down")];
    const frame = liveFrame(drainProgress(lost, { operation: "recover" }), { columns: 80, rows: 24 }, now);
    expect(frame[1]).toBe("  t/ci  removing its pods   0:22");
  });

  test.each([
    [120, 40],
    [80, 24],
    [60, 10],
    [40, 6],
    [20, 3],
    [10, 2],
  ])("fits into %d columns and %d rows", (columns, rows) => {
    const many = Array.from({ length: 50 }, (_none, index) =>
      going(`prod/虚拟机-${index}`, "queued", { detail: "x".repeat(90) }),
    );
    const frame = liveFrame(
      drainProgress([...vms, ...many], { trouble: ["the API server does not answer"] }),
      { columns, rows },
      now,
    );
    // Never the whole screen: tmux would keep each frame in its history.
    expect(frame.length).toBeLessThanOrEqual(Math.max(1, rows - 2));
    expect(Math.max(...frame.map(width))).toBeLessThanOrEqual(columns);
  });

  test("of several nodes says which node a VM is on", () => {
    const two = [going("prod/a", "queued"), going("prod/b", "queued", { node: "worker-2" })];
    const frame = liveFrame(drainProgress(two, { nodes: ["worker-1", "worker-2"] }), { columns: 100, rows: 24 }, now);
    expect(frame[0]).toContain("draining worker-1, worker-2");
    expect(frame.slice(1, 3)).toEqual(["  worker-1  prod/a  queued", "  worker-2  prod/b  queued"]);
  });

  test("says what cannot be reached", () => {
    const progress = drainProgress([], { trouble: ["the API server does not answer"] });
    expect(liveFrame(progress, { columns: 80, rows: 24 }, now)[1]).toBe("! the API server does not answer");
  });

  test("counts a migration from its target pod to its end, as KubeVirt does", () => {
    const vms = [
      going("a/running", "migrating", { target: "b", phase: "Running" }),
      going("a/begun", "migrating", { phase: "Scheduling" }),
      going("a/over", "migrating", { target: "b" }),
      going("a/pending", "queued", { phase: "Pending" }),
    ];
    const head = (fields: Partial<DrainProgress>) =>
      liveFrame(drainProgress(vms, fields), { columns: 120, rows: 24 }, now)[0]?.split("4m07s   ")[1];
    expect(head({})).toBe("2 migrating (limit 2), 1 queued");
    expect(head({ limits: { perNode: 2, perCluster: 5, maxParallel: 1 } })).toBe("2 migrating (limit 1), 1 queued");
    expect(head({ nodes: ["a", "b"] })).toBe("2 migrating (limit 2 per node), 1 queued");
    expect(head({ nodes: ["a", "b", "c"] })).toBe("2 migrating (limit 2 per node, 5 in all), 1 queued");
  });

  test("counts other pods, and names those that block", () => {
    const pod = (name: string, state: "waiting" | "terminating" | "gone" | "blocked", detail?: string) => ({
      ...{ namespace: "app", name, uid: name, node: "worker-1", state, detail },
    });
    const pods = [
      pod("a", "gone"),
      pod("b", "terminating"),
      pod("c", "terminating"),
      pod("d", "blocked", "PDB api allows none"),
    ];
    expect(liveFrame(drainProgress([], { pods }), { columns: 80, rows: 24 }, now).slice(1, -1)).toEqual([
      "  3 other pods: 2 terminating, 1 blocked",
      "  pod app/d blocked: PDB api allows none",
    ]);
  });

  test("of a stuck drain says until when it waits", () => {
    const progress = drainProgress([going("a/b", "blocked")], { phase: "stuck", givesUpAt: "2026-11-21T14:03:03Z" });
    const frame = liveFrame(progress, { columns: 100, rows: 24 }, now);
    expect(frame[0]).toMatch(/^stuck on worker-1 {3}1 of 1 to go/);
    expect(frame.at(-1)).toBe(
      "Nothing has changed for a while, and everything left is blocked; gives up 14:03:03Z, in 30s.",
    );
  });

  test("shows a VM that failed, but does not count it as left on the node", () => {
    const frame = liveFrame(
      drainProgress([going("a/b", "failed", { detail: "does not start" })]),
      { columns: 80, rows: 24 },
      now,
    );
    expect(frame[0]).toContain("0 of 1 to go");
    expect(frame[1]).toBe("  a/b  failed: does not start");
  });
});
