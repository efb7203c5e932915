/** Who knows whether a host is off: Machines, BareMetalHosts and remediations, and what is not proof. */
import { describe, expect, it } from "vitest";
import type { PowerReport } from "../../../lib/model/lost-node.ts";
import { decodeNode } from "../../../lib/observe/decode/core.ts";
import { readPowerReports } from "../../../lib/observe/power-reports.ts";
import { startReading } from "../../../lib/observe/reading.ts";
import type { FakeCluster, RawObject } from "./fake-cluster.ts";
import { clusterOf, rawNode } from "./raw-objects.ts";

function serve(cluster: FakeCluster, group: string, version: string, plural: string): void {
  const resource = { name: plural, kind: "", namespaced: true, verbs: [], subresources: [] };
  cluster.groups.push({ name: group, versions: [{ version, resources: [resource] }] });
}

async function reportsOn(
  cluster: FakeCluster,
  node: Partial<RawObject> | undefined = {},
): Promise<readonly PowerReport[]> {
  return readPowerReports(startReading(cluster.client()), {
    discovery: await cluster.client().discover(),
    name: "worker-1",
    node: node === undefined ? undefined : decodeNode(rawNode("worker-1", node)),
  });
}

async function reportOf(
  cluster: FakeCluster,
  source: string,
  node?: Partial<RawObject>,
): Promise<PowerReport | undefined> {
  return (await reportsOn(cluster, node)).find((report) => report.source === source);
}

const time = "2026-08-22T09:50:00Z";

function owned(...path: string[]) {
  return [{ manager: "m", time, fieldsV1: path.reduceRight<object>((inner, step) => ({ [step]: inner }), {}) }];
}

const openShiftNode = { metadata: { annotations: { "machine.openshift.io/machine": "ops/m1" } } };

function withMachine(state: string | undefined, extra: object = {}): FakeCluster {
  const cluster = clusterOf("worker-1");
  serve(cluster, "machine.openshift.io", "v1beta1", "machines");
  const annotations = { ...(state === undefined ? {} : { "machine.openshift.io/instance-state": state }), ...extra };
  const managedFields = owned("f:metadata", "f:annotations", "f:machine.openshift.io/instance-state");
  cluster.put("machines", {
    metadata: { namespace: "ops", name: "m1", uid: "m", annotations, managedFields },
    spec: {},
  });
  return cluster;
}

function withHost(
  status: object,
  cluster = withMachine(undefined, { "metal3.io/BareMetalHost": "ops/rack3" }),
): FakeCluster {
  serve(cluster, "metal3.io", "v1alpha1", "baremetalhosts");
  const managedFields = owned("f:status", "f:poweredOn");
  cluster.put("baremetalhosts", { metadata: { namespace: "ops", name: "rack3", uid: "h", managedFields }, status });
  return cluster;
}

describe("kinds that are not installed", () => {
  it("are unknown by name, and are not asked for", async () => {
    const cluster = clusterOf("worker-1");
    const reports = await reportsOn(cluster);
    expect(reports.map(({ source, state, detail }) => [source, state, detail])).toEqual(
      [
        "Machine",
        "BareMetalHost",
        "SelfNodeRemediation",
        "FenceAgentsRemediation",
        "NodeMaintenance",
        "NodeHealthCheck",
      ].map((source) => [source, "unknown", "kind not installed"]),
    );
    expect(cluster.requests.filter((request) => !request.startsWith("discover"))).toEqual([]);
  });
});

describe("a Machine", () => {
  it.each([
    ["stopped", "off"],
    ["TERMINATED", "off"],
    ["poweredOff", "off"],
    ["running", "on"],
    ["poweredOn", "on"],
    ["stopping", "on"],
  ])("that reports the instance %s is %s", async (word, state) => {
    expect(await reportOf(withMachine(word), "Machine", openShiftNode)).toMatchObject({
      ...{ state, since: time, detail: `reports the instance ${word}` },
      object: { kind: "machine", namespace: "ops", name: "m1" },
    });
  });

  it.each([
    ["tells no power state", withMachine(undefined), openShiftNode, "tells no power state"],
    [
      "is not there",
      withMachine("stopped"),
      { metadata: { annotations: { "machine.openshift.io/machine": "ops/x" } } },
      "ops/x does not exist",
    ],
    ["is not named by the node", withMachine("stopped"), {}, "the node has none"],
  ])("that %s is unknown", async (_name, cluster, node, detail) => {
    expect(await reportOf(cluster, "Machine", node)).toMatchObject({ state: "unknown", detail });
  });

  it("that may not be read is unknown, and why", async () => {
    const cluster = withMachine("stopped");
    cluster.forbid("get", "machines");
    expect(await reportOf(cluster, "Machine", openShiftNode)).toMatchObject({
      ...{ state: "unknown", detail: "forbidden: get machines" },
    });
  });

  it("of a deleted Node cannot be found", async () => {
    const reports = await readPowerReports(startReading(withMachine("stopped").client()), {
      discovery: await withMachine("stopped").client().discover(),
      name: "worker-1",
      node: undefined,
    });
    expect(reports.find(({ source }) => source === "Machine")?.detail).toContain("has been deleted");
  });
});

describe("a BareMetalHost", () => {
  it("reports the host off or on, since the power state was written", async () => {
    expect(await reportOf(withHost({ poweredOn: false }), "BareMetalHost", openShiftNode)).toMatchObject({
      ...{ state: "off", since: time, detail: "reports the host off" },
      object: { kind: "baremetalhost", name: "rack3" },
    });
    expect(
      await reportOf(withHost({ poweredOn: true, operationalStatus: "OK" }), "BareMetalHost", openShiftNode),
    ).toMatchObject({
      state: "on",
    });
  });

  it.each([
    [
      "its operator cannot reach the BMC",
      { poweredOn: false, operationalStatus: "error", errorType: "registration error" },
    ],
    ["it is detached", { poweredOn: false, operationalStatus: "detached" }],
    ["a power error is open", { poweredOn: false, operationalStatus: "OK", errorType: "power management error" }],
    ["nothing is told", {}],
    ["it is told in other words", { poweredOn: "no" }],
  ])("is unknown when %s", async (_name, status) => {
    expect((await reportOf(withHost(status), "BareMetalHost", openShiftNode))?.state).toBe("unknown");
  });

  it("is found by the Metal3Machine of Cluster API", async () => {
    const cluster = clusterOf("worker-1");
    serve(cluster, "cluster.x-k8s.io", "v1beta1", "machines");
    serve(cluster, "infrastructure.cluster.x-k8s.io", "v1beta1", "metal3machines");
    const infrastructureRef = { kind: "Metal3Machine", name: "m3" };
    cluster.put("machines", { metadata: { namespace: "ops", name: "m1", uid: "m" }, spec: { infrastructureRef } });
    const annotations = { "metal3.io/BareMetalHost": "ops/rack3" };
    cluster.put("metal3machines", { metadata: { namespace: "ops", name: "m3", uid: "n", annotations } });
    const node = {
      metadata: { annotations: { "cluster.x-k8s.io/cluster-namespace": "ops", "cluster.x-k8s.io/machine": "m1" } },
    };
    expect(await reportOf(withHost({ poweredOn: false }, cluster), "BareMetalHost", node)).toMatchObject({
      state: "off",
    });
  });

  it.each(["baremetalhost:///ops/rack3/1234", "baremetalhost:///ops/rack3", "metal3://ops/rack3/m3"])(
    "is found by the node's providerID %s",
    async (providerID) => {
      const cluster = withHost({ poweredOn: false }, clusterOf("worker-1"));
      expect(await reportOf(cluster, "BareMetalHost", { spec: { providerID } })).toMatchObject({ state: "off" });
    },
  );

  it.each([undefined, "aws:///eu/i-1", "metal3://1234"])(
    "that nothing links with the node is none of its: %s",
    async (providerID) => {
      const cluster = withHost({ poweredOn: false }, clusterOf("worker-1"));
      cluster.put("baremetalhosts", {
        metadata: { namespace: "ops", name: "worker-1", uid: "h2" },
        status: { poweredOn: false },
      });
      expect(await reportOf(cluster, "BareMetalHost", { spec: { providerID } })).toMatchObject({
        ...{ state: "unknown", detail: "none is linked with the node" },
      });
    },
  );
});

describe("a remediation", () => {
  function remediating(plural: string, status: object, metadata: object = {}): FakeCluster {
    const cluster = clusterOf("worker-1");
    const kind = plural === "selfnoderemediations" ? "self-node-remediation" : "fence-agents-remediation";
    serve(cluster, `${kind}.medik8s.io`, "v1alpha1", plural);
    const managedFields = owned("f:status", "f:phase");
    cluster.put(plural, {
      metadata: { namespace: "ops", name: "worker-1", uid: "r", managedFields, ...metadata },
      status,
    });
    return cluster;
  }

  const succeeded = { conditions: [{ type: "FenceAgentActionSucceeded", status: "True", lastTransitionTime: time }] };

  it.each([
    ["its fence agent has succeeded", "fenceagentsremediations", succeeded, "FenceAgentsRemediation"],
    [
      "the node is taken to have rebooted",
      "selfnoderemediations",
      { phase: "Reboot-Completed", timeAssumedRebooted: time },
      "SelfNodeRemediation",
    ],
    ["all is done", "selfnoderemediations", { phase: "Fencing-Completed" }, "SelfNodeRemediation"],
  ])("has fenced the node when %s", async (_name, plural, status, source) => {
    expect(await reportOf(remediating(plural, status), source)).toMatchObject({ state: "fenced", since: time });
  });

  it.each([
    ["fenceagentsremediations", {}, "FenceAgentsRemediation"],
    [
      "fenceagentsremediations",
      { conditions: [{ type: "FenceAgentActionSucceeded", status: "False" }] },
      "FenceAgentsRemediation",
    ],
    ["selfnoderemediations", { phase: "Pre-Reboot-Completed" }, "SelfNodeRemediation"],
  ])("of %s under way has not: %j", async (plural, status, source) => {
    expect(await reportOf(remediating(plural, status), source)).toMatchObject({ state: "working" });
  });

  it("of another node says nothing of this one; one may name its node by an annotation", async () => {
    const other = remediating("fenceagentsremediations", succeeded, { name: "worker-2" });
    expect(await reportOf(other, "FenceAgentsRemediation")).toBeUndefined();
    const named = remediating("fenceagentsremediations", succeeded, {
      ...{ name: "x", annotations: { "remediation.medik8s.io/node-name": "worker-1" } },
    });
    expect(await reportOf(named, "FenceAgentsRemediation")).toMatchObject({ state: "fenced" });
  });

  it("that may not be listed is unknown", async () => {
    const cluster = remediating("selfnoderemediations", {});
    cluster.forbid("list", "selfnoderemediations");
    expect(await reportOf(cluster, "SelfNodeRemediation")).toMatchObject({
      ...{ state: "unknown", detail: "forbidden: list selfnoderemediations" },
    });
  });
});
