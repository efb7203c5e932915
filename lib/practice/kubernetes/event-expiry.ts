/** Lets Events go after an hour, as etcd's leases do under kube-apiserver's `--event-ttl`. */
import type { Reconciler } from "./control-loop.ts";
import { events, isOf, keyOf, managers, splitKey } from "./keys.ts";
import { elapsedMs } from "./objects.ts";
import { eventLifetimeMs } from "./recorder.ts";
import type { World } from "./world.ts";

export function createEventExpiry(world: World): Reconciler {
  return {
    name: "event-expiry",
    *touches({ type, key, object }) {
      if (isOf(key, events) && type !== "DELETED") yield keyOf(object);
    },
    reconcile(key) {
      const { namespace, name } = splitKey(key);
      const event = world.store.get(events, namespace, name);
      if (event === undefined) return undefined;
      const written = event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp;
      const leftMs = eventLifetimeMs - elapsedMs(written, world.clock.now());
      if (leftMs > 0) return leftMs;
      world.store.delete(events, namespace, name, {}, managers.controllerManager);
      return undefined;
    },
  };
}
