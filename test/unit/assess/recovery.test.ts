/** What becomes of each VM of a dead node, and how its recovery would be done. */
import { describe, expect, it, test } from "vitest";
import { recoveryRoomWanted } from "../../../lib/assess/recovery.ts";
import { factsWith, someFacts } from "../../builders/facts.ts";
import { aClaim, aCondition, aNode, anOwner, aPod, at, aVolume, onlyOn } from "../../builders/kubernetes.ts";
import { aLauncherPod, aMigration, aRunningVm, aVmi } from "../../builders/kubevirt.ts";
import { absent, death, dossierOf, lostNode, readingAt, recoveryOf } from "./lost-node.ts";
import {
  aHotplugPod,
  anAttachment,
  disk,
  lostVm,
  migrating,
  oldKubeVirt,
  recoveryCases,
  withDisk,
} from "./recovery-cases.ts";

const taint = { key: "node.kubernetes.io/out-of-service", value: "nodeshutdown", effect: "NoExecute" };

describe("the decision table", () => {
  test.each(recoveryCases)("$row: $when", ({ row, lost, outcome, reason }) => {
    const vm = recoveryOf(lost, "a");
    expect([vm.row, vm.outcome]).toEqual([row, outcome]);
    expect(vm.reason).toMatch(reason);
  });

  test("C19: KubeVirt up to 1.1 notices late, whatever the row", () => {
    expect(recoveryOf(oldKubeVirt)).toMatchObject({ row: "C13", outcome: "restarts" });
    expect(recoveryOf(oldKubeVirt).reason).toMatch(/KubeVirt v1\.1\.1 notices only when the heartbeat is 5 min old/);
    expect(recoveryOf(lostVm()).reason).not.toContain("notices");
  });
});

describe("C1 and C2: what does not run on the node", () => {
  it("a pod whose VMI is gone needs no recovery, and one that may not have been looked for is held", () => {
    const pods = [aLauncherPod(aVmi("a"))];
    expect(recoveryOf(lostNode(factsWith([], { pods, absent: ["prod/a"] })))).toMatchObject({
      ...{ row: "C7", outcome: "unaffected", uid: "uid-pod-a" },
    });
    expect(recoveryOf(lostNode(factsWith([], { pods })))).toMatchObject({ row: "unknown", outcome: "held" });
  });

  it("a later VMI of the same name is another VM", () => {
    const lost = lostNode(
      factsWith([], { pods: [aLauncherPod(aVmi("a"))], vmis: [aVmi("a", { uid: "new", node: "worker-2" })] }),
    );
    expect(recoveryOf(lost)).toMatchObject({ row: "C7", outcome: "unaffected" });
  });

  it("a VM that had just left runs on, whose pod here is no target", () => {
    expect(recoveryOf(lostVm({ node: "worker-2", pod: { node: "worker-1" } }))).toMatchObject({
      ...{ row: "C2", outcome: "unaffected", migrations: [] },
      reason: "Runs on worker-2; only its pod here is removed.",
    });
    const lost = lostVm({ node: "worker-2", pod: { node: "worker-1" } });
    const nodes = [aNode("worker-2", { ready: "Unknown" })];
    expect(recoveryOf({ ...lost, facts: { ...lost.facts, nodes } }).reason).toBe(
      "Runs on worker-2, which is not Ready, either; only its pod here is removed.",
    );
  });

  it("one that was lost with another node, and has ended since, starts when its pod here is gone, too", () => {
    const state = { ...migrating, sourceNode: "worker-2", targetNode: "worker-1" };
    const lost = lostVm({ node: "worker-2", phase: "Failed", pod: { node: "worker-1" }, migrationState: state });
    expect(recoveryOf(lost)).toMatchObject({ row: "C6", outcome: "restarts" });
  });

  it("one that was being handed over to the node is to be looked at", () => {
    const state = { ...migrating, sourceNode: "worker-2", targetNode: "worker-1", mode: "PostCopy" };
    const lost = lostVm({ node: "worker-2", pod: { node: "worker-1" }, migrationState: state });
    expect(recoveryOf(lost).reason).toMatch(/look whether its guest still runs/);
  });

  it("a VM that ended here long ago and has nothing but its finished pod is not concerned", () => {
    expect(recoveryOf(lostVm({ phase: "Succeeded", pod: { phase: "Succeeded" } }))).toMatchObject({ row: "C1" });
  });

  it("nor is one without any pod; one that still counts as running is", () => {
    const ended = aVmi("a", { phase: "Failed" });
    expect(dossierOf(lostNode(factsWith([], { vmis: [ended] }))).vms).toEqual([]);
    const running = factsWith([], { vmis: [aVmi("a")], virtualMachines: factsWith([aRunningVm("a")]).virtualMachines });
    expect(recoveryOf(lostNode(running))).toMatchObject({ row: "C13", outcome: "restarts", pods: [] });
  });
});

describe("C3 and C8: held VMs", () => {
  const handedOver = { ...migrating, targetNodeDomainReadyTimestamp: at(-2) };

  it.each([
    ["has ended", { ...handedOver, endTimestamp: at(-1) }],
    ["has failed", { ...handedOver, failed: true }],
    ["was an earlier one than the one that is queued", { ...handedOver, migrationUid: "uid-old" }],
    ["came to this node", { ...handedOver, sourceNode: "worker-2", targetNode: "worker-1" }],
  ])("a migration that %s holds nothing", (_name, migrationState) => {
    const lost = lostVm({ migrationState }, { migrations: [aMigration("m", "a", { phase: "Pending" })] });
    expect(recoveryOf(lost)).toMatchObject({ row: "C5", outcome: "restarts" });
  });

  it("keep their pods, so that nothing is tainted", () => {
    const held = recoveryCases.find(({ row }) => row === "C3")?.lost ?? lostVm();
    const dossier = dossierOf(held);
    expect(dossier.method).toBe("delete");
    expect(dossier.methodReason).toBe("the taint would take the pods of VMs that are held: prod/a");
    expect(dossier.actions).toEqual([{ verb: "cordon", object: { kind: "node", name: "worker-1" } }]);
  });

  it("say so when somebody else's taint takes them all the same", () => {
    const held = lostVm({ migrationState: handedOver });
    const signs = readingAt(600, { ...death, taints: [taint] });
    expect(dossierOf({ ...held, signs }).methodReason).toMatch(/bears that taint already/);
  });

  it("is said as well where the other pods are to stay, which are named then", () => {
    const other = aPod("app", { node: "worker-1" });
    const facts = factsWith([aRunningVm("a")], { pods: [other] });
    const colleagues = { ...taint, value: "true" };
    const tainted = { ...lostNode(facts), signs: readingAt(600, { ...death, taints: [colleagues] }) };
    const options = { otherPodsMustStay: true };
    const dossier = dossierOf(tainted, options);
    expect(dossier.method).toBe("delete");
    expect(dossier.methodReason).toBe(
      "the node's other pods must stay, and the taint would take them; but the node bears that taint already, and Kubernetes removes them all the same",
    );
    expect(dossier.otherPods).toMatchObject([{ name: "app", toleratesTaint: false }]);
    // Without it, and where Kubernetes ignores it, they stay.
    const old = { ...tainted, facts: { ...facts, versions: { ...facts.versions, kubernetes: "v1.25.3" } } };
    for (const lost of [lostNode(facts), old]) {
      expect(dossierOf(lost, options).methodReason).toBe(
        "the node's other pods must stay, and the taint would take them",
      );
      expect(dossierOf(lost, options).otherPods).toEqual([]);
    }
  });

  it("go when they are included, and then their owner decides", () => {
    const includeHeld = new Set(["prod/a"]);
    const lost = lostVm({ migrationState: handedOver });
    const dossier = dossierOf(lost, { includeHeld });
    expect(dossier.vms[0]).toMatchObject({ row: "C3", outcome: "restarts" });
    expect(dossier.method).toBe("taint");
    const broken = lostVm({ vmConditions: [aCondition("ManualRecoveryRequired", "True")] });
    expect(recoveryOf(broken, "a", { includeHeld })).toMatchObject({ row: "C8", outcome: "stays-down" });
  });
});

describe("the owner decides", () => {
  it.each([
    ["Always", "C13", "restarts", undefined],
    ["RerunOnFailure", "C13", "restarts", undefined],
    ["Manual", "C14", "stays-down", "virtctl start a -n prod"],
    ["Once", "C14", "stays-down", "kubectl delete vmi a -n prod"],
    ["Halted", "C15", "stays-down", undefined],
    ["WaitAsReceiver", "C15", "stays-down", undefined],
    ["Sometimes", "C15", "stays-down", "virtctl start a -n prod"],
  ])("runStrategy %s", (runStrategy, row, outcome, fix) => {
    const vm = recoveryOf(lostVm({ runStrategy }));
    expect([vm.row, vm.outcome, vm.fix]).toEqual([row, outcome, fix]);
  });

  it.each([
    ["Always", "Succeeded", "restarts"],
    ["RerunOnFailure", "Failed", "restarts"],
    ["RerunOnFailure", "Succeeded", "stays-down"],
  ])("C6: runStrategy %s after %s: %s", (runStrategy, phase, outcome) => {
    expect(recoveryOf(lostVm({ runStrategy, phase }))).toMatchObject({ row: "C6", outcome });
  });

  it.each([
    ["Always", "restarts"],
    ["Once", "restarts"],
    ["RerunOnFailure", "stays-down"],
    ["Manual", "stays-down"],
  ])("C7: runStrategy %s when the VMI was being deleted: %s", (runStrategy, outcome) => {
    expect(recoveryOf(lostVm({ runStrategy, deletionTimestamp: at(-1) }))).toMatchObject({ row: "C7", outcome });
  });

  it("C7: of one that was stopped it is not said that it should not have run", () => {
    const stopped = recoveryOf(lostVm({ runStrategy: "Halted", deletionTimestamp: at(-1) }));
    expect(stopped.reason).toBe("Was being deleted; it will be gone. It was stopped (runStrategy Halted).");
  });

  it("a VM that is being deleted, or could not be read, or is gone, starts nothing", () => {
    const vm = aRunningVm("a");
    const going = vm.vm && { ...vm.vm, metadata: { ...vm.vm.metadata, deletionTimestamp: at(-1) } };
    expect(recoveryOf(lostNode(factsWith([{ ...vm, vm: going }])))).toMatchObject({ row: "C7", outcome: "stays-down" });
    expect(recoveryOf(lostNode(factsWith([{ ...vm, vm: undefined }])))).toMatchObject({ row: "C18" });
    const gaps = [{ resource: "virtualmachines", reason: "forbidden" }];
    expect(recoveryOf(lostNode(factsWith([{ ...vm, vm: undefined }], { gaps })))).toMatchObject({
      ...{ row: "unknown", outcome: "stays-down" },
    });
  });

  it("an owner of another kind is not trusted to start it", () => {
    expect(recoveryOf(lostVm({ owner: anOwner("Foo", "f") }))).toMatchObject({ row: "C18", outcome: "stays-down" });
  });
});

describe("C9 to C12: what comes on top", () => {
  it("a disk that is a file of the node is bound to it", () => {
    const volumes = [{ name: "file", hostDisk: true, hotpluggable: false }];
    expect(recoveryOf(lostVm({ volumes }))).toMatchObject({ row: "C9", outcome: "stays-down" });
  });

  it("a bound disk is told to whoever starts the VM by hand, too", () => {
    const volumes = [{ name: "file", hostDisk: true, hotpluggable: false }];
    const vm = recoveryOf(lostVm({ volumes, runStrategy: "Manual" }));
    expect(vm).toMatchObject({ row: "C14", fix: "virtctl start a -n prod" });
    expect(vm.reason).toMatch(/start it yourself\. Its disk file exists only on worker-1\.$/);
  });

  it("a disk that other nodes reach, or may reach as far as is known, is not bound", () => {
    const claims = [aClaim("data", "pv-data")];
    const reached = [aVolume("pv-data", onlyOn("worker-1", "worker-3"))];
    expect(recoveryOf(lostVm({ volumes: [disk("data")] }, { claims, volumes: reached })).row).toBe("C13");
    const gaps = [{ resource: "nodes", reason: "forbidden" }];
    const unknown = { claims, volumes: [aVolume("pv-data", onlyOn("worker-1"))], gaps, nodes: [aNode("worker-1")] };
    expect(recoveryOf(lostVm({ volumes: [disk("data")] }, unknown)).row).toBe("C13");
  });

  it("a row that says what the VM was doing stays, but not its hope", () => {
    const vm = recoveryOf(lostVm({ migrationState: migrating, nodeSelector: { gpu: "yes" } }));
    expect([vm.row, vm.outcome]).toEqual(["C5", "stays-down"]);
    expect(vm.reason).toMatch(/^Its migration had not finished; it starts from disk\. No other node fits/);
  });

  it("what one VM takes of the room elsewhere is missing to the next", () => {
    const requests = { memory: "40Gi" };
    const vms = ["a", "b", "c"].map((name) => aRunningVm(name, { pod: { requests } }));
    expect(dossierOf(lostNode(factsWith(vms))).vms.map(({ row }) => row)).toEqual(["C13", "C13", "C10"]);
  });

  it("a VM of higher priority starts where others make way, and those are named", () => {
    const there = (name: string, node: string, priority: number) =>
      aPod(name, { node, priority, requests: { memory: "60Gi" } });
    const pods = [there("peer", "worker-2", 100), there("batch", "worker-3", -10)];
    const vm = aRunningVm("a", { pod: { requests: { memory: "40Gi" }, priority: 100 } });
    const [found] = dossierOf(lostNode(factsWith([vm], { pods }))).vms;
    expect(found).toMatchObject({ row: "C13", outcome: "restarts", pushesOut: ["prod/batch"] });
    expect(found?.obstacle).toBeUndefined();
  });

  it("room that is not known is asked for, and does not keep a VM down", () => {
    const facts = factsWith([aRunningVm("a")], { roomKnown: [] });
    expect(recoveryOf(lostNode(facts)).row).toBe("C13");
    expect(recoveryRoomWanted(facts)).toEqual(["worker-2", "worker-3"]);
    expect(recoveryRoomWanted(factsWith([aRunningVm("a")]))).toEqual([]);
  });

  it("an exclusive disk that is attached nowhere needs no detaching", () => {
    expect(recoveryOf({ ...withDisk("ReadWriteOnce"), attachments: [] })).toMatchObject({
      row: "C13",
      attachments: [],
    });
  });

  it("a shared disk needs no detaching, and is warned of as long as the host is not known to be off", () => {
    const shared = withDisk("ReadWriteMany");
    expect(recoveryOf(shared)).toMatchObject({ row: "C13", attachments: [] });
    expect(recoveryOf(shared).reason).toMatch(/keeps two copies of it from writing/);
    const proven = [{ source: "Machine", state: "off", since: at(60), detail: "reports the instance off" }] as const;
    expect(recoveryOf({ ...shared, power: proven }).reason).not.toMatch(/two copies/);
  });

  it("without the taint detaching takes longer, which is said", () => {
    const lost = withDisk("ReadWriteOnce");
    const [vm] = dossierOf(lost, { otherPodsMustStay: true }).vms;
    expect(vm?.reason).toMatch(/when its attachment is deleted, or after about 6 min/);
  });
});

describe("what belongs to a VM", () => {
  it("its launcher and hotplug pods, its migrations that have not ended, and the disks to be detached", () => {
    const lost = lostVm(
      { volumes: [disk("data")] },
      {
        pods: [
          aHotplugPod(),
          aPod("other", { node: "worker-1", annotations: { "kubevirt.io/owner-vmi-uid": "uid-vmi-a" } }),
        ],
        claims: [aClaim("data", "pv-data"), aClaim("hot", "pv-hot"), aClaim("x", "pv-x")],
        migrations: [aMigration("m", "a"), aMigration("old", "a", { phase: "Failed" }), aMigration("n", "b")],
      },
    );
    const attachments = ["pv-data", "pv-hot", "pv-x"].map((volume) => anAttachment(volume));
    expect(recoveryOf({ ...lost, attachments })).toMatchObject({
      pods: [
        { name: "virt-launcher-a-x2x4l", uid: "uid-pod-a" },
        { name: "hp-volume-x", uid: "uid-hp-volume-x" },
      ],
      migrations: [{ name: "m", uid: "uid-m" }],
      attachments: ["pv-data", "pv-hot"],
    });
  });

  it("a hotplug pod whose launcher pod is gone, by the VMI that it names", () => {
    const orphan = aPod("hp-volume-y", {
      node: "worker-1",
      labels: { "kubevirt.io": "hotplug-disk" },
      annotations: { "kubevirt.io/owner-vmi-uid": "uid-vmi-a" },
    });
    expect(recoveryOf(lostVm({}, { pods: [orphan] })).pods).toContainEqual({
      name: "hp-volume-y",
      uid: "uid-hp-volume-y",
    });
  });

  it("also finished pods of its own; and pods of several VMs are not mixed up", () => {
    const vm = aRunningVm("a");
    const old = aLauncherPod(vm.vmi, { name: "virt-launcher-a-old", uid: "old", phase: "Succeeded" });
    const { vms } = dossierOf(lostNode(factsWith([vm, aRunningVm("b")], { pods: [old] })));
    expect(vms.map(({ name, pods }) => [name, pods.map((pod) => pod.uid)])).toEqual([
      ["a", ["uid-pod-a", "old"]],
      ["b", ["uid-pod-b"]],
    ]);
  });
});

describe("the method", () => {
  const version = (kubernetes: string | undefined) => ({ versions: { kubernetes, kubevirt: "v1.9.0" } });

  it("is the taint, which takes the other pods that do not tolerate it", () => {
    const tolerant = aPod("tolerant", { node: "worker-1", tolerations: [{ operator: "Exists" }] });
    const pods = [aHotplugPod(), aPod("web", { node: "worker-1" }), tolerant, aPod("far", { node: "worker-2" })];
    const dossier = dossierOf(lostVm({}, { pods }));
    expect(dossier.method).toBe("taint");
    expect(dossier.otherPods.map(({ name, toleratesTaint }) => [name, toleratesTaint])).toEqual([
      ["tolerant", true],
      ["web", false],
    ]);
  });

  it.each([
    ["the other pods must stay", lostVm(), { otherPodsMustStay: true }, /must stay/],
    ["Kubernetes is older than 1.26", lostVm({}, version("v1.25.9+k3s1")), {}, /v1\.25\.9\+k3s1 does not act/],
    ["its version is not known", lostVm({}, version(undefined)), {}, /not known/],
    ["nodes may not be patched", { ...lostVm(), mayPatchNode: false }, {}, /may not patch/],
    ["the Node has been deleted", lostVm({}, { nodes: [aNode("worker-2"), aNode("worker-3")] }), {}, /been deleted/],
  ])("is deleting where %s", (_name, lost, options, reason) => {
    const dossier = dossierOf(lost, options);
    expect(dossier.method).toBe("delete");
    expect(dossier.methodReason).toMatch(reason);
    expect(dossier.otherPods).toEqual([]);
  });

  it.each(["v1.26.0", "1.36+", "v2.0.0"])("is the taint with Kubernetes %s", (kubernetes) => {
    expect(dossierOf(lostVm({}, version(kubernetes))).method).toBe("taint");
  });
});

describe("the steps", () => {
  const steps = (lost: Parameters<typeof dossierOf>[0], options?: Parameters<typeof dossierOf>[1]) =>
    dossierOf(lost, options).actions.map(({ verb, object }) => `${verb} ${object.kind}/${object.name}`);
  const ofKubeVirt = (app: string, name: string, node: string) =>
    aPod(name, { namespace: "kubevirt", node, labels: { "kubevirt.io": app } });
  const virtApi = (name: string, node: string) => ofKubeVirt("virt-api", name, node);

  it("are cordon, taint, all pods of the VMs; a lone virt-api or virt-controller goes first", () => {
    const api = virtApi("virt-api-1", "worker-1");
    const controller = ofKubeVirt("virt-controller", "virt-controller-1", "worker-1");
    const lost = lostVm({}, { pods: [aHotplugPod(), api, controller], virtApiNodes: [] });
    expect(steps({ ...lost, controlPlane: [api, controller] })).toEqual([
      "cordon node/worker-1",
      "taint node/worker-1",
      "delete pod/virt-api-1",
      "delete pod/virt-controller-1",
      "delete pod/virt-launcher-a-x2x4l",
      "delete pod/hp-volume-x",
    ]);
  });

  it("leave out what is done already, and finished pods", () => {
    const node = aNode("worker-1", { unschedulable: true, taints: [taint] });
    const nodes = [node, aNode("worker-2"), aNode("worker-3")];
    expect(steps(lostVm({ node: "worker-2", pod: { node: "worker-1", phase: "Failed" } }, { nodes }))).toEqual([]);
  });

  it("end with the attachments where nothing is tainted", () => {
    expect(steps(withDisk("ReadWriteOnce"), { otherPodsMustStay: true })).toEqual([
      "cordon node/worker-1",
      "delete pod/virt-launcher-a-x2x4l",
      "delete volumeattachment/csi-pv-data-worker-1",
    ]);
  });

  it.each([
    ["alive", readingAt(600, {})],
    ["undecided", readingAt(60, death)],
  ])("are none while the verdict is %s", (verdict, signs) => {
    const dossier = dossierOf({ ...lostVm(), signs });
    expect([dossier.verdict, dossier.actions]).toEqual([verdict, []]);
  });

  it("tell whether KubeVirt's own pods on the node are the only ones", () => {
    const here = virtApi("api-1", "worker-1");
    const controller = aPod("ctl", {
      namespace: "kubevirt",
      node: "worker-1",
      labels: { "kubevirt.io": "virt-controller" },
    });
    const alone = (pods: (typeof here)[], virtApiNodes: string[] | undefined) =>
      dossierOf({ ...lostVm({}, { virtApiNodes }), controlPlane: pods }).controlPlane.map((pod) => [
        pod.app,
        pod.alone,
      ]);
    expect(alone([here, controller], ["worker-1", "worker-2"])).toEqual([
      ["virt-api", false],
      ["virt-controller", true],
    ]);
    expect(alone([here], ["worker-1"])).toEqual([["virt-api", true]]);
    // Endpoints that could not be read: the pods tell.
    expect(alone([here, virtApi("api-2", "worker-2")], undefined)).toEqual([["virt-api", false]]);
    expect(
      alone([here, { ...virtApi("api-2", "worker-2"), status: { phase: "Running", conditions: [] } }], undefined),
    ).toEqual([["virt-api", true]]);
  });
});

describe("the dossier", () => {
  it("names who else holds the node: a remediation under way, or a NodeMaintenance in which it died", () => {
    const holders = [
      { node: "worker-1", kind: "NodeMaintenance", object: "nodemaintenance/bios", detail: "Running" },
      { node: "worker-1", kind: "Remediation", object: "selfnoderemediation/worker-1", detail: "" },
      { node: "worker-2", kind: "Machine", object: "machine/x", detail: "" },
    ] as const;
    expect(dossierOf(lostVm({}, { holders })).heldBy.map(({ object }) => object)).toEqual([
      "nodemaintenance/bios",
      "selfnoderemediation/worker-1",
    ]);
  });

  it("of a deleted Node tells so and goes by its pods", () => {
    const lost = lostVm({}, { nodes: [aNode("worker-2"), aNode("worker-3")] });
    const dossier = dossierOf({ ...lost, signs: readingAt(600, { ...death, node: absent, lease: absent }) });
    expect(dossier).toMatchObject({ verdict: "unproven", method: "delete", vms: [{ row: "C13" }] });
    expect(dossier.nodeUid).toBeUndefined();
    expect(dossier.actions.map(({ verb }) => verb)).toEqual(["delete"]);
  });

  it("lists VMs in the order of namespace and name", () => {
    const vms = ["b", "a"].map((name) => aRunningVm(name)).concat(aRunningVm("z", { namespace: "lab" }));
    expect(dossierOf(lostNode(factsWith(vms))).vms.map(({ name }) => name)).toEqual(["z", "a", "b"]);
  });

  it("of an empty node is empty", () => {
    expect(dossierOf(lostNode(someFacts()))).toMatchObject({ vms: [], otherPods: [], method: "taint" });
  });
});
