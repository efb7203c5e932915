/** Label selectors as kubectl takes them on the command line. */
import { describe, expect, it } from "vitest";
import { parseLabelSelector } from "../../../lib/model/selector-text.ts";

describe("parseLabelSelector", () => {
  it.each([
    ["a=b", [{ key: "a", operator: "In", values: ["b"] }]],
    ["a==b", [{ key: "a", operator: "In", values: ["b"] }]],
    ["a!=b", [{ key: "a", operator: "NotIn", values: ["b"] }]],
    ["a=", [{ key: "a", operator: "In", values: [""] }]],
    ["a", [{ key: "a", operator: "Exists", values: [] }]],
    ["!a", [{ key: "a", operator: "DoesNotExist", values: [] }]],
    ["a in (x, y)", [{ key: "a", operator: "In", values: ["x", "y"] }]],
    ["a notin (x)", [{ key: "a", operator: "NotIn", values: ["x"] }]],
    ["cores>4", [{ key: "cores", operator: "Gt", values: ["4"] }]],
    [
      "kubevirt.io/domain=web , tier in (a,b),!old",
      [
        { key: "kubevirt.io/domain", operator: "In", values: ["web"] },
        { key: "tier", operator: "In", values: ["a", "b"] },
        { key: "old", operator: "DoesNotExist", values: [] },
      ],
    ],
  ])("reads %s", (text, matchExpressions) => {
    expect(parseLabelSelector(text)).toEqual({ matchLabels: {}, matchExpressions });
  });

  it.each(["", "  "])("takes %j for everything", (text) => {
    expect(parseLabelSelector(text)).toEqual({ matchLabels: {}, matchExpressions: [] });
  });

  it.each(["=b", "a=b=c", "a b", "a in x", "a in (x", "a,,b", "a>b", "-a", "a=b;c", "a in (x y)"])(
    "refuses %j",
    (text) => {
      expect(parseLabelSelector(text)).toBeUndefined();
    },
  );
});
