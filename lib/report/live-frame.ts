/** The live view of a drain as lines of text: where it stands, VM by VM, what holds it up and until when. */
import { humanDuration } from "../model/duration.ts";
import type { DrainProgress, OtherPodProgress, VmProgress, VmState } from "../model/progress.ts";
import { runningTime, stopwatch } from "./duration.ts";
import { sanitised } from "./sanitise.ts";
import { plain, type Style, type Tone } from "./style.ts";
import { clip, padLeft, padRight, width, wrap } from "./width.ts";
import { count, vmName } from "./wording.ts";

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

interface FrameLine {
  readonly text: string;
  readonly tone?: Tone | undefined;
}

/** The states that a frame shows, what wants attention first: that is also what is kept when there is not room for all. */
const interest = [
  "failed",
  "blocked",
  "held",
  "migrating",
  "shutting-down",
  "starting",
  "queued",
  "waiting",
  "left-behind",
] as const;
type ShownState = (typeof interest)[number];

type Words = Readonly<Record<ShownState, string>>;

const stateText: Words = {
  failed: "failed",
  blocked: "blocked",
  "left-behind": "left behind",
  held: "held up",
  migrating: "migrating",
  "shutting-down": "shutting down",
  starting: "starting",
  queued: "queued",
  waiting: "waiting",
};

/** A guest that died with its host does not shut down: its pods, which are only objects now, go. */
const recoveryText: Words = { ...stateText, "shutting-down": "removing its pods" };

function wordsOf({ operation }: DrainProgress): Words {
  return operation === "recover" ? recoveryText : stateText;
}

const stateTone: Readonly<Partial<Record<VmState, Tone>>> = {
  failed: "bad",
  blocked: "bad",
  "left-behind": "warn",
  held: "warn",
};

const longestName = 40;

/**
 * The lines of one frame, each at most `columns` wide, at most `rows` − 2 of them: one more, and the screen would scroll; and a
 * terminal such as tmux that is asked to erase from its very first line keeps a copy of the whole screen in its history.
 * `now` is the present by the API server's clock.
 */
export function liveFrame(progress: DrainProgress, size: Size, now: Date, style: Style = plain): string[] {
  const safe = sanitised(progress);
  const head = [
    ...headlines(safe, size.columns, now),
    ...safe.trouble.map((text): FrameLine => ({ text: `! ${text}`, tone: "bad" })),
  ];
  const foot = footer(safe, now);
  const groups = [...vmGroups(safe, size.columns, now), ...podGroups(safe)];
  const height = Math.max(1, size.rows - 2);
  const room = Math.max(1, height - head.length - foot.length);
  const lines = [...head, ...fitInto(groups, room), ...foot].slice(0, height);
  return lines.map(({ text, tone }) => {
    const clipped = clip(text, size.columns);
    return tone === undefined ? clipped : style(tone, clipped);
  });
}

/** What an onlooker wants to know first; on a narrow terminal on two or three lines. */
function headlines(progress: DrainProgress, columns: number, now: Date): FrameLine[] {
  const left = progress.vms.filter(isLeft).length;
  const lines: string[] = [];
  for (const part of [
    `${phaseText(progress)} ${progress.nodes.join(", ")}`,
    `${left} of ${progress.vms.length} to go`,
    runningTime((now.getTime() - Date.parse(progress.startedAt)) / 1000),
    ...(progress.operation === "recover" ? [] : [migrationsText(progress)]),
  ]) {
    const longer = `${lines.at(-1)}   ${part}`;
    if (lines.length > 0 && width(longer) <= columns) lines[lines.length - 1] = longer;
    else lines.push(part);
  }
  return lines.map((text) => ({ text, tone: "strong" }));
}

/**
 * As KubeVirt counts (pkg/virt-controller/watch/migration, findRunningMigrations): a migration holds a slot from its target pod to
 * its end, so a VM whose migration is over and of which it is not known yet where it runs holds none.
 */
function migrationsText(progress: DrainProgress): string {
  const migrating = progress.vms.filter((vm) => vm.state === "migrating" && vm.phase !== undefined).length;
  const queued = progress.vms.filter((vm) => vm.state === "queued").length;
  return `${migrating} migrating (limit ${limitText(progress)}), ${queued} queued`;
}

function limitText({ nodes, limits: { perNode, perCluster, maxParallel } }: DrainProgress): string {
  const inAll = Math.min(perCluster, maxParallel ?? perCluster);
  if (nodes.length === 1) return String(Math.min(perNode, inAll));
  return perNode * nodes.length <= inAll ? `${perNode} per node` : `${perNode} per node, ${inAll} in all`;
}

function phaseText(progress: DrainProgress): string {
  switch (progress.phase) {
    case "cordoning":
      return "cordoning";
    case "verifying":
    case "done":
      return "looking again at";
    case "stuck":
      return "stuck on";
    case "interrupted":
      return "interrupted on";
    case "timed-out":
      return "out of time on";
    case "evicting":
      return progress.operation === "recover" ? "recovering" : "draining";
  }
}

function footer(progress: DrainProgress, now: Date): FrameLine[] {
  if (progress.phase === "stuck") {
    const end = progress.givesUpAt === undefined ? "" : `; gives up ${moment(progress.givesUpAt, now)}`;
    return [{ text: `Nothing has changed for a while, and everything left is blocked${end}.`, tone: "warn" }];
  }
  if (progress.phase === "interrupted")
    return [{ text: "No more evictions; what KubeVirt has begun goes on.", tone: "faint" }];
  if (progress.operation === "recover")
    return [{ text: "Ctrl-C stops the cleanup and leaves our taint on the node.", tone: "faint" }];
  return [{ text: "Ctrl-C stops evicting; what KubeVirt has begun goes on.", tone: "faint" }];
}

/** The lines of each VM that has not left, the most interesting first. */
function vmGroups(progress: DrainProgress, columns: number, now: Date): Group[] {
  const shown = progress.vms.filter(isShown).sort((a, b) => rank(a.state) - rank(b.state));
  const several = progress.nodes.length > 1;
  const name = (vm: VmProgress) => (several ? `${vm.node}  ${vmName(vm)}` : vmName(vm));
  const nameColumn = Math.min(longestName, Math.max(0, ...shown.map((vm) => width(name(vm)))));
  const words = wordsOf(progress);
  const motionColumn = Math.max(0, ...shown.filter(isInMotion).map((vm) => width(motion(vm, words))));
  const indent = " ".repeat(nameColumn + 4);
  return shown.map((vm) => {
    const [first = "", ...rest] = isInMotion(vm)
      ? motionTexts(vm, { motionColumn, now, words })
      : standstillTexts(vm, { columns: columns - indent.length, now, words });
    const lines = [
      `  ${padRight(clip(name(vm), nameColumn), nameColumn)}  ${first}`,
      ...rest.flatMap((text) => wrap(text, columns - indent.length)).map((text) => indent + text),
    ];
    const tone = stateTone[vm.state];
    return { what: words[vm.state as ShownState], lines: lines.map((text) => ({ text: text.trimEnd(), tone })) };
  });
}

interface Group {
  /** How those are counted that find no room. */
  readonly what: string;
  readonly lines: readonly FrameLine[];
}

function isInMotion(vm: VmProgress): boolean {
  return vm.state === "migrating" || vm.state === "shutting-down" || vm.state === "starting";
}

function motion(vm: VmProgress, words: Words): string {
  const state = words[vm.state as ShownState];
  return vm.target === undefined ? state : `${state} → ${vm.target}`;
}

/** How far it has come, and how long that has taken: `migrating → worker-3   0:22   Running`. */
function motionTexts(
  vm: VmProgress,
  { motionColumn, now, words }: { readonly motionColumn: number; readonly now: Date; readonly words: Words },
): string[] {
  const elapsed = stopwatch((now.getTime() - Date.parse(vm.since)) / 1000);
  const first = `${padRight(motion(vm, words), motionColumn)}  ${padLeft(elapsed, 5)}   `;
  if (vm.detail === undefined)
    return [
      first + [vm.phase, ...untilTexts(vm, now)].filter((text) => text !== undefined).join(", "),
      ...fixTexts(vm),
    ];
  return [first + (vm.phase ?? ""), [vm.detail, ...untilTexts(vm, now)].join("; "), ...fixTexts(vm)];
}

/** What holds it up, until when, and the cure, which is there to be copied. Only what a person may have to act on takes more than one line. */
function standstillTexts(
  vm: VmProgress,
  { columns, now, words }: { readonly columns: number; readonly now: Date; readonly words: Words },
): string[] {
  const state = words[vm.state as ShownState];
  const detail = vm.detail === undefined ? state : `${state}: ${vm.detail}`;
  // What was agreed to stay needs no explaining any more.
  if (vm.state === "left-behind" && vm.code !== undefined) return [`stays as agreed: ${vm.code}`];
  const urgent = stateTone[vm.state] !== undefined;
  return [...(urgent ? wrap(detail, columns) : [detail]), ...untilTexts(vm, now), ...fixTexts(vm)];
}

/** When a start that nothing holds up would be given up is of no interest to an onlooker. */
function untilTexts(vm: VmProgress, now: Date): string[] {
  if (vm.until === undefined || (vm.state === "starting" && vm.detail === undefined)) return [];
  return [`until ${moment(vm.until, now)}`];
}

function fixTexts(vm: VmProgress): string[] {
  return vm.fix === undefined ? [] : [`fix: ${vm.fix}`];
}

function podGroups(progress: DrainProgress): Group[] {
  const left = progress.pods.filter((pod) => pod.state !== "gone");
  if (left.length === 0) return [];
  const inState = (state: OtherPodProgress["state"]) => left.filter((pod) => pod.state === state).length;
  const states = (["terminating", "waiting", "blocked"] as const).flatMap((state) =>
    inState(state) > 0 ? [`${inState(state)} ${state}`] : [],
  );
  const blocked = left.filter((pod) => pod.state === "blocked");
  return [
    { what: "pods", lines: [{ text: `  ${count(left.length, "other pod")}: ${states.join(", ")}` }] },
    ...blocked.map((pod): Group => {
      const detail = pod.detail === undefined ? "" : `: ${pod.detail}`;
      return { what: "blocked", lines: [{ text: `  pod ${vmName(pod)} blocked${detail}`, tone: "bad" }] };
    }),
  ];
}

/** Of as many groups as possible the first line, then their further lines as far as there is room; the groups left out are counted. */
function fitInto(groups: readonly Group[], room: number): FrameLine[] {
  const shown = groups.slice(0, groups.length <= room ? groups.length : room - 1);
  const rest = groups.slice(shown.length);
  let spare = room - shown.length - (rest.length > 0 ? 1 : 0);
  const lines = shown.flatMap((group) => {
    const part = group.lines.slice(0, 1 + spare);
    spare -= part.length - 1;
    return part;
  });
  if (rest.length === 0) return lines;
  const kinds = [...new Set(rest.map((group) => group.what))].map(
    (what) => `${rest.filter((group) => group.what === what).length} ${what}`,
  );
  return [...lines, { text: `  … and ${rest.length} more (${kinds.join(", ")})`, tone: "faint" }];
}

/** `14:31:05Z, in 4m12s`: both the time of day, for the log, and how long that is. */
function moment(time: string, now: Date): string {
  const ahead = Date.parse(time) - now.getTime();
  if (Number.isNaN(ahead)) return time;
  const clock = new Date(time).toISOString().slice(11, 19);
  return ahead > 0 ? `${clock}Z, in ${humanDuration(ahead)}` : `${clock}Z`;
}

function isShown(vm: VmProgress): boolean {
  return rank(vm.state) >= 0;
}

/** A VM that failed has left the node, but runs nowhere. */
function isLeft(vm: VmProgress): boolean {
  return isShown(vm) && vm.state !== "failed";
}

function rank(state: VmState): number {
  return interest.indexOf(state as ShownState);
}
