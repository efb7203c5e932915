/** observeLostNode and listSuspects: what is read of a node that may be lost, and what becomes of what cannot be read. */
import { describe, expect, it } from "vitest";
import type { Clock } from "../../../lib/model/clock.ts";
import { KubeError, UnreachableError } from "../../../lib/model/errors.ts";
import { type LostNodeOptions, observeLostNode } from "../../../lib/observe/lost-node.ts";
import { listSuspects } from "../../../lib/observe/suspects.ts";
import type { FakeCluster } from "./fake-cluster.ts";
import { clusterOf, putVm, rawLauncher, rawMigration, rawNode, rawVmi } from "./raw-objects.ts";

const clock: Clock = { now: () => new Date("2026-01-01T00:00:00Z"), sleep: () => Promise.resolve() };

function look(cluster: FakeCluster, options: Partial<LostNodeOptions> = {}) {
  return observeLostNode(cluster.client(), "worker-1", { clock, user: "jane", ...options });
}

const unready = { conditions: [{ type: "Ready", status: "Unknown", lastTransitionTime: "2026-08-22T09:56:48Z" }] };

/** worker-1 is lost with one VM; another runs on worker-2. */
function crashed(): FakeCluster {
  const cluster = clusterOf("worker-1", "worker-2");
  cluster.put("nodes", rawNode("worker-1", { status: unready }));
  putVm(cluster, "prod", "web", "worker-1");
  putVm(cluster, "prod", "elsewhere", "worker-2");
  cluster.put("leases", {
    metadata: { namespace: "kube-node-lease", name: "worker-1", uid: "l" },
    spec: { renewTime: "2026-08-22T09:56:00Z" },
  });
  return cluster;
}

function namesOf(objects: readonly { metadata: { name: string } }[]): string[] {
  return objects.map(({ metadata }) => metadata.name).sort();
}

function record(by: string, kind = "recover") {
  const text = { v: 1, kind, by, since: "2026-08-22T09:58:00Z", cordonedByUs: true, taints: [], vms: [], bootID: "b" };
  return { "kubectl-vmnode/operation": JSON.stringify(text) };
}

describe("observeLostNode", () => {
  it("reads the node's signs, VMs, disks, attachments, KubeVirt's own pods and our rights", async () => {
    const cluster = crashed();
    cluster.put(
      "virtualmachineinstances",
      rawVmi("prod", "web", "worker-1", {
        spec: { volumes: [{ name: "root", persistentVolumeClaim: { claimName: "web-disk" } }] },
      }),
    );
    cluster.put(
      "pods",
      rawLauncher("prod", "web", "worker-1", {
        status: { phase: "Running", containerStatuses: [{ name: "compute" }] },
      }),
    );
    cluster.put("virtualmachineinstancemigrations", rawMigration("prod", "web", "Running"));
    cluster.put("persistentvolumeclaims", {
      metadata: { namespace: "prod", name: "web-disk", uid: "p" },
      spec: { volumeName: "pv-1", accessModes: ["ReadWriteOnce"] },
    });
    cluster.put("persistentvolumes", { metadata: { name: "pv-1", uid: "v" }, spec: {} });
    for (const node of ["worker-1", "worker-2"]) {
      const source = { persistentVolumeName: "pv-1" };
      cluster.put("volumeattachments", {
        metadata: { name: `csi-${node}`, uid: node },
        spec: { nodeName: node, source },
      });
      const labels = { "kubevirt.io": "virt-api" };
      const metadata = { namespace: "kubevirt", name: `api-${node}`, uid: `api-${node}`, labels };
      cluster.put("pods", { metadata, spec: { nodeName: node }, status: { phase: "Running" } });
    }

    const lost = await look(cluster);

    expect(lost.signs).toMatchObject({
      object: { kind: "seen", value: { metadata: { uid: "node-worker-1" } } },
      lease: { kind: "seen", value: { value: "2026-08-22T09:56:00Z" } },
      containers: { kind: "seen", value: [{ pod: { namespace: "prod", name: "virt-launcher-web-abcde" } }] },
    });
    expect(lost.facts).toMatchObject({
      targets: ["worker-1"],
      versions: { kubernetes: "v1.36.2", kubevirt: "v1.9.0" },
      gaps: [],
    });
    expect(namesOf(lost.facts.nodes)).toEqual(["worker-1", "worker-2"]);
    expect(namesOf(lost.facts.pods)).toEqual(["api-worker-1", "virt-launcher-web-abcde"]);
    expect(namesOf(lost.facts.vmis)).toEqual(["web"]);
    expect(namesOf(lost.facts.virtualMachines)).toEqual(["web"]);
    expect(namesOf(lost.facts.migrations)).toEqual(["migration-web"]);
    expect(namesOf(lost.facts.claims)).toEqual(["web-disk"]);
    expect(namesOf(lost.attachments)).toEqual(["csi-worker-1"]);
    expect(namesOf(lost.controlPlane)).toEqual(["api-worker-1", "api-worker-2"]);
    expect(lost).toMatchObject({ node: "worker-1", record: { kind: "none" }, mayPatchNode: true });
    expect(JSON.parse(JSON.stringify(lost))).toMatchObject({ node: "worker-1" });
    expect(cluster.requests.length).toBeLessThan(25);
  });

  it("reads the pods of further nodes for as long as room is asked for, and there are nodes left", async () => {
    const asked: string[][] = [];
    const cluster = crashed();
    cluster.put("nodes", rawNode("worker-3"));
    const lost = await look(cluster, {
      stillNeeded: ({ roomKnown }) => {
        asked.push([...roomKnown]);
        return ["worker-2"];
      },
    });
    expect(asked).toEqual([[], ["worker-2"]]);
    expect(lost.facts.roomKnown).toEqual(["worker-2"]);
  });

  it("works without the Node as long as something names it", async () => {
    const cluster = crashed();
    cluster.remove("nodes", "", "worker-1");
    cluster.remove("leases", "kube-node-lease", "worker-1");
    const lost = await look(cluster);
    expect(lost.signs).toMatchObject({ object: { kind: "absent" }, lease: { kind: "absent" } });
    expect(namesOf(lost.facts.pods)).toEqual(["virt-launcher-web-abcde"]);
    expect(namesOf(lost.facts.nodes)).toEqual(["worker-2"]);
  });

  it("refuses a name that nothing bears, with one that may have been meant", async () => {
    const error = await observeLostNode(crashed().client(), "worker-3", { clock }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(KubeError);
    expect(error).toMatchObject({ message: 'nodes "worker-3" not found', hint: "did you mean worker-1 or worker-2?" });
  });

  it.each([
    "pods",
    "volumeattachments",
    "persistentvolumeclaims",
    "virtualmachines",
    "kubevirts",
    "endpointslices",
    "nodes",
  ])("goes on without the right to list %s, and says so", async (plural) => {
    const cluster = crashed();
    cluster.put(
      "virtualmachineinstances",
      rawVmi("prod", "web", "worker-1", {
        spec: { volumes: [{ name: "root", persistentVolumeClaim: { claimName: "web-disk" } }] },
      }),
    );
    for (const verb of ["list", "get"]) if (plural !== "nodes" || verb === "list") cluster.forbid(verb, plural);
    const { facts } = await look(cluster);
    expect(facts.gaps.map(({ resource }) => resource)).toContain(plural);
    expect(namesOf(facts.vmis)).toEqual(["web"]);
  });

  it("cannot tell container statuses where pods may not be listed", async () => {
    const cluster = crashed();
    cluster.forbid("list", "pods");
    expect((await look(cluster)).signs.containers).toMatchObject({ kind: "unreadable", forbidden: true });
  });

  it("says that a node may not be patched", async () => {
    const cluster = crashed();
    cluster.mayEvict = [];
    expect((await look(cluster)).mayPatchNode).toBe(false);
  });

  it("fails when the API server does not answer", async () => {
    const client = crashed().client();
    client.discover = () => Promise.reject(new UnreachableError("no route to host"));
    await expect(observeLostNode(client, "worker-1", { clock })).rejects.toThrow(UnreachableError);
  });
});

describe("who else holds the lost node", () => {
  function holding(annotations: Record<string, string>): FakeCluster {
    const cluster = crashed();
    cluster.put(
      "nodes",
      rawNode("worker-1", { status: unready, spec: { unschedulable: true }, metadata: { annotations } }),
    );
    return cluster;
  }

  it.each(["recover", "drain"])("a %s of ours is taken up", async (kind) => {
    const lost = await look(holding(record("jane", kind)));
    expect(lost.facts.holders).toEqual([]);
    expect(lost.record).toMatchObject({ kind: "record", record: { kind, bootID: "b" } });
  });

  it("a colleague who recovers it holds it", async () => {
    expect((await look(holding(record("joe")))).facts.holders).toMatchObject([{ kind: "Record" }]);
  });

  function leased(holderIdentity: string, renewTime: string): FakeCluster {
    const cluster = crashed();
    cluster.groups.push({ name: "remediation.medik8s.io", versions: [{ version: "v1alpha1", resources: [] }] });
    cluster.put("leases", {
      metadata: { namespace: "medik8s-leases", name: "node-worker-1", uid: "m" },
      spec: { holderIdentity, renewTime, leaseDurationSeconds: 600 },
    });
    return cluster;
  }

  it.each([
    ["node-maintenance", "NodeMaintenance"],
    ["self-node-remediation", "Remediation"],
  ])("the lease of the medik8s operators tells that %s holds it", async (holder, kind) => {
    const lost = await look(leased(holder, "2026-08-22T09:55:00Z"));
    expect(lost.facts.holders).toEqual([
      { node: "worker-1", kind, object: "lease/node-worker-1", detail: `held by ${holder}` },
    ]);
  });

  it("but not once it has expired, and it is not asked for without those operators", async () => {
    expect((await look(leased("node-maintenance", "2026-08-22T09:40:00Z"))).facts.holders).toEqual([]);
    const cluster = crashed();
    await look(cluster);
    expect(cluster.requests.filter((request) => request.includes("medik8s"))).toEqual([]);
  });
});

describe("listSuspects", () => {
  it("finds nodes that are not Ready, and deleted ones at which VMs are counted, those with most VMs first", async () => {
    const cluster = crashed();
    cluster.put("nodes", rawNode("worker-3", { status: unready }));
    cluster.put("virtualmachineinstances", rawVmi("prod", "x", "gone"));
    cluster.put("virtualmachineinstances", rawVmi("prod", "y", "gone"));
    const suspects = await listSuspects(cluster.client(), { clock });
    expect(suspects.map(({ node, vms, since }) => [node, vms, since])).toEqual([
      ["gone", 2, undefined],
      ["worker-1", 1, "2026-08-22T09:56:48Z"],
      ["worker-3", 0, "2026-08-22T09:56:48Z"],
    ]);
    expect(suspects[0]?.signs.object.kind).toBe("absent");
    expect(suspects[1]?.signs.lease.kind).toBe("seen");
  });

  it("costs two requests for each that looks lost, and none for the others", async () => {
    const cluster = crashed();
    await listSuspects(cluster.client(), { clock });
    const { length } = cluster.requests;
    cluster.put("nodes", rawNode("worker-9"));
    cluster.requests.length = 0;
    await listSuspects(cluster.client(), { clock });
    expect(cluster.requests.length).toBe(length);
    expect(length).toBeLessThanOrEqual(6);
  });
});
