/** Pods that want to be near others, or away from them, decide where a VM can go. */

import { describe, expect, it } from "vitest";
import { factsWith } from "../../builders/facts.ts";
import { aNode, aPod, noAffinity, selecting } from "../../builders/kubernetes.ts";
import { aLauncherPod, aRunningVm, aVmi } from "../../builders/kubevirt.ts";
import { brief, nodeVerdict, refusal, vmVerdict } from "./verdicts.ts";

describe("affinity between pods", () => {
  const zone = (name: string, value: string) => aNode(name, { labels: { zone: value } });
  const term = (labels: Record<string, string>, topologyKey = "kubernetes.io/hostname", fields = {}) => ({
    labelSelector: selecting(labels),
    topologyKey,
    namespaces: [],
    ...fields,
  });
  const wants = (...terms: ReturnType<typeof term>[]) => ({ ...noAffinity, requiredPods: terms });
  const avoids = (...terms: ReturnType<typeof term>[]) => ({ ...noAffinity, requiredAntiPods: terms });
  const other = aPod("other", { node: "worker-2", labels: { app: "db" } });

  it("keeps away from pods that it avoids", () => {
    expect(refusal({ affinity: avoids(term({ app: "db" })) }, aNode("worker-2"), [other])).toBe(
      "worker-2: anti-affinity with pod prod/other",
    );
    expect(refusal({ affinity: avoids(term({ app: "cache" })) }, aNode("worker-2"), [other])).toBeUndefined();
  });

  it("does not keep a VM from its own migration, whose pod is seen before the migration is", () => {
    const vm = aRunningVm("web", { affinity: avoids(term({ "kubevirt.io/created-by": "uid-vmi-web" })) });
    const target = aLauncherPod(aVmi("web"), {
      name: "virt-launcher-web-new",
      uid: "uid-new",
      node: "worker-2",
      labels: { "kubevirt.io/migrationJobUID": "uid-unseen" },
    });
    const facts = factsWith([vm], {
      nodes: [aNode("worker-1"), aNode("worker-2")],
      roomKnown: ["worker-2"],
      pods: [target],
    });
    expect(brief(vmVerdict(facts, "web"))).toEqual(["D13", "moves", "LiveMigrates"]);
  });

  it("keeps away from pods that avoid it", () => {
    const shy = aPod("shy", { node: "worker-2", affinity: avoids(term({ app: "web" })) });
    expect(refusal({ labels: { app: "web" } }, aNode("worker-2"), [shy])).toBe(
      "worker-2: pod prod/shy does not tolerate it near (anti-affinity)",
    );
    expect(refusal({ labels: { app: "cache" } }, aNode("worker-2"), [shy])).toBeUndefined();
  });

  it("keeps away from VMs that avoid it and that have only just been placed there", () => {
    const facts = factsWith(
      [aRunningVm("shy", { affinity: avoids(term({ app: "web" })) }), aRunningVm("web", { labels: { app: "web" } })],
      { nodes: [aNode("worker-1"), aNode("worker-2")], roomKnown: ["worker-2"] },
    );
    expect(vmVerdict(facts, "shy").outcome).toBe("moves");
    expect(vmVerdict(facts, "web").findings[0]?.reason).toContain("does not tolerate it near (anti-affinity)");
  });

  it("ignores pods that have finished, and pods of other namespaces", () => {
    const finished = aPod("other", { node: "worker-2", labels: { app: "db" }, phase: "Succeeded" });
    const elsewhere = aPod("other", { node: "worker-2", labels: { app: "db" }, namespace: "lab" });
    const affinity = avoids(term({ app: "db" }));
    expect(refusal({ affinity }, aNode("worker-2"), [finished, elsewhere])).toBeUndefined();
    const everywhere = avoids(term({ app: "db" }, "kubernetes.io/hostname", { namespaceSelector: selecting({}) }));
    expect(refusal({ affinity: everywhere }, aNode("worker-2"), [elsewhere])).toContain("lab/other");
  });

  it("goes only near pods that it wants", () => {
    const affinity = wants(term({ app: "db" }));
    expect(refusal({ affinity }, aNode("worker-2"), [other])).toBeUndefined();
    expect(refusal({ affinity }, aNode("worker-2"))).toBe("worker-2: no pod near it that its affinity asks for");
  });

  it("wants pods that match all terms, and is not served by two that match one each", () => {
    const affinity = wants(term({ app: "db" }), term({ tier: "back" }));
    const back = aPod("back", { node: "worker-2", labels: { tier: "back" } });
    const both = aPod("both", { node: "worker-2", labels: { app: "db", tier: "back" } });
    expect(refusal({ affinity }, aNode("worker-2"), [other, back])).toBe(
      "worker-2: no pod near it that its affinity asks for",
    );
    expect(refusal({ affinity }, aNode("worker-2"), [both])).toBeUndefined();
  });

  it("is not the first of its kind for one term where another term has pods already", () => {
    const affinity = wants(term({ app: "web" }), term({ app: "web" }, "zone"));
    const vm = aRunningVm("web", { strategy: "None", labels: { app: "web" }, affinity });
    const nodes = [zone("worker-1", "a"), zone("worker-2", "b"), aNode("worker-3")];
    const peer = aPod("peer", { node: "worker-3", labels: { app: "web" } });
    expect(brief(vmVerdict(factsWith([vm], { nodes })))[0]).toBe("D19");
    expect(brief(vmVerdict(factsWith([vm], { nodes, pods: [peer] })))[0]).toBe("D18b");
  });

  it("finds them in the same zone", () => {
    const nodes = [zone("worker-1", "a"), zone("worker-2", "b"), zone("worker-3", "b")];
    const vm = aRunningVm("web", { affinity: wants(term({ app: "db" }, "zone")) });
    const near = aPod("db", { node: "worker-3", labels: { app: "db" } });
    expect(brief(vmVerdict(factsWith([vm], { nodes, pods: [near] })))[0]).toBe("D13");
  });

  it("cannot migrate when it wants to be near its own kind, which is where it comes from", () => {
    expect(refusal({ labels: { app: "web" }, affinity: wants(term({ app: "web" })) }, aNode("worker-2"))).toBe(
      "worker-2: no pod near it that its affinity asks for",
    );
  });

  it("can start again, because then it is the first of its kind", () => {
    const vm = aRunningVm("web", { strategy: "None", labels: { app: "web" }, affinity: wants(term({ app: "web" })) });
    expect(brief(vmVerdict(factsWith([vm])))[0]).toBe("D19");
  });

  it("follows the VMs that it wants to be near", () => {
    const leader = aRunningVm("leader", { labels: { app: "db" } });
    const follower = aRunningVm("a-follower", { affinity: wants(term({ app: "db" })) });
    const node = nodeVerdict(factsWith([leader, follower]));
    expect(node.vms.map((vm) => vm.row)).toEqual(["D13", "D13"]);
  });

  it("does not guess at a namespaceSelector, and says so", () => {
    const fields = { namespaceSelector: selecting({ team: "x" }) };
    const vm = aRunningVm("web", { affinity: wants(term({ app: "db" }, "zone", fields)) });
    expect(brief(vmVerdict(factsWith([vm])))).toEqual(["D13", "moves", "LiveMigrates", "PlacementNotSimulated"]);
    expect(nodeVerdict(factsWith([vm])).verdict).toBe("unknown");
  });
});
