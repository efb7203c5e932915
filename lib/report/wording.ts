/** The words that all layouts share: outcomes, names of objects, counts. */
import { type Gap, isCovered } from "../model/facts.ts";
import type { ObjectReference, Severity } from "../model/finding.ts";
import type { Outcome, VmVerdict } from "../model/verdict.ts";
import type { Tone } from "./style.ts";

/** Worst first: the order in which a check lists them. */
export const outcomesWorstFirst: readonly Outcome[] = ["blocks", "unknown", "waits", "stops", "restarts", "moves"];

export const outcomeTone: Readonly<Record<Outcome, Tone>> = {
  blocks: "bad",
  unknown: "bad",
  waits: "warn",
  stops: "warn",
  restarts: "warn",
  moves: "good",
};

export const severityWord: Readonly<Record<Severity, string>> = {
  blocker: "BLOCKS",
  unknown: "UNKNOWN",
  risk: "RISK",
  note: "NOTE",
};

export const severityTone: Readonly<Record<Severity, Tone | undefined>> = {
  blocker: "bad",
  unknown: "bad",
  risk: "warn",
  note: undefined,
};

/** `1 VM`, `14 VMs`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** The verb behind such a count. */
export function isOrAre(number: number): string {
  return number === 1 ? "is" : "are";
}

/** `a`, `a and b`, `a, b and c`. */
export function enumerate(items: readonly string[]): string {
  const last = items.at(-1) ?? "";
  return items.length < 2 ? last : `${items.slice(0, -1).join(", ")} and ${last}`;
}

/** `prod/web-1`, as people name a VM. */
export function vmName(vm: { readonly namespace: string; readonly name: string }): string {
  return `${vm.namespace}/${vm.name}`;
}

const shortKinds: Readonly<Record<string, string>> = {
  virtualmachine: "vm",
  virtualmachineinstance: "vmi",
  virtualmachineinstancemigration: "vmim",
  virtualmachineinstancereplicaset: "vmirs",
  virtualmachinepool: "vmpool",
  poddisruptionbudget: "pdb",
  persistentvolumeclaim: "pvc",
  persistentvolume: "pv",
};

/** `node/worker-1`, `pdb/ledger -n prod`: what can be pasted behind `kubectl get`; the namespace only where it is another one. */
export function objectName(object: ObjectReference, knownNamespace?: string): string {
  const name = `${shortKinds[object.kind] ?? object.kind}/${object.name}`;
  return !object.namespace || object.namespace === knownNamespace ? name : `${name} -n ${object.namespace}`;
}

/**
 * True for a VM that runs elsewhere and whose migration to this node has not ended. It concerns a drain of the node, but counts
 * among the VMs of the one that it comes from.
 */
export function isArriving(node: string, { row, findings: [finding] }: VmVerdict): boolean {
  return row === "D4" && finding?.proof.field === "status.nodeName" && finding.proof.value !== node;
}

/** What is known to happen to so many VMs: `14 VMs move, 2 restart, 1 stops for good`; the noun stands once. */
export function outcomeCounts(counts: Readonly<Partial<Record<Outcome, number>>>): string {
  const phrases = [
    phrase(counts.moves, "moves", "move"),
    phrase(counts.restarts, "restarts", "restart"),
    phrase(counts.stops, "stops for good", "stop for good"),
    phrase(counts.waits, "is waited for", "are waited for"),
    phrase((counts.blocks ?? 0) + (counts.unknown ?? 0), "stays", "stay"),
  ].filter((entry) => entry !== undefined);
  return phrases.map(({ number, verb }, at) => `${at === 0 ? count(number, "VM") : number} ${verb}`).join(", ");
}

function phrase(number: number | undefined, one: string, many: string): { number: number; verb: string } | undefined {
  return number === undefined || number === 0 ? undefined : { number, verb: number === 1 ? one : many };
}

/** `budgets in namespace "lab" (forbidden)` without the article of a sentence. */
function gapText(gap: Gap): string {
  const where = gap.namespace === undefined ? "" : ` in namespace "${gap.namespace}"`;
  return `${gap.resource}${where} (${gap.reason})`;
}

const forbidden = /^forbidden: (\w+) (\S+)$/;

/** What could not be read, each thing once; to list and to get the same thing is one right for whoever grants it. */
export function gapTexts(gaps: readonly Gap[]): string[] {
  const groups = Map.groupBy(gaps, (gap) => {
    const namespace = isCovered(gap, gaps) ? undefined : gap.namespace;
    return JSON.stringify([gap.resource, namespace, forbidden.test(gap.reason) ? "" : gap.reason]);
  });
  return [...groups.values()].flatMap((group) => {
    const widest = group.find((gap) => !isCovered(gap, gaps));
    if (widest === undefined) return [];
    const verbs = new Set(group.flatMap(({ reason }) => forbidden.exec(reason)?.[1] ?? []));
    const reason = verbs.size === 0 ? widest.reason : `forbidden: ${enumerate([...verbs])} ${widest.resource}`;
    return [gapText({ ...widest, reason })];
  });
}
