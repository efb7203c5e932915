/** The last word on rows that need another pod: D12 and D18b, or what is worth knowing when it could not be told. */
import type { Finding } from "../model/finding.ts";
import type { VirtualMachineInstance } from "../model/kubevirt.ts";
import { formatUnits } from "../model/quantity.ts";
import { cordonToleration } from "../model/scheduling.ts";
import type { Judgement } from "./eviction.ts";
import { listing, makeFinding, named, nodeReference, refer, vmiReference } from "./findings.ts";
import type { Arrival } from "./fitting.ts";
import { guestGrace } from "./kubevirt-state.ts";
import { shutdownCommand } from "./migration-findings.ts";
import type { Fit, NoFit, OverQuota } from "./placement.ts";
import { hasUnreadableTerms } from "./pod-affinity.ts";
import { baseOf } from "./quotas.ts";

/** The judgement on a VM whose next pod is `arrival`, with the answer to whether a node takes it. */
export function settle(
  judgement: Judgement,
  vmi: VirtualMachineInstance,
  { arrival, fit }: { readonly arrival: Arrival; readonly fit: Fit },
): Judgement {
  if (fit.kind === "quota") return prevented(judgement, (when) => exceedsQuota(vmi, fit, when));
  const { drained = [] } = fit;
  const comesBack = judgement.needs === "restart" && drained.length > 0;
  const settled = fit.kind === "none" && !comesBack ? withoutRoom(judgement, vmi, fit) : judgement;
  const findings = [...settled.findings];
  if (settled.outcome !== "blocks" && drained.length > 0) findings.push(mayComeBack(vmi, arrival, fit));
  if (fit.kind === "unknown") findings.push(roomUnknown(vmi, fit.nodes));
  if (fit.kind !== "none" && hasUnreadableTerms(arrival.pod)) findings.push(notSimulated(vmi));
  return { ...settled, findings };
}

function nowhere({ summary }: NoFit): string {
  return `No other node fits: ${summary}.`;
}

function mayComeBack(vmi: VirtualMachineInstance, { pod }: Arrival, fit: Fit): Finding {
  const toleration = cordonToleration(pod.spec.tolerations);
  const instead = fit.kind === "none" ? `${nowhere(fit)} ` : "";
  return makeFinding({
    code: "ToleratesCordon",
    object: vmiReference(vmi),
    reason: `${instead}It tolerates a cordon: the scheduler may put it on ${fit.drained?.join(", ")} again. Take the toleration off its owner, and restart it.`,
    field: "spec.tolerations",
    value: JSON.stringify(toleration),
  });
}

function withoutRoom(judgement: Judgement, vmi: VirtualMachineInstance, fit: NoFit): Judgement {
  // Pods that make way for a target pod already are still there: who agreed to that need not agree to anything else.
  if (fit.victims.length > 0) return { ...judgement, findings: [...judgement.findings, pushesOut(vmi, fit)] };
  return prevented(judgement, (when) => withoutNode[when](vmi, fit));
}

/** When a VM needs its next pod. */
type Moment = "to move" | "under way" | "to restart";

function momentOf({ needs, row }: Judgement): Moment {
  if (needs === "restart") return "to restart";
  return row === "D13" ? "to move" : "under way";
}

/** The judgement on a VM whose next pod finds no place. */
function prevented(judgement: Judgement, findingWhen: (when: Moment) => Finding): Judgement {
  const when = momentOf(judgement);
  const finding = findingWhen(when);
  if (when === "to move") return { row: "D12", outcome: "blocks", findings: [finding] };
  if (when === "under way") {
    const others = judgement.findings.filter(({ code }) => code !== "TargetNotMade");
    return { ...judgement, findings: [...others, finding] };
  }
  const [, ...others] = judgement.findings;
  const row = judgement.row === "D18" ? "D18" : "D18b";
  return { row, outcome: "stops", findings: [finding, ...others] };
}

const withoutNode = { "to move": noNodeFits, "under way": targetFindsNoNode, "to restart": staysDown } as const;

function exceedsQuota(
  vmi: VirtualMachineInstance,
  { quota, resource, needed, left }: OverQuota,
  when: Moment,
): Finding {
  const { metadata } = quota;
  const amount = (units: number) => formatUnits(baseOf(resource), Math.max(0, units));
  const shortage = `ResourceQuota ${metadata.name} has no room for its next pod (${resource}: needs ${amount(needed)}, ${amount(left)} left)`;
  const [code, reason] = (
    {
      "to move": ["QuotaExceeded", `Can migrate in principle, but ${shortage}. The migration would stay Pending.`],
      "under way": ["TargetExceedsQuota", `${shortage}. Its migration stays Pending until there is more.`],
      "to restart": ["StaysDownOverQuota", `${shutDown(vmi)} ${shortage}.`],
    } as const
  )[when];
  return makeFinding({
    code,
    object: vmiReference(vmi),
    reason,
    field: `status.used[${resource}]`,
    value: `${quota.used[resource]} of ${quota.hard[resource]}`,
    provedBy: refer("resourcequota", metadata),
    fix: `kubectl describe quota ${named(metadata)}`,
  });
}

function pushesOut(vmi: VirtualMachineInstance, fit: NoFit): Finding {
  return makeFinding({
    code: "PushesOutOthers",
    object: vmiReference(vmi),
    reason: `${nowhere(fit)} The scheduler makes room for it by removing pods of lower priority, such as ${listing(fit.victims)}.`,
    ...proofOf(fit),
  });
}

/** The first node that does not take it stands for the others, which the reason names. */
function proofOf({ refusals: [first] }: NoFit) {
  if (first === undefined) return { field: "other nodes", value: "0" };
  return { field: first.field, value: first.value, provedBy: nodeReference(first.node) };
}

function noNodeFits(vmi: VirtualMachineInstance, fit: NoFit): Finding {
  return makeFinding({
    code: "NoNodeFits",
    object: vmiReference(vmi),
    reason: `Can migrate in principle, but no other node fits: ${fit.summary}. The target pod would stay unschedulable, fail after 5 min, and be retried without end.`,
    ...proofOf(fit),
    fix: cureOf(fit) ?? shutdownCommand(vmi),
  });
}

/** A node that only its cordon keeps from taking it. */
function cureOf({ refusals }: NoFit): string | undefined {
  const cordoned = refusals.find(({ field }) => field === "spec.unschedulable");
  return cordoned && `kubectl uncordon ${cordoned.node}`;
}

/** For a migration under way: it may end all the same, because what is known of the other nodes can be outdated. */
function targetFindsNoNode(vmi: VirtualMachineInstance, fit: NoFit): Finding {
  return makeFinding({
    code: "TargetFindsNoNode",
    object: vmiReference(vmi),
    reason: `No node fits its target pod: ${fit.summary}. KubeVirt gives it up after 5 min and tries again.`,
    ...proofOf(fit),
  });
}

function shutDown(vmi: VirtualMachineInstance): string {
  return `Will be shut down within ${guestGrace(vmi)} s and stays down.`;
}

function staysDown(vmi: VirtualMachineInstance, fit: NoFit): Finding {
  return makeFinding({
    code: "StaysDownNoNode",
    object: vmiReference(vmi),
    reason: `${shutDown(vmi)} ${nowhere(fit)}`,
    ...proofOf(fit),
  });
}

function roomUnknown(vmi: VirtualMachineInstance, nodes: readonly string[]): Finding {
  return makeFinding({
    code: "RoomUnknown",
    object: vmiReference(vmi),
    reason:
      nodes.length === 0
        ? "Whether another node takes it is not known: the other nodes could not be read."
        : "Other nodes would take it if they have room, but how much is free there could not be told.",
    field: "nodes that may take it",
    value: nodes.join(", "),
  });
}

function notSimulated(vmi: VirtualMachineInstance): Finding {
  return makeFinding({
    code: "PlacementNotSimulated",
    object: vmiReference(vmi),
    reason:
      "Whether another node fits was told without its pod affinity by labels of namespaces (namespaceSelector), which are not read.",
    field: "spec.affinity",
    value: "namespaceSelector",
  });
}
