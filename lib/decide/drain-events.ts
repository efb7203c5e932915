/** Events of a drain: the difference between two pictures of its progress. There is no second state machine. */
import { keyOf } from "../model/kubernetes.ts";
import type { DrainProgress, ProgressEvent, VmChange, VmProgress, VmState } from "../model/progress.ts";
import { hasEnded } from "./departure.ts";

/** What people and machines are told after `before` became `after`; `before` is absent at the first look. */
export function drainEvents(before: DrainProgress | undefined, after: DrainProgress): readonly ProgressEvent[] {
  const events: ProgressEvent[] = [];
  const known = new Map(before?.vms.map((vm) => [vm.uid, vm]));
  for (const vm of after.vms) {
    const earlier = known.get(vm.uid);
    if (hasLeft(vm.state) && earlier !== undefined && !hasLeft(earlier.state))
      events.push({ type: "pod-evicted", time: after.time, node: vm.node, namespace: vm.namespace, pod: vm.pod });
    const change = changeOf(earlier, vm);
    if (change !== undefined) events.push({ type: "vm", time: after.time, vm, change });
  }
  const left = new Set(after.pods.map((pod) => pod.uid));
  // What is left of a VM's pod is removed, too; its VM's departure has been told.
  const told = new Set(after.vms.map((vm) => `${vm.namespace}/${vm.pod}`));
  for (const pod of before?.pods ?? [])
    if (!pod.goesWithVm && !left.has(pod.uid) && !told.has(keyOf(pod)))
      events.push({ type: "pod-evicted", time: after.time, node: pod.node, namespace: pod.namespace, pod: pod.name });
  for (const message of after.trouble)
    if (!before?.trouble.includes(message)) events.push({ type: "warning", time: after.time, message });
  return events;
}

function hasLeft(state: VmState): boolean {
  return hasEnded(state) || state === "starting";
}

/**
 * Waiting is where every VM begins, and no news. What a VM waits for, or is blocked by, may change; the words for a VM on its
 * way do not matter, but the cause of its trouble does.
 */
function changeOf(before: VmProgress | undefined, after: VmProgress): VmChange | undefined {
  if (before === undefined) return after.state === "waiting" ? undefined : "state";
  if (before.state !== after.state) return "state";
  if (after.state === "migrating") {
    if (before.target !== after.target && after.target !== undefined) return "target";
    if (before.phase !== after.phase) return "phase";
    return before.detail === undefined && after.detail !== undefined ? "detail" : undefined;
  }
  if (after.detail === undefined || before.detail === after.detail || after.state === "queued") return undefined;
  // These words count seconds, or tell more of what was agreed to; the finding behind them says whether there is news.
  const isKnown = after.code !== undefined && before.code === after.code;
  return isKnown && (after.state === "left-behind" || after.state === "shutting-down") ? undefined : "detail";
}
