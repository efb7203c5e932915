/** Which gaps are worth a word. */
import { expect, test } from "vitest";
import { type Gap, isCovered } from "../../../lib/model/facts.ts";

const everywhere: Gap = { resource: "pods", reason: "forbidden: list pods" };
const here: Gap = { resource: "pods", namespace: "prod", reason: "no answer" };

test.each<[what: string, gap: Gap, gaps: readonly Gap[], covered: boolean]>([
  ["one of a namespace beside that in the whole cluster", here, [here, everywhere], true],
  ["one of a namespace by itself", here, [here, { ...here, namespace: "lab" }], false],
  ["one of a namespace beside that of another resource", here, [{ ...everywhere, resource: "nodes" }, here], false],
  ["the one in the whole cluster", everywhere, [everywhere, { ...everywhere, reason: "busy" }], false],
])("%s", (_what, gap, gaps, covered) => {
  expect(isCovered(gap, gaps)).toBe(covered);
});
