/** virt-api's subresources in the practice cluster. */
import { describe, expect, test } from "vitest";
import type { AggregatedAnswer, AggregatedRequest } from "../../../../lib/practice/api/admission.ts";
import { instances } from "../../../../lib/practice/kubernetes/keys.ts";
import { virtApi } from "../../../../lib/practice/kubevirt/subresources.ts";
import type { MachineRow } from "../../../../lib/practice/scenarios/scenario.ts";
import { condition, machine, openCluster, type SmallCluster } from "../small-cluster.ts";

function put(cluster: SmallCluster, path: string, more: Partial<AggregatedRequest> = {}): AggregatedAnswer | undefined {
  const [resource, name, ...rest] = path.split("/");
  const base = {
    method: "PUT",
    version: "v1",
    namespace: "app",
    accept: "*/*",
    dryRun: false,
    user: "alice",
    groups: [],
  };
  return virtApi(cluster.virt)({ ...base, resource, name, path: rest, body: undefined, mayAlso: () => true, ...more });
}

const messageOf = (answer: AggregatedAnswer | undefined): unknown =>
  (answer?.body as { message?: string } | undefined)?.message;

describe("evacuate/cancel", () => {
  const path = "virtualmachineinstances/vm/evacuate/cancel";
  const marked = (): SmallCluster => {
    const cluster = openCluster({ machines: [machine("vm", { strategy: "External" })] });
    cluster.evict(cluster.launcher("app/vm"));
    return cluster;
  };

  test("takes the mark off", () => {
    const cluster = marked();
    expect(put(cluster, path, { body: { evacuationNodeName: "n1" } })).toEqual({ status: 200 });
    expect(cluster.vmi("app/vm").status.evacuationNodeName).toBeUndefined();
  });

  test("works below virtualmachines, too", () => {
    const cluster = marked();
    const vmPath = "virtualmachines/vm/evacuate/cancel";
    expect(put(cluster, vmPath, { body: { evacuationNodeName: "n1" } })).toEqual({ status: 200 });
  });

  test("changes nothing when dry", () => {
    const cluster = marked();
    put(cluster, path, { body: { evacuationNodeName: "n1", dryRun: ["All"] }, dryRun: true });
    expect(cluster.vmi("app/vm").status.evacuationNodeName).toBe("n1");
  });

  test("without a mark there is nothing to do", () => {
    const cluster = openCluster({ machines: [machine("vm")] });
    expect(put(cluster, path, { body: {} })).toEqual({ status: 200 });
  });

  test.each<[string, Partial<AggregatedRequest>, number, string]>([
    ["without a body", {}, 500, "the server rejected our request due to an error in our request"],
    ["with another node", { body: { evacuationNodeName: "n2" } }, 500, "Internal error occurred: "],
    ["with no node", { body: {} }, 500, "Internal error occurred: "],
  ])("%s it fails", (_name, request, status, message) => {
    const answer = put(marked(), path, request);
    expect(answer?.status).toBe(status);
    expect(messageOf(answer)).toContain(message);
  });

  test("while the drain taint is on the node it is refused", () => {
    const cluster = marked();
    cluster.taint("n1", "kubevirt.io/drain", "NoSchedule");
    const answer = put(cluster, path, { body: { evacuationNodeName: "n1" } });
    expect([answer?.status, messageOf(answer)]).toEqual([
      400,
      'Node "n1" has NodeDrainTaintKey "&Taint{Key:kubevirt.io/drain,Value:,Effect:NoSchedule,TimeAdded:<nil>,}"',
    ]);
  });

  test("virt-api's own refusal has no body", () => {
    expect(put(marked(), path, { mayAlso: () => false })).toEqual({ status: 401 });
  });

  test("does not exist before 1.7", () => {
    const cluster = openCluster({ machines: [machine("vm")] }, "v1.6.2");
    expect(put(cluster, path, { body: {} })?.status).toBe(404);
  });
});

describe("start, stop, restart, migrate", () => {
  const open = (run: MachineRow["run"]): SmallCluster => {
    const row = machine("vm");
    return openCluster({ machines: [run === undefined ? row : { ...row, run }] });
  };

  test("start of a halted VM", () => {
    const cluster = open("Halted");
    expect(put(cluster, "virtualmachines/vm/start")).toEqual({ status: 202 });
    cluster.run(15);
    expect(cluster.vm("app/vm").status.printableStatus).toBe("Running");
  });

  test("stop of a running one, and of one that does not run", () => {
    const cluster = open("Always");
    expect(put(cluster, "virtualmachines/vm/stop")).toEqual({ status: 202 });
    cluster.run(15);
    expect(cluster.vm("app/vm").spec.runStrategy).toBe("Halted");
    expect(cluster.find(instances, "app/vm")).toBeUndefined();
    expect(messageOf(put(cluster, "virtualmachines/vm/stop"))).toContain("VM is not running");
  });

  test("stop and start of a Manual VM leave its strategy alone", () => {
    const cluster = open("Manual");
    put(cluster, "virtualmachines/vm/stop");
    cluster.run(15);
    expect(cluster.find(instances, "app/vm")).toBeUndefined();
    put(cluster, "virtualmachines/vm/start");
    cluster.run(15);
    expect(cluster.vm("app/vm").status.printableStatus).toBe("Running");
    expect(cluster.vm("app/vm").spec.runStrategy).toBe("Manual");
  });

  test("start of a Manual VM whose guest has ended replaces the VMI", () => {
    const cluster = open("Manual");
    const before = cluster.vmi("app/vm").metadata.uid;
    cluster.deletePod(cluster.launcher("app/vm"));
    cluster.run(15);
    put(cluster, "virtualmachines/vm/start");
    cluster.run(15);
    expect(cluster.vmi("app/vm").status.phase).toBe("Running");
    expect(cluster.vmi("app/vm").metadata.uid).not.toBe(before);
  });

  test("restart gives the VM a new guest", () => {
    const cluster = open("Always");
    const before = cluster.vmi("app/vm").metadata.uid;
    expect(put(cluster, "virtualmachines/vm/restart")).toEqual({ status: 202 });
    cluster.run(20);
    expect(cluster.vmi("app/vm").metadata.uid).not.toBe(before);
    expect(cluster.vmi("app/vm").status.phase).toBe("Running");
  });

  test.each([
    ["start", "Always", "VM is already running"],
    ["restart", "Once", "RunStategy Once does not support manual restart requests"],
    ["migrate", "Halted", 'virtualmachineinstance.kubevirt.io "vm" not found'],
  ] as const)("%s of a VM with %s is refused", (verb, run, message) => {
    expect(messageOf(put(open(run), `virtualmachines/vm/${verb}`))).toContain(message);
  });

  test("migrate makes a migration", () => {
    const cluster = open("Always");
    expect(put(cluster, "virtualmachines/vm/migrate", { body: {} })).toEqual({ status: 202 });
    expect(cluster.migrationsOf("app/vm")[0]?.metadata.name).toMatch(/^kubevirt-migrate-vm-/);
  });

  test("a paused guest is not ready and runs on when it is unpaused", () => {
    const cluster = open("Always");
    put(cluster, "virtualmachineinstances/vm/pause");
    cluster.run(2);
    expect(cluster.vm("app/vm").status.printableStatus).toBe("Paused");
    expect(condition(cluster.launcher("app/vm"), "Ready")).toBe("False ReadinessGatesNotReady");
    expect(messageOf(put(cluster, "virtualmachineinstances/vm/pause"))).toContain("VMI is already paused");
    put(cluster, "virtualmachineinstances/vm/unpause");
    cluster.run(2);
    expect(condition(cluster.vmi("app/vm"), "Ready")).toBe("True");
  });
});

test("the version is there for everybody", () => {
  const cluster = openCluster({}, "v1.8.1");
  const answer = put(cluster, "version", { method: "GET", resource: "version", name: undefined });
  expect(answer?.body).toMatchObject({ gitVersion: "v1.8.1" });
});

test("without a ready virt-api there is no answer at all", () => {
  const cluster = openCluster({ machines: [machine("vm")] });
  cluster.faults.stopVirtApi();
  cluster.run(5);
  expect(put(cluster, "virtualmachines/vm/stop")).toBeUndefined();
});
