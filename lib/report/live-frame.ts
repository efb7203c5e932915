/** The live view of a drain as lines of text: where it stands, VM by VM, what holds it up and until when. */
import type { DrainProgress, OtherPodProgress, VmProgress, VmState } from "../model/progress.ts";
import { humanDuration, runningTime, stopwatch } from "./duration.ts";
import { sanitised } from "./sanitise.ts";
import { plain, type Style, type Tone } from "./style.ts";
import { clip, padRight, width } from "./width.ts";
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
  "left-behind",
  "held",
  "migrating",
  "shutting-down",
  "starting",
  "queued",
  "waiting",
] as const;
type ShownState = (typeof interest)[number];

const stateText: Readonly<Record<ShownState, string>> = {
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

const stateTone: Readonly<Partial<Record<VmState, Tone>>> = {
  failed: "bad",
  blocked: "bad",
  "left-behind": "warn",
  held: "warn",
};

const longestName = 40;

/**
 * The lines of one frame, each at most `columns` wide, at most `rows` − 1 of them so that the screen does not scroll.
 * `now` is the present by the API server's clock.
 */
export function liveFrame(progress: DrainProgress, size: Size, now: Date, style: Style = plain): string[] {
  const safe = sanitised(progress);
  const head = [headline(safe, now), ...safe.trouble.map((text): FrameLine => ({ text: `! ${text}`, tone: "bad" }))];
  const foot = footer(safe, now);
  const groups = [...vmGroups(safe, now), ...podGroups(safe)];
  const room = Math.max(1, size.rows - 1 - head.length - foot.length);
  const lines = [...head, ...fitInto(groups, room), ...foot].slice(0, Math.max(1, size.rows - 1));
  return lines.map(({ text, tone }) => {
    const clipped = clip(text, size.columns);
    return tone === undefined ? clipped : style(tone, clipped);
  });
}

function headline(progress: DrainProgress, now: Date): FrameLine {
  const left = progress.vms.filter(isLeft).length;
  const inState = (state: VmState) => progress.vms.filter((vm) => vm.state === state).length;
  const { perNode, maxParallel } = progress.limits;
  const parts = [
    `${phaseText(progress)} ${progress.nodes.join(", ")}`,
    `${left} of ${progress.vms.length} left`,
    runningTime((now.getTime() - Date.parse(progress.startedAt)) / 1000),
    `${inState("migrating")} migrating, ${inState("queued")} queued (limit ${Math.min(perNode, maxParallel ?? perNode)} per node)`,
  ];
  return { text: parts.join("   "), tone: "strong" };
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
      return "draining";
  }
}

function footer(progress: DrainProgress, now: Date): FrameLine[] {
  if (progress.phase === "stuck") {
    const end = progress.givesUpAt === undefined ? "" : `; gives up ${moment(progress.givesUpAt, now)}`;
    return [{ text: `Nothing has changed for a while, and everything left is blocked${end}.`, tone: "warn" }];
  }
  if (progress.phase === "interrupted")
    return [{ text: "No more evictions; what KubeVirt has begun goes on.", tone: "faint" }];
  return [{ text: "Ctrl-C stops evicting; what KubeVirt has begun goes on.", tone: "faint" }];
}

/** The lines of each VM that has not left, the most interesting first. */
function vmGroups(progress: DrainProgress, now: Date): Group[] {
  const shown = progress.vms.filter(isShown).sort((a, b) => rank(a.state) - rank(b.state));
  const several = progress.nodes.length > 1;
  const name = (vm: VmProgress) => (several ? `${vm.node}  ${vmName(vm)}` : vmName(vm));
  const nameColumn = Math.min(longestName, Math.max(0, ...shown.map((vm) => width(name(vm)))));
  return shown.map((vm) => {
    const indent = " ".repeat(nameColumn + 3);
    const [first = "", ...rest] = vmTexts(vm, now);
    const tone = stateTone[vm.state];
    const lines = [
      `  ${padRight(clip(name(vm), nameColumn), nameColumn)} ${first}`,
      ...rest.map((text) => indent + text),
    ];
    return { what: stateText[vm.state as ShownState], lines: lines.map((text) => ({ text: text.trimEnd(), tone })) };
  });
}

interface Group {
  /** How those are counted that find no room. */
  readonly what: string;
  readonly lines: readonly FrameLine[];
}

/** What is said of a VM: first its state, below it what holds it up, until when, and the cure. */
function vmTexts(vm: VmProgress, now: Date): string[] {
  const state = stateText[vm.state as ShownState];
  const until = vm.until === undefined ? undefined : `until ${moment(vm.until, now)}`;
  const fix = vm.fix === undefined ? [] : [`fix: ${vm.fix}`];
  if (vm.state === "migrating" || vm.state === "shutting-down" || vm.state === "starting") {
    const target = vm.target === undefined ? state : `${state} → ${vm.target}`;
    const elapsed = stopwatch((now.getTime() - Date.parse(vm.since)) / 1000);
    const first = `${padRight(target, 26)} ${padRight(vm.phase ?? "", 15)} ${elapsed}`;
    const more = [vm.detail, until].filter((text) => text !== undefined);
    return [first, ...(more.length > 0 ? [more.join("; ")] : []), ...fix];
  }
  const detail = vm.detail === undefined ? state : `${state}: ${vm.detail}`;
  return [detail, ...(until === undefined ? [] : [until]), ...fix];
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

/** As many groups as there is room for, and one line that counts the rest. */
function fitInto(groups: readonly Group[], room: number): FrameLine[] {
  const all = groups.flatMap((group) => group.lines);
  if (all.length <= room) return all;
  const lines: FrameLine[] = [];
  let shown = 0;
  for (const group of groups) {
    if (lines.length + group.lines.length > room - 1) break;
    lines.push(...group.lines);
    shown++;
  }
  const rest = groups.slice(shown);
  const kinds = [...new Set(rest.map((group) => group.what))].map(
    (what) => `${rest.filter((group) => group.what === what).length} ${what}`,
  );
  return [...lines, { text: `  … and ${rest.length} more (${kinds.join(", ")})`, tone: "faint" }];
}

/** `14:31:05Z, in 4m12s`: both the time of day, for the log, and how long that is. */
function moment(time: string, now: Date): string {
  const seconds = (Date.parse(time) - now.getTime()) / 1000;
  const clock = new Date(time).toISOString().slice(11, 19);
  return seconds > 0 ? `${clock}Z, in ${humanDuration(seconds)}` : `${clock}Z`;
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
