/** What a server says of itself: versions, groups, resources and subresources, in both forms of discovery. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Cluster, type Json, openCluster, subresources } from "./cluster.ts";

let cluster: Cluster;
beforeAll(async () => {
  cluster = await openCluster("discovery");
});
afterAll(() => cluster?.close());

const aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

test("/version names the release", async () => {
  const { status, body } = await cluster.ask("GET /version");
  expect(status).toBe(200);
  expect(body).toMatchObject({
    major: expect.stringMatching(/^\d+$/),
    minor: expect.stringMatching(/^\d+/),
    gitVersion: expect.stringMatching(/^v\d+\.\d+\.\d+/),
  });
});

test.each(["/livez", "/readyz"])("%s answers ok as text", async (path) => {
  expect(await cluster.ask(`GET ${path}`)).toMatchObject({ status: 200, type: "text/plain", body: "ok" });
});

describe("aggregated discovery", () => {
  test("lists groups with their resources in one answer", async () => {
    const { type, body } = await cluster.ask("GET /apis", { accept: aggregated });
    expect(type).toBe("application/json");
    expect(body).toMatchObject({ kind: "APIGroupDiscoveryList", apiVersion: "apidiscovery.k8s.io/v2" });
    const names = body.items.map((item: Json) => item.metadata.name);
    expect(names).toEqual(expect.arrayContaining(["apps", "policy", "kubevirt.io", "subresources.kubevirt.io"]));
    const group = body.items.find((item: Json) => item.metadata.name === "kubevirt.io");
    expect(group.versions.map(({ version, freshness }: Json) => [version, freshness])).toEqual([
      ["v1", "Current"],
      ["v1alpha3", "Current"],
    ]);
    const vmis = group.versions[0].resources.find(({ resource }: Json) => resource === "virtualmachineinstances");
    expect(vmis).toMatchObject({
      responseKind: { group: "kubevirt.io", version: "v1", kind: "VirtualMachineInstance" },
      scope: "Namespaced",
      singularResource: "virtualmachineinstance",
      shortNames: expect.arrayContaining(["vmi", "vmis"]),
      verbs: expect.arrayContaining(["list", "watch", "patch", "delete"]),
    });
  });

  test("has the core group under /api", async () => {
    const { body } = await cluster.ask("GET /api", { accept: aggregated });
    const [core] = body.items;
    const pods = core.versions[0].resources.find(({ resource }: Json) => resource === "pods");
    expect(pods.subresources).toContainEqual(
      expect.objectContaining({
        subresource: "eviction",
        responseKind: { group: "policy", version: "v1", kind: "Eviction" },
      }),
    );
  });

  test("shows KubeVirt's subresources without verbs and kinds", async () => {
    const { body } = await cluster.ask("GET /apis", { accept: aggregated });
    const group = body.items.find((item: Json) => item.metadata.name === "subresources.kubevirt.io");
    const vmis = group.versions[0].resources.find(({ resource }: Json) => resource === "virtualmachineinstances");
    const cancel = vmis.subresources.find(({ subresource }: Json) => subresource === "evacuate/cancel");
    expect(cancel).toMatchObject({ responseKind: { group: "", version: "", kind: "" }, verbs: null });
  });
});

describe("plain discovery", () => {
  test("lists groups with their preferred versions", async () => {
    const { body } = await cluster.ask("GET /apis", { accept: "application/json" });
    expect(body).toMatchObject({ kind: "APIGroupList", apiVersion: "v1" });
    expect(body.groups).toContainEqual(
      expect.objectContaining({
        name: "kubevirt.io",
        preferredVersion: { groupVersion: "kubevirt.io/v1", version: "v1" },
      }),
    );
  });

  test("lists the resources of one group version", async () => {
    const { body } = await cluster.ask("GET /api/v1", { accept: "application/json" });
    expect(body).toMatchObject({ kind: "APIResourceList", groupVersion: "v1" });
    const named = (name: string) => body.resources.find((resource: Json) => resource.name === name);
    expect(named("pods/eviction")).toMatchObject({
      group: "policy",
      version: "v1",
      kind: "Eviction",
      namespaced: true,
      verbs: ["create"],
    });
    expect(named("nodes")).toMatchObject({ kind: "Node", namespaced: false, shortNames: ["no"] });
    expect(named("nodes/status").verbs).toEqual(["get", "patch", "update"]);
  });

  test("says by evacuate/cancel in KubeVirt's list whether marks can be taken back", async () => {
    const { status, body } = await cluster.ask(`GET ${subresources}`, { accept: "application/json" });
    expect(status).toBe(200);
    expect(body).toMatchObject({ kind: "APIResourceList", groupVersion: "subresources.kubevirt.io/v1" });
    for (const owner of ["virtualmachineinstances", "virtualmachines"]) {
      expect(body.resources).toContainEqual({
        name: `${owner}/evacuate/cancel`,
        singularName: "",
        namespaced: true,
        kind: "",
        verbs: null,
      });
    }
  });

  test("KubeVirt's own version is behind its aggregated API", async () => {
    const { status, body } = await cluster.ask(`GET ${subresources}/version`);
    expect(status).toBe(200);
    expect(body.gitVersion).toMatch(/^v/);
  });
});

describe("what is not served", () => {
  test("a group answers 404 as text", async () => {
    const { status, type, body } = await cluster.ask(
      "GET /apis/nodemaintenance.vmnode.example/v1beta1/nodemaintenances",
    );
    expect([status, type]).toEqual([404, "text/plain"]);
    expect(String(body).trim()).toBe("404 page not found");
  });

  test("a resource of a custom group answers 404 as text, one of a built-in group with a Status", async () => {
    const custom = await cluster.ask("GET /apis/kubevirt.io/v1/nonsenses");
    expect([custom.status, custom.type]).toEqual([404, "text/plain"]);
    const builtIn = await cluster.ask("GET /apis/apps/v1/nonsenses");
    expect(builtIn).toMatchObject({
      status: 404,
      body: { kind: "Status", reason: "NotFound", message: "the server could not find the requested resource" },
    });
  });

  test("a verb answers 405 with a Status", async () => {
    const { status, body } = await cluster.ask("DELETE /api/v1/namespaces");
    expect([status, body.reason]).toEqual([405, "MethodNotAllowed"]);
  });
});

test("kubectl finds KubeVirt's resources by their short names", async () => {
  const { code, stdout } = await cluster.kubectl(["api-resources", "--api-group=kubevirt.io", "--no-headers"]);
  expect(code).toBe(0);
  const lines = stdout
    .trim()
    .split("\n")
    .map((line) => line.split(/\s+/).join(" "));
  expect(lines).toEqual(
    expect.arrayContaining([
      "kubevirts kv,kvs kubevirt.io/v1 true KubeVirt",
      "virtualmachineinstancemigrations vmim,vmims kubevirt.io/v1 true VirtualMachineInstanceMigration",
      "virtualmachineinstances vmi,vmis kubevirt.io/v1 true VirtualMachineInstance",
      "virtualmachines vm,vms kubevirt.io/v1 true VirtualMachine",
    ]),
  );
});
