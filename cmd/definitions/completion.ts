/** Flags and help of `completion`. */
import { defineCommand } from "../command.ts";
import { connectionFlags } from "../flags/connection.ts";

export const completion = defineCommand({
  name: "completion",
  summary: "Let the shell complete commands, flags and names of nodes",
  description: [
    "Let the shell complete this plugin's commands, flags and their values, and the names of nodes, namespaces and contexts.",
    "kubectl (1.26 or later) asks a second file beside the plugin for that. install makes it, a link to the plugin; print prints the command for it.",
    "Names from the cluster are left out when it takes longer than 300ms; KUBECTL_VMNODE_COMPLETION_TIMEOUT allows for another time, such as 2s.",
    "The shell must complete kubectl itself: see 'kubectl completion -h'.",
  ],
  examples: [
    ["completion install", "Make the link beside the plugin"],
    ["completion print", "Print the command that makes the link"],
  ],
  words: "(install|print)",
  flags: { color: connectionFlags.color, v: connectionFlags.v },
});
