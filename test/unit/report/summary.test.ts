/** The end of a drain is told honestly. */
import { expect, test } from "vitest";
import { summaryReport } from "../../../lib/report/summary.ts";
import { going, summaryOf } from "./builders.ts";

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

test("many names are not all written out", () => {
  const stopped = Array.from({ length: 7 }, (_none, index) => going(`a/vm-${index}`, "stopped"));
  expect(summaryReport(summaryOf({ stopped }))[1]).toBe("stopped  7   a/vm-0, a/vm-1, a/vm-2, a/vm-3, a/vm-4, …");
});
