/** All controllers of Kubernetes itself, added to the control loop. */
import { createAttachDetach, createAttacher } from "./attach-detach.ts";
import { createClaimProtection, createVolumeProtection } from "./claim-protection.ts";
import { createDisruption } from "./disruption.ts";
import { createEventExpiry } from "./event-expiry.ts";
import { createGarbageCollector, createNamespaceCleaner } from "./garbage-collector.ts";
import { type BrokenPods, createKubelets, wakeKubelet } from "./kubelet.ts";
import { createLeaseRenewal, createNodeStatus } from "./kubelet-node.ts";
import { createNodeLifecycle } from "./node-lifecycle.ts";
import { createPodGc } from "./pod-gc.ts";
import { createProvisioner } from "./provisioner.ts";
import { createQuotaStatus } from "./quota.ts";
import { createScheduler } from "./scheduler.ts";
import { createEndpointSlices } from "./services.ts";
import { createTaintEviction } from "./taint-eviction.ts";
import { createDaemonSets, createDeployments, createReplicaSets } from "./workloads.ts";
import type { World } from "./world.ts";

/** Adds the controllers; they work once the loop is started. */
export function addKubernetesControllers(world: World, broken: BrokenPods): void {
  const makers = [
    createScheduler,
    createLeaseRenewal,
    createNodeStatus,
    createNodeLifecycle,
    createTaintEviction,
    createPodGc,
    createAttachDetach,
    createAttacher,
    createProvisioner,
    createClaimProtection,
    createVolumeProtection,
    createDisruption,
    createQuotaStatus,
    createDeployments,
    createReplicaSets,
    createDaemonSets,
    createEndpointSlices,
    createGarbageCollector,
    createNamespaceCleaner,
    createEventExpiry,
  ];
  world.loop.add(createKubelets(world, broken));
  for (const make of makers) world.loop.add(make(world));
  world.hosts.onChange((host) => {
    for (const name of ["kubelet-lease", "kubelet-node"]) world.loop.enqueue(name, host.name);
    wakeKubelet(world, host);
  });
}
