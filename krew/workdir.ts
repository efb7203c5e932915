/** What is being made is made apart, and moved into its place at the end: a file that is there is whole, and what has failed leaves nothing. */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { setImmediate } from "node:timers/promises";

const folders: string[] = [];

/** A new folder whose name begins with this path. Whoever is done with it removes it; what a signal has left is removed with the process. */
export function workdir(prefix: string): string {
  if (folders.length === 0) removeAtExit();
  const folder = mkdtempSync(prefix);
  folders.push(folder);
  return folder;
}

function removeAtExit(): void {
  process.once("exit", () => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
}

/** Lets a signal end the process that came while it was waiting for another program, and could not listen. */
export async function signalsHeard(): Promise<void> {
  // The events of the present turn may have been read before the signal came.
  await setImmediate();
  await setImmediate();
}

/** Writes a file as a whole, or not at all. */
export function writeWhole(file: string, data: string | Uint8Array): void {
  const part = `${file}.part`;
  try {
    writeFileSync(part, data);
    renameSync(part, file);
  } finally {
    rmSync(part, { force: true });
  }
}
