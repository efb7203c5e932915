/** One lost node for each row of the recovery's table, with what becomes of the VM `a` there. */
import type { RecoveryOutcome, RecoveryRow } from "../../../lib/model/dossier.ts";
import type { VolumeAttachment } from "../../../lib/model/kubernetes.ts";
import type { LostNodeFacts } from "../../../lib/model/lost-node.ts";
import { factsWith } from "../../builders/facts.ts";
import { aClaim, aCondition, aMeta, anOwner, aPod, at, aVolume, onlyOn } from "../../builders/kubernetes.ts";
import { aKubeVirt, aLauncherPod, aMigration, aRunningVm, aVm, aVmi, type VmOptions } from "../../builders/kubevirt.ts";
import { lostNode } from "./lost-node.ts";

export function anAttachment(volume: string, node = "worker-1"): VolumeAttachment {
  return {
    metadata: aMeta(`csi-${volume}-${node}`),
    attacher: "fake.csi",
    nodeName: node,
    persistentVolumeName: volume,
    attached: true,
  };
}

/** A disk of the VM, behind a claim of its name. */
export function disk(name: string) {
  return { name, claimName: name, hostDisk: false, hotpluggable: false };
}

/** A migration from worker-1 to worker-2 that has begun. */
export const migrating = { startTimestamp: at(-90), sourceNode: "worker-1", targetNode: "worker-2", mode: "PreCopy" };

/** VM `a`, lost with worker-1. */
export function lostVm(options: VmOptions = {}, fields: Parameters<typeof factsWith>[1] = {}): LostNodeFacts {
  return lostNode(factsWith([aRunningVm("a", options)], fields));
}

/** VM `a` with one disk of this access mode, attached to worker-1. */
export function withDisk(mode: string, options: VmOptions = {}): LostNodeFacts {
  const claims = [aClaim("data", "pv-data", { modes: [mode] })];
  const lost = lostVm({ volumes: [disk("data")], ...options }, { claims, volumes: [aVolume("pv-data")] });
  return { ...lost, attachments: [anAttachment("pv-data")] };
}

function arriving(): LostNodeFacts {
  const vmi = aVmi("a", {
    node: "worker-2",
    migrationState: { ...migrating, sourceNode: "worker-2", targetNode: "worker-1" },
  });
  const target = aLauncherPod(vmi, { node: "worker-1", labels: { "kubevirt.io/migrationJobUID": "uid-m" } });
  return lostNode(factsWith([], { vmis: [vmi], pods: [target], migrations: [aMigration("m", "a")] }));
}

function nodeBound(): LostNodeFacts {
  const claims = [aClaim("data", "pv-data")];
  return lostVm({ volumes: [disk("data")] }, { claims, volumes: [aVolume("pv-data", onlyOn("worker-1"))] });
}

function ofPool(): LostNodeFacts {
  const vm = aRunningVm("a");
  const machine = aVm("a");
  const metadata = { ...machine.metadata, ownerReferences: [anOwner("VirtualMachinePool", "pool")] };
  return lostNode(factsWith([{ ...vm, vm: { ...machine, metadata } }]));
}

export interface RecoveryCase {
  readonly row: RecoveryRow;
  readonly when: string;
  readonly lost: LostNodeFacts;
  readonly outcome: RecoveryOutcome;
  readonly reason: RegExp;
}

export const recoveryCases: readonly RecoveryCase[] = [
  {
    row: "C1",
    when: "its pod has finished, and it runs elsewhere",
    lost: lostVm({ node: "worker-2", pod: { node: "worker-1", phase: "Succeeded" } }),
    outcome: "unaffected",
    reason: /nothing to recover/,
  },
  {
    row: "C2",
    when: "it was arriving, and runs on its source",
    lost: arriving(),
    outcome: "unaffected",
    reason: /Runs on worker-2.*migration fails/,
  },
  {
    row: "C3",
    when: "its migration had reached the target",
    lost: lostVm({ migrationState: { ...migrating, targetNodeDomainReadyTimestamp: at(-2) } }),
    outcome: "held",
    reason: /arriving on worker-2.*decide by hand/,
  },
  {
    row: "C4",
    when: "its memory was split by a post-copy migration",
    lost: lostVm({ migrationState: { ...migrating, mode: "PostCopy" } }),
    outcome: "restarts",
    reason: /split between two hosts.*started on another node/,
  },
  {
    row: "C5",
    when: "its migration had not finished",
    lost: lostVm({ migrationState: migrating }, { migrations: [aMigration("m", "a")] }),
    outcome: "restarts",
    reason: /had not finished.*started on another node/,
  },
  {
    row: "C6",
    when: "it has failed already, and its pod is still there",
    lost: lostVm({ phase: "Failed" }),
    outcome: "restarts",
    reason: /ended already \(Failed\)/,
  },
  {
    row: "C7",
    when: "it was being deleted",
    lost: lostVm({ deletionTimestamp: at(-60), runStrategy: "Halted" }),
    outcome: "stays-down",
    reason: /being deleted/,
  },
  {
    row: "C8",
    when: "its volumes must be repaired",
    lost: lostVm({ vmConditions: [aCondition("ManualRecoveryRequired", "True")] }),
    outcome: "held",
    reason: /must be repaired/,
  },
  {
    row: "C9",
    when: "its disk exists only on the node",
    lost: nodeBound(),
    outcome: "stays-down",
    reason: /disk data exists only on worker-1/,
  },
  {
    row: "C10",
    when: "no other node fits",
    lost: lostVm({ nodeSelector: { gpu: "yes" } }),
    outcome: "stays-down",
    reason: /No other node fits: worker-2, worker-3: does not match/,
  },
  {
    row: "C11",
    when: "its disk is ReadWriteOncePod",
    lost: withDisk("ReadWriteOncePod"),
    outcome: "restarts",
    reason: /started on another node.*ReadWriteOncePod.*until the old pod is removed/,
  },
  {
    row: "C12",
    when: "its disk is ReadWriteOnce and still attached to the node",
    lost: withDisk("ReadWriteOnce"),
    outcome: "restarts",
    reason: /Waits for its disk data to be detached: at once under the out-of-service taint/,
  },
  {
    row: "C13",
    when: "its VM has runStrategy Always",
    lost: lostVm(),
    outcome: "restarts",
    reason: /^Will be started on another node \(runStrategy Always\)/,
  },
  {
    row: "C14",
    when: "its VM has runStrategy Manual",
    lost: lostVm({ runStrategy: "Manual" }),
    outcome: "stays-down",
    reason: /Manual: start it yourself/,
  },
  {
    row: "C15",
    when: "its VM has runStrategy Halted",
    lost: lostVm({ runStrategy: "Halted" }),
    outcome: "stays-down",
    reason: /should not have run/,
  },
  {
    row: "C16",
    when: "it belongs to a replica set",
    lost: lostVm({ owner: anOwner("VirtualMachineInstanceReplicaSet", "set") }),
    outcome: "replaced",
    reason: /replica set set makes another/,
  },
  {
    row: "C17",
    when: "its VM belongs to a pool",
    lost: ofPool(),
    outcome: "restarts",
    reason: /pool pool.*started on another node/,
  },
  {
    row: "C18",
    when: "it has no owner",
    lost: lostVm({ runStrategy: undefined }),
    outcome: "stays-down",
    reason: /Bare VMI/,
  },
  {
    row: "unknown",
    when: "its VMI could not be read",
    lost: lostNode(
      factsWith([], {
        pods: [aLauncherPod(aVmi("a"))],
        gaps: [{ resource: "virtualmachineinstances", reason: "forbidden" }],
      }),
    ),
    outcome: "held",
    reason: /could not be read \(forbidden\): decide by hand/,
  },
];

/** C19 adds a sentence to any row. */
export const oldKubeVirt: LostNodeFacts = lostVm({}, { kubevirt: aKubeVirt({ observedVersion: "v1.1.1" }) });

/** A hotplug pod of the launcher pod of VM `a`. */
export function aHotplugPod(name = "hp-volume-x") {
  return aPod(name, {
    node: "worker-1",
    labels: { "kubevirt.io": "hotplug-disk" },
    owner: anOwner("Pod", "virt-launcher-a-x2x4l", { uid: "uid-pod-a" }),
    volumes: [{ name: "hot", claimName: "hot", emptyDir: false, hostPath: false }],
  });
}
