/** The end of a recovery on the screen: what a sign of life means for the VMs that were started again. */
import { describe, expect, test } from "vitest";
import { exitCode } from "../../../lib/model/exit-code.ts";
import type { RecoverySummary } from "../../../lib/model/progress.ts";
import { recoverySummaryReport } from "../../../lib/report/recovery-summary.ts";
import { going } from "../../builders/progress.ts";

function ended(fields: Partial<RecoverySummary>, columns?: number): string {
  const summary: RecoverySummary = {
    exitCode: exitCode.refused,
    node: "worker-4",
    end: "alive",
    detail: "worker-4 is alive: its kubelet renewed its lease 1s ago.",
    running: [],
    down: [],
    failed: [],
    open: [],
    held: [],
    taintLeft: false,
    nextSteps: [],
    ...fields,
  };
  return recoverySummaryReport(summary, { columns }).join("\n");
}

test("a VM that runs on a node of which that is in doubt", () => {
  const moved = going("prod/web", "moved", { target: "worker-2", detail: "which is not Ready, either" });
  expect(ended({ end: "complete", running: [moved] })).toContain("prod/web   on worker-2, which is not Ready, either");
});

test("on a narrow terminal breaks between words what is no command", () => {
  const running = [going("media/leaving", "restarted", { target: "worker-2", seconds: 6 })];
  const step = { purpose: "takes our taint and the cordon off, when the node is back", command: "kubectl vmnode x" };
  expect(
    ended({ end: "complete", running, nextSteps: [step] }, 40)
      .split("\n")
      .slice(-7),
  ).toEqual([
    "1 VM runs:",
    "  media/leaving   on worker-2, 6 s after",
    "    the confirmation",
    "",
    "takes our taint and the cordon off, when",
    "the node is back:",
    "  kubectl vmnode x",
  ]);
});

describe("the node shows life", () => {
  const started = {
    running: [going("prod/web", "restarted", { target: "worker-2" }), going("prod/moved", "moved")],
    open: [going("prod/db", "starting"), going("prod/late", "shutting-down")],
  };

  test("names the VMs of which two copies may run", () => {
    expect(ended({ ...started, rebooted: false })).toContain(
      "MAY RUN TWICE, until the kubelet of worker-4 ends the copies there: prod/web, prod/db.",
    );
  });

  test("but none where the host has booted since, because their first copies ended with it", () => {
    expect(ended({ ...started, rebooted: true })).not.toMatch(/TWICE|VMs may run/);
  });

  test("before anything was started again: its VMs may run there", () => {
    expect(ended({ open: [going("prod/late", "shutting-down")] })).toContain("Look at the host: VMs may run on it.");
  });

  test("says what the taint goes on doing, if it was set", () => {
    const goesOn = "Kubernetes goes on ending the pods that it found there";
    expect(ended({ condemned: true })).toContain(goesOn);
    expect(ended({ condemned: false })).not.toContain(goesOn);
  });
});
