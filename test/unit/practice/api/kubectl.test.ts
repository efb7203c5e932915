/** The genuine kubectl against the practice API: what it prints is what it prints on any cluster. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Finished } from "../../../finished.ts";
import { runKubectl } from "../../../kubectl.ts";
import { aPod, budgets, machines, nodes, type PracticeApi, pods, startApi } from "./practice-api.ts";

let api: PracticeApi;
let directory: string;

beforeAll(async () => {
  api = await startApi({ aggregated: () => ({ status: 200 }) });
  directory = mkdtempSync(join(tmpdir(), "practice-kubectl-"));
  writeFileSync(join(directory, "config"), await api.server.kubeconfig());
  for (const name of ["n1", "n2"]) {
    api.store.create(nodes, {
      metadata: { name },
      status: {
        conditions: [{ type: "Ready", status: "True" }],
        addresses: [{ type: "InternalIP", address: "10.0.0.1" }],
        nodeInfo: {
          kubeletVersion: "v1.36.2",
          osImage: "Linux",
          kernelVersion: "6.12",
          containerRuntimeVersion: "cri://1",
        },
      },
    });
  }
  api.store.create(pods, aPod("web", { labels: { app: "web" } }));
  api.store.create(pods, aPod("guarded", { labels: { app: "guarded" } }));
  api.store.create(budgets, {
    metadata: { name: "guard", namespace: "app" },
    spec: { minAvailable: 1, selector: { matchLabels: { app: "guarded" } } },
    status: { observedGeneration: 1, disruptionsAllowed: 0, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 },
  });
  api.store.create(machines, {
    metadata: { name: "vm", namespace: "app" },
    status: { phase: "Running", nodeName: "n1" },
  });
});
afterAll(async () => {
  await api.close();
  rmSync(directory, { recursive: true });
});

function kubectl(line: string, input?: string): Promise<Finished> {
  return runKubectl(join(directory, "config"), line.split(" "), input === undefined ? {} : { input });
}

/** The columns of a table, one blank between two. */
function squeezed(text: string): string {
  return text.replace(/ +/g, " ").replace(/ $/gm, "").trim();
}

describe("get", () => {
  it.each([
    ["nodes", "NAME STATUS ROLES AGE VERSION\nn1 Ready <none> 0s v1.36.2\nn2 Ready <none> 0s v1.36.2"],
    [
      "node n1 -o wide",
      "NAME STATUS ROLES AGE VERSION INTERNAL-IP EXTERNAL-IP OS-IMAGE KERNEL-VERSION CONTAINER-RUNTIME\n" +
        "n1 Ready <none> 0s v1.36.2 10.0.0.1 <none> Linux 6.12 cri://1",
    ],
    ["pods -A -l app=web", "NAMESPACE NAME READY STATUS RESTARTS AGE\napp web 0/1 Running 0 0s"],
    ["vmi -A", "NAMESPACE NAME AGE PHASE IP NODENAME READY\napp vm 0s Running n1"],
    ["pdb -n app", "NAME MIN AVAILABLE MAX UNAVAILABLE ALLOWED DISRUPTIONS AGE\nguard 1 N/A 0 0s"],
    ["pods,vmi -n app -o name", "pod/guarded\npod/web\nvirtualmachineinstance.kubevirt.io/vm"],
    ["pods -A --field-selector spec.nodeName=n1,metadata.name=web -o name", "pod/web"],
    ["vmi vm -n app -o jsonpath={.status.phase}", "Running"],
  ])("%s", async (what, expected) => {
    const { stdout, stderr, code } = await kubectl(`get ${what}`);
    expect({ table: squeezed(stdout), stderr, code }).toEqual({ table: expected, stderr: "", code: 0 });
  });

  it("says what is not there as ever", async () => {
    expect((await kubectl("get pod nope -n app")).stderr).toBe('Error from server (NotFound): pods "nope" not found\n');
    expect((await kubectl("get nonsense")).stderr).toBe('error: the server doesn\'t have a resource type "nonsense"\n');
  });
});

it.each([
  ["describe node n1", "Unschedulable:"],
  ["describe pod web -n app", "QoS Class:"],
  ["describe vmi vm -n app", "Virtual Machine Instance|VirtualMachineInstance"],
  ["describe pdb guard -n app", "Allowed disruptions:  0"],
  [
    "api-resources --api-group=kubevirt.io",
    "virtualmachineinstances +vmi,vmis +kubevirt.io/v1 +true +VirtualMachineInstance",
  ],
  ["auth whoami", "kubernetes-admin"],
  ["auth can-i delete nodes", "yes"],
  ["get --raw /readyz", "^ok$"],
  ["explain pdb.spec", "unhealthyPodEvictionPolicy\t<string>"],
  ["version", "Server Version: v1.36"],
])("%s works", async (line, expected) => {
  const { stdout, code } = await kubectl(line);
  expect(stdout).toMatch(new RegExp(expected, "m"));
  expect(code).toBe(0);
});

it.each([
  ["cordon n2", "node/n2 cordoned"],
  ["uncordon n2", "node/n2 uncordoned"],
  ["label node n2 a=b", "node/n2 labeled"],
  ["annotate vmi vm -n app a=b", "virtualmachineinstance.kubevirt.io/vm annotated"],
  ["taint node n2 k=v:NoSchedule", "node/n2 tainted"],
  ["taint node n2 k-", "node/n2 untainted"],
  ['patch vmi vm -n app --type=merge -p {"spec":{"a":1}}', "virtualmachineinstance.kubevirt.io/vm patched"],
  [
    'patch vmi vm -n app --type=json -p [{"op":"add","path":"/spec/b","value":2}]',
    "virtualmachineinstance.kubevirt.io/vm patched",
  ],
  ['patch node n2 -p {"metadata":{"labels":{"c":"d"}}}', "node/n2 patched"],
  ["create namespace fresh", "namespace/fresh created"],
  ["create serviceaccount bot -n app", "serviceaccount/bot created"],
  ["create deployment web --image=x -n app", "deployment.apps/web created"],
  ["scale deployment web --replicas=3 -n app", "deployment.apps/web scaled"],
  ["delete deployment web -n app", 'deployment.apps "web" deleted from app namespace'],
  ["wait --for=jsonpath={.status.phase}=Running vmi/vm -n app", "virtualmachineinstance.kubevirt.io/vm condition met"],
])("%s says: %s", async (line, expected) => {
  const { stdout, stderr, code } = await kubectl(line);
  expect({ stdout: stdout.trim(), stderr, code }).toEqual({ stdout: expected, stderr: "", code: 0 });
});

describe("apply", () => {
  const manifest = (image: string): string =>
    JSON.stringify({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "applied", namespace: "app" },
      spec: {
        selector: { matchLabels: { a: "b" } },
        template: {
          metadata: { labels: { a: "b" } },
          spec: {
            containers: [
              { name: "c", image },
              { name: "d", image: "x" },
            ],
          },
        },
      },
    });

  it("creates, leaves alone, and configures, without a warning", async () => {
    for (const [image, outcome] of [
      ["i:1", "created"],
      ["i:1", "unchanged"],
      ["i:2", "configured"],
    ] as const) {
      const { stdout, stderr } = await kubectl("apply -f -", manifest(image));
      expect({ stdout, stderr }).toEqual({ stdout: `deployment.apps/applied ${outcome}\n`, stderr: "" });
    }
  });

  it("on the server's side takes over what it applied on the client's", async () => {
    await kubectl("apply -f -", manifest("i:2"));
    const taken = await kubectl("apply --server-side -f -", manifest("i:3"));
    expect(taken).toMatchObject({ stdout: "deployment.apps/applied serverside-applied\n", code: 0 });
    const refused = await kubectl("apply --server-side --field-manager=other -f -", manifest("i:4"));
    expect(refused.stderr).toContain('conflict with "kubectl": .spec.template.spec.containers[name="c"].image');
  });

  it("refuses unknown fields", async () => {
    const { stderr, code } = await kubectl("apply -f -", manifest("i:1").replace('"spec"', '"sepc"'));
    expect(code).toBe(1);
    expect(stderr).toContain('strict decoding error: unknown field "sepc"');
  });
});

describe("evictions", () => {
  const eviction = (name: string): string =>
    JSON.stringify({ apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace: "app" } });

  it("sent raw are decided by the budget", async () => {
    const path = "/api/v1/namespaces/app/pods/guarded/eviction";
    const { stderr } = await kubectl(`create --raw ${path} -f -`, eviction("guarded"));
    expect(stderr).toBe(
      "Error from server (TooManyRequests): Cannot evict pod as it would violate the pod's disruption budget.\n",
    );
  });

  it("of a drain arrive as kubectl's typed client sends them", async () => {
    const { stdout, stderr } = await kubectl("drain n1 --force --pod-selector=app=guarded --timeout=1s");
    expect(stdout).toContain("evicting pod app/guarded");
    expect(stderr).toContain(
      'error when evicting pods/"guarded" -n "app" (will retry after 5s): Cannot evict pod as it would violate the pod\'s disruption budget.',
    );
    await kubectl("uncordon n1");
  });
});

it("watches and ends when the object goes", async () => {
  api.store.create(machines, { metadata: { name: "leaving", namespace: "app" } });
  const waiting = kubectl("wait --for=delete vmi/leaving -n app --timeout=8s");
  while (!api.server.requests.some(({ url }) => /leaving.*watch=true|watch=true.*leaving/.test(url)))
    await new Promise((done) => setTimeout(done, 20));
  api.store.delete(machines, "app", "leaving");
  expect(await waiting).toMatchObject({
    stdout: "virtualmachineinstance.kubevirt.io/leaving condition met\n",
    code: 0,
  });
});

it("logs need a kubelet", async () => {
  const { stderr } = await kubectl("logs web -n app");
  expect(stderr).toContain("/containerLogs/app/web/main");
});
