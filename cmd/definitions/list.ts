/** Flags and help of `list`. */
import { defineCommand } from "../command.ts";
import { connectionFlags } from "../flags/connection.ts";
import { selectorFlags } from "../flags/nodes.ts";
import { outputFlag } from "../flags/output.ts";

export const list = defineCommand({
  name: "list",
  summary: "Show nodes with their VM counts, or the VMs of nodes",
  suggestFor: ["get", "ls", "nodes"],
  description: [
    "Show the nodes of the cluster with the number of VMs on each, or, for the nodes that are named, their VMs: whether each can migrate, and what a drain would do to it.",
    "With a label selector the nodes that match it are shown.",
  ],
  examples: [
    ["list", "Show the nodes, and how many VMs each of them holds"],
    ["list worker-1", "Show the VMs of a node, and what a drain would do to each"],
    ["list worker-1 worker-2 -n prod -o wide", "Show the VMs of one namespace on two nodes, with more columns"],
    ["list --sort-by .vms", "Show the nodes with the fewest VMs first"],
    ["list -o json", "Print the nodes for a program to read"],
    ["list worker-1 --watch", "Keep showing the VMs of a node as they change"],
  ],
  words: "[NODE...]",
  flags: {
    ...selectorFlags,
    allNamespaces: {
      kind: "boolean",
      short: "A",
      description: "Show the VMs of all namespaces, whatever --namespace says. That is also the default.",
    },
    output: outputFlag("wide", "json", "yaml", "name"),
    sortBy: {
      kind: "string",
      description: "Sort by this field of the items that -o json prints, such as .name or .strategy.value.",
    },
    watch: { kind: "boolean", short: "w", description: "After showing the list, keep showing changes." },
    ...connectionFlags,
  },
});
