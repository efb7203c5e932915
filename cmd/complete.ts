/** Completion: the words so far in, candidates out, in the form in which kubectl asks a plugin for them. */
import type { Kubeconfig } from "../lib/kube/kubeconfig.ts";
import { parseGoDuration } from "../lib/model/duration.ts";
import { findingCodes } from "../lib/model/finding.ts";
import type { NameCandidate } from "../lib/observe/candidates.ts";
import { everyFlag, flagsOf, pages, rootFlags } from "./cli.ts";
import { type CommandDefinition, type Flag, type Flags, flagName } from "./command.ts";
import { commands } from "./commands.ts";
import { readFlags } from "./flag-values.ts";
import { connectionFlags, connectionOptions } from "./flags/connection.ts";
import { firstWord, spellUnfinished, type UnfinishedLine, valuesByName } from "./spelling.ts";
import type { World } from "./world.ts";

export type CompletionWorld = Pick<World, "connect" | "clock" | "loadKubeconfig">;

interface Answer {
  readonly candidates: readonly NameCandidate[];
  /** What the shell does besides (Cobra's ShellCompDirective). */
  readonly directive: ":0" | ":4";
}

/** ShellCompDirectiveNoFileComp. */
const nothing: Answer = { candidates: [], directive: ":4" };
/** ShellCompDirectiveDefault: the shell offers files. */
const shellsOwn: Answer = { candidates: [], directive: ":0" };

interface Asked {
  readonly definition: CommandDefinition | undefined;
  /** What stands before the word that is being typed. */
  readonly line: UnfinishedLine;
  readonly world: CompletionWorld;
  readonly signal: AbortSignal;
}

/** From the start of the process to the answer: longer, and a person thinks that the shell hangs. Users of slow clusters may set it. */
export function completionBudgetMs(env: World["env"]): number {
  return parseGoDuration(env.KUBECTL_VMNODE_COMPLETION_TIMEOUT ?? "") ?? 300;
}

/**
 * The lines to print for a command line whose last word, perhaps empty, is being typed: `candidate<TAB>about it`, and how the shell
 * should go on. Whatever goes wrong, or takes longer than `budgetMs`, gives no candidates and no complaint.
 */
export async function complete(words: readonly string[], world: CompletionWorld, budgetMs: number): Promise<string[]> {
  const over = new AbortController();
  try {
    const deadline = world.clock.sleep(budgetMs, over.signal).then(
      () => nothing,
      () => nothing,
    );
    return printed(await Promise.race([answer(words, world, over.signal), deadline]));
  } catch {
    return printed(nothing);
  } finally {
    over.abort();
  }
}

function printed({ candidates, directive }: Answer): string[] {
  const safe = candidates.filter(({ name }) => !/[\p{Cc}]/u.test(name));
  return [
    ...safe.map(({ name, about }) => (about === "" ? name : `${name}\t${about.replace(/\p{Cc}/gu, " ")}`)),
    directive,
  ];
}

async function answer(words: readonly string[], world: CompletionWorld, signal: AbortSignal): Promise<Answer> {
  const before = words.slice(0, -1);
  const typed = words.at(-1) ?? "";
  const definition = commands.get(firstWord(before, everyFlag) ?? "")?.definition;
  const flags = definition === undefined ? everyFlag : flagsOf(definition);
  const line = spellUnfinished(before, flags);
  const asked: Asked = { definition, line, world, signal };
  if (line.ended && definition?.passesOn !== undefined) return shellsOwn;
  if (line.awaiting !== undefined) return await valueAnswer(flags, line.awaiting, typed, asked);
  const attached = line.ended ? undefined : spellUnfinished([typed], flags).flags.at(-1);
  // As with kubectl, only behind `=`: the shell keeps what is before it.
  if (attached !== undefined && typed.endsWith(`=${attached.value}`))
    return await valueAnswer(flags, attached.name, attached.value, asked);
  const isFlag = typed.startsWith("-") && !line.ended;
  const candidates = isFlag ? flagCandidates(asked) : await wordCandidates(typed, asked);
  return startingWith(typed, candidates);
}

function startingWith(typed: string, candidates: readonly NameCandidate[]): Answer {
  return { ...nothing, candidates: candidates.filter(({ name }) => name.startsWith(typed)) };
}

function withoutMore(names: Iterable<string>): NameCandidate[] {
  return Array.from(names, (name) => ({ name, about: "" }));
}

/** The flags of the command, or those that need none, and their letters; one that was given already only where it may be repeated. */
function flagCandidates({ definition, line }: Asked): NameCandidate[] {
  const given = new Set(line.flags.map(({ name }) => name));
  const flags = Object.entries(definition === undefined ? rootFlags : flagsOf(definition));
  return flags
    .filter(([key, flag]) => !flag.hidden && (flag.kind === "list" || !given.has(flagName(key))))
    .flatMap(([key, flag]) => {
      const names = [`--${flagName(key)}`, ...(flag.short ? [`-${flag.short}`] : [])];
      return names.map((name) => ({ name, about: firstSentence(flag) }));
    });
}

/** Up to the first full stop, but not "With --all-pods:" alone, and none that is in brackets. */
function firstSentence({ description }: Flag): string {
  return /^((?:With --[\w-]+: )?(?:\(.*?\)|[^(])+?)[.:;](?:\s|$)/s.exec(description)?.[1] ?? description;
}

async function wordCandidates(typed: string, asked: Asked): Promise<readonly NameCandidate[]> {
  const { definition, line } = asked;
  const [first, ...words] = line.words;
  if (definition === undefined) {
    const isOpen = !line.ended && words.length === 0 && (first === undefined || first === "help");
    return isOpen ? commandCandidates() : [];
  }
  const form = definition.words ?? "";
  if (form === "" || (words.length > 0 && !form.includes("..."))) return [];
  if (!form.includes("NODE")) return withoutMore(form.replace(/[()]/g, "").split("|"));
  const kind = /^(?:no|nodes?)\//.exec(typed)?.[0] ?? "";
  const taken = new Set(words.map((word) => word.replace(/^\w+\//, "")));
  const nodes = await clusterNames("nodeCandidates", asked);
  return nodes.filter(({ name }) => !taken.has(name)).map(({ name, about }) => ({ name: kind + name, about }));
}

function commandCandidates(): NameCandidate[] {
  const summaries = [...commands].map(([name, { definition }]) => [name, definition.summary] as const);
  return [...summaries, ...pages].map(([name, about]) => ({ name, about }));
}

async function valueAnswer(flags: Flags, name: string, typed: string, asked: Asked): Promise<Answer> {
  if (fileFlags.has(name)) return shellsOwn;
  const flag = Object.entries(flags).find(([key]) => flagName(key) === name)?.[1];
  return flag === undefined ? nothing : startingWith(typed, await valueCandidates(name, flag, asked));
}

const fileFlags: ReadonlySet<string> = new Set([
  "kubeconfig",
  "certificate-authority",
  "client-certificate",
  "client-key",
]);

async function valueCandidates(name: string, flag: Flag, asked: Asked): Promise<readonly NameCandidate[]> {
  if (flag.kind === "choice") return withoutMore(flag.choices);
  if (flag.kind === "boolean") return withoutMore(["true", "false"]);
  switch (name) {
    case "context": {
      const { contexts, currentContext } = await kubeconfigOf(asked);
      return [...contexts.keys()].map((each) => ({ name: each, about: each === currentContext ? "current" : "" }));
    }
    case "cluster":
      return withoutMore((await kubeconfigOf(asked)).clusters.keys());
    case "user":
      return withoutMore((await kubeconfigOf(asked)).users.keys());
    case "namespace":
      return await clusterNames("namespaceCandidates", asked);
    case "waive": {
      const concerned = waivedBy[asked.definition?.name ?? ""] ?? /^(?!HostWasNeverOff|EvacuationGoesOn)/;
      const waivable = Object.entries(findingCodes).filter(([name, code]) => code.waivable && concerned.test(name));
      return waivable.map(([code, { meaning }]) => ({ name: code, about: meaning }));
    }
    case "scenario":
      return await (await import("./practice.ts")).scenarioCandidates();
    default:
      return [];
  }
}

/** The codes that a command looks at; those that only uncordon knows are left out elsewhere. */
const waivedBy: Readonly<Record<string, RegExp>> = {
  recover: /^HeldBy/,
  uncordon: /^(?:HeldBy|HostWasNeverOff|NodeNotReady|EvacuationGoesOn)/,
};

async function kubeconfigOf({ line, world }: Asked): Promise<Kubeconfig> {
  return await world.loadKubeconfig(line.flags.findLast(({ name }) => name === "kubeconfig")?.value);
}

/** Names from the cluster that the flags so far name. */
async function clusterNames(
  what: "nodeCandidates" | "namespaceCandidates",
  { line, world, signal }: Asked,
): Promise<readonly NameCandidate[]> {
  const options = readFlags(connectionFlags, valuesByName(line)) as Parameters<typeof connectionOptions>[0];
  const [client, candidates] = await Promise.all([
    world.connect(connectionOptions(options), 0, { silent: true }),
    import("../lib/observe/candidates.ts"),
  ]);
  return await candidates[what](client, { signal });
}
