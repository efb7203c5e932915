/** Programs that log in on Windows: which of them are batch files, and what cmd.exe is given to run them. */
import { describe, expect, test } from "vitest";
import { batchCommandLine } from "../../../lib/kube/batch-file.ts";

const searchPath = "C:\\sdk;C:\\tools";
const lineOf = (command: string, there: readonly string[], args: readonly string[] = []) =>
  batchCommandLine(command, args, { searchPath, isThere: (file) => there.includes(file) });

describe("a batch file", () => {
  test.each<[string, string, string[], string | undefined]>([
    ["is found on the PATH", "login", ["C:\\tools\\login.cmd"], "C:\\tools\\login.cmd"],
    ["may be named in full", "login.bat", ["C:\\tools\\login.bat"], "C:\\tools\\login.bat"],
    ["is found in its own folder", "D:\\my\\login", ["D:\\my\\login.bat"], "D:\\my\\login.bat"],
    ["is not looked for on the PATH if it has a folder", ".\\login", ["C:\\tools\\login.cmd"], undefined],
    ["comes after a program beside it", "login", ["C:\\sdk\\login.exe", "C:\\sdk\\login.cmd"], undefined],
    [
      "comes before one in a later folder",
      "login",
      ["C:\\sdk\\login.cmd", "C:\\tools\\login.exe"],
      "C:\\sdk\\login.cmd",
    ],
    ["is none without its ending", "login", ["C:\\sdk\\login"], undefined],
    ["need not be there", "login", [], undefined],
  ])("%s", (_what, command, there, line) => {
    expect(lineOf(command, there)).toBe(line);
  });

  test.each([
    ["a blank", "a b", '^"a^ b^"'],
    ["what joins commands", "a&b|c", '^"a^&b^|c^"'],
    ["a variable", "%PATH%", '^"^%PATH^%^"'],
    ["a quotation mark", 'a"b', '^"a\\^"b^"'],
    ["backslashes before one, and at the end", 'a\\"b\\', '^"a\\\\\\^"b\\\\^"'],
    ["nothing", "", '^"^"'],
  ])("is given %s as it is", (_what, word, written) => {
    expect(lineOf("login", ["C:\\sdk\\login.cmd"], [word])).toBe(`C:\\sdk\\login.cmd ${written}`);
  });

  test("may lie in a folder with blanks", () => {
    expect(lineOf("D:\\my tools\\login.cmd", ["D:\\my tools\\login.cmd"])).toBe("D:\\my^ tools\\login.cmd");
  });
});
