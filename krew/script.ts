/** What scripts do that a person or a workflow starts, and that can fail. */

/** Runs it to its end; where it throws, that is said in one line, and the process ends with 1. */
export async function runScript(main: () => void | Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
