/** A program for the pseudo-terminal: asks, then shows a view until it is interrupted. Its argument says how it ends. */
import { createTerminal } from "../../../lib/terminal/terminal.ts";
import { drainProgress, going } from "../../builders/progress.ts";
import { summaryOf } from "../report/builders.ts";

const end = process.argv[2];
const terminal = createTerminal({
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  process,
  now: () => new Date(),
});

async function run(): Promise<number> {
  if (!(await terminal.confirm({ text: "Drain worker-1?", flag: "--yes" }))) return 1;
  const signal = terminal.catchSignals();
  const reporter = await terminal.reporter("text");
  const time = new Date().toISOString();
  const vm = going("prod/web-1", "migrating", { target: "worker-3", phase: "Running" });
  try {
    reporter.event({ time, type: "node-cordoned", node: "worker-1", already: false });
    reporter.progress(drainProgress([vm], { time }));
    if (end === "crash") setTimeout(() => crash(), 300);
    if (end !== "done") {
      const alive = setInterval(() => {}, 1000);
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      // Somebody who does not want to wait presses Ctrl-C again.
      if (end === "slow") await new Promise(() => {});
      clearInterval(alive);
      throw signal.reason;
    }
    const moved = { ...vm, state: "moved" as const, seconds: 41 };
    reporter.event({ time, type: "vm", vm: moved });
    reporter.event({ time, type: "node-drained", node: "worker-1" });
    reporter.event({ time, type: "summary", ...summaryOf({ moved: [moved] }) });
    return 0;
  } finally {
    reporter.close();
  }
}

function crash(): never {
  throw new Error("crashed on purpose");
}

process.exitCode = await run().catch((error: Error & { exitCode?: number }) => {
  terminal.writeError(`error: ${error.message}`);
  return error.exitCode ?? 70;
});
terminal.close();
