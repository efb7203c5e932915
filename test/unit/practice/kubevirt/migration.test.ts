/** Migrations of the practice cluster: begun by an evacuation, limited, failed, aborted. */
import { describe, expect, test } from "vitest";
import { migrations, pods, virtualMachines } from "../../../../lib/practice/kubernetes/keys.ts";
import type { KubeObject } from "../../../../lib/practice/store.ts";
import { condition, machine, openCluster, type SmallCluster } from "../small-cluster.ts";

const phases = (migration: KubeObject | undefined): string[] =>
  (migration?.status.phaseTransitionTimestamps ?? []).map(({ phase }: { phase: string }) => phase);

function evacuate(cluster: SmallCluster, ...names: string[]): void {
  for (const name of names) cluster.evict(cluster.launcher(name));
}

describe("an evacuation that goes well", () => {
  const cluster = openCluster({ machines: [machine("vm")] });
  const source = cluster.launcher("app/vm");
  evacuate(cluster, "app/vm");
  cluster.run(30);
  const [migration] = cluster.migrationsOf("app/vm");
  const vmi = cluster.vmi("app/vm");

  test("its migration says where it comes from and has the highest priority", () => {
    expect(migration?.metadata.name).toMatch(/^kubevirt-evacuation-/);
    expect(migration?.metadata.annotations?.["kubevirt.io/evacuationMigration"]).toBe("n1");
    expect(migration?.metadata.labels?.["kubevirt.io/vmi-name"]).toBe("vm");
    expect(migration?.spec).toEqual({ vmiName: "vm", priority: "system-critical" });
  });

  test("it passes through all phases, each with its time", () => {
    expect(phases(migration)).toEqual([
      "Pending",
      "Scheduling",
      "Scheduled",
      "PreparingTarget",
      "TargetReady",
      "Running",
      "Succeeded",
    ]);
  });

  test("the VMI has moved, and its mark is gone", () => {
    expect(vmi.status.nodeName).not.toBe("n1");
    expect(vmi.metadata.labels?.["kubevirt.io/nodeName"]).toBe(vmi.status.nodeName);
    expect(vmi.metadata.labels?.["kubevirt.io/migrationTargetNodeName"]).toBeUndefined();
    expect(vmi.status.evacuationNodeName).toBeUndefined();
    expect(condition(vmi, "EvictionRequested")).toBeUndefined();
    expect(condition(vmi, "Ready")).toBe("True");
  });

  test("the migration's state is complete in the VMI and in the migration", () => {
    const { migrationState } = vmi.status;
    expect(migrationState).toMatchObject({ sourceNode: "n1", completed: true, mode: "PreCopy" });
    expect(migrationState.sourcePod).toBe(source.metadata.name);
    expect(migrationState.migrationUid).toBe(migration?.metadata.uid);
    expect(migration?.status.migrationState).toEqual(migrationState);
    expect(migration?.metadata.finalizers).toBeUndefined();
  });

  test("the source pod stays on the old node as completed, and the guest ran once at a time", () => {
    expect(cluster.pod(`app/${source.metadata.name}`).status.phase).toBe("Succeeded");
    expect(Object.keys(vmi.status.activePods)).toHaveLength(2);
    expect(cluster.virt.guests.doubleRuns).toEqual([]);
  });

  test("events tell it on the VMI and on the migration", () => {
    expect(cluster.eventsOf(vmi)).toContain(
      `Migrated: The VirtualMachineInstance migrated to node ${vmi.status.nodeName}.`,
    );
    expect(migration && cluster.eventsOf(migration)).toContain(
      "SuccessfulMigration: Source node reported migration succeeded",
    );
  });
});

describe("who is evacuated", () => {
  test("with the drain taint every migratable VMI of the node, without a mark", () => {
    const rows = [
      machine("a"),
      machine("b", { strategy: "LiveMigrateIfPossible" }),
      machine("c", { strategy: "None" }),
    ];
    const cluster = openCluster({ machines: rows });
    cluster.taint("n1", "kubevirt.io/drain", "NoSchedule");
    cluster.run(60);
    expect(cluster.vmi("app/a").status.nodeName).not.toBe("n1");
    expect(cluster.vmi("app/b").status.nodeName).not.toBe("n1");
    expect(cluster.vmi("app/c").status.nodeName).toBe("n1");
  });

  test("a VMI with strategy External is only marked", () => {
    const cluster = openCluster({ machines: [machine("vm", { strategy: "External" })] });
    evacuate(cluster, "app/vm");
    cluster.run(60);
    expect(cluster.migrationsOf("app/vm")).toEqual([]);
  });

  test("not one whose earlier target pod hangs", () => {
    const cluster = openCluster({ machines: [machine("vm", { guest: { migrationSeconds: 100 } })] });
    const user = cluster.migrate("app/vm", { "kubernetes.io/hostname": "n2" });
    cluster.run(10);
    cluster.faults.killKubelet("n2");
    cluster.store.delete(migrations, "app", user.metadata.name);
    evacuate(cluster, "app/vm");
    cluster.run(30);
    expect(cluster.migrationsOf("app/vm")).toEqual([]);
  });

  test("an uncordon does not stop it", () => {
    const cluster = openCluster({ machines: [machine("vm")] });
    cluster.cordon("n1");
    evacuate(cluster, "app/vm");
    cluster.change({ group: "", resource: "nodes" }, "n1", (draft) => {
      delete draft.spec.unschedulable;
    });
    cluster.run(60);
    expect(cluster.vmi("app/vm").status.nodeName).not.toBe("n1");
  });
});

describe("limits", () => {
  const rows = ["a", "b", "c", "d", "e", "f"].map((name) => machine(name, { guest: { migrationSeconds: 20 } }));
  const names = rows.map(({ name }) => `app/${name}`);
  const inPhase = (cluster: SmallCluster, phase: string): number =>
    cluster.store.list(migrations).filter((migration) => migration.status.phase === phase).length;

  test("two at a time leave a node, all others are pending", () => {
    const cluster = openCluster({ machines: rows });
    evacuate(cluster, ...names);
    cluster.run(10);
    expect([inPhase(cluster, "Running"), inPhase(cluster, "Pending")]).toEqual([2, 4]);
    cluster.run(120);
    expect(inPhase(cluster, "Succeeded")).toBe(6);
  });

  test("the cluster's limit holds over several nodes", () => {
    const spread = rows.map((row, index) => ({ ...row, node: index < 3 ? "n1" : "n2" }));
    const configuration = { migrations: { parallelMigrationsPerCluster: 3 } };
    const cluster = openCluster({ machines: spread, configuration });
    evacuate(cluster, ...names);
    cluster.run(10);
    expect(inPhase(cluster, "Running")).toBe(3);
  });

  test("an evacuation overtakes migrations that users have asked for", () => {
    const cluster = openCluster({ machines: rows });
    for (const name of names.slice(0, 5)) cluster.migrate(name);
    cluster.run(5);
    evacuate(cluster, "app/f");
    cluster.run(27);
    expect(phases(cluster.migrationsOf("app/f")[0])).toContain("Running");
  });

  test("up to 1.8 only as many migrations are made as there are slots", () => {
    const cluster = openCluster({ machines: rows }, "v1.8.2");
    evacuate(cluster, ...names);
    cluster.run(10);
    expect(cluster.store.list(migrations)).toHaveLength(2);
    cluster.run(200);
    expect(inPhase(cluster, "Succeeded")).toBe(6);
  });
});

describe("failures", () => {
  test("a failing migration leaves the guest where it is and is tried again after 20 s, then 40 s", () => {
    const cluster = openCluster({ machines: [machine("vm", { guest: { migration: "fails", migrationSeconds: 4 } })] });
    evacuate(cluster, "app/vm");
    cluster.run(100);
    const attempts = cluster.migrationsOf("app/vm");
    const failedAt = attempts.map(timeOf("Failed"));
    const startedAt = attempts.map(timeOf("Scheduling"));
    expect((startedAt[1] ?? 0) - (failedAt[0] ?? 0)).toBeGreaterThanOrEqual(20);
    expect((startedAt[1] ?? 0) - (failedAt[0] ?? 0)).toBeLessThan(25);
    expect((startedAt[2] ?? 0) - (failedAt[1] ?? 0)).toBeGreaterThanOrEqual(40);
    expect(cluster.vmi("app/vm").status).toMatchObject({ nodeName: "n1", phase: "Running" });
    expect(cluster.eventsOf(cluster.vmi("app/vm")).join()).toContain("MigrationBackoff: backoff migrating vmi app/vm");
  });

  test("a migration without progress is given up after 150 s and frees its slot", () => {
    const cluster = openCluster({ machines: [machine("vm", { guest: { migration: "hangs" } })] });
    cluster.migrate("app/vm");
    cluster.run(145);
    expect(cluster.migrationsOf("app/vm")[0]?.status.phase).toBe("Running");
    cluster.run(20);
    expect(cluster.migrationsOf("app/vm")[0]?.status.phase).toBe("Failed");
    expect(cluster.vmi("app/vm").status.migrationState).toMatchObject({
      failed: true,
      abortStatus: "Succeeded",
      failureReason: "Live migration has been aborted",
    });
  });

  test("a target pod that finds no node holds a slot for five minutes, then fails the migration", () => {
    const pinned = machine("vm", { nodeSelector: { "kubernetes.io/hostname": "n1" } });
    const cluster = openCluster({ machines: [pinned] });
    const migration = cluster.migrate("app/vm");
    cluster.run(290);
    expect(cluster.migrationsOf("app/vm")[0]?.status.phase).toBe("Scheduling");
    cluster.run(15);
    expect(cluster.migrationsOf("app/vm")[0]?.status.phase).toBe("Failed");
    expect(cluster.eventsOf(migration)).toContain(
      "migrationTargetPodUnschedulable: Migration target pod for VMI [app/vm] is currently unschedulable.",
    );
    expect(cluster.store.list(pods, "app")).toHaveLength(1);
  });

  test("when the target's host dies the guest goes on at its source", () => {
    const cluster = openCluster({ machines: [machine("vm", { guest: { migrationSeconds: 60 } })] });
    cluster.migrate("app/vm", { "kubernetes.io/hostname": "n2" });
    cluster.run(10);
    cluster.faults.killNode("n2");
    cluster.run(5);
    expect(cluster.migrationsOf("app/vm")[0]?.status.phase).toBe("Failed");
    expect(cluster.vmi("app/vm").status).toMatchObject({ nodeName: "n1", phase: "Running" });
  });

  test("five finished migrations are kept per VMI, and a collected one takes its leftover pod", () => {
    const cluster = openCluster({ machines: [machine("vm")] });
    for (let round = 0; round < 7; round++) {
      cluster.migrate("app/vm");
      cluster.run(30);
    }
    expect(cluster.migrationsOf("app/vm")).toHaveLength(5);
    expect(cluster.store.list(pods, "app").filter((pod) => pod.status.phase === "Succeeded")).toHaveLength(5);
  });
});

describe("abort by deleting the migration", () => {
  test("before the copy has begun the target pod goes and nothing has happened", () => {
    const pinned = machine("vm", { nodeSelector: { "kubernetes.io/hostname": "n1" } });
    const cluster = openCluster({ machines: [pinned] });
    const migration = cluster.migrate("app/vm");
    cluster.run(10);
    cluster.store.delete(migrations, "app", migration.metadata.name);
    cluster.run(5);
    expect(cluster.migrationsOf("app/vm")).toEqual([]);
    expect(cluster.store.list(pods, "app")).toHaveLength(1);
    expect(cluster.eventsOf(migration)).toContain("FailedMigration: Migration failed due to being canceled");
  });

  test("during the copy it is cancelled, and the object stays until that is done", () => {
    const cluster = openCluster({ machines: [machine("vm", { guest: { migrationSeconds: 60 } })] });
    const migration = cluster.migrate("app/vm");
    cluster.run(10);
    cluster.store.delete(migrations, "app", migration.metadata.name);
    cluster.run(0.2);
    expect(cluster.vmi("app/vm").status.migrationState).toMatchObject({
      abortRequested: true,
      abortStatus: "Aborting",
    });
    expect(cluster.migrationsOf("app/vm")).toHaveLength(1);
    cluster.run(5);
    expect(cluster.vmi("app/vm").status.migrationState).toMatchObject({ abortStatus: "Succeeded", failed: true });
    expect(cluster.migrationsOf("app/vm")).toEqual([]);
    expect(cluster.vmi("app/vm").status.nodeName).toBe("n1");
  });

  test("while the mark stands a new migration is made at once", () => {
    const cluster = openCluster({ machines: [machine("vm", { guest: { migrationSeconds: 60 } })] });
    evacuate(cluster, "app/vm");
    cluster.run(10);
    const [first] = cluster.migrationsOf("app/vm");
    cluster.store.delete(migrations, "app", first?.metadata.name ?? "");
    cluster.run(5);
    const [second] = cluster.migrationsOf("app/vm");
    expect(second?.metadata.uid).not.toBe(first?.metadata.uid);
  });
});

test("a migrating VM says so in its status", () => {
  const cluster = openCluster({ machines: [machine("vm", { guest: { migrationSeconds: 60 } })] });
  cluster.migrate("app/vm");
  cluster.run(10);
  expect(cluster.find(virtualMachines, "app/vm")?.status.printableStatus).toBe("Migrating");
});

test("hotplugged disks go along: the target's attachment pod takes the place of the source's", () => {
  const cluster = openCluster({ machines: [machine("vm", { hotplug: true })] });
  cluster.migrate("app/vm", { "kubernetes.io/hostname": "n2" });
  cluster.run(40);
  expect(cluster.vmi("app/vm").status.nodeName).toBe("n2");
  const attachmentPods = cluster.store
    .list(pods, "app")
    .filter(({ metadata }) => metadata.name.startsWith("hp-volume-"));
  expect(attachmentPods.map((pod) => pod.spec.nodeName)).toEqual(["n2"]);
});

function timeOf(phase: string): (migration: KubeObject) => number {
  return (migration) => {
    const stamps: { phase: string; phaseTransitionTimestamp: string }[] = migration.status.phaseTransitionTimestamps;
    return Date.parse(stamps.find((stamp) => stamp.phase === phase)?.phaseTransitionTimestamp ?? "") / 1000;
  };
}
