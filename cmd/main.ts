/** The program: joins the command line to the real world, and turns the outcome into the exit code of the process. */
import { constants, homedir, tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { KubeClient } from "../lib/kube/client.ts";
import type { Clock } from "../lib/model/clock.ts";
import { ExpectedError } from "../lib/model/errors.ts";
import { exitCode } from "../lib/model/exit-code.ts";
import { errorLines } from "../lib/report/errors.ts";
import { createTerminal } from "../lib/terminal/terminal.ts";
import { runCli } from "./cli.ts";
import { programName } from "./program-name.ts";
import type { World } from "./world.ts";

/** Put in by the build. */
declare const VMNODE_VERSION: string | undefined;

const clock: Clock = {
  now: () => new Date(),
  sleep: async (ms, signal) => {
    try {
      await sleep(ms, undefined, { signal });
    } catch (error) {
      throw signal?.aborted ? signal.reason : error;
    }
  },
};
const terminal = createTerminal({
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  process,
  now: clock.now,
});
const version = typeof VMNODE_VERSION === "string" ? VMNODE_VERSION : "0.0.0-dev";
const clients: KubeClient[] = [];

async function runProgram(command: readonly string[], env: Readonly<Record<string, string>>): Promise<number> {
  const { spawn } = await import("node:child_process");
  const [program = "", ...words] = command;
  return await new Promise((resolve, reject) => {
    const child = spawn(program, words, { stdio: "inherit", env: { ...process.env, ...env } });
    // Ctrl-C reaches the child by itself, and it decides what that means; a signal to us alone is handed on.
    const leaveIt = () => {};
    const handOn = (signal: NodeJS.Signals) => void child.kill(signal);
    process.on("SIGINT", leaveIt).on("SIGTERM", handOn).on("SIGHUP", handOn);
    child.on("error", (error) =>
      reject(new ExpectedError(`cannot start ${program}: ${error.message}`, { cause: error })),
    );
    child.on("close", (code, signal) => {
      process.off("SIGINT", leaveIt).off("SIGTERM", handOn).off("SIGHUP", handOn);
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}

async function temporaryDirectory(): Promise<string> {
  const [{ mkdtemp }, { rmSync }] = await Promise.all([import("node:fs/promises"), import("node:fs")]);
  const directory = await mkdtemp(path.join(tmpdir(), "kubectl-vmnode-"));
  process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

const world: World = {
  program: programName(process.argv[1] ?? "", process.env),
  version,
  env: process.env,
  clock,
  terminal,
  runProgram,
  temporaryDirectory,
  async connect(options, verbosity) {
    const [{ connect }, { createClient }] = await Promise.all([
      import("../lib/kube/connection.ts"),
      import("../lib/kube/client.ts"),
    ]);
    const connection = await connect(options, {
      env: process.env,
      homedir: homedir(),
      stdinIsTerminal: process.stdin.isTTY === true,
      version,
      verbosity,
      log: (level, line) => {
        if (level <= verbosity) terminal.writeError(line);
      },
      warn: (line) => terminal.writeError(`${terminal.errorStyle("warn", "Warning:")} ${line}`),
      clock,
    });
    const client = createClient(connection);
    clients.push(client);
    return client;
  },
};

// What gets past the command line is a fault of ours outside of any command: in a listener, a timer, or a forgotten promise.
process.on("uncaughtException", (error) => {
  terminal.close();
  for (const line of errorLines(error, { stack: process.argv.includes("-v=4") })) terminal.writeError(line);
  process.exit(exitCode.bug);
});

// No await at the top of the file: the bundle is CommonJS.
runCli(process.argv.slice(2), world).then((code) => {
  process.exitCode = code;
  terminal.close();
  for (const client of clients) client.connection.close();
});
