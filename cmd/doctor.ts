/** `doctor`: finds out what could keep the program from working, here and in the cluster. */
import { platformName } from "../lib/kube/headers.ts";
import type { CompletionDiagnosis, Diagnosis } from "../lib/model/diagnosis.ts";
import { ConfigError, ExpectedError, KubeError, UnreachableError, UsageError } from "../lib/model/errors.ts";
import { type ExitCode, exitCode } from "../lib/model/exit-code.ts";
import { diagnoseCluster } from "../lib/observe/diagnosis.ts";
import { diagnosisLines } from "../lib/report/diagnosis.ts";
import type { OptionsOf } from "./command.ts";
import { completerLink } from "./completer.ts";
import type { doctor } from "./definitions/doctor.ts";
import { documentLines } from "./documents.ts";
import { connectionOptions } from "./flags/connection.ts";
import type { World } from "./world.ts";

type Options = OptionsOf<typeof doctor>;

/**
 * Prints what is known even when the cluster cannot be asked. What names servers and users, such as that error, or the words of a
 * program that logs in, is for who asks for it by -v: the screen, and whatever stands around it, is pasted into issues.
 */
export async function run(options: Options, world: World): Promise<ExitCode> {
  const [completion, seen] = await Promise.all([lookForCompletion(world), look(options, world)]);
  const { platform, arch, runtime } = world.host;
  const diagnosis: Diagnosis = {
    client: {
      version: `v${world.version}`,
      platform: platformName(platform, arch),
      runtime,
      startedBy: world.program.split(" ")[0] ?? "",
    },
    completion,
    cluster: seen.cluster,
    problems: seen.problems,
  };
  world.terminal.writeLines(
    options.output === undefined
      ? diagnosisLines(diagnosis, world.terminal.layout)
      : await documentLines({ kind: "Diagnosis", ...diagnosis }, options.output),
  );
  if (seen.error !== undefined && options.v > 0) throw seen.error;
  return diagnosis.problems.length === 0 ? exitCode.ok : exitCode.error;
}

type Seen = Pick<Diagnosis, "cluster" | "problems"> & { readonly error?: ExpectedError | undefined };

async function look(options: Options, world: World): Promise<Seen> {
  try {
    const client = await world.connect(connectionOptions(options), options.v, { silent: options.v === 0 });
    return await diagnoseCluster(client, world.clock);
  } catch (error) {
    if (error instanceof UsageError || !(error instanceof ExpectedError)) throw error;
    const what = [error.nameless ?? kindOf(error), ...codeOf(error)].join(" ");
    return { problems: [`${what}; -v=1 says more, with names`], error };
  }
}

/** The kind of error alone: its message names servers, users and files. */
function kindOf(error: ExpectedError): string {
  if (error instanceof ConfigError) return "the kubeconfig, or a credential that it names, cannot be used";
  if (error instanceof UnreachableError) return "the API server does not answer";
  if (error instanceof KubeError)
    return `the API server refuses to say what it serves (${error.status.reason || error.status.code})`;
  return "the cluster could not be asked";
}

/** `(ECONNREFUSED)`: what Node calls the fault at the bottom of it, which names nobody. */
function codeOf(error: Error): string[] {
  const { cause } = error;
  if (cause instanceof Error && cause.cause instanceof Error) return codeOf(cause);
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  return /^[A-Z][A-Z0-9_]*$/.test(code) ? [`(${code})`] : [];
}

async function lookForCompletion(world: World): Promise<CompletionDiagnosis> {
  try {
    const { state, onPath, shadowedBy } = await completerLink(world);
    return { state: shadowedBy === undefined ? state : "shadowed", onPath };
  } catch (error) {
    if (error instanceof ExpectedError) return { state: "unknown", onPath: false };
    throw error;
  }
}
