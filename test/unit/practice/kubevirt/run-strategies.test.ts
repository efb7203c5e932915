/** What a VM's run strategy makes of a guest that has ended, and of start and stop. */
import { describe, expect, test } from "vitest";
import { instances, virtualMachines } from "../../../../lib/practice/kubernetes/keys.ts";
import type { MachineRow } from "../../../../lib/practice/scenarios/scenario.ts";
import { bare, condition, machine, openCluster } from "../small-cluster.ts";

const obedient = { strategy: "None", disk: "image" } as const;
const stubborn = { ...obedient, grace: 10, guest: { ignoresShutdown: true } } as const;

function afterEviction(row: Partial<MachineRow>) {
  const cluster = openCluster({ machines: [machine("vm", row)] });
  const before = cluster.vmi("app/vm").metadata.uid;
  cluster.cordon("n1");
  cluster.deletePod(cluster.launcher("app/vm"));
  cluster.run(60);
  const vmi = cluster.find(instances, "app/vm");
  const restarted = vmi !== undefined && vmi.metadata.uid !== before;
  return { vmi: vmi?.status.phase, restarted, vm: cluster.vm("app/vm").status.printableStatus };
}

describe("what becomes of a VM whose guest was shut down by an eviction", () => {
  test.each<[string, Partial<MachineRow>, { vmi?: string; restarted: boolean; vm: string }]>([
    ["Always, obedient", { run: "Always", ...obedient }, { vmi: "Running", restarted: true, vm: "Running" }],
    ["Always, stubborn", { run: "Always", ...stubborn }, { vmi: "Running", restarted: true, vm: "Running" }],
    ["RerunOnFailure, obedient", { run: "RerunOnFailure", ...obedient }, { restarted: false, vm: "Stopped" }],
    [
      "RerunOnFailure, stubborn",
      { run: "RerunOnFailure", ...stubborn },
      { vmi: "Running", restarted: true, vm: "Running" },
    ],
    ["Manual, obedient", { run: "Manual", ...obedient }, { vmi: "Succeeded", restarted: false, vm: "Stopped" }],
    ["Manual, stubborn", { run: "Manual", ...stubborn }, { vmi: "Failed", restarted: false, vm: "Stopped" }],
    ["Once, obedient", { run: "Once", ...obedient }, { vmi: "Succeeded", restarted: false, vm: "Stopped" }],
  ])("%s", (_name, row, outcome) => {
    expect(afterEviction(row)).toEqual({ vmi: undefined, ...outcome });
  });

  test("a bare VMI stays as it ended, for ever", () => {
    const cluster = openCluster({ machines: [bare(machine("vm", obedient))] });
    cluster.deletePod(cluster.launcher("app/vm"));
    cluster.run(600);
    expect(cluster.vmi("app/vm").status.phase).toBe("Succeeded");
  });

  test("deleting the final VMI of a Once VM starts it again", () => {
    const cluster = openCluster({ machines: [machine("vm", { run: "Once", ...obedient })] });
    cluster.deletePod(cluster.launcher("app/vm"));
    cluster.run(30);
    cluster.store.delete(instances, "app", "vm");
    cluster.run(30);
    expect(cluster.vmi("app/vm").status.phase).toBe("Running");
  });

  test("a replica set has a replacement as soon as a pod begins to terminate, while the old guest still runs", () => {
    const set = { name: "web", namespace: "app", nodes: ["n1"], ...obedient, guest: { shutdownSeconds: 20 } };
    const cluster = openCluster({ replicaSets: [set] });
    const [old] = cluster.store.list(instances);
    cluster.deletePod(cluster.launcher(`app/${old?.metadata.name}`));
    cluster.run(10);
    const all = cluster.store.list(instances);
    expect(all).toHaveLength(2);
    expect(cluster.guestsOn("n1").map(({ vmi }) => vmi.metadata.name)).toContain(old?.metadata.name);
    cluster.run(40);
    expect(cluster.store.list(instances).map((vmi) => vmi.status.phase)).toEqual(["Running"]);
  });
});

describe("starting and stopping", () => {
  test("a halted VM is stopped and has no VMI", () => {
    const cluster = openCluster({ machines: [machine("vm", { run: "Halted" })] });
    expect(cluster.vm("app/vm").status.printableStatus).toBe("Stopped");
    expect(cluster.find(instances, "app/vm")).toBeUndefined();
  });

  test("halting a running VM shuts its guest down; always starts it again", () => {
    const cluster = openCluster({ machines: [machine("vm")] });
    const set = (runStrategy: string) =>
      cluster.change(virtualMachines, "app/vm", (draft) => {
        draft.spec.runStrategy = runStrategy;
      });
    set("Halted");
    cluster.run(1);
    expect(cluster.vm("app/vm").status.printableStatus).toBe("Stopping");
    cluster.run(10);
    expect(cluster.find(instances, "app/vm")).toBeUndefined();
    set("Always");
    cluster.run(10);
    expect(cluster.vm("app/vm").status).toMatchObject({ printableStatus: "Running", ready: true, created: true });
  });

  test("deleting a VM ends its guest, then the objects go", () => {
    const cluster = openCluster({ machines: [machine("vm")] });
    cluster.store.delete(virtualMachines, "app", "vm");
    cluster.run(1);
    expect(cluster.vm("app/vm").status.printableStatus).toBe("Terminating");
    cluster.run(15);
    expect(cluster.find(virtualMachines, "app/vm")).toBeUndefined();
    expect(cluster.find(instances, "app/vm")).toBeUndefined();
  });

  test("a guest that never comes up is tried again more and more rarely", () => {
    const cluster = openCluster({ machines: [machine("vm", { run: "Halted", disk: "image" })] });
    for (const name of ["n1", "n2", "n3"]) cluster.cordon(name);
    cluster.change(virtualMachines, "app/vm", (draft) => {
      draft.spec.runStrategy = "Always";
    });
    cluster.run(1);
    cluster.deletePod(cluster.launcher("app/vm"), 0);
    cluster.run(2);
    const { startFailure, printableStatus } = cluster.vm("app/vm").status;
    expect(startFailure.consecutiveFailCount).toBe(1);
    expect(printableStatus).toBe("CrashLoopBackOff");
    cluster.run(20);
    expect(cluster.vm("app/vm").status.printableStatus).toBe("ErrorUnschedulable");
  });

  test("a volume migration that must be repaired by hand forbids any start", () => {
    const cluster = openCluster({ machines: [machine("vm", { run: "Halted" })] });
    cluster.change(virtualMachines, "app/vm", (draft) => {
      draft.status.conditions.push({ type: "ManualRecoveryRequired", status: "True" });
      draft.spec.runStrategy = "Always";
    });
    cluster.run(30);
    expect(cluster.find(instances, "app/vm")).toBeUndefined();
  });

  test("a missing claim is named in the VM's status, and the VM starts when the claim comes", () => {
    const cluster = openCluster();
    const disk = { name: "root", persistentVolumeClaim: { claimName: "data" } };
    const template = { spec: { domain: { memory: { guest: "1Gi" } }, volumes: [disk] } };
    cluster.create(virtualMachines, {
      metadata: { namespace: "default", name: "vm" },
      spec: { runStrategy: "Always", template },
    });
    cluster.run(2);
    expect(cluster.vm("default/vm").status.printableStatus).toBe("ErrorPvcNotFound");
    cluster.store.create(
      { group: "", resource: "persistentvolumeclaims" },
      {
        metadata: { namespace: "default", name: "data" },
        spec: {
          accessModes: ["ReadWriteMany"],
          storageClassName: "ceph-block",
          resources: { requests: { storage: "1Gi" } },
        },
      },
    );
    cluster.run(15);
    expect(cluster.vm("default/vm").status.printableStatus).toBe("Running");
  });
});

test("the VM carries its VMI's conditions", () => {
  const cluster = openCluster({ machines: [machine("vm", { disk: "exclusive" })] });
  expect(condition(cluster.vm("app/vm"), "LiveMigratable")).toBe("False DisksNotLiveMigratable");
  expect(condition(cluster.vm("app/vm"), "Ready")).toBe("True");
});
