/** `check`: tells whether nodes can be drained. Changes nothing. */
import { type ExitCode, exitCode } from "../lib/model/exit-code.ts";
import { checkReport } from "../lib/report/check.ts";
import type { OptionsOf } from "./command.ts";
import type { check } from "./definitions/check.ts";
import { documentLines } from "./documents.ts";
import { findNodes } from "./find-nodes.ts";
import { connectionOptions } from "./flags/connection.ts";
import { chosenNodes, rejectNamespace } from "./flags/nodes.ts";
import { assessOptionsOf, checkNodes } from "./node-check.ts";
import type { World } from "./world.ts";

/** Exit code 0 when a drain of the nodes would succeed, 3 when not. Throws ExpectedError where that cannot be told. */
export async function run(options: OptionsOf<typeof check>, world: World): Promise<ExitCode> {
  rejectNamespace("check", options);
  const chosen = chosenNodes("check", options);
  const assessOptions = assessOptionsOf(options);
  const client = await world.connect(connectionOptions(options), options.v);
  const nodes = await findNodes(chosen, client);
  const result = await checkNodes(nodes, assessOptions, { client, world });
  const layout = { ...world.terminal.layout, waived: assessOptions.waived, allPods: options.allPods };
  world.terminal.writeLines(
    options.output === undefined
      ? checkReport(result.check, layout)
      : await documentLines({ kind: "Check", ...result.check }, options.output),
  );
  return result.check.nodes.every(({ verdict }) => verdict === "drains") ? exitCode.ok : exitCode.refused;
}
