/** What a drain takes along beside VMs: kubectl's filters, one by one. */
import { describe, expect, it } from "vitest";
import type { DrainFilters } from "../../../lib/assess/drain-filters.ts";
import { parseLabelSelector } from "../../../lib/model/selector-text.ts";
import { someFacts } from "../../builders/facts.ts";
import { aBudget, anOwner, aPod, at, type PodOptions } from "../../builders/kubernetes.ts";
import { aLauncherPod, aVmi } from "../../builders/kubevirt.ts";
import { nodeVerdict } from "./verdicts.ts";

const strict: DrainFilters = { force: false, ignoreDaemonsets: false, deleteEmptydirData: false };
const lenient: DrainFilters = { force: true, ignoreDaemonsets: true, deleteEmptydirData: true };

const daemon: PodOptions = { owner: anOwner("DaemonSet", "agent", { apiVersion: "apps/v1" }) };
const scratch: PodOptions = { volumes: [{ name: "scratch", emptyDir: true, hostPath: false }] };
const bare: PodOptions = { owner: undefined };
const mirror: PodOptions = { ...bare, annotations: { "kubernetes.io/config.mirror": "x" } };

function judged(options: PodOptions, filters: DrainFilters | undefined, fields = {}) {
  const facts = someFacts({ pods: [aPod("p", { node: "worker-1", ...options })], ...fields });
  const node = nodeVerdict(facts, { allPods: filters });
  const [pod] = node.otherPods;
  return { outcome: pod?.outcome, message: pod?.finding?.reason ?? pod?.warning, verdict: node.verdict };
}

describe("with --all-pods, an ordinary pod", () => {
  it.each([
    ["of a Deployment goes", {}, strict, "evicted", undefined],
    [
      "of a DaemonSet blocks",
      daemon,
      strict,
      "blocks",
      "cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore)",
    ],
    ["of a DaemonSet stays with --ignore-daemonsets", daemon, lenient, "skipped", "ignoring DaemonSet-managed Pods"],
    [
      "of something else that calls itself DaemonSet goes",
      { owner: anOwner("DaemonSet", "x") },
      strict,
      "evicted",
      undefined,
    ],
    ["that is static stays", mirror, strict, "skipped", undefined],
    [
      "with an emptyDir blocks",
      scratch,
      strict,
      "blocks",
      "cannot delete Pods with local storage (use --delete-emptydir-data to override)",
    ],
    [
      "with an emptyDir goes with --delete-emptydir-data",
      scratch,
      lenient,
      "evicted",
      "deleting Pods with local storage",
    ],
    [
      "without controller blocks",
      bare,
      strict,
      "blocks",
      "cannot delete Pods that declare no controller (use --force to override)",
    ],
    ["without controller goes with --force", bare, lenient, "evicted", "deleting Pods that declare no controller"],
    [
      "with both gets both warnings",
      { ...bare, ...scratch },
      lenient,
      "evicted",
      "deleting Pods with local storage; deleting Pods that declare no controller",
    ],
    [
      "that has finished is let go by every filter",
      { ...bare, ...scratch, phase: "Succeeded" },
      strict,
      "evicted",
      undefined,
    ],
    ["of a DaemonSet that has finished, too", { ...daemon, phase: "Failed" }, strict, "evicted", undefined],
    [
      "for a hotplugged disk goes with its VM",
      { owner: anOwner("Pod", "virt-launcher-web-x2x4l"), labels: { "kubevirt.io": "hotplug-disk" } },
      strict,
      "hotplug",
      undefined,
    ],
    [
      "for a hotplugged disk that belongs to no VM goes as any other without controller",
      { ...bare, labels: { "kubevirt.io": "hotplug-disk" } },
      lenient,
      "evicted",
      "deleting Pods that declare no controller",
    ],
  ])("%s", (_, options, filters, outcome, message) => {
    expect(judged(options, filters)).toEqual({ outcome, message, verdict: outcome === "blocks" ? "blocks" : "drains" });
  });

  it("that is long deleted is left out with --skip-wait-for-delete-timeout", () => {
    const filters = { ...strict, skipWaitForDeleteTimeout: 60 };
    expect(judged({ ...bare, deletionTimestamp: at(-61) }, filters).outcome).toBe("skipped");
    expect(judged({ ...bare, deletionTimestamp: at(-59) }, filters).outcome).toBe("blocks");
    expect(judged({ ...bare, deletionTimestamp: at(-61) }, strict).outcome).toBe("blocks");
  });

  it.each([
    ["v1.6.0", "never evict this hotplug pod by itself"],
    ["v1.6.1", undefined],
  ])("for a hotplugged disk carries a warning where KubeVirt %s does not guard it", (kubevirt, text) => {
    const { message, outcome } = judged({ labels: { "kubevirt.io": "hotplug-disk" } }, strict, {
      versions: { kubevirt },
    });
    expect(outcome).toBe("hotplug");
    expect(message?.slice(0, text?.length)).toBe(text);
  });

  it("is refused by a spent budget as a VM would be", () => {
    const budgets = [aBudget("b", { allowed: 0 })];
    expect(judged({}, strict, { budgets })).toMatchObject({ outcome: "blocks", verdict: "blocks" });
    expect(judged({}, strict, { budgets: [aBudget("b", { maxUnavailable: 1, allowed: 1 })] }).outcome).toBe("evicted");
  });
});

describe("in a drain of VMs alone, an ordinary pod", () => {
  it.each([
    ["stays, whatever a filter would say", bare, "skipped"],
    ["stays, also when it belongs to a DaemonSet", daemon, "skipped"],
    ["is told when it has finished", { phase: "Succeeded" }, "finished"],
    ["is told when it serves a hotplugged disk", { labels: { "kubevirt.io": "hotplug-disk" } }, "hotplug"],
  ])("%s", (_, options, outcome) => {
    expect(judged(options, undefined)).toEqual({ outcome, message: undefined, verdict: "drains" });
  });
});

describe("launcher pods", () => {
  it("that have finished go with the other pods, as kubectl removes them", () => {
    const vmi = aVmi("web", { node: "worker-2" });
    const left = aLauncherPod(vmi, { node: "worker-1", phase: "Succeeded" });
    const pods = (filters: DrainFilters | undefined) =>
      nodeVerdict(someFacts({ vmis: [vmi], pods: [left] }), { allPods: filters }).otherPods.map(
        ({ outcome }) => outcome,
      );
    expect([pods(strict), pods(undefined)]).toEqual([["evicted"], []]);
  });

  it("are not judged by kubectl's filters", () => {
    const vmi = aVmi("web");
    const node = nodeVerdict(someFacts({ vmis: [vmi], pods: [aLauncherPod(vmi)] }), { allPods: strict });
    expect(node.otherPods).toEqual([]);
    expect(node.vms).toHaveLength(1);
  });
});

describe("--pod-selector", () => {
  it("narrows the drain to VMs and pods with these labels", () => {
    const vmis = [aVmi("web", { labels: { tier: "a" } }), aVmi("db", { labels: { tier: "b" } })];
    const others = [aPod("p", { node: "worker-1", labels: { tier: "a" } }), aPod("q", { node: "worker-1", ...bare })];
    const facts = someFacts({ vmis, pods: [...vmis.map((vmi) => aLauncherPod(vmi)), ...others] });
    const node = nodeVerdict(facts, { allPods: strict, podSelector: parseLabelSelector("tier=a") });
    expect(node.vms.map((vm) => vm.name)).toEqual(["web"]);
    expect(node.otherPods.map((pod) => pod.name)).toEqual(["p"]);
    expect(node).toMatchObject({ verdict: "drains", outsideSelection: 1 });
    expect(nodeVerdict(facts).outsideSelection).toBeUndefined();
  });
});
