/** What is said at the end of an undo. */
import { expect, test } from "vitest";
import { goneSince } from "../../../lib/decide/abort-summary.ts";
import { someFacts } from "../../builders/facts.ts";
import { aVmi } from "../../builders/kubevirt.ts";

const first = someFacts({ vmis: [aVmi("web"), aVmi("db"), aVmi("other", { node: "worker-2" })] });

test.each([
  ["stayed", [aVmi("web"), aVmi("db")], []],
  ["runs elsewhere", [aVmi("web", { node: "worker-3" }), aVmi("db")], ["prod/web"]],
  ["does not exist any more", [aVmi("db")], ["prod/web"]],
  ["was started again on the node", [aVmi("web", { uid: "later" }), aVmi("db")], []],
  ["has arrived meanwhile beside it", [aVmi("web"), aVmi("db"), aVmi("new")], []],
])("a VM that %s", (_what, vmis, gone) => {
  expect(goneSince(first, someFacts({ vmis }), "worker-1")).toEqual(gone);
});

test("nothing is said of VMs that could not be read", () => {
  const gaps = [{ resource: "virtualmachineinstances", reason: "forbidden" }];
  expect(goneSince(first, someFacts({ vmis: [], gaps }), "worker-1")).toEqual([]);
});
