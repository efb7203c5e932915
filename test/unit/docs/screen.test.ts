/** The screen of the recording shows what a terminal would. */
import { describe, expect, test } from "vitest";
import { createScreen } from "../../../docs/recording/screen.ts";

function shown(written: string, columns = 20, rows = 4): string[] {
  const screen = createScreen(columns, rows);
  screen.write(written);
  return screen.picture().lines.map((line) => {
    let text = "";
    for (const run of line) text = text.padEnd(run.column) + run.text;
    return text;
  });
}

describe("text", () => {
  test.each([
    ["lines", "one\r\ntwo", ["one", "two", "", ""]],
    ["what is too long goes on in the next line", "abcdefgh\r\n", ["abcde", "fgh", "", ""], 5],
    ["a full line begins no new one", "abcde\r\nf", ["abcde", "f", "", ""], 5],
    ["what leaves at the top is gone", "1\r\n2\r\n3\r\n4\r\n5", ["2", "3", "4", "5"]],
    ["a later character takes the place of an earlier one", "abc\r12", ["12c", "", "", ""]],
    ["a view that redraws", "x\r\na\r\nb\r\n\x1b[2A\r\x1b[Jc\r\n", ["x", "c", "", ""]],
    ["a place that is returned to", "a\r\n\x1b7b\r\nc\x1b8\x1b[Jd", ["a", "d", "", ""]],
    ["erasing to the end of the line", "abc\x1b[2D\x1b[K", ["a", "", "", ""]],
    ["erasing a line", "abc\x1b[2K\x1b[Gd", ["d", "", "", ""]],
    ["moving to a column", "abc\x1b[2GX", ["aXc", "", "", ""]],
    ["moving right leaves a gap", "a\x1b[2Cb", ["a  b", "", "", ""]],
  ])("%s", (_what, written, expected, columns = 20) => {
    expect(shown(written, columns)).toEqual(expected);
  });

  test("a sequence may be cut anywhere", () => {
    const screen = createScreen(20, 1);
    for (const part of "\x1b[1;31mred\x1b[0m") screen.write(part);
    expect(screen.picture().lines).toEqual([[{ column: 0, text: "red", look: "1 31" }]]);
  });

  test("what it does not know is refused, so that no recording shows nonsense", () => {
    expect(() => shown("\x1b[5;5H")).toThrow("unknown sequence");
    expect(() => shown("\x1bM")).toThrow("unknown sequence");
  });
});

test("looks are told apart, and end", () => {
  const screen = createScreen(40, 1);
  screen.write("a\x1b[1mb\x1b[31mc\x1b[22md\x1b[32me\x1b[39mf\x1b[2mg\x1b[0mh");
  expect(screen.picture().lines[0]?.map(({ text, look }) => [text, look])).toEqual([
    ["a", ""],
    ["b", "1"],
    ["c", "1 31"],
    ["d", "31"],
    ["e", "32"],
    ["f", ""],
    ["g", "2"],
    ["h", ""],
  ]);
});

test("the cursor is there unless it is hidden, and a frame is complete when its end has come", () => {
  const screen = createScreen(10, 2);
  screen.write("ab\x1b[?25l\x1b[?2026h");
  expect([screen.picture().cursor, screen.drawing]).toEqual([undefined, true]);
  screen.write("\x1b[?2026l\x1b[?25h");
  expect([screen.picture().cursor, screen.drawing]).toEqual([{ row: 0, column: 2 }, false]);
});
