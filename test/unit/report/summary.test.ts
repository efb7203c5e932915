/** The end of a drain is told honestly. */
import { expect, test } from "vitest";
import { summaryReport } from "../../../lib/report/summary.ts";
import { going } from "../../builders/progress.ts";
import { summaryOf } from "./builders.ts";

const text = (lines: readonly string[]) => lines.join("\n");

test("a drain that did all it should", () => {
  const summary = summaryOf({
    moved: [going("prod/a", "moved", { seconds: 40 }), going("prod/big-1", "moved", { seconds: 362 })],
    restarted: [
      going("t/ci", "restarted", { target: "worker-3" }),
      going("t/gpu", "restarted", { target: "worker-2" }),
    ],
    stopped: [going("test/bench-3", "stopped", { detail: "bare VMI" })],
    otherPods: 11,
    attachedVolumes: 0,
  });
  expect(text(summaryReport(summary))).toMatchInlineSnapshot(`
    "
    moved      2   slowest prod/big-1 (6m02s)
    restarted  2   running on worker-2, worker-3
    stopped    1   test/bench-3 (bare VMI)
    worker-1 may be powered off: no VM left. 11 other pods are still there (--all-pods)."
  `);
});

test("a drain that is not complete", () => {
  const summary = summaryOf(
    {
      drained: false,
      moved: [going("prod/a", "moved")],
      failed: [
        going("t/ci", "failed", {
          detail: "was shut down, but does not run again",
          fix: "kubectl describe vmi ci -n t",
        }),
      ],
      stillThere: [
        going("prod/db", "blocked", { detail: "cannot migrate", fix: "virtctl stop db -n prod" }),
        going("prod/x", "queued"),
      ],
      mayPowerOff: false,
      powerOffDetail: "2 VMs run there",
    },
    {
      exitCode: 4,
      nextSteps: [
        { command: "kubectl vmnode drain worker-1", purpose: "go on" },
        { command: "kubectl vmnode abort worker-1", purpose: "undo it" },
      ],
    },
  );
  expect(text(summaryReport(summary))).toMatchInlineSnapshot(`
    "
    moved        1
    failed       1
      t/ci   was shut down, but does not run again
        fix: kubectl describe vmi ci -n t
    still there  2
      prod/db   cannot migrate
        fix: virtctl stop db -n prod
      prod/x
    worker-1 is not drained and must not be powered off: 2 VMs run there.

    go on:    kubectl vmnode drain worker-1
    undo it:  kubectl vmnode abort worker-1"
  `);
});

test("a drain narrowed by a selector never says drained", () => {
  const lines = summaryReport(
    summaryOf({ outsideSelection: 3, mayPowerOff: false, powerOffDetail: "3 VMs run there", otherPods: 2 }),
  );
  expect(lines).toEqual([
    "",
    "worker-1: 0 of the selection left, 3 others remain.",
    "worker-1 must not be powered off: 3 VMs run there.",
  ]);
});

test("what could not be read is no reason for powering off, but told beside it", () => {
  const lines = summaryReport(summaryOf({ powerOffDetail: "attached volumes could not be read" }));
  expect(lines.at(-1)).toBe("worker-1 may be powered off: no VM left, but attached volumes could not be read.");
});

test("several nodes are told apart", () => {
  const one = summaryOf({ moved: [going("a/b", "moved", { seconds: 5 })] });
  const two = summaryOf({ name: "worker-2", attachedVolumes: 1 });
  expect(summaryReport({ ...one, nodes: [...one.nodes, ...two.nodes] })).toEqual([
    "",
    "worker-1:",
    "moved  1   slowest a/b (5 s)",
    "worker-1 may be powered off: no VM left.",
    "",
    "worker-2:",
    "worker-2 may be powered off: no VM left. 1 volume is still attached.",
  ]);
});

test("an end before everything was done says why, and what goes on without this program", () => {
  const queued = going("prod/a", "queued");
  const summary = summaryOf(
    { drained: false, stillThere: [queued], mayPowerOff: false, powerOffDetail: "1 VM is still there" },
    { exitCode: 130, end: "interrupted", goesOn: [queued, going("t/ci", "starting")] },
  );
  expect(summaryReport(summary).slice(0, 4)).toEqual([
    "",
    "Interrupted: nothing more is evicted.",
    "KubeVirt goes on moving 1 VM: prod/a",
    "Still shutting down or starting: t/ci",
  ]);
  expect(text(summaryReport(summaryOf({}, { end: "timed-out" })))).toContain("the time limit (--timeout) is over");
  expect(text(summaryReport(summaryOf({}, { end: "stuck" })))).toContain("everything that is left is blocked");
  const aborted = { end: "stopped", stoppedBy: "an abort of node/worker-1 undoes this drain" } as const;
  const cancelled = summaryReport(summaryOf({}, { ...aborted, goesOn: [going("prod/a", "migrating")] }));
  expect(cancelled).toContain("Still moving: prod/a");
  const stopped = summaryOf({}, { end: "stopped", stoppedBy: "node/worker-1 was uncordoned by somebody else" });
  expect(text(summaryReport(stopped))).toContain(
    "Stopped: node/worker-1 was uncordoned by somebody else. Nothing more",
  );
  expect(summaryReport(summaryOf({}, { end: "complete" }))[1]).toContain("may be powered off");
});

test("on a narrow screen text is broken, and commands are not", () => {
  const why = "Must migrate (LiveMigrate) but cannot: DisksNotLiveMigratable";
  const command = "kubectl vmnode drain worker-1 --skip-blocked --context=production";
  const summary = summaryOf(
    { drained: false, stillThere: [going("prod/db", "left-behind", { detail: why })], mayPowerOff: false },
    { nextSteps: [{ command, purpose: "takes the drain up again" }] },
  );
  expect(summaryReport(summary, { columns: 40 })).toEqual([
    "",
    "still there  1",
    "  prod/db   Must migrate (LiveMigrate)",
    "    but cannot: DisksNotLiveMigratable",
    "worker-1 is not drained and must not be",
    "powered off.",
    "",
    "takes the drain up again:",
    `  ${command}`,
  ]);
});

test("many names are not all written out", () => {
  const stopped = Array.from({ length: 7 }, (_none, index) => going(`a/vm-${index}`, "stopped"));
  expect(summaryReport(summaryOf({ stopped }))[1]).toBe("stopped  7   a/vm-0, a/vm-1, a/vm-2, a/vm-3, a/vm-4, …");
});

test("a pod that keeps a node from being empty is named, with its reason", () => {
  const pod = { namespace: "default", name: "sticky", uid: "p", node: "worker-1", state: "terminating" } as const;
  const lines = summaryReport(
    summaryOf({ drained: false, podsLeft: [{ ...pod, detail: "being deleted since 12:00" }] }),
  );
  expect(lines).toContain("1 other pod still there");
  expect(lines).toContain("  default/sticky   being deleted since 12:00");
});
