/** Whom a drain evicts at one look, whom it does not ask for again yet, and when it looks again. */

import { describe, expect, test } from "vitest";
import { decideDrain } from "../../../lib/decide/drain.ts";
import { emptyLedger, noteAnswer, noteRequest } from "../../../lib/decide/ledger.ts";
import type { EvictionAnswer } from "../../../lib/model/eviction.ts";
import { aLauncherPod, aMigration, aVmi } from "../../builders/kubevirt.ts";
import { answered, evicted, start, stateOf } from "./looks.ts";
import { aTurn, aVerdict } from "./verdicts.ts";

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

test("it wakes for the earliest moment at which something is due", () => {
  const ledger = answered("budget", -2);
  expect(decideDrain(aTurn({ here: [aVerdict("web")], ledger })).wakeAt).toBe(start + 3000);
});
