/** Puts the assessment together: from a picture to a verdict for every VM and every node. */
import { type Facts, unreadNodes } from "../model/facts.ts";
import { type Finding, needsWaiver } from "../model/finding.ts";
import { controllerOf, findCondition, type LabelSelector } from "../model/kubernetes.ts";
import type { VirtualMachineInstance } from "../model/kubevirt.ts";
import { matchesSelector } from "../model/selectors.ts";
import type { Check, NodeVerdict, PodVerdict, VmVerdict } from "../model/verdict.ts";
import { capabilitiesOf } from "../platform/version.ts";
import { addressedCheck } from "./addressed.ts";
import { migrationArrival, restartArrival } from "./arrivals.ts";
import { budgetsFor, LossesForGood } from "./budgets.ts";
import { type DrainFilters, otherPodsOf } from "./drain-filters.ts";
import { withDryRun } from "./dry-run.ts";
import { isLeftover, type Judgement, judge, type Rules } from "./eviction.ts";
import { makeFinding, refer } from "./findings.ts";
import { effectiveStrategy, guestGrace, migratability, migrationLimits } from "./kubevirt-state.ts";
import { migrationTarget } from "./migration-findings.ts";
import { leftoverPods, nodeFindings } from "./node.ts";
import { type Fit, type Placement, PlacesInOrder, placeAll, type Request } from "./placement.ts";
import { overQuota } from "./quotas.ts";
import { largestOf, placesOf } from "./room.ts";
import { settle } from "./settle.ts";
import {
  activePodsOf,
  findGap,
  type Index,
  indexFacts,
  machineOf,
  type Subject,
  subjectsOn,
  vmiNameOf,
} from "./subjects.ts";

export interface AssessOptions {
  /** Codes of findings that were accepted. */
  readonly waived: ReadonlySet<string>;
  /** Set when the rest of the node is emptied, too. */
  readonly allPods?: DrainFilters | undefined;
  /** Only launcher pods, and other pods, with these labels belong to the drain. */
  readonly podSelector?: LabelSelector | undefined;
  /** Overrides the pods' own grace period. */
  readonly graceSeconds?: number | undefined;
  /** Flags for the commands that are advised, so that they reach the same cluster. */
  readonly commandFlags?: string | undefined;
}

/** A subject on its way through the rules. */
interface Case {
  readonly subject: Subject;
  readonly key: string;
  readonly judgement: Judgement;
  readonly request?: Request | undefined;
}

/** What a drain of the targets would do. Pure; never throws, however incomplete the objects are. */
export function assess(facts: Facts, options: AssessOptions): Check {
  const index = indexFacts(facts);
  const rules = rulesFor(index, options);
  const cases = facts.targets.map((node) => casesOn(rules, node, options));
  const placement = place(index, cases.flat());
  const losses = new LossesForGood();
  const check: Check = {
    server: facts.server,
    time: facts.time,
    versions: facts.versions,
    nodes: facts.targets.map((node, at) =>
      nodeVerdict(rules, node, { cases: cases[at] ?? [], placement, losses, options }),
    ),
    gaps: facts.gaps,
    migrations: migrationLimits(index),
    ...(placement.smallestRoom === undefined ? {} : { smallestRoom: placement.smallestRoom }),
  };
  return addressedCheck(check, options.commandFlags);
}

/** As `assess`, for each target as if it alone were drained, so that the others can take its VMs; one after the other, because verdicts weigh. */
export function* assessEach(facts: Facts, options: AssessOptions): Generator<NodeVerdict> {
  const index = indexFacts(facts);
  const places = new PlacesInOrder(placesOf({ ...index, facts: { ...facts, targets: [] } }));
  for (const node of facts.targets) {
    const rules = rulesFor({ ...index, facts: { ...facts, targets: [node] } }, options);
    const cases = casesOn(rules, node, options);
    const placement = place(rules.index, cases, places);
    yield nodeVerdict(rules, node, { cases, placement, losses: new LossesForGood(), options });
  }
}

/**
 * Names the nodes whose pods should be read next, because a VM fits nowhere as far as is known and might fit there; the
 * largest first; then `unreadNodes`, if there are any. Empty when more reading would tell nothing new.
 */
export function roomWanted(facts: Facts, options: AssessOptions): readonly string[] {
  const index = indexFacts(facts);
  const rules = rulesFor(index, options);
  const placement = place(
    index,
    facts.targets.flatMap((node) => casesOn(rules, node, options)),
  );
  if (placement.fits.size === 0) return [];
  const wanted = new Set<string>();
  for (const fit of placement.fits.values()) if (fit.kind === "unknown") for (const node of fit.nodes) wanted.add(node);
  const names = largestOf(index, wanted);
  const elsewhere = [...placement.fits.values()].some((fit) => fit === notRead);
  return elsewhere && facts.nodesUnread ? [...names, unreadNodes] : names;
}

function rulesFor(index: Index, options: AssessOptions): Rules {
  return {
    index,
    capabilities: capabilitiesOf(index.facts.versions.kubevirt ?? index.facts.kubevirt?.observedVersion, index.facts),
    waived: options.waived,
    allPods: options.allPods !== undefined,
  };
}

function casesOn(rules: Rules, node: string, options: AssessOptions): Case[] {
  const subjects = subjectsOn(rules.index, node).filter((subject) => isSelected(subject, options.podSelector));
  return subjects.map((subject, at) => {
    const judgement = judge(rules, subject);
    const key = `${node}/${sortableNumber(at)}`;
    return { subject, key, judgement, request: requestOf(rules.index, subject, judgement, key) };
  });
}

function sortableNumber(at: number): string {
  return String(at).padStart(6, "0");
}

function isSelected({ pod }: Subject, selector: LabelSelector | undefined): boolean {
  return selector === undefined || (pod !== undefined && matchesSelector(pod.metadata.labels, selector));
}

/** What must find room elsewhere. A migration whose target pod has its node has found it. */
function requestOf(index: Index, { pod, vmi }: Subject, judgement: Judgement, key: string): Request | undefined {
  if (pod === undefined || vmi === undefined || judgement.needs === undefined) return undefined;
  if (judgement.needs === "restart") return { key, arrival: restartArrival(index, pod, vmi), moves: false };
  if (migrationTarget(index, vmi) !== undefined) return undefined;
  // The pod of a migration may be seen before the migration is.
  const others = activePodsOf(index, vmi).filter((other) => other.metadata.uid !== pod.metadata.uid);
  if (others.some((other) => other.spec.nodeName !== undefined && !isLeftover(index, other, pod))) return undefined;
  return { key, arrival: migrationArrival(index, pod, vmi), moves: true, isSecond: others.length > 0 };
}

function place(index: Index, cases: readonly Case[], places?: PlacesInOrder): Placement {
  const all = cases.flatMap((entry) => entry.request ?? []);
  const refused = overQuota(index, all);
  const placement = placeOnNodes(
    index,
    all.filter(({ key }) => !refused.has(key)),
    places,
  );
  return { ...placement, fits: new Map<string, Fit>([...placement.fits, ...refused]) };
}

function placeOnNodes(index: Index, requests: readonly Request[], places?: PlacesInOrder): Placement {
  if (requests.length === 0) return { fits: new Map() };
  const placement = placeAll(requests, places ?? new PlacesInOrder(placesOf(index)));
  if (findGap(index.facts, "nodes") === undefined && !index.facts.nodesUnread) return placement;
  // Where not all nodes were read, one that was not may take what the others refuse, and pods count that nobody saw.
  const spread = new Set(requests.filter(({ arrival }) => arrival.pod.spec.spread !== undefined).map(({ key }) => key));
  const fits = [...placement.fits].map(
    ([key, fit]) => [key, fit.kind === "none" || spread.has(key) ? notRead : fit] as const,
  );
  return { ...placement, fits: new Map(fits) };
}

const notRead: Fit = { kind: "unknown", nodes: [] };

interface NodeCases {
  readonly cases: readonly Case[];
  readonly placement: Placement;
  readonly losses: LossesForGood;
  readonly options: AssessOptions;
}

function nodeVerdict(rules: Rules, node: string, nodeCases: NodeCases): NodeVerdict {
  const { cases, options } = nodeCases;
  const vms = cases.map((entry) => vmVerdict(rules.index, entry, nodeCases));
  const findings = nodeFindings(rules, node, vms);
  const otherPods = otherPodsOf(rules, node, options.allPods).filter(
    (pod) => options.podSelector === undefined || isOtherSelected(rules.index, node, pod, options.podSelector),
  );
  return {
    name: node,
    verdict: verdictOf(findings, vms, otherPods, options.waived),
    findings,
    vms,
    otherPods,
    ...(options.podSelector === undefined
      ? {}
      : { outsideSelection: subjectsOn(rules.index, node).length - cases.length }),
    leftovers: leftoverPods(rules.index, node).map(({ metadata: { namespace, name, uid } }) => ({
      namespace,
      name,
      uid,
    })),
  };
}

function isOtherSelected(index: Index, node: string, verdict: PodVerdict, selector: LabelSelector): boolean {
  const pod = index.podsByNode.get(node)?.find((entry) => entry.metadata.uid === verdict.uid);
  return pod !== undefined && matchesSelector(pod.metadata.labels, selector);
}

/** Blocks if anything blocks; else unknown if anything is, or is not accepted; else the node drains. */
function verdictOf(
  findings: readonly Finding[],
  vms: readonly VmVerdict[],
  pods: readonly PodVerdict[],
  waived: ReadonlySet<string>,
): NodeVerdict["verdict"] {
  const all = [...findings, ...vms.flatMap((vm) => vm.findings), ...pods.flatMap((pod) => pod.finding ?? [])];
  const outcomes = new Set<string>([...vms.map((vm) => vm.outcome), ...pods.map((pod) => pod.outcome)]);
  if (outcomes.has("blocks") || all.some((finding) => finding.severity === "blocker")) return "blocks";
  if (outcomes.has("unknown") || all.some((finding) => needsWaiver(finding, waived))) return "unknown";
  return "drains";
}

function vmVerdict(index: Index, entry: Case, nodeCases: NodeCases): VmVerdict {
  const { subject } = entry;
  const { pod, vmi } = subject;
  const { options } = nodeCases;
  const judgement = finalJudgement(index, entry, nodeCases);
  const findings = [...judgement.findings, ...graceShortened(subject, judgement, options)];
  const metadata = vmi?.metadata ?? pod?.metadata;
  return {
    namespace: metadata?.namespace ?? "",
    name: vmi?.metadata.name ?? (pod === undefined ? "" : vmiNameOf(pod)),
    uid: metadata?.uid ?? "",
    pod: { name: pod?.metadata.name ?? "", uid: pod?.metadata.uid ?? "" },
    ...(vmi === undefined ? ofLauncherAlone : ofVmi(index, vmi)),
    outcome: judgement.outcome,
    row: judgement.row,
    findings,
    budgets: pod === undefined ? [] : budgetsFor(index, pod).map((budget) => budget.metadata.name),
    memory: vmi?.spec.guestMemory,
  };
}

/** With what the other nodes, the server and the VMs before it say. */
function finalJudgement(index: Index, { subject, judgement, request, key }: Case, scene: NodeCases): Judgement {
  const { pod, vmi } = subject;
  const fit = scene.placement.fits.get(key);
  const settled =
    fit === undefined || request === undefined || vmi === undefined
      ? judgement
      : settle(judgement, vmi, { arrival: request.arrival, fit });
  if (pod === undefined) return settled;
  const asked = withDryRun(index, pod, settled);
  const refusal = asked.outcome === "stops" ? scene.losses.refuses(index, pod) : undefined;
  return refusal === undefined ? asked : { row: refusal.row, outcome: "blocks", findings: [refusal.finding] };
}

/** What can be said of a VM of which only the launcher pod is there. */
const ofLauncherAlone = {
  phase: "",
  owner: undefined,
  strategy: { value: "unknown", from: "default" },
  migratable: { status: "Unknown" },
  graceSeconds: 30,
} as const;

function ofVmi(index: Index, vmi: VirtualMachineInstance) {
  const owner = controllerOf(vmi.metadata);
  const condition = findCondition(vmi.status.conditions, "LiveMigratable");
  return {
    phase: vmi.status.phase,
    owner: owner && { kind: owner.kind, name: owner.name },
    runStrategy: machineOf(index, vmi)?.runStrategy,
    strategy: effectiveStrategy(index.facts, vmi),
    migratable: { status: migratability(vmi), reason: condition?.reason, message: condition?.message },
    graceSeconds: guestGrace(vmi),
    migratingTo: migrationTarget(index, vmi),
  };
}

function graceShortened({ pod, vmi }: Subject, judgement: Judgement, { graceSeconds }: AssessOptions): Finding[] {
  if (graceSeconds === undefined || graceSeconds < 0 || vmi === undefined || pod === undefined) return [];
  if (judgement.outcome !== "restarts" && judgement.outcome !== "stops") return [];
  const own = guestGrace(vmi);
  if (graceSeconds >= own) return [];
  return [
    makeFinding({
      code: "GracePeriodShortened",
      object: refer("virtualmachineinstance", vmi.metadata),
      reason: `--grace-period ${graceSeconds} is shorter than the ${own} s that the VM asks for to shut down; the guest may be cut off.`,
      field: "spec.terminationGracePeriodSeconds",
      value: vmi.spec.terminationGracePeriodSeconds ?? `${own} (default)`,
    }),
  ];
}
