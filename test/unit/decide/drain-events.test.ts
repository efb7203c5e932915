/** What is told of a drain: the differences between two pictures of it. */
import { describe, expect, test } from "vitest";
import { drainEvents } from "../../../lib/decide/drain-events.ts";
import type { DrainProgress, VmProgress } from "../../../lib/model/progress.ts";
import { drainProgress, going } from "../../builders/progress.ts";

describe("events are the differences between two pictures", () => {
  const types = (before: DrainProgress | undefined, after: DrainProgress) =>
    drainEvents(before, after).map((event) => event.type);

  test("nothing changed, nothing told", () => {
    expect(
      types(drainProgress([going("prod/web", "migrating")]), drainProgress([going("prod/web", "migrating")])),
    ).toEqual([]);
  });

  test("a VM that only waits for its turn is no news", () => {
    expect(types(undefined, drainProgress([going("prod/web", "waiting")]))).toEqual([]);
  });

  test("a pod is evicted when its VM has left, and only then", () => {
    expect(
      types(drainProgress([going("prod/web", "queued")]), drainProgress([going("prod/web", "migrating")])),
    ).toEqual(["vm"]);
    expect(types(drainProgress([going("prod/web", "migrating")]), drainProgress([going("prod/web", "moved")]))).toEqual(
      ["pod-evicted", "vm"],
    );
  });

  test("what is left of its pod goes without a second line (--all-pods)", () => {
    const vm = going("prod/web", "moved");
    const rest = { namespace: vm.namespace, name: vm.pod, uid: "p", node: "worker-1", state: "waiting" } as const;
    const app = { ...rest, name: "app", uid: "q" };
    const before = { ...drainProgress([vm]), pods: [rest, app] };
    expect(drainEvents(before, drainProgress([vm]))).toMatchObject([{ type: "pod-evicted", pod: "app" }]);
  });

  test("a restarted VM's pod is evicted once, before the VM runs again", () => {
    expect(
      types(drainProgress([going("prod/ci", "shutting-down")]), drainProgress([going("prod/ci", "starting")])),
    ).toEqual(["pod-evicted", "vm"]);
    expect(
      types(drainProgress([going("prod/ci", "starting")]), drainProgress([going("prod/ci", "restarted")])),
    ).toEqual(["vm"]);
  });

  test("a migration's phase is told when it changes", () => {
    const phase = (name: string) => drainProgress([going("prod/web", "migrating", { phase: name })]);
    expect(types(phase("Scheduling"), phase("Running"))).toEqual(["vm"]);
  });

  test("what is new about a migration is told: that it began, where it goes, its phase", () => {
    const change = (before: Partial<VmProgress>, after: Partial<VmProgress>, from: VmProgress["state"] = "migrating") =>
      drainEvents(
        drainProgress([going("prod/web", from, before)]),
        drainProgress([going("prod/web", "migrating", after)]),
      ).map((event) => event.type === "vm" && event.change);
    expect(change({}, { phase: "Scheduling" }, "queued")).toEqual(["state"]);
    expect(change({ phase: "Scheduling" }, { phase: "Scheduled", target: "worker-2" })).toEqual(["target"]);
    expect(change({ phase: "Scheduled", target: "worker-2" }, { phase: "Running", target: "worker-2" })).toEqual([
      "phase",
    ]);
    expect(change({ phase: "Scheduling" }, { phase: "Scheduling", detail: "no node fits" })).toEqual(["detail"]);
  });

  test("trouble is said once", () => {
    const trouble = ["the API server does not answer"];
    expect(types(drainProgress([]), drainProgress([], { trouble }))).toEqual(["warning"]);
    expect(types(drainProgress([], { trouble }), drainProgress([], { trouble }))).toEqual([]);
  });

  test("an ordinary pod that is gone was evicted", () => {
    const pod = { namespace: "prod", name: "app", uid: "app", node: "worker-1", state: "terminating" } as const;
    expect(types(drainProgress([], { pods: [pod] }), drainProgress([]))).toEqual(["pod-evicted"]);
  });

  test("a pod that attaches a volume to a VM was not evicted: it went with its VM", () => {
    const pod = { namespace: "prod", name: "hp-volume-a", uid: "hp", node: "worker-1", goesWithVm: true } as const;
    expect(types(drainProgress([], { pods: [{ ...pod, state: "waiting" }] }), drainProgress([]))).toEqual([]);
  });

  test("what was left behind as agreed is told once, and again when the cause is another one", () => {
    const left = (detail: string, code: VmProgress["code"]) =>
      drainProgress([going("prod/web", "left-behind", { detail, code })]);
    const told = (from: DrainProgress, to: DrainProgress) => types(from, to).length;
    expect(told(left("no node fits: a", "NoNodeFits"), left("no node fits: b", "NoNodeFits"))).toBe(0);
    expect(told(left("no node fits: a", "NoNodeFits"), left("b", "EvacuationFailing"))).toBe(1);
    expect(told(left("would be shut down", undefined), left("would be stopped", undefined))).toBe(1);
  });

  test("the seconds that a shutdown has left are no news", () => {
    const ends = (detail: string) =>
      drainProgress([going("prod/ci", "shutting-down", { detail, code: "ShuttingDown" })]);
    expect(types(ends("wait for up to 9 s"), ends("wait for up to 8 s"))).toEqual([]);
  });
});
