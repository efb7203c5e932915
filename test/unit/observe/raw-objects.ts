/** Builders of objects as the API server sends them. */
import type { RawObject } from "./fake-cluster.ts";
import { FakeCluster } from "./fake-cluster.ts";

export function rawNode(name: string, extra: Partial<RawObject> = {}): RawObject {
  return {
    status: { conditions: [{ type: "Ready", status: "True" }], allocatable: { memory: "64Gi" } },
    spec: {},
    ...extra,
    metadata: { name, uid: `node-${name}`, ...extra.metadata },
  };
}

export function rawVmi(namespace: string, name: string, node: string, extra: Partial<RawObject> = {}): RawObject {
  return {
    spec: { evictionStrategy: "LiveMigrate", ...extra.spec },
    status: {
      phase: "Running",
      nodeName: node,
      activePods: { [`pod-${name}`]: node },
      conditions: [{ type: "LiveMigratable", status: "True" }],
      ...extra.status,
    },
    metadata: {
      namespace,
      name,
      uid: `vmi-${name}`,
      labels: { "kubevirt.io/nodeName": node },
      ownerReferences: [{ kind: "VirtualMachine", name, uid: `vm-${name}`, controller: true }],
      ...extra.metadata,
    },
  };
}

export function rawLauncher(namespace: string, vmi: string, node: string, extra: Partial<RawObject> = {}): RawObject {
  return {
    spec: { nodeName: node, containers: [], ...extra.spec },
    status: { phase: "Running", ...extra.status },
    metadata: {
      namespace,
      name: `virt-launcher-${vmi}-abcde`,
      uid: `pod-${vmi}`,
      labels: { "kubevirt.io": "virt-launcher", "kubevirt.io/created-by": `vmi-${vmi}` },
      annotations: { "kubevirt.io/domain": vmi },
      ...extra.metadata,
    },
  };
}

export function rawVm(namespace: string, name: string, runStrategy = "Always"): RawObject {
  return { metadata: { namespace, name, uid: `vm-${name}` }, spec: { runStrategy } };
}

export function rawMigration(namespace: string, vmi: string, phase: string, extra: Partial<RawObject> = {}): RawObject {
  return {
    spec: { vmiName: vmi },
    status: { phase, ...extra.status },
    metadata: {
      namespace,
      name: `migration-${vmi}`,
      uid: `vmim-${vmi}`,
      labels: { "kubevirt.io/vmi-name": vmi },
      ...extra.metadata,
    },
  };
}

export function rawKubeVirt(version = "v1.9.0"): RawObject {
  return {
    metadata: { namespace: "kubevirt", name: "kubevirt", uid: "kv" },
    spec: { configuration: {} },
    status: { phase: "Deployed", observedKubeVirtVersion: version, targetKubeVirtVersion: version },
  };
}

/** A cluster with KubeVirt, virt-api on `worker-2`, and these nodes. */
export function clusterOf(...nodes: string[]): FakeCluster {
  const cluster = new FakeCluster();
  for (const node of nodes) cluster.put("nodes", rawNode(node));
  cluster.put("kubevirts", rawKubeVirt());
  cluster.put("endpointslices", {
    metadata: {
      namespace: "kubevirt",
      name: "virt-api-x",
      uid: "slice",
      labels: { "kubernetes.io/service-name": "virt-api" },
    },
    endpoints: [
      { conditions: { ready: true }, nodeName: "worker-2" },
      { conditions: { ready: false }, nodeName: "worker-3" },
      { conditions: {} },
    ],
  });
  return cluster;
}

/** A running VM with its VMI and launcher pod. */
export function putVm(cluster: FakeCluster, namespace: string, name: string, node: string): void {
  cluster.put("virtualmachines", rawVm(namespace, name));
  cluster.put("virtualmachineinstances", rawVmi(namespace, name, node));
  cluster.put("pods", rawLauncher(namespace, name, node));
}
