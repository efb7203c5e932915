/** Label and node selectors and tolerations match as Kubernetes matches them. */
import { describe, expect, it } from "vitest";
import type { LabelSelectorRequirement } from "../../../lib/model/kubernetes.ts";
import { hasLabels, matchesNode, matchesSelector, tolerates } from "../../../lib/model/selectors.ts";
import { selecting } from "../../builders/kubernetes.ts";

const labels = { app: "db", tier: "gold", size: "10" };

function requirement(key: string, operator: string, ...values: string[]): LabelSelectorRequirement {
  return { key, operator, values };
}

describe("matchesSelector", () => {
  it("matches nothing without a selector", () => {
    expect(matchesSelector(labels, undefined)).toBe(false);
  });

  it("matches everything with an empty one", () => {
    expect(matchesSelector({}, selecting({}))).toBe(true);
  });

  it("wants every label and every expression", () => {
    expect(matchesSelector(labels, selecting({ app: "db" }, [requirement("tier", "Exists")]))).toBe(true);
    expect(matchesSelector(labels, selecting({ app: "web" }, [requirement("tier", "Exists")]))).toBe(false);
    expect(matchesSelector(labels, selecting({ app: "db" }, [requirement("zone", "Exists")]))).toBe(false);
  });

  it.each([
    ["In", ["db", "web"], true, false],
    ["NotIn", ["db"], false, true],
    ["NotIn", ["web"], true, true],
    ["Exists", [], true, false],
    ["DoesNotExist", [], false, true],
    ["Like", ["db"], false, false],
  ])("%s %j: %s with the key, %s without it", (operator, values, present, absent) => {
    expect(matchesSelector(labels, selecting({}, [requirement("app", operator, ...values)]))).toBe(present);
    expect(matchesSelector({}, selecting({}, [requirement("app", operator, ...values)]))).toBe(absent);
  });
});

describe("matchesNode", () => {
  const node = { name: "worker-1", labels };
  const only = (...matchExpressions: LabelSelectorRequirement[]) => ({
    nodeSelectorTerms: [{ matchExpressions, matchFields: [] }],
  });

  it.each([
    ["Gt", "9", true],
    ["Gt", "10", false],
    ["Gt", "many", false],
    ["Lt", "11", true],
    ["Lt", "10", false],
  ])("size %s %s: %s", (operator, bound, matches) => {
    expect(matchesNode(node, only(requirement("size", operator, bound)))).toBe(matches);
  });

  it("takes no number for what is text, empty or missing", () => {
    expect(matchesNode({ name: "n", labels: { size: "" } }, only(requirement("size", "Lt", "5")))).toBe(false);
    expect(matchesNode({ name: "n", labels: { size: "ten" } }, only(requirement("size", "Gt", "5")))).toBe(false);
    expect(matchesNode({ name: "n", labels: {} }, only(requirement("size", "Gt", "5")))).toBe(false);
  });

  it("knows the field metadata.name and no other", () => {
    const byField = (key: string) => ({
      nodeSelectorTerms: [{ matchExpressions: [], matchFields: [requirement(key, "In", "worker-1")] }],
    });
    expect(matchesNode(node, byField("metadata.name"))).toBe(true);
    expect(matchesNode({ ...node, name: "worker-2" }, byField("metadata.name"))).toBe(false);
    expect(matchesNode(node, byField("metadata.uid"))).toBe(false);
  });

  it("joins terms with or, and takes an empty term, or none, for no match", () => {
    const empty = { matchExpressions: [], matchFields: [] };
    const fitting = { matchExpressions: [requirement("app", "Exists")], matchFields: [] };
    expect(matchesNode(node, { nodeSelectorTerms: [empty, fitting] })).toBe(true);
    expect(matchesNode(node, { nodeSelectorTerms: [empty] })).toBe(false);
    expect(matchesNode(node, { nodeSelectorTerms: [] })).toBe(false);
  });
});

describe("hasLabels", () => {
  it("wants each pair, and is content with none", () => {
    expect(hasLabels(labels, { app: "db" })).toBe(true);
    expect(hasLabels(labels, { app: "web" })).toBe(false);
    expect(hasLabels(undefined, {})).toBe(true);
  });
});

describe("tolerates", () => {
  const taint = { key: "dedicated", value: "gpu", effect: "NoSchedule" };

  it.each([
    [{ key: "dedicated", operator: "Exists" }, true],
    [{ key: "dedicated", operator: "Equal", value: "gpu" }, true],
    [{ key: "dedicated", value: "gpu", effect: "NoSchedule" }, true],
    [{ key: "dedicated", value: "cpu" }, false],
    [{ key: "dedicated", operator: "Exists", effect: "NoExecute" }, false],
    [{ key: "other", operator: "Exists" }, false],
    [{ operator: "Exists" }, true],
    [{ operator: "Exists", effect: "NoExecute" }, false],
    [{}, false],
  ])("%j: %s", (toleration, covers) => {
    expect(tolerates(toleration, taint)).toBe(covers);
  });
});
