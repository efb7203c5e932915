/** VMs of a recovery that was begun, of which nothing is left on the node: what will become of them. */
import { expect, test } from "vitest";
import { assessLiveness } from "../../../lib/assess/liveness.ts";
import { assessRecovery } from "../../../lib/assess/recovery.ts";
import { takenUpVms } from "../../../lib/assess/taken-up.ts";
import type { Gap } from "../../../lib/model/facts.ts";
import type { LostNodeFacts, TakenUp } from "../../../lib/model/lost-node.ts";
import type { RecordedVm } from "../../../lib/model/record.ts";
import { someFacts } from "../../builders/facts.ts";
import { aClaim, aCondition, aMeta, anOwner, now } from "../../builders/kubernetes.ts";
import { aLauncherPod, aVm, aVmi } from "../../builders/kubevirt.ts";
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

function recordedAs(vm: Partial<RecordedVm>, takenUp: Partial<TakenUp>): LostNodeFacts {
  const lost = lostWith("recover", takenUp);
  if (lost.record.kind !== "record") throw new Error("there is a record");
  const vms = [{ namespace: "prod", name: "web", uid: "uid-web", ...vm }];
  return { ...lost, record: { kind: "record", record: { ...lost.record.record, vms } } };
}

const onlyHere = "Its disk data exists only on worker-1";

test.each([
  [
    "its disk exists only on the node",
    { disk: "data" },
    "Always",
    {
      row: "C9",
      reason: `${onlyHere}: it stays down until the node returns.`,
      fix: "kubectl vmnode uncordon worker-1",
    },
  ],
  [
    "it stays down anyway, and its disk exists only on the node",
    { disk: "data" },
    "Manual",
    { row: "C14", reason: `runStrategy Manual: start it yourself. ${onlyHere}.`, fix: "virtctl start web -n prod" },
  ],
  [
    "no other node fits",
    { noFit: "worker-2: cordoned" },
    "Always",
    { row: "C10", reason: "No other node fits: worker-2: cordoned. It stays down until one does." },
  ],
] as const)("what was seen while its pods were there still holds: %s", (_case, obstacle, runStrategy, told) => {
  const lost = recordedAs({ obstacle }, { virtualMachines: [aVm("web", { runStrategy })] });
  expect(takenUpVms(lost, [])).toMatchObject([{ outcome: "stays-down", obstacle, ...told }]);
});

test.each([
  ["has shut down", { vmis: [aVmi("web", { uid: "uid-web", phase: "Succeeded" })] }, "stays-down"],
  ["has failed", { vmis: [aVmi("web", { uid: "uid-web", phase: "Failed" })] }, "restarts"],
  ["runs anew", { vmis: [aVmi("web", { uid: "another" })] }, "restarts"],
  ["is between two guests", { vmis: [] }, "restarts"],
])("under RerunOnFailure it depends on how it has ended: it %s", (_case, { vmis }, outcome) => {
  const virtualMachines = [aVm("web", { runStrategy: "RerunOnFailure" })];
  expect(takenUpVms(recordedAs({}, { vmis, virtualMachines }), [])).toMatchObject([{ outcome }]);
});

test("a VM that must be repaired first does not start by itself", () => {
  const machine = { ...aVm("web"), conditions: [aCondition("ManualRecoveryRequired", "True")] };
  const lost = recordedAs({}, { virtualMachines: [machine] });
  expect(takenUpVms(lost, [])).toMatchObject([{ row: "C8", outcome: "stays-down" }]);
});

test("a finished pod that is left of a VM goes with it, and is no reason to call it unaffected", () => {
  const pods = [{ name: "virt-launcher-web", uid: "uid-pod" }];
  const here = [{ namespace: "prod", name: "web", row: "C1", outcome: "unaffected", pods }] as const;
  const takenUp = { virtualMachines: [aVm("web", { runStrategy: "Manual" })] };
  expect(takenUpVms(recordedAs({}, takenUp), here)).toMatchObject([{ row: "C14", outcome: "stays-down", pods }]);
  // Where it was all that there ever was, it stays what it is.
  expect(takenUpVms(recordedAs({ unaffected: true }, takenUp), here)).toEqual([]);
  expect(takenUpVms(recordedAs({ unaffected: true }, takenUp), [])).toMatchObject([
    { row: "C1", outcome: "unaffected" },
  ]);
});

test("a pod that has outlived its VMI goes with its VM, which starts elsewhere", () => {
  const takenUp = { virtualMachines: [aVm("web", { runStrategy: "Always" })] };
  const orphan = aLauncherPod(aVmi("web"), { node: "worker-1" });
  const pods = [{ name: orphan.metadata.name, uid: orphan.metadata.uid }];
  const dossierOf = (vm: Partial<RecordedVm>) => {
    const lost = recordedAs(vm, takenUp);
    const facts = { ...lost.facts, pods: [orphan], absent: ["prod/web"] };
    return assessRecovery({ ...lost, facts }, assessLiveness(lost.signs));
  };
  expect(dossierOf({})).toMatchObject({
    vms: [{ uid: "uid-web", row: "C13", outcome: "restarts", pods }],
    takenUp: [],
  });
  // Where it was all that there ever was, it stays what it is.
  expect(dossierOf({ unaffected: true })).toMatchObject({ vms: [{ row: "C7", outcome: "unaffected", pods }] });
});

test("what is still on the node, and the VMs of a drain, are not among them", () => {
  const here = { namespace: "prod", name: "web", row: "C13", outcome: "restarts", pods: [] } as const;
  expect(takenUpVms(lostWith("recover", {}), [here])).toEqual([]);
  expect(takenUpVms(lostWith("drain", {}), [])).toEqual([]);
});
