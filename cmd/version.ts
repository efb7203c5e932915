/** `version`: what runs here and in the cluster, as `kubectl version` prints it. */
import type { KubeClient } from "../lib/kube/client.ts";
import { ExpectedError } from "../lib/model/errors.ts";
import { type ExitCode, exitCode } from "../lib/model/exit-code.ts";
import type { Versions } from "../lib/report/machine.ts";
import type { OptionsOf } from "./command.ts";
import type { version } from "./definitions/version.ts";
import { documentLines } from "./documents.ts";
import { connectionOptions } from "./flags/connection.ts";
import type { World } from "./world.ts";

/** Prints what is known even when the cluster, or KubeVirt in it, cannot be asked; the error comes after it, as kubectl does. */
export async function run(options: OptionsOf<typeof version>, world: World): Promise<ExitCode> {
  const client = `v${world.version}`;
  const seen = options.client ? { versions: {} } : await look(options, world);
  const versions: Versions = { client, ...seen.versions };
  world.terminal.writeLines(
    options.output === undefined
      ? lines(versions)
      : await documentLines({ kind: "Versions", ...versions }, options.output),
  );
  if (seen.error !== undefined) throw seen.error;
  return exitCode.ok;
}

interface Seen {
  readonly versions: Omit<Versions, "client">;
  readonly error?: unknown;
}

async function look(options: OptionsOf<typeof version>, world: World): Promise<Seen> {
  const versions: { kubernetes?: string; kubevirt?: string | undefined } = {};
  try {
    const client = await world.connect(connectionOptions(options), options.v);
    versions.kubernetes = (await client.serverVersion()).gitVersion;
    versions.kubevirt = await kubevirtVersion(client);
  } catch (error) {
    return { versions, error };
  }
  return { versions };
}

/** Throws where KubeVirt is not installed, or cannot be seen. */
async function kubevirtVersion(client: KubeClient): Promise<string | undefined> {
  const [{ readKubeVirt }, { startReading }, { refuseUnseenVms }] = await Promise.all([
    import("../lib/observe/installation.ts"),
    import("../lib/observe/reading.ts"),
    import("../lib/observe/visible-vms.ts"),
  ]);
  refuseUnseenVms(await client.discover());
  const reading = startReading(client);
  const kubevirt = await readKubeVirt(reading);
  const [gap] = reading.gaps;
  if (gap !== undefined) throw new ExpectedError(`KubeVirt's version could not be read: ${gap.reason}`);
  return kubevirt?.observedVersion;
}

function lines({ client, kubernetes, kubevirt }: Versions): string[] {
  return [
    `Client Version: ${client}`,
    ...(kubernetes === undefined ? [] : [`Server Version: ${kubernetes}`]),
    ...(kubevirt === undefined ? [] : [`KubeVirt Version: ${kubevirt}`]),
  ];
}
