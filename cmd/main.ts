/** Where every start begins: the version is said at once, and everything else is left to the program. */
import { writeSync } from "node:fs";
import { isCompleter, version, versionLine } from "./program-name.ts";

async function start(words: readonly string[]): Promise<void> {
  const completes = isCompleter(process.argv[1] ?? "");
  if (!completes && words.length === 1 && words[0] === "--version" && printVersion()) return;
  const { answerShell, runCommandLine } = await import("./program.ts");
  await (completes ? answerShell(words) : runCommandLine(words));
}

/** Scripts ask for the version to see that we are there: it waits for nothing. False where standard output takes it only bit by bit. */
function printVersion(): boolean {
  try {
    writeSync(1, `${versionLine(version)}\n`);
    return true;
  } catch {
    return false;
  }
}

// No await at the top of the file: the bundle is CommonJS.
void start(process.argv.slice(2));
