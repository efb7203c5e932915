/** Room is counted over all that must go, and no node is read whose room does not matter. */

import { describe, expect, it } from "vitest";
import { assess, roomWanted } from "../../../lib/assess/check.ts";
import type { Node } from "../../../lib/model/kubernetes.ts";
import { factsWith } from "../../builders/facts.ts";
import { aNode, aPod } from "../../builders/kubernetes.ts";
import { aLauncherPod, aRunningVm, aVmi } from "../../builders/kubevirt.ts";
import { nodeVerdict, refusal } from "./verdicts.ts";

describe("room, counted over the whole set", () => {
  const small = [aNode("worker-1"), aNode("worker-2", { allocatable: { memory: "5Gi" } })];

  it("counts the pods that are there", () => {
    const full = aPod("full", { node: "worker-2", requests: { memory: "4Gi" } });
    expect(refusal({}, small[1] as Node, [full])).toBe("worker-2: too little memory: needs 2Gi, 1Gi free");
  });

  it("takes from the next what it gave to the first", () => {
    const vms = ["a", "b", "c"].map((name) => aRunningVm(name));
    const node = nodeVerdict(factsWith(vms, { nodes: small }));
    expect(node.vms.map((vm) => [vm.name, vm.row])).toEqual([
      ["a", "D13"],
      ["b", "D13"],
      ["c", "D12"],
    ]);
    expect(node.vms[2]?.findings[0]?.reason).toContain("too little memory: needs 2Gi, 1Gi free");
  });

  it("places movers before those that restart, and the large before the small", () => {
    const vms = [
      aRunningVm("a-restarts", { strategy: "None", pod: { requests: { memory: "3Gi" } } }),
      aRunningVm("b-small", { pod: { requests: { memory: "1Gi" } } }),
      aRunningVm("c-large", { pod: { requests: { memory: "4Gi" } } }),
    ];
    const node = nodeVerdict(factsWith(vms, { nodes: small }));
    expect(node.vms.map((vm) => [vm.name, vm.row])).toEqual([
      ["a-restarts", "D18b"],
      ["b-small", "D13"],
      ["c-large", "D13"],
    ]);
  });

  it("gives the same answer in whatever order the objects come", () => {
    const vms = ["a", "b", "c", "d"].map((name) => aRunningVm(name));
    const facts = factsWith(vms, { nodes: small });
    const reversed = { ...facts, pods: [...facts.pods].reverse(), vmis: [...facts.vmis].reverse() };
    expect(nodeVerdict(reversed)).toEqual(nodeVerdict(facts));
  });

  it("does not count a VM that stays", () => {
    const vms = [aRunningVm("a", { migratable: "False" }), aRunningVm("b"), aRunningVm("c")];
    const node = nodeVerdict(factsWith(vms, { nodes: small }));
    expect(node.vms.map((vm) => vm.row)).toEqual(["D8", "D13", "D13"]);
  });

  it("says where the least room is left", () => {
    const nodes = [
      aNode("worker-1"),
      aNode("worker-2", { allocatable: { memory: "8Gi" } }),
      aNode("worker-3", { allocatable: { memory: "7Gi" } }),
    ];
    const vms = ["a", "b"].map((name) => aRunningVm(name));
    expect(assess(factsWith(vms, { nodes }), { waived: new Set() }).smallestRoom).toEqual({
      node: "worker-3",
      memory: "5Gi",
    });
    expect(assess(factsWith([], { nodes }), { waived: new Set() }).smallestRoom).toBeUndefined();
  });

  it("counts the VMs of all targets together", () => {
    const nodes = [aNode("worker-1"), aNode("worker-2"), aNode("worker-3", { allocatable: { memory: "3Gi" } })];
    const there = aVmi("b", { node: "worker-2" });
    const facts = factsWith([aRunningVm("a")], {
      nodes,
      targets: ["worker-1", "worker-2"],
      vmis: [there],
      pods: [aLauncherPod(there)],
    });
    const check = assess(facts, { waived: new Set() });
    expect(check.nodes.map((node) => node.vms.map((vm) => vm.row))).toEqual([["D13"], ["D12"]]);
    expect(check.nodes[1]?.vms[0]?.findings[0]?.reason).toContain("worker-1: is to be drained, too");
  });
});

describe("roomWanted", () => {
  const nodes = [
    aNode("worker-1"),
    aNode("worker-2", { allocatable: { memory: "3Gi" } }),
    aNode("worker-3"),
    aNode("worker-4", { unschedulable: true }),
  ];
  const options = { waived: new Set<string>() };

  it("names the nodes that might take the VMs, the largest first", () => {
    expect(roomWanted(factsWith([aRunningVm("a")], { nodes, roomKnown: [] }), options)).toEqual([
      "worker-3",
      "worker-2",
    ]);
  });

  it("wants no more once everything fits", () => {
    expect(roomWanted(factsWith([aRunningVm("a")], { nodes, roomKnown: ["worker-2"] }), options)).toEqual([]);
  });

  it("goes on while something does not", () => {
    const vms = [aRunningVm("a"), aRunningVm("b")];
    expect(roomWanted(factsWith(vms, { nodes, roomKnown: ["worker-2"] }), options)).toEqual(["worker-3"]);
  });

  it("wants nothing for VMs that stay", () => {
    expect(
      roomWanted(factsWith([aRunningVm("a", { migratable: "False" })], { nodes, roomKnown: [] }), options),
    ).toEqual([]);
  });
});
