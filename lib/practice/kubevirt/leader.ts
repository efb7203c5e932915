/** Which virt-controller pod leads: while its lease runs out after a crash nobody does KubeVirt's controlling work. */
import { appLabel, virtControllerApp } from "../../platform/names.ts";
import type { Reconciler } from "../kubernetes/control-loop.ts";
import type { Host, HostedPod } from "../kubernetes/hosts.ts";
import type { World } from "../kubernetes/world.ts";

/** The lease duration of client-go's leader election, as virt-controller uses it. */
const leaseMs = 15_000;
const retryMs = 1000;

export class Leader {
  readonly #world: World;
  #pod: string | undefined;
  #lostAt: number | undefined;

  constructor(world: World) {
    this.#world = world;
    world.hosts.onChange(() => this.#look());
  }

  /** The reconciler, at work only while there is a leader. */
  leads(reconciler: Reconciler): Reconciler {
    return {
      name: reconciler.name,
      touches: (event) => reconciler.touches(event),
      reconcile: (key) => (this.#look() ? reconciler.reconcile(key) : retryMs),
    };
  }

  /** True while a leader works; a new one takes over when the old one's lease has run out, or at once when it left orderly. */
  #look(): boolean {
    const working = this.#workers();
    if (this.#pod !== undefined && working.has(this.#pod)) {
      this.#lostAt = undefined;
      return true;
    }
    const now = this.#world.clock.now().getTime();
    this.#lostAt ??= now;
    const [next] = working;
    const released = this.#pod === undefined || this.#hasLeft(this.#pod);
    if (next === undefined || !(released || now - this.#lostAt >= leaseMs)) return false;
    this.#pod = next;
    this.#lostAt = undefined;
    return true;
  }

  #workers(): Set<string> {
    const found = new Set<string>();
    for (const { host, uid, hosted } of this.#controllers()) {
      if (hosted.state === "running" && host.powered && host.connected) found.add(uid);
    }
    return found;
  }

  /** A leader that was told to end gives its lease up. */
  #hasLeft(uid: string): boolean {
    for (const controller of this.#controllers()) {
      if (controller.uid === uid) return controller.hosted.state === "stopping" || controller.hosted.state === "ended";
    }
    return this.#world.hosts.all().every((host) => host.powered && host.connected);
  }

  *#controllers(): Iterable<{ host: Host; uid: string; hosted: HostedPod }> {
    for (const pod of this.#world.podsOfNamespace.get("kubevirt")) {
      if (pod.metadata.labels?.[appLabel] !== virtControllerApp) continue;
      const host = this.#world.hosts.get(pod.spec.nodeName);
      const hosted = host?.pods.get(pod.metadata.uid);
      if (host !== undefined && hosted !== undefined) yield { host, uid: pod.metadata.uid, hosted };
    }
  }
}
