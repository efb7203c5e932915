/** Where the pods of a node stand that are no VMs, in a drain that takes them along. */
import { keyOf } from "../model/kubernetes.ts";
import type { OtherPodProgress } from "../model/progress.ts";
import type { NodeVerdict, PodVerdict } from "../model/verdict.ts";
import type { ProgressInput } from "./vm-progress.ts";

export interface OtherPod {
  readonly progress: OtherPodProgress;
  readonly verdict: PodVerdict;
}

/** The pods that are to leave, or keep the drain from being done. */
export function otherPods(standing: ProgressInput): OtherPod[] {
  return standing.nodes.flatMap((node) =>
    node.otherPods
      .filter((pod) => pod.outcome === "evicted" || pod.outcome === "blocks" || pod.outcome === "hotplug")
      .map((pod) => ({ verdict: pod, progress: otherPodProgress(standing, node, pod) })),
  );
}

function otherPodProgress(standing: ProgressInput, node: NodeVerdict, pod: PodVerdict): OtherPodProgress {
  const seen = standing.facts.pods.find((candidate) => candidate.metadata.uid === pod.uid);
  const answer = standing.ledger.pods[pod.uid]?.answer;
  const terminating = seen?.metadata.deletionTimestamp !== undefined;
  const refused = answer !== undefined && answer.kind !== "evicted" && answer.kind !== "gone";
  return {
    namespace: pod.namespace,
    name: pod.name,
    uid: pod.uid,
    node: node.name,
    state: terminating ? "terminating" : pod.outcome === "blocks" ? "blocked" : "waiting",
    goesWithVm: pod.outcome === "hotplug",
    detail: terminating
      ? `being deleted since ${seen?.metadata.deletionTimestamp}`
      : refused
        ? answer.message
        : pod.finding?.reason,
  };
}

/**
 * kubectl's line about the pods of these nodes that are left alone or need a flag, or undefined
 * (k8s.io/kubectl pkg/drain/filters.go, PodDeleteList.Warnings).
 */
export function podWarnings(nodes: readonly NodeVerdict[]): string | undefined {
  const pods = nodes
    .flatMap((node) => node.otherPods)
    .filter((pod) => pod.warning !== undefined && pod.outcome !== "hotplug");
  const groups = Map.groupBy(pods, (pod) => pod.warning);
  const lines = [...groups].map(([warning, group]) => `${warning}: ${group.map(keyOf).join(", ")}`);
  return lines.length === 0 ? undefined : lines.join("; ");
}
