/** No wait is without an end; the drain ends when nothing is left, nothing can change any more, or its time is over. */

import { describe, expect, test } from "vitest";
import { decideDrain } from "../../../lib/decide/drain.ts";
import { emptyLedger, type Ledger } from "../../../lib/decide/ledger.ts";
import type { PodVerdict } from "../../../lib/model/verdict.ts";
import { aPod, at } from "../../builders/kubernetes.ts";
import { aMigration } from "../../builders/kubevirt.ts";
import { answered, start, stateOf } from "./looks.ts";
import { aTurn, aVerdict } from "./verdicts.ts";

describe("waiting ends", () => {
  test("a terminating pod counts as stuck 30 s after its deletion time", () => {
    const pods = (seconds: number) => [
      aPod("virt-launcher-web-x2x4l", { uid: "uid-pod-web", deletionTimestamp: at(seconds), node: "worker-1" }),
    ];
    const here = [aVerdict("web", "D3")];
    expect(stateOf(aTurn({ here, facts: { pods: pods(-29) } }), "web")?.state).toBe("shutting-down");
    expect(stateOf(aTurn({ here, facts: { pods: pods(-31) } }), "web")?.state).toBe("blocked");
  });

  test("what is advised then reaches the cluster that was asked", () => {
    const pods = [
      aPod("virt-launcher-web-x2x4l", { uid: "uid-pod-web", deletionTimestamp: at(-31), node: "worker-1" }),
    ];
    const turn = { ...aTurn({ here: [aVerdict("web", "D3")], facts: { pods } }), commandFlags: "--context=blue" };
    expect(stateOf(turn, "web")?.fix).toBe("kubectl describe pod virt-launcher-web-x2x4l -n prod --context=blue");
    const seen = { "uid-vmi-ci": { state: "starting", row: "", phase: "", since: start - 300_000 } } as const;
    const ledger = { ...emptyLedger(start), seen };
    const late = (planned: ReturnType<typeof aVerdict>) =>
      stateOf({ ...aTurn({ here: [], planned: [planned], ledger }), commandFlags: "--context=blue" }, "ci")?.fix;
    expect(late(aVerdict("ci", "D19"))).toBe("kubectl describe vmi ci -n prod --context=blue");
    const owner = { kind: "VirtualMachineInstanceReplicaSet", name: "crew" };
    expect(late(aVerdict("ci", "D19", { owner }))).toBe("kubectl describe vmirs crew -n prod --context=blue");
  });

  test.each(["D7", "D11"] as const)("row %s waits five minutes, then blocks", (row) => {
    const seen = (seconds: number) => ({
      ...emptyLedger(start),
      seen: { "uid-vmi-web": { state: "held", row, phase: "", since: start - seconds * 1000 } as const },
    });
    expect(stateOf(aTurn({ here: [aVerdict("web", row)], ledger: seen(299) }), "web")?.state).toBe("held");
    expect(stateOf(aTurn({ here: [aVerdict("web", row)], ledger: seen(300) }), "web")?.state).toBe("blocked");
  });

  test.each(["D3", "D7", "D11"] as const)("row %s stays blocked then, so that the drain can end as stuck", (row) => {
    const here = [aVerdict("web", row)];
    let ledger = emptyLedger(start);
    const lookAt = (seconds: number) => {
      const decision = decideDrain(aTurn({ here, ledger, facts: { time: at(seconds) } }));
      ledger = decision.ledger;
      return decision;
    };
    expect(lookAt(0).progress.vms[0]?.state).not.toBe("blocked");
    for (const seconds of [300, 315, 359]) expect(lookAt(seconds).progress.vms[0]?.state).toBe("blocked");
    expect(lookAt(360).status).toBe("stuck");
  });
});

describe("the drain is over", () => {
  const longAgo: Ledger = {
    ...emptyLedger(start - 60_000),
    seen: { "uid-vmi-web": { state: "blocked", row: "D8", phase: "", since: 0 } },
  };

  test("and must be verified when nothing of the selection is left", () => {
    expect(decideDrain(aTurn({ here: [] })).status).toBe("verify");
  });

  test("as stuck when fresh reads do not confirm for 60 s that nothing is left", () => {
    const lookedIn = (ms: number) => decideDrain(aTurn({ here: [], ledger: emptyLedger(start - ms) })).status;
    expect([lookedIn(59_999), lookedIn(60_000)]).toEqual(["verify", "stuck"]);
  });

  test("with the time limit when they do not confirm it until then", () => {
    const ledger = answered("evacuating", -30);
    expect(decideDrain(aTurn({ here: [], ledger, intent: { timeoutMs: 30_000 } })).status).toBe("timed-out");
  });

  test("as stuck when every VM left is blocked and nothing has changed for 60 s", () => {
    const here = [aVerdict("web", "D8")];
    expect(decideDrain(aTurn({ here, ledger: longAgo })).status).toBe("stuck");
    expect(decideDrain(aTurn({ here, ledger: { ...longAgo, changedAt: start - 59_000 } })).status).toBe("going");
  });

  test("as stuck, too, when others only wait for their turn, which a blocked VM keeps from coming", () => {
    const here = [aVerdict("web", "D8"), aVerdict("ci", "D19")];
    const seen = {
      ...longAgo.seen,
      "uid-vmi-ci": { state: "waiting", row: "D19", phase: "", since: 0 } as const,
    };
    expect(decideDrain(aTurn({ here, ledger: { ...longAgo, seen } })).status).toBe("stuck");
    // One that was asked about, and will be again, does not only wait for its turn.
    const asked = { ...answered("webhook-unreachable", -1, { ...longAgo, seen }, "ci") };
    expect(decideDrain(aTurn({ here, ledger: asked })).status).toBe("going");
  });

  test("but not while nothing is heard of the cluster, whose silence is not KubeVirt's", () => {
    const unheard = (here: Parameters<typeof aTurn>[0]["here"], facts = {}) =>
      decideDrain({ ...aTurn({ here, facts, ledger: longAgo }), outdated: true });
    expect(unheard([aVerdict("web", "D8")])).toMatchObject({ status: "going", ledger: { changedAt: start } });
    expect(unheard([]).status).toBe("verify");
    const untouched = { migrations: [aMigration("m", "web", { phase: "", created: at(-61) })] };
    expect(decideDrain(aTurn({ here: [], facts: untouched })).progress.trouble).toHaveLength(1);
    expect(unheard([], untouched).progress.trouble).toEqual([]);
  });

  test("but not while somebody watches: it keeps showing", () => {
    const decision = decideDrain(aTurn({ here: [aVerdict("web", "D8")], ledger: longAgo, intent: { watched: true } }));
    expect(decision).toMatchObject({ status: "going", progress: { phase: "stuck" } });
  });

  test("at once when all that is left was accepted as staying (--skip-blocked)", () => {
    const here = [aVerdict("web", "D8")];
    expect(decideDrain(aTurn({ here, intent: { skipBlocked: true } })).status).toBe("left-behind");
  });

  test("when --timeout has passed since the node's first eviction", () => {
    const turn = (timeoutMs: number) =>
      aTurn({ here: [aVerdict("web")], ledger: answered("evacuating", -60), intent: { timeoutMs } });
    expect(decideDrain(turn(60_000)).status).toBe("timed-out");
    expect(decideDrain(turn(60_001)).status).toBe("going");
  });

  test("not before a restarted VM runs elsewhere", () => {
    expect(decideDrain(aTurn({ here: [], planned: [aVerdict("ci", "D19")] })).status).toBe("going");
  });
});

describe("with --all-pods", () => {
  const app: PodVerdict = { namespace: "prod", name: "app", uid: "uid-app", outcome: "evicted" };
  const facts = { pods: [aPod("app", { uid: "uid-app", node: "worker-1" })] };

  test("the rest of the node follows when the VMs have left", () => {
    const turn = (here: ReturnType<typeof aVerdict>[]) =>
      aTurn({
        here,
        planned: [aVerdict("web")],
        otherPods: [app],
        intent: { allPods: true },
        facts: { ...facts, absent: ["prod/web"] },
      });
    expect(decideDrain(turn([aVerdict("web")])).actions.map((action) => action.pod.name)).toEqual([
      "virt-launcher-web-x2x4l",
    ]);
    expect(decideDrain(turn([])).actions.map((action) => action.pod.name)).toEqual(["app"]);
  });

  test("it waits for VMs that start elsewhere: they may need KubeVirt's pods that run here", () => {
    const starting = aTurn({
      here: [],
      planned: [aVerdict("ci", "D19")],
      otherPods: [app],
      intent: { allPods: true },
      facts,
    });
    expect(decideDrain(starting).actions).toEqual([]);
  });

  test("a pod that attaches a volume to a VM is waited for, and never asked for", () => {
    const attachment: PodVerdict = { namespace: "prod", name: "hp-volume-a", uid: "uid-hp", outcome: "hotplug" };
    const turn = aTurn({ here: [], otherPods: [attachment], intent: { allPods: true } });
    const { actions, progress, status } = decideDrain(turn);
    expect({ actions, status }).toEqual({ actions: [], status: "going" });
    expect(progress.pods).toMatchObject([{ name: "hp-volume-a", state: "waiting", goesWithVm: true }]);
  });

  test("and the drain is not done before it has", () => {
    const turn = aTurn({ here: [], otherPods: [app], intent: { allPods: true }, facts });
    expect(decideDrain(turn).status).toBe("going");
  });
});

test.each([
  ["NodeNotReady", "node/worker-1 is not Ready: VMs that are still there cannot be moved while it is away"],
  ["HandlerNotReady", /^node\/worker-1 has no virt-handler at work: VMs that are still there/],
] as const)("a node that takes no part any more is told of as long as that lasts: %s", (code, words) => {
  const turn = aTurn({ here: [aVerdict("web")] });
  const object = { kind: "node", name: "worker-1" };
  const finding = { code, severity: "risk", object, reason: "", proof: { object, field: "x", value: "y" } } as const;
  const nodes = turn.check.nodes.map((node) => ({ ...node, findings: [finding] }));
  const { trouble } = decideDrain({ ...turn, check: { ...turn.check, nodes } }).progress;
  expect(trouble).toEqual([expect.stringMatching(words)]);
});
