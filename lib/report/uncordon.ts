/** Giving nodes back in words: what is left of a drain there, and whether KubeVirt places VMs there again. */
import type { UncordonSummary } from "../model/progress.ts";
import { sanitised } from "./sanitise.ts";
import { stepLines } from "./steps.ts";
import { type Layout, plain, toned } from "./style.ts";
import { wrapSentence } from "./width.ts";
import { count, enumerate, isOrAre } from "./wording.ts";

/** VMs that KubeVirt goes on moving away from the node, and why that matters. */
export function leavingLines(node: string, vms: readonly string[], { style = plain, columns }: Layout = {}): string[] {
  const [safe, names] = sanitised([node, vms] as const);
  const still = `${count(names.length, "VM")} of ${safe} ${isOrAre(names.length)} still being moved away by KubeVirt:`;
  return [
    ...toned(style, "warn", wrapSentence(still, columns)),
    ...names.map((name) => `  ${name}`),
    ...wrapSentence("Marks of a drain outlive an uncordon: these VMs would leave the node all the same.", columns),
  ];
}

/** What the lines before it have not said: what Ctrl-C has kept it from, nodes that KubeVirt does not use yet, and VMs that go on leaving. */
export function uncordonResult(summary: UncordonSummary, { style = plain, columns }: Layout = {}): string[] {
  const { nodes, nextSteps, end } = sanitised(summary);
  const missed = end === undefined ? [] : [interruption(nodes)];
  const lines = nodes.flatMap(({ name, takesVms, leaving }) => [
    ...(takesVms === false
      ? [
          `node/${name} is uncordoned, but KubeVirt does not place VMs there yet: its label kubevirt.io/schedulable is false`,
        ]
      : []),
    ...(leaving.length > 0 ? [`KubeVirt goes on moving ${count(leaving.length, "VM")} away from node/${name}`] : []),
  ]);
  const broken = [...missed, ...lines].flatMap((line) => wrapSentence(line, columns));
  return [...toned(style, "warn", broken), ...stepLines(nextSteps, columns)];
}

function interruption(nodes: UncordonSummary["nodes"]): string {
  const joined = (some: UncordonSummary["nodes"]) => enumerate(some.map(({ name }) => name));
  const kept = nodes.filter(({ uncordoned }) => uncordoned === false);
  if (kept.length > 0) return `Interrupted: ${joined(kept)} ${kept.length === 1 ? "was" : "were"} not given back.`;
  const unknown = nodes.filter(({ takesVms }) => takesVms === undefined);
  return `Interrupted: whether KubeVirt places VMs on ${joined(unknown)} again was not waited for.`;
}
