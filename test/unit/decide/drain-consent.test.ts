/** Nothing worse happens to a VM than what was confirmed. */

import { describe, expect, test } from "vitest";
import { decideDrain } from "../../../lib/decide/drain.ts";
import { emptyLedger } from "../../../lib/decide/ledger.ts";
import type { Outcome } from "../../../lib/model/verdict.ts";
import { answered, evicted, start, stateOf } from "./looks.ts";
import { aTurn, aVerdict } from "./verdicts.ts";

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

test("a VM whose migration has failed too often is left behind where that was agreed to", () => {
  const failing = aVerdict("web", "D10", { outcome: "blocks" });
  expect(stateOf(aTurn({ here: [failing], intent: { skipBlocked: true } }), "web")?.state).toBe("left-behind");
  const planned = [aVerdict("web")];
  expect(stateOf(aTurn({ here: [failing], planned, intent: { skipBlocked: true } }), "web")?.state).toBe("blocked");
});

test.each(["D13", "D19"] as const)(
  "a VM on row %s whose eviction the dry run refused is left behind as was shown",
  (row) => {
    const object = { kind: "virtualmachineinstance", namespace: "prod", name: "web" };
    const proof = { object, field: "answer to the dry-run eviction", value: "422" };
    const findings = [{ code: "DryRunWorse", severity: "blocker", object, reason: "", proof } as const];
    const planned = [aVerdict("web", row, { outcome: "blocks", findings })];
    const turn = aTurn({ here: [aVerdict("web", row)], planned, intent: { skipBlocked: true } });
    expect(evicted(turn)).toEqual([]);
    expect(stateOf(turn, "web")).toMatchObject({
      ...{ state: "left-behind", code: "DryRunWorse" },
      detail: "the server's dry run refused its eviction",
    });
    expect(decideDrain(turn).unconfirmed).toEqual([]);
  },
);
