/** The end of a drain: exit code, whether the node may be powered off, and the way on or back. */
import { describe, expect, test } from "vitest";
import { drainEvents } from "../../../lib/decide/drain-events.ts";
import { nodeAtTheEnd, nodeInPicture, summariseDrain } from "../../../lib/decide/drain-summary.ts";
import type { DrainProgress, VmProgress, VmState } from "../../../lib/model/progress.ts";
import { anOwner, aPod, now } from "../../builders/kubernetes.ts";
import { aLauncherPod, aVmi } from "../../builders/kubevirt.ts";

function aVm(name: string, state: VmState, fields: Partial<VmProgress> = {}): VmProgress {
  return {
    namespace: "prod",
    name,
    uid: name,
    node: "worker-1",
    pod: `virt-launcher-${name}`,
    state,
    since: now,
    ...fields,
  };
}

function aProgress(vms: readonly VmProgress[], fields: Partial<DrainProgress> = {}): DrainProgress {
  return {
    nodes: ["worker-1"],
    startedAt: now,
    time: now,
    vms,
    pods: [],
    limits: { perNode: 2, perCluster: 5 },
    trouble: [],
    phase: "evicting",
    ...fields,
  };
}

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
  const summary = summariseDrain({ progress: aProgress(vms), nodes: [node], commands });
  const [only] = summary.nodes;
  if (only === undefined) throw new Error("one node was summarised");
  return { ...summary, node: only };
}

describe("exit code and power", () => {
  test("everything left: 0, and the node may be powered off", () => {
    const summary = summaryOf([aVm("web", "moved"), aVm("ci", "restarted"), aVm("bench", "stopped")]);
    expect(summary).toMatchObject({ exitCode: 0, node: { drained: true, mayPowerOff: true, otherPods: 1 } });
    expect(summary.nextSteps).toMatchObject([{ command: "kubectl vmnode uncordon worker-1" }]);
  });

  test("a VM that stayed: 4, not drained, with the commands to go on and back", () => {
    const summary = summaryOf([aVm("web", "blocked")]);
    expect(summary).toMatchObject({ exitCode: 4, node: { drained: false, mayPowerOff: false } });
    expect(summary.nextSteps.map((step) => step.command)).toEqual([
      "kubectl vmnode drain worker-1",
      "kubectl vmnode abort worker-1",
    ]);
  });

  test("an end that is not the drain's own is told, with what KubeVirt goes on with", () => {
    const vms = [aVm("web", "queued"), aVm("ci", "waiting"), aVm("db", "shutting-down")];
    const end = (phase: DrainProgress["phase"]) =>
      summariseDrain({ progress: aProgress(vms, { phase }), nodes: [empty], commands });
    expect(end("timed-out")).toMatchObject({ end: "timed-out", goesOn: [{ name: "web" }, { name: "db" }] });
    expect(end("done").end).toBe("left-behind");
    expect(summaryOf([aVm("web", "moved")])).toMatchObject({ end: "complete" });
  });

  test("pods of DaemonSets and static pods are none that could still be taken away", () => {
    const owned = aPod("handler", { owner: anOwner("DaemonSet", "handler", { apiVersion: "apps/v1" }) });
    const contents = { name: "worker-1", launchers: [], vmis: [], otherPods: [owned, aPod("app")] };
    expect(nodeAtTheEnd(contents, everyPod).otherPods).toBe(1);
  });

  test("a VM that was shut down and does not run again: 4, although the node is empty", () => {
    expect(summaryOf([aVm("ci", "failed")])).toMatchObject({ exitCode: 4, node: { drained: true } });
  });

  test("one that is starting when the drain ends is not called failed without a word", () => {
    const { nodes } = summariseDrain({ progress: aProgress([aVm("ci", "starting")]), nodes: [empty], commands });
    expect(nodes[0]?.failed).toMatchObject([{ name: "ci", detail: "is starting, and does not run yet" }]);
  });

  test("that a node is not drained is no reason for itself", () => {
    // A fresh read finds nothing, and the watches still show a VM.
    const { nodes } = summariseDrain({ progress: aProgress([aVm("web", "queued")]), nodes: [empty], commands });
    expect(nodes[0]).toMatchObject({ drained: false, mayPowerOff: false, powerOffDetail: undefined });
  });

  test("a node that was not read afresh is never drained", () => {
    const progress = aProgress([]);
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
      aVm("web", "migrating"),
      aVm("db", "queued"),
      aVm("mail", "migrating", { namespace: "office" }),
      aVm("far", "migrating", { node: "worker-2" }),
    ];
    const end = { stoppedBy: "node/worker-1 was deleted by somebody else", deleted: ["worker-1"] };
    const steps = (nodes: readonly string[]) => {
      const progress = aProgress(vms, { nodes });
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
    const progress = aProgress([aVm("web", "migrating")]);
    const nodes = [nodeInPicture(progress, "worker-1")];
    const { nextSteps } = summariseDrain({ progress, nodes, silent: ["worker-1", "worker-9"], commands });
    expect(nextSteps.map(({ command }) => command)).toEqual([
      "kubectl vmnode drain worker-1",
      "kubectl vmnode abort worker-1",
      "kubectl vmnode recover worker-1 --dry-run",
    ]);
  });

  test("an interrupt keeps its own exit code", () => {
    const progress = aProgress([aVm("web", "migrating")]);
    const nodes = [nodeInPicture(progress, "worker-1")];
    expect(summariseDrain({ progress, nodes, interruptedBy: 130, commands }).exitCode).toBe(130);
  });
});

describe("events are the differences between two pictures", () => {
  const types = (before: DrainProgress | undefined, after: DrainProgress) =>
    drainEvents(before, after).map((event) => event.type);

  test("nothing changed, nothing told", () => {
    expect(types(aProgress([aVm("web", "migrating")]), aProgress([aVm("web", "migrating")]))).toEqual([]);
  });

  test("a VM that only waits for its turn is no news", () => {
    expect(types(undefined, aProgress([aVm("web", "waiting")]))).toEqual([]);
  });

  test("a pod is evicted when its VM has left, and only then", () => {
    expect(types(aProgress([aVm("web", "queued")]), aProgress([aVm("web", "migrating")]))).toEqual(["vm"]);
    expect(types(aProgress([aVm("web", "migrating")]), aProgress([aVm("web", "moved")]))).toEqual([
      "pod-evicted",
      "vm",
    ]);
  });

  test("what is left of its pod goes without a second line (--all-pods)", () => {
    const vm = aVm("web", "moved");
    const rest = { namespace: vm.namespace, name: vm.pod, uid: "p", node: "worker-1", state: "waiting" } as const;
    const app = { ...rest, name: "app", uid: "q" };
    const before = { ...aProgress([vm]), pods: [rest, app] };
    expect(drainEvents(before, aProgress([vm]))).toMatchObject([{ type: "pod-evicted", pod: "app" }]);
  });

  test("a restarted VM's pod is evicted once, before the VM runs again", () => {
    expect(types(aProgress([aVm("ci", "shutting-down")]), aProgress([aVm("ci", "starting")]))).toEqual([
      "pod-evicted",
      "vm",
    ]);
    expect(types(aProgress([aVm("ci", "starting")]), aProgress([aVm("ci", "restarted")]))).toEqual(["vm"]);
  });

  test("a migration's phase is told when it changes", () => {
    const phase = (name: string) => aProgress([aVm("web", "migrating", { phase: name })]);
    expect(types(phase("Scheduling"), phase("Running"))).toEqual(["vm"]);
  });

  test("what is new about a migration is told: that it began, where it goes, its phase", () => {
    const change = (before: Partial<VmProgress>, after: Partial<VmProgress>, from: VmProgress["state"] = "migrating") =>
      drainEvents(aProgress([aVm("web", from, before)]), aProgress([aVm("web", "migrating", after)])).map(
        (event) => event.type === "vm" && event.change,
      );
    expect(change({}, { phase: "Scheduling" }, "queued")).toEqual(["state"]);
    expect(change({ phase: "Scheduling" }, { phase: "Scheduled", target: "worker-2" })).toEqual(["target"]);
    expect(change({ phase: "Scheduled", target: "worker-2" }, { phase: "Running", target: "worker-2" })).toEqual([
      "phase",
    ]);
    expect(change({ phase: "Scheduling" }, { phase: "Scheduling", detail: "no node fits" })).toEqual(["detail"]);
  });

  test("trouble is said once", () => {
    const trouble = ["the API server does not answer"];
    expect(types(aProgress([]), aProgress([], { trouble }))).toEqual(["warning"]);
    expect(types(aProgress([], { trouble }), aProgress([], { trouble }))).toEqual([]);
  });

  test("an ordinary pod that is gone was evicted", () => {
    const pod = { namespace: "prod", name: "app", uid: "app", node: "worker-1", state: "terminating" } as const;
    expect(types(aProgress([], { pods: [pod] }), aProgress([]))).toEqual(["pod-evicted"]);
  });

  test("a pod that attaches a volume to a VM was not evicted: it went with its VM", () => {
    const pod = { namespace: "prod", name: "hp-volume-a", uid: "hp", node: "worker-1", goesWithVm: true } as const;
    expect(types(aProgress([], { pods: [{ ...pod, state: "waiting" }] }), aProgress([]))).toEqual([]);
  });

  test("what was left behind as agreed is told once, and again when the cause is another one", () => {
    const left = (detail: string, code: VmProgress["code"]) => aProgress([aVm("web", "left-behind", { detail, code })]);
    const told = (from: DrainProgress, to: DrainProgress) => types(from, to).length;
    expect(told(left("no node fits: a", "NoNodeFits"), left("no node fits: b", "NoNodeFits"))).toBe(0);
    expect(told(left("no node fits: a", "NoNodeFits"), left("b", "EvacuationFailing"))).toBe(1);
    expect(told(left("would be shut down", undefined), left("would be stopped", undefined))).toBe(1);
  });

  test("the seconds that a shutdown has left are no news", () => {
    const ends = (detail: string) => aProgress([aVm("ci", "shutting-down", { detail, code: "ShuttingDown" })]);
    expect(types(ends("wait for up to 9 s"), ends("wait for up to 8 s"))).toEqual([]);
  });
});
