/** Clusters for whole commands: small, in memory, and ready to take VMs. */
import type { FakeCluster } from "../observe/fake-cluster.ts";
import { clusterOf, putVm, rawNode, rawVmi } from "../observe/raw-objects.ts";

const kvm = { memory: "64Gi", cpu: "16", pods: "110", "devices.kubevirt.io/kvm": "1k" };

/** Nodes on which KubeVirt places VMs; evictions of their VMs are answered with a migration. */
export function readyCluster(...nodes: string[]): FakeCluster {
  const cluster = clusterOf(...nodes);
  for (const name of nodes) {
    cluster.put(
      "nodes",
      rawNode(name, {
        metadata: { labels: { "kubevirt.io/schedulable": "true", "kubernetes.io/hostname": name } },
        status: { conditions: [{ type: "Ready", status: "True" }], allocatable: kvm },
      }),
    );
  }
  return cluster;
}

/** A VM that migrates when it is evicted. */
export function putMover(cluster: FakeCluster, namespace: string, name: string, node: string): void {
  putVm(cluster, namespace, name, node);
  const message = `admission webhook "virt-launcher-eviction-interceptor.kubevirt.io" denied the request: Eviction triggered evacuation of VMI "${namespace}/${name}"`;
  cluster.evictions.set(`virt-launcher-${name}-abcde`, {
    status: 429,
    body: { kind: "Status", status: "Failure", reason: "TooManyRequests", code: 429, message },
  });
}

/** A VM that must migrate and cannot. */
export function putStayer(cluster: FakeCluster, namespace: string, name: string, node: string): void {
  putVm(cluster, namespace, name, node);
  const conditions = [{ type: "LiveMigratable", status: "False", reason: "HostDeviceNotLiveMigratable" }];
  cluster.put("virtualmachineinstances", rawVmi(namespace, name, node, { status: { conditions } }));
}
