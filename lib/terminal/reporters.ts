/** The three ways to follow an operation: a live view, plain lines, JSON lines. */
import type { DrainProgress, Reporter, VmProgress } from "../model/progress.ts";
import { eventLines, historyLines, progressLine } from "../report/events.ts";
import { liveFrame } from "../report/live-frame.ts";
import { eventJson } from "../report/machine.ts";
import type { Style } from "../report/style.ts";
import { type LiveView, startLiveView } from "./live-view.ts";
import { layoutOn, type Output } from "./output.ts";

export interface TerminalReporter extends Reporter {
  /** To be called however the operation ends. */
  close(): void;
}

export interface Outputs {
  readonly out: Output;
  readonly err: Output;
  readonly outStyle: Style;
  readonly errStyle: Style;
}

/** One line of JSON per event on standard output, and nothing else there. */
export function jsonReporter({ out }: Outputs): TerminalReporter {
  return {
    event: (event) => out.lines([eventJson(event)]),
    progress() {},
    close() {},
  };
}

/** After so long without a line a log says that the operation goes on. */
const silenceMs = 5 * 60_000;

/** Lines for a log. */
export function plainReporter({ out, err, outStyle, errStyle }: Outputs): TerminalReporter {
  let lastLine = 0;
  return {
    event(event) {
      lastLine = Date.parse(event.time);
      out.lines(eventLines(event, layoutOn(out, outStyle)).out);
      err.lines(eventLines(event, layoutOn(err, errStyle)).err);
    },
    progress(progress) {
      const now = Date.parse(progress.time);
      if (lastLine === 0 || now < lastLine + silenceMs) return;
      lastLine = now;
      out.lines([progressLine(progress)]);
    },
    close() {},
  };
}

/**
 * The view on standard error, redrawn in place. What is finished scrolls up above it; when standard output is no terminal, it gets
 * the plain lines, as if there were no view.
 */
export function liveReporter(outputs: Outputs, now: () => Date): TerminalReporter & { readonly view: LiveView } {
  const { out, err, outStyle, errStyle } = outputs;
  let latest: { readonly progress: DrainProgress; readonly receivedAt: number } | undefined;
  const view = startLiveView(err, (size) => {
    if (latest === undefined) return [];
    // The cluster's clock, continued by ours: a wrong clock here does not make the stopwatches wrong.
    const present = Date.parse(latest.progress.time) + now().getTime() - latest.receivedAt;
    return liveFrame(latest.progress, size, new Date(present), errStyle);
  });
  const vms = (): readonly VmProgress[] => latest?.progress.vms ?? [];
  return {
    view,
    event(event) {
      if (event.type === "summary") view.close();
      const history = (output: Output, style: Style) => historyLines(event, vms(), layoutOn(output, style));
      view.print(out, (out.isTerminal ? history(out, outStyle) : eventLines(event, { style: outStyle })).out);
      view.print(err, (out.isTerminal ? history(err, errStyle) : eventLines(event, layoutOn(err, errStyle))).err);
    },
    progress(progress) {
      latest = { progress, receivedAt: now().getTime() };
      view.update();
    },
    close: () => view.close(),
  };
}
