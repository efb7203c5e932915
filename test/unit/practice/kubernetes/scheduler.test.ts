/** The practice cluster's scheduler: where a pod goes, and why nowhere. */
import { describe, expect, test } from "vitest";
import { pods } from "../../../../lib/practice/kubernetes/keys.ts";
import { defaultedPod } from "../../../../lib/practice/kubernetes/pods.ts";
import { condition, machine, node, openCluster } from "../small-cluster.ts";

const small = { cpu: "100m", memory: "64Mi" };

function pod(spec: object = {}, resources: object = { requests: small }) {
  const container = { name: "main", image: "app:1", resources };
  return defaultedPod({ metadata: { namespace: "default", name: "p" }, spec: { containers: [container], ...spec } });
}

describe("a pod that fits no node is told why, in kube-scheduler's words", () => {
  const nothing = "no new claims to deallocate, preemption: 0/3 nodes are available";
  const rows: [string, object, object | undefined, string][] = [
    [
      "node selector",
      { nodeSelector: { disk: "fast" } },
      undefined,
      `0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector. ${nothing}: 3 Preemption is not helpful for scheduling.`,
    ],
    [
      "memory that no node has",
      {},
      { requests: { memory: "500Gi" } },
      `0/3 nodes are available: 3 Insufficient memory. ${nothing}: 3 Preemption is not helpful for scheduling.`,
    ],
    [
      "a device",
      {},
      { requests: { "nvidia.com/gpu": "1" } },
      `0/3 nodes are available: 3 Insufficient nvidia.com/gpu. ${nothing}: 3 Preemption is not helpful for scheduling.`,
    ],
    [
      "required node affinity",
      {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchExpressions: [{ key: "zone", operator: "In", values: ["x"] }] }],
            },
          },
        },
      },
      undefined,
      `0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector. ${nothing}: 3 Preemption is not helpful for scheduling.`,
    ],
    [
      "a claim that does not exist",
      { volumes: [{ name: "v", persistentVolumeClaim: { claimName: "gone" } }] },
      undefined,
      '0/3 nodes are available: persistentvolumeclaim "gone" not found.',
    ],
  ];
  test.each(rows)("%s", (_name, spec, resources, message) => {
    const cluster = openCluster();
    cluster.store.create(pods, pod(spec, resources ?? { requests: small }));
    cluster.run(1);
    expect(condition(cluster.pod("default/p"), "PodScheduled")).toBe("False Unschedulable");
    expect(cluster.eventsOf(cluster.pod("default/p"))).toEqual([`FailedScheduling: ${message}`]);
  });

  test("each node for its own reason, counted up and sorted", () => {
    const cluster = openCluster({
      nodes: [
        node("n1"),
        node("n2", { taints: [{ key: "only", effect: "NoSchedule" }] }),
        node("n3", { memory: "3Gi" }),
      ],
    });
    cluster.cordon("n1");
    cluster.store.create(pods, pod({}, { requests: { memory: "30Gi" } }));
    cluster.run(1);
    const [event] = cluster.eventsOf(cluster.pod("default/p"));
    expect(event).toContain(
      "0/3 nodes are available: 1 Insufficient memory, 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable.",
    );
  });
});

test("memory taken by pods can be freed by preemption, and is free again when one of them has ended", () => {
  const cluster = openCluster({ nodes: [node("n1", { memory: "16Gi" })] });
  const big = { requests: { memory: "9Gi" } };
  const first = { ...pod({}, big), metadata: { namespace: "default", name: "first" } };
  cluster.store.create(pods, first);
  cluster.run(5);
  cluster.store.create(pods, pod({}, big));
  cluster.run(1);
  expect(cluster.eventsOf(cluster.pod("default/p"))[0]).toContain("1 No preemption victims found for incoming pod");
  cluster.deletePod(cluster.pod("default/first"));
  cluster.run(5);
  expect(cluster.pod("default/p").spec.nodeName).toBe("n1");
});

test("a toleration for the cordon's taint lets a pod onto a cordoned node", () => {
  const cluster = openCluster({ nodes: [node("n1")] });
  cluster.cordon("n1");
  const tolerations = [{ key: "node.kubernetes.io/unschedulable", operator: "Exists" }];
  cluster.store.create(pods, pod({ tolerations }));
  cluster.run(1);
  expect(cluster.pod("default/p").spec.nodeName).toBe("n1");
});

test("an unschedulable pod is placed as soon as a node is made to fit", () => {
  const cluster = openCluster();
  for (const name of ["n1", "n2", "n3"]) cluster.cordon(name);
  cluster.store.create(pods, pod());
  cluster.run(1);
  expect(cluster.pod("default/p").spec.nodeName).toBeUndefined();
  cluster.change({ group: "", resource: "nodes" }, "n2", (draft) => {
    delete draft.spec.unschedulable;
  });
  cluster.run(3);
  expect(cluster.pod("default/p").spec.nodeName).toBe("n2");
});

test("pods keep apart as their anti-affinity says, and keep others apart", () => {
  const cluster = openCluster({ nodes: [node("n1")] });
  const labels = { app: "db" };
  const terms = [{ labelSelector: { matchLabels: labels }, topologyKey: "kubernetes.io/hostname" }];
  const affinity = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } };
  const first = { ...pod({ affinity }), metadata: { namespace: "default", name: "first", labels } };
  cluster.store.create(pods, first);
  cluster.run(3);
  cluster.store.create(pods, { ...pod(), metadata: { namespace: "default", name: "p", labels } });
  cluster.run(1);
  const [event] = cluster.eventsOf(cluster.pod("default/p"));
  expect(event).toContain("1 node(s) didn't satisfy existing pods anti-affinity rules");
});

describe("affinity between pods is worked out as kube-scheduler does", () => {
  const zoned = (name: string, zone: string) => node(name, { labels: { zone } });
  const selecting = (app: string, topologyKey = "zone", rest = {}) => ({
    labelSelector: { matchLabels: { app } },
    topologyKey,
    ...rest,
  });
  const required = (kind: "podAffinity" | "podAntiAffinity", ...terms: object[]) => ({
    affinity: { [kind]: { requiredDuringSchedulingIgnoredDuringExecution: terms } },
  });
  const named = (name: string, labels: Record<string, string>, spec: object = {}, namespace = "default") => ({
    ...pod(spec),
    metadata: { namespace, name, labels },
  });

  const onN1 = (labels: Record<string, string>, spec: object = {}, namespace = "default") =>
    named("first", labels, { nodeName: "n1", ...spec }, namespace);

  /** Where p goes when \`first\` runs on n1, in the zone of n2. */
  function placeOf(first: ReturnType<typeof named>, second: ReturnType<typeof named>): string | undefined {
    const cluster = openCluster({ nodes: [zoned("n1", "a"), zoned("n2", "a"), zoned("n3", "b")] });
    cluster.store.create(pods, first);
    cluster.run(3);
    cluster.cordon("n1");
    cluster.store.create(pods, second);
    cluster.run(1);
    return cluster.pod("default/p").spec.nodeName;
  }

  test("a pod keeps others out of its whole zone", () => {
    const shy = onN1({}, required("podAntiAffinity", selecting("db")));
    expect(placeOf(shy, named("p", { app: "db" }))).toBe("n3");
  });

  test("a wanted pod must match all terms, and two that match one each are not it", () => {
    const both = required("podAffinity", selecting("db"), {
      ...selecting("x"),
      labelSelector: { matchLabels: { tier: "x" } },
    });
    expect(placeOf(onN1({ app: "db", tier: "x" }), named("p", {}, both))).toBe("n2");
    expect(placeOf(onN1({ app: "db" }), named("p", {}, both))).toBeUndefined();
  });

  test("a namespaceSelector takes in pods of other namespaces", () => {
    const rest = { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } } };
    const first = onN1({ app: "db" }, {}, "kube-system");
    const wants = (term: object) => named("p", {}, required("podAffinity", term));
    expect(placeOf(first, wants(selecting("db", "zone", rest)))).toBe("n2");
    expect(placeOf(first, wants(selecting("db")))).toBeUndefined();
    expect(placeOf(first, wants(selecting("db", "zone", { namespaceSelector: {} })))).toBe("n2");
  });

  test("the first of a group may run where its topology key exists", () => {
    const wants = (topologyKey: string) =>
      named("p", { app: "db" }, required("podAffinity", selecting("db", topologyKey)));
    expect(placeOf(onN1({}), wants("zone"))).toMatch(/n[23]/);
    expect(placeOf(onN1({}), wants("rack"))).toBeUndefined();
  });
});

describe("topologySpreadConstraints that must be met", () => {
  const labels = { app: "web" };
  const constraint = {
    maxSkew: 1,
    topologyKey: "rack",
    whenUnsatisfiable: "DoNotSchedule",
    labelSelector: { matchLabels: labels },
  };
  const named = (name: string, spec: object) => ({ ...pod(spec), metadata: { namespace: "default", name, labels } });
  const racked = (name: string, rack: string) => node(name, { labels: { rack } });

  /** Where p goes when one of its kind runs on n1 in rack a and none on n2 in rack b; n3 is in none. */
  function placeOf(fields: object, cordoned?: string) {
    const cluster = openCluster({ nodes: [racked("n1", "a"), racked("n2", "b"), node("n3")] });
    cluster.store.create(pods, named("first", { nodeName: "n1" }));
    cluster.run(3);
    if (cordoned !== undefined) cluster.cordon(cordoned);
    cluster.store.create(pods, named("p", { topologySpreadConstraints: [{ ...constraint, ...fields }] }));
    cluster.run(1);
    return { node: cluster.pod("default/p").spec.nodeName, event: cluster.eventsOf(cluster.pod("default/p"))[0] };
  }

  test("a pod goes to where fewest of its kind are", () => {
    expect(placeOf({}).node).toBe("n2");
  });

  test("a cordoned node counts as one without any, and so keeps the pod from all", () => {
    const { node, event } = placeOf({}, "n2");
    expect(node).toBeUndefined();
    expect(event).toContain("1 node(s) didn't match pod topology spread constraints, ");
    expect(event).toContain("1 node(s) didn't match pod topology spread constraints (missing required label)");
  });

  test.each([
    ["more may be there", { maxSkew: 2 }],
    ["it would only be better so", { whenUnsatisfiable: "ScheduleAnyway" }],
    ["tainted nodes do not count", { nodeTaintsPolicy: "Honor" }],
    ["no pod is selected", { labelSelector: {} }],
  ])("it does not where %s", (_why, fields) => {
    expect(placeOf(fields, "n2").node).toMatch(/n[13]/);
  });
});

test("a VM is placed by what its template says of spreading and priority", () => {
  const cluster = openCluster({ machines: [machine("web")] });
  const rules = {
    priorityClassName: "important",
    topologySpreadConstraints: [{ maxSkew: 1, topologyKey: "rack", whenUnsatisfiable: "DoNotSchedule" }],
  };
  cluster.change({ group: "kubevirt.io", resource: "virtualmachines" }, "app/web", ({ spec }) => {
    Object.assign(spec.template.spec, rules);
  });
  cluster.deletePod(cluster.launcher("app/web"));
  cluster.run(60);
  expect(cluster.launcher("app/web").spec).toMatchObject(rules);
  const message = "3 node(s) didn't match pod topology spread constraints (missing required label)";
  expect(cluster.eventsOf(cluster.launcher("app/web"))[0]).toContain(message);
});

test("a disk of one node holds its VM there", () => {
  const cluster = openCluster({ machines: [machine("db", { disk: "local", strategy: "None" })] });
  cluster.cordon("n1");
  cluster.deletePod(cluster.launcher("app/db"));
  cluster.run(60);
  const [event] = cluster.eventsOf(cluster.launcher("app/db"));
  expect(event).toContain("1 node(s) were unschedulable, 2 node(s) didn't match PersistentVolume's node affinity");
  expect(cluster.vm("app/db").status.printableStatus).toBe("ErrorUnschedulable");
});

test("a ReadWriteOncePod claim lets no second pod in while the first one's object exists", () => {
  const cluster = openCluster({ machines: [machine("db", { disk: "one-pod", strategy: "None" })] });
  const claim = { name: "v", persistentVolumeClaim: { claimName: "db-root" } };
  const other = pod({ volumes: [claim] });
  cluster.store.create(pods, { ...other, metadata: { namespace: "app", name: "p" } });
  cluster.run(1);
  expect(cluster.eventsOf(cluster.pod("app/p"))[0]).toContain(
    "3 node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode",
  );
});
