/** virt-handler, the part that looks after the VMIs of its node: starts guests, reports them, shuts them down (pkg/virt-handler/vm.go). */
import { nodeNameLabel } from "../../platform/names.ts";
import { rfc3339 } from "../clock.ts";
import { hasCondition, removeCondition, setCondition } from "../kubernetes/conditions.ts";
import type { Reconciler } from "../kubernetes/control-loop.ts";
import type { Host } from "../kubernetes/hosts.ts";
import { instances, isOf, keyOf, managers, nodes, splitKey } from "../kubernetes/keys.ts";
import { isDeleting } from "../kubernetes/objects.ts";
import type { KubeObject, StoreEvent } from "../store.ts";
import type { Guest } from "./guests.ts";
import { handlerWorks } from "./heartbeat.ts";
import { currentPod, isFinal, movesOnEviction, phaseOf, stampPhase } from "./instance.ts";
import { judgeMigratability } from "./migratability.ts";
import { migrationTargetNodeLabel } from "./names.ts";
import type { Virt } from "./virt.ts";
import { modifyInstance } from "./writes.ts";

export const handlerReconciler = "virt-handler";
const writer = managers.virtHandler;
const from = "virt-handler";

/** The keys `<node>|<namespace>/<name>` of the nodes that a VMI concerns. */
function handlerKeys(vmi: KubeObject): string[] {
  const labels = vmi.metadata.labels ?? {};
  const concerned = new Set([labels[nodeNameLabel], labels[migrationTargetNodeLabel]]);
  return [...concerned].flatMap((node) => (node === undefined ? [] : [`${node}|${keyOf(vmi)}`]));
}

/** The keys that a change of a VMI touches, on the nodes that it concerns and those that it concerned. */
export function* handlerTouches({ key, object, previous }: StoreEvent): Generator<string> {
  if (!isOf(key, instances)) return;
  yield* handlerKeys(object);
  if (previous !== undefined) yield* handlerKeys(previous);
}

/** The inverse of the key under which virt-handler queues a VMI of its node. */
export function splitHandlerKey(key: string): { node: string; namespace: string; name: string } {
  const bar = key.indexOf("|");
  return { node: key.slice(0, bar), ...splitKey(key.slice(bar + 1)) };
}

export function createHandler(virt: Virt): Reconciler {
  const { world } = virt;
  return {
    name: handlerReconciler,
    touches: handlerTouches,
    reconcile(key) {
      const { node, namespace, name } = splitHandlerKey(key);
      const host = world.hosts.get(node);
      if (!handlerWorks(host)) return undefined;
      const vmi = world.store.get(instances, namespace, name);
      if (vmi === undefined) endOrphans(virt, host, `${namespace}/${name}`);
      else if (vmi.metadata.labels?.[nodeNameLabel] === host.name) look(virt, host, vmi);
      return undefined;
    },
  };
}

/** Guests whose VMI no longer exists are shut down. */
function endOrphans(virt: Virt, host: Host, vmiKey: string): void {
  for (const guest of virt.guests.on(host)) {
    if (keyOf(guest.vmi) === vmiKey && guest.state !== "receiving") virt.guests.shutDown(guest);
  }
}

function look(virt: Virt, host: Host, vmi: KubeObject): void {
  if (isFinal(vmi)) return;
  const pod = currentPod(virt.world, vmi);
  const guest = guestOf(virt, host, vmi, pod);
  if (guest === undefined && pod !== undefined && phaseOf(vmi) === "Scheduled" && !isDeleting(vmi)) {
    virt.guests.boot(host, vmi, pod.metadata.uid);
    virt.world.record(vmi, { type: "Normal", reason: "Created", message: "VirtualMachineInstance defined.", from });
    return;
  }
  const wanted = isDeleting(vmi) && guest !== undefined;
  if (wanted && (guest.state === "running" || guest.state === "paused" || guest.state === "booting")) {
    virt.guests.shutDown(guest);
    virt.world.record(vmi, { type: "Normal", reason: "ShuttingDown", message: "Signaled Graceful Shutdown", from });
  }
  report(virt, host, vmi, guest);
}

function guestOf(virt: Virt, host: Host, vmi: KubeObject, pod: KubeObject | undefined): Guest | undefined {
  const guest = pod === undefined ? undefined : virt.guests.ofPod(pod.metadata.uid);
  return guest?.host === host && guest.vmi.metadata.uid === vmi.metadata.uid ? guest : undefined;
}

/** The VMI's phase as the guest shows it (`calculateVmPhaseForStatusReason`); undefined leaves it as it is. */
function phaseFrom(vmi: KubeObject, guest: Guest | undefined, launcherRuns: boolean): string | undefined {
  if (guest === undefined) return phaseOf(vmi) === "Running" && !launcherRuns ? "Failed" : undefined;
  switch (guest.state) {
    case "running":
    case "paused":
    case "shutting-down":
      return "Running";
    case "off":
      if (guest.off === "shutdown") return "Succeeded";
      return guest.off === "migrated" ? undefined : "Failed";
    default:
      return undefined;
  }
}

function report(virt: Virt, host: Host, vmi: KubeObject, guest: Guest | undefined): void {
  const { world } = virt;
  const pod = currentPod(world, vmi);
  const hosted = pod === undefined ? undefined : host.pods.get(pod.metadata.uid);
  const launcherRuns = pod === undefined || hosted?.state === "running" || hosted?.state === "stopping";
  const phase = phaseFrom(vmi, guest, launcherRuns);
  if (phase === undefined) return;
  const now = world.clock.now();
  const change = (draft: KubeObject): void => {
    draft.status.phase = phase;
    stampPhase(draft, phaseOf(vmi), now);
    if (phase === "Running") reportRunning(virt, draft, host, guest, rfc3339(now));
  };
  const before = phaseOf(vmi);
  const changed = modifyInstance(world, vmi, change, writer);
  if (changed === undefined || before === phase) return;
  if (phase === "Running") event(virt, vmi, "Normal", "Started", "VirtualMachineInstance started.");
  else if (phase === "Succeeded") event(virt, vmi, "Normal", "Stopped", "The VirtualMachineInstance was shut down.");
  else event(virt, vmi, "Warning", "Stopped", "The VirtualMachineInstance crashed.");
}

function reportRunning(virt: Virt, draft: KubeObject, host: Host, guest: Guest | undefined, now: string): void {
  const { status } = draft;
  status.machine ??= { type: draft.spec.domain?.machine?.type ?? "q35" };
  status.selinuxContext ??= "none";
  const pod = currentPod(virt.world, draft);
  const address = pod?.status?.podIP;
  const networks: { name: string; pod?: object }[] = draft.spec.networks ?? [];
  if (address !== undefined) {
    status.interfaces = networks.map((network, index) => ({
      infoSource: "domain",
      ...(network.pod === undefined ? {} : { ipAddress: address, ipAddresses: [address] }),
      mac: `52:54:00:${macTail(draft.metadata.uid, index)}`,
      name: network.name,
    }));
  }
  reportPaused(draft, guest, now);
  reportMigratability(virt, draft, host, now);
}

function macTail(uid: string, index: number): string {
  const digits = uid.replaceAll("-", "").slice(index * 6, index * 6 + 6);
  return digits.match(/../g)?.join(":") ?? "00:00:01";
}

function reportPaused(draft: KubeObject, guest: Guest | undefined, now: string): void {
  if (guest?.state !== "paused") {
    removeCondition(draft, "Paused");
    return;
  }
  const paused = { status: "True", reason: "PausedByUser", message: "VMI was paused by user", lastProbeTime: now };
  if (!hasCondition(draft, "Paused")) setCondition(draft, { type: "Paused", ...paused }, now);
}

function reportMigratability(virt: Virt, draft: KubeObject, host: Host, now: string): void {
  const { world } = virt;
  const verdict = judgeMigratability(draft, world.store.get(nodes, undefined, host.name));
  draft.status.migrationMethod = verdict.method;
  const { obstacle, storageObstacles } = verdict;
  const plain = { lastProbeTime: null, lastTransitionTime: null };
  const condition =
    obstacle === undefined
      ? { type: "LiveMigratable", status: "True" }
      : { type: "LiveMigratable", status: "False", ...obstacle };
  setCondition(draft, { ...plain, ...condition }, now);
  const message = storageObstacles.map(({ reason, message: why }) => `${reason}: ${why}`).join(", ");
  const storage = message === "" ? { status: "True" } : { status: "False", reason: "NotMigratable", message };
  setCondition(draft, { ...plain, type: "StorageLiveMigratable", ...storage }, now);
  if (obstacle === undefined || !movesOnEviction(world, draft) || hasWarned(virt, draft)) return;
  const why = `EvictionStrategy is set but vmi is not migratable; ${obstacle.message}`;
  event(virt, draft, "Warning", "Migrated", why);
}

/** The warning is repeated by the real handler at every look; once per guest says the same. */
function hasWarned(virt: Virt, vmi: KubeObject): boolean {
  const warned = warnings.get(virt) ?? new Set<string>();
  warnings.set(virt, warned);
  if (warned.has(vmi.metadata.uid)) return true;
  warned.add(vmi.metadata.uid);
  return false;
}

const warnings = new WeakMap<Virt, Set<string>>();

function event(virt: Virt, vmi: KubeObject, type: "Normal" | "Warning", reason: string, message: string): void {
  virt.world.record(vmi, { type, reason, message, from });
}
