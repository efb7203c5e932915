/** Who may do what at the practice API: credentials, impersonation, RBAC and the reviews. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect } from "../../../api-client.ts";
import { aPod, type PracticeApi, pods, startApi } from "./practice-api.ts";

let api: PracticeApi;
const rbac = "rbac.authorization.k8s.io";

beforeAll(async () => {
  api = await startApi({ aggregated: ({ mayAlso }) => ({ status: mayAlso("evacuate/cancel") ? 200 : 401 }) });
  api.store.create(pods, aPod("a"));
  role("reader", [{ apiGroups: [""], resources: ["pods"], verbs: ["get", "list"] }]);
  role("evictor", [{ apiGroups: [""], resources: ["pods/eviction"], verbs: ["create"], resourceNames: ["a"] }]);
  role("status", [{ apiGroups: [""], resources: ["*/status"], verbs: ["patch"] }]);
  role("impersonator", [{ apiGroups: [""], resources: ["users"], verbs: ["impersonate"], resourceNames: ["reader"] }]);
  const cancel = (resources: string[]): object[] => [
    { apiGroups: ["subresources.kubevirt.io"], resources, verbs: ["update"] },
  ];
  role("short", cancel(["virtualmachineinstances/evacuate"]));
  role("long", cancel(["virtualmachineinstances/evacuate/cancel"]));
  role("both", cancel(["virtualmachineinstances/evacuate", "virtualmachineinstances/evacuate/cancel"]));
});
afterAll(() => api.close());

/** A cluster role of that name, given to the user of that name. */
function role(name: string, rules: object[]): void {
  api.store.create({ group: rbac, resource: "clusterroles" }, { metadata: { name }, rules });
  api.store.create(
    { group: rbac, resource: "clusterrolebindings" },
    { metadata: { name }, roleRef: { apiGroup: rbac, kind: "ClusterRole", name }, subjects: [{ kind: "User", name }] },
  );
}

const podPath = "/api/v1/namespaces/app/pods";

describe("credentials", () => {
  it("of a certificate name user and groups", async () => {
    const client = await api.as("jane", ["devs", "ops"]);
    const { json } = await client.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", {});
    expect(json.status.userInfo).toMatchObject({ username: "jane", groups: ["devs", "ops", "system:authenticated"] });
  });

  it("may be tokens; wrong ones are refused", async () => {
    api.server.addToken("secret", { name: "bot", groups: ["system:masters"] });
    const good = connect(await api.server.kubeconfig({ token: "secret" }));
    expect((await good.get(podPath)).status).toBe(200);
    good.close();
    const wrong = connect(await api.server.kubeconfig({ token: "guess" }));
    expect(await wrong.get(podPath)).toMatchObject({
      status: 401,
      json: { reason: "Unauthorized", message: "Unauthorized" },
    });
    expect((await wrong.get(podPath, { authorization: "" })).json.message).toBe(
      'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" in the namespace "app"',
    );
    expect((await wrong.get("/healthz", { authorization: "" })).status).toBe(200);
    wrong.close();
  });

  it("of service accounts are issued on request", async () => {
    await api.client.post("/api/v1/namespaces/app/serviceaccounts", { metadata: { name: "bot" } });
    const { json } = await api.client.post("/api/v1/namespaces/app/serviceaccounts/bot/token", {});
    const client = connect(await api.server.kubeconfig({ token: json.status.token }));
    const me = await client.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", {});
    expect(me.json.status.userInfo).toMatchObject({
      username: "system:serviceaccount:app:bot",
      groups: ["system:serviceaccounts", "system:serviceaccounts:app", "system:authenticated"],
    });
    client.close();
  });
});

describe("impersonation", () => {
  it("takes on user, groups, uid and extra", async () => {
    const { json } = await api.client.post(
      "/apis/authentication.k8s.io/v1/selfsubjectreviews",
      {},
      {
        "impersonate-user": "jane",
        "impersonate-group": ["a", "b"],
        "impersonate-uid": "u1",
        "impersonate-extra-Scopes": "x",
      },
    );
    expect(json.status.userInfo).toEqual({
      username: "jane",
      uid: "u1",
      groups: ["a", "b", "system:authenticated"],
      extra: { scopes: ["x"] },
    });
  });

  it("needs the right to it", async () => {
    const client = await api.as("impersonator");
    expect((await client.get(podPath, { "impersonate-user": "reader" })).status).toBe(200);
    expect((await client.get(podPath, { "impersonate-user": "jane" })).json.message).toBe(
      'users "jane" is forbidden: User "impersonator" cannot impersonate resource "users" in API group "" at the cluster scope',
    );
  });
});

describe("rights", () => {
  it.each([
    ["reader", "GET", podPath, 200],
    ["reader", "GET", "/api/v1/pods", 200],
    ["reader", "DELETE", `${podPath}/a`, 403],
    ["reader", "GET", "/api/v1/nodes", 403],
    ["status", "PATCH", `${podPath}/a/status`, 200],
    ["status", "PATCH", `${podPath}/a`, 403],
    ["evictor", "POST", `${podPath}/a/eviction?dryRun=All`, 201],
    ["evictor", "POST", `${podPath}/b/eviction`, 403],
    ["stranger", "GET", "/apis", 200],
    ["stranger", "GET", "/metrics", 403],
  ])("of %s: %s %s gives %i", async (user, method, path, expected) => {
    const client = await api.as(user);
    const isPatch = method === "PATCH";
    const body = isPatch ? {} : { metadata: { name: "a" } };
    const headers = isPatch ? { "content-type": "application/merge-patch+json" } : {};
    const { status } = await client.request(method, path, method === "GET" ? {} : { body, headers });
    expect(status).toBe(expected);
  });

  it.each([
    [
      `${podPath}/a`,
      'pods "a" is forbidden: User "eve" cannot get resource "pods" in API group "" in the namespace "app"',
    ],
    [
      "/api/v1/nodes",
      'nodes is forbidden: User "eve" cannot list resource "nodes" in API group "" at the cluster scope',
    ],
    [
      "/apis/kubevirt.io/v1/virtualmachines",
      'virtualmachines.kubevirt.io is forbidden: User "eve" cannot list resource "virtualmachines" in API group "kubevirt.io" at the cluster scope',
    ],
    ["/metrics", 'forbidden: User "eve" cannot get path "/metrics"'],
  ])("that are missing at %s are named", async (path, message) => {
    const client = await api.as("eve");
    const { json } = await client.get(path);
    expect(json).toMatchObject({ reason: "Forbidden", code: 403, message });
  });

  it("of a role binding end with its namespace", async () => {
    api.store.create(
      { group: rbac, resource: "rolebindings" },
      {
        metadata: { name: "edit", namespace: "app" },
        roleRef: { apiGroup: rbac, kind: "ClusterRole", name: "reader" },
        subjects: [{ kind: "Group", name: "devs" }],
      },
    );
    const client = await api.as("jane", ["devs"]);
    expect((await client.get(podPath)).status).toBe(200);
    expect((await client.get("/api/v1/pods")).status).toBe(403);
  });
});

describe("the aggregated API", () => {
  const path = "/apis/subresources.kubevirt.io/v1/namespaces/app/virtualmachineinstances/vm/evacuate/cancel";

  it.each([
    ["short", 401],
    ["long", 403],
    ["both", 200],
  ])(
    "is authorised by its first subresource in front and by the whole path behind: %s gives %i",
    async (user, expected) => {
      const client = await api.as(user);
      expect((await client.request("PUT", path, { body: {} })).status).toBe(expected);
    },
  );

  it("is unavailable while nothing stands behind it, and discovery says so", async () => {
    const without = await startApi();
    expect(await without.client.request("PUT", path, { body: {} })).toMatchObject({
      status: 503,
      text: "service unavailable\n",
    });
    expect((await without.client.get("/apis/subresources.kubevirt.io/v1")).status).toBe(503);
    const accept = { accept: "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList" };
    const { json } = await without.client.get("/apis", accept);
    const group = json.items.find(
      (item: { metadata: { name: string } }) => item.metadata.name === "subresources.kubevirt.io",
    );
    expect(group.versions[0]).toEqual({ version: "v1", resources: [], freshness: "Stale" });
    await without.close();
  });
});

describe("reviews", () => {
  it("say what the asker may do", async () => {
    const client = await api.as("reader");
    const ask = (verb: string): ReturnType<typeof client.post> =>
      client.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {
        spec: { resourceAttributes: { verb, resource: "pods", namespace: "app" } },
      });
    expect((await ask("list")).json.status.allowed).toBe(true);
    expect((await ask("delete")).json.status.allowed).toBe(false);
  });

  it("say what somebody else may do", async () => {
    const spec = { user: "reader", resourceAttributes: { verb: "get", resource: "pods" } };
    const { json } = await api.client.post("/apis/authorization.k8s.io/v1/subjectaccessreviews", { spec });
    expect(json.status.allowed).toBe(true);
  });

  it("list the rules of a namespace", async () => {
    const client = await api.as("reader");
    const { json } = await client.post("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", {
      spec: { namespace: "app" },
    });
    expect(json.status.resourceRules).toContainEqual({ apiGroups: [""], resources: ["pods"], verbs: ["get", "list"] });
  });
});
