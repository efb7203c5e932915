/** Batch files, which kubectl starts on Windows like other programs (Go's `os/exec`, LookPath by PATHEXT), and Node only by way of cmd.exe. */
import { win32 } from "node:path";

/**
 * What cmd.exe is to run for a command that is a batch file, found in the folders of `searchPath` if it has none of its own;
 * undefined for everything else.
 */
export function batchCommandLine(
  command: string,
  args: readonly string[],
  { searchPath = "", isThere }: { searchPath?: string | undefined; isThere: (path: string) => boolean },
): string | undefined {
  const folders = /[\\/]/.test(command) ? [""] : searchPath.split(win32.delimiter);
  const files = folders.flatMap((folder) =>
    ["", ".exe", ".bat", ".cmd"].map((end) => win32.join(folder, command + end)),
  );
  const file = files.find((name) => /\.\w+$/.test(name) && isThere(name));
  if (file === undefined || !/\.(?:bat|cmd)$/i.test(file)) return undefined;
  return [literally(file), ...args.map((word) => literally(quoted(word)))].join(" ");
}

/** As the C runtime reads a word: a backslash counts double before a quotation mark. */
function quoted(word: string): string {
  return `"${word.replace(/(\\*)("|$)/g, (_all, slashes: string, mark: string) => slashes + slashes + (mark && '\\"'))}"`;
}

/** No sign means anything to cmd.exe. */
function literally(text: string): string {
  return text.replace(/[()\][%!^"`<>&|;, *?]/g, "^$&");
}
