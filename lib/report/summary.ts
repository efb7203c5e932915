/** The end of a drain: what became of each VM, whether the node may be powered off, and what to do next. */
import type { Summary, VmProgress, VmState } from "../model/progress.ts";
import { runningTime } from "./duration.ts";
import { sanitised } from "./sanitise.ts";
import { stepLines } from "./steps.ts";
import { type Layout, plain, type Style } from "./style.ts";
import { padLeft, padRight, wrapSentence } from "./width.ts";
import { count, isOrAre, vmName } from "./wording.ts";

type NodeSummary = Summary["nodes"][number];

/** More names than these are not written out in the middle of a line. */
const fewNames = 5;

/** The lines below `node/x drained`, or in its place; text is broken to fit into `columns`, commands are not. */
export function summaryReport(summary: Summary, { style = plain, columns }: Layout = {}): string[] {
  const safe = sanitised(summary);
  const several = safe.nodes.length > 1;
  const lines = [
    ...endLines(safe, style, columns),
    ...safe.nodes.flatMap((node) => [
      "",
      ...(several ? [style("strong", `${node.name}:`)] : []),
      ...outcomeLines(node, style, columns),
      ...podLines(node, style, columns),
      ...verdictLines(node, style).flatMap((line) => wrapSentence(line, columns, 0)),
    ]),
  ];
  return [...lines, ...stepLines(safe.nextSteps, columns)];
}

const ends: Readonly<Partial<Record<NonNullable<Summary["end"]>, string>>> = {
  stuck: "Gave up: everything that is left is blocked, and nothing has changed for a minute.",
  unverified: "Gave up: for a minute it could not be verified that nothing is left.",
  "timed-out": "Gave up: the time limit (--timeout) is over.",
  interrupted: "Interrupted: nothing more is evicted.",
};

/** Why it ended before it was done, and what goes on without this program. */
function endLines({ end, stoppedBy, goesOn = [] }: Summary, style: Style, columns: number | undefined): string[] {
  const why = stoppedBy === undefined ? end && ends[end] : `Stopped: ${stoppedBy}. Nothing more is evicted.`;
  const going = (states: readonly VmState[]) => goesOn.filter((vm) => states.includes(vm.state));
  const moving = going(["queued", "migrating"]);
  const ending = going(["shutting-down", "starting"]);
  // Whoever stopped it may stop them, too, as an abort does.
  const goOn = stoppedBy === undefined ? `KubeVirt goes on moving ${count(moving.length, "VM")}` : "Still moving";
  const lines = [
    ...(why === undefined ? [] : [style("warn", why)]),
    ...(moving.length === 0 ? [] : [`${goOn}: ${names(moving, false)}`]),
    ...(ending.length === 0 ? [] : [`Still shutting down or starting: ${names(ending, false)}`]),
  ];
  return lines.length === 0 ? [] : ["", ...lines.flatMap((line) => wrapSentence(line, columns))];
}

/** What keeps a node from being empty beside its VMs, each pod by its name. */
function podLines({ podsLeft }: NodeSummary, style: Style, columns: number | undefined): string[] {
  if (podsLeft.length === 0) return [];
  return [
    style("bad", `${count(podsLeft.length, "other pod")} still there`),
    ...podsLeft.flatMap((pod) => troubleLines(pod, columns)),
  ];
}

function outcomeLines(node: NodeSummary, style: Style, columns: number | undefined): string[] {
  const rows: { readonly word: string; readonly vms: readonly VmProgress[]; readonly text: string }[] = [
    { word: "moved", vms: node.moved, text: slowest(node.moved) },
    { word: "restarted", vms: node.restarted, text: targets(node.restarted) },
    { word: "stopped", vms: node.stopped, text: names(node.stopped) },
    { word: "failed", vms: node.failed, text: "" },
    { word: "still there", vms: node.stillThere, text: "" },
  ];
  const shown = rows.filter((row) => row.vms.length > 0);
  const wordColumn = Math.max(0, ...shown.map((row) => row.word.length)) + 1;
  const numberColumn = Math.max(0, ...shown.map((row) => String(row.vms.length).length)) + 1;
  return shown.flatMap(({ word, vms, text }) => {
    const start = `${padRight(word, wordColumn)}${padLeft(String(vms.length), numberColumn)}`;
    const bad = vms === node.failed || vms === node.stillThere;
    const first = `${bad ? style("bad", start) : start}   ${text}`.trimEnd();
    if (bad) return [first, ...vms.flatMap((vm) => troubleLines(vm, columns))];
    return wrapSentence(first, columns, wordColumn + numberColumn + 3);
  });
}

/** Whom the lines are about, and what is wrong. */
export type Trouble = Pick<VmProgress, "namespace" | "name" | "detail" | "fix">;

/** Of a VM or pod that is not where it should be: why, and the cure. */
export function troubleLines({ detail, fix, ...named }: Trouble, columns: number | undefined): string[] {
  const why = detail === undefined ? "" : `   ${detail}`;
  return [...wrapSentence(`  ${vmName(named)}${why}`, columns), ...(fix === undefined ? [] : [`    fix: ${fix}`])];
}

function slowest(vms: readonly VmProgress[]): string {
  let slow: VmProgress | undefined;
  for (const vm of vms) if ((vm.seconds ?? -1) > (slow?.seconds ?? -1)) slow = vm;
  return slow?.seconds === undefined ? "" : `slowest ${vmName(slow)} (${runningTime(slow.seconds)})`;
}

function targets(vms: readonly VmProgress[]): string {
  const nodes = [...new Set(vms.flatMap((vm) => vm.target ?? []))].sort();
  return nodes.length === 0 ? names(vms) : `running on ${nodes.join(", ")}`;
}

function names(vms: readonly VmProgress[], explained = true): string {
  const shown = vms
    .slice(0, fewNames)
    .map((vm) => (vm.detail === undefined || !explained ? vmName(vm) : `${vmName(vm)} (${vm.detail})`));
  return `${shown.join(", ")}${vms.length > fewNames ? ", …" : ""}`;
}

function verdictLines(node: NodeSummary, style: Style): string[] {
  const others = [
    ...(node.otherPods === undefined || node.otherPods === 0
      ? []
      : [`${count(node.otherPods, "other pod")} ${isOrAre(node.otherPods)} still there (--all-pods).`]),
    ...(node.attachedVolumes === undefined || node.attachedVolumes === 0
      ? []
      : [`${count(node.attachedVolumes, "volume")} ${isOrAre(node.attachedVolumes)} still attached.`]),
  ];
  const detail = node.powerOffDetail === undefined ? "" : `: ${node.powerOffDetail}`;
  if (node.outsideSelection > 0) {
    const left = `${node.stillThere.length} of the selection left, ${node.outsideSelection} others remain.`;
    return [`${node.name}: ${left}`, style("warn", `${node.name} must not be powered off${detail}.`)];
  }
  if (node.mayPowerOff) {
    const but = node.powerOffDetail === undefined ? "" : `, but ${node.powerOffDetail}`;
    return [[style("good", `${node.name} may be powered off: no VM left${but}.`), ...others].join(" ")];
  }
  const refusal = style("warn", `must not be powered off${detail}.`);
  const drained = node.drained ? node.name : `${style("bad", `${node.name} is not drained`)} and`;
  return [[`${drained} ${refusal}`, ...others].join(" ")];
}
