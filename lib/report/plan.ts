/** The plan of a drain: the check, in which order things would happen, and the question that asks for consent. */
import type { Check, NodeVerdict, VmVerdict } from "../model/verdict.ts";
import { type CheckOptions, checkReport, whatHappens } from "./check.ts";
import { sanitised } from "./sanitise.ts";
import { wrapSentence } from "./width.ts";
import { count, enumerate, isOrAre } from "./wording.ts";

export interface PlanOptions extends CheckOptions {
  /** What blocks is left where it is. */
  readonly skipBlocked?: boolean | undefined;
  readonly maxParallel?: number | undefined;
}

/** The lines of the plan that is shown before the question, and by `--dry-run`. */
export function planReport(check: Check, options: PlanOptions = {}): string[] {
  const safe = sanitised(check);
  return [...checkReport(check, options), "", ...orderLines(safe, options)];
}

/** What is asked on a terminal. `(y/N)` is added by the prompt. */
export function drainQuestion(check: Check, options: PlanOptions = {}): string {
  const safe = sanitised(check);
  const vms = safe.nodes.flatMap((node) => node.vms);
  const parts = whatHappens(safe.nodes);
  const leaves = options.skipBlocked === true && vms.some(isLeft) ? " (--skip-blocked)" : "";
  const evicted = options.allPods === true ? safe.nodes.flatMap((node) => node.otherPods).filter(isEvicted).length : 0;
  const pods = evicted === 0 ? "" : `, ${count(evicted, "other pod")} ${isOrAre(evicted)} evicted`;
  return `Drain ${enumerate(safe.nodes.map((node) => node.name))}? ${parts.charAt(0).toUpperCase()}${parts.slice(1)}${leaves}${pods}.`;
}

function orderLines(check: Check, options: PlanOptions): string[] {
  const vms = check.nodes.flatMap((node) => node.vms);
  const going = vms.filter((vm) => !isLeft(vm));
  const movers = going.filter((vm) => vm.outcome === "moves").length;
  const awaited = going.filter((vm) => vm.outcome === "waits").length;
  const shutDown = going.length - movers - awaited;
  const limit = parallelMigrations(check, options);
  const steps = [
    `cordon ${enumerate(check.nodes.map((node) => node.name))}`,
    ...(movers > 0 ? [`move ${count(movers, "VM")}${movers > 1 ? `, ${limit}` : ""}`] : []),
    ...(awaited > 0 ? [`wait for ${count(awaited, "VM")}`] : []),
    ...(shutDown > 0 ? [`shut down ${count(shutDown, "VM")}${movers > 0 ? " when those have left" : ""}`] : []),
    ...(options.allPods === true && check.nodes.some(hasEvictablePods) ? ["evict the other pods"] : []),
    check.nodes.some((node) => node.outsideSelection)
      ? "look again that nothing of the selection is left"
      : `look again that no ${going.length < vms.length ? "other " : ""}VM is left`,
  ];
  return ["In this order:", ...steps.flatMap((step, at) => wrapSentence(`  ${at + 1}. ${step}`, options.columns, 3))];
}

function parallelMigrations(check: Check, options: PlanOptions): string {
  const { perNode, perCluster } = check.migrations;
  const limit = Math.min(perNode, perCluster, options.maxParallel ?? Number.POSITIVE_INFINITY);
  return `${limit} at a time${check.nodes.length > 1 ? " per node" : ""}`;
}

function isLeft(vm: VmVerdict): boolean {
  return vm.outcome === "blocks" || vm.outcome === "unknown";
}

function isEvicted(pod: { readonly outcome: string }): boolean {
  return pod.outcome === "evicted";
}

function hasEvictablePods(node: NodeVerdict): boolean {
  return node.otherPods.some(isEvicted);
}
