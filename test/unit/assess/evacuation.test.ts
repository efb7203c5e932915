/** What leaves a node, as its marks and migrations tell. */
import { expect, test } from "vitest";
import { leavingByNode, leavingVms } from "../../../lib/assess/evacuation.ts";
import { someFacts } from "../../builders/facts.ts";
import { aVmi } from "../../builders/kubevirt.ts";

test("a VM that has ended leaves no node any more, whatever mark it bears", () => {
  const marked = (name: string, phase: string) => aVmi(name, { phase, evacuationNodeName: "worker-1" });
  const vmis = [marked("web", "Running"), marked("lost", "Failed"), marked("done", "Succeeded")];
  expect(leavingVms(someFacts({ vmis }), "worker-1")).toEqual(["prod/web"]);
  expect(leavingByNode(someFacts({ vmis }))).toEqual(new Map([["worker-1", 1]]));
});
