/** KubeVirt's webhook for evictions, as each release answers. */
import { describe, expect, test } from "vitest";
import { instances, pods } from "../../../../lib/practice/kubernetes/keys.ts";
import type { MachineRow } from "../../../../lib/practice/scenarios/scenario.ts";
import { bare, condition, machine, openCluster } from "../small-cluster.ts";

const prefix = 'admission webhook "virt-launcher-eviction-interceptor.kubevirt.io" denied the request: ';
const triggered = 'Eviction triggered evacuation of VMI "app/vm"';
const notMigratable = "VMI vm is configured with an eviction strategy but is not live-migratable";

function answerTo(row: Partial<MachineRow>) {
  const cluster = openCluster({ machines: [machine("vm", row)] });
  const answer = cluster.evict(cluster.launcher("app/vm"));
  return { answer, marked: cluster.vmi("app/vm").status.evacuationNodeName, cluster };
}

describe("the eviction of a running VMI's launcher pod", () => {
  test.each<[string, Partial<MachineRow>, string | undefined, boolean]>([
    ["None", { strategy: "None" }, undefined, false],
    ["LiveMigrate, migratable", { strategy: "LiveMigrate" }, triggered, true],
    ["LiveMigrate, disk not shared", { strategy: "LiveMigrate", disk: "exclusive" }, notMigratable, false],
    ["LiveMigrateIfPossible, migratable", { strategy: "LiveMigrateIfPossible" }, triggered, true],
    ["LiveMigrateIfPossible, not migratable", { strategy: "LiveMigrateIfPossible", bridge: true }, undefined, false],
    ["External, migratable", { strategy: "External" }, triggered, true],
    ["External, not migratable", { strategy: "External", disk: "local" }, triggered, true],
  ])("%s", (_name, row, refusal, marks) => {
    const { answer, marked } = answerTo(row);
    if (refusal === undefined) expect(answer).toEqual({ allowed: true });
    else expect(answer).toEqual({ allowed: false, code: 429, message: prefix + refusal });
    expect(marked).toBe(marks ? "n1" : undefined);
  });

  test("without a strategy of its own it has the cluster's, stamped in when it was created", () => {
    const { strategy: _own, ...row } = machine("vm");
    const cluster = openCluster({ configuration: { evictionStrategy: "LiveMigrate" }, machines: [row] });
    expect(cluster.vmi("app/vm").spec.evictionStrategy).toBe("LiveMigrate");
    const plain = openCluster({ machines: [row] });
    expect(plain.vmi("app/vm").spec.evictionStrategy).toBe("None");
    expect(plain.evict(plain.launcher("app/vm"))).toEqual({ allowed: true });
  });

  test("the mark shows in a condition and on the pod", () => {
    const { cluster } = answerTo({ strategy: "External" });
    cluster.run(1);
    expect(condition(cluster.vmi("app/vm"), "EvictionRequested")).toBe("True EvictionRequested");
    const annotations = cluster.launcher("app/vm").metadata.annotations;
    expect(annotations?.["descheduler.alpha.kubernetes.io/eviction-in-progress"]).toBe("true");
  });

  test("a second eviction is refused with the same words behind a prefix", () => {
    const { cluster } = answerTo({ strategy: "External" });
    const message = `${prefix}Evacuation in progress: ${triggered}`;
    expect(cluster.evict(cluster.launcher("app/vm"))).toMatchObject({ message });
  });

  test("an eviction of the descheduler leaves its source on the VMI", () => {
    const cluster = openCluster({ machines: [machine("vm", { strategy: "External" })] });
    const metadata = {
      name: cluster.launcher("app/vm").metadata.name,
      annotations: { "requested-by": "sigs.k8s.io/descheduler" },
    };
    cluster.evict(cluster.launcher("app/vm"), { body: { metadata } });
    expect(cluster.vmi("app/vm").metadata.annotations?.["kubevirt.io/eviction-source"]).toBe("descheduler");
  });

  test.each([
    ["in the request", { dryRun: true }],
    ["in the body alone", { body: { deleteOptions: { dryRun: ["All"] } } }],
  ])("a dry run %s answers the same and marks nothing", (_where, how) => {
    const cluster = openCluster({ machines: [machine("vm")] });
    expect(cluster.evict(cluster.launcher("app/vm"), how)).toMatchObject({ message: prefix + triggered });
    expect(cluster.vmi("app/vm").status.evacuationNodeName).toBeUndefined();
  });
});

describe("other launcher pods", () => {
  test("the source pod that a migration has left behind passes", () => {
    const cluster = openCluster({ machines: [machine("vm")] });
    const source = cluster.launcher("app/vm");
    cluster.migrate("app/vm");
    cluster.run(30);
    expect(cluster.pod(`app/${source.metadata.name}`).status.phase).toBe("Succeeded");
    expect(cluster.evict(source)).toEqual({ allowed: true });
  });

  test("a migration's target is told apart while its VMI is not marked", () => {
    const cluster = openCluster({ machines: [machine("vm", { guest: { migrationSeconds: 60 } })] });
    cluster.migrate("app/vm");
    cluster.run(10);
    const target = cluster.store.list(pods, "app").find((pod) => pod.spec.nodeName !== "n1");
    expect(target && cluster.evict(target)).toMatchObject({ message: `${prefix}Eviction request for target Pod` });
  });

  test("an orphan, whose VMI no longer exists, is refused for ever", () => {
    const cluster = openCluster({ machines: [bare(machine("vm"))] });
    const pod = cluster.launcher("app/vm");
    cluster.change(instances, "app/vm", (draft) => {
      draft.metadata.finalizers = [];
    });
    cluster.store.delete(instances, "app", "vm");
    const why = 'kubevirt failed getting the vmi: virtualmachineinstances.kubevirt.io "vm" not found';
    expect(cluster.evict(pod)).toMatchObject({ code: 429, message: prefix + why });
  });

  test("a hotplug pod is refused whatever the strategy, by a webhook of its own", () => {
    const cluster = openCluster({ machines: [machine("vm", { strategy: "None", hotplug: true })] });
    const pod = cluster.store.list(pods, "app").find(({ metadata }) => metadata.name.startsWith("hp-volume-"));
    const name = pod?.metadata.name;
    const why = `cannot evict hotplug pod: ${name} associated with running vmi: vm in namespace app`;
    const message = `admission webhook "hotplug-pod-eviction-interceptor.kubevirt.io" denied the request: ${why}`;
    expect(pod && cluster.evict(pod)).toEqual({ allowed: false, code: 429, message });
  });

  test("pods that are none of KubeVirt's are not looked at", () => {
    const web = { name: "web", namespace: "app", kind: "Deployment", image: "nginx:1" } as const;
    const cluster = openCluster({ applications: [web] });
    cluster.faults.stopVirtApi();
    cluster.run(5);
    const [pod] = cluster.store.list(pods, "app");
    expect(pod && cluster.evict(pod)).toEqual({ allowed: true });
  });
});

test("without virt-api the webhook cannot be reached", () => {
  const cluster = openCluster({ machines: [machine("vm")] });
  cluster.faults.stopVirtApi();
  cluster.run(5);
  expect(cluster.evict(cluster.launcher("app/vm"))).toEqual({
    unreachable: true,
    webhook: "virt-launcher-eviction-interceptor.kubevirt.io",
    detail:
      'failed to call webhook: Post "https://virt-api.kubevirt.svc:443/pod-eviction-validate?timeout=10s": no endpoints available for service "virt-api"',
  });
});

describe("older releases", () => {
  const inBody = { body: { deleteOptions: { dryRun: ["All"] } } };

  test.each([
    ["v1.5.3", triggered, `Evacuation in progress: ${triggered}`],
    ["v1.4.0", triggered, undefined],
    ["v1.3.0", triggered, undefined],
    ["v1.2.0", undefined, undefined],
  ])("%s: what the first and the second eviction of a migratable VMI are told", (version, first, second) => {
    const cluster = openCluster({ machines: [machine("vm", { strategy: "External" })] }, version);
    const said = () => {
      const answer = cluster.evict(cluster.launcher("app/vm"));
      return "message" in answer ? answer.message.replace(prefix, "") : undefined;
    };
    expect([said(), said()]).toEqual([first, second]);
    expect(cluster.vmi("app/vm").status.evacuationNodeName).toBe("n1");
  });

  test("up to 1.3 a dry run that stands in the body alone really marks", () => {
    const cluster = openCluster({ machines: [machine("vm", { strategy: "External" })] }, "v1.3.0");
    cluster.evict(cluster.launcher("app/vm"), inBody);
    expect(cluster.vmi("app/vm").status.evacuationNodeName).toBe("n1");
  });

  test("up to 1.4 an eviction passes when virt-api does not answer", () => {
    const cluster = openCluster({ machines: [machine("vm")] }, "v1.4.0");
    cluster.faults.stopVirtApi();
    cluster.run(5);
    expect(cluster.evict(cluster.launcher("app/vm"))).toEqual({ allowed: true });
  });

  test("up to 1.5 every protected VMI has a budget, which a migration raises to two", () => {
    const rows = [machine("vm", { guest: { migrationSeconds: 30 } }), machine("plain", { strategy: "None" })];
    const cluster = openCluster({ machines: rows }, "v1.5.3");
    const own = () => cluster.world.budgetsOfNamespace.get("app");
    expect(own().map(({ metadata, spec }) => [metadata.ownerReferences?.[0]?.name, spec.minAvailable])).toEqual([
      ["vm", 1],
    ]);
    const migration = cluster.migrate("app/vm");
    cluster.run(10);
    expect(own()[0]?.spec.minAvailable).toBe(2);
    expect(own()[0]?.metadata.labels?.["kubevirt.io/migrationName"]).toBe(migration.metadata.name);
    cluster.run(60);
    expect(own()[0]?.spec.minAvailable).toBe(1);
  });

  test("before 1.6.1 a hotplug pod can be evicted under a running guest", () => {
    const cluster = openCluster({ machines: [machine("vm", { hotplug: true })] }, "v1.6.0");
    const pod = cluster.store.list(pods, "app").find(({ metadata }) => metadata.name.startsWith("hp-volume-"));
    expect(pod && cluster.evict(pod)).toEqual({ allowed: true });
  });
});
