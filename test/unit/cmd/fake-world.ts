/** A world for whole commands in process: its terminal is a script, and what was printed can be read back. */
import { runCli } from "../../../cmd/cli.ts";
import type { World } from "../../../cmd/world.ts";
import { ExpectedError, UsageError } from "../../../lib/model/errors.ts";
import { eventLines } from "../../../lib/report/events.ts";
import { eventJson } from "../../../lib/report/machine.ts";
import { sanitise } from "../../../lib/report/sanitise.ts";
import { plain } from "../../../lib/report/style.ts";
import { wrapSentence } from "../../../lib/report/width.ts";
import type { Choice } from "../../../lib/terminal/prompts.ts";
import type { Question, Terminal } from "../../../lib/terminal/terminal.ts";

export interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The questions that were asked, in order. */
  readonly questions: readonly string[];
  /** What there was to choose from, for each question with a menu. */
  readonly choices: readonly (readonly string[])[];
}

export interface Scene extends Partial<Omit<World, "terminal">> {
  /**
   * What the person at the terminal answers, in order; nobody is there when absent. A menu is answered by the start of a choice's name,
   * and Ctrl-C is the error that a question ends with.
   */
  readonly answers?: readonly (boolean | string | Error)[];
  /** Width of standard output; there is none in a pipe. */
  readonly columns?: number;
  /** That of standard error, where it is another. */
  readonly errorColumns?: number;
  /** Ctrl-C, for commands that look out for it. */
  readonly signal?: AbortSignal;
}

/** Runs a command line, written as one would type it. Without a `connect` in the scene no cluster can be reached. */
export async function run(commandLine: string, scene: Scene = {}): Promise<Run> {
  const { answers: _answers, columns: _columns, errorColumns: _errorColumns, signal: _signal, ...parts } = scene;
  const screen: Screen = { stdout: [], stderr: [], questions: [], choices: [] };
  const world: World = {
    program: "kubectl vmnode",
    startedAs: "kubectl-vmnode",
    version: "1.2.3",
    host: { platform: "linux", arch: "x64", runtime: "24.21.0" },
    env: {},
    clock: { now: () => new Date("2026-11-21T12:00:00Z"), sleep: async () => {} },
    connect: async () => {
      throw new ExpectedError("this test has no cluster");
    },
    runProgram: async () => {
      throw new Error("this test runs no other program");
    },
    loadKubeconfig: async () => {
      throw new Error("this test has no kubeconfig");
    },
    temporaryDirectory: async () => {
      throw new Error("this test needs no directory");
    },
    ...parts,
    terminal: scriptedTerminal(screen, scene),
  };
  const code = await runCli(wordsOf(commandLine), world);
  return { ...screen, code, stdout: screen.stdout.join("\n"), stderr: screen.stderr.join("\n") };
}

function wordsOf(commandLine: string): string[] {
  return [...commandLine.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? "");
}

interface Screen {
  readonly stdout: string[];
  readonly stderr: string[];
  readonly questions: string[];
  readonly choices: string[][];
}

function scriptedTerminal(
  { stdout, stderr, questions, choices: offered }: Screen,
  { answers, columns, errorColumns = columns, signal }: Scene,
): Terminal {
  const left = [...(answers ?? [])];
  const answer = (question: Question): boolean | string => {
    if (answers === undefined) throw new UsageError(`there is nobody to ask here: pass ${question.flag}`);
    questions.push(question.text);
    const next = left.shift();
    if (next === undefined) throw new Error(`the script has no answer to: ${question.text}`);
    if (next instanceof Error) throw next;
    return next;
  };
  const choose = async <T>(question: Question, choices: readonly Choice<T>[]): Promise<T> => {
    const wanted = String(answer(question));
    offered.push(choices.map(({ name }) => name));
    const choice = choices.find(({ name }) => name.startsWith(wanted));
    if (choice === undefined)
      throw new Error(`no choice "${wanted}" in: ${choices.map(({ name }) => name).join(", ")}`);
    return choice.value;
  };
  const remark = (text: string) => void stderr.push(...wrapSentence(sanitise(text), errorColumns));
  return {
    interactive: answers !== undefined,
    layout: { columns, style: plain },
    errorLayout: { columns: errorColumns, style: plain },
    setColor: () => {},
    writeLine: (line) => void stdout.push(line),
    writeLines: (lines) => void stdout.push(...lines),
    writeError: (...lines) => void stderr.push(...lines),
    remark,
    warn: (text) => remark(`Warning: ${text}`),
    confirm: async (question) => answer(question) === true,
    select: choose,
    search: choose,
    typeName: async (question, expected) => answer(question) === expected,
    reporter: async (format) => ({
      event: (event) => {
        if (format === "json") return void stdout.push(eventJson(event));
        const { out, err } = eventLines(event);
        stdout.push(...out);
        stderr.push(...err);
      },
      progress: () => {},
      close: () => {},
    }),
    catchSignals: () => signal ?? new AbortController().signal,
    close: () => {},
  };
}
