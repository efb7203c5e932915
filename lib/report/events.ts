/** Events as lines: kubectl's own lines unchanged, what kubectl does not say with the time in front. */
import type { DrainProgress, ProgressEvent, VmChange, VmProgress } from "../model/progress.ts";
import { wholeSeconds } from "../model/timestamp.ts";
import { abortResult } from "./abort.ts";
import { runningTime } from "./duration.ts";
import { warningLines } from "./errors.ts";
import { recoverySummaryReport } from "./recovery-summary.ts";
import { sanitised } from "./sanitise.ts";
import { type Layout, plain, toned } from "./style.ts";
import { summaryReport } from "./summary.ts";
import { uncordonResult } from "./uncordon.ts";
import { width, wrapSentence } from "./width.ts";
import { count, vmName } from "./wording.ts";

/** Lines for standard output, and for standard error. */
export interface EventLines {
  readonly out: readonly string[];
  readonly err: readonly string[];
}

/**
 * What a log is told of an event. The lines of kubectl drain (k8s.io/kubectl/pkg/drain/drain.go, pkg/cmd/drain/drain.go) go out as
 * kubectl writes them, for scripts that look for them.
 */
export function eventLines(event: ProgressEvent, layout: Layout = {}): EventLines {
  const { style = plain, columns } = layout;
  const safe = sanitised(event);
  switch (safe.type) {
    case "node-cordoned":
    case "node-uncordoned": {
      const verb = safe.type === "node-cordoned" ? "cordoned" : "uncordoned";
      return out(`node/${safe.node} ${safe.already ? "already " : ""}${verb}${dryRunMark(safe.dryRun)}`);
    }
    case "eviction-requested":
      // kubectl says it at every try, every 5 s; that there is trouble is told by the refusal.
      return safe.attempt > 1 ? out() : out(`evicting pod ${safe.namespace}/${safe.pod}`);
    case "eviction-refused": {
      const retry = safe.final ? "" : " (will retry)";
      const line = `error when evicting pods/"${safe.pod}" -n "${safe.namespace}"${retry}: ${safe.message}`;
      return err(...wrapSentence(line, columns));
    }
    case "vm":
      return isForTheLog(safe.vm, safe.change)
        ? out(...wrapSentence(`${wholeSeconds(safe.time)} ${vmName(safe.vm)} ${textOf(safe)}`, columns))
        : out();
    case "pod-evicted":
      return out(`pod/${safe.pod} evicted`);
    case "changed-object":
      return out(`${safe.object} ${safe.verb}${dryRunMark(safe.dryRun)}`);
    case "waiting":
      return err(...wrapSentence(style("faint", `Waiting ${safe.message} …`), columns));
    case "warning":
      return err(...warningLines(safe.message, layout));
    case "node-drained":
      return out(`node/${safe.node} drained`);
    case "summary":
      return out(...summaryLines(safe, layout));
  }
}

function summaryLines(summary: Extract<ProgressEvent, { type: "summary" }>, layout: Layout): string[] {
  if (summary.end === "failed") return [];
  switch (summary.operation) {
    case "recover":
      return recoverySummaryReport(summary, layout);
    case "abort":
      return abortResult(summary, layout);
    case "uncordon":
      return uncordonResult(summary, layout);
    default:
      return summaryReport(summary, layout);
  }
}

/** One line on how far an operation has come, for a log in which nothing has happened for long. */
export function progressLine(progress: DrainProgress): string {
  const { nodes, vms, time, operation } = sanitised(progress);
  const verb = operation === "recover" ? "recovering" : "draining";
  const open = vms.filter((vm) => !hasLeft(vm) && vm.state !== "failed");
  const states = [...new Set(open.map((vm) => vm.state))];
  const parts = states.map((state) => `${open.filter((vm) => vm.state === state).length} ${state}`);
  return `${wholeSeconds(time)} still ${verb} ${nodes.join(", ")}: ${open.length} of ${count(vms.length, "VM")} to go (${parts.join(", ")})`;
}

/**
 * What is left standing above a live view, or undefined where the view itself says enough. A VM's departure is one line; the
 * line of its pod belongs to it.
 */
export function historyLines(event: ProgressEvent, vms: readonly VmProgress[], layout: Layout = {}): EventLines {
  const { style = plain, columns } = layout;
  const nothing = { out: [], err: [] };
  switch (event.type) {
    case "eviction-requested":
      return nothing;
    case "eviction-refused":
      return event.final ? eventLines(event, layout) : nothing;
    case "pod-evicted":
      return vms.some((vm) => vm.namespace === event.namespace && vm.pod === event.pod)
        ? nothing
        : eventLines(event, layout);
    case "vm": {
      const safe = sanitised(event);
      const { vm } = safe;
      // What was agreed to stands in the plan above.
      if (vm.state === "failed" || (vm.state === "left-behind" && vm.code === undefined))
        return out(...toned(style, "bad", wrapSentence(`${vmName(vm)} ${textOf(safe)}`, columns)));
      if (!hasLeft(vm)) return nothing;
      // Its pods were not evicted but removed, and each of them has a line.
      if (safe.operation === "recover") return out(...wrapSentence(`${vmName(vm)} ${textOf(safe)}`, columns));
      const line = `pod/${vm.pod} evicted   ${vmName(vm)} ${vmText(vm)}`;
      if (width(line) <= (columns ?? Number.POSITIVE_INFINITY)) return out(line);
      return out(`pod/${vm.pod} evicted`, `  ${vmName(vm)} ${vmText(vm)}`);
    }
    default:
      return eventLines(event, layout);
  }
}

/**
 * A log has one line when a VM's migration begins and one at its end, and whatever holds it up. Its place in the queue and the
 * phases in between belong to the live view and to JSON.
 */
function isForTheLog(vm: VmProgress, change: VmChange = "state"): boolean {
  switch (vm.state) {
    case "waiting":
      return false;
    case "queued":
      return vm.code !== undefined;
    case "migrating":
      return change !== "phase" && (vm.target !== undefined || vm.code !== undefined);
    case "starting":
      return vm.detail !== undefined;
    case "shutting-down":
      // That it shuts down is told by its eviction.
      return vm.code === undefined ? change === "detail" && vm.detail !== undefined : vm.code !== "ShuttingDown";
    default:
      return true;
  }
}

type VmEvent = Extract<ProgressEvent, { type: "vm" }>;

/** What a VM does now, as the rest of a sentence that starts with its name. A guest that died with its host does not shut down. */
function textOf({ vm, operation }: VmEvent): string {
  if (operation !== "recover") return vmText(vm);
  const why = vm.detail === undefined ? "" : `: ${vm.detail}`;
  if (vm.state === "shutting-down") return `waits for its pods to be removed${why}`;
  if (vm.state === "moved") return `runs on ${vm.target}${vm.detail === undefined ? "" : `, ${vm.detail}`}`;
  return vm.state === "stopped" ? `stays down${why}` : vmText(vm);
}

function vmText(vm: VmProgress): string {
  const to = vm.target === undefined ? "" : ` to ${vm.target}`;
  const on = vm.target === undefined ? "" : ` on ${vm.target}`;
  const took = vm.seconds === undefined ? "" : ` in ${runningTime(vm.seconds)}`;
  const why = vm.detail === undefined ? "" : `: ${vm.detail}`;
  switch (vm.state) {
    case "waiting":
      return `waits${why}`;
    case "queued":
      return `waits for its migration${why}`;
    case "migrating":
      return `migrating${to}${why}`;
    case "shutting-down":
      return `shutting down${why}`;
    case "starting":
      return `starting${on}${why}`;
    case "held":
      return `held up${why}${vm.until === undefined ? "" : ` (until ${wholeSeconds(vm.until)})`}`;
    case "blocked":
      return `blocked${why}${vm.fix === undefined ? "" : ` (fix: ${vm.fix})`}`;
    case "moved":
      return `moved${to}${took}`;
    case "restarted":
      return `restarted${on}${took}`;
    case "stopped":
      return `stopped${why}`;
    case "failed":
      return `failed${why}`;
    case "left-behind":
      return vm.code === undefined ? `left behind${why}` : `left behind as agreed (${vm.code})`;
  }
}

function hasLeft(vm: VmProgress): boolean {
  return vm.state === "moved" || vm.state === "restarted" || vm.state === "stopped";
}

/** Only the server can try without doing: a dry run of ours is always kubectl's `server` kind. */
function dryRunMark(dryRun: boolean | undefined): string {
  return dryRun === true ? " (server dry run)" : "";
}

function out(...lines: string[]): EventLines {
  return { out: lines, err: [] };
}

function err(...lines: string[]): EventLines {
  return { out: [], err: lines };
}
