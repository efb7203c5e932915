/** Whether a plan may be put before a person at all, and whether what was confirmed still is what would happen. */
import { type Finding, findingCodes } from "../model/finding.ts";
import type { Check, NodeVerdict } from "../model/verdict.ts";
import { consentCovers, planOf } from "./intent.ts";

export interface Refusal {
  readonly message: string;
  readonly hint: string;
}

/**
 * Why a drain of these nodes must not begin, or undefined when it may. VMs that cannot leave are accepted with `skipBlocked`;
 * blockers of the node itself never are; what is unknown, or a risk that must be accepted, needs its code waived.
 */
export function refusalOf(
  check: Check,
  options: { readonly skipBlocked: boolean; readonly waived: ReadonlySet<string> },
): Refusal | undefined {
  const { nodes } = check;
  const nodeBlockers = nodes.flatMap((node) => node.findings.filter(isBlocker).map(() => node.name));
  if (nodeBlockers.length > 0)
    return { message: `${names(nodeBlockers)} cannot be drained`, hint: "nothing was changed; see BLOCKS above" };

  const blocked = nodes.filter((node) => staying(node) > 0);
  if (blocked.length > 0 && !options.skipBlocked) {
    const count = blocked.reduce((sum, node) => sum + staying(node), 0);
    return {
      message: `${names(blocked.map((node) => node.name))} cannot be drained: ${count} would stay`,
      hint: "nothing was changed; cure what blocks, or leave it behind with --skip-blocked",
    };
  }

  const codes = new Set(nodes.flatMap((node) => unwaivedCodes(node, options.waived)));
  if (codes.size > 0)
    return {
      message: `it is not certain that ${names(nodes.map((node) => node.name))} can be drained: ${[...codes].join(", ")}`,
      hint: `nothing was changed; accept what is unknown or at risk with ${[...codes].map((code) => `--waive ${code}`).join(" ")}`,
    };
  return undefined;
}

function isBlocker(finding: Finding): boolean {
  return finding.severity === "blocker";
}

function staying(node: NodeVerdict): number {
  return (
    node.vms.filter((vm) => vm.outcome === "blocks").length +
    node.otherPods.filter((pod) => pod.outcome === "blocks").length
  );
}

function unwaivedCodes(node: NodeVerdict, waived: ReadonlySet<string>): string[] {
  const findings = [...node.findings, ...node.vms.filter((vm) => vm.outcome !== "blocks").flatMap((vm) => vm.findings)];
  return findings.map(({ code }) => code).filter((code) => findingCodes[code].waivable && !waived.has(code));
}

function names(nodes: readonly string[]): string {
  return [...new Set(nodes)].join(", ");
}

/** True when every VM that is there now was confirmed with an outcome that covers what would happen to it now. */
export function stillCovers(confirmed: Check, now: Check): boolean {
  const planned = planOf(confirmed);
  return now.nodes.every((node) =>
    node.vms.every((vm) => {
      const outcome = planned[vm.uid]?.outcome;
      return outcome === vm.outcome || consentCovers(outcome, vm.outcome);
    }),
  );
}
