/** What upstream KubeVirt, and the parts of Kubernetes around it, call things: every name that is matched stands here once. */

export const kubevirtGroup = "kubevirt.io";
export const subresourcesGroup = "subresources.kubevirt.io";
export const hyperConvergedGroup = "hco.kubevirt.io";
export const harvesterGroup = "harvesterhci.io";
/** Deckhouse's KubeVirt: every group is this one, or ends with a dot and this one. */
export const deckhouseGroup = "internal.virtualization.deckhouse.io";

/** The label that tells KubeVirt's pods apart; its values follow. */
export const appLabel = "kubevirt.io";
export const launcherApp = "virt-launcher";
export const hotplugApp = "hotplug-disk";
export const virtApiApp = "virt-api";
export const virtControllerApp = "virt-controller";
export const virtHandlerApp = "virt-handler";

/** On pods and VMIs. */
export const createdByLabel = "kubevirt.io/created-by";
export const nodeNameLabel = "kubevirt.io/nodeName";
/** Only the target pod of a migration carries it. */
export const migrationJobUidLabel = "kubevirt.io/migrationJobUID";
/** The VMI's name, on its launcher pods. */
export const domainAnnotation = "kubevirt.io/domain";
/** The UID of the VMI that a hotplug pod serves. */
export const ownerVmiUidAnnotation = "kubevirt.io/owner-vmi-uid";
export const migrationJobNameAnnotation = "kubevirt.io/migrationJobName";

/** On migrations: the VMI's name. */
export const vmiNameLabel = "kubevirt.io/vmi-name";
/** On a migration that the evacuation controller made: the node it empties. */
export const evacuationMigrationAnnotation = "kubevirt.io/evacuationMigration";
export const workloadUpdateMigrationAnnotation = "kubevirt.io/workloadUpdateMigration";
/** On a migration: seconds until a target pod without a node is given up. */
export const unschedulableTimeoutAnnotation = "kubevirt.io/migrationUnschedulablePodTimeoutSeconds";
/** On a VMI that was marked for eviction by the descheduler. */
export const evictionSourceAnnotation = "kubevirt.io/eviction-source";

/** On nodes. */
export const schedulableLabel = "kubevirt.io/schedulable";
export const heartbeatAnnotation = "kubevirt.io/heartbeat";
export const drainTaintKey = "kubevirt.io/drain";
export const hostnameLabel = "kubernetes.io/hostname";
export const architectureLabel = "kubernetes.io/arch";
/** Whoever sets it declares that the host is off (KEP-2268). */
export const outOfServiceTaintKey = "node.kubernetes.io/out-of-service";
/** Set by a cloud's node lifecycle controller while the cloud reports the instance shut down (k8s.io/cloud-provider). */
export const shutdownTaintKey = "node.cloudprovider.kubernetes.io/shutdown";
/** Where the kubelets' Leases are, each under its node's name. */
export const nodeLeaseNamespace = "kube-node-lease";

/** CPU labels of nodes, and of the node selectors of launcher pods (staging/src/kubevirt.io/api/core/v1/types.go). */
export const cpuFeaturePrefix = "cpu-feature.node.kubevirt.io/";
export const cpuModelPrefix = "cpu-model.node.kubevirt.io/";
export const cpuModelMigrationPrefix = "cpu-model-migration.node.kubevirt.io/";
export const cpuVendorPrefix = "cpu-vendor.node.kubevirt.io/";
export const hostModelPrefix = "host-model-cpu.node.kubevirt.io/";
export const hostModelFeaturePrefix = "host-model-required-features.node.kubevirt.io/";

/** Kinds in owner references. */
export const vmiKind = "VirtualMachineInstance";
export const vmKind = "VirtualMachine";
export const poolKind = "VirtualMachinePool";
export const replicaSetKind = "VirtualMachineInstanceReplicaSet";
export const hyperConvergedKind = "HyperConverged";

export const launcherWebhook = "virt-launcher-eviction-interceptor.kubevirt.io";
export const hotplugWebhook = "hotplug-pod-eviction-interceptor.kubevirt.io";

/** Kubernetes' own, on static pods (kubelet). */
export const mirrorPodAnnotation = "kubernetes.io/config.mirror";
