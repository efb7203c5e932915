/** VMs as KubeVirt keeps them: what users may write to them, what becomes of them when their pod is evicted, and their tables. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Cluster, eventually, type Json, kubevirt, openCluster, subresources } from "./cluster.ts";
import { condition, instance, type Machines, machinesIn } from "./machines.ts";

let cluster: Cluster;
let machines: Machines;
let vmis: string;
let vms: string;
beforeAll(async () => {
  cluster = await openCluster("machines");
  machines = machinesIn(cluster);
  vmis = `${kubevirt}/namespaces/${cluster.namespace}/virtualmachineinstances`;
  vms = `${kubevirt}/namespaces/${cluster.namespace}/virtualmachines`;
  await machines.createMachine("guest", { strategy: "LiveMigrate" });
  await machines.createInstance("bridged", { strategy: "LiveMigrate", bridge: true });
  await machines.running("guest", "bridged");
}, 120_000);
afterAll(() => cluster?.close());

const patch = (target: string, type: string, body: unknown) =>
  cluster.ask(`PATCH ${target}`, { body, contentType: `application/${type}-patch+json` });
const read = async (path: string): Promise<Json> => {
  const { status, body } = await cluster.ask(`GET ${path}`);
  return status === 200 ? body : undefined;
};

describe("a running VMI", () => {
  test("says where it runs, whether it can migrate, and who owns it", async () => {
    const vmi = await machines.instanceOf("guest");
    expect(vmi.metadata).toMatchObject({
      labels: { "kubevirt.io/nodeName": vmi.status.nodeName },
      finalizers: expect.arrayContaining(["kubevirt.io/foregroundDeleteVirtualMachine"]),
      ownerReferences: [{ apiVersion: "kubevirt.io/v1", kind: "VirtualMachine", name: "guest", controller: true }],
    });
    expect(vmi.status).toMatchObject({
      phase: "Running",
      activePods: { [(await machines.launcher("guest")).metadata.uid]: vmi.status.nodeName },
      launcherContainerImageVersion: expect.any(String),
    });
    expect(condition(vmi, "LiveMigratable")).toMatchObject({ status: "True" });
  });

  test("has a launcher pod that names it", async () => {
    const vmi = await machines.instanceOf("guest");
    const pod = await machines.launcher("guest");
    expect(pod.metadata).toMatchObject({
      name: expect.stringMatching(/^virt-launcher-guest-[a-z0-9]{5}$/),
      labels: {
        "kubevirt.io": "virt-launcher",
        "kubevirt.io/created-by": vmi.metadata.uid,
        "kubevirt.io/nodeName": vmi.status.nodeName,
        "vm.kubevirt.io/name": "guest",
      },
      annotations: {
        "kubevirt.io/domain": "guest",
        "descheduler.alpha.kubernetes.io/request-evict-only": "",
      },
      ownerReferences: [
        { apiVersion: "kubevirt.io/v1", kind: "VirtualMachineInstance", uid: vmi.metadata.uid, controller: true },
      ],
    });
    // What the guest is given plus what the launcher needs to destroy it.
    expect(pod.spec.terminationGracePeriodSeconds).toBe(vmi.spec.terminationGracePeriodSeconds + 30);
    expect(pod.spec.nodeSelector).toMatchObject({ "kubevirt.io/schedulable": "true" });
    expect(pod.spec.readinessGates).toEqual([{ conditionType: "kubevirt.io/virtual-machine-unpaused" }]);
    expect(pod.status.containerStatuses.map(({ name }: Json) => name)).toContain("compute");
  });

  test("that cannot migrate says why", async () => {
    const vmi = await machines.instanceOf("bridged");
    expect(condition(vmi, "LiveMigratable")).toMatchObject({
      status: "False",
      reason: "InterfaceNotLiveMigratable",
      message: expect.stringContaining("cannot migrate VMI which does not use masquerade"),
    });
  });
});

describe("a user's write to a VMI", () => {
  test("cannot set a mark: the answer is 200, and the status stays as it was", async () => {
    for (const [type, body] of [
      ["merge", { status: { evacuationNodeName: "somewhere" } }],
      ["json", [{ op: "add", path: "/status/evacuationNodeName", value: "somewhere" }]],
    ] as const) {
      const answer = await patch(`${vmis}/guest`, type, body);
      expect(answer.status).toBe(200);
      expect(answer.body.status.evacuationNodeName).toBeUndefined();
    }
    expect((await machines.instanceOf("guest")).status.evacuationNodeName).toBeUndefined();
  });

  test("can neither test nor remove a mark that is not there", async () => {
    const { status, body } = await patch(`${vmis}/guest`, "json", [
      { op: "test", path: "/status/evacuationNodeName", value: "somewhere" },
      { op: "remove", path: "/status/evacuationNodeName" },
    ]);
    expect([status, body.reason]).toEqual([422, "Invalid"]);
  });

  test("cannot set KubeVirt's own labels", async () => {
    const { status, body } = await patch(`${vmis}/guest`, "merge", {
      metadata: { labels: { "kubevirt.io/nodeName": "somewhere" } },
    });
    expect(status).toBe(422);
    const message = "modification of the following reserved kubevirt.io/ labels on a VMI object is prohibited";
    expect(body).toMatchObject({
      reason: "Invalid",
      message: `admission webhook "virtualmachineinstances-update-validator.kubevirt.io" denied the request: ${message}`,
      details: { causes: [{ reason: "FieldValueNotSupported", message }] },
    });
  });

  test("can set labels of its own", async () => {
    const { status, body } = await patch(`${vmis}/guest`, "merge", { metadata: { labels: { team: "blue" } } });
    expect([status, body.metadata.labels.team]).toEqual([200, "blue"]);
  });

  test("cannot change the spec", async () => {
    const { status, body } = await patch(`${vmis}/guest`, "merge", { spec: { evictionStrategy: "None" } });
    expect(status).toBe(422);
    expect(body.message).toContain(
      'admission webhook "virtualmachineinstances-update-validator.kubevirt.io" denied the request: update of VMI object is restricted',
    );
  });

  test("with a strategy that does not exist is refused at its creation", async () => {
    const body = instance("wrong");
    body.spec.evictionStrategy = "Sometimes";
    const answer = await cluster.ask(`POST ${vmis}`, { body });
    expect(answer.status).toBe(422);
    expect(answer.body.message).toContain("evictionStrategy");
  });
});

describe("a migration asked for by a user", () => {
  const migrations = () => `${kubevirt}/namespaces/${cluster.namespace}/virtualmachineinstancemigrations`;
  const ask = (spec: Json, query = "") =>
    cluster.ask(`POST ${migrations()}${query}`, {
      body: {
        apiVersion: "kubevirt.io/v1",
        kind: "VirtualMachineInstanceMigration",
        metadata: { generateName: "mine-" },
        spec,
      },
    });
  const denied = (text: string) =>
    `admission webhook "migration-create-validator.kubevirt.io" denied the request: ${text}`;

  test("of a VMI that does not exist is refused", async () => {
    const { status, body } = await ask({ vmiName: "nobody" });
    expect([status, body.message]).toEqual([400, denied(`the VMI "${cluster.namespace}/nobody" does not exist`)]);
    expect(body.reason).toBeUndefined();
  });

  test("of a VMI that cannot migrate is refused with the reason", async () => {
    const { status, body } = await ask({ vmiName: "bridged" });
    expect(status).toBe(400);
    expect(body.message).toMatch(
      /^admission webhook .* denied the request: Cannot migrate VMI, Reason: InterfaceNotLiveMigratable, Message: cannot migrate VMI which/,
    );
  });

  test("cannot have a priority", async () => {
    const { status, body } = await ask({ vmiName: "guest", priority: "system-critical" }, "?dryRun=All");
    expect(status).toBe(422);
    expect(body).toMatchObject({
      reason: "Invalid",
      details: { causes: [{ reason: "FieldValueForbidden", field: "spec.migrationPriority" }] },
    });
    expect(body.message).toBe(
      denied("Migration priority queue, only virt-controller is allowed to set priority field"),
    );
  });

  test("gets the label by which a VMI's migrations are found, and moves the VMI", async () => {
    const from = (await machines.instanceOf("guest")).status.nodeName;
    const { status, body } = await ask({ vmiName: "guest" });
    expect(status).toBe(201);
    expect(body.metadata).toMatchObject({
      name: expect.stringMatching(/^mine-/),
      labels: { "kubevirt.io/vmi-name": "guest" },
      finalizers: ["kubevirt.io/migrationJobFinalize"],
    });
    const done = await eventually(
      "the migration ends",
      () => read(`${migrations()}/${body.metadata.name}`),
      (seen) => ["Succeeded", "Failed"].includes(seen?.status?.phase),
    );
    expect(done.status.phase).toBe("Succeeded");
    expect((await machines.instanceOf("guest")).status.nodeName).not.toBe(from);
  });
});

describe("the eviction of a VM that is shut down by it", () => {
  /** Whether the guest ended orderly; it decides what RerunOnFailure does. */
  type End = "Succeeded" | "Failed";

  /** Evicts the launcher pod and waits until the VMI is final; returns how it ended. */
  async function shutDown(name: string): Promise<{ uid: string; end: End }> {
    const vmi = await machines.instanceOf(name);
    const { uid, resourceVersion } = vmi.metadata;
    const stop = new AbortController();
    const events = cluster.client.watch(
      { group: "kubevirt.io", version: "v1", plural: "virtualmachineinstances", namespaced: true },
      {
        namespace: cluster.namespace,
        fieldSelector: `metadata.name=${name}`,
        resourceVersion,
        signal: AbortSignal.any([stop.signal, AbortSignal.timeout(50_000)]),
      },
    );
    const ended = (async (): Promise<End> => {
      for await (const event of events) {
        const object = "object" in event ? (event.object as Json) : undefined;
        const phase = object?.metadata?.uid === uid ? object.status?.phase : undefined;
        if (phase === "Succeeded" || phase === "Failed") return phase;
      }
      throw new Error(`VMI ${name} never ended`);
    })();
    const answer = await machines.evict(await machines.launcher(name));
    expect(answer).toMatchObject({ status: 201, body: { kind: "Status", status: "Success" } });
    try {
      return { uid, end: await ended };
    } finally {
      stop.abort();
    }
  }

  const restarted = (name: string, uid: string) =>
    eventually(
      `VMI ${name} runs again`,
      () => machines.instanceOf(name),
      (vmi) => vmi !== undefined && vmi.metadata.uid !== uid && vmi.status?.phase === "Running",
    );
  const stopped = (name: string) =>
    eventually(
      `VM ${name} is stopped`,
      () => read(`${vms}/${name}`),
      (vm) => vm?.status?.printableStatus === "Stopped",
    );

  test("first tells the pod why it goes, and makes the VMI unready", async () => {
    await machines.createInstance("told", { strategy: "None" });
    const [vmi] = await machines.running("told");
    const launcher = await machines.launcher("told");
    await machines.evict(launcher);
    const seen = await read(`/api/v1/namespaces/${cluster.namespace}/pods/${launcher.metadata.name}`);
    if (seen !== undefined) {
      expect(seen.metadata.deletionGracePeriodSeconds).toBe(vmi.spec.terminationGracePeriodSeconds + 30);
      expect(condition(seen, "DisruptionTarget")).toMatchObject({
        status: "True",
        reason: "EvictionByEvictionAPI",
        message: "Eviction API: evicting",
      });
    }
    const unready = await eventually(
      "the VMI is unready",
      () => machines.instanceOf("told"),
      (now) => condition(now, "Ready")?.status === "False",
    );
    expect(["PodTerminating", "PodNotExists"]).toContain(condition(unready, "Ready").reason);
  });

  test("restarts it with Always", async () => {
    await machines.createMachine("always", { strategy: "None", run: "Always" });
    await machines.running("always");
    const { uid } = await shutDown("always");
    await restarted("always", uid);
  });

  test("restarts it with RerunOnFailure only when its guest did not end orderly", async () => {
    await machines.createMachine("rerun", { strategy: "None", run: "RerunOnFailure" });
    await machines.running("rerun");
    const { uid, end } = await shutDown("rerun");
    if (end === "Failed") {
      await restarted("rerun", uid);
      return;
    }
    await stopped("rerun");
    const gone = await eventually(
      "the VMI goes",
      () => machines.instanceOf("rerun"),
      (vmi) => vmi === undefined,
    );
    expect(gone).toBeUndefined();
  });

  test("stops it with Manual, and keeps the final VMI until it is started again", async () => {
    await machines.createMachine("manual", { strategy: "None", run: "Manual" });
    const start = () =>
      cluster.ask(`PUT ${subresources}/namespaces/${cluster.namespace}/virtualmachines/manual/start`, {
        accept: "*/*",
        body: {},
      });
    expect((await start()).status).toBe(202);
    await machines.running("manual");
    const { uid, end } = await shutDown("manual");
    await stopped("manual");
    expect(await machines.instanceOf("manual")).toMatchObject({ metadata: { uid }, status: { phase: end } });
    expect((await start()).status).toBe(202);
    await restarted("manual", uid);
  });

  test("stops it with Once, and keeps the final VMI", async () => {
    await machines.createMachine("once", { strategy: "None", run: "Once" });
    await machines.running("once");
    const { uid, end } = await shutDown("once");
    await stopped("once");
    expect(await machines.instanceOf("once")).toMatchObject({ metadata: { uid }, status: { phase: end } });
  });

  test("leaves a bare VMI final for ever", async () => {
    await machines.createInstance("bare", { strategy: "None" });
    await machines.running("bare");
    const { uid, end } = await shutDown("bare");
    const vmi = await eventually(
      "its pod is gone",
      () => machines.instanceOf("bare"),
      (seen) => condition(seen, "Ready")?.reason === "PodNotExists",
    );
    expect(vmi).toMatchObject({ metadata: { uid }, status: { phase: end } });
  });

  test("makes a replica set replace it", async () => {
    const { spec } = instance("member", { strategy: "None" });
    await cluster.create(`${kubevirt}/namespaces/${cluster.namespace}/virtualmachineinstancereplicasets`, {
      apiVersion: "kubevirt.io/v1",
      kind: "VirtualMachineInstanceReplicaSet",
      metadata: { name: "set" },
      spec: {
        replicas: 1,
        selector: { matchLabels: { set: "contract" } },
        template: { metadata: { labels: { set: "contract" } }, spec },
      },
    });
    const members = async (): Promise<Json[]> =>
      (await cluster.ask(`GET ${vmis}?labelSelector=set%3Dcontract`)).body.items;
    const running = ({ status }: Json) => status?.phase === "Running" && status.nodeName;
    const [first] = await eventually("a member runs", members, (all) => all.some(running));
    await machines.running(first.metadata.name);
    expect(first.metadata.ownerReferences).toMatchObject([{ kind: "VirtualMachineInstanceReplicaSet", name: "set" }]);
    expect((await machines.evict(await machines.launcher(first.metadata.name))).status).toBe(201);
    await eventually("another one runs", members, (all) =>
      all.some((member) => member.metadata.uid !== first.metadata.uid && running(member)),
    );
  });
});

describe("starting and stopping", () => {
  const act = (name: string, verb: string) =>
    cluster.ask(`PUT ${subresources}/namespaces/${cluster.namespace}/virtualmachines/${name}/${verb}`, {
      accept: "*/*",
      body: {},
    });

  test("a VM that always runs cannot be started", async () => {
    const { status, body } = await act("guest", "start");
    expect([status, body.reason]).toEqual([409, "Conflict"]);
    expect(body.message).toBe(
      'Operation cannot be fulfilled on virtualmachine.kubevirt.io "guest": VM is already running',
    );
  });

  test("stopping one that always runs halts it", async () => {
    expect((await act("guest", "stop")).status).toBe(202);
    const vm = await read(`${vms}/guest`);
    expect(vm.spec.runStrategy).toBe("Halted");
    await eventually(
      "its VMI goes",
      () => machines.instanceOf("guest"),
      (vmi) => vmi === undefined,
    );
  });

  test("is not possible for a client that accepts JSON alone", async () => {
    const path = `${subresources}/namespaces/${cluster.namespace}/virtualmachines/guest/start`;
    const { status, type } = await cluster.ask(`PUT ${path}`, { accept: "application/json", body: {} });
    expect([status, type]).toEqual([406, "text/plain"]);
  });

  test("a VM that does not exist answers 404 in the words of virt-api", async () => {
    const { status, body } = await act("nobody", "start");
    expect([status, body.message]).toEqual([404, 'virtualmachine.kubevirt.io "nobody" not found']);
  });
});
