/** Whole commands in process, over a real connection to a practice cluster, with a scripted person at the terminal. */
import { homedir } from "node:os";
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
  const { clock, through = (connection) => connection, ...rest } = scene;
  const clients: KubeClient[] = [];
  try {
    return await run(commandLine, {
      ...rest,
      clock,
      connect: async (options, verbosity) => {
        const connection = await connect(options, {
          env,
          homedir: env.HOME ?? homedir(),
          stdinIsTerminal: false,
          version: "1.2.3",
          verbosity,
          log: () => {},
          warn: () => {},
          clock,
        });
        const client = createClient(through(connection));
        clients.push(client);
        return client;
      },
    });
  } finally {
    for (const client of clients) client.connection.close();
  }
}
