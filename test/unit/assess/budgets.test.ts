/** Which budgets stand over a pod, what they refuse, and what is advised. */
import { describe, expect, it } from "vitest";
import { budgetRefusal, budgetsFor } from "../../../lib/assess/budgets.ts";
import { indexFacts } from "../../../lib/assess/subjects.ts";
import type { PodDisruptionBudget } from "../../../lib/model/kubernetes.ts";
import { someFacts } from "../../builders/facts.ts";
import { aBudget, aCondition, anOwner, aPod, at, selecting } from "../../builders/kubernetes.ts";
import { aLauncherPod, aVmi } from "../../builders/kubevirt.ts";

const launcher = aLauncherPod(aVmi("web", { labels: { app: "web" } }));
const unready = aLauncherPod(aVmi("web"), { ready: false });

function row(pod = launcher, ...budgets: PodDisruptionBudget[]) {
  const index = indexFacts(someFacts({ pods: [pod], budgets }));
  return budgetRefusal(index, pod, budgetsFor(index, pod))?.row;
}

describe("budgetsFor", () => {
  const expression = (key: string, operator: string, ...values: string[]) => selecting({}, [{ key, operator, values }]);

  it.each([
    ["an empty selector", selecting({}), true],
    ["no selector", undefined, false],
    ["its labels", selecting({ app: "web" }), true],
    ["KubeVirt's labels", selecting({ "kubevirt.io": "virt-launcher" }), true],
    ["other labels", selecting({ app: "db" }), false],
    ["NotIn with a key that it does not have", expression("tier", "NotIn", "gold"), true],
    ["NotIn with its own value", expression("app", "NotIn", "web"), false],
    ["DoesNotExist", expression("tier", "DoesNotExist"), true],
    ["an operator that does not exist", expression("app", "Is", "web"), false],
  ])("selects by %s: %s", (_, selector, selects) => {
    const index = indexFacts(someFacts({ budgets: [aBudget("b", { selector })] }));
    expect(budgetsFor(index, launcher)).toHaveLength(selects ? 1 : 0);
  });

  it("stays within the namespace", () => {
    const index = indexFacts(someFacts({ budgets: [aBudget("b", { namespace: "lab" })] }));
    expect(budgetsFor(index, launcher)).toEqual([]);
  });
});

describe("budgetRefusal", () => {
  it("allows without a budget, and with one that has something left", () => {
    expect(row(launcher)).toBeUndefined();
    expect(row(launcher, aBudget("b", { allowed: 1 }))).toBeUndefined();
  });

  it.each([
    ["a Pending pod", aLauncherPod(aVmi("web"), { phase: "Pending" })],
    ["a pod that is being deleted", aLauncherPod(aVmi("web"), { deletionTimestamp: at(10) })],
  ])("does not ask for %s", (_, pod) => {
    expect(row(pod, aBudget("a", { allowed: 0 }), aBudget("b"))).toBeUndefined();
  });

  const spent = { allowed: 0, healthy: 1, desired: 1 };

  it.each([
    ["two budgets, even generous ones", launcher, [aBudget("a"), aBudget("b")], "D14"],
    ["maxUnavailable", launcher, [aBudget("a", { maxUnavailable: 1, allowed: 1 })], "D15"],
    ["a percentage", launcher, [aBudget("a", { minAvailable: "10%", allowed: 1 })], "D15"],
    ["nothing left", launcher, [aBudget("a", spent)], "D16"],
    ["less than nothing left", launcher, [aBudget("a", { ...spent, allowed: -1 })], "D16"],
    ["a change not looked at yet", launcher, [aBudget("a", { generation: 2, observedGeneration: 1 })], "D16"],
    ["an unready pod, too few healthy", unready, [aBudget("a", { ...spent, healthy: 0 })], "D17"],
    ["an unready pod, none desired, none allowed", unready, [aBudget("a", { ...spent, desired: 0 })], "D17"],
    ["an unready pod, maxUnavailable", unready, [aBudget("a", { maxUnavailable: 1 })], "D15"],
  ])("refuses: %s", (_, pod, budgets, expected) => {
    expect(row(pod, ...budgets)).toBe(expected);
  });

  it.each([
    ["enough healthy ones beside it", aBudget("a", { ...spent, healthy: 1, desired: 1 })],
    ["IfHealthyBudget, enough healthy", aBudget("a", { ...spent, policy: "IfHealthyBudget" })],
    ["AlwaysAllow", aBudget("a", { ...spent, healthy: 0, policy: "AlwaysAllow" })],
    ["AlwaysAllow although it cannot be computed", aBudget("a", { maxUnavailable: 1, policy: "AlwaysAllow" })],
    ["something left, as for a ready pod", aBudget("a", { allowed: 1, healthy: 0, desired: 0 })],
  ])("lets an unready pod go: %s", (_, budget) => {
    expect(row(unready, budget)).toBeUndefined();
  });

  it("believes the disruption controller that a budget cannot be computed", () => {
    const message = "virtualmachineinstances.kubevirt.io does not implement the scale subresource";
    const conditions = [aCondition("DisruptionAllowed", "False", { reason: "SyncFailed", message })];
    expect(row(launcher, aBudget("a", { ...spent, conditions }))).toBe("D15");
    expect(row(launcher, aBudget("a", { ...spent, conditions: [] }))).toBe("D16");
  });

  it("accepts maxUnavailable for pods whose controller can be scaled", () => {
    expect(
      row(aPod("app", { owner: anOwner("ReplicaSet", "app") }), aBudget("a", { maxUnavailable: 1 })),
    ).toBeUndefined();
  });
});

describe("the fix for a budget", () => {
  function fix(budget: PodDisruptionBudget, pods = [launcher]) {
    const index = indexFacts(someFacts({ pods, budgets: [budget] }));
    return budgetRefusal(index, launcher, [budget])?.finding.fix;
  }

  it("replaces maxUnavailable by the number that lets as many go", () => {
    const others = [1, 2].map((at) => aLauncherPod(aVmi(`web-${at}`)));
    expect(fix(aBudget("b", { maxUnavailable: 2 }), [launcher, ...others])).toBe(
      `kubectl patch pdb b -n prod --type merge -p '{"spec":{"maxUnavailable":null,"minAvailable":1}}'`,
    );
  });

  it("lowers one that can never be satisfied, and looks at one that may recover", () => {
    const only = aBudget("b", { allowed: 0 });
    expect(fix({ ...only, status: { ...only.status, expectedPods: 1 } })).toBe(
      `kubectl patch pdb b -n prod --type merge -p '{"spec":{"minAvailable":0}}'`,
    );
    expect(fix(only)).toBe("kubectl describe pdb b -n prod");
  });

  it("deletes the user's budget, not KubeVirt's own", () => {
    const own = aBudget("z", { owner: anOwner("VirtualMachineInstance", "web") });
    const index = indexFacts(someFacts({ pods: [launcher] }));
    expect(budgetRefusal(index, launcher, [aBudget("mine"), own])?.finding.fix).toBe("kubectl delete pdb mine -n prod");
  });
});
