/** What the practice API says of itself: groups, resources, OpenAPI, definitions made at run time. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { type PracticeApi, startApi } from "./practice-api.ts";

let api: PracticeApi;

beforeAll(async () => {
  api = await startApi({ aggregated: () => ({ status: 200 }) });
});
afterAll(() => api.close());

interface Entry {
  readonly name: string;
}

it("lists KubeVirt's group with its preferred version", async () => {
  const { json } = await api.client.get("/apis");
  expect(json.groups).toContainEqual({
    name: "kubevirt.io",
    versions: [
      { groupVersion: "kubevirt.io/v1", version: "v1" },
      { groupVersion: "kubevirt.io/v1alpha3", version: "v1alpha3" },
    ],
    preferredVersion: { groupVersion: "kubevirt.io/v1", version: "v1" },
  });
});

it.each([
  ["/api/v1", "pods/eviction", { kind: "Eviction", group: "policy", version: "v1", verbs: ["create"] }],
  ["/api/v1", "nodes", { namespaced: false, shortNames: ["no"], singularName: "node" }],
  ["/apis/kubevirt.io/v1", "virtualmachineinstances", { shortNames: ["vmi", "vmis"], categories: ["all"] }],
  ["/apis/apps/v1", "deployments/scale", { kind: "Scale", group: "autoscaling" }],
  ["/apis/subresources.kubevirt.io/v1", "virtualmachineinstances/evacuate/cancel", { namespaced: true }],
])("%s has %s", async (path, name, expected) => {
  const { json } = await api.client.get(path);
  expect(json.resources.find((entry: Entry) => entry.name === name)).toMatchObject(expected);
});

it("knows that the VMI has no status of its own", async () => {
  const { json } = await api.client.get("/apis/kubevirt.io/v1");
  const names = json.resources.map((entry: Entry) => entry.name);
  expect(names).toContain("virtualmachines/status");
  expect(names).not.toContain("virtualmachineinstances/status");
});

it("answers the aggregated form to those who prefer it, the old one to the others", async () => {
  const v2 = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
  const { json, headers } = await api.client.get("/api", { accept: `${v2},application/json` });
  expect(headers["content-type"]).toBe(v2);
  const podEntry = json.items[0].versions[0].resources.find((entry: { resource: string }) => entry.resource === "pods");
  expect(podEntry).toMatchObject({ responseKind: { group: "", version: "v1", kind: "Pod" }, scope: "Namespaced" });
  expect((await api.client.get("/api", { accept: `application/json,${v2}` })).json.kind).toBe("APIVersions");
});

it("describes each group in OpenAPI v3, with the parameters and list keys that kubectl looks for", async () => {
  const { json: root } = await api.client.get("/openapi/v3");
  expect(Object.keys(root.paths)).toContain("apis/kubevirt.io/v1");
  const { json } = await api.client.get(root.paths["apis/apps/v1"].serverRelativeURL);
  const patch = json.paths["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"].patch;
  expect(patch.parameters.map((entry: Entry) => entry.name)).toContain("fieldValidation");
  expect(json.components.schemas["io.k8s.api.v1.PodSpec"].properties.containers).toMatchObject({
    type: "array",
    "x-kubernetes-patch-merge-key": "name",
  });
});

it("serves a custom resource from its definition until the definition goes", async () => {
  const definition = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "nodemaintenances.nodemaintenance.medik8s.io" },
    spec: {
      group: "nodemaintenance.medik8s.io",
      scope: "Cluster",
      names: { plural: "nodemaintenances", kind: "NodeMaintenance", shortNames: ["nm"] },
      versions: [{ name: "v1beta1", served: true, storage: true, subresources: { status: {} } }],
    },
  };
  const path = "/apis/nodemaintenance.medik8s.io/v1beta1/nodemaintenances";
  expect((await api.client.get(path)).status).toBe(404);
  await api.client.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition);
  const stored = await api.client.get(
    `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${definition.metadata.name}`,
  );
  expect(stored.json.status.conditions).toContainEqual(
    expect.objectContaining({ type: "Established", status: "True" }),
  );
  const created = await api.client.post(path, {
    metadata: { name: "nm" },
    spec: { nodeName: "n1" },
    status: { phase: "x" },
  });
  expect(created).toMatchObject({ status: 201, json: { kind: "NodeMaintenance", metadata: { generation: 1 } } });
  expect(created.json.status).toBeUndefined();
  await api.client.delete(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${definition.metadata.name}`);
  expect((await api.client.get(path)).status).toBe(404);
});

it("keeps core events and those of events.k8s.io as one", async () => {
  const event = {
    metadata: { name: "e" },
    regarding: { kind: "Pod", name: "a", namespace: "app" },
    note: "text",
    reason: "Why",
    type: "Normal",
    reportingController: "me",
  };
  await api.client.post("/apis/events.k8s.io/v1/namespaces/app/events", event);
  const old = await api.client.get("/api/v1/namespaces/app/events?fieldSelector=involvedObject.name%3Da");
  expect(old.json.items).toMatchObject([{ message: "text", involvedObject: { name: "a" }, reportingComponent: "me" }]);
  const now = await api.client.get("/apis/events.k8s.io/v1/namespaces/app/events/e");
  expect(now.json).toMatchObject({ apiVersion: "events.k8s.io/v1", note: "text", regarding: { name: "a" } });
});
