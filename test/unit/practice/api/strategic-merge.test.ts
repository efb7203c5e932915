/** Strategic merge patches, directive by directive. */
import { describe, expect, it } from "vitest";
import { applyStrategicMerge } from "../../../../lib/practice/api/strategic-merge.ts";
import { shapeOf } from "../../../../lib/practice/shapes.ts";

const podShape = shapeOf({ group: "", resource: "pods" });
const pod = {
  metadata: { labels: { a: "1", b: "2" }, finalizers: ["x", "y"] },
  spec: {
    containers: [
      { name: "one", image: "i:1", env: [{ name: "A", value: "1" }] },
      { name: "two", image: "i:1" },
    ],
    tolerations: [{ key: "k" }],
    volumes: [{ name: "v", emptyDir: {} }],
  },
};

describe("a strategic merge patch", () => {
  it.each([
    [
      "merges maps and removes with null",
      { metadata: { labels: { a: null, c: "3" } } },
      { metadata: { labels: { b: "2", c: "3" } } },
    ],
    [
      "merges lists by key, down to their own lists",
      { spec: { containers: [{ name: "one", env: [{ name: "B", value: "2" }] }] } },
      {
        spec: {
          containers: [
            {
              name: "one",
              image: "i:1",
              env: [
                { name: "A", value: "1" },
                { name: "B", value: "2" },
              ],
            },
            { name: "two", image: "i:1" },
          ],
        },
      },
    ],
    [
      "adds new items",
      { spec: { containers: [{ name: "three" }] } },
      { spec: { containers: [{}, {}, { name: "three" }] } },
    ],
    [
      "removes items",
      { spec: { containers: [{ name: "one", $patch: "delete" }] } },
      { spec: { containers: [{ name: "two" }] } },
    ],
    [
      "replaces lists",
      { spec: { containers: [{ name: "new" }, { $patch: "replace" }] } },
      { spec: { containers: [{ name: "new" }] } },
    ],
    [
      "replaces lists without a key",
      { spec: { tolerations: [{ key: "other" }] } },
      { spec: { tolerations: [{ key: "other" }] } },
    ],
    ["replaces maps", { metadata: { $patch: "replace", labels: { c: "3" } } }, { metadata: { labels: { c: "3" } } }],
    ["unites sets", { metadata: { finalizers: ["y", "z"] } }, { metadata: { finalizers: ["x", "y", "z"] } }],
    [
      "takes from sets",
      { metadata: { "$deleteFromPrimitiveList/finalizers": ["x"] } },
      { metadata: { finalizers: ["y"] } },
    ],
    [
      "orders lists",
      { spec: { "$setElementOrder/containers": [{ name: "two" }, { name: "one" }] } },
      { spec: { containers: [{ name: "two" }, { name: "one" }] } },
    ],
    [
      "keeps only the named fields of a union",
      { spec: { volumes: [{ name: "v", $retainKeys: ["name", "hostPath"], hostPath: { path: "/" } }] } },
      { spec: { volumes: [{ name: "v", hostPath: { path: "/" } }] } },
    ],
  ])("%s", (_what, patch, expected) => {
    const result = applyStrategicMerge(pod, patch, podShape);
    expect(result).toMatchObject(expected);
    const text = JSON.stringify(result);
    expect(text).not.toContain("$");
  });

  it("drops the replaced variant of a union", () => {
    const patch = { spec: { volumes: [{ name: "v", $retainKeys: ["name", "hostPath"], hostPath: { path: "/" } }] } };
    const { volumes } = applyStrategicMerge(pod, patch, podShape).spec as { volumes: object[] };
    expect(volumes).toEqual([{ name: "v", hostPath: { path: "/" } }]);
  });

  it("leaves the document as it was", () => {
    const before = JSON.stringify(pod);
    applyStrategicMerge(pod, { spec: { containers: [{ name: "one", image: "i:2" }] } }, podShape);
    expect(JSON.stringify(pod)).toBe(before);
  });

  it("refuses items without their key", () => {
    expect(() => applyStrategicMerge(pod, { spec: { containers: [{ image: "x" }] } }, podShape)).toThrow(
      "does not contain declared merge key: name",
    );
  });
});
