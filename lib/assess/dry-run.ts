/** Compares what the rules predict with what the API server answered to a dry-run eviction. */
import type { EvictionAnswer, EvictionAnswerKind } from "../model/eviction.ts";
import type { Finding } from "../model/finding.ts";
import type { Pod } from "../model/kubernetes.ts";
import type { DrainRow } from "../model/verdict.ts";
import { budgetsFor, isOwnBudget } from "./budgets.ts";
import type { Judgement } from "./eviction.ts";
import { makeFinding, podReference } from "./findings.ts";
import { virtApiService } from "./kubevirt-state.ts";
import { hasJustLeft, type Index } from "./subjects.ts";

/** How an eviction can end, the better first: KubeVirt takes care, the guest is shut down, nothing happens. */
type Grade = "evacuated" | "shut down" | "refused";
const grades: readonly Grade[] = ["evacuated", "shut down", "refused"];

/**
 * What each row expects; rows that are missing wait for something, and no answer contradicts them. D5 is one of these: when its
 * migration has ended since the picture was taken, the pod is a leftover, whose eviction is accepted.
 */
const expected: Readonly<Partial<Record<DrainRow, Grade>>> = {
  D2: "refused",
  D6: "refused",
  D7: "refused",
  D8: "refused",
  D9: "evacuated",
  D10: "evacuated",
  D11: "evacuated",
  // The webhook knows nothing of the other nodes' room.
  D12: "evacuated",
  D13: "evacuated",
  D14: "refused",
  D15: "refused",
  D16: "refused",
  D17: "refused",
  D18: "shut down",
  D18b: "shut down",
  D19: "shut down",
  D20: "shut down",
  D21: "shut down",
  D22: "shut down",
};

/** Answers that are missing say nothing about the pod: a busy server, a user without the right, a pod that is gone. */
const answered: Readonly<Partial<Record<EvictionAnswerKind, Grade>>> = {
  evacuating: "evacuated",
  evicted: "shut down",
  "not-migratable": "refused",
  orphan: "refused",
  budget: "refused",
  "several-budgets": "refused",
  "webhook-unreachable": "refused",
  refused: "refused",
};

const words: Record<Grade, string> = {
  evacuated: "KubeVirt takes care of it",
  "shut down": "it is shut down",
  refused: "it is refused",
};

/** The judgement with the dry run's answer taken into account: a worse answer blocks, a better one is only shown. */
export function withDryRun(index: Index, pod: Pod, judgement: Judgement): Judgement {
  const answer = index.facts.dryRuns[pod.metadata.uid];
  const predicted = expected[judgement.row];
  const actual = answer && gradeOf(index, pod, answer);
  if (predicted === undefined || actual === undefined || answer === undefined || actual === predicted) return judgement;
  if (answer.kind === "evicted" && hasJustLeft(index, pod)) return judgement;
  if (answer.kind === "webhook-unreachable")
    return { row: "D6", outcome: "blocks", findings: [webhookSilent(index, pod, answer)] };
  const worse = grades.indexOf(actual) > grades.indexOf(predicted);
  const finding = disagreement(pod, answer, { predicted, actual, worse });
  if (!worse) return { ...judgement, findings: [...judgement.findings, finding] };
  return { row: judgement.row, outcome: "blocks", findings: [finding, ...judgement.findings] };
}

function gradeOf(index: Index, pod: Pod, answer: EvictionAnswer): Grade | undefined {
  // KubeVirt 1.4 lets later evictions pass to its own budget, which refuses them while the VM migrates.
  const budgets = answer.kind === "budget" ? budgetsFor(index, pod) : [];
  return budgets.length > 0 && budgets.every(isOwnBudget) ? undefined : answered[answer.kind];
}

/** It says nothing about the VM: every eviction fails like this one until virt-api answers. */
function webhookSilent(index: Index, pod: Pod, answer: EvictionAnswer): Finding {
  return makeFinding({
    code: "VirtApiUnavailable",
    object: podReference(pod),
    reason: "KubeVirt's eviction webhook did not answer: evictions fail until virt-api does.",
    field: "answer to the dry-run eviction",
    value: `${answer.code}: ${answer.message}`,
    fix: `kubectl get pods -n ${virtApiService(index.facts).namespace} -l kubevirt.io=virt-api`,
  });
}

function disagreement(
  pod: Pod,
  answer: EvictionAnswer,
  { predicted, actual, worse }: { readonly predicted: Grade; readonly actual: Grade; readonly worse: boolean },
): Finding {
  return makeFinding({
    code: worse ? "DryRunWorse" : "DryRunBetter",
    object: podReference(pod),
    reason: `Predicted for its eviction: ${words[predicted]}; by the API server's dry run ${words[actual]}. ${
      worse ? "The worse counts." : "The prediction counts."
    }`,
    field: "answer to the dry-run eviction",
    value: answer.message === "" ? String(answer.code) : `${answer.code}: ${answer.message}`,
  });
}
