/** Programs that log in: where they are looked for, and how batch files are run on Windows. */
import { describe, expect, test } from "vitest";
import { lookPath } from "../../../lib/kube/look-path.ts";

describe("on Linux and macOS a program", () => {
  const found = (command: string, PATH: string | undefined, there: readonly string[]) =>
    lookPath(command, ["x"], { platform: "linux", env: { PATH }, isProgram: (file) => there.includes(file) })?.program;

  test.each<[string, string, string | undefined, string[], string | undefined]>([
    ["is found on the PATH", "login", "/a:/b", ["/b/login"], "/b/login"],
    ["is the first of several", "login", "/a:/b", ["/a/login", "/b/login"], "/a/login"],
    ["is not looked for on the PATH if it has a folder", "/c/login", "/a", ["/a/login", "/c/login"], "/c/login"],
    ["is none of the working directory by an empty entry", "login", ":/a:", ["login", "/login"], undefined],
    ["is none of the working directory by a dot", "login", ".:/a", ["login", "./login"], undefined],
    ["is none of a folder below it", "login", "bin:/a", ["bin/login"], undefined],
    ["is nowhere without a PATH", "login", undefined, ["login", "/login"], undefined],
  ])("%s", (_what, command, searchPath, there, program) => {
    expect(found(command, searchPath, there)).toBe(program);
  });
});

describe("on Windows", () => {
  const start = (command: string, there: readonly string[], args: readonly string[] = [], PATHEXT?: string) =>
    lookPath(command, args, {
      platform: "win32",
      env: { PATH: 'C:\\sdk;;"C:\\my tools";C:\\tools;', PATHEXT },
      isProgram: (file) => there.includes(file),
    });
  const line = (program: string) => ({ program: "cmd.exe", args: ["/d", "/s", "/c", `"${program}"`], verbatim: true });
  const plain = (program: string) => ({ program, args: [], verbatim: false });

  test.each<[string, string, string[], unknown]>([
    ["a batch file is found on the PATH", "login", ["C:\\tools\\login.cmd"], line("C:\\tools\\login.cmd")],
    ["it may be named in full", "login.bat", ["C:\\tools\\login.bat"], line("C:\\tools\\login.bat")],
    ["it is found in its own folder", "D:\\my\\login", ["D:\\my\\login.bat"], line("D:\\my\\login.bat")],
    ["it is not looked for on the PATH if it has one", "D:\\login", ["C:\\tools\\login.cmd"], plain("D:\\login")],
    [
      "a program beside it comes first",
      "login",
      ["C:\\sdk\\login.cmd", "C:\\sdk\\login.exe"],
      plain("C:\\sdk\\login.exe"),
    ],
    [
      "one in an earlier folder, too",
      "login",
      ["C:\\sdk\\login.com", "C:\\tools\\login.cmd"],
      plain("C:\\sdk\\login.com"),
    ],
    ["a folder may stand in quotation marks", "login", ["C:\\my tools\\login.cmd"], line("C:\\my^ tools\\login.cmd")],
    ["without its ending it is none", "login", ["C:\\sdk\\login"], undefined],
    ["none of the working directory is run", "login", ["login.cmd", ".\\login.cmd"], undefined],
  ])("%s", (_what, command, there, started) => {
    expect(start(command, there)).toEqual(started);
  });

  test("the endings are those of PATHEXT", () => {
    expect(start("login", ["C:\\sdk\\login.exe"], [], ".CMD")).toBeUndefined();
    expect(start("login", ["C:\\sdk\\login.CMD"], [], ".CMD")).toEqual(line("C:\\sdk\\login.CMD"));
  });

  test.each([
    ["a blank", "a b", '^"a^ b^"'],
    ["what joins commands", "a&b|c", '^"a^&b^|c^"'],
    ["a variable", "%PATH%", '^"^%PATH^%^"'],
    ["a quotation mark", 'a"b', '^"a\\^"b^"'],
    ["backslashes before one, and at the end", 'a\\"b\\', '^"a\\\\\\^"b\\\\^"'],
    ["nothing", "", '^"^"'],
  ])("a batch file is given %s as it is", (_what, word, written) => {
    expect(start("login", ["C:\\sdk\\login.cmd"], [word])).toEqual(line(`C:\\sdk\\login.cmd ${written}`));
  });
});
