/** The world as a parameter: everything outside the program that a command may use. Tests make their own. */
import type { KubeClient } from "../lib/kube/client.ts";
import type { ConnectionOptions } from "../lib/kube/effective-config.ts";
import type { Kubeconfig } from "../lib/kube/kubeconfig.ts";
import type { Clock } from "../lib/model/clock.ts";
import type { Terminal } from "../lib/terminal/terminal.ts";

export interface World {
  /** How the user started us: `kubectl vmnode` or `oc vmnode`. */
  readonly program: string;
  /** The file that we were started as, in the words of whoever started us. */
  readonly startedAs: string;
  /** Version of this program, without a leading `v`. */
  readonly version: string;
  /** What this program runs on, in Node's words, and the version of the Node inside. */
  readonly host: { readonly platform: string; readonly arch: string; readonly runtime: string };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly terminal: Terminal;
  /**
   * Gets ready to talk to the API server that the flags and the kubeconfig name; `verbosity` is the level of -v. With `silent` nothing
   * is said meanwhile, not even by a program that logs us in, and nobody is asked for credentials.
   * Throws ConfigError when they do not tell how, UsageError when the flags contradict each other.
   */
  readonly connect: (
    options: ConnectionOptions,
    verbosity: number,
    manner?: { readonly silent: boolean },
  ) => Promise<KubeClient>;
  /**
   * Runs another program on the same terminal, with these variables added to its environment, and resolves to its exit code.
   * Throws ExpectedError when it cannot be started.
   */
  readonly runProgram: (command: readonly string[], env: Readonly<Record<string, string>>) => Promise<number>;
  /** A new directory that only the user can read, and that goes with the process. Throws ExpectedError when it cannot be made. */
  readonly temporaryDirectory: () => Promise<string>;
  /** The kubeconfig that `--kubeconfig`, if given, and the environment name. Throws ConfigError when it cannot be read. */
  readonly loadKubeconfig: (explicit: string | undefined) => Promise<Kubeconfig>;
}
