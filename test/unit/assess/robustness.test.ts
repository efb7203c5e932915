/** Objects that lack fields, or hold odd ones, make no check fail. */
import { describe, expect, it } from "vitest";
import { assess, roomWanted } from "../../../lib/assess/check.ts";
import { explainMigrationTarget } from "../../../lib/assess/migration-target.ts";
import { isEmpty } from "../../../lib/assess/subjects.ts";
import type { Facts } from "../../../lib/model/facts.ts";
import { decodeNode, decodePod } from "../../../lib/observe/decode/core.ts";
import { decodeVmi } from "../../../lib/observe/decode/kubevirt.ts";
import { factsWith, someFacts } from "../../builders/facts.ts";
import {
  aBudget,
  aClaim,
  anOwner,
  aPod,
  aQuota,
  aSpread,
  at,
  aVolume,
  noAffinity,
  onlyOn,
  selecting,
} from "../../builders/kubernetes.ts";
import { aLauncherPod, aMigration, aRunningVm, aVmi } from "../../builders/kubevirt.ts";
import { generator, thinned } from "./thinned.ts";

const options = {
  waived: new Set<string>(),
  allPods: { force: false, ignoreDaemonsets: false, deleteEmptydirData: false, skipWaitForDeleteTimeout: 5 },
  graceSeconds: 5,
};

/** A picture in which most rules have something to look at. */
function richFacts(): Facts {
  const state = { migrationUid: "uid-m1", startTimestamp: at(-9), sourceNode: "worker-1", targetNode: "worker-2" };
  const term = { labelSelector: selecting({ app: "x" }), topologyKey: "kubernetes.io/hostname", namespaces: [] };
  const affinity = { ...noAffinity, requiredNodes: onlyOn("worker-2"), requiredPods: [term], requiredAntiPods: [term] };
  const volumes = [{ name: "d", claimName: "d", hostDisk: false, hotpluggable: true }];
  const arriving = aVmi("arriving", { node: "worker-2" });
  return factsWith(
    [
      aRunningVm("migrating", { migrationState: state }),
      aRunningVm("failing", { evacuationNodeName: "worker-1", cpuModel: "host-model" }),
      aRunningVm("picky", { affinity, volumes, pod: { spread: [aSpread({ app: "x" })] } }),
      aRunningVm("down", { strategy: "None", volumes, graceSeconds: 60 }),
      aRunningVm("bare", { strategy: undefined, runStrategy: undefined, migratable: undefined }),
      aRunningVm("odd", { strategy: "Teleport", deletionTimestamp: at(3) }),
    ],
    {
      vmis: [arriving],
      pods: [
        aLauncherPod(arriving, { node: "worker-1", labels: { "kubevirt.io/migrationJobUID": "uid-m2" } }),
        aLauncherPod(aVmi("orphan"), { deletionTimestamp: at(3) }),
        aPod("other", { node: "worker-1", owner: anOwner("DaemonSet", "d", { apiVersion: "apps/v1" }) }),
      ],
      migrations: [
        aMigration("m1", "migrating"),
        aMigration("m2", "arriving"),
        aMigration("m3", "failing", {
          phase: "Failed",
          annotations: { "kubevirt.io/evacuationMigration": "worker-1" },
        }),
      ],
      budgets: [aBudget("a", { maxUnavailable: "50%" }), aBudget("b", { allowed: 0, selector: undefined })],
      quotas: {
        items: [aQuota("q", { "requests.memory": ["6Gi", "7Gi"], pods: ["9", "1"] })],
        leaving: [aPod("gone", { requests: { memory: "1Gi" }, deletionTimestamp: at(3) })],
      },
      claims: [aClaim("d", "pv")],
      volumes: [aVolume("pv", onlyOn("worker-1"))],
      holders: [{ node: "worker-1", kind: "Record", object: "x", detail: "" }],
    },
  );
}

describe("whatever the objects lack", () => {
  it("every VM gets a row and a reason, and nothing throws", () => {
    for (let seed = 1; seed <= 200; seed++) {
      const rich = richFacts();
      // What the program itself puts into a picture does not come from the cluster.
      const own = { targets: ["worker-1", "worker-2"], holders: rich.holders, dryRuns: {} };
      const facts = { ...thinned(rich, generator(seed)), ...own };
      const check = assess(facts, options);
      expect(check.nodes, `seed ${seed}`).toHaveLength(2);
      for (const vm of check.nodes.flatMap((node) => node.vms)) {
        expect(vm.findings.length, `seed ${seed}, ${vm.name}`).toBeGreaterThan(0);
        expect(vm.findings.every((finding) => finding.reason !== "" && finding.proof.value !== "")).toBe(true);
      }
      roomWanted(facts, options);
      isEmpty(facts, "worker-1");
      explainMigrationTarget(facts, { namespace: "prod", name: "migrating" });
    }
  });

  it("a verdict can be printed as JSON and read back", () => {
    const check = assess(richFacts(), options);
    const again: unknown = JSON.parse(JSON.stringify(check));
    expect(again).toEqual(check);
  });
});

describe("objects as bare as the API can send them", () => {
  const meta = { name: "x", namespace: "prod", uid: "u" };
  const node = decodeNode({ metadata: { name: "worker-1", uid: "n" } });
  const pod = decodePod({
    metadata: { ...meta, labels: { "kubevirt.io": "virt-launcher" }, annotations: { "kubevirt.io/domain": "x" } },
    spec: { nodeName: "worker-1" },
  });
  const vmi = decodeVmi({ metadata: meta });

  it("a node without status needs a waiver, and takes no VM", () => {
    const facts = someFacts({ nodes: node === undefined ? [] : [node] });
    expect(assess(facts, options).nodes[0]?.verdict).toBe("unknown");
  });

  it("a VMI without spec and status is shut down by an eviction, as KubeVirt would have it", () => {
    const facts = someFacts({ vmis: vmi === undefined ? [] : [vmi], pods: pod === undefined ? [] : [pod] });
    expect(assess(facts, options).nodes[0]?.vms[0]).toMatchObject({ row: "D22", outcome: "stops", phase: "" });
  });

  it("a target that is not among the nodes is not taken for one that drains by itself", () => {
    const facts = someFacts({ targets: ["gone"], gaps: [{ resource: "nodes", reason: "forbidden" }] });
    expect(assess(facts, options).nodes[0]?.verdict).toBe("unknown");
  });
});
