/** The scenarios hold what their descriptions say. */
import { describe, expect, test } from "vitest";
import { budgets, instances, migrations, pods, virtualMachines } from "../../../lib/practice/kubernetes/keys.ts";
import { allScenarios, findScenario } from "../../../lib/practice/scenarios/catalog.ts";
import { crash } from "../../../lib/practice/scenarios/crash.ts";
import { fleet } from "../../../lib/practice/scenarios/fleet.ts";
import { maintenance } from "../../../lib/practice/scenarios/maintenance.ts";
import { quiet } from "../../../lib/practice/scenarios/quiet.ts";
import type { Scenario } from "../../../lib/practice/scenarios/scenario.ts";
import { trouble } from "../../../lib/practice/scenarios/trouble.ts";
import { condition, openCluster } from "./small-cluster.ts";

test("scenarios are found by name, and have names of their own", () => {
  const names = allScenarios().map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(findScenario(name)?.name).toBe(name);
  expect(findScenario("nothing")).toBeUndefined();
});

describe.each<[string, Scenario]>([
  ["maintenance", maintenance],
  ["quiet", quiet],
  ["trouble", trouble],
  ["fleet", fleet({ machines: 20, machinesElsewhere: 3 })],
])("%s opens", (_name, scenario) => {
  const cluster = openCluster(scenario);
  const running = scenario.machines.filter(({ run }) => run !== "Halted");

  test("with every VM running, of the age that its table says", () => {
    for (const { namespace, name } of running) {
      expect([name, cluster.vmi(`${namespace}/${name}`).status.phase]).toEqual([name, "Running"]);
    }
    for (const copy of scenario.copies?.[0]?.machines ?? []) {
      expect(cluster.vmi(`fleet/${copy.name}`).status).toMatchObject({ phase: "Running", nodeName: copy.node });
      expect(cluster.launcher(`fleet/${copy.name}`).spec.nodeName).toBe(copy.node);
    }
  });

  test("on its node, unless it has migrated since", () => {
    const moved = new Set((scenario.past ?? []).flatMap((step) => ("migrate" in step ? [step.migrate] : [])));
    for (const { namespace, name, node } of running) {
      if (moved.has(`${namespace}/${name}`)) continue;
      expect([name, cluster.vmi(`${namespace}/${name}`).status.nodeName]).toEqual([name, node]);
    }
  });

  test("and has come to rest: VMs and pods are not written to in the next half minute", () => {
    const written: string[] = [];
    const stop = cluster.store.subscribe(({ key, object }) => {
      const concerned = ["pods", "virtualmachines", "virtualmachineinstances"].includes(key.resource);
      if (concerned && object.metadata.namespace !== "media") written.push(object.metadata.name);
    });
    cluster.run(30);
    stop();
    expect(written).toEqual([]);
  });
});

describe("maintenance", () => {
  const cluster = openCluster(maintenance);
  const onWorker1 = cluster.world.instancesOn.get("worker-1");

  test("has a VM of every strategy, migratable and not, on the node to drain", () => {
    const kinds = new Set(onWorker1.map((vmi) => `${vmi.spec.evictionStrategy} ${condition(vmi, "LiveMigratable")}`));
    expect([...kinds].sort()).toEqual([
      "External True",
      "LiveMigrate False DisksNotLiveMigratable",
      "LiveMigrate False HostDeviceNotLiveMigratable",
      "LiveMigrate True",
      "LiveMigrateIfPossible False DisksNotLiveMigratable",
      "LiveMigrateIfPossible True",
      "None False DisksNotLiveMigratable",
      "None False InterfaceNotLiveMigratable",
      "None True",
    ]);
  });

  test("has every run strategy and owner", () => {
    const strategies = cluster.store.list(virtualMachines).map((vm) => vm.spec.runStrategy);
    expect(new Set(strategies)).toEqual(new Set(["Always", "RerunOnFailure", "Manual", "Once", "Halted"]));
    const owners = onWorker1.map((vmi) => vmi.metadata.ownerReferences?.[0]?.kind);
    expect(new Set(owners)).toEqual(new Set(["VirtualMachine", "VirtualMachineInstanceReplicaSet", undefined]));
  });

  test("has the pods that a drain stumbles over", () => {
    const here = cluster.world.podsOn.get("worker-1");
    const owners = here.map((pod) => pod.metadata.ownerReferences?.[0]?.kind);
    expect(owners).toEqual(
      expect.arrayContaining(["Node", "DaemonSet", "ReplicaSet", "VirtualMachineInstance", "Pod"]),
    );
    expect(here.filter((pod) => pod.status.phase === "Succeeded").length).toBeGreaterThan(0);
  });

  test("has an incoming migration, and finished ones", () => {
    const phases = cluster.store.list(migrations).map((migration) => migration.status.phase);
    expect(phases.sort()).toEqual(["Running", "Succeeded", "Succeeded", "Succeeded"]);
    expect(cluster.vmi("media/stream").status.migrationState.targetNode).toBe("worker-1");
  });

  test("has budgets that can never be met, and two over one pod", () => {
    const allowed = new Map(
      cluster.store.list(budgets, "legacy").map((each) => [each.metadata.name, each.status.disruptionsAllowed]),
    );
    expect(allowed.get("ledger-always")).toBe(0);
    expect(allowed.get("queue-one-at-a-time")).toBe(0);
    expect(cluster.launcher("legacy/billing").metadata.labels).toMatchObject({ tier: "billing", audit: "yes" });
  });
});

describe("crash", () => {
  const cluster = openCluster(crash);

  test("opens with a node that is lost, and its VMs as they were", () => {
    expect(condition(cluster.node("worker-1"), "Ready")).toBe("Unknown NodeStatusUnknown");
    expect(cluster.vmi("shop/database").status).toMatchObject({ phase: "Running", nodeName: "worker-1" });
    expect(cluster.world.podsOn.get("worker-1").every((pod) => pod.metadata.deletionTimestamp === undefined)).toBe(
      true,
    );
  });

  test("the out-of-service taint and the removal of all launchers bring back what can come back, once", () => {
    cluster.taint("worker-1", "node.kubernetes.io/out-of-service", "NoExecute");
    const lost = cluster.world.podsOn.get("worker-1").filter((pod) => pod.metadata.name.startsWith("virt-launcher"));
    for (const pod of lost) cluster.deletePod(pod, 0);
    cluster.run(15);
    const phase = (name: string): string => cluster.vmi(name).status.phase;
    const back = ["frontend", "catalog", "search", "nightly", "reports", "database", "ledger"];
    expect(back.filter((name) => phase(`shop/${name}`) !== "Running")).toEqual([]);
    expect(["notebook", "installer", "scratch"].map((name) => phase(`lab/${name}`))).toEqual([
      "Failed",
      "Failed",
      "Failed",
    ]);
    expect(["archive", "pinned"].map((name) => phase(`lab/${name}`))).toEqual(["Scheduling", "Scheduling"]);
    expect(cluster.virt.guests.doubleRuns).toEqual([]);
  });
});

test("the copies of a fleet are VMs like any other: they have their own pods, and migrate", () => {
  const cluster = openCluster(fleet({ machines: 6 }));
  const uids = new Set(
    [...cluster.store.list(instances), ...cluster.store.list(pods, "fleet")].map(({ metadata }) => metadata.uid),
  );
  expect(uids.size).toBe(12);
  cluster.cordon("worker-1");
  for (const vmi of cluster.store.list(instances)) cluster.evict(cluster.launcher(`fleet/${vmi.metadata.name}`));
  cluster.run(60);
  expect(cluster.world.instancesOn.get("worker-1")).toEqual([]);
  expect(cluster.virt.guests.doubleRuns).toEqual([]);
});
