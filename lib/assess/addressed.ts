/** Cures that name the cluster that was looked at: a command that is copied must not reach another one. */
import type { Finding } from "../model/finding.ts";
import type { Check } from "../model/verdict.ts";

/** The command with the flags that say which cluster is meant, before whatever takes its output. */
export function addressed(command: string, flags = ""): string {
  const start = flags === "" ? -1 : command.search(/(?<=^|\| )(kubectl|virtctl) /);
  if (start < 0) return command;
  const [call, ...rest] = command.slice(start).split(" > ");
  return [`${command.slice(0, start)}${call} ${flags}`, ...rest].join(" > ");
}

/** A check whose cures all carry these flags, written as for a shell (`--context=prod`). */
export function addressedCheck(check: Check, flags = ""): Check {
  if (flags === "") return check;
  const cured = (finding: Finding): Finding =>
    finding.fix === undefined ? finding : { ...finding, fix: addressed(finding.fix, flags) };
  return {
    ...check,
    nodes: check.nodes.map((node) => ({
      ...node,
      findings: node.findings.map(cured),
      vms: node.vms.map((vm) => ({ ...vm, findings: vm.findings.map(cured) })),
      otherPods: node.otherPods.map((pod) =>
        pod.finding === undefined ? pod : { ...pod, finding: cured(pod.finding) },
      ),
    })),
  };
}
