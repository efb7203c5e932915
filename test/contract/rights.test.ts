/** Rights: how a server says what somebody may do, and how it refuses what they may not. */
import { readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runKubectl } from "../kubectl.ts";
import { type Cluster, eventually, type Json, kubevirt, openCluster, subresources } from "./cluster.ts";
import { machinesIn } from "./machines.ts";

let cluster: Cluster;
let launcher: Json;
let reader: string;
beforeAll(async () => {
  cluster = await openCluster("rights");
  reader = `${cluster.namespace}-reader`;
  const machines = machinesIn(cluster);
  await machines.createInstance("guest", { strategy: "None" });
  await machines.running("guest");
  launcher = await machines.launcher("guest");
}, 120_000);
afterAll(() => cluster?.close());

const nobody = "vmnode-nobody";

/** Asks the server whether somebody may do this. */
const review = (attributes: Json, as?: string) =>
  cluster.ask("POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {
    body: {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectAccessReview",
      spec: { resourceAttributes: attributes },
    },
    ...(as && { as }),
  });

/** Gives a user rights in the suite's namespace, and waits until the server knows of them. */
async function allow(user: string, rules: Json[]): Promise<void> {
  const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${cluster.namespace}`;
  const metadata = { name: `role-${user}` };
  const apiVersion = "rbac.authorization.k8s.io/v1";
  await cluster.create(`${rbac}/roles`, { apiVersion, kind: "Role", metadata, rules });
  await cluster.create(`${rbac}/rolebindings`, {
    apiVersion,
    kind: "RoleBinding",
    metadata,
    subjects: [{ kind: "User", name: user, apiGroup: "rbac.authorization.k8s.io" }],
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: metadata.name },
  });
  const [{ apiGroups, resources, verbs }] = rules as [Json];
  const [resource, ...subresource] = resources[0].split("/");
  const wanted = { group: apiGroups[0], resource, subresource: subresource.join("/"), verb: verbs[0] };
  await eventually(
    `${user} has the right`,
    () => review({ ...wanted, namespace: cluster.namespace }, user),
    ({ body }) => body.status.allowed,
  );
}

describe("without rights", () => {
  test.each([
    [
      "GET /api/v1/nodes",
      `nodes is forbidden: User "${nobody}" cannot list resource "nodes" in API group "" at the cluster scope`,
    ],
    [
      "GET /api/v1/nodes/worker",
      `nodes "worker" is forbidden: User "${nobody}" cannot get resource "nodes" in API group "" at the cluster scope`,
    ],
    [
      "GET /api/v1/namespaces/NS/pods",
      `pods is forbidden: User "${nobody}" cannot list resource "pods" in API group "" in the namespace "NS"`,
    ],
    [
      "GET /api/v1/namespaces/NS/resourcequotas",
      `resourcequotas is forbidden: User "${nobody}" cannot list resource "resourcequotas" in API group "" in the namespace "NS"`,
    ],
    [
      "GET /api/v1/pods?watch=1&resourceVersion=0",
      `pods is forbidden: User "${nobody}" cannot watch resource "pods" in API group "" at the cluster scope`,
    ],
    [
      `GET ${kubevirt}/virtualmachineinstances`,
      `virtualmachineinstances.kubevirt.io is forbidden: User "${nobody}" cannot list resource "virtualmachineinstances" in API group "kubevirt.io" at the cluster scope`,
    ],
    [
      `PUT ${subresources}/namespaces/NS/virtualmachineinstances/guest/evacuate/cancel`,
      `virtualmachineinstances.subresources.kubevirt.io "guest" is forbidden: User "${nobody}" cannot update resource "virtualmachineinstances/evacuate" in API group "subresources.kubevirt.io" in the namespace "NS"`,
    ],
  ])("%s", async (line, message) => {
    const here = (text: string) => text.replace("NS", cluster.namespace);
    const { status, body } = await cluster.ask(here(line), { as: nobody });
    expect(status).toBe(403);
    expect(body).toMatchObject({ kind: "Status", status: "Failure", reason: "Forbidden", message: here(message) });
  });

  test("an eviction is forbidden before any webhook is asked", async () => {
    const { name, namespace } = launcher.metadata;
    const { status, body } = await cluster.ask(`POST /api/v1/namespaces/${namespace}/pods/${name}/eviction`, {
      as: nobody,
      body: { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace } },
    });
    expect(status).toBe(403);
    expect(body).toMatchObject({
      message: `pods "${name}" is forbidden: User "${nobody}" cannot create resource "pods/eviction" in API group "" in the namespace "${namespace}"`,
      details: { name, kind: "pods" },
    });
  });

  test("kubectl prints the refusal as an error from the server", async () => {
    const { code, stderr } = await cluster.kubectl(["get", "nodes", "--as", nobody]);
    expect(code).toBe(1);
    expect(stderr).toBe(
      `Error from server (Forbidden): nodes is forbidden: User "${nobody}" cannot list resource "nodes" in API group "" at the cluster scope\n`,
    );
  });
});

describe("a token that is none", () => {
  test("is answered with 401, which kubectl words as a login that is missing", async () => {
    const view = await cluster.kubectl(["config", "view", "--raw", "--minify", "-o", "json"]);
    const config = JSON.parse(view.stdout);
    config.users = [{ name: config.users[0].name, user: { token: "vmnode-no-such-token" } }];
    for (const { cluster: each } of config.clusters) {
      const file = each["certificate-authority"];
      if (file === undefined) continue;
      each["certificate-authority-data"] = (await readFile(file)).toString("base64");
      delete each["certificate-authority"];
    }
    const file = path.join(tmpdir(), `${cluster.namespace}.json`);
    await writeFile(file, JSON.stringify(config), { mode: 0o600 });
    const { code, stderr } = await runKubectl(file, ["get", "nodes"]);
    await rm(file);
    expect(code).toBe(1);
    expect(stderr).toContain("error: You must be logged in to the server");
  });
});

describe("asking for one's own rights", () => {
  const evictions = { verb: "create", resource: "pods", subresource: "eviction" };

  test("an administrator may evict", async () => {
    const { status, body } = await review(evictions);
    expect(status).toBe(201);
    expect(body).toMatchObject({ kind: "SelfSubjectAccessReview", status: { allowed: true } });
  });

  test("somebody else may not, unless a role says so", async () => {
    const here = { ...evictions, namespace: cluster.namespace };
    expect((await review(here, reader)).body.status).toMatchObject({ allowed: false });
    await allow(reader, [
      { apiGroups: [""], resources: ["pods", "pods/eviction"], verbs: ["get", "list", "create"] },
      { apiGroups: ["kubevirt.io"], resources: ["virtualmachineinstances"], verbs: ["get", "list", "watch"] },
    ]);
    expect((await review(here, reader)).body.status).toMatchObject({ allowed: true });
    expect((await review(evictions, reader)).body.status.allowed).toBe(false);
    const listed = await cluster.ask(`GET /api/v1/namespaces/${cluster.namespace}/pods`, { as: reader });
    expect(listed.status).toBe(200);
  });

  test("Kubernetes' own role view is enough to see the quotas and budgets of a namespace", async () => {
    const user = `${cluster.namespace}-viewer`;
    const apiGroup = "rbac.authorization.k8s.io";
    await cluster.create(`/apis/${apiGroup}/v1/namespaces/${cluster.namespace}/rolebindings`, {
      apiVersion: `${apiGroup}/v1`,
      kind: "RoleBinding",
      metadata: { name: "viewer" },
      subjects: [{ kind: "User", name: user, apiGroup }],
      roleRef: { apiGroup, kind: "ClusterRole", name: "view" },
    });
    const list = (group: string, resource: string) =>
      review({ verb: "list", group, resource, namespace: cluster.namespace }, user);
    await eventually(
      "the viewer may look at budgets",
      () => list("policy", "poddisruptionbudgets"),
      ({ body }) => body.status.allowed,
    );
    expect((await list("", "resourcequotas")).body.status.allowed).toBe(true);
    expect((await list("", "nodes")).body.status.allowed).toBe(false);
  });

  test("everybody can ask who they are", async () => {
    const { status, body } = await cluster.ask("POST /apis/authentication.k8s.io/v1/selfsubjectreviews", {
      body: { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" },
      as: reader,
    });
    expect(status).toBe(201);
    expect(body.status.userInfo).toMatchObject({ username: reader, groups: ["system:authenticated"] });
  });

  test("kubectl auth can-i answers yes and no, the latter with exit code 1", async () => {
    const can = (...args: string[]) => cluster.kubectl(["auth", "can-i", ...args]);
    expect(await can("create", "pods/eviction")).toMatchObject({ code: 0, stdout: "yes\n" });
    expect(await can("list", "pods", "--as", reader)).toMatchObject({ code: 0, stdout: "yes\n" });
    expect(await can("delete", "nodes", "--as", reader)).toMatchObject({ code: 1 });
  });
});

describe("taking a mark back needs two rights", () => {
  const cancel = (user: string) =>
    cluster.ask(`PUT ${subresources}/namespaces/${cluster.namespace}/virtualmachineinstances/guest/evacuate/cancel`, {
      as: user,
      accept: "*/*",
      body: { evacuationNodeName: launcher.spec.nodeName },
    });
  const grant = (user: string, ...resources: string[]) =>
    allow(user, [{ apiGroups: ["subresources.kubevirt.io"], resources, verbs: ["update"] }]);

  test("the API server asks for the first part of the path", async () => {
    const user = `${cluster.namespace}-long`;
    await grant(user, "virtualmachineinstances/evacuate/cancel");
    const { status, body } = await cancel(user);
    expect(status).toBe(403);
    expect(body.message).toContain('cannot update resource "virtualmachineinstances/evacuate"');
  });

  test("KubeVirt asks for the whole of it, and refuses without a word", async () => {
    const user = `${cluster.namespace}-short`;
    await grant(user, "virtualmachineinstances/evacuate");
    const { status, body } = await cancel(user);
    expect([status, body]).toEqual([401, undefined]);
  });

  test("with both it works", async () => {
    const user = `${cluster.namespace}-both`;
    await grant(user, "virtualmachineinstances/evacuate", "virtualmachineinstances/evacuate/cancel");
    expect((await cancel(user)).status).toBe(200);
  });
});
