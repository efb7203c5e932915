/** What the server serves, from aggregated and from plain discovery, whole and in part. */
import { afterEach, expect, test } from "vitest";
import { createClient } from "../../../lib/kube/client.ts";
import { type Answer, closeServers, fakeServer, refusal } from "./fake-server.ts";
import { connectTo } from "./surroundings.ts";

afterEach(closeServers);

async function client(answer: Answer) {
  const server = await fakeServer(answer);
  return { client: createClient(await connectTo(server.url)), server };
}

const aggregated = {
  kind: "APIGroupDiscoveryList",
  apiVersion: "apidiscovery.k8s.io/v2",
  items: [
    {
      metadata: { name: "kubevirt.io" },
      versions: [
        {
          version: "v1",
          freshness: "Current",
          resources: [
            {
              resource: "virtualmachineinstances",
              responseKind: { group: "kubevirt.io", version: "v1", kind: "VirtualMachineInstance" },
              scope: "Namespaced",
              verbs: ["get", "list"],
              subresources: [{ subresource: "status", verbs: ["get"] }],
            },
          ],
        },
        { version: "v1alpha3", freshness: "Current" },
      ],
    },
    { metadata: { name: "subresources.kubevirt.io" }, versions: [{ version: "v1", freshness: "Stale" }] },
  ],
};

const vmi = {
  name: "virtualmachineinstances",
  kind: "VirtualMachineInstance",
  namespaced: true,
  verbs: ["get", "list"],
  subresources: ["status"],
};

test("one request tells groups, versions and resources where the server can", async () => {
  const { client: c, server } = await client(() => ({ body: aggregated }));
  expect(await c.discover()).toEqual({
    groups: [
      {
        name: "kubevirt.io",
        versions: [
          { version: "v1", resources: [vmi] },
          { version: "v1alpha3", resources: [] },
        ],
      },
      { name: "subresources.kubevirt.io", versions: [{ version: "v1", resources: [] }] },
    ],
    unavailable: ["subresources.kubevirt.io/v1"],
  });
  expect(server.asked).toHaveLength(1);
  expect(server.asked[0]).toMatchObject({
    path: "/apis",
    headers: { accept: expect.stringContaining("as=APIGroupDiscoveryList") },
  });
});

test("an older server tells groups and versions, the preferred one first", async () => {
  const versions = [{ version: "v1alpha3" }, { version: "v1" }];
  const { client: c } = await client(() => ({
    body: { kind: "APIGroupList", groups: [{ name: "kubevirt.io", versions, preferredVersion: { version: "v1" } }] },
  }));
  expect(await c.discover()).toEqual({
    groups: [
      {
        name: "kubevirt.io",
        versions: [
          { version: "v1", resources: undefined },
          { version: "v1alpha3", resources: undefined },
        ],
      },
    ],
    unavailable: [],
  });
});

test("the resources of one group version carry their subresources", async () => {
  const { client: c, server } = await client(() => ({
    body: {
      kind: "APIResourceList",
      resources: [
        { name: "virtualmachineinstances", kind: "VirtualMachineInstance", namespaced: true, verbs: ["get", "list"] },
        { name: "virtualmachineinstances/status", kind: "VirtualMachineInstance", namespaced: true, verbs: ["get"] },
      ],
    },
  }));
  expect(await c.apiResources("kubevirt.io", "v1")).toEqual([vmi]);
  await c.apiResources("", "v1");
  expect(server.asked.map(({ path }) => path)).toEqual(["/apis/kubevirt.io/v1", "/api/v1"]);
});

test("a group version that is not served is undefined; one that does not answer is an error", async () => {
  const { client: c } = await client(({ path }) =>
    path.endsWith("/v1")
      ? { status: 404, body: "404 page not found", headers: { "Content-Type": "text/plain" } }
      : refusal(503, { reason: "ServiceUnavailable" }),
  );
  expect(await c.apiResources("none.example", "v1")).toBeUndefined();
  await expect(c.apiResources("none.example", "v2")).rejects.toMatchObject({
    name: "KubeError",
    status: { code: 503 },
  });
});

test("the server's version", async () => {
  const { client: c } = await client(() => ({
    body: { major: "1", minor: "36", gitVersion: "v1.36.3", platform: "x" },
  }));
  expect(await c.serverVersion()).toEqual({ major: "1", minor: "36", gitVersion: "v1.36.3" });
});
