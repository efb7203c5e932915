/** The practice cluster's budgets count as kube-controller-manager's disruption controller does. */
import { describe, expect, test } from "vitest";
import { addBudget } from "../../../../lib/practice/scenarios/applications.ts";
import type { BudgetRow } from "../../../../lib/practice/scenarios/scenario.ts";
import { condition, machine, openCluster } from "../small-cluster.ts";

const web = {
  name: "web",
  namespace: "app",
  kind: "Deployment",
  image: "nginx:1",
  nodes: ["n1", "n2", "n3", "n1"],
} as const;

function statusOf(budget: Partial<BudgetRow>) {
  const row: BudgetRow = { name: "b", namespace: "app", selects: { app: "web" }, ...budget };
  const cluster = openCluster({ applications: [web], machines: [machine("vm")] });
  addBudget(cluster.world, row);
  cluster.run(1);
  const found = cluster.budget("app/b");
  const { expectedPods, desiredHealthy, currentHealthy, disruptionsAllowed } = found.status;
  return { counts: [expectedPods, desiredHealthy, currentHealthy, disruptionsAllowed], found, cluster };
}

describe("expected, desired, healthy, allowed", () => {
  test.each<[Partial<BudgetRow>, number[], string]>([
    [{ minAvailable: 3 }, [4, 3, 4, 1], "True SufficientPods"],
    [{ minAvailable: 4 }, [4, 4, 4, 0], "False InsufficientPods"],
    [{ minAvailable: 0 }, [4, 0, 4, 4], "True SufficientPods"],
    [{ minAvailable: "60%" }, [4, 3, 4, 1], "True SufficientPods"],
    [{ maxUnavailable: 1 }, [4, 3, 4, 1], "True SufficientPods"],
    [{ maxUnavailable: "50%" }, [4, 2, 4, 2], "True SufficientPods"],
    [{ maxUnavailable: 0 }, [4, 4, 4, 0], "False InsufficientPods"],
    [{ selects: { app: "nobody" }, minAvailable: 1 }, [0, 1, 0, 0], "False InsufficientPods"],
    [{ selects: { app: "vm" }, minAvailable: 1 }, [1, 1, 1, 0], "False InsufficientPods"],
  ])("%o", (budget, counts, allowed) => {
    const { counts: found, found: object } = statusOf(budget);
    expect(found).toEqual(counts);
    expect(condition(object, "DisruptionAllowed")).toBe(allowed);
  });
});

test("a pod that is going no longer counts as healthy", () => {
  const cluster = openCluster({
    applications: [web],
    budgets: [{ name: "b", namespace: "app", selects: { app: "web" }, minAvailable: 3 }],
  });
  const pod = cluster.world.podsOfNamespace.get("app")[0];
  if (pod !== undefined) cluster.deletePod(pod);
  cluster.run(0.5);
  expect(cluster.budget("app/b").status).toMatchObject({ currentHealthy: 3, disruptionsAllowed: 0 });
});

describe("a budget over VMs whose expected pods cannot be counted", () => {
  test.each([{ maxUnavailable: 1 }, { minAvailable: "50%" }])(
    "%o never allows a disruption, and says why",
    (budget) => {
      const { found, cluster } = statusOf({ selects: { app: "vm" }, ...budget });
      const why = "virtualmachineinstances.kubevirt.io does not implement the scale subresource";
      expect(found.status.disruptionsAllowed).toBe(0);
      expect(condition(found, "DisruptionAllowed")).toBe("False SyncFailed");
      expect(found.status.conditions[0].message).toBe(why);
      expect(cluster.eventsOf(found)).toEqual([
        `CalculateExpectedPodCountFailed: Failed to calculate the number of expected pods: ${why}`,
      ]);
    },
  );
});
