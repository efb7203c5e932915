/** ResourceQuotas of the practice cluster: what is used, and which pods are refused. */
import { describe, expect, test } from "vitest";
import { deployments, quotas } from "../../../../lib/practice/kubernetes/keys.ts";
import { condition, machine, openCluster, type SmallCluster } from "../small-cluster.ts";

const web = { name: "web", namespace: "app", kind: "Deployment", image: "nginx:1", nodes: ["n1", "n2"] } as const;

function limit(cluster: SmallCluster, hard: Readonly<Record<string, string>>, spec: object = {}): void {
  cluster.world.store.create(quotas, { metadata: { name: "small", namespace: "app" }, spec: { hard, ...spec } });
  cluster.run(1);
}

describe("what is used", () => {
  test("stands in its status, and changes as pods come and go", () => {
    const cluster = openCluster({ applications: [web] });
    limit(cluster, { pods: "5", "requests.memory": "1Gi" });
    const status = () => cluster.world.store.get(quotas, "app", "small")?.status;
    expect(status()).toMatchObject({ hard: { pods: "5" }, used: { pods: "2" } });
    cluster.change(deployments, "app/web", (draft) => {
      draft.spec.replicas = 1;
    });
    cluster.run(60);
    expect(status()).toMatchObject({ used: { pods: "1" } });
  });
});

const pod = (resources: object = {}) => ({
  metadata: { name: "p", namespace: "app" },
  spec: { containers: [{ name: "c", image: "i", resources }] },
});

describe("a new pod", () => {
  const create = (cluster: SmallCluster, resources: object) => () =>
    cluster.world.store.create({ group: "", resource: "pods" }, pod(resources));

  test.each<[string, Record<string, string>, object, string | undefined]>([
    ["fits", { pods: "3" }, {}, undefined],
    [
      "is one too many",
      { pods: "2" },
      {},
      'pods "p" is forbidden: exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2',
    ],
    [
      "wants too much",
      { "requests.cpu": "500m", "limits.memory": "1Gi" },
      { requests: { cpu: "1500m" }, limits: { memory: "2Gi" } },
      'pods "p" is forbidden: exceeded quota: small, requested: limits.memory=2Gi,requests.cpu=1500m, used: limits.memory=0,requests.cpu=200m, limited: limits.memory=1Gi,requests.cpu=500m',
    ],
    [
      "does not say what it wants",
      { "requests.memory": "1Gi", cpu: "4" },
      { requests: { cpu: "1" } },
      'pods "p" is forbidden: failed quota: small: must specify requests.memory for: c',
    ],
  ])("%s", (_what, hard, resources, refusal) => {
    const cluster = openCluster({ applications: [web] });
    limit(cluster, hard);
    if (refusal === undefined) expect(create(cluster, resources)).not.toThrow();
    else expect(create(cluster, resources)).toThrow(refusal);
  });

  test("is not held against a quota of a scope that it is not of, nor is it counted there", () => {
    const cluster = openCluster({ applications: [web] });
    limit(cluster, { pods: "0" }, { scopes: ["BestEffort"] });
    expect(create(cluster, {})).toThrow("exceeded quota: small");
    expect(create(cluster, { requests: { cpu: "1" } })).not.toThrow();
    cluster.run(1);
    expect(cluster.world.store.get(quotas, "app", "small")?.status).toMatchObject({ used: { pods: "0" } });
  });
});

test("a workload makes the pod when there is room again", () => {
  const cluster = openCluster({ applications: [web] });
  limit(cluster, { pods: "1" });
  const [one] = cluster.world.podsOfNamespace.get("app");
  if (one !== undefined) cluster.deletePod(one);
  cluster.run(60);
  expect(cluster.world.podsOfNamespace.get("app")).toHaveLength(1);
  cluster.world.store.delete(quotas, "app", "small");
  cluster.run(60);
  expect(cluster.world.podsOfNamespace.get("app")).toHaveLength(2);
});

test("a VM whose pod is refused stays Pending, and its VMI says why in virt-controller's words", () => {
  const cluster = openCluster({ machines: [machine("vm", { run: "Always" })] });
  limit(cluster, { pods: "0" });
  const [launcher] = cluster.world.podsOfNamespace.get("app");
  if (launcher !== undefined) cluster.deletePod(launcher);
  cluster.run(120);
  const vmi = cluster.vmi("app/vm");
  expect(vmi.status.phase).toBe("Pending");
  expect(condition(vmi, "Synchronized")).toBe("False FailedCreate");
  expect(JSON.stringify(vmi.status.conditions)).toMatch(
    /failed to create virtual machine pod: pods \\"virt-launcher-vm-\w+\\" is forbidden: exceeded quota: small, requested: pods=1, used: pods=0, limited: pods=0/,
  );
});
