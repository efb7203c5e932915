/** A check on the screen: the answer first, then one line per VM with its reason, and what to do next to what is wrong. */
import { type Finding, findingCodes, needsWaiver, type ObjectReference } from "../model/finding.ts";
import type { Check, NodeVerdict, Outcome, PodVerdict, VmVerdict } from "../model/verdict.ts";
import { type Entry, entryLines } from "./entries.ts";
import { sanitised } from "./sanitise.ts";
import { type Layout, plain, type Style, type Tone, toned } from "./style.ts";
import { wrap } from "./width.ts";
import {
  count,
  enumerate,
  gapTexts,
  isArriving,
  isOrAre,
  objectName,
  outcomeCounts,
  outcomesWorstFirst,
  outcomeTone,
  severityTone,
  severityWord,
  vmName,
} from "./wording.ts";

export interface CheckOptions extends Layout {
  /** Codes accepted with `--waive`. */
  readonly waived?: ReadonlySet<string> | undefined;
  /** The other pods of the nodes are drained, too. */
  readonly allPods?: boolean | undefined;
  /** Lists the VMs that move one by one. */
  readonly expand?: boolean | undefined;
}

interface Settings extends CheckOptions {
  readonly style: Style;
  readonly waived: ReadonlySet<string>;
}

/** The lines of `check`. */
export function checkReport(check: Check, options: CheckOptions = {}): string[] {
  const safe = sanitised(check);
  const settings = { ...options, style: options.style ?? plain, waived: options.waived ?? new Set<string>() };
  const sections = safe.nodes.map((node) => nodeEntries(safe, node, settings));
  const lines = verdictLines(safe, settings);
  sections.forEach((entries, at) => {
    if (entries.length === 0) return;
    lines.push("");
    if (safe.nodes.length > 1) lines.push(settings.style("strong", `${safe.nodes[at]?.name}:`));
    lines.push(...entryLines(entries, settings));
  });
  const gaps = gapTexts(safe.gaps).map((gap) => `Not checked: ${gap}`);
  if (gaps.length > 0) lines.push("", ...gaps.flatMap((gap) => wrap(gap, settings.columns)));
  return lines;
}

function verdictLines(check: Check, settings: Settings): string[] {
  const { style, columns } = settings;
  const lines = check.nodes.flatMap((node) =>
    toned(style, node.verdict === "drains" ? "good" : "bad", wrap(nodeVerdictText(node, settings), columns)),
  );
  if (check.nodes.length < 2) return lines;
  const good = check.nodes.filter((node) => node.verdict === "drains").length;
  return [style("strong", `${good} of ${count(check.nodes.length, "node")} can be drained.`), ...lines];
}

/** One sentence: whether the node can be drained, and what that means or why not. */
function nodeVerdictText(node: NodeVerdict, settings: Settings): string {
  if (node.verdict === "drains") {
    return `${node.name} can be drained: ${whatHappens([node])}.`;
  }
  if (node.verdict === "unknown") {
    const codes = [
      ...new Set(
        allFindings(node, settings)
          .filter((finding) => needsWaiver(finding, settings.waived))
          .map((finding) => finding.code),
      ),
    ];
    const waivers = codes.map((code) => `--waive ${code}`).join(" ");
    const accept = codes.length === 0 ? "" : ` What it would take: ${waivers}.`;
    return `${node.name}: whether it can be drained is not certain.${accept}`;
  }
  const staying = node.vms.filter((vm) => vm.outcome === "blocks").length;
  const stayingPods = settings.allPods ? node.otherPods.filter((pod) => pod.outcome === "blocks").length : 0;
  if (staying + stayingPods > 0) {
    const arriving = node.vms.filter((vm) => isArriving(node.name, vm)).length;
    const groups = [
      ...(staying > 0 ? [`${staying} of ${count(node.vms.length - arriving, "VM")}`] : []),
      ...(stayingPods > 0 ? [`${stayingPods} of ${count(node.otherPods.length, "other pod")}`] : []),
    ];
    const more = arriving === 0 ? "" : ` ${arriving} more ${isOrAre(arriving)} arriving.`;
    return `${node.name} cannot be drained: ${enumerate(groups)} would stay.${more}`;
  }
  const blocker = node.findings.find((finding) => finding.severity === "blocker");
  return `${node.name} cannot be drained${blocker === undefined ? "." : `: ${blocker.reason}`}`;
}

function allFindings(node: NodeVerdict, settings: Settings): readonly Finding[] {
  const pods = settings.allPods ? node.otherPods.flatMap((pod) => pod.finding ?? []) : [];
  return [...node.findings, ...node.vms.flatMap((vm) => vm.findings), ...pods];
}

/** What a drain does to the VMs of these nodes, and how many of them it leaves out. */
export function whatHappens(nodes: readonly NodeVerdict[]): string {
  const vms = nodes.flatMap((node) => node.vms);
  const outside = nodes.reduce((sum, node) => sum + (node.outsideSelection ?? 0), 0);
  if (vms.length === 0) return outside === 0 ? "no VM runs there" : `none of ${count(outside, "VM")} is selected`;
  const others = outside === 0 ? "" : `; ${count(outside, "other")} ${isOrAre(outside)} not selected`;
  return outcomeCounts(countOutcomes(vms)) + others;
}

function countOutcomes(vms: readonly VmVerdict[]): Partial<Record<Outcome, number>> {
  const counts: Partial<Record<Outcome, number>> = {};
  for (const vm of vms) counts[vm.outcome] = (counts[vm.outcome] ?? 0) + 1;
  return counts;
}

function nodeEntries(check: Check, node: NodeVerdict, settings: Settings): Entry[] {
  const serious = node.findings.filter((finding) => finding.severity !== "note");
  const notes = node.findings.filter((finding) => finding.severity === "note");
  const listed = node.vms.filter((vm) => settings.expand || !isPlainMove(vm));
  const blockedPods = settings.allPods ? node.otherPods.filter((pod) => pod.outcome === "blocks") : [];
  return [
    ...serious.map((finding) => findingEntry(finding, settings)),
    ...blockedPods.flatMap((pod) => (pod.finding === undefined ? [] : [findingEntry(pod.finding, settings)])),
    ...outcomesWorstFirst.flatMap((outcome) =>
      listed.filter((vm) => vm.outcome === outcome).map((vm) => vmEntry(vm, settings)),
    ),
    ...moveEntry(
      check,
      node.vms.filter((vm) => !listed.includes(vm)),
    ),
    ...otherPodEntries(node, settings),
    ...notes.map((finding) => findingEntry(finding, settings)),
  ];
}

/** Nothing is to be said of it but that it moves. */
function isPlainMove(vm: VmVerdict): boolean {
  return vm.outcome === "moves" && vm.findings.every((finding) => finding.severity === "note");
}

function findingEntry(finding: Finding, settings: Settings): Entry {
  return {
    word: severityWord[finding.severity],
    tone: severityTone[finding.severity],
    object: objectName(finding.object),
    texts: [finding.reason, ...proofTexts(finding, finding.object)],
    commands: cures(finding, settings),
  };
}

function vmEntry(vm: VmVerdict, settings: Settings): Entry {
  const [main, ...others] = vm.findings;
  const worthwhile = ({ severity, code }: Finding) =>
    severity !== "note" || code === "BudgetAllowsSome" || code === "AlreadyMigrating";
  const shown = [...(main === undefined ? [] : [main]), ...others.filter(worthwhile)];
  const subject = { kind: "virtualmachineinstance", namespace: vm.namespace, name: vm.name };
  const texts = shown.flatMap((finding) => [finding.reason, ...proofTexts(finding, subject)]);
  return {
    word: vm.outcome.toUpperCase(),
    tone: outcomeTone[vm.outcome],
    object: vmName(vm),
    texts: texts.length === 0 && vm.outcome === "moves" ? ["live migration"] : texts,
    commands: shown.flatMap((finding) => cures(finding, settings)),
  };
}

/** The field behind a reason. A note needs no proof on the screen: it stands in the JSON. */
function proofTexts(finding: Finding, subject: ObjectReference): string[] {
  if (finding.severity === "note") return [];
  const { object, field, value } = finding.proof;
  const known = object.kind === subject.kind && object.name === subject.name && object.namespace === subject.namespace;
  const where = known ? "" : `${objectName(object, subject.namespace)}: `;
  return [`seen: ${where}${field} = ${value === "" ? '""' : value}`];
}

/** What the command is for where it cures nothing: such a VM goes as it should. */
const purposes: Readonly<Partial<Record<Finding["code"], string>>> = {
  ShutsDownStaysOff: "afterwards",
  ShutsDownProbablyStaysOff: "afterwards",
  BareVmi: "to keep it",
};

function cures(finding: Finding, settings: Settings): string[] {
  const fix = finding.fix === undefined ? [] : [`${purposes[finding.code] ?? "fix"}: ${finding.fix}`];
  if (!findingCodes[finding.code].waivable) return fix;
  if (settings.waived.has(finding.code)) return [...fix, `accepted: --waive ${finding.code}`];
  return [...fix, `${fix.length > 0 ? "or accept it" : "accept it"}: --waive ${finding.code}`];
}

/** The VMs that move are one line: nobody needs to act on them. */
function moveEntry(check: Check, vms: readonly VmVerdict[]): Entry[] {
  const [first] = vms;
  if (first === undefined) return [];
  const limit = Math.min(check.migrations.perNode, check.migrations.perCluster);
  const room = check.smallestRoom;
  const parts = [
    vms.length === 1 ? "live migration" : `live migration, ${limit} at a time`,
    ...(room === undefined ? [] : [`smallest room left: ${room.node}, ${room.memory}`]),
  ];
  return [
    {
      word: "MOVES",
      tone: outcomeTone.moves,
      object: vms.length === 1 ? vmName(first) : count(vms.length, "VM"),
      texts: [parts.join("; "), ...noteTexts(vms)],
      commands: [],
    },
  ];
}

/** What is worth knowing of some of the VMs that move: `3 of them: block migration: disks are copied, too`. */
function noteTexts(vms: readonly VmVerdict[]): string[] {
  const byCode = new Map<Finding["code"], number>();
  for (const { code } of vms.flatMap((vm) => vm.findings)) {
    // The line says it already.
    if (code !== "LiveMigrates") byCode.set(code, (byCode.get(code) ?? 0) + 1);
  }
  return [...byCode].map(([code, number]) => {
    const meaning = findingCodes[code].meaning.replace(/ \(D\w+\)$/, "");
    return vms.length === 1 ? meaning : `${number} of them: ${meaning}`;
  });
}

function otherPodEntries(node: NodeVerdict, settings: Settings): Entry[] {
  const living = node.otherPods.filter((pod) => pod.outcome !== "finished" && pod.outcome !== "hotplug");
  if (living.length === 0) return [];
  const entry = (word: string, tone: Tone | undefined, number: number, text: string): Entry => ({
    word,
    tone,
    object: count(number, "pod"),
    texts: [text],
    commands: [],
  });
  if (!settings.allPods) {
    const others = living.filter((pod) => pod.permanent !== true).length;
    return others === 0 ? [] : [entry("STAYS", undefined, others, "other than VMs; --all-pods takes them along")];
  }
  const having = (outcome: PodVerdict["outcome"]) => living.filter((pod) => pod.outcome === outcome).length;
  const evicted = having("evicted");
  const skipped = having("skipped");
  return [
    ...(evicted > 0 ? [entry("EVICTS", "warn", evicted, "other than VMs, when the VMs are gone")] : []),
    ...(skipped > 0 ? [entry("STAYS", undefined, skipped, "of DaemonSets, or static")] : []),
  ];
}
