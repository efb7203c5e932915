/** A cluster that is not as expected: names, rights, KubeVirt or objects are missing, damaged, hostile or new. One clear line, and nothing written. */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { KubeObject, ResourceKey } from "../../lib/practice/store.ts";
import { endState } from "../parity/end-state.ts";
import { type DrivenCluster, startDrivenCluster, type Through } from "./driven-cluster.ts";

let world: DrivenCluster;
beforeEach(async () => {
  world = await startDrivenCluster("quiet");
});
afterEach(() => world.close());

const nodes: ResourceKey = { group: "", resource: "nodes" };
const instances: ResourceKey = { group: "kubevirt.io", resource: "virtualmachineinstances" };
const kubevirts: ResourceKey = { group: "kubevirt.io", resource: "kubevirts" };
const definitions: ResourceKey = { group: "apiextensions.k8s.io", resource: "customresourcedefinitions" };
const roles: ResourceKey = { group: "rbac.authorization.k8s.io", resource: "clusterroles" };
const bindings: ResourceKey = { group: "rbac.authorization.k8s.io", resource: "clusterrolebindings" };

const commands = ["list worker-1", "check worker-1", "drain worker-1 --yes --timeout 10m", "abort worker-1 --yes"];
const esc = "\x1b";

function vmiOnWorker1(): KubeObject {
  const found = world.cluster.store.list(instances).find(({ status }) => status?.nodeName === "worker-1");
  if (found === undefined) throw new Error("worker-1 has no VMI");
  return found;
}

function change(key: ResourceKey, { metadata }: KubeObject, how: (draft: KubeObject) => void): void {
  world.cluster.store.modify(key, metadata.namespace, metadata.name, how);
}

describe("a node that does not exist", () => {
  test.each(["list NODE", "check NODE", "drain NODE --yes", "abort NODE --yes", "uncordon NODE"])(
    "%s",
    async (line) => {
      const { code, stdout, stderr } = await world.run(line.replace("NODE", "worker-11"));
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toMatch(/^Error from server \(NotFound\): nodes "worker-11" not found/);
      expect(stderr).toContain("worker-1");
      expect(world.writes()).toEqual([]);
    },
  );

  test("beside one that exists ends the command before anything is touched", async () => {
    const { code } = await world.run("drain worker-1 worker-11 --yes");
    expect(code).toBe(1);
    expect(world.writes()).toEqual([]);
  });
});

describe("a node that cannot be cordoned", () => {
  const refused = (node: string): Through => {
    const message = `nodes "${node}" is forbidden: a policy`;
    const body = { kind: "Status", status: "Failure", code: 403, reason: "Forbidden", message };
    return (connection) => ({
      ...connection,
      send: async (request) => {
        const isCordon = request.method === "PATCH" && request.path === `/api/v1/nodes/${node}`;
        return isCordon
          ? { ...(await connection.send({ ...request, method: "GET" })), status: 403, body }
          : connection.send(request);
      },
    });
  };

  test("the first: nothing was changed", async () => {
    const { code, stderr } = await world.run("drain worker-1 worker-2 --yes", { through: refused("worker-1") });
    expect({ code, writes: world.writes() }).toEqual({ code: 1, writes: [] });
    expect(stderr).toMatch(
      /unable to cordon node "worker-1": nodes "worker-1" is forbidden: a policy\n.*nothing was changed$/,
    );
  });

  test("another one: how those before it are given back, on the same cluster", async () => {
    const flag = `--kubeconfig=${world.env.KUBECONFIG}`;
    const line = `drain worker-1 worker-2 --yes ${flag}`;
    const { code, stderr } = await world.run(line, { through: refused("worker-2") });
    expect({ code, writes: world.writes() }).toEqual({
      code: 1,
      writes: ["PATCH /api/v1/nodes/worker-1?fieldManager=kubectl-vmnode"],
    });
    expect(stderr).toContain(
      `nothing was evicted; what was cordoned is given back by: kubectl vmnode abort worker-1 ${flag}`,
    );
  });
});

describe("a launcher pod of which nothing tells whose it is", () => {
  beforeEach(() => {
    const labels = { "kubevirt.io": "virt-launcher" };
    const spec = { nodeName: "worker-1", containers: [{ name: "compute", image: "launcher" }] };
    world.cluster.store.create(
      { group: "", resource: "pods" },
      { metadata: { name: "odd", namespace: "shop", labels }, spec },
    );
  });

  test("does not pass for an empty place", async () => {
    const { code, stdout } = await world.run("check worker-1");
    expect({ code, stdout }).toEqual({ code: 3, stdout: expect.stringContaining("Unreadable") });
  });

  test("is never evicted, and a drain that accepts it ends with it still there", async () => {
    const { code, stdout, stderr } = await world.run("drain worker-1 --yes --waive Unreadable");
    expect(code, stdout + stderr).toBe(4);
    expect(stdout).toMatch(/still there +1\n +shop\/odd/);
    expect(world.writes().filter((write) => write.includes("odd/eviction"))).toEqual([]);
  });
});

describe("a user who may do everything but read budgets", () => {
  let kubeconfig: string;
  beforeEach(async () => {
    const { store, server } = world.cluster;
    const apiGroups = ["", "apps", "authorization.k8s.io", "discovery.k8s.io", "kubevirt.io", "storage.k8s.io"];
    const rules = [
      { apiGroups: [...apiGroups, "subresources.kubevirt.io"], resources: ["*"], verbs: ["*"] },
      { nonResourceURLs: ["*"], verbs: ["get"] },
    ];
    store.create(roles, { metadata: { name: "most" }, rules });
    store.create(bindings, {
      metadata: { name: "most" },
      subjects: [{ kind: "User", name: "jane", apiGroup: "rbac.authorization.k8s.io" }],
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "most" },
    });
    kubeconfig = path.join(path.dirname(world.cluster.kubeconfigPath), "jane");
    await writeFile(kubeconfig, await server.kubeconfig({ user: "jane" }));
  });

  test("sees the list, and what is missing in it", async () => {
    const { code, stdout, stderr } = await world.run(`list worker-1 --kubeconfig ${kubeconfig}`);
    expect(code).toBe(0);
    expect(stdout.split("\n")).toHaveLength(1 + 4);
    expect(stderr).toContain("poddisruptionbudgets");
  });

  test("is refused a drain until the gap is waived, by the code that is named", async () => {
    const checked = await world.run(`check worker-1 --kubeconfig ${kubeconfig}`);
    expect(checked.code).toBe(3);
    expect(checked.stdout).toContain("poddisruptionbudgets");
    const refused = await world.run(`drain worker-1 --yes --kubeconfig ${kubeconfig}`);
    expect(refused.code).toBe(3);
    expect(world.writes()).toEqual([]);
    const waiver = /--waive[= ](\w+)/.exec(checked.stdout + refused.stdout + refused.stderr)?.[1];
    expect(waiver).toBeDefined();
    const drained = await world.run(`drain worker-1 --yes --waive ${waiver} --kubeconfig ${kubeconfig}`);
    expect(drained.code, drained.stdout + drained.stderr).toBe(0);
  });
});

describe("without KubeVirt", () => {
  test.each(["list", ...commands])("%s", async (line) => {
    for (const { metadata } of world.cluster.store.list(definitions)) {
      if (metadata.name.endsWith("kubevirt.io")) world.cluster.store.delete(definitions, undefined, metadata.name);
    }
    const { code, stdout, stderr } = await world.run(line);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/KubeVirt/);
    expect(world.writes()).toEqual([]);
  });
});

/** Answers whose objects lack a part, as servers never send them. */
function without(part: "status" | "spec"): Through {
  // biome-ignore lint/suspicious/noExplicitAny: bodies of every kind
  const strip = (body: any): any => {
    if (Array.isArray(body?.items)) return { ...body, items: body.items.map(strip) };
    if (body?.metadata === undefined || body.kind === "Status" || /Review$/.test(body.kind)) return body;
    const { [part]: _stripped, ...rest } = body;
    return rest;
  };
  return (connection) => ({
    ...connection,
    send: async (request) => {
      const response = await connection.send(request);
      return { ...response, body: strip(response.body) };
    },
  });
}

describe("objects that say less than they should, or more", () => {
  test.each((["status", "spec"] as const).flatMap((part) => ["list", ...commands].map((line) => ({ part, line }))))(
    "without $part: $line",
    async ({ part, line }) => {
      const { code, stdout, stderr } = await world.run(line, { through: without(part) });
      expect(code, stdout + stderr).toBeOneOf([0, 1, 3, 4]);
      expect(stdout.split("\n")).not.toContain("node/worker-1 drained");
      expect(world.writes().filter((write) => write.includes("/eviction"))).toEqual([]);
    },
  );

  test("a KubeVirt of a version never seen is named, and asked no less carefully", async () => {
    for (const kubevirt of world.cluster.store.list(kubevirts)) {
      change(kubevirts, kubevirt, (draft) => {
        draft.status.observedKubeVirtVersion = "sha256:1c8d";
      });
    }
    const { code, stdout } = await world.run("check worker-1");
    expect(code).toBe(0);
    expect(stdout).toContain("sha256:1c8d");
  });

  test.each(["list", ...commands.slice(0, 2)])("with escape sequences, which are made visible: %s", async (line) => {
    change(nodes, world.node("worker-1"), (draft) => {
      const record = { v: 1, kind: "drain", by: `jane${esc}[1A`, reason: `${esc}[2J\nnode/worker-1 drained`, vms: [] };
      const text = JSON.stringify({ ...record, since: "2026-11-21T12:00:00Z" });
      draft.metadata.annotations = { ...draft.metadata.annotations, "kubectl-vmnode/operation": text };
    });
    change(instances, vmiOnWorker1(), (draft) => {
      for (const condition of draft.status.conditions) {
        if (condition.type !== "LiveMigratable") continue;
        Object.assign(condition, {
          status: "False",
          reason: `${esc}]0;owned\x07`,
          message: `cannot migrate${esc}[2J${esc}[31m\nnode/worker-1 drained`,
        });
      }
    });
    const { code, stdout, stderr } = await world.run(line);
    expect(code).toBeOneOf([0, 3]);
    expect(stdout + stderr).not.toContain(esc);
    expect(stdout.split("\n")).not.toContain("node/worker-1 drained");
  });
});

describe("a record that cannot be read", () => {
  const setRecord = (text: string): void =>
    change(nodes, world.node("worker-1"), (draft) => {
      draft.metadata.annotations = { ...draft.metadata.annotations, "kubectl-vmnode/operation": text };
      draft.spec.unschedulable = true;
    });

  describe.each([
    ["damaged", '{"v":1,"kind":'],
    [
      "of a newer version",
      '{"v":9,"kind":"recover","taints":["node.kubernetes.io/out-of-service=nodeshutdown:NoSchedule"]}',
    ],
  ])("%s", (_case, text) => {
    beforeEach(() => setRecord(text));
    afterEach(() => {
      expect(world.isCordoned("worker-1")).toBe(true);
      expect(world.node("worker-1").metadata.annotations?.["kubectl-vmnode/operation"]).toBe(text);
    });

    test("list shows that it is there", async () => {
      const { code, stdout, stderr } = await world.run("list");
      expect(code).toBe(0);
      expect(stdout + stderr).toMatch(/worker-1.*record/);
    });

    test("abort leaves it, and the cordon that may not be ours, and is incomplete", async () => {
      const { code, stdout, stderr } = await world.run("abort worker-1 --yes");
      expect(code, stdout + stderr).toBe(4);
      expect(stdout + stderr).toMatch(/record/);
    });

    test.each(["uncordon worker-1", "drain worker-1 --yes --waive HeldByOperation"])("%s refuses", async (words) => {
      const { code, stdout, stderr } = await world.run(words);
      expect(code, stdout + stderr).toBe(3);
      expect(stdout + stderr).toContain("kubectl annotate node worker-1 kubectl-vmnode/operation-");
    });
  });
});

test("a VMI that is deleted and made anew under its name during the drain is not taken for the one that was confirmed", async () => {
  const vmi = vmiOnWorker1();
  const { namespace, name, uid } = vmi.metadata;
  const removed = world.cluster.clock.schedule(2_000, () => {
    world.cluster.store.delete(instances, namespace, name);
  });
  const { code, stdout, stderr } = await world.run("drain worker-1 --yes");
  removed();
  expect(code, stdout + stderr).toBe(0);
  const now = world.cluster.store.get(instances, namespace, name);
  expect(now?.metadata.uid).not.toBe(uid);
  expect(endState(world.cluster, "worker-1")).toMatchObject({
    podsLeft: expect.not.arrayContaining(["virt-launcher"]),
  });
  expect(stdout).toMatch(new RegExp(`${namespace}/${name} (restarted|stopped)`));
});

test("VMs whose strategy changes while the plan is looked at are not shut down on what the plan was made from", async () => {
  const before = world.cluster.store.list(instances).map(({ metadata }) => metadata.uid);
  const changed: Through = (connection) => ({
    ...connection,
    send: async (request) => {
      if (request.method === "PATCH" && request.path === "/api/v1/nodes/worker-1")
        for (const { metadata } of world.cluster.store.list(instances))
          world.cluster.store.modify(instances, metadata.namespace, metadata.name, (draft) => {
            draft.spec.evictionStrategy = "None";
          });
      return await connection.send(request);
    },
  });
  const { code, stdout, stderr } = await world.run("drain worker-1 --yes", { through: changed });
  expect(code, stdout + stderr).toBe(4);
  expect(stdout).toContain('confirmed was "moves"');
  expect(world.cluster.store.list(instances).map(({ metadata }) => metadata.uid)).toEqual(before);
});
