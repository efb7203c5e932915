/** virt-handler's heartbeat on its Node, every 60 to 132 s (pkg/virt-handler/heartbeat/heartbeat.go). */
import { heartbeatAnnotation, schedulableLabel } from "../../platform/names.ts";
import { rfc3339 } from "../clock.ts";
import type { Reconciler } from "../kubernetes/control-loop.ts";
import { type Host, handlerServes } from "../kubernetes/hosts.ts";
import { isOf, managers, nodes } from "../kubernetes/keys.ts";
import { hashOf } from "../kubernetes/objects.ts";
import type { World } from "../kubernetes/world.ts";
import type { KubeObject } from "../store.ts";
import { isHandler } from "./launchers.ts";
import { cpuManagerLabel, deprecatedCpuManagerLabel } from "./names.ts";

const intervalMs = 60_000;
/** `wait.JitterUntil` with factor 1.2. */
const jitterMs = 72_000;

export const heartbeatReconciler = "virt-handler-heartbeat";

/** True when the host's virt-handler pod runs, works and reaches the API server. */
export function handlerWorks(host: Host | undefined): host is Host {
  if (!handlerServes(host)) return false;
  for (const hosted of host.pods.values()) if (hosted.state === "running" && isHandler(hosted.pod)) return true;
  return false;
}

export function createHeartbeat(world: World): Reconciler {
  return {
    name: heartbeatReconciler,
    *touches({ type, key, object }) {
      if (isOf(key, nodes) && type === "ADDED") yield object.metadata.name;
    },
    reconcile(name) {
      const host = world.hosts.get(name);
      if (!handlerWorks(host)) return undefined;
      beat(world, host, true);
      return world.every(intervalMs + hashOf(name + world.clock.now().toISOString(), jitterMs));
    },
  };
}

/** Writes the node's own time: a host whose clock is wrong says so in its heartbeat. */
export function beat(world: World, host: Host, schedulable: boolean): void {
  const now = rfc3339(new Date(world.clock.now().getTime() + host.clockSkewMs));
  const change = (draft: KubeObject): void => {
    const labels = {
      [schedulableLabel]: String(schedulable),
      [cpuManagerLabel]: "false",
      [deprecatedCpuManagerLabel]: "false",
    };
    draft.metadata.labels = { ...draft.metadata.labels, ...labels };
    draft.metadata.annotations = { ...draft.metadata.annotations, [heartbeatAnnotation]: now };
  };
  world.store.modify(nodes, undefined, host.name, change, managers.virtHandler);
}
