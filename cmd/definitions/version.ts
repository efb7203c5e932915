/** Flags and help of `version`. */
import { defineCommand } from "../command.ts";
import { connectionFlags } from "../flags/connection.ts";
import { outputFlag } from "../flags/output.ts";

export const version = defineCommand({
  name: "version",
  summary: "Print the versions of the plugin, Kubernetes and KubeVirt",
  description: ["Print the version of this plugin, and of Kubernetes and KubeVirt in the current context's cluster."],
  examples: [
    ["version", "Print all versions"],
    ["version --client", "Print the plugin's version alone; no cluster is needed"],
  ],
  flags: {
    client: { kind: "boolean", description: "Print the plugin's version only (no server required)." },
    output: outputFlag("json", "yaml"),
    ...connectionFlags,
  },
});
