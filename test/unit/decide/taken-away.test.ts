/** A drain ends when somebody else has deleted its node, given it back, or begun to undo it; not because a picture is old. */
import { describe, expect, test } from "vitest";
import { type DrainedNode, type SeenMarks, takenAway } from "../../../lib/decide/taken-away.ts";
import type { RecordOnNode } from "../../../lib/model/facts.ts";
import { aNode, now } from "../../builders/kubernetes.ts";

const nothing: SeenMarks = { cordoned: [], recorded: [] };
const both: SeenMarks = { cordoned: ["a"], recorded: ["a"] };
const none: RecordOnNode = { kind: "none" };
const ours: RecordOnNode = {
  kind: "record",
  record: { v: 1, kind: "drain", by: "ann", since: now, cordonedByUs: true, taints: [], vms: [] },
};
const undone: RecordOnNode = { ...ours, record: { ...ours.record, undone: true } };

function drained(name: string, unschedulable: boolean, record: RecordOnNode): DrainedNode {
  const node = aNode(name, { unschedulable });
  return { name, node, record, assessedUid: node.metadata.uid };
}

describe("as far as cordon and record tell, the drain", () => {
  test.each<[what: string, unschedulable: boolean, record: RecordOnNode, seen: SeenMarks, reason: string | undefined]>([
    ["goes on while both are there", true, ours, both, undefined],
    ["goes on before our own write is seen", false, none, nothing, undefined],
    ["goes on where the cordon is seen before the record", true, none, { ...both, recorded: [] }, undefined],
    ["goes on where the record is seen before the cordon", false, ours, { ...both, cordoned: [] }, undefined],
    ["ends when the cordon is gone", false, ours, both, "node/a was uncordoned by somebody else"],
    [
      "ends when the record is gone",
      true,
      none,
      both,
      "the record of this drain was taken off node/a by somebody else",
    ],
    ["ends when both are gone, by the cordon", false, none, both, "node/a was uncordoned by somebody else"],
    ["ends when an abort has begun, seen before or not", true, undone, nothing, "an abort of node/a undoes this drain"],
    [
      "ends by the cordon when an abort has taken that off",
      false,
      undone,
      both,
      "node/a was uncordoned by somebody else",
    ],
    [
      "ends when the record cannot be read any more",
      true,
      { kind: "damaged", text: "{" },
      both,
      "the record of this drain was taken off node/a by somebody else",
    ],
  ])("%s", (_what, unschedulable, record, seen, reason) => {
    const { end } = takenAway([drained("a", unschedulable, record)], seen);
    expect(end).toEqual(reason === undefined ? undefined : { stoppedBy: reason });
  });
});

test("what was seen once is remembered, for each node by itself", () => {
  const first = takenAway([drained("a", true, none), drained("b", false, ours)], nothing);
  expect(first).toEqual({ seen: { cordoned: ["a"], recorded: ["b"] } });
  const second = takenAway([drained("a", true, ours), drained("b", true, ours)], first.seen);
  expect(second).toEqual({ seen: { cordoned: ["a", "b"], recorded: ["b", "a"] } });
  const third = takenAway([drained("a", true, ours), drained("b", false, ours)], second.seen);
  expect(third.end).toEqual({ stoppedBy: "node/b was uncordoned by somebody else" });
});

describe("a node that was deleted", () => {
  test("ends it, and no command has anything to work on there", () => {
    const gone = { ...drained("a", true, none), node: undefined };
    expect(takenAway([drained("b", true, ours), gone], both).end).toEqual({
      stoppedBy: "node/a was deleted by somebody else",
      deleted: ["a"],
    });
  });

  test("and made again is another one, which commands can name", () => {
    const again = { ...drained("a", true, ours), assessedUid: "earlier" };
    expect(takenAway([again], both).end).toEqual({ stoppedBy: "node/a was deleted by somebody else", deleted: [] });
  });
});
