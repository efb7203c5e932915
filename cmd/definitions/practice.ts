/** Flags and help of `practice`. */
import { defineCommand } from "../command.ts";
import { connectionFlags } from "../flags/connection.ts";

export const practice = defineCommand({
  name: "practice",
  summary: "Start a practice cluster on this machine",
  suggestFor: ["demo"],
  description: [
    "Start a practice cluster: an API server on this machine's loopback address with small controllers behind it, which behave like Kubernetes with KubeVirt. kubectl and this plugin work against it; no VM really runs, and nothing outside this process is touched.",
    "Parts of it break, for a fire drill, as annotations of its nodes say: kubectl annotate --overwrite node NODE practice.vmnode/power=off, network=cut, kubelet=off, virt-handler=off, clock=+10m; on mends them. On the KubeVirt object practice.vmnode/virt-api=off stops KubeVirt's webhooks.",
    "It runs until Ctrl-C. With a command after -- it runs that command with KUBECONFIG set, and ends with its exit code.",
  ],
  examples: [
    ["practice", "Start the practice cluster and print how to reach it"],
    ["practice -- kubectl get nodes,vmi -A", "Run one command against a fresh practice cluster"],
    ["practice --scenario quiet --speed 10", "Start another scenario, ten times as fast as real time"],
    ["practice --scenario crash", "A node that has lost its power, to try recover on"],
    ["practice --list", "List the scenarios"],
  ],
  passesOn: "-- COMMAND [args...]",
  flags: {
    scenario: { kind: "string", default: "maintenance", description: "What the cluster holds at the start." },
    nodes: {
      kind: "integer",
      default: "0",
      atLeast: 0,
      description: "How many nodes there are, for the scenario fleet only; zero means its own number.",
    },
    speed: {
      kind: "number",
      default: "1",
      above: 0,
      description:
        "How many times faster than real time the cluster lives. Above 1 its clock runs ahead of yours, and ages that kubectl works out itself (describe, events) make no sense then.",
    },
    list: { kind: "boolean", description: "List the scenarios and what is in them, and stop." },
    color: connectionFlags.color,
    v: connectionFlags.v,
  },
});
