/** Who holds a node: one row for each kind, and those that do not count. */
import { describe, expect, it } from "vitest";
import type { NodeHolder } from "../../../lib/model/facts.ts";
import { decodeNode } from "../../../lib/observe/decode/core.ts";
import { readHolders } from "../../../lib/observe/holders.ts";
import { startReading } from "../../../lib/observe/reading.ts";
import type { FakeCluster, RawObject } from "./fake-cluster.ts";
import { clusterOf, rawNode } from "./raw-objects.ts";

function serve(cluster: FakeCluster, group: string, version: string, plural: string): void {
  const resource = { name: plural, kind: "", namespaced: false, verbs: [], subresources: [] };
  cluster.groups.push({ name: group, versions: [{ version, resources: [resource] }] });
}

async function holdersOf(
  cluster: FakeCluster,
  node: Partial<RawObject> = {},
  user?: string,
): Promise<readonly NodeHolder[]> {
  const decoded = decodeNode(rawNode("worker-1", node));
  return readHolders(startReading(cluster.client()), {
    discovery: await cluster.client().discover(),
    nodes: decoded === undefined ? [] : [decoded],
    user,
  });
}

describe("objects that hold a node", () => {
  const cases: [string, string, string, RawObject, Partial<NodeHolder>][] = [
    [
      "nodemaintenance.medik8s.io",
      "v1beta1",
      "nodemaintenances",
      {
        metadata: { name: "bios", uid: "1" },
        spec: { nodeName: "worker-1", reason: "BIOS" },
        status: { phase: "Running" },
      },
      { kind: "NodeMaintenance", object: "nodemaintenance/bios", detail: "Running: BIOS" },
    ],
    [
      "nodemaintenance.kubevirt.io",
      "v1beta1",
      "nodemaintenances",
      { metadata: { name: "old", uid: "1" }, spec: { nodeName: "worker-1" } },
      { kind: "NodeMaintenance", object: "nodemaintenance/old", detail: "not begun" },
    ],
    [
      "self-node-remediation.medik8s.io",
      "v1alpha1",
      "selfnoderemediations",
      {
        metadata: { namespace: "ops", name: "worker-1", uid: "1", creationTimestamp: "2026-08-22T09:00:00Z" },
        status: { phase: "Fencing-Started" },
      },
      {
        kind: "Remediation",
        object: "selfnoderemediation/worker-1",
        detail: "Fencing-Started, since 2026-08-22T09:00:00Z",
      },
    ],
    [
      "fence-agents-remediation.medik8s.io",
      "v1alpha1",
      "fenceagentsremediations",
      {
        metadata: {
          namespace: "ops",
          name: "far-x",
          uid: "1",
          annotations: { "remediation.medik8s.io/node-name": "worker-1" },
        },
      },
      { kind: "Remediation", object: "fenceagentsremediation/far-x" },
    ],
    [
      "remediation.medik8s.io",
      "v1alpha1",
      "nodehealthchecks",
      {
        metadata: { name: "workers", uid: "1" },
        status: { unhealthyNodes: [{ name: "worker-1", remediations: [{}] }] },
      },
      { kind: "Remediation", object: "nodehealthcheck/workers" },
    ],
    [
      "remediation.medik8s.io",
      "v1alpha1",
      "nodehealthchecks",
      {
        metadata: { name: "older", uid: "1" },
        status: { inFlightRemediations: { "worker-1": "2026-08-22T09:00:00Z" }, phase: "Remediating" },
      },
      { kind: "Remediation", object: "nodehealthcheck/older", detail: "Remediating" },
    ],
  ];

  it.each(cases)("%s %s: %s", async (group, version, plural, object, expected) => {
    const cluster = clusterOf();
    serve(cluster, group, version, plural);
    cluster.put(plural, object);
    expect(await holdersOf(cluster)).toMatchObject([{ node: "worker-1", ...expected }]);
  });

  it("do not count when they are about another node, or about a node that is not being remedied yet", async () => {
    const cluster = clusterOf();
    serve(cluster, "nodemaintenance.medik8s.io", "v1beta1", "nodemaintenances");
    serve(cluster, "remediation.medik8s.io", "v1alpha1", "nodehealthchecks");
    cluster.put("nodemaintenances", { metadata: { name: "x", uid: "1" }, spec: { nodeName: "worker-2" } });
    cluster.put("nodehealthchecks", {
      metadata: { name: "y", uid: "2" },
      status: { unhealthyNodes: [{ name: "worker-1" }] },
    });
    expect(await holdersOf(cluster)).toEqual([]);
  });

  it("are not asked for where the cluster does not have their kinds", async () => {
    const cluster = clusterOf();
    await holdersOf(cluster);
    expect(cluster.requests).toEqual(["discover groups"]);
  });
});

describe("a Machine", () => {
  const annotations = { "machine.openshift.io/machine": "openshift-machine-api/m-1" };
  const machine = (extra: object) => ({
    metadata: { namespace: "openshift-machine-api", name: "m-1", uid: "m", ...extra },
  });

  it.each([
    ["that is being deleted holds its node", { deletionTimestamp: "2026-08-22T09:00:00Z" }, 1],
    ["that stays does not", {}, 0],
  ])("%s", async (_case, extra, count) => {
    const cluster = clusterOf();
    serve(cluster, "machine.openshift.io", "v1beta1", "machines");
    cluster.put("machines", machine(extra));
    expect(await holdersOf(cluster, { metadata: { annotations } })).toHaveLength(count);
  });
});

describe("marks on the Node", () => {
  const record = (fields: object) =>
    JSON.stringify({
      v: 1,
      kind: "drain",
      by: "alice",
      since: "2026-08-22T09:00:00Z",
      cordonedByUs: true,
      taints: [],
      vms: [],
      ...fields,
    });
  const cordoned = { unschedulable: true };
  const cases: [string, Partial<RawObject>, NodeHolder["kind"] | undefined][] = [
    [
      "Harvester's maintenance",
      { metadata: { annotations: { "harvesterhci.io/maintain-status": "running" } } },
      "Harvester",
    ],
    [
      "Harvester's request to drain",
      { metadata: { annotations: { "harvesterhci.io/drain-requested": "true" } } },
      "Harvester",
    ],
    [
      "the autoscaler's taint",
      { spec: { taints: [{ key: "ToBeDeletedByClusterAutoscaler", effect: "NoSchedule" }] } },
      "Machine",
    ],
    [
      "somebody else's drain",
      { spec: cordoned, metadata: { annotations: { "kubectl-vmnode/operation": record({}) } } },
      "Record",
    ],
    [
      "our own drain, which goes on",
      { spec: cordoned, metadata: { annotations: { "kubectl-vmnode/operation": record({ by: "jane" }) } } },
      undefined,
    ],
    [
      "our own recovery, which is no drain",
      {
        spec: cordoned,
        metadata: { annotations: { "kubectl-vmnode/operation": record({ by: "jane", kind: "recover" }) } },
      },
      "Record",
    ],
    [
      "a stale record on a schedulable node",
      { metadata: { annotations: { "kubectl-vmnode/operation": record({}) } } },
      undefined,
    ],
    ["a damaged record", { metadata: { annotations: { "kubectl-vmnode/operation": "{" } } }, "UnknownRecord"],
    ["a newer record", { metadata: { annotations: { "kubectl-vmnode/operation": '{"v":3}' } } }, "UnknownRecord"],
    ["nothing", {}, undefined],
  ];

  it.each(cases)("%s", async (_case, node, kind) => {
    expect((await holdersOf(clusterOf(), node, "jane")).map((holder) => holder.kind)).toEqual(kind ? [kind] : []);
  });
});
