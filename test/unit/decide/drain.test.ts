/** The drain's decisions: whom to evict, in which order, and when the drain is over. */
import { describe, expect, test } from "vitest";
import { decideDrain } from "../../../lib/decide/drain.ts";
import { emptyLedger, type Ledger, noteAnswer, noteRequest } from "../../../lib/decide/ledger.ts";
import type { EvictionAnswer } from "../../../lib/model/eviction.ts";
import type { Outcome, PodVerdict } from "../../../lib/model/verdict.ts";
import { aBudget, aCondition, aMeta, aNode, aPod, at, now } from "../../builders/kubernetes.ts";
import { aLauncherPod, aMigration, aVm, aVmi } from "../../builders/kubevirt.ts";
import { aTurn, aVerdict } from "./verdicts.ts";

const start = Date.parse(now);

function evicted(turn: ReturnType<typeof aTurn>): string[] {
  return decideDrain(turn).actions.map((action) => action.pod.name.replace("virt-launcher-", "").replace("-x2x4l", ""));
}

function stateOf(turn: ReturnType<typeof aTurn>, name: string) {
  return decideDrain(turn).progress.vms.find((vm) => vm.name === name);
}

function answered(kind: EvictionAnswer["kind"], seconds: number, ledger = emptyLedger(start), vm = "web"): Ledger {
  const asked = noteRequest(ledger, { uid: `uid-pod-${vm}`, node: "worker-1" }, start + seconds * 1000);
  return noteAnswer(asked, `uid-pod-${vm}`, { kind, code: 429, message: `answer ${kind}` }, start + seconds * 1000);
}

describe("a VM is evicted", () => {
  test("when it moves and nothing has been asked yet", () => {
    expect(evicted(aTurn({ here: [aVerdict("web")] }))).toEqual(["web"]);
  });

  test("not while its VMI carries the mark for this node", () => {
    const facts = { vmis: [aVmi("web", { evacuationNodeName: "worker-1" })] };
    const turn = aTurn({ here: [aVerdict("web")], facts });
    expect(evicted(turn)).toEqual([]);
    expect(stateOf(turn, "web")?.state).toBe("queued");
  });

  test("although its VMI carries a mark for another node, which means nothing", () => {
    const facts = { vmis: [aVmi("web", { evacuationNodeName: "worker-9" })] };
    expect(evicted(aTurn({ here: [aVerdict("web")], facts }))).toEqual(["web"]);
  });

  test("not while a migration of it is unfinished", () => {
    const facts = { migrations: [aMigration("m", "web", { phase: "Pending" })] };
    expect(evicted(aTurn({ here: [aVerdict("web")], facts }))).toEqual([]);
  });

  test("not while a request for it is in flight", () => {
    const ledger = noteRequest(emptyLedger(start), { uid: "uid-pod-web", node: "worker-1" }, start);
    expect(evicted(aTurn({ here: [aVerdict("web")], ledger }))).toEqual([]);
  });

  test.each([
    ["evacuating", -4.9, []],
    ["evacuating", -5, ["web"]],
    ["budget", -4.9, []],
    ["budget", -5, ["web"]],
    ["webhook-unreachable", -0.9, []],
    ["webhook-unreachable", -1, ["web"]],
    ["forbidden", -29, []],
    ["forbidden", -30, ["web"]],
    ["gone", -29, []],
    ["gone", -30, ["web"]],
  ] as const)("after the answer %s %d s ago: %j", (kind, seconds, expected) => {
    expect(evicted(aTurn({ here: [aVerdict("web")], ledger: answered(kind, seconds) }))).toEqual(expected);
  });

  test("with pauses that grow to 30 s while the webhook cannot be called", () => {
    let ledger = emptyLedger(start);
    for (let tries = 0; tries < 3; tries += 1) ledger = answered("webhook-unreachable", -4, ledger);
    expect(evicted(aTurn({ here: [aVerdict("web")], ledger }))).toEqual(["web"]);
    for (let tries = 0; tries < 5; tries += 1) ledger = answered("webhook-unreachable", -29, ledger);
    expect(evicted(aTurn({ here: [aVerdict("web")], ledger }))).toEqual([]);
  });

  test("when its strategy is External, to set the mark, and not again once it is set", () => {
    const external = aVerdict("web", "D9");
    expect(evicted(aTurn({ here: [external] }))).toEqual(["web"]);
    const facts = { vmis: [aVmi("web", { strategy: "External", evacuationNodeName: "worker-1" })] };
    expect(evicted(aTurn({ here: [external], facts }))).toEqual([]);
  });

  test.each(["D3", "D4", "D7", "D8", "D10", "D11", "D12", "D16"] as const)("never on row %s", (row) => {
    expect(evicted(aTurn({ here: [aVerdict("web", row)] }))).toEqual([]);
  });
});

test("a VM whose eviction was accepted is shutting down, although its pod does not show it yet", () => {
  const turn = aTurn({ here: [aVerdict("web", "D19")], ledger: answered("evicted", -1) });
  expect(stateOf(turn, "web")?.state).toBe("shutting-down");
  expect(evicted(turn)).toEqual([]);
});

describe("an eviction that was carried out", () => {
  const verdict = aVerdict("web", "D19");
  const pod = aLauncherPod(aVmi("web"));
  const asked = (seconds: number, kind: EvictionAnswer["kind"] = "evicted") => {
    const seen = { uid: "uid-pod-web", node: "worker-1", version: pod.metadata.resourceVersion };
    const ledger = noteRequest(emptyLedger(start), seen, start + seconds * 1000);
    return noteAnswer(ledger, "uid-pod-web", { kind, code: 201, message: "" }, start + seconds * 1000);
  };
  const changed = { ...pod, metadata: { ...pod.metadata, resourceVersion: "2" } };

  test("is not asked for again while the picture shows the pod as it was then, which is late", () => {
    const turn = aTurn({ here: [verdict], facts: { pods: [pod] }, ledger: asked(-60) });
    expect(evicted(turn)).toEqual([]);
    expect(stateOf(turn, "web")?.state).toBe("shutting-down");
    expect(decideDrain(turn).wakeAt).toBeGreaterThan(start);
  });

  test("keeps its place among those that may be on their way at once", () => {
    const here = [verdict, aVerdict("ci", "D19")];
    const turn = aTurn({ here, facts: { pods: [pod] }, ledger: asked(-60), intent: { maxParallel: 1 } });
    expect(evicted(turn)).toEqual([]);
  });

  test("is asked for again after 5 s when the pod has changed, and is not going", () => {
    const later = (seconds: number) => aTurn({ here: [verdict], facts: { pods: [changed] }, ledger: asked(seconds) });
    expect(evicted(later(-4))).toEqual([]);
    expect(evicted(later(-5))).toEqual(["web"]);
    // What was once seen of it is not undone by a picture without it.
    const { ledger } = decideDrain(later(-4));
    expect(ledger.pods["uid-pod-web"]?.version).toBeUndefined();
  });

  test("and in any case after five minutes", () => {
    expect(evicted(aTurn({ here: [verdict], facts: { pods: [pod] }, ledger: asked(-300) }))).toEqual(["web"]);
  });

  test("is another thing than a mark, which may be lost without a trace in the pod", () => {
    const facts = { pods: [pod], vmis: [aVmi("web")] };
    expect(evicted(aTurn({ here: [aVerdict("web")], facts, ledger: asked(-5, "evacuating") }))).toEqual(["web"]);
  });
});

test("nor is it held up by its budget, from which its own eviction has taken what was left", () => {
  const turn = aTurn({
    here: [aVerdict("web", "D16", { budgets: ["pdb"] })],
    planned: [aVerdict("web", "D19")],
    ledger: answered("evicted", -1),
  });
  expect(stateOf(turn, "web")?.state).toBe("shutting-down");
});

describe("VMs that are shut down come last", () => {
  const mover = aVerdict("web");
  const restarts = aVerdict("ci", "D19");

  test("they wait while a VM that moves is still there", () => {
    expect(evicted(aTurn({ here: [restarts, mover] }))).toEqual(["web"]);
  });

  test("they wait while something arrives or is not yet known", () => {
    expect(evicted(aTurn({ here: [restarts, aVerdict("in", "D4")] }))).toEqual([]);
    expect(evicted(aTurn({ here: [restarts, aVerdict("new", "D7")] }))).toEqual([]);
  });

  test("they do not wait for a VM that somebody else must move: that risk was accepted", () => {
    const facts = { vmis: [aVmi("ext", { strategy: "External", evacuationNodeName: "worker-1" })] };
    expect(evicted(aTurn({ here: [restarts, aVerdict("ext", "D9")], facts }))).toEqual(["ci"]);
  });

  test("what they wait for is told", () => {
    expect(stateOf(aTurn({ here: [restarts, mover] }), "ci")?.detail).toContain("last");
  });

  test("they go when all movers have left", () => {
    const facts = { vmis: [aVmi("web", { node: "worker-2" })] };
    expect(evicted(aTurn({ here: [restarts], planned: [restarts, mover], facts }))).toEqual(["ci"]);
  });

  test("they wait until it is known that the last mover has arrived", () => {
    const state = { sourceNode: "worker-1", targetNode: "worker-2" };
    const turn = (migrations: ReturnType<typeof aMigration>[]) =>
      aTurn({ here: [restarts], planned: [restarts, mover], facts: { migrations } });
    expect(evicted(turn([]))).toEqual([]);
    expect(evicted(turn([aMigration("m", "web", { phase: "Succeeded", state })]))).toEqual(["ci"]);
  });

  test("they stay when a mover turns out to be stuck, so that a drain that is impossible has stopped nobody", () => {
    const stuck = aVerdict("web", "D12");
    expect(evicted(aTurn({ here: [restarts, stuck], planned: [restarts, mover] }))).toEqual([]);
    expect(
      evicted(aTurn({ here: [restarts, stuck], planned: [restarts, mover], intent: { skipBlocked: true } })),
    ).toEqual(["ci"]);
  });

  test("pods of one budget are sent only as far as the budget allows", () => {
    const [one, two] = ["one", "two"].map((name) => aVerdict(name, "D19", { budgets: ["pdb"] }));
    if (one === undefined || two === undefined) throw new Error("two verdicts were built");
    expect(evicted(aTurn({ here: [one, two], facts: { budgets: [aBudget("pdb", { allowed: 1 })] } }))).toEqual(["one"]);
    // The budget may not show yet what was granted a moment ago.
    const facts = { budgets: [aBudget("pdb", { allowed: 1 })] };
    const asked = noteRequest(emptyLedger(start), { uid: "uid-pod-one", node: "worker-1" }, start);
    for (const ledger of [asked, answered("evicted", 0, emptyLedger(start), "one")])
      expect(evicted(aTurn({ here: [one, two], facts, ledger }))).toEqual([]);
  });
});

describe("--max-parallel counts what is on its way", () => {
  test.each([
    ["nothing is under way", 2, {}, ["a", "b"]],
    ["one is marked", 2, { vmis: [aVmi("c", { evacuationNodeName: "worker-1" })] }, ["a"]],
    ["as many are marked as may be", 1, { vmis: [aVmi("c", { evacuationNodeName: "worker-1" })] }, []],
  ] as const)("%s", (_case, maxParallel, facts, expected) => {
    const here = ["a", "b", "c"].map((name) => aVerdict(name));
    const turn = aTurn({ here, intent: { maxParallel }, facts: { ...facts } });
    expect(evicted(turn).filter((name) => name !== "c")).toEqual(expected);
  });
});

describe.each([
  ["never asked for", undefined],
  ["refused, and to be asked for again", "forbidden"],
  ["not migratable a while ago", "not-migratable"],
] as const)("consent is per outcome, for a pod %s", (_case, kind) => {
  const ledger = kind === undefined ? emptyLedger(start) : answered(kind, -31);

  test.each<[Outcome, "D13" | "D19" | "D21", boolean]>([
    ["moves", "D13", true],
    ["moves", "D19", false],
    ["moves", "D21", false],
    ["restarts", "D13", true],
    ["restarts", "D19", true],
    ["restarts", "D21", false],
    ["stops", "D19", true],
    ["stops", "D21", true],
    ["blocks", "D13", true],
    ["blocks", "D19", false],
    ["waits", "D13", true],
    ["waits", "D21", false],
  ])("confirmed %s, now on row %s: evicted %s", (confirmed, row, expected) => {
    const planned = [aVerdict("web", "D13", { outcome: confirmed })];
    const turn = aTurn({ here: [aVerdict("web", row)], planned, ledger });
    expect(evicted(turn)).toEqual(expected ? ["web"] : []);
    expect(decideDrain(turn).unconfirmed.map((vm) => vm.progress.name)).toEqual(expected ? [] : ["web"]);
  });
});

describe("a VM that arrived after the confirmation", () => {
  test("is evicted if it moves", () => {
    expect(evicted(aTurn({ here: [aVerdict("late")], planned: [] }))).toEqual(["late"]);
  });

  test("and is left where it is if it would be shut down", () => {
    const turn = aTurn({ here: [aVerdict("late", "D19")], planned: [] });
    expect(evicted(turn)).toEqual([]);
    expect(stateOf(turn, "late")).toMatchObject({
      state: "left-behind",
      detail: expect.stringContaining("after the confirmation"),
    });
    expect(decideDrain(turn).status).toBe("left-behind");
  });
});

describe("a VM that was to be shut down, and whose budget lets no pod go at the moment", () => {
  const spent = aVerdict("web", "D16", { budgets: ["pdb"] });
  const planned = [aVerdict("web", "D19"), aVerdict("ci", "D19")];
  const turn = (seconds: number) =>
    aTurn({
      here: [spent, aVerdict("ci", "D19")],
      planned,
      ledger: {
        ...emptyLedger(start),
        seen: { "uid-vmi-web": { state: "held", row: "D16", phase: "", since: start - seconds * 1000 } },
      },
    });

  test("waits for those that went before, for five minutes", () => {
    expect(stateOf(turn(299), "web")).toMatchObject({
      state: "held",
      detail: "PDB pdb lets its pods go one after another",
    });
    expect(stateOf(turn(300), "web")?.state).toBe("blocked");
  });

  test("does not while it is being asked for: it may be the one that the budget counts as gone", () => {
    const ledger = noteRequest(turn(0).ledger, { uid: spent.pod.uid, node: "worker-1" }, start);
    expect(stateOf({ ...turn(0), ledger }, "web")?.state).toBe("waiting");
  });

  test("does not keep others from being shut down meanwhile", () => {
    expect(evicted(turn(10))).toEqual(["ci"]);
    expect(evicted(turn(300))).toEqual([]);
  });
});

test("of VMs with one budget those that stay down go last: it never has them back", () => {
  const budgets = ["pdb"];
  const facts = { budgets: [aBudget("pdb", { allowed: 1 })] };
  const [stops, restarts] = [aVerdict("a", "D21", { budgets }), aVerdict("b", "D19", { budgets })];
  const planned = [stops, restarts];
  expect(evicted(aTurn({ here: planned, facts }))).toEqual(["b"]);
  expect(evicted(aTurn({ here: [stops], planned, facts }))).toEqual(["a"]);
  const held = aVerdict("b", "D16", { budgets });
  expect(evicted(aTurn({ here: [stops, held], planned, facts }))).toEqual([]);
  expect(evicted(aTurn({ here: [stops, aVerdict("b", "D19")], planned, facts }))).toEqual(["a", "b"]);
});

test("a VM whose migration has failed too often is left behind where that was agreed to", () => {
  const failing = aVerdict("web", "D10", { outcome: "blocks" });
  expect(stateOf(aTurn({ here: [failing], intent: { skipBlocked: true } }), "web")?.state).toBe("left-behind");
  const planned = [aVerdict("web")];
  expect(stateOf(aTurn({ here: [failing], planned, intent: { skipBlocked: true } }), "web")?.state).toBe("blocked");
});

describe("what became of a VM that is no longer on the node", () => {
  const gone = (planned: ReturnType<typeof aVerdict>, facts: Parameters<typeof aTurn>[0]["facts"], ledger?: Ledger) =>
    stateOf(aTurn({ here: [], planned: [planned], facts: facts ?? {}, ...(ledger ? { ledger } : {}) }), planned.name);

  test("the same VMI on another node has moved", () => {
    expect(gone(aVerdict("web"), { vmis: [aVmi("web", { node: "worker-3" })] })).toMatchObject({
      state: "moved",
      target: "worker-3",
    });
  });

  test("its succeeded migration tells where it went, although the watch no longer sees the VMI", () => {
    const state = { sourceNode: "worker-1", targetNode: "worker-2", sourcePod: "virt-launcher-web-x2x4l" };
    const facts = { migrations: [aMigration("m", "web", { phase: "Succeeded", state })] };
    expect(gone(aVerdict("web"), facts)).toMatchObject({ state: "moved", target: "worker-2" });
  });

  test("one that was on its way before took as long as its migration", () => {
    const state = { sourceNode: "worker-1", targetNode: "worker-2" };
    const migrations = [aMigration("m", "web", { phase: "Succeeded", state, created: at(-40) })];
    expect(gone(aVerdict("web"), { migrations })?.seconds).toBe(40);
  });

  test("an old migration of another pod does not", () => {
    const state = { sourceNode: "worker-1", targetNode: "worker-2", sourcePod: "virt-launcher-web-older" };
    const facts = { migrations: [aMigration("m", "web", { phase: "Succeeded", state })] };
    expect(gone(aVerdict("web"), facts)?.state).toBe("migrating");
  });

  test("another VMI of that name that runs elsewhere was restarted", () => {
    const facts = { vmis: [aVmi("ci", { uid: "new", node: "worker-2" })] };
    expect(gone(aVerdict("ci", "D19"), facts)).toMatchObject({ state: "restarted", target: "worker-2" });
  });

  test("one that is to restart but has not begun is starting", () => {
    expect(gone(aVerdict("ci", "D19"), {})?.state).toBe("starting");
  });

  test("a start that shows a cause for a minute has failed, and the cause is told", () => {
    const virtualMachines = [aVm("ci", { printableStatus: "ErrorUnschedulable" })];
    const seen = { "uid-vmi-ci": { state: "starting", row: "", phase: "", since: start - 60_000 } } as const;
    const ledger = { ...emptyLedger(start), seen };
    expect(gone(aVerdict("ci", "D19"), { virtualMachines }, ledger)).toMatchObject({
      state: "failed",
      detail: expect.stringContaining("ErrorUnschedulable"),
    });
    expect(gone(aVerdict("ci", "D19"), {}, ledger)?.state).toBe("starting");
  });

  describe("one whose new pod a quota refuses", () => {
    const pending = aVmi("ci", { uid: "new", node: undefined, phase: "Pending" });
    const refused = 'pods "x" is forbidden: exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2';
    const message = `failed to create virtual machine pod: ${refused}`;
    const conditions = [aCondition("Synchronized", "False", { reason: "FailedCreate", message })];
    const facts = { vmis: [{ ...pending, status: { ...pending.status, conditions } }] };
    const since = (seconds: number) => {
      const state = { state: "starting", row: "", phase: "", since: start - seconds * 1000 } as const;
      return { ...emptyLedger(start), seen: { "uid-vmi-ci": state } };
    };

    test("may start within a minute, when what has just ended counts no more", () => {
      expect(gone(aVerdict("ci", "D19"), facts, since(59))).toMatchObject({
        state: "starting",
        detail: "exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2",
      });
    });

    test("has failed then, with the command that shows the quota", () => {
      expect(gone(aVerdict("ci", "D19"), facts, since(60))).toMatchObject({
        state: "failed",
        detail: expect.stringMatching(/^was shut down, but does not run again: exceeded quota: small, requested/),
        fix: "kubectl describe quota small -n prod",
      });
    });

    test("has stopped at once where that was foretold", () => {
      expect(gone(aVerdict("ci", "D18b", { outcome: "stops" }), facts)).toMatchObject({ state: "stopped" });
    });
  });

  test("one that was to stay down, and that no node can start again, has stopped as foretold", () => {
    const facts = {
      vmis: [aVmi("bench", { uid: "new", node: undefined, phase: "Scheduling" })],
      virtualMachines: [aVm("bench", { printableStatus: "ErrorUnschedulable" })],
    };
    expect(gone(aVerdict("bench", "D21"), facts)).toMatchObject({ state: "stopped" });
  });

  test("one that stops has stopped", () => {
    expect(gone(aVerdict("bench", "D21"), {})?.state).toBe("stopped");
  });

  describe("under RerunOnFailure, where it depends on how the guest ended", () => {
    const rerun = aVerdict("ci", "D20", { outcome: "stops" });
    const machine = (printableStatus: string) => ({
      virtualMachines: [aVm("ci", { runStrategy: "RerunOnFailure", printableStatus })],
    });

    test("is looked up before anything is said of it", () => {
      const decision = decideDrain(aTurn({ here: [], planned: [rerun], facts: machine("Running") }));
      expect(decision.progress.vms[0]?.state).toBe("shutting-down");
      expect(decision.departed.map((vm) => vm.name)).toEqual(["ci"]);
    });

    test.each([
      ["it obeyed", { ...machine("Stopping"), vmis: [aVmi("ci", { phase: "Succeeded" })] }, "stopped"],
      ["it was destroyed", { ...machine("Stopping"), vmis: [aVmi("ci", { phase: "Failed" })] }, "starting"],
      ["nothing is left of it, for a moment", { ...machine("Stopped"), absent: ["prod/ci"] }, "starting"],
      ["it is started again", { ...machine("Starting"), absent: ["prod/ci"] }, "starting"],
      ["it runs again", { ...machine("Running"), vmis: [aVmi("ci", { uid: "new", node: "worker-2" })] }, "restarted"],
    ] as const)("%s", (_case, facts, state) => {
      expect(gone(rerun, facts)?.state).toBe(state);
    });

    test("has stopped when its VM goes on saying so", () => {
      const seen = { "uid-vmi-ci": { state: "starting", row: "", phase: "", since: start - 10_000 } } as const;
      const facts = { ...machine("Stopped"), absent: ["prod/ci"] };
      expect(gone(rerun, facts, { ...emptyLedger(start), seen })?.state).toBe("stopped");
    });

    test("goes on starting when the ended VMI vanishes before the next look", () => {
      const seen = { "uid-vmi-ci": { state: "starting", row: "", phase: "", since: start - 3000 } } as const;
      expect(gone(rerun, machine("Running"), { ...emptyLedger(start), seen })?.state).toBe("starting");
    });
  });

  describe("of a replica set, which starts another in its place", () => {
    const lost = aVerdict("web", "D19", { owner: { kind: "VirtualMachineInstanceReplicaSet", name: "rs" } });
    const sets = (readyReplicas: number) => ({
      replicaSets: [{ metadata: aMeta("rs", { namespace: "prod" }), replicas: 2, readyReplicas }],
    });

    test("it has stopped as agreed where no node takes the other one", () => {
      const owner = { kind: "VirtualMachineInstanceReplicaSet", name: "rs" };
      const down = aVerdict("web", "D18b", { outcome: "stops", owner });
      const absent = { absent: ["prod/web"] };
      expect(gone(down, { ...sets(1), ...absent })?.state).toBe("stopped");
      expect(gone(down, { ...sets(2), ...absent })?.state).toBe("restarted");
    });

    test("it is starting until the set is complete again", () => {
      expect(gone(lost, {})?.state).toBe("starting");
      expect(gone(lost, sets(1))?.state).toBe("starting");
      expect(gone(lost, sets(2))).toMatchObject({ state: "restarted", detail: "replaced by its replica set rs" });
    });

    test("it has failed when the set is not complete after five minutes", () => {
      const seen = { "uid-vmi-web": { state: "starting", row: "", phase: "", since: start - 300_000 } } as const;
      expect(gone(lost, sets(1), { ...emptyLedger(start), seen })).toMatchObject({
        state: "failed",
        detail: "was shut down, and its replica set rs has 1 of 2 replicas ready",
      });
    });
  });

  test("one that was to restart has stopped when its VM was deleted or stopped meanwhile", () => {
    const facts = { absent: ["prod/ci"], absentMachines: ["prod/ci"] };
    expect(gone(aVerdict("ci", "D19"), facts)).toMatchObject({
      state: "stopped",
      detail: "its VirtualMachine was deleted meanwhile",
    });
    const virtualMachines = [aVm("ci", { runStrategy: "Halted", printableStatus: "Stopped" })];
    expect(gone(aVerdict("ci", "D19"), { absent: ["prod/ci"], virtualMachines })?.state).toBe("stopped");
  });

  test("one that was to move and whose guest has ended is starting again where its VM wants it to run", () => {
    for (const printableStatus of ["Starting", "Stopped"]) {
      const virtualMachines = [aVm("web", { runStrategy: "Always", printableStatus })];
      expect(gone(aVerdict("web"), { absent: ["prod/web"], virtualMachines })?.state).toBe("starting");
    }
  });

  test("one that was to move but does not exist any more was stopped by somebody, and that is told", () => {
    expect(gone(aVerdict("web"), { absent: ["prod/web"] })).toMatchObject({
      state: "stopped",
      detail: expect.stringContaining("nothing starts"),
    });
    const virtualMachines = [aVm("web", { runStrategy: "Halted" })];
    expect(gone(aVerdict("web"), { absent: ["prod/web"], virtualMachines })?.detail).toBe(
      "its VirtualMachine was stopped",
    );
  });
});

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

describe("virt-controller that does nothing about the marks", () => {
  const marked = { vmis: [aVmi("web", { evacuationNodeName: "worker-1" })] };
  const queued = (seconds: number): Ledger => ({
    ...emptyLedger(start),
    seen: { "uid-vmi-web": { state: "queued", row: "D13", phase: "", since: start - seconds * 1000 } },
  });
  const trouble = (facts: Parameters<typeof aTurn>[0]["facts"], seconds: number) =>
    decideDrain({
      ...aTurn({ here: [aVerdict("web")], facts: { ...marked, ...facts }, ledger: queued(seconds) }),
      commandFlags: "--context=blue",
    }).progress.trouble;

  test("is told after a minute, with the command that shows it", () => {
    expect(trouble({}, 59)).toEqual([]);
    expect(trouble({}, 60)).toEqual([
      expect.stringMatching(/virt-controller.*kubectl get pods -A -l kubevirt.io=virt-controller --context=blue$/),
    ]);
  });

  test("is suspected, too, when a migration has no phase a minute after it was made", () => {
    const made = (seconds: number) =>
      trouble({ migrations: [aMigration("m", "db", { phase: "", created: at(seconds) })] }, 0);
    expect(made(-59)).toEqual([]);
    expect(made(-60)).toEqual([expect.stringMatching(/not looked at the migration of prod\/db.*virt-controller/)]);
  });

  test("is suspected, too, when a migration is not closed a minute after its VM has arrived", () => {
    const here = [aVerdict("mail")];
    const arrived = (seconds: number, created: number) => {
      const facts = {
        vmis: [aVmi("web", { node: "worker-2" }), aVmi("mail", { evacuationNodeName: "worker-1" })],
        migrations: [
          aMigration("m", "web", { created: at(created) }),
          aMigration("n", "mail", { phase: "Pending", created: at(-200) }),
        ],
      };
      const seen = { "uid-vmi-web": { state: "moved", row: "", phase: "", since: start - seconds * 1000 } } as const;
      const ledger = { ...emptyLedger(start), seen };
      return decideDrain(aTurn({ here, planned: [aVerdict("web"), ...here], facts, ledger })).progress.trouble;
    };
    expect(arrived(59, -200)).toEqual([]);
    expect(arrived(60, -200)).toEqual([
      expect.stringMatching(/not closed the migration of prod\/web.*virt-controller/),
    ]);
    // It has been sent on from where it had arrived.
    expect(arrived(60, -30)).toEqual([]);
  });

  test("is not suspected while migrations take the slots", () => {
    expect(trouble({ runningMigrations: 1 }, 90)).toEqual([]);
    expect(trouble({ migrations: [aMigration("m", "mail", { phase: "Running" })] }, 90)).toEqual([]);
  });
});

describe("a migration that cannot begin", () => {
  const pending = aMigration("m", "web", { phase: "Pending" });
  const condition = aCondition("migrationRejectedByResourceQuota", "True");
  const migrations = [{ ...pending, status: { ...pending.status, conditions: [condition] } }];
  const here = [aVerdict("web", "D5")];

  test("tells why, and blocks after five minutes, so that the drain can end", () => {
    let ledger = emptyLedger(start);
    const lookAt = (seconds: number) => {
      const turn = aTurn({ here, facts: { migrations, time: at(seconds) }, ledger });
      const decision = decideDrain({ ...turn, commandFlags: "--context=blue" });
      ledger = decision.ledger;
      return { status: decision.status, ...decision.progress.vms[0] };
    };
    expect(lookAt(0)).toMatchObject({
      state: "held",
      detail: "its migration cannot begin: a resource quota of its namespace refuses the target pod",
      fix: "kubectl describe vmim -n prod -l kubevirt.io/vmi-name=web --context=blue",
      until: at(300),
    });
    expect(lookAt(299).state).toBe("held");
    for (const seconds of [300, 359]) expect(lookAt(seconds)).toMatchObject({ state: "blocked", status: "going" });
    expect(lookAt(360).status).toBe("stuck");
  });

  test("is queued as long as it only waits for a slot", () => {
    expect(stateOf(aTurn({ here, facts: { migrations: [pending] } }), "web")?.state).toBe("queued");
  });
});

describe("where a migration goes", () => {
  const failedBefore = { migrationUid: "uid-old", targetNode: "worker-3", failed: true, completed: true };
  const here = [aVerdict("web", "D5")];

  test("is not told from the state of the migration before it", () => {
    const vmis = [aVmi("web", { migrationState: failedBefore })];
    const facts = { vmis, migrations: [aMigration("new", "web", { phase: "Scheduling" })] };
    expect(stateOf(aTurn({ here, facts }), "web")).toMatchObject({ state: "migrating", target: undefined });
  });

  test("is told by the VMI when the migration has just ended", () => {
    const vmis = [aVmi("web", { migrationState: { ...failedBefore, failed: false } })];
    expect(stateOf(aTurn({ here, facts: { vmis } }), "web")?.target).toBe("worker-3");
  });
});

test("it wakes for the earliest moment at which something is due", () => {
  const ledger = answered("budget", -2);
  expect(decideDrain(aTurn({ here: [aVerdict("web")], ledger })).wakeAt).toBe(start + 3000);
});

describe("a migration whose target pod finds no node", () => {
  const web = aVmi("web");
  const migration = aMigration("m", "web", { phase: "Scheduling" });
  const unschedulable = aCondition("PodScheduled", "False", {
    reason: "Unschedulable",
    message: "0/3 nodes are available: 3 cordoned. no new claims to deallocate, preemption: not helpful.",
  });
  const target = aLauncherPod(web, {
    name: "virt-launcher-web-target",
    uid: "target",
    phase: "Pending",
    labels: { "kubevirt.io/migrationJobUID": migration.metadata.uid },
    creationTimestamp: at(-60),
    conditions: [unschedulable],
  });
  const pods = [aLauncherPod(web), { ...target, spec: { ...target.spec, nodeName: undefined } }];
  const others = [2, 3].map((at) => aNode(`worker-${at}`, { ready: "False" }));
  const facts = { vmis: [web], migrations: [migration], pods, nodes: [aNode("worker-1"), ...others] };

  test("shows why, and until when it holds a slot", () => {
    expect(stateOf(aTurn({ here: [aVerdict("web", "D5")], facts }), "web")).toMatchObject({
      state: "migrating",
      phase: "Scheduling",
      until: at(240),
      detail: "no node takes its target pod, which holds a slot: worker-2, worker-3: not Ready",
    });
  });

  test("shows what the scheduler says where not every node is known to refuse it", () => {
    const changed = { ...facts, nodes: [...facts.nodes, aNode("worker-4")] };
    expect(stateOf(aTurn({ here: [aVerdict("web", "D5")], facts: changed }), "web")?.detail).toBe(
      "no node takes its target pod, which holds a slot: 0/3 nodes are available: 3 cordoned",
    );
  });

  test("waits where pods of lower priority make way for it", () => {
    const pushesOut = {
      code: "PushesOutOthers",
      severity: "risk",
      object: { kind: "virtualmachineinstance", namespace: "prod", name: "web" },
      reason: "No other node fits.",
      proof: { object: { kind: "node", name: "worker-2" }, field: "x", value: "y" },
    } as const;
    const verdict = aVerdict("web", "D5", { findings: [pushesOut] });
    expect(stateOf(aTurn({ here: [verdict], facts }), "web")).toMatchObject({
      state: "migrating",
      until: at(240),
      detail: "waits for pods of lower priority to end",
    });
  });
});
