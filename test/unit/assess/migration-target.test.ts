/** Why the target pod of a migration finds no node. */
import { describe, expect, it } from "vitest";
import { explainMigrationTarget } from "../../../lib/assess/migration-target.ts";
import type { Pod } from "../../../lib/model/kubernetes.ts";
import type { VirtualMachineInstanceMigration } from "../../../lib/model/kubevirt.ts";
import { someFacts } from "../../builders/facts.ts";
import { aCondition, aNode, at, type PodOptions } from "../../builders/kubernetes.ts";
import { aLauncherPod, aMigration, aVmi } from "../../builders/kubevirt.ts";

const vmi = aVmi("web");
const web = { namespace: "prod", name: "web" };

function target(options: PodOptions = {}): Pod {
  const pod = aLauncherPod(vmi, {
    name: "virt-launcher-web-new",
    uid: "uid-new",
    labels: { "kubevirt.io/migrationJobUID": "uid-m" },
    creationTimestamp: at(-60),
    phase: "Pending",
    ...options,
  });
  return options.node === undefined ? { ...pod, spec: { ...pod.spec, nodeName: undefined } } : pod;
}

function facts(
  pods: Pod[],
  migration: VirtualMachineInstanceMigration = aMigration("m", "web", { phase: "Scheduling" }),
) {
  const nodes = [
    aNode("worker-1"),
    aNode("worker-2", { unschedulable: true }),
    aNode("worker-3", { allocatable: { memory: "1Gi" } }),
  ];
  return someFacts({ vmis: [vmi], pods: [aLauncherPod(vmi), ...pods], migrations: [migration], nodes });
}

describe("explainMigrationTarget", () => {
  it("says of each node why not, what the scheduler says, and until when the slot is held", () => {
    const conditions = [aCondition("PodScheduled", "False", { message: "0/3 nodes are available" })];
    expect(explainMigrationTarget(facts([target({ conditions })]), web)).toEqual({
      pod: "virt-launcher-web-new",
      until: at(240),
      refusals: [
        { node: "worker-2", reason: "cordoned", field: "spec.unschedulable", value: "true" },
        {
          node: "worker-3",
          reason: "too little memory: needs 2Gi, 1Gi free",
          field: "status.allocatable[memory]",
          value: "1Gi, 1Gi of it free",
        },
      ],
      scheduler: "0/3 nodes are available",
    });
  });

  it("obeys a migration's own time limit", () => {
    const annotations = { "kubevirt.io/migrationUnschedulablePodTimeoutSeconds": "90" };
    const migration = aMigration("m", "web", { phase: "Scheduling", annotations });
    expect(explainMigrationTarget(facts([target()], migration), web)?.until).toBe(at(30));
  });

  it("falls back on KubeVirt's when that is no number", () => {
    const annotations = { "kubevirt.io/migrationUnschedulablePodTimeoutSeconds": "soon" };
    const migration = aMigration("m", "web", { phase: "Scheduling", annotations });
    expect(explainMigrationTarget(facts([target()], migration), web)?.until).toBe(at(240));
  });

  it.each([
    ["there is no VM of that name", facts([target()]), { namespace: "prod", name: "other" }],
    ["no migration is under way", facts([target()], aMigration("m", "web", { phase: "Failed" })), web],
    ["no target pod was made yet", facts([]), web],
    ["the target pod belongs to another migration", facts([target()], aMigration("m2", "web")), web],
    ["the target pod has its node", facts([target({ node: "worker-3" })]), web],
  ])("has nothing to say when %s", (_, picture, vm) => {
    expect(explainMigrationTarget(picture, vm)).toBeUndefined();
  });
});
