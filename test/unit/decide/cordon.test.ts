/** The record on a node: what an earlier operation left is taken up, and nothing is lost that is needed in order to go back. */
import { describe, expect, test } from "vitest";
import { beginUndo, cordonForDrain, declareLost, releaseNode } from "../../../lib/decide/cordon.ts";
import type { RecordOnNode } from "../../../lib/model/facts.ts";
import type { OperationRecord } from "../../../lib/model/record.ts";
import { aNode, at, now } from "../../builders/kubernetes.ts";

const none: RecordOnNode = { kind: "none" };
const web = { namespace: "prod", name: "web", uid: "web" };
const db = { namespace: "prod", name: "db", uid: "db" };
const taint = { key: "node.kubernetes.io/out-of-service", value: "nodeshutdown", effect: "NoExecute" };
const taintText = "node.kubernetes.io/out-of-service=nodeshutdown:NoExecute";

function recorded(fields: Partial<OperationRecord>): RecordOnNode {
  const record = {
    v: 1,
    kind: "drain",
    by: "ann",
    since: at(-60),
    cordonedByUs: true,
    taints: [],
    vms: [web],
  } as const;
  return { kind: "record", record: { ...record, ...fields } };
}

const said = { by: "ann", at: at(-60), text: "BMC says off" };
const cordoned = aNode("worker-1", { unschedulable: true });
const input = { by: "bob", since: now, vms: [db] };

describe("the cordon of a drain", () => {
  test("is ours when the node was schedulable, and not when it was cordoned already", () => {
    expect(cordonForDrain(aNode("worker-1"), none, input).record).toMatchObject({ cordonedByUs: true, by: "bob" });
    expect(cordonForDrain(cordoned, none, input).record).toMatchObject({ cordonedByUs: false });
  });

  test("names a VM once that was started again meanwhile", () => {
    const again = { ...input, vms: [{ ...web, uid: "later" }, db] };
    expect(cordonForDrain(cordoned, recorded({}), again).record.vms).toEqual([web, db]);
  });

  test("takes up a drain that was interrupted: who began it, when, with which VMs", () => {
    expect(cordonForDrain(cordoned, recorded({}), input).record).toMatchObject({
      by: "ann",
      since: at(-60),
      cordonedByUs: true,
      vms: [web, db],
    });
  });

  test("tells nobody's reason as another one's", () => {
    const taken = (by: string) =>
      cordonForDrain(cordoned, recorded({ reason: "kernel" }), { ...input, by, reason: "disk" }).record;
    expect(taken("ann")).toMatchObject({ by: "ann", reason: "disk" });
    expect(taken("bob")).toMatchObject({ by: "ann", reason: "kernel" });
  });

  test("replaces a stale record on a schedulable node", () => {
    expect(cordonForDrain(aNode("worker-1"), recorded({ cordonedByUs: false }), input).record).toMatchObject({
      by: "bob",
      cordonedByUs: true,
      vms: [db],
    });
  });

  test("keeps the record of a recovery: the bootID before the crash and the assertion are needed at the uncordon", () => {
    const found = recorded({ kind: "recover", bootID: "before", assertions: [said] });
    expect(cordonForDrain(cordoned, found, input).record).toMatchObject({
      kind: "recover",
      bootID: "before",
      assertions: [said],
    });
  });
});

describe("declaring a node lost", () => {
  test("sets cordon, record and taint in one write, beside the taints of others", () => {
    const node = aNode("worker-1", { taints: [{ key: "other", effect: "NoSchedule" }] });
    const action = declareLost(node, none, { ...input, taint, assertion: "seen" });
    expect(action.taints).toEqual([{ key: "other", effect: "NoSchedule" }, taint]);
    expect(action.record).toMatchObject({
      kind: "recover",
      taints: [taintText],
      assertions: [{ by: "bob", at: now, text: "seen" }],
      bootID: "boot-worker-1",
    });
  });

  test("leaves a taint that a colleague has set, and does not call it ours", () => {
    const action = declareLost(aNode("worker-1", { taints: [taint] }), none, { ...input, taint });
    expect(action.taints).toBeUndefined();
    expect(action.record.taints).toEqual([]);
  });

  test("with another value or effect, too: the API server would refuse a second one, and nobody looks at more than the key", () => {
    for (const theirs of [
      { ...taint, value: "true" },
      { key: taint.key, effect: "NoSchedule" },
    ])
      expect(declareLost(aNode("worker-1", { taints: [theirs] }), none, { ...input, taint })).not.toHaveProperty(
        "taints",
      );
  });

  test("keeps every word and who gave it when; the same word again is no new one", () => {
    const found = recorded({ kind: "recover", assertions: [said] });
    const words = (by: string, assertion: string) =>
      declareLost(cordoned, found, { ...input, by, assertion }).record.assertions;
    expect(words("bob", "pulled the plug")).toEqual([said, { by: "bob", at: now, text: "pulled the plug" }]);
    expect(words(said.by, said.text)).toEqual([said]);
  });

  test("taken up again keeps its own taint, the bootID of the crash and the first assertion", () => {
    const found = recorded({ kind: "recover", taints: [taintText], bootID: "before", assertions: [said] });
    const node = aNode("worker-1", { unschedulable: true, taints: [taint] });
    expect(declareLost(node, found, { ...input, taint }).record).toMatchObject({
      by: "ann",
      taints: [taintText],
      bootID: "before",
      assertions: [said],
    });
  });

  test("after an interrupted drain keeps that the drain had cordoned the node, but not its VMs: what it moved away is not lost", () => {
    const lost = { ...db, replicaSet: "set" };
    expect(declareLost(cordoned, recorded({ vms: [web, db] }), { ...input, taint, vms: [lost] }).record).toMatchObject({
      kind: "recover",
      by: "bob",
      cordonedByUs: true,
      vms: [lost],
    });
  });
});

describe("the beginning of an undo", () => {
  test("takes our taints off and stops a drain that still runs, in one write", () => {
    const node = aNode("worker-1", { unschedulable: true, taints: [taint, { key: "other", effect: "NoSchedule" }] });
    expect(beginUndo(node, recorded({ taints: [taintText] }))).toMatchObject({
      taints: [taintText],
      remainingTaints: [{ key: "other", effect: "NoSchedule" }],
      uncordon: false,
      record: false,
      rewritten: { taints: [], undone: true, cordonedByUs: true, vms: [web] },
    });
  });

  test("is made once, and not without a record", () => {
    expect(beginUndo(cordoned, recorded({ undone: true }))).toBeUndefined();
    expect(beginUndo(cordoned, none)).toBeUndefined();
  });

  test("is forgotten when the node is drained again", () => {
    expect(cordonForDrain(cordoned, recorded({ undone: true }), input).record.undone).toBeUndefined();
  });
});

describe("giving a node back", () => {
  test("whose record stays: it does not call a cordon ours that somebody else sets later", () => {
    expect(releaseNode(cordoned, recorded({}), { uncordon: true, keepRecord: true })).toMatchObject({
      uncordon: true,
      record: false,
      rewritten: { cordonedByUs: false, vms: [web] },
    });
  });

  test("takes our taint off first, then cordon and record", () => {
    const found = recorded({ kind: "recover", taints: [taintText] });
    const node = aNode("worker-1", { unschedulable: true, taints: [taint, { key: "other", effect: "NoSchedule" }] });
    expect(releaseNode(node, found, { uncordon: true })).toMatchObject({
      taints: [taintText],
      remainingTaints: [{ key: "other", effect: "NoSchedule" }],
      uncordon: false,
      record: false,
    });
    expect(releaseNode(cordoned, found, { uncordon: true })).toMatchObject({
      taints: [],
      uncordon: true,
      record: true,
    });
  });

  test("a record that stays no longer calls a taint ours that was taken off", () => {
    const node = aNode("worker-1", { unschedulable: true, taints: [taint] });
    const found = recorded({ kind: "recover", taints: [taintText] });
    const action = releaseNode(node, found, { uncordon: false, keepRecord: true });
    expect(action).toMatchObject({ taints: [taintText], rewritten: { kind: "recover", taints: [], vms: [web] } });
    expect(releaseNode(cordoned, found, { uncordon: false, keepRecord: true })).toBeUndefined();
  });

  test("has nothing to do on a schedulable node without a record", () => {
    expect(releaseNode(aNode("worker-1"), none, { uncordon: true })).toBeUndefined();
  });
});
