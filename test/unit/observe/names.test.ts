/** Small rules about names: which are close to a typed one, and how many fit into a selector. */
import { describe, expect, it } from "vitest";
import { closeNames } from "../../../lib/observe/close-names.ts";
import { selectAny } from "../../../lib/observe/label-selectors.ts";

describe("closeNames", () => {
  const nodes = ["worker-1", "worker-2", "worker-10", "control-1", "gpu-a"];
  it.each([
    ["a letter too many", "worker-11", ["worker-1", "worker-10", "worker-2"]],
    ["a letter wrong", "control-l", ["control-1"]],
    ["letters swapped", "wokrer-2", ["worker-2"]],
    ["only the beginning", "gpu", ["gpu-a"]],
    ["nothing like it", "database", []],
    ["in capitals", "GPU-A", ["gpu-a"]],
    ["nothing at all", "", []],
  ])("%s: %s", (_case, typed, expected) => {
    expect(closeNames(typed, nodes).slice(0, expected.length || 1)).toEqual(expected);
  });
});

describe("selectAny", () => {
  it("writes one selector for a few values, each once", () => {
    expect(selectAny("l", ["a", "b", "a"])).toEqual([{ selector: "l in (a,b)", values: ["a", "b"] }]);
  });

  it("writes none for no values", () => {
    expect(selectAny("l", [])).toEqual([]);
  });

  it("leaves out what no label can have", () => {
    expect(selectAny("l", ["", "x".repeat(64), "y".repeat(63)])).toEqual([
      { selector: `l in (${"y".repeat(63)})`, values: ["y".repeat(63)] },
    ]);
  });

  it("cuts a thousand names into selectors that fit into a URL, and loses none", () => {
    const names = Array.from({ length: 1000 }, (_, index) => `virtual-machine-${index}`);
    const selectors = selectAny("kubevirt.io/vmi-name", names);
    expect(selectors.flatMap(({ values }) => values)).toEqual(names);
    for (const { selector } of selectors) expect(encodeURIComponent(selector).length).toBeLessThan(6000);
  });
});
