/** Flags and help of `doctor`. */
import { defineCommand } from "../command.ts";
import { connectionFlags } from "../flags/connection.ts";
import { outputFlag } from "../flags/output.ts";

export const doctor = defineCommand({
  name: "doctor",
  summary: "Tell whether the plugin can work here: versions, APIs, rights",
  description: [
    "Tell what could keep the plugin from working here: versions, what KubeVirt says of itself, the APIs, what a check needs and cannot read of their objects, whether a dry-run eviction is answered, the clocks, completion, and for each of the roles look, drain and recover the rights that you lack.",
    "All that it prints can be pasted into an issue: it names no server, user, node or VM, and holds no credential. With -v it does name them, and only then may a program that logs in ask or print.",
    "Nothing is changed. The exit code is 0 when no problem was found. Rights to drain or to recover that you lack are no problem.",
  ],
  examples: [
    ["doctor", "Tell whether the plugin can work with the current context"],
    ["doctor --as jane", "Tell what another user may do"],
    ["doctor -o json", "Print the same for a program to read"],
  ],
  flags: { output: outputFlag("json", "yaml"), ...connectionFlags },
});
