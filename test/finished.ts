/** A program run to its end. */
import { type SpawnOptions, spawn } from "node:child_process";

export interface Finished {
  /** -1 when a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program without a terminal; a cluster that lives in this process can answer it meanwhile. */
export function runToEnd(
  program: string,
  words: readonly string[],
  { input = "", ...options }: SpawnOptions & { readonly input?: string | undefined },
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { ...options, stdio: "pipe" });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? -1, stdout, stderr }));
    // A program that has ended already takes no input; how it ended is what is told.
    child.stdin.on("error", () => {}).end(input);
  });
}
