/** The last place at which text can be made harmless. */
import { describe, expect, test } from "vitest";
import { ExpectedError } from "../../../lib/model/errors.ts";
import { styleFor } from "../../../lib/terminal/color.ts";
import { createOutput, printable } from "../../../lib/terminal/output.ts";
import { FakeOutput } from "./fakes.ts";

describe("a line", () => {
  test("keeps our own colours and tabs, and nothing else that a terminal obeys", () => {
    const ours = `${styleFor(true)("bad", "BLOCKS")}\tprod/web-1`;
    expect(printable(ours)).toBe(ours);
    expect(printable("a\x1b[2Jb\x1b[38;5;1mc\r\n\x07")).toBe("a^[[2Jb^[[38;5;1mc\\r\\n^G");
  });
});

describe("a stream", () => {
  const failure = (code: string) => Object.assign(new Error(code), { code });

  test("gets lines in one piece", () => {
    const stream = new FakeOutput(false);
    createOutput(stream).lines(["a", "b\x1b[1A"]);
    expect(stream.written).toBe("a\nb^[[1A\n");
  });

  test.each(["EPIPE", "EIO"])("whose reader went away (%s) is written to no more, without an error", (code) => {
    const stream = new FakeOutput(false);
    const output = createOutput(stream);
    stream.emit("error", failure(code));
    output.lines(["more"]);
    expect(stream.written).toBe("");
  });

  test("that fails otherwise, because its disk is full, is an error, but no fault of the program", () => {
    const stream = new FakeOutput(false);
    createOutput(stream);
    expect(() => stream.emit("error", failure("ENOSPC"))).toThrow(ExpectedError);
  });

  test("has a size even where the terminal does not tell one", () => {
    const stream = new FakeOutput(true, 0, 0);
    expect(createOutput(stream).size()).toEqual({ columns: 80, rows: 24 });
  });
});
