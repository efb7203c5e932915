/** The end of a drain: what became of each VM, whether the node may be powered off, and what to do next. */
import type { Summary, VmProgress } from "../model/progress.ts";
import { runningTime } from "./duration.ts";
import { sanitised } from "./sanitise.ts";
import { plain, type Style } from "./style.ts";
import { padLeft, padRight, width } from "./width.ts";
import { count, vmName } from "./wording.ts";

type NodeSummary = Summary["nodes"][number];

/** More names than these are not written out in the middle of a line. */
const fewNames = 5;

/** The lines below `node/x drained`, or in its place. */
export function summaryReport(summary: Summary, style: Style = plain): string[] {
  const safe = sanitised(summary);
  const several = safe.nodes.length > 1;
  const lines = safe.nodes.flatMap((node) => [
    "",
    ...(several ? [style("strong", `${node.name}:`)] : []),
    ...outcomeLines(node, style),
    ...verdictLines(node, style),
  ]);
  if (safe.nextSteps.length === 0) return lines;
  const column = Math.max(...safe.nextSteps.map((step) => width(step.purpose))) + 3;
  return [...lines, "", ...safe.nextSteps.map((step) => `${padRight(`${step.purpose}:`, column)}${step.command}`)];
}

function outcomeLines(node: NodeSummary, style: Style): string[] {
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
    return bad ? [first, ...vms.flatMap(troubleLines)] : [first];
  });
}

/** Of each VM that did not get away: why, and the cure. */
function troubleLines(vm: VmProgress): string[] {
  const why = vm.detail === undefined ? "" : `   ${vm.detail}`;
  return [`  ${vmName(vm)}${why}`, ...(vm.fix === undefined ? [] : [`    fix: ${vm.fix}`])];
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

function names(vms: readonly VmProgress[]): string {
  const shown = vms
    .slice(0, fewNames)
    .map((vm) => (vm.detail === undefined ? vmName(vm) : `${vmName(vm)} (${vm.detail})`));
  return `${shown.join(", ")}${vms.length > fewNames ? ", …" : ""}`;
}

function verdictLines(node: NodeSummary, style: Style): string[] {
  const others = [
    ...(node.otherPods === undefined || node.otherPods === 0
      ? []
      : [`${count(node.otherPods, "other pod")} ${node.otherPods === 1 ? "is" : "are"} still there (--all-pods).`]),
    ...(node.attachedVolumes === undefined || node.attachedVolumes === 0
      ? []
      : [`${count(node.attachedVolumes, "volume")} ${node.attachedVolumes === 1 ? "is" : "are"} still attached.`]),
  ];
  const detail = node.powerOffDetail === undefined ? "" : `: ${node.powerOffDetail}`;
  if (node.outsideSelection > 0) {
    const left = `${node.stillThere.length} of the selection left, ${node.outsideSelection} others remain.`;
    return [`${node.name}: ${left}`, style("warn", `${node.name} must not be powered off${detail}.`)];
  }
  if (node.mayPowerOff) {
    return [
      [style("good", `${node.name} may be powered off${detail === "" ? ": no VM left" : detail}.`), ...others].join(
        " ",
      ),
    ];
  }
  const refusal = style("warn", `must not be powered off${detail}.`);
  const drained = node.drained ? node.name : `${style("bad", `${node.name} is not drained`)} and`;
  return [[`${drained} ${refusal}`, ...others].join(" ")];
}
