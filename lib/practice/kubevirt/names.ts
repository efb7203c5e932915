/** KubeVirt's names that only its own components need (staging/src/kubevirt.io/api/core/v1/types.go). */

export const installNamespace = "kubevirt";
export const kubevirtName = "kubevirt";

export const migrationTargetNodeLabel = "kubevirt.io/migrationTargetNodeName";
export const outdatedImageLabel = "kubevirt.io/outdatedLauncherImage";
export const migrationNameLabel = "kubevirt.io/migrationName";
export const deprecatedVmNameLabel = "vm.kubevirt.io/name";
export const vmiIdLabel = "vmi.kubevirt.io/id";
export const cpuManagerLabel = "kubevirt.io/cpumanager";
export const deprecatedCpuManagerLabel = "cpumanager";
export const machineTypePrefix = "machine-type.node.kubevirt.io/";

export const latestApiAnnotation = "kubevirt.io/latest-observed-api-version";
export const storageApiAnnotation = "kubevirt.io/storage-observed-api-version";
export const generationAnnotation = "kubevirt.io/vm-generation";
export const pciTopologyAnnotation = "kubevirt.io/pci-topology-version";
export const migrationTransportAnnotation = "kubevirt.io/migrationTransportUnix";
export const targetReadyAnnotation = "kubevirt.io/migration-target-ready-timestamp";
export const pendingTimeoutAnnotation = "kubevirt.io/migrationPendingPodTimeoutSeconds";
export const bridgeMigrationAnnotation = "kubevirt.io/allow-pod-bridge-network-live-migration";
export const ownerVmiNameAnnotation = "kubevirt.io/owner-vmi-name";
export const ownerVmiUidAnnotation = "kubevirt.io/owner-vmi-uid";
export const evictOnlyAnnotation = "descheduler.alpha.kubernetes.io/request-evict-only";
export const evictionInProgressAnnotation = "descheduler.alpha.kubernetes.io/eviction-in-progress";

export const vmiFinalizer = "kubevirt.io/foregroundDeleteVirtualMachine";
export const vmFinalizer = "kubevirt.io/virtualMachineControllerFinalize";
export const migrationFinalizer = "kubevirt.io/migrationJobFinalize";

export const unpausedGate = "kubevirt.io/virtual-machine-unpaused";

/** The accounts whose writes KubeVirt's own webhooks trust (pkg/virt-api/webhooks/serviceaccounts.go). */
export const accounts = {
  virtApi: `system:serviceaccount:${installNamespace}:kubevirt-apiserver`,
  virtController: `system:serviceaccount:${installNamespace}:kubevirt-controller`,
  virtHandler: `system:serviceaccount:${installNamespace}:kubevirt-handler`,
  virtOperator: `system:serviceaccount:${installNamespace}:kubevirt-operator`,
} as const;

/**
 * How a practice guest behaves, said by annotations of its VMI, so that anybody can apply a difficult VM:
 * they stand for what a real guest, its disks and the network do.
 */
export const behaviour = {
  /** Seconds a live migration takes; default: the guest's memory at 512 MiB/s or at the configured bandwidth. */
  migrationSeconds: "practice.vmnode/migration-seconds",
  /** `fails` (the copy breaks off half-way) or `hangs` (no progress until KubeVirt gives it up). */
  migration: "practice.vmnode/migration",
  /** Seconds from the ACPI signal to the end of the guest; default 3. */
  shutdownSeconds: "practice.vmnode/shutdown-seconds",
  /** `true`: the guest does not react to the ACPI signal and is destroyed at the end of its grace period. */
  ignoresShutdown: "practice.vmnode/ignores-shutdown",
} as const;
