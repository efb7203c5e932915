/** VMs that are shut down go when those that move have left, and no faster than their budget has them back. */

import { describe, expect, test } from "vitest";
import { emptyLedger, noteRequest } from "../../../lib/decide/ledger.ts";
import { aBudget } from "../../builders/kubernetes.ts";
import { aMigration, aVmi } from "../../builders/kubevirt.ts";
import { answered, evicted, start, stateOf } from "./looks.ts";
import { aTurn, aVerdict } from "./verdicts.ts";

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
