/** The switches of the fire drill: what can be broken in a practice cluster while it runs. */
import { appLabel, virtApiApp } from "../platform/names.ts";
import { keyOf, nodes, pods } from "./kubernetes/keys.ts";
import type { BrokenPods } from "./kubernetes/kubelet.ts";
import type { World } from "./kubernetes/world.ts";
import type { KubeObject } from "./store.ts";

export interface ClusterFaults {
  /** The host loses its power: kubelet, virt-handler and all guests are gone at once. */
  killNode(name: string): void;
  /** The host can no longer reach the API server; its guests go on. */
  cutNodeFromApi(name: string): void;
  /** The kubelet dies; virt-handler and the guests go on. */
  killKubelet(name: string): void;
  /** virt-handler dies; kubelet and guests go on. */
  killHandler(name: string): void;
  /** The host's clock is wrong by so much (positive: ahead). */
  skewClock(name: string, ms: number): void;
  /** Power, network, kubelet and virt-handler work again; after a power loss the host has booted anew. */
  restore(name: string): void;
  /** All virt-api pods crash: KubeVirt's webhooks and its aggregated API no longer answer. */
  stopVirtApi(): void;
  startVirtApi(): void;
  /** The Node object goes, as when a cloud deletes the machine. */
  deleteNodeObject(name: string): void;
}

/** The switches, and what the kubelets need to know of them. */
export function createFaults(world: World): { faults: ClusterFaults; broken: BrokenPods } {
  let virtApiStopped = false;
  const switchVirtApi = (stopped: boolean): void => {
    virtApiStopped = stopped;
    for (const pod of world.store.list(pods)) {
      if (isVirtApi(pod)) world.loop.enqueue("kubelet", `${pod.spec.nodeName}|${keyOf(pod)}`);
    }
  };
  const faults: ClusterFaults = {
    killNode: (name) => world.hosts.change(name, { powered: false }),
    cutNodeFromApi: (name) => world.hosts.change(name, { connected: false }),
    killKubelet: (name) => world.hosts.change(name, { kubelet: false }),
    killHandler: (name) => world.hosts.change(name, { handler: false }),
    skewClock: (name, ms) => world.hosts.change(name, { clockSkewMs: ms }),
    restore: (name) => world.hosts.change(name, { powered: true, connected: true, kubelet: true, handler: true }),
    stopVirtApi: () => switchVirtApi(true),
    startVirtApi: () => switchVirtApi(false),
    deleteNodeObject: (name) => void world.store.delete(nodes, undefined, name, {}, { manager: "cloud-controller" }),
  };
  return { faults, broken: { isBroken: (pod) => virtApiStopped && isVirtApi(pod) } };
}

function isVirtApi(pod: KubeObject): boolean {
  return pod.metadata.labels?.[appLabel] === virtApiApp;
}
