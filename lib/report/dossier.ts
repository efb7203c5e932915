/** A dossier on the screen: is the node dead, how that is known, what a wrong answer costs, and what would become of each VM. */
import type { Dossier, LivenessVerdict, RecoveryOutcome, RecoveryRow, Sign, VmRecovery } from "../model/dossier.ts";
import { humanDuration } from "../model/duration.ts";
import { type Entry, entryLines } from "./entries.ts";
import { sanitise, sanitised } from "./sanitise.ts";
import { type Layout, plain, type Style, type Tone, toned } from "./style.ts";
import { padLeft, padRight, width, wrap } from "./width.ts";
import { count, enumerate, gapTexts, isOrAre, vmName } from "./wording.ts";

export interface DossierOptions extends Layout {
  /** Lists every VM on a line of its own. */
  readonly expand?: boolean | undefined;
  /** The command that gives the node back. */
  readonly uncordon?: string | undefined;
}

interface Settings {
  readonly columns: number;
  readonly style: Style;
  readonly expand: boolean;
  readonly uncordon: string;
}

const wordColumn = 10;
const gap = 2;
/** A column of text narrower than this is hard to read: it then goes below the name. */
const readable = 28;

/** The lines of the dossier: evidence, verdict, what would happen. */
export function dossierReport(dossier: Dossier, options: DossierOptions = {}): string[] {
  const safe = sanitised(dossier);
  const settings = {
    columns: options.columns ?? Number.POSITIVE_INFINITY,
    style: options.style ?? plain,
    expand: options.expand ?? false,
    uncordon: sanitise(options.uncordon ?? `kubectl vmnode uncordon ${dossier.node}`),
  };
  return [
    ...heading(safe, settings),
    ...evidenceLines(safe, settings),
    ...verdictLines(safe, settings),
    ...(safe.verdict === "alive" ? [] : ["", ...consequenceLines(safe, settings)]),
    ...gapLines(safe, settings),
  ];
}

function heading({ node }: Dossier, { columns, style }: Settings): string[] {
  const question = `Is ${node} dead?`;
  const clock = "(times: UTC, by the API server's clock)";
  const space = columns - width(question) - width(clock);
  if (!Number.isFinite(columns)) return [`${style("strong", question)}  ${clock}`];
  if (space < 2) return [style("strong", question), ...wrap(clock, columns)];
  return [`${style("strong", question)}${" ".repeat(space)}${style("faint", clock)}`];
}

const gradeWords: Readonly<Record<Sign["grade"], { readonly word: string; readonly tone: Tone | undefined }>> = {
  alive: { word: "ALIVE", tone: "good" },
  stale: { word: "STALE", tone: "warn" },
  silent: { word: "SILENT", tone: "warn" },
  "proof-of-death": { word: "PROOF", tone: "bad" },
  asserted: { word: "ASSERTED", tone: "warn" },
  unknown: { word: "UNKNOWN", tone: undefined },
};

const notInstalled = "kind not installed";

interface EvidenceRow {
  readonly word: string;
  readonly tone: Tone | undefined;
  readonly source: string;
  readonly age: string;
  readonly detail: string;
}

function evidenceLines({ signs, heldBy }: Dossier, settings: Settings): string[] {
  const missing = signs.filter(({ detail }) => detail === notInstalled).map(({ source }) => source);
  const rows: EvidenceRow[] = [
    ...signs.filter(({ detail }) => detail !== notInstalled).map(signRow),
    ...heldBy.map(({ kind, object, detail }) => ({
      ...{ word: "HELD BY", tone: "bad" as const, age: "" },
      source: kind === "Record" || kind === "UnknownRecord" ? "operation" : kind,
      detail: `${object}: ${detail}`,
    })),
  ];
  const sourceColumn = Math.max(0, ...rows.map(({ source }) => width(source))) + gap;
  const ageColumn = Math.max(0, ...rows.map(({ age }) => width(age))) + gap;
  const indent = gap + wordColumn + sourceColumn + ageColumn;
  const isNarrow = indent - gap > settings.columns;
  const lines = rows.flatMap(({ word, tone, source, age, detail }) => {
    const padded = padRight(word, wordColumn);
    const shown = tone === undefined ? padded : settings.style(tone, padded);
    if (isNarrow) return below(`  ${shown}${source}`, age === "" ? detail : `${age}: ${detail}`, settings.columns);
    const start = `  ${shown}${padRight(source, sourceColumn)}${padRight(padLeft(age, ageColumn - gap), ageColumn)}`;
    return hanging(start, indent, detail, settings.columns);
  });
  if (missing.length > 0)
    lines.push(
      ...hanging(
        `  ${padRight("UNKNOWN", wordColumn)}`,
        gap + wordColumn,
        `not installed: ${missing.join(", ")}`,
        settings.columns,
      ),
    );
  if (heldBy.length === 0)
    lines.push(
      ...hanging(
        `  ${padRight("—", wordColumn)}`,
        gap + wordColumn,
        "nothing else is known to hold the node",
        settings.columns,
      ),
    );
  return lines;
}

function signRow({ source, grade, ageSeconds, detail }: Sign): EvidenceRow {
  const age = ageSeconds === undefined ? "" : `${humanDuration(ageSeconds * 1000)} ago`;
  return { ...gradeWords[grade], source, age, detail };
}

/** Text behind a start of so many columns, or below it where too little room is left. */
function hanging(start: string, indent: number, text: string, columns: number): string[] {
  if (columns - indent < readable && columns > readable) return below(start.trimEnd(), text, columns);
  const [first = "", ...rest] = wrap(text, columns - indent);
  return [`${start}${first}`.trimEnd(), ...rest.map((line) => " ".repeat(indent) + line)];
}

function below(start: string, text: string, columns: number): string[] {
  const indent = " ".repeat(gap + wordColumn);
  return [start, ...wrap(text, columns - indent.length).map((line) => indent + line)];
}

const verdictTones: Readonly<Record<LivenessVerdict, Tone>> = {
  alive: "good",
  undecided: "warn",
  "proven-dead": "good",
  unproven: "bad",
};

/** What the verdict means for whoever has to decide now. */
const meanings: Readonly<Record<LivenessVerdict, readonly string[]>> = {
  alive: ["Nothing is cleaned up on a node that shows life, and no flag changes that."],
  undecided: ["Nothing is cleaned up before that is told: ask again, or wait with --wait."],
  "proven-dead": ["Its VMs can be started elsewhere; no second copy of them is running."],
  unproven: [
    "A node that is only cut off still runs its VMs; starting them again elsewhere ruins their disks.",
    "Look at its power state before you go on: BMC, hypervisor or cloud console, or the machine itself.",
  ],
};

function verdictLines(dossier: Dossier, { columns, style, uncordon }: Settings): string[] {
  const { verdict, reason, heldBy, node, rebooted } = dossier;
  const [first = "", ...rest] = wrap(`Verdict: ${verdict}. ${reason}`, columns);
  const word = `Verdict: ${verdict}.`;
  const lead = first.startsWith(word) ? style(verdictTones[verdict], word) + first.slice(word.length) : first;
  const next = rebooted
    ? [`Give it back when it is sound: ${uncordon}`]
    : meanings[verdict].flatMap((text) => wrap(text, columns));
  const holders = enumerate([...new Set(heldBy.map(({ object }) => object))]);
  const held =
    heldBy.length === 0
      ? []
      : wrap(
          `${holders} ${isOrAre(heldBy.length)} at work on ${node} already: two at a time ruin each other's work.`,
          columns,
        );
  return [lead, ...rest, ...next, ...toned(style, "bad", held)];
}

const outcomeWords: readonly (readonly [RecoveryOutcome, string, Tone | undefined])[] = [
  ["held", "HELD", "bad"],
  ["stays-down", "STAYS DOWN", "warn"],
  ["replaced", "REPLACED", undefined],
  ["restarts", "RESTARTS", "good"],
  ["unaffected", "UNAFFECTED", undefined],
];

function consequenceLines(dossier: Dossier, settings: Settings): string[] {
  const { node, vms, otherPods, takenUp = [] } = dossier;
  const going = otherPods.filter(({ toleratesTaint }) => !toleratesTaint);
  const pods = going.length === 0 ? "" : ` and ${count(going.length, "other pod")}`;
  const nothing =
    takenUp.length > 0 ? `No pod is left on ${node} to be removed.` : "No VM and no other pod is concerned.";
  const title = vms.length + going.length === 0 ? nothing : `What would happen to ${count(vms.length, "VM")}${pods}`;
  const how = howText(dossier);
  return [
    ...toned(settings.style, "strong", wrap(title, settings.columns)),
    ...entryLines(entriesOf(dossier, settings), settings),
    ...takenUpLines(dossier, settings),
    ...(how === "" ? [] : wrap(how, settings.columns)),
  ];
}

/** The means; where there is nothing to remove, what would be written to the node all the same. */
function howText({ node, vms, otherPods, actions, method, methodReason }: Dossier): string {
  if (vms.length + otherPods.length === 0) {
    const marks = { cordon: "cordoned", taint: "tainted out of service", delete: "" };
    const marked = [...new Set(actions.map(({ verb }) => marks[verb]))].filter((mark) => mark !== "");
    return marked.length === 0 ? "" : `${node} would be ${marked.join(" and ")}.`;
  }
  return method === "taint"
    ? `How: taint the node out of service, and delete all pods of these VMs at once. ${methodReason}.`
    : `How: delete the pods of these VMs, then their volume attachments, without a taint: ${methodReason}.`;
}

function takenUpLines({ takenUp = [] }: Dossier, { columns }: Settings): string[] {
  if (takenUp.length === 0) return [];
  const names = takenUp.map(vmName).join(", ");
  return wrap(
    `Followed, too: ${count(takenUp.length, "VM")} that the recovery on record has freed: ${names}.`,
    columns,
  );
}

function entriesOf({ vms, otherPods, controlPlane }: Dossier, { expand }: Settings): Entry[] {
  const entries = outcomeWords.flatMap(([outcome, word, tone]) => {
    const group = vms.filter((vm) => vm.outcome === outcome);
    const singly = expand || outcome === "held" || outcome === "stays-down" || group.length === 1;
    return singly ? group.map((vm) => vmEntry(vm, word, tone)) : groupEntry(group, word, tone);
  });
  const going = otherPods.filter(({ toleratesTaint }) => !toleratesTaint);
  const staying = otherPods.filter(({ toleratesTaint }) => toleratesTaint);
  return [
    ...entries,
    ...podsEntry("GOES", "warn", going, ""),
    ...podsEntry("STAYS", undefined, staying, "tolerates the taint: "),
    ...controlPlane
      .filter((pod) => pod.alone)
      .map(({ app, name }): Entry => {
        const text = `no other ${app} is ready: nothing starts before ${name} is replaced`;
        return { word: "FIRST", tone: "warn", object: app, texts: [text], commands: [] };
      }),
  ];
}

/** Every pod by its name: consent is given to each of them. */
function podsEntry(word: string, tone: Tone | undefined, pods: Dossier["otherPods"], before: string): Entry[] {
  if (pods.length === 0) return [];
  const texts = [before + pods.map(vmName).join(", ")];
  return [{ word, tone, object: count(pods.length, "other pod"), texts, commands: [] }];
}

function vmEntry(vm: VmRecovery, word: string, tone: Tone | undefined): Entry {
  const fix = vm.fix === undefined ? [] : [`fix: ${vm.fix}`];
  const include = vm.outcome === "held" ? [`take it along: --include-held ${vmName(vm)}`] : [];
  return { word, tone, object: vmName(vm), texts: [vm.reason, ...pushedOut([vm])], commands: [...fix, ...include] };
}

/** Starts at the expense of others: consent is given to each of those that go. */
function pushedOut(vms: readonly VmRecovery[]): string[] {
  const pods = [...new Set(vms.flatMap(({ pushesOut = [] }) => pushesOut))];
  return pods.length === 0 ? [] : [`removes pods of lower priority: ${pods.join(", ")}`];
}

/** What is said of some of the VMs of a group. */
const rowNotes: Readonly<Partial<Record<RecoveryRow, string>>> = {
  C2: "only what was arriving here is removed",
  C4: "lost in the midst of a migration",
  C5: "migration not finished",
  C6: "ended already",
  C7: "being deleted",
  C11: "old pod to be removed first (ReadWriteOncePod)",
  C12: "volumes to be detached first",
};

function groupEntry(group: readonly VmRecovery[], word: string, tone: Tone | undefined): Entry[] {
  if (group.length === 0) return [];
  const orphaned = group[0]?.outcome === "unaffected";
  const notes = Object.entries(orphaned ? { ...rowNotes, C7: "VMI gone already" } : rowNotes).flatMap(([row, note]) => {
    const concerned = group.filter((vm) => vm.row === row);
    return concerned.length === 0 ? [] : [`${note}: ${concerned.map(vmName).join(", ")}`];
  });
  notes.push(...pushedOut(group));
  const shared = group.filter((vm) => vm.sharedDisk);
  if (shared.length > 0)
    notes.push(
      `nothing but a host that is off keeps two copies from writing to one disk: ${shared.map(vmName).join(", ")}`,
    );
  return [
    { word, tone, object: count(group.length, "VM"), texts: [group.map(vmName).join(", "), ...notes], commands: [] },
  ];
}

function gapLines({ gaps }: Dossier, { columns }: Settings): string[] {
  const lines = gapTexts(gaps).flatMap((one) => wrap(`Not checked: ${one}`, columns));
  return lines.length === 0 ? [] : ["", ...lines];
}
