/** Promise 7: nothing that comes from a cluster can steer the terminal. */
import { describe, expect, test } from "vitest";
import { sanitise, sanitised } from "../../../lib/report/sanitise.ts";

describe("text from the cluster is made harmless", () => {
  test.each([
    ["a colour", "\x1b[31mred\x1b[0m", "^[[31mred^[[0m"],
    ["a window title", "\x1b]0;owned\x07", "^[]0;owned^G"],
    ["a C1 control sequence", "\x9b2J", "\\u{9b}2J"],
    ["a carriage return", "safe\rdeceit", "safe\\rdeceit"],
    ["a line break", "one\ntwo", "one\\ntwo"],
    ["a tab", "a\tb", "a\\tb"],
    ["backspace and delete", "ab\b\x7f", "ab^H^?"],
    ["a NUL", "a\0b", "a^@b"],
    ["reversed reading direction", "\u202egpj.exe", "\\u{202e}gpj.exe"],
    ["an invisible space", "web\u200b-1", "web\\u{200b}-1"],
    ["a line separator", "a\u2028b", "a\\u{2028}b"],
    ["half a surrogate pair", "a\ud800b", "a\\u{d800}b"],
  ])("%s becomes visible", (_what, text, shown) => {
    expect(sanitise(text)).toBe(shown);
  });

  test.each(["prod/web-1", "größer", "虚拟机", "👩‍🔧 at work", "می‌خواهم", "a\\nb"])("%s stays as it is", (text) => {
    expect(sanitise(text)).toBe(text);
  });

  test("doing it twice changes nothing more", () => {
    const once = sanitise("\x1b[1m\u202e\n");
    expect(sanitise(once)).toBe(once);
  });

  test("every string of a structure is reached, keys included, and nothing else is touched", () => {
    expect(sanitised({ list: ["\x07", 1, null, true, undefined], "\x1bkey": { deep: "\r" } })).toEqual({
      list: ["^G", 1, null, true, undefined],
      "^[key": { deep: "\\r" },
    });
  });
});
