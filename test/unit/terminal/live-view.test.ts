/** The view is redrawn in place, and leaves the terminal as it was. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { showCursor, startLiveView } from "../../../lib/terminal/live-view.ts";
import { createOutput } from "../../../lib/terminal/output.ts";
import { FakeOutput, screenOf } from "./fakes.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function started(frame: (size: { columns: number; rows: number }) => readonly string[], columns = 80) {
  const stream = new FakeOutput(true, columns, 24);
  const output = createOutput(stream);
  const view = startLiveView(output, frame);
  return { stream, output, view, screen: () => screenOf(stream.written, columns) };
}

describe("the view", () => {
  test("hides the cursor, redraws in place, and takes itself away at the end", () => {
    let frame = ["head", "one", "two"];
    const { view, screen } = started(() => frame);
    expect(screen()).toEqual({ lines: ["head", "one", "two"], cursor: false });
    frame = ["head", "only"];
    view.update();
    vi.advanceTimersByTime(125);
    expect(screen()).toEqual({ lines: ["head", "only"], cursor: false });
    view.close();
    expect(screen()).toEqual({ lines: [], cursor: true });
  });

  test("draws at most eight frames a second, however often something changes", () => {
    let number = 0;
    const { stream, view } = started(() => [`frame ${number++}`]);
    for (let step = 0; step < 1000; step++) {
      view.update();
      vi.advanceTimersByTime(1);
    }
    const frames = stream.written.match(/frame/g)?.length ?? 0;
    expect(frames).toBeGreaterThanOrEqual(8);
    expect(frames).toBeLessThanOrEqual(9);
  });

  test("goes on with the time when nothing else changes, and writes nothing when nothing is different", () => {
    let text = "0:01";
    const { stream, screen } = started(() => [text]);
    text = "0:02";
    vi.advanceTimersByTime(1200);
    expect(screen().lines).toEqual(["0:02"]);
    const before = stream.written.length;
    vi.advanceTimersByTime(5000);
    expect(stream.written.length).toBe(before);
  });

  test("lets finished lines scroll up above it", () => {
    const { view, output, screen } = started(() => ["head", "row"]);
    view.print(output, ["pod/a evicted", "pod/b evicted"]);
    view.print(output, ["pod/c evicted"]);
    view.print(output, []);
    expect(screen().lines).toEqual(["pod/a evicted", "pod/b evicted", "pod/c evicted", "head", "row"]);
    view.close();
    view.print(output, ["node/x drained"]);
    expect(screen().lines).toEqual(["pod/a evicted", "pod/b evicted", "pod/c evicted", "node/x drained"]);
  });

  test("draws each frame inside synchronized output", () => {
    const { stream, view, output } = started(() => ["x"]);
    view.print(output, ["line"]);
    view.close();
    expect(stream.written.match(/\x1b\[\?2026h/g)).toHaveLength(2);
    expect(stream.written.match(/\x1b\[\?2026l/g)).toHaveLength(2);
  });

  test("leaves the last column empty", () => {
    started((size) => {
      expect(size.columns).toBe(79);
      return [];
    });
  });

  test.each([
    ["Enter", "\r\n"],
    ["Enter, twice", "\r\n\r\n"],
    ["a word and Enter", "stop!\r\n"],
  ])("leaves nothing behind when the terminal echoes %s, wherever it stands on the screen", (_keys, echo) => {
    for (const above of [0, 5, 40]) {
      let frame = ["head", "one", "two", "three"];
      const history = Array.from({ length: above }, (_none, at) => `line ${at}`);
      const { stream, view, output, screen } = started(() => frame);
      view.print(output, history);
      stream.write(echo);
      frame = ["head", "one"];
      view.update();
      vi.advanceTimersByTime(125);
      expect(screen().lines).toEqual([...history, "head", "one"]);
      stream.write(echo);
      view.print(output, ["pod/a evicted"]);
      expect(screen().lines).toEqual([...history, "pod/a evicted", "head", "one"]);
      stream.write(echo);
      view.close();
      expect(screen().lines).toEqual([...history, "pod/a evicted"]);
    }
  });

  test("begins where the cursor is in a terminal of another size, which has moved both", () => {
    const { stream, view } = started(() => ["x".repeat(79), "y"]);
    const before = stream.written.length;
    stream.resize(40, 24);
    view.update();
    view.close();
    expect(stream.written.slice(before)).toBe(`\r\x1b[J${showCursor}`);
  });

  test("redraws when the terminal changes its size", () => {
    const { stream, screen } = started((size) => [`${size.columns} wide`]);
    stream.resize(61, 24);
    vi.advanceTimersByTime(200);
    expect(screen().lines).toEqual(["60 wide"]);
  });

  test("makes room for others, and comes back", () => {
    const { view, output, stream, screen } = started(() => ["frame"]);
    view.pause();
    expect(screen()).toEqual({ lines: [], cursor: true });
    output.lines(["a question"]);
    view.update();
    vi.advanceTimersByTime(2000);
    view.print(output, ["an event"]);
    expect(screen().lines).toEqual(["a question", "an event"]);
    view.resume();
    expect(screen()).toEqual({ lines: ["a question", "an event", "frame"], cursor: false });
    view.close();
    view.resume();
    expect(stream.written.endsWith(showCursor)).toBe(true);
  });

  test("keeps no timer when it is closed", () => {
    const { view } = started(() => ["x"]);
    view.update();
    view.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  test("shows escape sequences of a frame harmless", () => {
    const { screen } = started(() => ["a\x1b[5Ab"]);
    expect(screen().lines).toEqual(["a^[[5Ab"]);
  });
});
