/** VMs of a recovery that was begun, of which nothing is left on the node: what will become of them. */
import { expect, test } from "vitest";
import { takenUpVms } from "../../../lib/assess/taken-up.ts";
import type { Gap } from "../../../lib/model/facts.ts";
import type { LostNodeFacts, TakenUp } from "../../../lib/model/lost-node.ts";
import { aClaim, aMeta, anOwner, aVm, aVmi, now, someFacts } from "../../builders.ts";
import { death, readingAt } from "./lost-node.ts";

function lostWith(kind: "recover" | "drain", takenUp: Partial<TakenUp>, gaps: readonly Gap[] = []): LostNodeFacts {
  const vms = [{ namespace: "prod", name: "web", uid: "uid-web" }];
  return {
    node: "worker-1",
    facts: someFacts({ gaps }),
    signs: readingAt(300, death),
    power: [],
    attachments: [],
    controlPlane: [],
    record: { kind: "record", record: { v: 1, kind, by: "ann", since: now, cordonedByUs: true, taints: [], vms } },
    takenUp: { vmis: [], virtualMachines: [], ...takenUp },
  };
}

test.each([
  ["its VirtualMachine starts it", { virtualMachines: [aVm("web", { runStrategy: "Always" })] }, "restarts", "C13"],
  ["its VirtualMachine does not", { virtualMachines: [aVm("web", { runStrategy: "Manual" })] }, "stays-down", "C14"],
  ["a bare VMI that has failed", { vmis: [aVmi("web", { phase: "Failed" })] }, "stays-down", "C18"],
  [
    "a replica set has it",
    { vmis: [aVmi("web", { owner: anOwner("VirtualMachineInstanceReplicaSet", "set") })] },
    "replaced",
    "C16",
  ],
  ["nothing of its name", {}, "stays-down", "C18"],
] as const)("%s", (_case, takenUp, outcome, row) => {
  expect(takenUpVms(lostWith("recover", takenUp), [])).toMatchObject([
    { namespace: "prod", name: "web", uid: "uid-web", outcome, row, pods: [], attachments: [] },
  ]);
});

test("whom a replica set has replaced is known by the record, because the other one has another name", () => {
  const lost = lostWith("recover", {});
  if (lost.record.kind !== "record") throw new Error("there is a record");
  const vms = [{ namespace: "prod", name: "web", uid: "uid-web", replicaSet: "set" }];
  const record = { ...lost.record, record: { ...lost.record.record, vms } };
  expect(takenUpVms({ ...lost, record }, [])).toMatchObject([
    { name: "web", outcome: "replaced", row: "C16", replicaSet: "set" },
  ]);
});

test("what of its disks is still attached to the node is to be detached, too", () => {
  const volumes = [{ name: "root", claimName: "web-root", hotpluggable: false, hostDisk: false }];
  const lost = lostWith("recover", { vmis: [aVmi("web", { uid: "new", volumes })], virtualMachines: [aVm("web")] });
  const attachment = { metadata: aMeta("csi-1"), attacher: "csi", nodeName: "worker-1", attached: true };
  const vms = takenUpVms(
    {
      ...lost,
      facts: { ...lost.facts, claims: [aClaim("web-root", "pv-1", { modes: ["ReadWriteOnce"] })] },
      attachments: [{ ...attachment, persistentVolumeName: "pv-1" }],
    },
    [],
  );
  expect(vms).toMatchObject([{ attachments: ["pv-1"] }]);
});

test("a VirtualMachine that cannot be read is not taken to be gone", () => {
  const gaps = [{ resource: "virtualmachines", namespace: "prod", reason: "forbidden" }];
  expect(takenUpVms(lostWith("recover", {}, gaps), [])).toMatchObject([
    { row: "unknown", reason: expect.stringContaining("could not be read (forbidden)") },
  ]);
});

test("what is still on the node, and the VMs of a drain, are not among them", () => {
  expect(takenUpVms(lostWith("recover", {}), [{ namespace: "prod", name: "web" }])).toEqual([]);
  expect(takenUpVms(lostWith("drain", {}), [])).toEqual([]);
});
