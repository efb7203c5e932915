/** `completion`: makes the link by which kubectl asks the plugin for completions. */
import path from "node:path";
import { UsageError } from "../lib/model/errors.ts";
import { type ExitCode, exitCode } from "../lib/model/exit-code.ts";
import { closeNames, didYouMean } from "../lib/observe/close-names.ts";
import { sanitise } from "../lib/report/sanitise.ts";
import { type CompleterLink, makeCompleterLink, refuseForeign } from "../lib/terminal/completer-link.ts";
import type { OptionsOf } from "./command.ts";
import { quoted } from "./command-line.ts";
import { completerLink } from "./completer.ts";
import type { completion } from "./definitions/completion.ts";
import type { World } from "./world.ts";

/** Makes the link, or prints the command that makes it. Throws ExpectedError where no link can lead to this program. */
export async function run(options: OptionsOf<typeof completion>, world: World): Promise<ExitCode> {
  const action = options.words.join(" ");
  if (action !== "install" && action !== "print") {
    const meant = closeNames(action, ["install", "print"]).map((name) => `completion ${name}`);
    throw new UsageError("USAGE: completion (install|print) [flags]", didYouMean(meant));
  }
  const found = await completerLink(world);
  if (action === "print") world.terminal.writeLine(commandThatMakes(found));
  else await install(found, world);
  return exitCode.ok;
}

async function install(found: CompleterLink, { terminal, program }: World): Promise<void> {
  await makeCompleterLink(found);
  terminal.writeLine(`${found.link} ${whatWasDone(found)}`);
  const [host = ""] = program.split(" ");
  if (found.shadowedBy !== undefined) {
    terminal.warn(`it has no effect: ${host} runs ${found.shadowedBy}, which comes first on the PATH`);
    return;
  }
  if (!found.onPath) terminal.warn(`${path.dirname(found.link)} is not on the PATH, where it would be looked for`);
  terminal.remark(`It takes effect at once where the shell completes ${host} ('${host} completion -h' says how).`);
}

function whatWasDone({ state, leadsTo }: CompleterLink): string {
  if (state === "installed") return "is there already";
  if (state === "missing") return "created";
  return leadsTo === undefined ? "replaced" : `replaced: it led to ${sanitise(leadsTo)}`;
}

function commandThatMakes(found: CompleterLink): string {
  refuseForeign(found);
  const { plugin, link, state } = found;
  if (link.endsWith(".exe")) return `copy "${plugin}" "${link}"`;
  return `ln -s${state === "missing" ? "" : "f"} ${quoted(path.basename(plugin))} ${quoted(link)}`;
}
