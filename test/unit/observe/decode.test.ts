/** Decoders: what they read, and that nothing a server could send makes them throw. */
import { describe, expect, it } from "vitest";
import type { RecordOnNode } from "../../../lib/model/facts.ts";
import { decodeClaim, decodeNode, decodePersistentVolume, decodePod } from "../../../lib/observe/decode/core.ts";
import {
  decodeKubeVirt,
  decodeMigration,
  decodeVirtualMachine,
  decodeVmi,
} from "../../../lib/observe/decode/kubevirt.ts";
import { decodeBudget } from "../../../lib/observe/decode/policy.ts";
import { recordOnNode } from "../../../lib/observe/decode/record.ts";
import { decodeAttachment } from "../../../lib/observe/decode/storage.ts";

const decoders = {
  decodeNode,
  decodePod,
  decodeClaim,
  decodePersistentVolume,
  decodeBudget,
  decodeAttachment,
  decodeVmi,
  decodeVirtualMachine,
  decodeMigration,
  decodeKubeVirt,
};
const named = { name: "x", uid: "u" };

/** An object in which every known field has a value of the wrong type. */
function garbled(wrong: unknown): unknown {
  const fields = [
    ..."nodeName nodeSelector affinity tolerations containers initContainers overhead volumes taints unschedulable".split(
      " ",
    ),
    ..."selector minAvailable accessModes volumeName claimRef nodeAffinity domain running runStrategy source".split(
      " ",
    ),
    ..."configuration conditions activePods migrationState phaseTransitionTimestamps allocatable nodeInfo phase".split(
      " ",
    ),
  ];
  const all = Object.fromEntries(fields.map((field) => [field, wrong]));
  return { metadata: { ...named, labels: wrong, ownerReferences: wrong, finalizers: wrong }, spec: all, status: all };
}

it("leaves out of labels what is no text, and keeps the others", () => {
  const labels = { a: "b", empty: "", number: 7, none: null };
  expect(decodeNode({ metadata: { ...named, labels } })?.metadata.labels).toEqual({ a: "b", empty: "" });
});

describe.each(Object.entries(decoders))("%s", (_name, decode) => {
  it.each([[undefined], [null], [7], ["text"], [[]], [{}], [{ metadata: null }], [{ metadata: { name: "x" } }]])(
    "leaves out %j, which has no name or no UID",
    (value) => {
      expect(decode(value)).toBeUndefined();
    },
  );

  it.each([["text"], [7], [[]], [[null]], [[7, "text", {}]], [{ a: 7 }], [null], [true]])(
    "reads an object whose fields are all %j",
    (wrong) => {
      expect(decode(garbled(wrong))?.metadata).toMatchObject({ name: "x", uid: "u", namespace: "", labels: {} });
    },
  );

  it("reads an object without spec and status", () => {
    expect(decode({ metadata: named })?.metadata.name).toBe("x");
  });
});

describe("decodeNode", () => {
  it("reads what decides about scheduling and identity", () => {
    const node = decodeNode({
      metadata: { ...named, labels: { a: "", b: 1 }, deletionTimestamp: "2026-08-22T10:00:00Z" },
      spec: { unschedulable: true, taints: [{ key: "k", effect: "NoSchedule" }, { effect: "NoExecute" }] },
      status: {
        allocatable: { cpu: 4, memory: "8Gi" },
        conditions: [{ type: "Ready", status: "True" }],
        nodeInfo: { bootID: "boot" },
      },
    });
    expect(node?.spec).toEqual({ unschedulable: true, taints: [{ key: "k", effect: "NoSchedule", value: undefined }] });
    expect(node?.status).toMatchObject({ allocatable: { cpu: "4", memory: "8Gi" }, bootID: "boot" });
    expect(node?.metadata).toMatchObject({ labels: { a: "" }, deletionTimestamp: "2026-08-22T10:00:00Z" });
  });
});

describe("decodePod", () => {
  it("tells volumes, sidecars and required affinity apart", () => {
    const term = { labelSelector: { matchLabels: { a: "b" } }, topologyKey: "kubernetes.io/hostname" };
    const pod = decodePod({
      metadata: named,
      spec: {
        initContainers: [{ name: "proxy", restartPolicy: "Always", resources: { requests: { memory: "1Gi" } } }],
        containers: [{ name: "compute", restartPolicy: "Never" }],
        volumes: [
          { name: "disk", persistentVolumeClaim: { claimName: "c" } },
          { name: "scratch", emptyDir: {} },
          { name: "host", hostPath: { path: "/x" } },
        ],
        affinity: {
          podAntiAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: [term],
            preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: term }],
          },
        },
      },
    });
    expect(pod?.spec.initContainers).toEqual([{ name: "proxy", requests: { memory: "1Gi" }, sidecar: true }]);
    expect(pod?.spec.containers).toEqual([{ name: "compute", requests: {}, sidecar: false }]);
    expect(pod?.spec.volumes).toEqual([
      { name: "disk", claimName: "c", emptyDir: false, hostPath: false },
      { name: "scratch", claimName: undefined, emptyDir: true, hostPath: false },
      { name: "host", claimName: undefined, emptyDir: false, hostPath: true },
    ]);
    expect(pod?.spec.affinity.requiredAntiPods).toHaveLength(1);
    expect(pod?.spec.affinity.requiredPods).toEqual([]);
    expect(pod?.spec.affinity.requiredNodes).toBeUndefined();
  });
});

describe("decodePod, where a pod may run", () => {
  it("keeps the spreading that must be met, with the defaults of what is left out", () => {
    const labelSelector = { matchLabels: { app: "web" } };
    const constraint = { maxSkew: 2, topologyKey: "zone", whenUnsatisfiable: "DoNotSchedule", labelSelector };
    const rest = { minDomains: 3, matchLabelKeys: ["rev"], nodeAffinityPolicy: "Ignore", nodeTaintsPolicy: "Honor" };
    const constraints = [
      constraint,
      { ...constraint, whenUnsatisfiable: "ScheduleAnyway" },
      { ...constraint, ...rest },
    ];
    const pod = decodePod({ metadata: named, spec: { topologySpreadConstraints: constraints } });
    const known = { maxSkew: 2, topologyKey: "zone", labelSelector: { ...labelSelector, matchExpressions: [] } };
    const plain = { matchLabelKeys: [], minDomains: 1, ignoresAffinity: false, honoursTaints: false };
    const full = { matchLabelKeys: ["rev"], minDomains: 3, ignoresAffinity: true, honoursTaints: true };
    expect(pod?.spec.spread).toEqual([
      { ...known, ...plain },
      { ...known, ...full },
    ]);
    expect(decodePod({ metadata: named, spec: {} })?.spec.spread).toBeUndefined();
  });

  it("tells its priority, and whether others make way for it", () => {
    const decoded = (spec: object) => decodePod({ metadata: named, spec })?.spec;
    expect(decoded({ priority: -5, preemptionPolicy: "Never" })).toMatchObject({ priority: -5, neverPreempts: true });
    expect(decoded({ preemptionPolicy: "PreemptLowerPriority" })).toMatchObject({ neverPreempts: false });
  });
});

describe("decodeBudget", () => {
  it.each([
    ["absent: matches nothing", {}, undefined],
    ["null: matches nothing", { selector: null }, undefined],
    ["empty: matches everything", { selector: {} }, { matchLabels: {}, matchExpressions: [] }],
  ])("keeps a selector that is %s", (_case, spec, expected) => {
    expect(decodeBudget({ metadata: named, spec })?.spec.selector).toEqual(expected);
  });

  it.each([
    [{ minAvailable: 1 }, { minAvailable: 1, maxUnavailable: undefined }],
    [{ minAvailable: "50%" }, { minAvailable: "50%", maxUnavailable: undefined }],
    [{ maxUnavailable: 0 }, { minAvailable: undefined, maxUnavailable: 0 }],
  ])("reads %j", (spec, expected) => {
    expect(decodeBudget({ metadata: named, spec })?.spec).toMatchObject(expected);
  });

  it("takes a missing status for a budget that allows nothing", () => {
    expect(decodeBudget({ metadata: named })?.status).toMatchObject({ disruptionsAllowed: 0, conditions: [] });
  });
});

describe("decodeVmi", () => {
  it.each([
    [{ persistentVolumeClaim: { claimName: "a" } }, { claimName: "a", hostDisk: false, hotpluggable: false }],
    [{ dataVolume: { name: "b", hotpluggable: true } }, { claimName: "b", hostDisk: false, hotpluggable: true }],
    [
      { ephemeral: { persistentVolumeClaim: { claimName: "c" } } },
      { claimName: "c", hostDisk: false, hotpluggable: false },
    ],
    [{ memoryDump: { claimName: "d" } }, { claimName: "d", hostDisk: false, hotpluggable: false }],
    [{ hostDisk: { path: "/disk.img" } }, { claimName: undefined, hostDisk: true, hotpluggable: false }],
    [{ containerDisk: { image: "i" } }, { claimName: undefined, hostDisk: false, hotpluggable: false }],
  ])("reads the volume %j", (volume, expected) => {
    const vmi = decodeVmi({ metadata: named, spec: { volumes: [{ name: "v", ...volume }] } });
    expect(vmi?.spec.volumes).toEqual([{ name: "v", ...expected }]);
  });

  it.each([
    [{ memory: { guest: "2Gi" }, resources: { requests: { memory: "1Gi" } } }, "2Gi"],
    [{ resources: { requests: { memory: "1Gi" }, limits: { memory: "3Gi" } } }, "1Gi"],
    [{ resources: { limits: { memory: "3Gi" } } }, "3Gi"],
    [{}, undefined],
  ])("finds the guest's memory in %j", (domain, expected) => {
    expect(decodeVmi({ metadata: named, spec: { domain } })?.spec.guestMemory).toBe(expected);
  });

  it("keeps an eviction strategy that nobody has heard of as it stands", () => {
    expect(decodeVmi({ metadata: named, spec: { evictionStrategy: "Levitate" } })?.spec.evictionStrategy).toBe(
      "Levitate",
    );
  });

  it("tells a VMI that never migrated from one whose migration has not said anything yet", () => {
    expect(decodeVmi({ metadata: named, status: {} })?.status.migrationState).toBeUndefined();
    expect(decodeVmi({ metadata: named, status: { migrationState: {} } })?.status.migrationState).toMatchObject({
      completed: false,
      failed: false,
    });
  });
});

describe("decodeVirtualMachine", () => {
  it.each([
    [{ runStrategy: "RerunOnFailure" }, "RerunOnFailure"],
    [{ running: true }, "Always"],
    [{ running: false }, "Halted"],
    [{ running: "true" }, undefined],
    [{}, undefined],
  ])("reads the run strategy of %j", (spec, expected) => {
    expect(decodeVirtualMachine({ metadata: named, spec })?.runStrategy).toBe(expected);
  });
});

describe("decodeKubeVirt", () => {
  it("reads the settings that a drain depends on", () => {
    const kubevirt = decodeKubeVirt({
      metadata: { ...named, namespace: "kubevirt" },
      spec: { configuration: { evictionStrategy: "LiveMigrate", migrations: { parallelMigrationsPerCluster: 7 } } },
      status: { observedKubeVirtVersion: "v1.9.0", targetKubeVirtVersion: "v1.9.1", phase: "Deployed" },
    });
    expect(kubevirt).toMatchObject({
      evictionStrategy: "LiveMigrate",
      migrations: { parallelMigrationsPerCluster: 7, nodeDrainTaintKey: undefined },
      observedVersion: "v1.9.0",
      targetVersion: "v1.9.1",
      phase: "Deployed",
      conditions: [],
    });
  });
});

describe("recordOnNode", () => {
  const record = {
    v: 1,
    kind: "drain",
    by: "alice",
    since: "2026-08-22T10:00:00Z",
    cordonedByUs: true,
    taints: [],
    vms: [{ namespace: "prod", name: "web", uid: "u1" }],
  };
  const cases: [string, string | undefined, RecordOnNode["kind"]][] = [
    ["no annotation", undefined, "none"],
    ["a record", JSON.stringify(record), "record"],
    ["a record with fields of a later minor version", JSON.stringify({ ...record, extra: 1 }), "record"],
    ["a record of a later layout", JSON.stringify({ v: 2, kind: "drain" }), "newer"],
    ["no JSON", "{", "damaged"],
    ["an empty text", "", "damaged"],
    ["another kind of JSON", "[]", "damaged"],
    ["a record without a version", JSON.stringify({ ...record, v: undefined }), "damaged"],
    ["a record of no layout that ever was", JSON.stringify({ ...record, v: 0 }), "damaged"],
    ["an operation that does not exist", JSON.stringify({ ...record, kind: "explode" }), "damaged"],
    ["nobody who did it", JSON.stringify({ ...record, by: undefined }), "damaged"],
    ["a time that is none", JSON.stringify({ ...record, since: "yesterday" }), "damaged"],
    ["no word about the cordon", JSON.stringify({ ...record, cordonedByUs: undefined }), "damaged"],
    ["a list of VMs with a hole", JSON.stringify({ ...record, vms: [...record.vms, { name: "x" }] }), "damaged"],
    ["taints that are no list", JSON.stringify({ ...record, taints: "a:NoSchedule" }), "damaged"],
  ];

  it.each(cases)("%s: %#", (_case, annotation, kind) => {
    const annotations = annotation === undefined ? {} : { "kubectl-vmnode/operation": annotation };
    const node = decodeNode({ metadata: { ...named, annotations } });
    expect(node && recordOnNode(node).kind).toBe(kind);
  });

  it("gives back all that was recorded", () => {
    const node = decodeNode({
      metadata: { ...named, annotations: { "kubectl-vmnode/operation": JSON.stringify(record) } },
    });
    expect(node && recordOnNode(node)).toMatchObject({ kind: "record", record });
  });
});
