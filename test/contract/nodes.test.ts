/** Nodes: cordon and its taint, KubeVirt's label, and the fields whose times tell whether a node is alive. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Cluster, eventually, type Json, openCluster } from "./cluster.ts";
import { machinesIn } from "./machines.ts";

let cluster: Cluster;
/** A Node without a machine, for what must not disturb anybody. */
let bare: string;
/** The node on which our VMI runs. */
let node: Json;
let vmi: Json;
beforeAll(async () => {
  cluster = await openCluster("nodes");
  bare = cluster.namespace;
  await machinesIn(cluster).createInstance("guest");
  [vmi] = await machinesIn(cluster).running("guest");
  node = (await cluster.ask(`GET /api/v1/nodes/${vmi.status.nodeName}`)).body;
}, 120_000);
afterAll(async () => {
  await cluster?.ask(`DELETE /api/v1/nodes/${bare}`);
  await cluster?.close();
});

const read = async (name: string): Promise<Json> => (await cluster.ask(`GET /api/v1/nodes/${name}`)).body;
const taint = (object: Json, key: string) => object.spec.taints?.find((each: Json) => each.key === key);

describe("a Node that nobody keeps alive", () => {
  test("is tainted as not ready from its creation, before anybody could schedule to it", async () => {
    const made = await cluster.create("/api/v1/nodes", { apiVersion: "v1", kind: "Node", metadata: { name: bare } });
    expect(made.spec.taints).toEqual([{ key: "node.kubernetes.io/not-ready", effect: "NoSchedule" }]);
  });

  test("is cordoned by kubectl, which says whether it was already", async () => {
    const cordon = async (verb: string) => (await cluster.kubectl([verb, bare])).stdout;
    expect(await cordon("cordon")).toBe(`node/${bare} cordoned\n`);
    expect(await cordon("cordon")).toBe(`node/${bare} already cordoned\n`);
    const cordoned = await eventually(
      "the taint of a cordon",
      () => read(bare),
      (seen) => taint(seen, "node.kubernetes.io/unschedulable") !== undefined,
    );
    expect(cordoned.spec.unschedulable).toBe(true);
    expect(taint(cordoned, "node.kubernetes.io/unschedulable")).toMatchObject({
      effect: "NoSchedule",
      timeAdded: expect.stringMatching(/Z$/),
    });
    const table = await cluster.kubectl(["get", "node", bare, "--no-headers"]);
    expect(table.stdout).toMatch(/ (NotReady|Unknown),SchedulingDisabled /);
  });

  test("loses the taint with the cordon", async () => {
    const { stdout } = await cluster.kubectl(["uncordon", bare]);
    expect(stdout).toBe(`node/${bare} uncordoned\n`);
    const free = await eventually(
      "the taint is gone",
      () => read(bare),
      (seen) => taint(seen, "node.kubernetes.io/unschedulable") === undefined,
    );
    expect(free.spec.unschedulable).toBeUndefined();
    expect((await cluster.kubectl(["uncordon", bare])).stdout).toBe(`node/${bare} already uncordoned\n`);
  });

  test("bears no two taints of one key and effect, whatever their values", async () => {
    const taints = ["1", "2"].map((value) => ({ key: "vmnode.example/twice", value, effect: "NoSchedule" }));
    const answer = await cluster.ask(`PATCH /api/v1/nodes/${bare}?dryRun=All`, {
      contentType: "application/merge-patch+json",
      body: { spec: { taints } },
    });
    expect(answer.status).toBe(422);
    expect(answer.body.message).toBe(
      `Node "${bare}" is invalid: metadata.taints[1]: Duplicate value: {"Key":"vmnode.example/twice","Value":"2","Effect":"NoSchedule","TimeAdded":null}: taints must be unique by key and effect pair`,
    );
  });

  test("can be cordoned with a record in one patch, which fails when the node has changed meanwhile", async () => {
    const { resourceVersion } = (await read(bare)).metadata;
    const cordon = () =>
      cluster.ask(`PATCH /api/v1/nodes/${bare}?fieldManager=vmnode-test`, {
        contentType: "application/merge-patch+json",
        body: {
          metadata: { resourceVersion, annotations: { "vmnode.example/operation": '{"v":1}' } },
          spec: { unschedulable: true },
        },
      });
    const first = await cordon();
    expect(first.body).toMatchObject({
      spec: { unschedulable: true },
      metadata: { annotations: { "vmnode.example/operation": '{"v":1}' } },
    });
    expect((await cordon()).status).toBe(409);
  });

  test("is drained by kubectl in no time when nothing runs there", async () => {
    const { code, stdout } = await cluster.kubectl(["drain", bare]);
    expect([code, stdout]).toEqual([0, `node/${bare} already cordoned\nnode/${bare} drained\n`]);
  });

  test("that does not exist ends kubectl drain before anything is done", async () => {
    const { code, stdout, stderr } = await cluster.kubectl(["drain", "vmnode-nobody", bare]);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain('Error from server (NotFound): nodes "vmnode-nobody" not found');
  });
});

describe("a node that runs VMs", () => {
  test("has KubeVirt's label, a heartbeat, and tells its architecture and host name", () => {
    expect(node.metadata.labels).toMatchObject({
      "kubevirt.io/schedulable": "true",
      "kubernetes.io/hostname": expect.any(String),
      "kubernetes.io/arch": expect.any(String),
    });
    expect(node.metadata.annotations["kubevirt.io/heartbeat"]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
  });

  test("says what it has for pods, and for VMs", () => {
    expect(node.status.allocatable).toMatchObject({ cpu: expect.any(String), memory: expect.any(String) });
    expect(node.status.nodeInfo).toMatchObject({ bootID: expect.any(String), kubeletVersion: expect.any(String) });
  });

  test("has its VMIs by their label", async () => {
    const selector = encodeURIComponent(`kubevirt.io/nodeName=${node.metadata.name}`);
    const { body } = await cluster.ask(`GET /apis/kubevirt.io/v1/virtualmachineinstances?labelSelector=${selector}`);
    const keys = body.items.map(({ metadata }: Json) => `${metadata.namespace}/${metadata.name}`);
    expect(keys).toContain(`${cluster.namespace}/guest`);
  });
});

describe("signs of life carry the server's time of their last change", () => {
  /** The entry of managedFields that owns a field, the path being keys without `f:`. */
  const owner = (object: Json, path: readonly string[]): Json =>
    object.metadata.managedFields.find(({ fieldsV1 }: Json) => {
      let at = fieldsV1;
      for (const key of path) at = at?.[`f:${key}`];
      return at !== undefined;
    });
  const secondsApart = (a: string, b: string) => Math.abs(Date.parse(a) - Date.parse(b)) / 1000;

  test("the node's Lease is renewed again and again", async () => {
    const lease = async () => {
      const path = `GET /apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${node.metadata.name}`;
      const { body, headers } = await cluster.ask(path);
      return { ...body, date: String(headers.date) };
    };
    const first = await lease();
    expect(first.spec).toMatchObject({ holderIdentity: node.metadata.name, leaseDurationSeconds: 40 });
    expect(first.spec.renewTime).toMatch(/\.\d{6}Z$/);
    const entry = owner(first, ["spec", "renewTime"]);
    expect(entry.manager).toBe("kubelet");
    expect(secondsApart(entry.time, first.spec.renewTime)).toBeLessThanOrEqual(2);
    expect(secondsApart(entry.time, first.date)).toBeLessThanOrEqual(40);
    const second = await eventually("it is renewed", lease, (seen) => seen.spec.renewTime !== first.spec.renewTime);
    expect(Date.parse(owner(second, ["spec", "renewTime"]).time)).toBeGreaterThanOrEqual(Date.parse(entry.time));
  });

  test("virt-handler's heartbeat", async () => {
    const { body, headers } = await cluster.ask(`GET /api/v1/nodes/${node.metadata.name}`);
    const entry = owner(body, ["metadata", "annotations", "kubevirt.io/heartbeat"]);
    expect(secondsApart(entry.time, body.metadata.annotations["kubevirt.io/heartbeat"])).toBeLessThanOrEqual(2);
    expect(secondsApart(entry.time, String(headers.date))).toBeLessThanOrEqual(150);
  });

  test("the kubelet's word on the containers of a pod", async () => {
    const pod = await machinesIn(cluster).launcher("guest");
    const entry = owner(pod, ["status", "containerStatuses"]);
    expect(entry).toMatchObject({ manager: "kubelet", operation: "Update", subresource: "status" });
    const started = pod.status.containerStatuses[0].state.running.startedAt;
    expect(Date.parse(entry.time)).toBeGreaterThanOrEqual(Date.parse(started));
  });

  test("the Ready condition says since when it holds", () => {
    const ready = node.status.conditions.find(({ type }: Json) => type === "Ready");
    expect(ready).toMatchObject({ status: "True", reason: "KubeletReady", lastTransitionTime: expect.any(String) });
  });
});
