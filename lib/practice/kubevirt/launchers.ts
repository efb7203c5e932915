/** How virt-launcher and virt-handler pods behave on a host: they end their guests, and say goodbye. */
import { appLabel, launcherApp, virtHandlerApp } from "../../platform/names.ts";
import type { PodBehaviour, World } from "../kubernetes/world.ts";
import type { KubeObject } from "../store.ts";
import type { Guests } from "./guests.ts";

const idleExitMs = 1000;

/** A launcher passes SIGTERM on to its guest and leaves when that has ended. */
export function launcherBehaviour(world: World, guests: Guests): PodBehaviour {
  return {
    started: () => undefined,
    stop(_host, pod, _graceMs, ended) {
      const guest = guests.ofPod(pod.metadata.uid);
      if (guest === undefined) world.clock.schedule(idleExitMs, () => ended(0));
      else guests.shutDown(guest);
    },
    killed: (_host, pod) => guests.kill(pod.metadata.uid),
  };
}

/** A handler that ends orderly takes its node out of KubeVirt's scheduling (`labelNodeUnschedulable`). */
export function handlerBehaviour(
  world: World,
  goodbye: (node: string) => void,
  hello: (node: string) => void,
): PodBehaviour {
  return {
    started: (host) => hello(host.name),
    stop(host, _pod, _graceMs, ended) {
      goodbye(host.name);
      world.clock.schedule(idleExitMs, () => ended(0));
    },
    killed: () => undefined,
  };
}

/** A pod in which a VM runs or ran. */
export function isLauncher(pod: KubeObject): boolean {
  return pod.metadata.labels?.[appLabel] === launcherApp;
}

/** A pod of the DaemonSet virt-handler. */
export function isHandler(pod: KubeObject): boolean {
  return pod.metadata.labels?.[appLabel] === virtHandlerApp;
}
