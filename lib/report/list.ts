/** The tables of `list`: nodes with their VMs counted, and the VMs of nodes. */
import { recoveryOn } from "../model/facts.ts";
import { isCordoned, isReady, type NodeOverview } from "../model/overview.ts";
import type { NodeVerdict, VmVerdict } from "../model/verdict.ts";
import { age } from "./duration.ts";
import { sanitised } from "./sanitise.ts";
import { plain, type Tone, toned } from "./style.ts";
import { type Cell, type Column, fitColumns, type TableOptions, table } from "./table.ts";
import { wrapSentence } from "./width.ts";
import { count, enumerate, isArriving, isOrAre, objectName, outcomesWorstFirst, outcomeTone } from "./wording.ts";

export interface ListOptions extends TableOptions {
  /** The API server's clock. */
  readonly now: Date;
  readonly wide?: boolean | undefined;
  /** How the user started us. */
  readonly program?: string | undefined;
  /** Flags for the commands that are advised, so that they reach the same cluster. */
  readonly commandFlags?: string | undefined;
}

/** The table of nodes; below it, a line for each node that needs attention. */
export function nodeTable(nodes: readonly NodeOverview[], options: ListOptions): string[] {
  const columns: Column[] = [
    { header: "NODE" },
    { header: "STATUS", elastic: "last", tone: statusTone },
    { header: "VMS", align: "right" },
    { header: "MIGRATABLE", align: "right", goes: 2 },
    { header: "NOT-MIGRATABLE", align: "right", goes: 3, tone: (cell) => (cell === "0" ? undefined : "warn") },
    { header: "AGE", goes: 1 },
    ...(options.wide
      ? [
          { header: "DRAIN", tone: drainTone },
          { header: "MEMORY", align: "right" as const },
        ]
      : []),
  ];
  const rows = nodes.map((node): Cell[] => [
    node.name,
    statusCell(node, options.now),
    node.vms,
    node.migratable,
    node.notMigratable,
    node.age ?? age(node.createdAt, options.now),
    ...(options.wide ? [drainCell(node), node.drain?.memory] : []),
  ]);
  const remarks = nodes.filter(isRemarkable).flatMap((node) => nodeRemarks(sanitised(node), options));
  return fittedTable(columns, rows, options, remarks);
}

/** The VMs of some nodes; with more than one node, the node's name comes first. */
export function vmTable(nodes: readonly NodeVerdict[], options: ListOptions): string[] {
  const several = nodes.length > 1;
  const columns: Column[] = [
    ...(several ? [{ header: "NODE" }] : []),
    { header: "NAMESPACE" },
    { header: "NAME" },
    { header: "PHASE", goes: 3 },
    { header: "STRATEGY", elastic: true },
    { header: "MIGRATABLE", elastic: true, tone: (cell) => (cell.startsWith("False") ? "warn" : undefined) },
    { header: "OWNER", elastic: true, goes: 2 },
    { header: "BUDGETS", elastic: true, goes: 1 },
    { header: "DRAIN", tone: drainTone },
    ...(options.wide ? ["POD", "MEMORY", "TARGET", "REASON"].map((header) => ({ header })) : []),
  ];
  const rows = nodes.flatMap((node) =>
    node.vms.map((vm) => [...(several ? [node.name] : []), ...vmCells(vm), ...(options.wide ? wideVmCells(vm) : [])]),
  );
  const arriving = nodes.reduce((sum, node) => sum + node.vms.filter((vm) => isArriving(node.name, vm)).length, 0);
  const remarks = arriving === 0 ? [] : wrapSentence(arrivingText(arriving), options.columns);
  return fittedTable(columns, rows, options, remarks);
}

/** The columns that have room, the remarks, and which columns have not. Wide tables are wrapped by the terminal, and nothing of them is cut. */
function fittedTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  options: ListOptions,
  remarks: readonly string[],
): string[] {
  const room = options.wide ? undefined : options.columns;
  const fitted = fitColumns(columns, rows, room);
  const missing = `No room here for ${enumerate(fitted.gone)}: see -o wide.`;
  const below = [...remarks, ...(fitted.gone.length === 0 ? [] : wrapSentence(missing, options.columns))];
  const lines = table(fitted.columns, fitted.rows, { ...options, columns: room });
  return below.length === 0 ? lines : [...lines, "", ...below];
}

function arrivingText(number: number): string {
  return number === 1
    ? "1 of these VMs is still arriving, and counts as one of the node that it comes from."
    : `${number} of these VMs are still arriving, and count as VMs of the nodes that they come from.`;
}

function vmCells(vm: VmVerdict): Cell[] {
  return [
    vm.namespace,
    vm.name,
    vm.phase,
    `${vm.strategy.value} (${vm.strategy.from})`,
    vm.migratable.reason === undefined || vm.migratable.status === "True"
      ? vm.migratable.status
      : `${vm.migratable.status}: ${vm.migratable.reason}`,
    ownerCell(vm),
    vm.budgets.join(","),
    vm.outcome,
  ];
}

function wideVmCells(vm: VmVerdict): Cell[] {
  return [vm.pod.name, vm.memory, vm.migratingTo, vm.findings[0]?.reason];
}

function ownerCell(vm: VmVerdict): string | undefined {
  if (vm.owner === undefined) return undefined;
  const owner = objectName({ kind: vm.owner.kind.toLowerCase(), name: vm.owner.name });
  return vm.runStrategy === undefined ? owner : `${owner} (${vm.runStrategy})`;
}

/** A node that is not Ready says since when. */
function statusCell(node: NodeOverview, now: Date): string {
  return isReady(node) || node.statusSince === undefined
    ? node.status
    : `${node.status} (${age(node.statusSince, now)})`;
}

function drainCell(node: NodeOverview): string | undefined {
  if (node.drain === undefined) return undefined;
  const { verdict, outcomes } = node.drain;
  const counts = outcomesWorstFirst.flatMap((outcome) => {
    const number = outcomes[outcome] ?? 0;
    return number === 0 ? [] : [`${number} ${outcome}`];
  });
  return counts.length === 0 ? verdict : `${verdict}: ${counts.join(", ")}`;
}

/** Of a thousand nodes there is nothing to say of most. */
function isRemarkable(node: NodeOverview): boolean {
  return !isReady(node) || (node.record?.kind ?? "none") !== "none" || (node.leaving ?? 0) > 0;
}

function nodeRemarks(node: NodeOverview, options: ListOptions): string[] {
  const { now, style = plain, columns, program = "kubectl vmnode", commandFlags = "" } = options;
  const advised = (command: string): string => `${program} ${command}${commandFlags === "" ? "" : ` ${commandFlags}`}`;
  const remarks: string[] = [];
  const broken = (text: string): void => void remarks.push(...wrapSentence(text, columns));
  const warned = (text: string): void => void remarks.push(...toned(style, "warn", wrapSentence(text, columns)));
  if (!isReady(node) && node.vms > 0) warned(`${node.name} looks lost: ${advised(`recover ${node.name} --dry-run`)}`);
  if (node.record?.kind === "record") {
    const { kind, by, since, reason } = node.record.record;
    const why = reason === undefined ? "" : `, "${reason}"`;
    const cordoned = isCordoned(node);
    const what = cordoned ? `${kind} by ${by}` : `a stale record of a ${kind} by ${by}`;
    const remove = cordoned || node.leaving ? "" : `; to remove it: ${advised(`uncordon ${node.name}`)}`;
    broken(`${node.name}: ${what}, ${age(since, now)} ago${why}${remove}`);
  } else if (node.record !== undefined && node.record.kind !== "none") {
    broken(
      `${node.name}: a record of an operation that cannot be understood (${node.record.kind}): ${node.record.text}`,
    );
  }
  // A recovery is given back, not undone.
  if (node.leaving !== undefined && node.leaving > 0 && recoveryOn(node.record) === undefined) {
    const undo = advised(`abort ${node.name}`);
    warned(
      `${node.name}: ${count(node.leaving, "VM")} ${isOrAre(node.leaving)} marked to leave it; to undo that: ${undo}`,
    );
  }
  return remarks;
}

function statusTone(cell: string): Tone | undefined {
  if (!cell.startsWith("Ready")) return "bad";
  return cell.includes("SchedulingDisabled") ? "warn" : undefined;
}

function drainTone(cell: string): Tone | undefined {
  if (cell.startsWith("drains")) return "good";
  const outcome = outcomesWorstFirst.find((word) => cell.startsWith(word));
  return outcome === undefined ? undefined : outcomeTone[outcome];
}
