/** Kubelets of the practice cluster: pods start, end, and outlive a silence. */
import { expect, test } from "vitest";
import { pods } from "../../../../lib/practice/kubernetes/keys.ts";
import { defaultedPod } from "../../../../lib/practice/kubernetes/pods.ts";
import { condition, openCluster, type SmallCluster } from "../small-cluster.ts";

const place = { namespace: "default", name: "p" };

function start(cluster: SmallCluster, spec: object = {}): void {
  const containers = [{ name: "main", image: "app:1" }];
  cluster.store.create(pods, defaultedPod({ metadata: place, spec: { nodeName: "n1", containers, ...spec } }));
}

const phaseOf = (cluster: SmallCluster): string | undefined => cluster.find(pods, "default/p")?.status.phase;

test("a bound pod is created, then runs, then is ready", () => {
  const cluster = openCluster();
  start(cluster);
  cluster.run(0.5);
  expect(phaseOf(cluster)).toBe("Pending");
  expect(cluster.pod("default/p").status.containerStatuses[0].state.waiting.reason).toBe("ContainerCreating");
  cluster.run(2);
  const pod = cluster.pod("default/p");
  expect(pod.status.phase).toBe("Running");
  expect(condition(pod, "Ready")).toBe("True");
  expect(pod.status.podIP).toMatch(/^10\.244\./);
});

test("a readiness gate that nobody has set keeps the pod unready, and says so", () => {
  const cluster = openCluster();
  start(cluster, { readinessGates: [{ conditionType: "example.com/ready" }] });
  cluster.run(3);
  expect(condition(cluster.pod("default/p"), "Ready")).toBe("False ReadinessGatesNotReady");
  expect(condition(cluster.pod("default/p"), "ContainersReady")).toBe("True");
});

test("a deleted pod gets its time, is reported as ended, and leaves", () => {
  const cluster = openCluster();
  start(cluster);
  cluster.run(3);
  cluster.deletePod(cluster.pod("default/p"));
  cluster.run(0.5);
  expect(cluster.pod("default/p").metadata.deletionGracePeriodSeconds).toBe(30);
  cluster.run(1);
  expect(cluster.find(pods, "default/p")).toBeUndefined();
});

test("while its kubelet is silent a deleted pod stays Terminating for ever, its last word unchanged", () => {
  const cluster = openCluster();
  start(cluster);
  cluster.run(3);
  const before = cluster.pod("default/p").status.containerStatuses;
  cluster.faults.killKubelet("n1");
  cluster.deletePod(cluster.pod("default/p"));
  cluster.run(1200);
  const pod = cluster.pod("default/p");
  expect(pod.metadata.deletionTimestamp).toBeDefined();
  expect(pod.status.phase).toBe("Running");
  expect(pod.status.containerStatuses).toEqual(before);
});

test("a kubelet that comes back ends the pods that were deleted meanwhile", () => {
  const cluster = openCluster();
  start(cluster);
  cluster.run(3);
  cluster.faults.cutNodeFromApi("n1");
  cluster.deletePod(cluster.pod("default/p"));
  cluster.run(600);
  cluster.faults.restore("n1");
  cluster.run(5);
  expect(cluster.find(pods, "default/p")).toBeUndefined();
});

test("containers whose pod was removed by force run on while the node is cut off, and die when it is back", () => {
  const cluster = openCluster();
  start(cluster);
  cluster.run(3);
  cluster.faults.cutNodeFromApi("n1");
  const { uid } = cluster.pod("default/p").metadata;
  cluster.deletePod(cluster.pod("default/p"), 0);
  const hosted = () => cluster.world.hosts.get("n1")?.pods.get(uid);
  cluster.run(600);
  expect(hosted()?.state).toBe("running");
  cluster.faults.restore("n1");
  cluster.run(5);
  expect(hosted()).toBeUndefined();
});

test("after a power loss a node starts what may be restarted, and fails what may not", () => {
  const cluster = openCluster();
  start(cluster);
  const once = { nodeName: "n1", restartPolicy: "Never", containers: [{ name: "main", image: "job:1" }] };
  cluster.store.create(pods, defaultedPod({ metadata: { namespace: "default", name: "job" }, spec: once }));
  cluster.run(3);
  const bootId = cluster.node("n1").status.nodeInfo.bootID;
  cluster.faults.killNode("n1");
  cluster.run(20);
  cluster.faults.restore("n1");
  cluster.run(5);
  expect(cluster.node("n1").status.nodeInfo.bootID).not.toBe(bootId);
  expect(phaseOf(cluster)).toBe("Running");
  expect(cluster.pod("default/job").status.phase).toBe("Failed");
});

test("the kubelet's word carries its own manager and the time of its last change", () => {
  const cluster = openCluster();
  start(cluster);
  cluster.run(3);
  const entry = cluster
    .pod("default/p")
    .metadata.managedFields?.find(({ manager, subresource }) => manager === "kubelet" && subresource === "status");
  expect(entry?.fieldsV1).toHaveProperty(["f:status", "f:containerStatuses"]);
  const reported = Date.parse(entry?.time ?? "");
  cluster.run(600);
  expect(reported).toBe(Date.parse("2026-08-22T12:00:01Z"));
});
