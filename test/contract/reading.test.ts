/** How objects are read: lists, pages, selectors, tables and metadata alone. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Cluster, eventually, type Json, kubevirt, openCluster } from "./cluster.ts";
import { machinesIn, pod } from "./machines.ts";

let cluster: Cluster;
let pods: string;
let vmis: string;
let vmi: Json;
beforeAll(async () => {
  cluster = await openCluster("reading");
  pods = `/api/v1/namespaces/${cluster.namespace}/pods`;
  vmis = `${kubevirt}/namespaces/${cluster.namespace}/virtualmachineinstances`;
  const machines = machinesIn(cluster);
  for (const name of ["a", "b", "c"]) {
    await cluster.create(pods, pod(`pod-${name}`, { letter: name, kind: name === "c" ? "consonant" : "any" }));
  }
  await machines.createInstance("guest", { strategy: "LiveMigrate" });
  [vmi] = await machines.running("guest");
  await eventually(
    "all pods run",
    () => cluster.ask(`GET ${pods}?labelSelector=letter`),
    ({ body }) => body.items.every(({ status }: Json) => status.phase === "Running"),
  );
}, 120_000);
afterAll(() => cluster?.close());

const names = (body: Json) => body.items.map(({ metadata }: Json) => metadata.name);

describe("a list", () => {
  test("has a resourceVersion, the kind of the list, and its items without kinds", async () => {
    const { body } = await cluster.ask(`GET ${pods}?labelSelector=letter`);
    expect(body).toMatchObject({
      kind: "PodList",
      apiVersion: "v1",
      metadata: { resourceVersion: expect.stringMatching(/^\d+$/) },
    });
    expect(names(body)).toEqual(["pod-a", "pod-b", "pod-c"]);
    expect(body.items[0].kind).toBeUndefined();
  });

  test("of custom resources names the kind of each item", async () => {
    const { body } = await cluster.ask(`GET ${vmis}`);
    expect(body).toMatchObject({ kind: "VirtualMachineInstanceList", apiVersion: "kubevirt.io/v1" });
    expect(body.items[0]).toMatchObject({ kind: "VirtualMachineInstance", apiVersion: "kubevirt.io/v1" });
  });

  test("over all namespaces is sorted by namespace and name", async () => {
    const { body } = await cluster.ask("GET /api/v1/pods");
    const keys = body.items.map(({ metadata }: Json) => `${metadata.namespace}/${metadata.name}`);
    expect(keys).toEqual([...keys].sort((a, b) => (a < b ? -1 : 1)));
  });

  test("of nothing has an empty array", async () => {
    const { status, body } = await cluster.ask("GET /api/v1/namespaces/vmnode-nowhere/pods");
    expect([status, body.items]).toEqual([200, []]);
  });

  test("answers with the server's time", async () => {
    const { headers } = await cluster.ask("GET /api/v1/nodes?limit=1");
    expect(Date.parse(String(headers.date))).not.toBeNaN();
  });
});

describe("pages", () => {
  test("go on where the last one ended, at the first one's resourceVersion, and count what is left", async () => {
    const first = await cluster.ask(`GET ${pods}?limit=2`);
    const { continue: token, resourceVersion, remainingItemCount } = first.body.metadata;
    expect(first.body.items).toHaveLength(2);
    expect(token).toBeTruthy();
    const second = await cluster.ask(`GET ${pods}?limit=500&continue=${encodeURIComponent(token)}`);
    expect(second.body.items).toHaveLength(remainingItemCount);
    expect(second.body.metadata).toMatchObject({ resourceVersion });
    expect(second.body.metadata.continue ?? "").toBe("");
    const whole = await cluster.ask(`GET ${pods}`);
    expect([...names(first.body), ...names(second.body)]).toEqual(names(whole.body));
  });

  test("under a selector do not say how many are left", async () => {
    const { body } = await cluster.ask(`GET ${pods}?limit=1&labelSelector=letter`);
    expect(body.metadata.continue).toBeTruthy();
    expect(body.metadata.remainingItemCount).toBeUndefined();
  });

  test("with a token that is none are a bad request", async () => {
    const { status, body } = await cluster.ask(`GET ${pods}?limit=2&continue=abc`);
    expect(status).toBe(400);
    expect(body.reason).toBe("BadRequest");
    expect(body.message).toMatch(/^invalid continue token: continue key is not valid/);
  });
});

describe("selectors", () => {
  test.each([
    ["letter=a", ["pod-a"]],
    ["letter in (a,b)", ["pod-a", "pod-b"]],
    ["letter,kind!=any", ["pod-c"]],
    ["letter notin (a)", ["pod-b", "pod-c", "launcher"]],
    ["!letter", ["launcher"]],
  ])("labels: %s", async (selector, expected) => {
    const { body } = await cluster.ask(`GET ${pods}?labelSelector=${encodeURIComponent(selector)}`);
    expect(names(body).map((name: string) => (name.startsWith("virt-launcher-") ? "launcher" : name))).toEqual(
      expected,
    );
  });

  test("labels that cannot be read are a bad request", async () => {
    const { status, body } = await cluster.ask(`GET ${pods}?labelSelector=${encodeURIComponent("a in b")}`);
    expect([status, body.reason]).toEqual([400, "BadRequest"]);
    expect(body.message).toContain("unable to parse requirement");
  });

  test("pods by node, by phase and by name", async () => {
    const { body } = await cluster.ask(`GET ${pods}/pod-a`);
    const { nodeName } = body.spec;
    const onNode = await cluster.ask(`GET ${pods}?fieldSelector=spec.nodeName%3D${nodeName},metadata.name%3Dpod-a`);
    expect(names(onNode.body)).toEqual(["pod-a"]);
    const elsewhere = await cluster.ask(
      `GET ${pods}?fieldSelector=${encodeURIComponent(`metadata.name=pod-a,spec.nodeName!=${nodeName}`)}`,
    );
    expect(elsewhere.body.items).toEqual([]);
    const finished = await cluster.ask(
      `GET ${pods}?fieldSelector=${encodeURIComponent("status.phase!=Succeeded,status.phase!=Failed")}`,
    );
    expect(finished.body.items).toHaveLength(4);
  });

  test("by a field that nobody selects by are a bad request", async () => {
    const { status, body } = await cluster.ask(`GET ${pods}?fieldSelector=spec.hostname%3Dx`);
    expect([status, body.reason]).toEqual([400, "BadRequest"]);
    expect(body.message).toContain("field label not supported: spec.hostname");
  });

  test("custom resources know only their names as fields", async () => {
    const byName = await cluster.ask(`GET ${vmis}?fieldSelector=metadata.name%3Dguest`);
    expect(names(byName.body)).toEqual(["guest"]);
    const byNode = await cluster.ask(`GET ${vmis}?fieldSelector=status.nodeName%3Dx`);
    expect([byNode.status, byNode.body.reason]).toEqual([400, "BadRequest"]);
    expect(byNode.body.message).toContain("field label not supported: status.nodeName");
  });
});

describe("tables", () => {
  const table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

  test("of pods have kubectl's columns, the wide ones with a lower priority", async () => {
    const { body } = await cluster.ask(`GET ${pods}?labelSelector=letter%3Da`, { accept: table });
    expect(body).toMatchObject({ kind: "Table", apiVersion: "meta.k8s.io/v1" });
    const columns = body.columnDefinitions.map(({ name, priority }: Json) => `${name}${priority > 0 ? " (wide)" : ""}`);
    expect(columns).toEqual([
      "Name",
      "Ready",
      "Status",
      "Restarts",
      "Age",
      "IP (wide)",
      "Node (wide)",
      "Nominated Node (wide)",
      "Readiness Gates (wide)",
    ]);
    expect(body.rows[0].cells.slice(0, 3)).toEqual(["pod-a", "1/1", "Running"]);
    expect(body.rows[0].object).toMatchObject({ kind: "PartialObjectMetadata", metadata: { name: "pod-a" } });
  });

  test("of nodes show the status as kubectl does", async () => {
    const { body } = await cluster.ask("GET /api/v1/nodes?includeObject=None", { accept: table });
    expect(body.columnDefinitions.map(({ name }: Json) => name)).toEqual([
      "Name",
      "Status",
      "Roles",
      "Age",
      "Version",
      "Internal-IP",
      "External-IP",
      "OS-Image",
      "Kernel-Version",
      "Container-Runtime",
    ]);
    expect(body.rows[0].object).toBeNull();
    expect(body.rows.map(({ cells }: Json) => String(cells[1]).split(",")[0])).toContain("Ready");
  });

  test("of VMIs have the columns of KubeVirt's definition", async () => {
    const { body } = await cluster.ask(`GET ${vmis}`, { accept: table });
    expect(body.columnDefinitions.map(({ name }: Json) => name)).toEqual([
      "Name",
      "Age",
      "Phase",
      "IP",
      "NodeName",
      "Ready",
      "Live-Migratable",
      "Paused",
    ]);
    const { cells } = body.rows[0];
    expect([cells[0], cells[2], cells[4], cells[5], cells[6]]).toEqual([
      "guest",
      "Running",
      vmi.status.nodeName,
      "True",
      "True",
    ]);
  });

  test("can carry whole objects, and are paged like lists", async () => {
    const { body } = await cluster.ask(`GET ${pods}?includeObject=Object&limit=1`, { accept: table });
    expect(body.rows).toHaveLength(1);
    expect(body.rows[0].object).toMatchObject({ kind: "Pod", apiVersion: "v1", spec: { containers: [{}] } });
    expect(body.metadata.continue).toBeTruthy();
  });
});

describe("metadata alone", () => {
  const partial = (kind: string) => `application/json;as=${kind};v=v1;g=meta.k8s.io,application/json`;

  test("of one object", async () => {
    const { body } = await cluster.ask(`GET ${pods}/pod-a`, { accept: partial("PartialObjectMetadata") });
    expect(body).toMatchObject({
      kind: "PartialObjectMetadata",
      apiVersion: "meta.k8s.io/v1",
      metadata: { name: "pod-a", labels: { letter: "a" } },
    });
    expect(body.spec).toBeUndefined();
  });

  test("of a list", async () => {
    const { body } = await cluster.ask(`GET ${pods}`, { accept: partial("PartialObjectMetadataList") });
    expect(body).toMatchObject({ kind: "PartialObjectMetadataList", apiVersion: "meta.k8s.io/v1" });
    expect(body.items).toHaveLength(4);
    expect(body.items.every((item: Json) => item.spec === undefined)).toBe(true);
  });
});

test("an object that does not exist answers 404 with its name and resource", async () => {
  const pod = await cluster.ask(`GET ${pods}/nobody`);
  expect(pod).toMatchObject({
    status: 404,
    body: {
      kind: "Status",
      status: "Failure",
      reason: "NotFound",
      message: 'pods "nobody" not found',
      details: { name: "nobody", kind: "pods" },
    },
  });
  const guest = await cluster.ask(`GET ${vmis}/nobody`);
  expect(guest.body).toMatchObject({
    message: 'virtualmachineinstances.kubevirt.io "nobody" not found',
    details: { name: "nobody", group: "kubevirt.io", kind: "virtualmachineinstances" },
  });
});

describe("kubectl get", () => {
  test.each([
    [["pods", "-l", "letter=a", "--no-headers"], /^pod-a +1\/1 +Running +0 +\S+\n$/],
    [["vmi", "guest", "--no-headers"], /^guest +\S+ +Running +[\d.]+ +\S+ +True\n$/],
    [["vmi,pods", "-l", "letter=b", "-o", "name"], /^pod\/pod-b\n$/],
    [["vmi", "-o", "jsonpath={.items[*].metadata.name}"], /^guest$/],
    [["pods", "--field-selector", "metadata.name=pod-c", "-o", "name"], /^pod\/pod-c\n$/],
  ])("%j", async (args, expected) => {
    const { code, stdout, stderr } = await cluster.kubectl(["get", ...args]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(expected);
  });

  test("describe shows a node, a VMI and its pod", async () => {
    const node = await cluster.kubectl(["describe", "node", vmi.status.nodeName]);
    expect([node.code, node.stderr]).toEqual([0, ""]);
    expect(node.stdout).toContain(`Name:               ${vmi.status.nodeName}`);
    expect(node.stdout).toContain("Allocated resources:");
    const guest = await cluster.kubectl(["describe", "vmi", "guest"]);
    expect([guest.code, guest.stdout.includes("Phase:")]).toEqual([0, true]);
    const pod = await cluster.kubectl(["describe", "pod", "pod-a"]);
    expect([pod.code, pod.stdout.includes("Node:")]).toEqual([0, true]);
  });
});
