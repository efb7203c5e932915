/** The recovery's decisions: in which order what goes, and what became of each VM. */
import { describe, expect, test } from "vitest";
import { emptyLedger } from "../../../lib/decide/ledger.ts";
import { decideRecover, noteTried, type RecoverIntent, type RecoverLedger } from "../../../lib/decide/recover.ts";
import type { VmRecovery } from "../../../lib/model/dossier.ts";
import type { Facts } from "../../../lib/model/facts.ts";
import type { VolumeAttachment } from "../../../lib/model/kubernetes.ts";
import { someFacts } from "../../builders/facts.ts";
import { aClaim, aCondition, aMeta, aNode, aPod, now } from "../../builders/kubernetes.ts";
import { aLauncherPod, aMigration, aVm, aVmi } from "../../builders/kubevirt.ts";

const start = Date.parse(now);
const web = aVmi("web");
const webPod = aLauncherPod(web);

function aRecovery(fields: Partial<VmRecovery> = {}): VmRecovery {
  return {
    namespace: "prod",
    name: "web",
    uid: web.metadata.uid,
    outcome: "restarts",
    row: "C13",
    reason: "",
    pods: [{ name: webPod.metadata.name, uid: webPod.metadata.uid }],
    migrations: [],
    attachments: [],
    ...fields,
  };
}

const empty: RecoverLedger = { ...emptyLedger(start), tried: {} };

function seen(state: "starting" | "shutting-down", seconds: number): RecoverLedger {
  return { ...empty, seen: { [web.metadata.uid]: { state, row: "", phase: "", since: start - seconds * 1000 } } };
}

interface Turn {
  readonly vms?: readonly VmRecovery[];
  readonly intent?: Partial<RecoverIntent>;
  readonly facts?: Partial<Facts>;
  readonly attachments?: readonly VolumeAttachment[];
  readonly ledger?: RecoverLedger;
}

function decide(turn: Turn) {
  const intent: RecoverIntent = {
    node: "worker-1",
    method: "taint",
    vms: turn.vms ?? [aRecovery()],
    firstPods: [],
    consentAt: start - 6000,
    ...turn.intent,
  };
  const picture = { facts: someFacts({ vmis: [web], ...turn.facts }), attachments: turn.attachments };
  return decideRecover(picture, intent, turn.ledger ?? empty);
}

const kinds = (turn: Turn) => decide(turn).actions.map((action) => action.kind);

describe("the order of the work", () => {
  test("all pods of the confirmed VMs go at once, and no pod that was not shown", () => {
    const facts = { pods: [webPod, aLauncherPod(web, { name: "other", uid: "other" }), aPod("app")] };
    expect(decide({ facts }).actions).toEqual([
      { kind: "delete-pod", pod: { namespace: "prod", name: webPod.metadata.name, uid: webPod.metadata.uid } },
    ]);
  });

  test("the only virt-api goes before everything else", () => {
    const api = { namespace: "kubevirt", name: "virt-api-1", uid: "virt-api-1" };
    const facts = { pods: [webPod, aPod("virt-api-1", { namespace: "kubevirt", uid: "virt-api-1" })] };
    expect(decide({ facts, intent: { firstPods: [api] } }).actions).toEqual([{ kind: "delete-pod", pod: api }]);
  });

  test("a virt-api that cannot be removed keeps nobody waiting", () => {
    const api = { namespace: "kubevirt", name: "virt-api-1", uid: "virt-api-1" };
    const facts = { pods: [webPod, aPod("virt-api-1", { namespace: "kubevirt", uid: "virt-api-1" })] };
    const refused = { kind: "refused", code: 403, reason: "Forbidden", message: "may not" } as const;
    const ledger = noteTried(empty, { kind: "delete-pod", pod: api }, refused, start);
    expect(decide({ facts, intent: { firstPods: [api] }, ledger }).actions).toMatchObject([
      { kind: "delete-pod", pod: { uid: webPod.metadata.uid } },
    ]);
  });

  test("a pod whose deletion was accepted is asked for again after 3 s, and given up after five times", () => {
    const facts = { pods: [webPod] };
    const [action] = decide({ facts }).actions;
    if (action === undefined) throw new Error("the pod is to be deleted");
    let ledger = noteTried(empty, action, { kind: "done" }, start - 2000);
    expect(kinds({ facts, ledger })).toEqual([]);
    ledger = noteTried(empty, action, { kind: "done" }, start - 3000);
    expect(kinds({ facts, ledger })).toEqual(["delete-pod"]);
    for (let tries = 0; tries < 4; tries += 1) ledger = noteTried(ledger, action, { kind: "done" }, start - 3000);
    expect(decide({ facts, ledger, intent: { method: "delete" } })).toMatchObject({
      status: "done",
      vms: [{ state: "failed" }],
    });
  });

  test("a finalizer that holds its object is named, and not waited for: Kubernetes does not remove it, either", () => {
    const metadata = { ...webPod.metadata, finalizers: ["example.org/backup"] };
    const facts = { pods: [{ ...webPod, metadata }] };
    const [action] = decide({ facts }).actions;
    if (action === undefined) throw new Error("the pod is to be deleted");
    let ledger = empty;
    for (let tries = 0; tries < 5; tries += 1) ledger = noteTried(ledger, action, { kind: "done" }, start);
    expect(decide({ facts, ledger })).toMatchObject({
      status: "done",
      vms: [{ state: "failed", detail: expect.stringMatching(/held by the finalizer example.org\/backup$/) }],
    });
  });

  test("a right that is missing ends it at once, and is told", () => {
    const facts = { pods: [webPod] };
    const [action] = decide({ facts }).actions;
    if (action === undefined) throw new Error("the pod is to be deleted");
    const refused = { kind: "refused", code: 403, reason: "Forbidden", message: "may not delete pods" } as const;
    expect(
      decide({ facts, intent: { method: "delete" }, ledger: noteTried(empty, action, refused, start) }).vms,
    ).toMatchObject([{ state: "failed", detail: expect.stringContaining("may not delete pods") }]);
  });

  test.each([
    ["its VM has been without pods for 5 s", 5, "Running", ["delete-migration"]],
    ["KubeVirt still has time to end it", 4, "Running", []],
    ["it has ended", 5, "Failed", []],
  ] as const)("an unfinished migration goes when %s", (_case, seconds, phase, expected) => {
    const vms = [aRecovery({ migrations: [{ name: "m", uid: "uid-m" }] })];
    const facts = { migrations: [aMigration("m", "web", { phase })] };
    expect(kinds({ vms, facts, ledger: seen("starting", seconds) })).toEqual(expected);
  });

  test("a guest that may run on the target of its migration by now is left alone, unless it was named", () => {
    const migrationState = { sourceNode: "worker-1", targetNode: "worker-2", targetNodeDomainReadyTimestamp: now };
    const facts = { pods: [webPod], vmis: [aVmi("web", { migrationState })] };
    const { actions, vms, status } = decide({ facts, vms: [aRecovery({ row: "C5" })] });
    expect(actions).toEqual([]);
    expect(vms).toMatchObject([{ state: "failed", detail: expect.stringContaining("may run there already") }]);
    expect(status).toBe("done");
    expect(kinds({ facts, vms: [aRecovery({ row: "C3" })] })).toEqual(["delete-pod"]);
  });

  test("a migration that was not shown stays", () => {
    const facts = { migrations: [aMigration("new", "web")] };
    expect(kinds({ facts, ledger: seen("starting", 60) })).toEqual([]);
  });
});

describe("volumes", () => {
  const attachment: VolumeAttachment = {
    metadata: aMeta("csi-1"),
    attacher: "csi",
    nodeName: "worker-1",
    persistentVolumeName: "pv-1",
    attached: true,
  };
  const vms = [aRecovery({ attachments: ["pv-1"] })];

  test("are left to Kubernetes under the taint: an attachment deleted by hand is made again", () => {
    expect(kinds({ vms, attachments: [attachment] })).toEqual([]);
  });

  test("are detached by method delete, once no pod object on the node uses them", () => {
    const intent = { method: "delete" } as const;
    expect(decide({ vms, intent, attachments: [attachment] }).actions).toEqual([
      { kind: "detach", attachment: { name: "csi-1", uid: "uid-csi-1" } },
    ]);
    const user = aPod("app", { volumes: [{ name: "d", claimName: "data", emptyDir: false, hostPath: false }] });
    const facts = { pods: [user], claims: [aClaim("data", "pv-1")] };
    expect(kinds({ vms, intent, facts, attachments: [attachment] })).toEqual([]);
  });

  test("of other nodes, and of VMs that were not confirmed, stay", () => {
    const intent = { method: "delete" } as const;
    expect(kinds({ vms, intent, attachments: [{ ...attachment, nodeName: "worker-2" }] })).toEqual([]);
    expect(kinds({ intent, attachments: [attachment] })).toEqual([]);
  });

  test("that are still attached are named as the cause, with the end of the wait", () => {
    const [vm] = decide({ vms, attachments: [attachment], ledger: seen("starting", 60) }).vms;
    expect(vm).toMatchObject({ state: "starting", detail: expect.stringMatching(/pv-1 .*, at \d\d:\d\d:\d\d UTC/) });
    expect(vm?.until).toBe(new Date(start + 5 * 60_000).toISOString());
    const [soon] = decide({ vms, attachments: [attachment], ledger: seen("starting", 5) }).vms;
    expect(soon?.detail).toBeUndefined();
  });
});

describe("what became of a VM", () => {
  describe("a quota leaves no room for its pod", () => {
    const pending = aVmi("web", { uid: "new", node: undefined, phase: "Pending" });
    const message = 'pods "x" is forbidden: exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2';
    const conditions = [aCondition("Synchronized", "False", { reason: "FailedCreate", message })];
    const facts = { vmis: [{ ...pending, status: { ...pending.status, conditions } }] };

    test("which passes where old pods have counted for a moment, and else needs a person after a minute", () => {
      expect(decide({ facts, ledger: seen("starting", 59) }).vms).toMatchObject([
        { state: "starting", detail: message },
      ]);
      expect(
        decide({ facts, ledger: seen("starting", 60), intent: { commandFlags: "--context=prod" } }).vms,
      ).toMatchObject([{ state: "failed", fix: "kubectl describe quota small -n prod --context=prod" }]);
    });

    test("one of which more than that was foretold stays down for that", () => {
      const vms = [aRecovery({ outcome: "stays-down", reason: "No other node fits.", fix: "kubectl edit vm web" })];
      expect(decide({ vms, facts, ledger: seen("starting", 60) }).vms).toMatchObject([
        { state: "stopped", detail: "No other node fits.", fix: "kubectl edit vm web" },
      ]);
    });

    test("it stays failed as long as that is so, and has restarted when it runs after all", () => {
      const { ledger } = decide({ facts, ledger: seen("starting", 60) });
      expect(decide({ facts, ledger }).vms).toMatchObject([{ state: "failed" }]);
      const runs = { vmis: [aVmi("web", { uid: "new", node: "worker-2" })] };
      expect(decide({ facts: runs, ledger }).vms).toMatchObject([{ state: "restarted" }]);
    });
  });

  test("it runs elsewhere: restarted, with the seconds since consent", () => {
    const facts = { vmis: [aVmi("web", { uid: "new", node: "worker-2" })] };
    expect(decide({ facts })).toMatchObject({
      status: "done",
      vms: [{ state: "restarted", target: "worker-2", seconds: 6 }],
    });
  });

  test("its pod object is gone, and the VMI still says Running there: it starts, it has not moved", () => {
    expect(decide({}).vms).toMatchObject([{ state: "starting" }]);
  });

  test("it waits for room: the scheduler's words", () => {
    const pending = aVmi("web", { uid: "new", node: undefined, phase: "Scheduling" });
    const conditions = [aCondition("PodScheduled", "False", { message: "0/3 nodes are available" })];
    const vmi = { ...pending, status: { ...pending.status, conditions } };
    expect(decide({ facts: { vmis: [vmi] } }).vms).toMatchObject([{ detail: "0/3 nodes are available" }]);
  });

  test("it stays down: stopped, with the words and the command of the plan", () => {
    const plan = { outcome: "stays-down", row: "C14", reason: "runStrategy Manual", fix: "virtctl start web" } as const;
    expect(decide({ vms: [aRecovery(plan)] })).toMatchObject({
      status: "done",
      vms: [{ state: "stopped", detail: "runStrategy Manual", fix: "virtctl start web" }],
    });
  });

  test("it cannot start where its disk is not, as was foretold: stopped, not failed", () => {
    const plan = { outcome: "stays-down", row: "C9", reason: "its disk is on worker-1" } as const;
    const virtualMachines = [aVm("web", { printableStatus: "ErrorUnschedulable" })];
    const vmis = [aVmi("web", { uid: "new", node: undefined, phase: "Scheduling" })];
    expect(decide({ vms: [aRecovery(plan)], facts: { vmis, virtualMachines } })).toMatchObject({
      status: "done",
      vms: [{ state: "stopped", detail: "its disk is on worker-1" }],
    });
  });

  test("its pod cannot be made: KubeVirt's words, of a quota for example", () => {
    const pending = aVmi("web", { uid: "new", node: undefined, phase: "Pending" });
    const message = "failed to create virtual machine pod: exceeded quota: compute";
    const conditions = [aCondition("Synchronized", "False", { reason: "FailedCreate", message })];
    const vmi = { ...pending, status: { ...pending.status, conditions } };
    expect(decide({ facts: { vmis: [vmi] } }).vms).toMatchObject([{ state: "starting", detail: message }]);
    expect(decide({ facts: { vmis: [vmi] }, ledger: seen("starting", 480) }).vms).toMatchObject([
      { state: "failed", detail: `does not start: ${message}` },
    ]);
  });

  test("it had started before this run looked: restarted, not by this run's seconds", () => {
    const vms = [aRecovery({ pods: [] })];
    const facts = { vmis: [aVmi("web", { uid: "new", node: "worker-2" })] };
    const first = decide({ vms, facts });
    expect(first.vms).toMatchObject([{ state: "restarted", target: "worker-2", seconds: undefined }]);
    expect(decide({ vms, facts, ledger: first.ledger }).vms).toEqual(first.vms);
    expect(decide({ vms, facts, ledger: seen("starting", 3) }).vms).toMatchObject([{ seconds: 6 }]);
  });

  test("its guest runs on the source of a migration to the lost node: unaffected", () => {
    const facts = { vmis: [aVmi("web", { node: "worker-2" })] };
    expect(decide({ facts, vms: [aRecovery({ outcome: "unaffected", row: "C2" })] })).toMatchObject({
      status: "done",
      vms: [{ state: "moved", target: "worker-2", detail: undefined }],
    });
    const known = aRecovery({ outcome: "unaffected", row: "C1", uid: "of-an-old-pod", pods: [] });
    expect(decide({ facts, vms: [known] }).vms).toMatchObject([{ state: "moved", target: "worker-2" }]);
    const nodes = [aNode("worker-2", { ready: "Unknown" })];
    expect(
      decide({ facts: { ...facts, nodes }, vms: [aRecovery({ outcome: "unaffected", row: "C2" })] }).vms,
    ).toMatchObject([{ state: "moved", detail: "which is not Ready, either" }]);
  });

  test("it was an orphan pod: nothing is said of a guest that is not there", () => {
    const orphan = aRecovery({ outcome: "unaffected", row: "C7", reason: "Only its pod is removed." });
    expect(decide({ facts: { vmis: [], absent: ["prod/web"] }, vms: [orphan] }).vms).toMatchObject([
      { state: "stopped", detail: "Only its pod is removed." },
    ]);
  });

  test("we may not delete its pod: under the taint Kubernetes does, and only then it has failed", () => {
    const facts = { pods: [webPod] };
    const pod = { namespace: "prod", name: webPod.metadata.name, uid: webPod.metadata.uid };
    const refusal = { kind: "refused", code: 403, reason: "Forbidden", message: "you may not" } as const;
    const looked = (seconds: number, method: "taint" | "delete") => {
      const ledger = noteTried(seen("shutting-down", seconds), { kind: "delete-pod", pod }, refusal, start - 1000);
      return decide({ facts, ledger, intent: { method } });
    };
    expect(looked(89, "taint")).toMatchObject({
      status: "going",
      vms: [{ state: "shutting-down", detail: expect.stringMatching(/you may not; Kubernetes removes it by itself/) }],
    });
    expect(looked(90, "taint").vms).toMatchObject([{ state: "failed" }]);
    expect(looked(1, "delete").vms).toMatchObject([
      { state: "failed", detail: expect.stringContaining("you may not") },
    ]);
  });

  describe("its replica set makes another", () => {
    const vms = [aRecovery({ outcome: "replaced", row: "C16", replicaSet: "rs" })];
    const setWith = (readyReplicas: number) => ({
      vmis: [],
      replicaSets: [{ metadata: aMeta("rs", { namespace: "prod" }), replicas: 2, readyReplicas }],
    });

    test("which is over when all of them are ready", () => {
      expect(decide({ vms, facts: { ...setWith(2), pods: [webPod] } }).status).toBe("going");
      expect(decide({ vms, facts: setWith(1) })).toMatchObject({ status: "going", vms: [{ state: "starting" }] });
      expect(decide({ vms, facts: setWith(2) })).toMatchObject({
        status: "done",
        vms: [{ state: "restarted", detail: "replaced by its replica set rs", seconds: 6 }],
      });
    });

    test("which is told when it takes long: others of them may be lost, too", () => {
      const [soon] = decide({ vms, facts: setWith(1), ledger: seen("starting", 19) }).vms;
      const [late] = decide({ vms, facts: setWith(1), ledger: seen("starting", 20) }).vms;
      expect([soon?.detail, late?.detail]).toEqual([undefined, "its replica set rs has 1 of 2 replicas ready"]);
    });

    test("but is not claimed to run where the set may not be read", () => {
      const gaps = [{ resource: "virtualmachineinstancereplicasets", reason: "forbidden" }];
      const [vm] = decide({ vms, facts: { vmis: [], gaps } }).vms;
      expect(vm).toMatchObject({ state: "restarted", detail: expect.stringContaining("could not be read") });
    });
  });

  test("KubeVirt has not noticed after 20 s that its pod is gone: virt-controller is to be looked at", () => {
    const detailAfter = (seconds: number) => decide({ ledger: seen("starting", seconds) }).vms[0]?.detail;
    expect(detailAfter(19)).toBeUndefined();
    expect(detailAfter(20)).toBe("KubeVirt has not noticed yet that its pod is gone: does a virt-controller run?");
  });

  test("a pod of it on another lost node keeps it from starting: that node is named, once it does not pass by itself", () => {
    const ended = aVmi("web", { phase: "Failed" });
    const vmis = [{ ...ended, status: { ...ended.status, activePods: { "uid-target": "worker-2" } } }];
    const vmAfter = (seconds: number) => decide({ facts: { vmis }, ledger: seen("starting", seconds) }).vms[0];
    const why = "its pod on worker-2 must end first: is that node lost, too?";
    expect(vmAfter(19)?.detail).toBeUndefined();
    expect(vmAfter(20)?.detail).toBe(why);
    expect(vmAfter(480)).toMatchObject({ state: "failed", detail: `does not start: ${why}` });
  });

  test("a wait for the detaching of a volume is no failure before 8 minutes", () => {
    expect(decide({ ledger: seen("starting", 479) }).status).toBe("going");
    expect(decide({ ledger: seen("starting", 480) }).vms).toMatchObject([{ state: "failed" }]);
  });
});
