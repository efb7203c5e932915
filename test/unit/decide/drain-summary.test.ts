/** The end of a drain: exit code, whether the node may be powered off, and the way on or back. */
import { describe, expect, test } from "vitest";
import { nodeAtTheEnd, nodeInPicture, summariseDrain } from "../../../lib/decide/drain-summary.ts";
import type { DrainProgress, VmProgress } from "../../../lib/model/progress.ts";
import { anOwner, aPod } from "../../builders/kubernetes.ts";
import { aLauncherPod, aVmi } from "../../builders/kubevirt.ts";
import { drainProgress, going } from "../../builders/progress.ts";

const commands = {
  again: (nodes: readonly string[]) => `kubectl vmnode drain ${nodes.join(" ")}`,
  abort: (node: string) => `kubectl vmnode abort ${node}`,
  uncordon: (node: string) => `kubectl vmnode uncordon ${node}`,
  recover: (node: string) => `kubectl vmnode recover ${node} --dry-run`,
  flags: "--context=blue",
};
const everyPod = () => true;
const empty = nodeAtTheEnd(
  { name: "worker-1", launchers: [], vmis: [], otherPods: [aPod("app")], attachedVolumes: [] },
  everyPod,
);

function summaryOf(vms: readonly VmProgress[], node = empty) {
  const summary = summariseDrain({ progress: drainProgress(vms), nodes: [node], commands });
  const [only] = summary.nodes;
  if (only === undefined) throw new Error("one node was summarised");
  return { ...summary, node: only };
}

describe("exit code and power", () => {
  test("everything left: 0, and the node may be powered off", () => {
    const summary = summaryOf([
      going("prod/web", "moved"),
      going("prod/ci", "restarted"),
      going("prod/bench", "stopped"),
    ]);
    expect(summary).toMatchObject({ exitCode: 0, node: { drained: true, mayPowerOff: true, otherPods: 1 } });
    expect(summary.nextSteps).toMatchObject([{ command: "kubectl vmnode uncordon worker-1" }]);
  });

  test("a VM that stayed: 4, not drained, with the commands to go on and back", () => {
    const summary = summaryOf([going("prod/web", "blocked")]);
    expect(summary).toMatchObject({ exitCode: 4, node: { drained: false, mayPowerOff: false } });
    expect(summary.nextSteps.map((step) => step.command)).toEqual([
      "kubectl vmnode drain worker-1",
      "kubectl vmnode abort worker-1",
    ]);
  });

  test("an end that is not the drain's own is told, with what KubeVirt goes on with", () => {
    const vms = [going("prod/web", "queued"), going("prod/ci", "waiting"), going("prod/db", "shutting-down")];
    const end = (phase: DrainProgress["phase"]) =>
      summariseDrain({ progress: drainProgress(vms, { phase }), nodes: [empty], commands });
    expect(end("timed-out")).toMatchObject({ end: "timed-out", goesOn: [{ name: "web" }, { name: "db" }] });
    expect(end("done").end).toBe("left-behind");
    expect(summaryOf([going("prod/web", "moved")])).toMatchObject({ end: "complete" });
  });

  test("pods of DaemonSets and static pods are none that could still be taken away", () => {
    const owned = aPod("handler", { owner: anOwner("DaemonSet", "handler", { apiVersion: "apps/v1" }) });
    const contents = { name: "worker-1", launchers: [], vmis: [], otherPods: [owned, aPod("app")] };
    expect(nodeAtTheEnd(contents, everyPod).otherPods).toBe(1);
  });

  test("a VM that was shut down and does not run again: 4, although the node is empty", () => {
    expect(summaryOf([going("prod/ci", "failed")])).toMatchObject({ exitCode: 4, node: { drained: true } });
  });

  test("of one that migrates still it is said whereto, and since when", () => {
    const vm = { ...going("prod/web", "migrating"), target: "worker-3", since: "2026-08-22T14:00:00Z" };
    expect(summaryOf([vm]).node.stillThere).toMatchObject([
      { detail: "migrating to worker-3 since 2026-08-22T14:00:00Z" },
    ]);
    const trouble = summaryOf([{ ...vm, detail: "no node takes its target pod" }]);
    expect(trouble.node.stillThere).toMatchObject([{ detail: "no node takes its target pod" }]);
  });

  test("one that is starting when the drain ends is not called failed without a word", () => {
    const { nodes } = summariseDrain({
      progress: drainProgress([going("prod/ci", "starting")]),
      nodes: [empty],
      commands,
    });
    expect(nodes[0]?.failed).toMatchObject([{ name: "ci", detail: "is starting, and does not run yet" }]);
  });

  test("that a node is not drained is no reason for itself", () => {
    // A fresh read finds nothing, and the watches still show a VM.
    const { nodes } = summariseDrain({
      progress: drainProgress([going("prod/web", "queued")]),
      nodes: [empty],
      commands,
    });
    expect(nodes[0]).toMatchObject({ drained: false, mayPowerOff: false, powerOffDetail: undefined });
  });

  test("a node that was not read afresh is never drained", () => {
    const progress = drainProgress([]);
    expect(summaryOf([], nodeInPicture(progress, "worker-1"))).toMatchObject({ exitCode: 4, node: { drained: false } });
  });

  test("a launcher pod that only the fresh read sees keeps the node from being drained", () => {
    const left = { name: "worker-1", launchers: [aLauncherPod(aVmi("web"))], vmis: [], otherPods: [] };
    expect(summaryOf([], nodeAtTheEnd(left, everyPod))).toMatchObject({ exitCode: 4, node: { drained: false } });
  });

  test("so does a VMI that runs there without a pod", () => {
    const left = { name: "worker-1", launchers: [], vmis: [aVmi("web")], otherPods: [] };
    expect(summaryOf([], nodeAtTheEnd(left, everyPod))).toMatchObject({ exitCode: 4, node: { drained: false } });
  });

  test("a narrowed drain is complete without its selection, but the node is not to be powered off", () => {
    const left = { name: "worker-1", launchers: [aLauncherPod(aVmi("web"))], vmis: [aVmi("web")], otherPods: [] };
    expect(
      summaryOf(
        [],
        nodeAtTheEnd(left, () => false),
      ),
    ).toMatchObject({
      exitCode: 0,
      node: { drained: true, outsideSelection: 1, mayPowerOff: false },
    });
  });

  test("a node that was deleted: no command names it that could only be answered with NotFound", () => {
    const vms = [
      going("prod/web", "migrating"),
      going("prod/db", "queued"),
      going("office/mail", "migrating"),
      going("prod/far", "migrating", { node: "worker-2" }),
    ];
    const end = { stoppedBy: "node/worker-1 was deleted by somebody else", deleted: ["worker-1"] };
    const steps = (nodes: readonly string[]) => {
      const progress = drainProgress(vms, { nodes });
      const atTheEnd = nodes.map((node) => nodeInPicture(progress, node));
      const { nextSteps } = summariseDrain({ progress, nodes: atTheEnd, ...end, commands });
      return nextSteps.map(({ command }) => command);
    };
    const afterDeletion = [
      "kubectl delete vmim -n prod -l 'kubevirt.io/vmi-name in (web,db)' --context=blue",
      "kubectl delete vmim -n office -l kubevirt.io/vmi-name=mail --context=blue",
      "kubectl vmnode recover worker-1 --dry-run",
    ];
    expect(steps(["worker-1"])).toEqual(afterDeletion);
    expect(steps(["worker-1", "worker-2"])).toEqual([
      "kubectl vmnode drain worker-2",
      "kubectl vmnode abort worker-2",
      ...afterDeletion,
    ]);
  });

  test("a node that is not Ready may be lost: what can be done then is told, too", () => {
    const progress = drainProgress([going("prod/web", "migrating")]);
    const nodes = [nodeInPicture(progress, "worker-1")];
    const { nextSteps } = summariseDrain({ progress, nodes, silent: ["worker-1", "worker-9"], commands });
    expect(nextSteps.map(({ command }) => command)).toEqual([
      "kubectl vmnode drain worker-1",
      "kubectl vmnode abort worker-1",
      "kubectl vmnode recover worker-1 --dry-run",
    ]);
  });

  test("an interrupt keeps its own exit code", () => {
    const progress = drainProgress([going("prod/web", "migrating")]);
    const nodes = [nodeInPicture(progress, "worker-1")];
    expect(summariseDrain({ progress, nodes, interruptedBy: 130, commands }).exitCode).toBe(130);
  });
});
