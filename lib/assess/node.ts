/** Findings about the node itself, or about the whole cluster as far as they decide whether the node can be drained. */
import { type Gap, isCovered, type NodeHolder } from "../model/facts.ts";
import type { Finding, FindingCode } from "../model/finding.ts";
import { findCondition, isFinishedPod, keyOf, type Pod, taintText } from "../model/kubernetes.ts";
import { isFinishedMigration } from "../model/kubevirt.ts";
import type { VmVerdict } from "../model/verdict.ts";
import { isLauncherPod } from "../platform/launcher-pod.ts";
import { appLabel, schedulableLabel, workloadUpdateMigrationAnnotation } from "../platform/names.ts";
import { drainTaintOf } from "./evacuation.ts";
import type { Rules } from "./eviction.ts";
import { listing, makeFinding, nodeReference, podReference, refer } from "./findings.ts";
import { isVirtApiDown, kubevirtNamespace, migrationLimits, virtApiIsDown, virtApiService } from "./kubevirt-state.ts";
import { takesVms } from "./schedulable.ts";
import type { Index } from "./subjects.ts";
import { untaintingCommand } from "./untainting.ts";

/** All findings about one target. `vms` are its verdicts: what is said of migrations depends on whether any is due. */
export function nodeFindings(rules: Rules, node: string, vms: readonly VmVerdict[]): Finding[] {
  const { index } = rules;
  return [
    ...virtApi(rules, node),
    ...readiness(index, node, vms),
    ...index.facts.holders.filter((holder) => holder.node === node).map((holder) => heldBy(index, holder)),
    ...upgrade(index, node),
    ...drainTaint(index, node),
    ...gapFindings(index, node),
    ...(vms.some((vm) => vm.outcome === "moves") ? [migrationSlots(rules, node)] : []),
    ...leftovers(index, node),
    ...dryRunsLeftOut(index, node),
  ];
}

function virtApi({ index, capabilities }: Rules, node: string): Finding[] {
  const { facts } = index;
  const provedBy = virtApiService(facts);
  const fix = `kubectl get pods -n ${provedBy.namespace} -l kubevirt.io=virt-api -o wide`;
  const object = nodeReference(node);
  const field = "ready endpoints";
  if (isVirtApiDown(facts)) {
    const reason = capabilities.failsClosed
      ? virtApiIsDown
      : "virt-api does not answer: no migration can be created, and before KubeVirt 1.5 nothing but a budget keeps an eviction from shutting VMs down.";
    return [makeFinding({ code: "VirtApiUnavailable", object, reason, field, value: "0", provedBy, fix })];
  }
  const nodes = facts.virtApiNodes ?? [];
  const here = nodes.filter((name) => facts.targets.includes(name));
  if (here.length === 0 || here.length < nodes.length) return [];
  const reason = `Every ready virt-api runs on ${listing([...new Set(here)].sort())}: move the VMs before the KubeVirt pods of this node, or evictions fail midway.`;
  return [makeFinding({ code: "VirtApiOnlyHere", object, reason, field, value: here.join(", "), provedBy, fix })];
}

function readiness(index: Index, name: string, vms: readonly VmVerdict[]): Finding[] {
  const node = index.nodes.get(name);
  if (node === undefined) return [];
  const condition = findCondition(node.status.conditions, "Ready");
  if (condition?.status === "True") return takesVms(node) || vms.length === 0 ? [] : [handlerNotReady(index, name)];
  const detail = condition?.message ?? condition?.reason;
  return [
    makeFinding({
      code: "NodeNotReady",
      object: nodeReference(name),
      reason: `The node does not report Ready${detail === undefined ? "" : ` (${detail})`}: its VMs can hardly be migrated or shut down in order. After a crash they need recover.`,
      field: "status.conditions[Ready].status",
      value: condition?.status,
      fix: `kubectl vmnode recover ${name} --dry-run`,
    }),
  ];
}

/** Five minutes after its last sign KubeVirt takes the node for one without virt-handler (pkg/virt-controller/watch/node). */
function handlerNotReady({ facts }: Index, name: string): Finding {
  return makeFinding({
    code: "HandlerNotReady",
    object: nodeReference(name),
    reason:
      "KubeVirt does not call the node schedulable: its virt-handler is away or not ready, and without it no VM is migrated or shut down in order.",
    field: `metadata.labels[${schedulableLabel}]`,
    value: "false",
    fix: `kubectl get pods -n ${kubevirtNamespace(facts)} -l ${appLabel}=virt-handler --field-selector spec.nodeName=${name}`,
  });
}

/** The code by which a holder is named, and waived. */
export const holderCodes: Readonly<Record<NodeHolder["kind"], FindingCode>> = {
  NodeMaintenance: "HeldByNodeMaintenance",
  Remediation: "HeldByRemediation",
  Harvester: "HeldByHarvester",
  Machine: "HeldByMachine",
  Record: "HeldByOperation",
  UnknownRecord: "RecordNotUnderstood",
};

function heldBy(index: Index, holder: NodeHolder): Finding {
  if (holder.kind === "UnknownRecord") return recordNotUnderstood(index, holder);
  const who = holder.kind === "Record" ? "Somebody" : holder.object;
  return makeFinding({
    code: holderCodes[holder.kind],
    object: nodeReference(holder.node),
    reason: `${who} is handling this node already (${holder.detail}); a second drain would fight it.`,
    field: holder.object,
    value: holder.detail,
  });
}

/** What is needed in order to go back may stand in it, so nothing is written over it. */
function recordNotUnderstood(index: Index, { node, object, detail }: NodeHolder): Finding {
  return makeFinding({
    code: "RecordNotUnderstood",
    object: nodeReference(node),
    reason: `The node carries ${detail}: what it says is not guessed. Finish that operation with the version that began it, or settle by hand what it says, and take it off.`,
    field: `metadata.annotations[${object}]`,
    value: index.nodes.get(node)?.metadata.annotations[object],
    fix: `kubectl annotate node ${node} ${object}-`,
  });
}

function upgrade({ facts: { kubevirt } }: Index, node: string): Finding[] {
  if (kubevirt?.observedVersion === undefined || kubevirt.targetVersion === undefined) return [];
  if (kubevirt.observedVersion === kubevirt.targetVersion) return [];
  return [
    makeFinding({
      code: "UpgradeRunning",
      object: nodeReference(node),
      reason: `KubeVirt is being upgraded from ${kubevirt.observedVersion} to ${kubevirt.targetVersion}: its own migrations use the slots. Better wait until it is done.`,
      field: "status.observedKubeVirtVersion",
      value: kubevirt.observedVersion,
      provedBy: refer("kubevirt", kubevirt.metadata),
    }),
  ];
}

function drainTaint(index: Index, node: string): Finding[] {
  const object = index.nodes.get(node);
  const taint = object && drainTaintOf(index.facts, object);
  if (taint === undefined) return [];
  const value = taintText(taint);
  return [
    makeFinding({
      code: "DrainTaint",
      object: nodeReference(node),
      reason: `The node carries the taint ${value}: KubeVirt evacuates every migratable VM from it without any eviction, and goes on until the taint is taken off.`,
      field: "spec.taints",
      value,
      fix: untaintingCommand(node, value),
    }),
  ];
}

/**
 * Gaps that hide something of this node: those of a namespace matter only where the node has VMs of it. Quotas that could not
 * be read are only told of (`gaps`): seldom one is in the way.
 */
function gapFindings(index: Index, node: string): Finding[] {
  const here = [...(index.podsByNode.get(node) ?? []), ...(index.vmisByNode.get(node) ?? [])];
  const namespaces = new Set(here.map(({ metadata }) => metadata.namespace));
  const { gaps } = index.facts;
  return gaps
    .filter(({ resource }) => resource !== "resourcequotas")
    .filter((gap) => gap.namespace === undefined || (namespaces.has(gap.namespace) && !isCovered(gap, gaps)))
    .map((gap) => unreadable(gap, node));
}

function unreadable(gap: Gap, node: string): Finding {
  const where = gap.namespace === undefined ? "" : ` in namespace ${gap.namespace}`;
  return makeFinding({
    code: "Unreadable",
    object: nodeReference(node),
    reason: `Could not read ${gap.resource}${where}: ${gap.reason}.`,
    field: gap.resource,
    value: gap.reason,
  });
}

function migrationSlots({ index, capabilities }: Rules, node: string): Finding {
  const { perNode, perCluster, running } = migrationLimits(index);
  const unfinished = index.facts.migrations.filter((migration) => !isFinishedMigration(migration));
  const users = unfinished.map(({ metadata, spec }) => {
    const updates = metadata.annotations[workloadUpdateMigrationAnnotation] !== undefined;
    return `${metadata.namespace}/${spec.vmiName}${updates ? " (workload update)" : ""}`;
  });
  const now =
    running === undefined
      ? "how many run or wait now could not be read"
      : `${running === 0 ? "none runs or waits" : running === 1 ? "one runs or waits" : `${running} run or wait`} now`;
  const known = users.length === 0 ? "" : `: ${listing(users.sort(), 5)}`;
  const queue = capabilities.queuesMigrations ? "; the others queue up" : "";
  return makeFinding({
    code: "MigrationSlots",
    object: nodeReference(node),
    reason: `Migrations run ${perNode} at a time from one node and ${perCluster} in the cluster${queue}; ${now}${known}.`,
    field: "spec.configuration.migrations.parallelOutboundMigrationsPerNode",
    value: perNode,
    provedBy: index.facts.kubevirt && refer("kubevirt", index.facts.kubevirt.metadata),
  });
}

/** D1: launcher pods that have ended. */
export function leftoverPods(index: Index, node: string): readonly Pod[] {
  return (index.podsByNode.get(node) ?? []).filter((pod) => isLauncherPod(pod) && isFinishedPod(pod));
}

function leftovers(index: Index, node: string): Finding[] {
  const pods = leftoverPods(index, node);
  const [first] = pods;
  if (first === undefined) return [];
  const names = listing(pods.map((pod) => keyOf(pod.metadata)));
  return [
    makeFinding({
      code: "LeftoverPod",
      object: nodeReference(node),
      reason: `Finished pods left over from an earlier run or migration; nothing runs in them: ${names}.`,
      field: "status.phase",
      value: first.status.phase,
      provedBy: podReference(first),
    }),
  ];
}

function dryRunsLeftOut({ facts }: Index, node: string): Finding[] {
  if (facts.dryRunsLeftOut === undefined) return [];
  return [
    makeFinding({
      code: "DryRunNotAsked",
      object: nodeReference(node),
      reason: `No dry-run evictions were made: ${facts.dryRunsLeftOut}. The verdict rests on the rules alone.`,
      field: "dry-run evictions",
      value: "0",
    }),
  ];
}
