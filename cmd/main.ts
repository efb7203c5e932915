/** Where every start begins: the version is said at once, and everything else is left to the program. */
import { existsSync, writeSync } from "node:fs";
import { isCompleter, version, versionLine } from "./program-name.ts";

async function start(words: readonly string[]): Promise<void> {
  const completes = isCompleter(process.argv[1] ?? "");
  if (completes) withoutExtraAuthorities(process.env);
  if (!completes && words.length === 1 && words[0] === "--version" && printVersion()) return;
  const { answerShell, runCommandLine } = await import("./program.ts");
  await (completes ? answerShell(words) : runCommandLine(words));
}

/**
 * Node has read before we run which file of authorities it is to add to its own, which we do not use: it would wait for that file, and
 * complain of it where a shell completes a word. Hence a new start without it; programs that log in get it all the same.
 */
function withoutExtraAuthorities({
  NODE_EXTRA_CA_CERTS: file,
  KUBECTL_VMNODE_CA_CERTS: kept,
  ...others
}: NodeJS.ProcessEnv): void {
  if (file && process.execve !== undefined && existsSync(process.execPath))
    process.execve(process.execPath, process.argv.slice(1), { ...others, KUBECTL_VMNODE_CA_CERTS: file });
  if (kept === undefined) return;
  process.env.NODE_EXTRA_CA_CERTS = kept;
  delete process.env.KUBECTL_VMNODE_CA_CERTS;
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
