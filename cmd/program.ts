/** The program: joins the command line to the real world, and turns the outcome into the exit code of the process. */
import { existsSync } from "node:fs";
import { constants, homedir as homeOfUser, tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { KubeClient } from "../lib/kube/client.ts";
import type { Kubeconfig } from "../lib/kube/kubeconfig.ts";
import type { Clock } from "../lib/model/clock.ts";
import { ExpectedError } from "../lib/model/errors.ts";
import { exitCode } from "../lib/model/exit-code.ts";
import { errorLines } from "../lib/report/errors.ts";
import { createTerminal, type Terminal } from "../lib/terminal/terminal.ts";
import { programName, version } from "./program-name.ts";
import type { World } from "./world.ts";

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
/**
 * Standard error, kept for ourselves where NODE_DEBUG asks Node for remarks: they would come among our lines, with whole requests, and
 * what the user logs in by.
 */
const ofNode = Object.getOwnPropertyDescriptor(process, "stderr");
const standardError = (): NodeJS.WriteStream => ofNode?.get?.call(process) ?? process.stderr;
if (process.env.NODE_DEBUG) Object.defineProperty(process, "stderr", { value: { write: () => true } });
let opened: Terminal | undefined;
/** Opened by the first who needs it: Node takes as long to open its streams as to run half of a small command. */
function terminal(): Terminal {
  opened ??= createTerminal({
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    stderr: standardError(),
    env: process.env,
    process,
    now: clock.now,
  });
  return opened;
}
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
  const directory = await mkdtemp(path.join(tmpdir(), "kubectl-vmnode-")).catch((cause: Error) => {
    throw new ExpectedError(`cannot make a directory for temporary files: ${cause.message}`, { cause });
  });
  process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

async function connectTo(
  ...[options, verbosity, { silent } = { silent: false }]: Parameters<World["connect"]>
): Promise<KubeClient> {
  const [{ isatty }, { connect }, { createClient }] = await Promise.all([
    import("node:tty"),
    import("../lib/kube/connection.ts"),
    import("../lib/kube/client.ts"),
  ]);
  const connection = await connect(options, {
    env: process.env,
    homedir: homedir(),
    // Without opening the stream, which takes Node a while.
    stdinIsTerminal: !silent && isatty(0),
    silent,
    version,
    verbosity,
    log: (level, line) => {
      if (!silent && level <= verbosity) terminal().writeError(line);
    },
    warn: (line) => {
      if (!silent) terminal().warn(line);
    },
    clock,
  });
  const client = createClient(connection);
  clients.push(client);
  return client;
}

/** A user without HOME whom no list of users knows, as in a bare container, is at home where container runtimes would say. */
function homedir(): string {
  try {
    return homeOfUser();
  } catch {
    return "/";
  }
}

async function loadKubeconfig(explicit: string | undefined): Promise<Kubeconfig> {
  const { loadKubeconfig } = await import("../lib/kube/kubeconfig.ts");
  return await loadKubeconfig({ explicit, env: process.env, homedir: homedir() });
}

const startedAs = process.argv[1] ?? "";
const world: World = {
  program: programName(startedAs, process.env),
  startedAs,
  version,
  host: { platform: process.platform, arch: process.arch, runtime: process.versions.node },
  env: process.env,
  clock,
  get terminal() {
    return terminal();
  },
  runProgram,
  temporaryDirectory,
  loadKubeconfig,
  connect: connectTo,
};

/** What only the operating system ends: reading a file, or asking for the address of a server, where nobody answers. */
function stuck(): boolean {
  return process.getActiveResourcesInfo().some((resource) => /^(?:FSReq|GetAddrInfo)/.test(resource));
}

const shell = "/bin/sh";
// Node, when it ends, waits for whatever is stuck. A process that turns into another program does not: here, one that only ends.
process.once("exit", (code) => {
  if (!stuck() || process.execve === undefined || !existsSync(shell)) return;
  // What else is to be done at the end is done now.
  process.emit("exit", code);
  // Others may write into the same pipe, and do not expect to be told to try again.
  for (const { _handle } of [process.stdout, standardError()] as BlockingStream[]) _handle?.setBlocking?.(true);
  process.execve(shell, ["sh", "-c", `exit ${code}`], {});
});

/** What Node's streams have inside. */
interface BlockingStream {
  readonly _handle?: { readonly setBlocking?: (blocking: boolean) => void };
}

/** Completes a command line. A shell waits for the answer, and shows nothing else: whatever is still going on by then is left behind. */
export async function answerShell(words: readonly string[]): Promise<void> {
  process.on("uncaughtException", () => process.exit(exitCode.ok));
  const { complete, completionBudgetMs } = await import("./complete.ts");
  const budgetMs = completionBudgetMs(process.env) - performance.now();
  const lines = await complete(words, world, Math.max(minimumBudgetMs, budgetMs));
  process.stdout.write(`${lines.join("\n")}\n`, () => process.exit(exitCode.ok));
}

/** What is left for the cluster where the start alone took long. */
const minimumBudgetMs = 150;

/** Runs a command line; the exit code of the process tells how it ended. */
export async function runCommandLine(words: readonly string[]): Promise<void> {
  const { runCli, verbosity } = await import("./cli.ts");
  // What gets past the command line comes from a listener, a timer, or a forgotten promise: an output that is full, or a fault of ours.
  process.on("uncaughtException", (error) => {
    terminal().close();
    terminal().writeError(...errorLines(error, { ...terminal().errorLayout, stack: verbosity(words) >= 4 }));
    process.exit(error instanceof ExpectedError ? error.exitCode : exitCode.bug);
  });
  process.exitCode = await runCli(words, world);
  terminal().close();
  for (const client of clients) client.connection.close();
  if (!stuck()) return;
  // Else the process would end by itself, with the last of them.
  await Promise.all([process.stdout, standardError()].map((each) => new Promise((done) => each.write("", done))));
  process.exit();
}
