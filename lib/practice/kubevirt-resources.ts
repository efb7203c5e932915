/** KubeVirt's kinds as its CustomResourceDefinitions declare them (pkg/virt-operator/resource/generate/components/crds.go). */
import { define, type PrinterColumn, type Resource } from "./resource.ts";

const age: PrinterColumn = { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" };
const phase: PrinterColumn = { name: "Phase", type: "string", jsonPath: ".status.phase" };

function conditionColumn(name: string, condition: string, priority = 0): PrinterColumn {
  return { name, type: "string", jsonPath: `.status.conditions[?(@.type=='${condition}')].status`, priority };
}

function replicaColumns(kind: string): PrinterColumn[] {
  return [
    { name: "Desired", type: "integer", jsonPath: ".spec.replicas", description: `Number of desired ${kind}` },
    {
      name: "Current",
      type: "integer",
      jsonPath: ".status.replicas",
      description: `Number of managed and not final or deleted ${kind}`,
    },
    {
      name: "Ready",
      type: "integer",
      jsonPath: ".status.readyReplicas",
      description: `Number of managed ${kind} which are ready to receive traffic`,
    },
    age,
  ];
}

const base = { custom: true, generation: "content", categories: ["all"], alsoServed: ["v1alpha3"] } as const;
const withStatus = { ...base, generation: "spec", subresources: ["status"] } as const;
const withScale = { ...base, generation: "spec", subresources: ["status", "scale"] } as const;

export const kubevirtResources: readonly Resource[] = [
  define("kubevirt.io", "v1", "kubevirts", "KubeVirt", {
    ...withStatus,
    shortNames: ["kv", "kvs"],
    printerColumns: [age, phase],
  }),
  define("kubevirt.io", "v1", "virtualmachineinstancemigrations", "VirtualMachineInstanceMigration", {
    ...withStatus,
    shortNames: ["vmim", "vmims"],
    printerColumns: [
      { ...phase, description: "The current phase of VM instance migration" },
      {
        name: "VMI",
        type: "string",
        jsonPath: ".spec.vmiName",
        description: "The name of the VMI to perform the migration on",
      },
    ],
  }),
  define("kubevirt.io", "v1", "virtualmachineinstancepresets", "VirtualMachineInstancePreset", {
    ...base,
    shortNames: ["vmipreset", "vmipresets"],
  }),
  define("kubevirt.io", "v1", "virtualmachineinstancereplicasets", "VirtualMachineInstanceReplicaSet", {
    ...withScale,
    shortNames: ["vmirs", "vmirss"],
    printerColumns: replicaColumns("VirtualMachineInstances"),
  }),
  // Without a status subresource: every write of the status raises the generation.
  define("kubevirt.io", "v1", "virtualmachineinstances", "VirtualMachineInstance", {
    ...base,
    shortNames: ["vmi", "vmis"],
    printerColumns: [
      age,
      phase,
      { name: "IP", type: "string", jsonPath: ".status.interfaces[0].ipAddress" },
      { name: "NodeName", type: "string", jsonPath: ".status.nodeName" },
      conditionColumn("Ready", "Ready"),
      conditionColumn("Live-Migratable", "LiveMigratable", 1),
      conditionColumn("Paused", "Paused", 1),
    ],
  }),
  define("kubevirt.io", "v1", "virtualmachines", "VirtualMachine", {
    ...withStatus,
    shortNames: ["vm", "vms"],
    printerColumns: [
      age,
      { name: "Status", type: "string", jsonPath: ".status.printableStatus", description: "Human Readable Status" },
      conditionColumn("Ready", "Ready"),
    ],
  }),
  define("migrations.kubevirt.io", "v1alpha1", "migrationpolicies", "MigrationPolicy", {
    ...withStatus,
    alsoServed: [],
    categories: ["all"],
    namespaced: false,
  }),
  define("pool.kubevirt.io", "v1beta1", "virtualmachinepools", "VirtualMachinePool", {
    ...withScale,
    alsoServed: ["v1alpha1"],
    shortNames: ["vmpool", "vmpools"],
    printerColumns: replicaColumns("VirtualMachines"),
  }),
];
