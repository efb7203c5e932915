/** What virt-api's webhooks complete and refuse. */
import { describe, expect, test } from "vitest";
import type { AdmissionAnswer } from "../../../../lib/practice/api/admission.ts";
import { instances, migrations, virtualMachines } from "../../../../lib/practice/kubernetes/keys.ts";
import type { KubeObject } from "../../../../lib/practice/store.ts";
import { machine, openCluster, type SmallCluster } from "../small-cluster.ts";

const controller = "system:serviceaccount:kubevirt:kubevirt-controller";

function update(cluster: SmallCluster, edit: (draft: KubeObject) => void, user = "alice"): AdmissionAnswer {
  const oldObject = cluster.vmi("app/vm");
  const object = structuredClone(oldObject);
  edit(object);
  const named = { namespace: "app", name: "vm", dryRun: false, groups: [] };
  return cluster.virt.admit({ operation: "UPDATE", key: instances, object, oldObject, user, ...named });
}

describe("a new VMI", () => {
  const cluster = openCluster({ machines: [machine("vm")] });
  const fresh = cluster.create(instances, {
    metadata: { namespace: "app", name: "fresh" },
    spec: {
      domain: { devices: {}, resources: { requests: { memory: "1Gi", cpu: "3" } } },
      volumes: [{ name: "root", containerDisk: { image: "fedora" } }],
    },
  });

  test("gets KubeVirt's defaults", () => {
    expect(fresh.spec.domain).toMatchObject({
      cpu: { cores: 1, sockets: 3, threads: 1, model: "host-model" },
      memory: { guest: "1Gi" },
      machine: { type: "q35" },
      devices: {
        disks: [{ name: "root", disk: { bus: "virtio" } }],
        interfaces: [{ name: "default", masquerade: {} }],
      },
    });
    expect(fresh.spec).toMatchObject({ architecture: "amd64", evictionStrategy: "None" });
    expect(fresh.spec.volumes[0].containerDisk.imagePullPolicy).toBe("Always");
  });

  test("is Pending and cannot vanish under its guest", () => {
    expect(fresh.status.phase).toBe("Pending");
    expect(fresh.metadata.finalizers).toEqual(["kubevirt.io/foregroundDeleteVirtualMachine"]);
  });

  test("with an unknown eviction strategy is refused", () => {
    const create = () =>
      cluster.create(instances, {
        metadata: { namespace: "app", name: "x" },
        spec: { evictionStrategy: "livemigrate" },
      });
    expect(create).toThrow(/spec.evictionStrategy is set with an unrecognized option: livemigrate/);
  });
});

describe("a change of a VMI", () => {
  test("by a user: what it does to the status is put back without a word", () => {
    const cluster = openCluster({ machines: [machine("vm")] });
    const answer = update(cluster, (draft) => {
      draft.status.evacuationNodeName = "n1";
      draft.metadata.labels = { ...draft.metadata.labels, mine: "yes" };
    });
    const object = "object" in answer ? answer.object : undefined;
    expect(object?.status.evacuationNodeName).toBeUndefined();
    expect(object?.metadata.labels?.mine).toBe("yes");
  });

  test("by KubeVirt's own account: the status is taken", () => {
    const cluster = openCluster({ machines: [machine("vm")] });
    const mark = (draft: KubeObject): void => {
      draft.status.evacuationNodeName = "n1";
    };
    expect(update(cluster, mark, controller)).toEqual({ allowed: true });
  });

  test("by a user: spec and reserved labels are refused", () => {
    const cluster = openCluster({ machines: [machine("vm")] });
    const spec = update(cluster, (draft) => {
      draft.spec.evictionStrategy = "None";
    });
    expect(spec).toMatchObject({ allowed: false, code: 422 });
    expect("message" in spec && spec.message).toContain("update of VMI object is restricted");
    const label = update(cluster, (draft) => {
      draft.metadata.labels = { ...draft.metadata.labels, "kubevirt.io/nodeName": "n2" };
    });
    expect("message" in label && label.message).toContain("reserved kubevirt.io/ labels");
  });
});

test("a migration of a VMI whose name is too long for a label is refused, and an evacuation of it never begins", () => {
  const name = "a".repeat(64);
  const cluster = openCluster({ machines: [machine(name)] });
  const refusal = `metadata.labels: Invalid value: "${name}": must be no more than 63 bytes`;
  expect(() => cluster.migrate(`app/${name}`)).toThrow(refusal);
  expect(cluster.evict(cluster.launcher(`app/${name}`))).toMatchObject({ allowed: false });
  cluster.run(60);
  expect(cluster.migrationsOf(`app/${name}`)).toEqual([]);
  expect(cluster.vmi(`app/${name}`).status.evacuationNodeName).toBe("n1");
  expect(cluster.eventsOf(cluster.vmi(`app/${name}`)).at(-1)).toContain(refusal);
});

describe("a new migration", () => {
  const denied = 'admission webhook "migration-create-validator.kubevirt.io" denied the request: ';

  test.each<[string, (cluster: SmallCluster) => void, string]>([
    [
      "of a VMI that does not exist",
      (cluster) => cluster.migrate("app/nobody"),
      `${denied}the VMI "app/nobody" does not exist`,
    ],
    [
      "of a VMI that cannot be migrated",
      (cluster) => cluster.migrate("app/rwo"),
      `${denied}Cannot migrate VMI, Reason: DisksNotLiveMigratable, Message: cannot migrate VMI: PVC rwo-root is not shared, live migration requires that all PVCs must be shared (using ReadWriteMany access mode)`,
    ],
    [
      "with a priority of one's own",
      (cluster) =>
        cluster.create(migrations, {
          metadata: { namespace: "app", generateName: "x-" },
          spec: { vmiName: "vm", priority: "system-critical" },
        }),
      `${denied}Migration priority queue, only virt-controller is allowed to set priority field`,
    ],
    [
      "without a name",
      (cluster) => cluster.create(migrations, { metadata: { namespace: "app", generateName: "x-" }, spec: {} }),
      `${denied}vmiName is missing`,
    ],
  ])("%s is refused", (_name, act, message) => {
    const cluster = openCluster({ machines: [machine("vm"), machine("rwo", { disk: "exclusive" })] });
    expect(() => act(cluster)).toThrow(message);
  });

  test("while another one is unfinished is refused with its UID", () => {
    const cluster = openCluster({ machines: [machine("vm")] });
    const { uid } = cluster.migrate("app/vm").metadata;
    expect(() => cluster.migrate("app/vm")).toThrow(
      `in-flight migration detected. Active migration job (${uid}) is currently already in progress for VMI vm.`,
    );
  });

  test("of a finished VMI is refused", () => {
    const cluster = openCluster({ machines: [machine("vm", { run: "Manual" })] });
    cluster.deletePod(cluster.launcher("app/vm"));
    cluster.run(10);
    expect(() => cluster.migrate("app/vm")).toThrow("Cannot migrate VMI in finalized state.");
  });

  test("is labelled with its VMI and kept until it has ended", () => {
    const cluster = openCluster({ machines: [machine("vm")] });
    const migration = cluster.migrate("app/vm");
    expect(migration.metadata.labels).toEqual({ "kubevirt.io/vmi-name": "vm" });
    expect(migration.metadata.finalizers).toEqual(["kubevirt.io/migrationJobFinalize"]);
  });
});

describe("a new VM", () => {
  const template = { spec: { domain: {} } };

  test.each<[string, object, string]>([
    ["both ways to say whether it runs", { running: true, runStrategy: "Always", template }, "mutually exclusive"],
    ["neither", { template }, "One of Running or RunStrategy must be specified"],
    ["an unknown run strategy", { runStrategy: "Sometimes", template }, "Invalid RunStrategy (Sometimes)"],
    ["no template", { runStrategy: "Always" }, "missing virtual machine template."],
  ])("with %s is refused", (_name, spec, message) => {
    const cluster = openCluster();
    const create = () => cluster.create(virtualMachines, { metadata: { namespace: "default", name: "x" }, spec });
    expect(create).toThrow(message);
  });
});

test("without virt-api nothing of KubeVirt's can be created, by users or by KubeVirt itself", () => {
  const cluster = openCluster({ machines: [machine("vm")] });
  cluster.faults.stopVirtApi();
  cluster.run(5);
  expect(() => cluster.migrate("app/vm")).toThrow(
    /failed calling webhook "migrations-mutator.kubevirt.io": failed to call webhook: Post .* no endpoints available/,
  );
  cluster.store.delete(instances, "app", "vm");
  cluster.run(60);
  expect(cluster.vmi("app/vm").status.phase).toBe("Running");
  cluster.faults.startVirtApi();
  cluster.run(120);
  expect(cluster.vmi("app/vm").metadata.deletionTimestamp).toBeUndefined();
  expect(cluster.vmi("app/vm").status.phase).toBe("Running");
});
