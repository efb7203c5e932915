/** Whether the host of a node that was declared lost was ever off. */
import { expect, test } from "vitest";
import { judgeHomecoming } from "../../../lib/assess/homecoming.ts";
import type { OperationRecord } from "../../../lib/model/record.ts";
import { aNode, now } from "../../builders/kubernetes.ts";

function judge(record: Partial<OperationRecord>, ready: string, bootID: string | undefined): string {
  const node = aNode("worker-1", { ready });
  const whole = { v: 1, kind: "recover", by: "ann", since: now, cordonedByUs: true, taints: [], vms: [] } as const;
  const found = { kind: "record", record: { ...whole, bootID: "before", ...record } } as const;
  return judgeHomecoming({ ...node, status: { ...node.status, bootID } }, found).kind;
}

test.each([
  ["Ready with another bootID: it has booted", {}, "True", "after", "sound"],
  ["Ready with the same bootID: it was never off", {}, "True", "before", "never-off"],
  ["not Ready: the bootID is an old one", {}, "Unknown", "before", "not-back"],
  ["no bootID on record: nothing is known against it", { bootID: undefined }, "True", "before", "sound"],
  ["the Node tells no bootID", {}, "True", undefined, "sound"],
  ["the record of a drain asks for nothing", { kind: "drain" }, "True", "before", "sound"],
] as const)("%s", (_case, record, ready, bootID, kind) => {
  expect(judge(record, ready, bootID)).toBe(kind);
});

test("without a record nothing is asked", () => {
  expect(judgeHomecoming(aNode("worker-1"), { kind: "none" })).toEqual({ kind: "sound" });
});
