/** The guests that really run on the hosts, their shutdowns and migrations; and a watch for one VM running twice. */
import { parseQuantity } from "../../model/quantity.ts";
import { rfc3339 } from "../clock.ts";
import type { Host } from "../kubernetes/hosts.ts";
import { instances, keyOf } from "../kubernetes/keys.ts";
import { endHostedPod } from "../kubernetes/kubelet.ts";
import type { World } from "../kubernetes/world.ts";
import type { KubeObject } from "../store.ts";
import { behaviour } from "./names.ts";
import { migrationSettings } from "./settings.ts";

export type GuestState = "booting" | "running" | "paused" | "shutting-down" | "receiving" | "off";

/** libvirt's reason for a domain that is off. */
export type OffReason = "shutdown" | "destroyed" | "migrated" | "gone";

export interface OutgoingMigration {
  readonly uid: string;
  readonly target: string;
  readonly startTimestamp: string;
  endTimestamp?: string;
  failed?: boolean;
  failureReason?: string;
  abortStatus?: "Aborting" | "Succeeded";
  cancel?: () => void;
}

/** A libvirt domain in a launcher pod. */
export interface Guest {
  readonly host: Host;
  readonly vmi: KubeObject;
  readonly podUid: string;
  state: GuestState;
  off?: OffReason;
  migration?: OutgoingMigration;
  /** Set on a guest that arrived: when its source reported the end. */
  arrivedAt?: string;
  cancel?: () => void;
}

/** Two live guests of one VM on different hosts: what must never happen. */
export interface DoubleRun {
  readonly vm: string;
  readonly hosts: readonly string[];
  readonly at: string;
}

const bootMs = 1500;
const defaultShutdownSeconds = 3;
/** What virt-launcher needs to leave after its domain has ended. */
const launcherExitMs = 1000;
/** How many times longer it waits for a target that does not take over. */
const handoverTries = 10;
const defaultBytesPerSecond = 512 * 2 ** 20;

export class Guests {
  readonly doubleRuns: DoubleRun[] = [];
  readonly #world: World;
  /** By pod UID. */
  readonly #guests = new Map<string, Guest>();
  readonly #changed: (guest: Guest) => void;

  /** `changed` hears of every change of a domain, as virt-handler hears it from its launchers. */
  constructor(world: World, changed: (guest: Guest) => void) {
    this.#world = world;
    this.#changed = changed;
    world.hosts.onChange((host, before) => {
      if (before.powered && !host.powered) this.#losePower(host);
    });
  }

  ofPod(uid: string): Guest | undefined {
    return this.#guests.get(uid);
  }

  on(host: Host): Guest[] {
    return [...this.#guests.values()].filter((guest) => guest.host === host);
  }

  /** Starts the guest of a VMI in its launcher pod. */
  boot(host: Host, vmi: KubeObject, podUid: string): void {
    if (this.#guests.has(podUid)) return;
    const guest: Guest = { host, vmi, podUid, state: "booting" };
    this.#guests.set(podUid, guest);
    guest.cancel = this.#world.clock.schedule(bootMs, () => this.#become(guest, "running"));
    this.#watchForTwins(guest);
  }

  /** Takes over a guest that runs already: one of a scenario's past. */
  adopt(host: Host, vmi: KubeObject, podUid: string): void {
    this.#guests.set(podUid, { host, vmi, podUid, state: "running" });
  }

  /** Prepares an empty guest that waits for another's memory. */
  prepare(host: Host, vmi: KubeObject, podUid: string): Guest {
    const present = this.#guests.get(podUid);
    if (present !== undefined) return present;
    const guest: Guest = { host, vmi, podUid, state: "receiving" };
    this.#guests.set(podUid, guest);
    return guest;
  }

  /** Sends the ACPI signal; a guest that does not end within its grace period is destroyed. */
  shutDown(guest: Guest): void {
    if (guest.state === "shutting-down" || guest.state === "off") return;
    if (guest.state === "receiving") {
      this.end(guest, "destroyed");
      return;
    }
    guest.cancel?.();
    const vmi = this.#current(guest);
    const annotations = vmi.metadata.annotations ?? {};
    const graceMs = 1000 * (vmi.spec.terminationGracePeriodSeconds ?? 30);
    const wantedMs = 1000 * Number(annotations[behaviour.shutdownSeconds] ?? defaultShutdownSeconds);
    const obeys = annotations[behaviour.ignoresShutdown] !== "true" && wantedMs <= graceMs;
    const wait = obeys ? wantedMs : graceMs;
    guest.state = "shutting-down";
    guest.cancel = this.#world.clock.schedule(wait, () => this.end(guest, obeys ? "shutdown" : "destroyed"));
    this.#changed(guest);
  }

  /** The domain is off; its launcher leaves soon after. */
  end(guest: Guest, reason: OffReason): void {
    if (guest.state === "off") return;
    guest.cancel?.();
    guest.migration?.cancel?.();
    guest.state = "off";
    guest.off = reason;
    this.#changed(guest);
    this.#leave(guest, reason === "migrated" ? handoverTries : 0);
  }

  /** A launcher whose guest has migrated stays until the VMI is its target's: without both the VMI would pass for failed. */
  #leave(guest: Guest, tries: number): void {
    guest.cancel = this.#world.clock.schedule(launcherExitMs, () => {
      const { namespace, name } = guest.vmi.metadata;
      const vmi = this.#world.store.get(instances, namespace, name);
      if (tries > 0 && vmi?.status?.nodeName === guest.host.name) {
        this.#leave(guest, tries - 1);
        return;
      }
      endHostedPod(this.#world, guest.host, guest.podUid, 0);
      this.#guests.delete(guest.podUid);
    });
  }

  /** The processes of a pod are gone without having ended their domain. */
  kill(podUid: string): void {
    const guest = this.#guests.get(podUid);
    if (guest === undefined) return;
    guest.cancel?.();
    guest.migration?.cancel?.();
    this.#guests.delete(podUid);
    if (guest.state === "off") return;
    guest.state = "off";
    guest.off = "gone";
    this.#changed(guest);
  }

  pause(guest: Guest, paused: boolean): void {
    guest.state = paused ? "paused" : "running";
    this.#changed(guest);
  }

  /** Copies a guest to the one that waits for it; ends by success, by what the VMI's annotations say, or by an abort. */
  migrate(source: Guest, target: Guest, migrationUid: string): void {
    const { clock } = this.#world;
    const vmi = this.#current(source);
    const settings = migrationSettings(this.#world);
    const mode = vmi.metadata.annotations?.[behaviour.migration];
    const duration = this.#migrationMs(vmi);
    source.migration = { uid: migrationUid, target: target.host.name, startTimestamp: rfc3339(clock.now()) };
    const timeoutMs = 1000 * settings.completionTimeoutPerGiB * Math.max(1, memoryOf(vmi) / 2 ** 30);
    if (mode === "hangs") this.#later(source, settings.progressTimeout * 1000, () => this.abort(source));
    else if (mode === "fails") {
      const reason = "operation failed: migration out job: Cannot write to TLS channel: Input/output error";
      this.#later(source, duration / 2, () => this.#failMigration(source, reason));
    } else if (duration > timeoutMs) this.#later(source, timeoutMs, () => this.abort(source));
    else this.#later(source, duration, () => this.#finishMigration(source, target));
    this.#changed(source);
  }

  /** Cancels the copy: the guest goes on at its source. */
  abort(source: Guest): void {
    const { migration } = source;
    if (migration === undefined || migration.endTimestamp !== undefined || migration.abortStatus !== undefined) return;
    migration.abortStatus = "Aborting";
    this.#later(source, 500, () => {
      migration.abortStatus = "Succeeded";
      this.#failMigration(source, "Live migration has been aborted");
    });
    this.#changed(source);
  }

  #finishMigration(source: Guest, target: Guest): void {
    const { migration } = source;
    if (migration === undefined) return;
    const bothReachable = source.host.powered && target.host.powered;
    if (!bothReachable || target.state !== "receiving" || source.state === "off") {
      this.#failMigration(source, "operation failed: migration out job: unexpectedly failed");
      return;
    }
    migration.endTimestamp = rfc3339(this.#world.clock.now());
    target.arrivedAt = migration.endTimestamp;
    target.state = source.state === "paused" ? "paused" : "running";
    this.end(source, "migrated");
    this.#changed(target);
    this.#watchForTwins(target);
  }

  #failMigration(source: Guest, reason: string): void {
    const { migration } = source;
    if (migration === undefined || migration.endTimestamp !== undefined) return;
    migration.cancel?.();
    migration.failed = true;
    migration.failureReason = reason;
    migration.endTimestamp = rfc3339(this.#world.clock.now());
    this.#changed(source);
  }

  #later(source: Guest, ms: number, then: () => void): void {
    source.migration?.cancel?.();
    if (source.migration !== undefined) source.migration.cancel = this.#world.clock.schedule(ms, then);
  }

  #migrationMs(vmi: KubeObject): number {
    const said = vmi.metadata.annotations?.[behaviour.migrationSeconds];
    if (said !== undefined) return 1000 * Number(said);
    const limit = parseQuantity(migrationSettings(this.#world).bandwidthPerMigration) ?? 0;
    return Math.max(2000, (1000 * memoryOf(vmi)) / (limit > 0 ? limit : defaultBytesPerSecond));
  }

  #become(guest: Guest, state: GuestState): void {
    guest.state = state;
    this.#changed(guest);
  }

  /** The guest's VMI as the store has it now, for annotations that were changed while it ran. */
  #current(guest: Guest): KubeObject {
    const { namespace, name, uid } = guest.vmi.metadata;
    const key = { group: "kubevirt.io", resource: "virtualmachineinstances" };
    const vmi = this.#world.store.get(key, namespace, name);
    return vmi?.metadata.uid === uid ? vmi : guest.vmi;
  }

  #losePower(host: Host): void {
    for (const guest of this.on(host)) {
      guest.cancel?.();
      guest.migration?.cancel?.();
      guest.state = "off";
      guest.off = "gone";
      this.#guests.delete(guest.podUid);
    }
    for (const guest of this.#guests.values()) {
      if (guest.migration?.target === host.name) {
        this.#failMigration(guest, "operation failed: migration out job: Lost connection to destination host");
      }
    }
  }

  #watchForTwins(guest: Guest): void {
    const vm = keyOf(guest.vmi);
    const alive = [...this.#guests.values()].filter(
      (other) => keyOf(other.vmi) === vm && other.state !== "off" && other.state !== "receiving",
    );
    if (alive.length < 2) return;
    const at = rfc3339(this.#world.clock.now());
    this.doubleRuns.push({ vm, hosts: alive.map((other) => other.host.name), at });
  }
}

/** Guest memory in bytes. */
export function memoryOf(vmi: KubeObject): number {
  const { memory, resources } = vmi.spec.domain ?? {};
  return parseQuantity(memory?.guest ?? resources?.requests?.memory ?? resources?.limits?.memory) ?? 2 ** 30;
}
