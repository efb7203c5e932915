/** `practice`: starts the practice cluster, and runs until Ctrl-C or until the command that was given to it ends. */
import { InterruptedError, UsageError } from "../lib/model/errors.ts";
import { exitCode } from "../lib/model/exit-code.ts";
import type { Scenario } from "../lib/practice/scenarios/scenario.ts";
import { table } from "../lib/report/table.ts";
import type { OptionsOf } from "./command.ts";
import { quoted } from "./command-line.ts";
import type { practice } from "./definitions/practice.ts";
import type { World } from "./world.ts";

type Options = OptionsOf<typeof practice>;

/**
 * Resolves to the exit code of the command that was run, or of the signal that ended the cluster. Throws UsageError for a
 * scenario that does not exist.
 */
export async function run(options: Options, world: World): Promise<number> {
  const { allScenarios } = await import("../lib/practice/scenarios/catalog.ts");
  if (options.list) return list(allScenarios(), world);
  refuseUnknown(options, allScenarios());

  const { startPracticeCluster } = await import("../lib/practice/cluster.ts");
  const cluster = await startPracticeCluster({
    scenario: options.scenario,
    speed: options.speed,
    workDirectory: await world.temporaryDirectory(),
    ...(options.nodes > 0 ? { nodes: options.nodes } : {}),
  });
  try {
    if (options.passedOn.length > 0) {
      return await world.runProgram(options.passedOn, { KUBECONFIG: cluster.kubeconfigPath });
    }
    introduce(cluster.scenario, cluster.kubeconfigPath, world);
    return await untilInterrupted(world.terminal.catchSignals());
  } finally {
    await cluster.close();
  }
}

/** The scenarios for completing a command line. */
export async function scenarioCandidates(): Promise<{ readonly name: string; readonly about: string }[]> {
  const { allScenarios } = await import("../lib/practice/scenarios/catalog.ts");
  return allScenarios().map(({ name, summary }) => ({ name, about: summary }));
}

function list(scenarios: readonly Scenario[], { terminal }: World): number {
  const rows = scenarios.map(({ name, summary }) => [name, summary]);
  terminal.writeLines(table(["SCENARIO", { header: "WHAT IS IN IT", elastic: true }], rows, terminal.layout));
  return exitCode.ok;
}

function refuseUnknown({ scenario, nodes }: Options, scenarios: readonly Scenario[]): void {
  const names = scenarios.map(({ name }) => name);
  if (!names.includes(scenario)) {
    throw new UsageError(`there is no scenario "${scenario}"`, `there are ${names.join(", ")}`);
  }
  if (nodes > 0 && scenario !== "fleet") {
    throw new UsageError(`the scenario ${scenario} says which nodes there are: --nodes is for the scenario fleet`);
  }
}

/** The line to paste goes to standard output, the rest to standard error. */
function introduce(scenario: Scenario, kubeconfigPath: string, { terminal, program, host }: World): void {
  terminal.remark(`A practice cluster, scenario ${scenario.name}: ${scenario.summary}.`);
  const someNode = scenario.nodes.at(-1)?.name ?? "NODE";
  for (const note of scenario.notes) terminal.remark(`- ${note}`);
  terminal.remark("In another terminal:");
  terminal.writeLine(useLine(kubeconfigPath, host.platform));
  terminal.remark(`and then kubectl, or ${program} list. Ctrl-C here ends the cluster.`);
  terminal.remark(`To break a part of it: kubectl annotate node ${someNode} practice.vmnode/power=off (see --help).`);
}

/** What makes a shell use the kubeconfig: on Windows PowerShell, elsewhere any. */
export function useLine(kubeconfigPath: string, platform: string): string {
  return platform === "win32" ? `$env:KUBECONFIG = "${kubeconfigPath}"` : `export KUBECONFIG=${quoted(kubeconfigPath)}`;
}

async function untilInterrupted(signal: AbortSignal): Promise<number> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  return signal.reason instanceof InterruptedError ? signal.reason.exitCode : exitCode.interrupted;
}
