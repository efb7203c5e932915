/** Draws a view that changes in place at the bottom of the screen, while finished lines scroll up above it. */

import type { Size } from "../report/live-frame.ts";
import { type Output, printable } from "./output.ts";

/** Between two frames: 8 a second at most. */
const frameInterval = 125;
/** How often a view is drawn in which only time goes on. */
const tickInterval = 1000;

const hideCursor = "\x1b[?25l";
export const showCursor = "\x1b[?25h";
const eraseDown = "\x1b[J";
const saveCursor = "\x1b7";
const restoreCursor = "\x1b8";
/** Synchronized output (mode 2026): the terminal shows the frame as a whole; those that do not know it ignore it. */
const beginFrame = "\x1b[?2026h";
const endFrame = "\x1b[?2026l";

export interface LiveView {
  /** Something has changed: the frame is drawn again soon. */
  update(): void;
  /** Writes lines that stay above the frame, to whichever stream they belong. */
  print(to: Output, lines: readonly string[]): void;
  /** Takes the frame away and gives the cursor back, so that others can write; `resume` draws it again. */
  pause(): void;
  resume(): void;
  /** Ends the view for good; the frame is taken away. */
  close(): void;
}

/** Starts a view on `output`, which must be a terminal; `frame` is asked for the lines of each frame. */
export function startLiveView(output: Output, frame: (size: Size) => readonly string[]): LiveView {
  const area = drawnArea(output);
  let active = false;
  let closed = false;
  let due: NodeJS.Timeout | undefined;
  let tick: NodeJS.Timeout | undefined;
  let lastDrawn = Number.NEGATIVE_INFINITY;

  const notDue = () => {
    clearTimeout(due);
    due = undefined;
  };
  const draw = (write?: () => void) => {
    notDue();
    lastDrawn = performance.now();
    area.draw(frame, write);
  };
  const update = () => {
    if (!active || due !== undefined) return;
    due = setTimeout(draw, Math.max(0, lastDrawn + frameInterval - performance.now()));
    due.unref();
  };
  const resume = () => {
    if (active || closed) return;
    active = true;
    output.raw(hideCursor);
    draw();
    tick = setInterval(update, tickInterval);
    tick.unref();
  };
  const pause = () => {
    if (!active) return;
    active = false;
    notDue();
    clearInterval(tick);
    area.clear();
  };
  const stopResizing = output.onResize(update);
  resume();

  return {
    update,
    print(to, lines) {
      if (lines.length === 0) return;
      if (active) draw(() => to.lines(lines));
      else to.lines(lines);
    },
    pause,
    resume,
    close() {
      pause();
      closed = true;
      stopResizing();
    },
  };
}

interface DrawnArea {
  /** Puts the frame in the place of the last one, if it is another, below what is written first. */
  draw(frame: (size: Size) => readonly string[], write?: () => void): void;
  /** Takes the frame away and gives the cursor back. */
  clear(): void;
}

/** What stands at the bottom of the screen. */
function drawnArea(output: Output): DrawnArea {
  let drawn: readonly string[] = [];
  /** The terminal's size when that was drawn. */
  let drawnAt: Size | undefined;

  /**
   * Erases what was drawn. Between two frames the cursor stands at the first line of the view, and its place is saved: keys that the
   * terminal shows move it down, and nothing scrolls away. In a terminal of another size both have moved, and only the cursor is right.
   */
  const erasure = () => {
    const { columns, rows } = output.size();
    const isSame = drawn.length > 0 && drawnAt?.columns === columns && drawnAt.rows === rows;
    return `${isSame ? restoreCursor : "\r"}${eraseDown}`;
  };
  return {
    draw(frame, write) {
      const size = output.size();
      const { columns, rows } = size;
      // The last column stays empty: some terminals begin a new line as soon as it is written.
      const next = frame({ columns: columns - 1, rows }).map(printable);
      if (write === undefined && next.length === drawn.length && next.every((line, at) => line === drawn[at])) return;
      output.raw(beginFrame + erasure());
      write?.();
      const park = next.length === 0 ? "" : `\x1b[${next.length}A${saveCursor}`;
      output.raw(next.map((line) => `${line}\n`).join("") + park + endFrame);
      drawn = next;
      drawnAt = size;
    },
    clear() {
      output.raw(erasure() + showCursor);
      drawn = [];
    },
  };
}
