/** The signs of life of a node as the API server stores them: which managedFields entry tells the time, and what cannot be told. */
import { describe, expect, it } from "vitest";
import type { Clock } from "../../../lib/model/clock.ts";
import { UnreachableError } from "../../../lib/model/errors.ts";
import { containerWrite, readSigns } from "../../../lib/observe/signs.ts";
import { writtenAt } from "../../../lib/observe/written-fields.ts";
import { clusterOf, rawNode } from "./raw-objects.ts";

const clock: Clock = { now: () => new Date("2026-01-01T00:00:00Z"), sleep: () => Promise.resolve() };

/** An entry of managedFields that owns the field at this path. */
function entry(manager: string, time: string | undefined, ...path: string[]) {
  const fieldsV1 = path.reduceRight<object>((inner, step) => ({ ".": {}, [step]: inner }), {});
  return { manager, operation: "Update", time, fieldsType: "FieldsV1", fieldsV1 };
}

const heartbeatPath = ["f:metadata", "f:annotations", "f:kubevirt.io/heartbeat"];

function lostCluster() {
  const cluster = clusterOf();
  cluster.put(
    "nodes",
    rawNode("worker-1", {
      metadata: {
        annotations: { "kubevirt.io/heartbeat": "2026-08-22T11:59:00Z" },
        managedFields: [
          entry("kubelet", "2026-08-22T09:59:58Z", "f:status", "f:nodeInfo"),
          entry("virt-handler", "2026-08-22T09:58:40Z", ...heartbeatPath),
        ],
      },
    }),
  );
  cluster.put("leases", {
    metadata: {
      namespace: "kube-node-lease",
      name: "worker-1",
      uid: "l",
      managedFields: [entry("kubelet", "2026-08-22T09:59:51Z", "f:spec", "f:renewTime")],
    },
    spec: { renewTime: "2026-08-22T11:59:51.000000Z" },
  });
  return cluster;
}

describe("writtenAt", () => {
  const path = ["f:spec", "f:renewTime"];

  it("goes by the field and not by the manager's name", () => {
    const managedFields = [
      entry("kubelet", "2026-01-01T00:00:01Z", "f:spec", "f:holder"),
      entry("x", "2026-01-01T00:00:02Z", ...path),
    ];
    expect(writtenAt({ metadata: { managedFields } }, path)).toBe("2026-01-01T00:00:02Z");
  });

  it("takes the latest of several owners", () => {
    const times = ["2026-01-01T00:00:02Z", "2026-01-01T00:00:09Z", "2026-01-01T00:00:05Z"];
    const managedFields = times.map((time, at) => entry(`m${at}`, time, ...path));
    expect(writtenAt({ metadata: { managedFields } }, path)).toBe("2026-01-01T00:00:09Z");
  });

  it.each([
    ["nothing", undefined],
    ["no metadata", {}],
    ["no entries", { metadata: {} }],
    ["entries that are none", { metadata: { managedFields: [null, 7, "x", {}, { time: "2026-01-01T00:00:00Z" }] } }],
    ["an entry without a time", { metadata: { managedFields: [entry("kubelet", undefined, ...path)] } }],
    ["a time that is none", { metadata: { managedFields: [entry("kubelet", "soon", ...path)] } }],
    [
      "an inherited name",
      { metadata: { managedFields: [{ time: "2026-01-01T00:00:00Z", fieldsV1: { "f:spec": [] } }] } },
    ],
  ])("is not known of %s", (_name, object) => {
    expect(writtenAt(object, path)).toBeUndefined();
    expect(writtenAt(object, ["constructor"])).toBeUndefined();
  });
});

describe("readSigns", () => {
  it("asks for Node and Lease, one request each, and tells times of the API server alone", async () => {
    const cluster = lostCluster();
    const signs = await readSigns(cluster.client(), "worker-1", { clock });
    expect([...cluster.requests].sort()).toEqual(["get leases kube-node-lease worker-1", "get nodes worker-1"]);
    expect(signs).toMatchObject({
      node: "worker-1",
      time: "2026-08-22T10:00:00.000Z",
      localTime: "2026-01-01T00:00:00.000Z",
      object: { kind: "seen", value: { metadata: { name: "worker-1" } } },
      heartbeat: {
        value: "2026-08-22T11:59:00Z",
        writtenAt: "2026-08-22T09:58:40Z",
        readAt: "2026-08-22T10:00:00.000Z",
      },
      lease: {
        kind: "seen",
        value: { value: "2026-08-22T11:59:51.000000Z", writtenAt: "2026-08-22T09:59:51Z" },
      },
    });
    expect(signs.containers).toBeUndefined();
  });

  it("tells what is absent", async () => {
    const cluster = clusterOf();
    const none = await readSigns(cluster.client(), "worker-1", { clock });
    expect(none).toMatchObject({ object: { kind: "absent" }, lease: { kind: "absent" } });
    cluster.put("nodes", rawNode("worker-1"));
    expect((await readSigns(cluster.client(), "worker-1", { clock })).heartbeat).toBeUndefined();
  });

  it("tells what may not be read, and what makes no sense", async () => {
    const cluster = lostCluster();
    cluster.forbid("get", "nodes");
    cluster.put("leases", {
      metadata: { namespace: "kube-node-lease", name: "worker-1", uid: "l" },
      spec: { renewTime: 7 },
    });
    const signs = await readSigns(cluster.client(), "worker-1", { clock });
    expect(signs.object).toMatchObject({ kind: "unreadable", forbidden: true });
    expect(signs.lease).toMatchObject({ kind: "unreadable", reason: "it came without a renewTime" });
  });

  it("tells an API server that does not answer from one that refuses", async () => {
    const client = lostCluster().client();
    client.get = () => Promise.reject(new UnreachableError("no route to host"));
    const signs = await readSigns(client, "worker-1", { clock });
    expect([signs.object, signs.lease]).toEqual(
      Array(2).fill({ kind: "unreadable", forbidden: false, reason: "no route to host" }),
    );
    expect(signs.time).toBeUndefined();
  });

  it("ends with the signal's reason", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    const client = lostCluster().client();
    client.get = () => Promise.reject(new UnreachableError("aborted"));
    await expect(readSigns(client, "worker-1", { clock, signal })).rejects.toThrow("enough");
  });
});

describe("containerWrite", () => {
  const pod = (containerStatuses: unknown, time = "2026-08-22T09:00:00Z") => ({
    metadata: {
      namespace: "prod",
      name: "p",
      managedFields: [
        entry("kube-controller-manager", "2026-08-22T09:30:00Z", "f:status", "f:conditions"),
        entry("kubelet", time, "f:status", "f:containerStatuses"),
      ],
    },
    status: { containerStatuses },
  });

  it("tells when the node wrote them, not when a controller wrote the conditions", () => {
    expect(containerWrite(pod([]))).toMatchObject({
      ...{ pod: { namespace: "prod", name: "p" }, writtenAt: "2026-08-22T09:00:00Z" },
    });
  });

  it("has another value when a container has changed, and the same when it has not", () => {
    const value = (restartCount: number, extra = {}) =>
      containerWrite(pod([{ name: "compute", ready: true, restartCount, state: { running: {} }, ...extra }]))?.value;
    expect(value(1)).not.toBe(value(2));
    expect(value(1)).toBe(value(1, { image: "other" }));
  });

  it.each([undefined, null, {}, { metadata: { name: "p" } }, { metadata: {}, status: { containerStatuses: [] } }])(
    "is nothing for a pod without containers or name: %j",
    (raw) => {
      expect(containerWrite(raw)).toBeUndefined();
    },
  );
});
