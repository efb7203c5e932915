/** Whole commands in process, over a real connection to a practice cluster, with a scripted person at the terminal. */
import { homedir } from "node:os";
import type { World } from "../../cmd/world.ts";
import { createClient, type KubeClient } from "../../lib/kube/client.ts";
import { type Connection, connect } from "../../lib/kube/connection.ts";
import type { Clock } from "../../lib/model/clock.ts";
import { type Run, run, type Scene } from "../unit/cmd/fake-world.ts";

/** Runs a command line in this environment, of which KUBECONFIG matters most. The clock is the cluster's, however fast that one lives. */
export async function runCommand(
  commandLine: string,
  env: Readonly<Record<string, string>>,
  scene: Scene & { readonly clock: Clock; readonly through?: (connection: Connection) => Connection },
): Promise<Run> {
  const { through, ...rest } = scene;
  return await withConnections({ env, clock: scene.clock, through }, (connect) =>
    run(commandLine, { ...rest, connect }),
  );
}

interface Surroundings {
  readonly env: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly through?: ((connection: Connection) => Connection) | undefined;
}

/** Does something that connects to the cluster of these surroundings, and closes its connections. */
export async function withConnections<T>(
  { env, clock, through = (connection) => connection }: Surroundings,
  work: (connect: World["connect"]) => Promise<T>,
): Promise<T> {
  const clients: KubeClient[] = [];
  try {
    return await work(async (options, verbosity, manner) => {
      const connection = await connect(options, {
        env,
        homedir: env.HOME ?? homedir(),
        stdinIsTerminal: false,
        silent: manner?.silent,
        version: "1.2.3",
        verbosity,
        log: () => {},
        warn: () => {},
        clock,
      });
      const client = createClient(through(connection));
      clients.push(client);
      return client;
    });
  } finally {
    for (const client of clients) client.connection.close();
  }
}
