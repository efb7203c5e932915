/** Finds programs as kubectl does (Go's `os/exec`), and how to start them: Node would take one of the working directory, and on Windows no batch file. */
import { accessSync, constants, statSync } from "node:fs";
import path from "node:path";

export interface Places {
  readonly platform: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether the file is there and can be run. */
  readonly isProgram: (file: string) => boolean;
}

/** What is to be started; `verbatim` where the arguments are as cmd.exe is to read them. */
export interface Started {
  readonly program: string;
  readonly args: readonly string[];
  readonly verbatim: boolean;
}

/**
 * The program of that name in the folders of PATH; undefined if there is none. Folders that PATH names relative to the working
 * directory are passed over, so that nothing runs because of where one stands. One that is named with its folder is to be tried.
 */
export function lookPath(command: string, args: readonly string[], places: Places): Started | undefined {
  const { platform, env, isProgram } = places;
  const isWindows = platform === "win32";
  const { join, delimiter, isAbsolute, extname } = isWindows ? path.win32 : path.posix;
  const folders = (env.PATH ?? "").split(delimiter).map((folder) => (isWindows ? folder.replaceAll('"', "") : folder));
  const hasFolder = (isWindows ? /[\\/:]/ : /\//).test(command);
  const files = hasFolder ? [command] : folders.filter(isAbsolute).map((folder) => join(folder, command));
  const endings = isWindows ? (env.PATHEXT || ".com;.exe;.bat;.cmd").split(";") : [""];
  const program =
    files
      .flatMap((file) => [...(isWindows && extname(file) ? [file] : []), ...endings.map((ending) => file + ending)])
      .find(isProgram) ?? (hasFolder ? command : undefined);
  if (program === undefined) return undefined;
  if (!isWindows || !/\.(?:bat|cmd)$/i.test(program)) return { program, args, verbatim: false };
  const line = [literally(program), ...args.map((word) => literally(quoted(word)))].join(" ");
  return { program: "cmd.exe", args: ["/d", "/s", "/c", `"${line}"`], verbatim: true };
}

/** Whether it is a file that may be run; on Windows every file may. */
export function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** As the C runtime reads a word: a backslash counts double before a quotation mark. */
function quoted(word: string): string {
  return `"${word.replace(/(\\*)("|$)/g, (_all, slashes: string, mark: string) => slashes + slashes + (mark && '\\"'))}"`;
}

/** No sign means anything to cmd.exe. */
function literally(text: string): string {
  return text.replace(/[()\][%!^"`<>&|;, *?]/g, "^$&");
}
