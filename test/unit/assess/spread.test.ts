/** topologySpreadConstraints that must be met decide where a VM can go. */

import { describe, expect, it } from "vitest";
import type { Facts } from "../../../lib/model/facts.ts";
import type { Pod, SpreadConstraint } from "../../../lib/model/kubernetes.ts";
import { factsWith } from "../../builders/facts.ts";
import { aNode, aPod, aSpread, at } from "../../builders/kubernetes.ts";
import { aRunningVm, type VmOptions } from "../../builders/kubevirt.ts";
import { brief, vmVerdict } from "./verdicts.ts";

describe("topologySpreadConstraints that must be met", () => {
  const nodes = ["worker-1", "worker-2", "worker-3"].map((name) => aNode(name));
  const roomKnown = ["worker-2", "worker-3"];
  const labels = { app: "web" };
  const peer = (name: string, node: string, options = {}) => aPod(name, { node, labels, ...options });
  const onBoth = [peer("a", "worker-2"), peer("b", "worker-3")];
  const judged = (
    spread: SpreadConstraint,
    pods: readonly Pod[],
    options: VmOptions = {},
    fields: Partial<Facts> = {},
  ) =>
    vmVerdict(
      factsWith([aRunningVm("web", { labels, ...options, pod: { spread: [spread] } })], {
        nodes,
        roomKnown,
        pods,
        ...fields,
      }),
      "web",
    );

  it("let a VM move to where fewest are", () => {
    expect(brief(judged(aSpread(labels), [peer("a", "worker-2")]))).toEqual(["D13", "moves", "LiveMigrates"]);
  });

  it("keep a VM from starting again, because the drained node counts as one without any", () => {
    expect(brief(judged(aSpread(labels), onBoth, { strategy: "None" }))[0]).toBe("D18b");
    expect(judged(aSpread(labels), onBoth, { strategy: "None" }).findings[0]?.reason).toContain(
      "worker-2, worker-3: more of its kind than elsewhere (topologySpreadConstraints, kubernetes.io/hostname)",
    );
  });

  it("do not keep a VM from migrating where each node has one, as its own is still there", () => {
    expect(brief(judged(aSpread(labels), onBoth))).toEqual(["D13", "moves", "LiveMigrates"]);
  });

  it.each<[string, SpreadConstraint, readonly Pod[]]>([
    ["more may be there", aSpread(labels, { maxSkew: 2 }), onBoth],
    ["other pods are meant", aSpread({ app: "db" }), onBoth],
    ["no pod is selected", { ...aSpread(labels), labelSelector: undefined }, onBoth],
    ["an empty selector, too, selects none", aSpread({}), onBoth],
    [
      "the others are of another namespace",
      aSpread(labels),
      onBoth.map((pod) => ({ ...pod, metadata: { ...pod.metadata, namespace: "lab" } })),
    ],
    [
      "the others are ending",
      aSpread(labels),
      onBoth.map((pod) => ({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: at(9) } })),
    ],
    [
      "the others differ in a label that must be alike",
      aSpread(labels, { matchLabelKeys: ["rev"] }),
      [peer("a", "worker-2", { labels: { ...labels, rev: "2" } })],
    ],
    ["the drained node does not count", aSpread(labels, { honoursTaints: true }), onBoth],
  ])("let it start again where %s", (_why, spread, pods) => {
    const options = { strategy: "None", labels: { ...labels, rev: "1" } };
    expect(brief(judged(spread, pods, options))[0]).toBe("D19");
  });

  it.each<[string, SpreadConstraint, string]>([
    ["on nodes without the label", aSpread(labels, { topologyKey: "rack" }), "has no label rack, over whose values"],
    [
      "where there are fewer domains than must be",
      aSpread(labels, { minDomains: 4 }),
      "more of its kind than elsewhere",
    ],
  ])("keep a VM away %s", (_why, spread, reason) => {
    const pods = [...onBoth, peer("c", "worker-1")];
    expect(judged(spread, pods).findings[0]?.reason).toContain(reason);
  });

  it("count only nodes where the pod may run, unless nodeAffinityPolicy is Ignore", () => {
    const fast = [aNode("worker-1"), aNode("worker-2", { labels: { disk: "fast" } })];
    const options = { strategy: "None", nodeSelector: { disk: "fast" } };
    const rows = [false, true].map((ignoresAffinity) =>
      brief(judged(aSpread(labels, { ignoresAffinity }), [peer("a", "worker-2")], options, { nodes: fast })),
    );
    expect(rows.map(([row]) => row)).toEqual(["D19", "D18b"]);
  });

  it("are not told while the pods of a node are not read, or not all nodes are", () => {
    const unread = { roomKnown: ["worker-2"] };
    expect(brief(judged(aSpread(labels), [], {}, unread))).toEqual(["D13", "moves", "LiveMigrates", "RoomUnknown"]);
    expect(brief(judged(aSpread(labels), [], {}, { nodesUnread: true }))[3]).toBe("RoomUnknown");
  });
});
