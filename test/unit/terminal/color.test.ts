/** Whether there is colour is decided once, and in this order. */
import { describe, expect, test } from "vitest";
import { ownSequences, styleFor, wantsColor } from "../../../lib/terminal/color.ts";

describe("colour", () => {
  test.each([
    ["a terminal has colour", "auto", {}, true, true],
    ["a pipe has none", "auto", {}, false, false],
    ["a dumb terminal has none", "auto", { TERM: "dumb" }, true, false],
    ["CI has none", "auto", { CI: "true" }, true, false],
    ["NO_COLOR takes it away", "auto", { NO_COLOR: "1" }, true, false],
    ["an empty NO_COLOR counts as unset", "auto", { NO_COLOR: "" }, true, true],
    ["FORCE_COLOR gives it to a pipe", "auto", { FORCE_COLOR: "1" }, false, true],
    ["FORCE_COLOR wins against NO_COLOR", "auto", { FORCE_COLOR: "1", NO_COLOR: "1" }, false, true],
    ["FORCE_COLOR wins against CI and dumb", "auto", { FORCE_COLOR: "1", CI: "1", TERM: "dumb" }, false, true],
    ["FORCE_COLOR=0 takes it away", "auto", { FORCE_COLOR: "0" }, true, false],
    ["FORCE_COLOR=false takes it away", "auto", { FORCE_COLOR: "false" }, true, false],
    ["an empty FORCE_COLOR counts as unset", "auto", { FORCE_COLOR: "" }, false, false],
    ["--color=always wins against NO_COLOR", "always", { NO_COLOR: "1" }, false, true],
    ["--color=never wins against FORCE_COLOR", "never", { FORCE_COLOR: "1" }, true, false],
  ] as const)("%s", (_what, choice, env, terminal, expected) => {
    expect(wantsColor(choice, env, terminal)).toBe(expected);
  });

  test.each(["bad", "warn", "good", "strong", "faint"] as const)(
    "%s keeps the text, and uses only sequences that are let through",
    (tone) => {
      const styled = styleFor(true)(tone, "text");
      expect(styled).not.toBe("text");
      expect(styled.replaceAll(ownSequences, "")).toBe("text");
      expect(styleFor(false)(tone, "text")).toBe("text");
    },
  );
});
