/** Reads everything that the check of a drain needs, in as few requests as possible, into Facts. */

import type { Discovery } from "../kube/api.ts";
import type { KubeClient } from "../kube/client.ts";
import type { Clock } from "../model/clock.ts";
import { KubeError } from "../model/errors.ts";
import { type Facts, unreadNodes } from "../model/facts.ts";
import { isBeingDeleted, isFinishedPod, type Node, type Pod } from "../model/kubernetes.ts";
import { isFinalVmi } from "../model/kubevirt.ts";
import { liveLaunchers } from "../platform/launcher-pod.ts";
import { createdByLabel, subresourcesGroup } from "../platform/names.ts";
import {
  budgetKind,
  countRunningMigrations,
  quotaKind,
  readDisks,
  readInNamespaces,
  readMigrations,
  readOtherLaunchers,
  readOwners,
} from "./around-vms.ts";
import { closeNames } from "./close-names.ts";
import { decodeNode, decodePod } from "./decode/core.ts";
import { askDryRuns } from "./dry-runs.ts";
import { readHolders } from "./holders.ts";
import { offersEvacuateCancel, readKubernetesVersion, readKubeVirt, readVirtApiNodes } from "./installation.ts";
import { listOf } from "./read-field.ts";
import { type Attempt, gapOf, isForbidden, isNotFound, type Page, type Reading, startReading } from "./reading.ts";
import { resourceTypes } from "./resource-types.ts";
import { refuseHiddenVms, refuseUnseenVms } from "./visible-vms.ts";
import { readWorkloads, type Workloads } from "./workloads.ts";

export interface ObserveOptions {
  /** Names of the nodes that the command is about. */
  readonly nodes: readonly string[];
  /** Tells the time where the API server does not. */
  readonly clock: Clock;
  /** Only what becomes of the VMs is asked for: who else holds the nodes, and what else the cluster does, is not read. */
  readonly vmsOnly?: boolean | undefined;
  /** Ordinary pods matter, too: the budgets of their namespaces are read. */
  readonly allPods?: boolean | undefined;
  /** Dry-run evictions are wanted where this says of KubeVirt that they do no harm. */
  readonly dryRunIsSafe?: ((facts: Facts) => boolean) | undefined;
  /** Names nodes whose pods are to be read next, so that the room there can be counted, or `unreadNodes`; asked again until it names none. Without it no quotas are read. */
  readonly stillNeeded?: ((facts: Facts) => readonly string[]) | undefined;
  /** Who we are for the API server: our own drain on a node is not somebody else's. */
  readonly user?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Nodes whose room is counted at most: enough for the largest drain, and no matter how large the cluster is. */
const roomNodesAtMost = 40;

/**
 * Reads the nodes and what concerns their VMs. What could not be read is a gap and the rest goes on; without nodes and discovery
 * nothing can. Throws RefusedError where VMs cannot be seen, ExpectedError without KubeVirt, KubeError for unknown nodes.
 */
export async function observe(client: KubeClient, options: ObserveOptions): Promise<Facts> {
  const reading = startReading(client, options.signal, { withoutManagedFields: true });
  const { vmsOnly = false, allPods = false } = options;
  const [discovery, firstNodes, kubernetes] = await Promise.all([
    reading.discover({ groupsOnly: vmsOnly }),
    readFirstNodes(reading, options.nodes),
    vmsOnly ? undefined : readKubernetesVersion(reading),
  ]);
  refuseUnseenVms(discovery);
  const { nodes } = firstNodes;
  refuseUnknownNodes(options.nodes, nodes);
  const targets = new Set(options.nodes);

  const [workloads, installation, holders, runningMigrations] = await Promise.all([
    readWorkloads(reading, options.nodes, allPods),
    readInstallation(reading, vmsOnly ? undefined : discovery),
    vmsOnly
      ? []
      : readHolders(reading, {
          discovery,
          nodes: nodes.filter((node) => targets.has(node.metadata.name)),
          user: options.user,
        }),
    vmsOnly ? undefined : countRunningMigrations(reading),
  ]);
  refuseHiddenVms(workloads, reading.gaps);
  const around = await readAroundVms(reading, workloads, options);
  const facts: Facts = {
    ...timesOf(reading, options.clock),
    server: client.connection.server,
    versions: { kubernetes, kubevirt: installation.kubevirt?.observedVersion },
    targets: options.nodes,
    nodes,
    ...(firstNodes.rest === undefined ? {} : { nodesUnread: true }),
    roomKnown: [],
    vmis: workloads.vmis,
    absent: workloads.absent,
    ...around,
    runningMigrations,
    ...installation,
    holders,
    dryRuns: {},
    gaps: reading.gaps,
  };
  const probed = await withDryRuns(reading, facts, { ...options, discovery });
  const whole = await withRoom(reading, probed, { ...options, moreNodes: firstNodes.rest });
  return { ...whole, ...timesOf(reading, options.clock), gaps: [...reading.gaps] };
}

/** What the outcome of an eviction depends on, for each VM that is there: its owner, migrations, pods, budgets, quotas and disks. */
async function readAroundVms(
  reading: Reading,
  { pods, vmis }: Workloads,
  { allPods = false, stillNeeded }: ObserveOptions,
) {
  const running = vmis.filter((vmi) => !isFinalVmi(vmi));
  const [virtualMachines, migrations, otherPods, budgets, quotas, disks] = await Promise.all([
    readOwners(reading, vmis),
    readMigrations(
      reading,
      vmis.map(({ metadata }) => metadata),
    ),
    readOtherLaunchers(reading, running, pods),
    readInNamespaces(reading, budgetKind, namespacesOfEvicted(pods, allPods)),
    // Who asks for no room elsewhere does not care whether a next pod is allowed, either.
    stillNeeded && readInNamespaces(reading, quotaKind, namespacesOfEvicted(pods, false)),
    readDisks(reading, running),
  ]);
  const allRead = [...pods, ...otherPods];
  return {
    pods: allRead,
    virtualMachines,
    migrations,
    budgets,
    quotas: quotas && { items: quotas, leaving: leavingPods(allRead) },
    ...disks,
  };
}

/** Names of the nodes that a label selector chooses. */
export async function selectNodes(
  client: KubeClient,
  labelSelector: string,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const { items } = await client.list(resourceTypes.nodes, { labelSelector, signal }, decodeNode);
  return items.flatMap((node) => (node === undefined ? [] : [node.metadata.name]));
}

/** Nodes, and how to read the others, if there are any. */
interface SomeNodes {
  readonly nodes: readonly Node[];
  readonly rest?: (() => Promise<Attempt<readonly Node[]>>) | undefined;
}

/** VMs mostly find room on the first nodes that are looked at. Of a larger cluster the others are read only when they do not. */
const nodesAtFirst = 50;

async function readFirstNodes(reading: Reading, names: readonly string[]): Promise<SomeNodes> {
  // Who asks for many nodes needs them all.
  const first: Attempt<Page<Node>> =
    names.length > nodesAtFirst / 2
      ? pageOf(await reading.attemptList(resourceTypes.nodes, {}, decodeNode))
      : await reading.attemptPage(resourceTypes.nodes, {}, decodeNode, { limit: nodesAtFirst });
  if (!first.ok) {
    if (!isForbidden(first.error)) throw first.error;
    // Who may read a node that is named, but not list them, can drain it; where its VMs could go then stays unknown.
    reading.noteGap(gapOf(resourceTypes.nodes, "list", undefined, first.error));
    return { nodes: await readNodesSingly(reading, names) };
  }
  const { items, rest } = first.value;
  if (rest === undefined) return { nodes: items };
  const known = new Set(items.map((node) => node.metadata.name));
  const others = names.filter((name) => !known.has(name));
  const readRest = () => reading.attemptList(resourceTypes.nodes, {}, decodeNode);
  try {
    return { nodes: [...items, ...(await readNodesSingly(reading, others))], rest: readRest };
  } catch (error) {
    if (!isNotFound(error) && !isForbidden(error)) throw error;
    const all = await readRest();
    return { nodes: all.ok ? all.value : items };
  }
}

function pageOf<T>(list: Attempt<readonly T[]>): Attempt<Page<T>> {
  return list.ok ? { ok: true, value: { items: list.value, rest: undefined } } : list;
}

async function readNodesSingly(reading: Reading, names: readonly string[]): Promise<readonly Node[]> {
  const answers = await Promise.all(
    names.map((name) =>
      reading.attempt((client) => client.get({ type: resourceTypes.nodes, name }, { signal: reading.signal })),
    ),
  );
  return answers.flatMap((answer) => {
    if (!answer.ok) throw answer.error;
    return listOf([answer.value.object], decodeNode);
  });
}

/** Throws KubeError, in the API server's words, for names that no node bears. */
export function refuseUnknownNodes(wanted: readonly string[], nodes: readonly Node[]): void {
  const names = nodes.map((node) => node.metadata.name);
  const unknown = wanted.filter((name) => !names.includes(name));
  if (unknown.length === 0) return;
  const close = [...new Set(unknown.flatMap((name) => closeNames(name, names)))];
  // The API server's words for it.
  const message = unknown.map((name) => `nodes "${name}" not found`).join("\n");
  throw new KubeError(
    { code: 404, reason: "NotFound", message, causes: [] },
    { hint: close.length === 0 ? "kubectl get nodes lists them all" : `did you mean ${close.join(" or ")}?` },
  );
}

/** The newest time that the API server told, and ours. */
export function timesOf(reading: Reading, clock: Clock): Pick<Facts, "time" | "localTime"> {
  const local = clock.now();
  return { time: (reading.serverTime() ?? local).toISOString(), localTime: local.toISOString() };
}

type Installation = Pick<Facts, "kubevirt" | "virtApiNodes" | "evacuateCancel">;

/** KubeVirt's settings, where virt-api answers, and what it offers, as far as the discovery tells. */
export async function readInstallation(reading: Reading, discovery: Discovery | undefined): Promise<Installation> {
  const [kubevirt, evacuateCancel] = await Promise.all([
    readKubeVirt(reading),
    discovery && offersEvacuateCancel(reading, discovery),
  ]);
  // Its namespace is the one that KubeVirt is installed in.
  const namespace = kubevirt?.metadata.namespace;
  const virtApiNodes = namespace === undefined ? undefined : await readVirtApiNodes(reading, namespace);
  return { kubevirt, virtApiNodes, evacuateCancel };
}

/** Namespaces in which a budget can refuse an eviction of this drain, or a quota what follows. */
function namespacesOfEvicted(pods: readonly Pod[], allPods: boolean): ReadonlySet<string> {
  const evicted = allPods ? pods.filter((pod) => !isFinishedPod(pod)) : liveLaunchers(pods);
  return new Set(evicted.map((pod) => pod.metadata.namespace));
}

/** Pods that are being deleted, and of a VM that is migrated all but one: of its two pods one goes in the end. */
function leavingPods(pods: readonly Pod[]): readonly Pod[] {
  const staying = new Set<string | undefined>();
  return pods.filter((pod) => {
    if (isFinishedPod(pod)) return false;
    if (isBeingDeleted(pod)) return true;
    const vmi = pod.metadata.labels[createdByLabel];
    const isSecond = staying.has(vmi);
    if (vmi !== undefined) staying.add(vmi);
    return isSecond;
  });
}

async function withDryRuns(
  reading: Reading,
  facts: Facts,
  options: ObserveOptions & { readonly discovery: Discovery },
): Promise<Facts> {
  if (options.dryRunIsSafe === undefined) return facts;
  const version = facts.versions.kubevirt;
  if (!options.dryRunIsSafe(facts)) {
    // A dry run would tell, too, that virt-api does not answer, whatever its endpoints say.
    if (options.discovery.unavailable.includes(`${subresourcesGroup}/v1`))
      reading.noteGap({ resource: subresourcesGroup, reason: "virt-api does not answer" });
    return { ...facts, dryRunsLeftOut: `KubeVirt ${version ?? "of unknown version"} may carry out a dry run for real` };
  }
  const onTargets = facts.pods.filter((pod) => facts.targets.includes(pod.spec.nodeName ?? ""));
  const pods = liveLaunchers(onTargets).filter((pod) => !isBeingDeleted(pod));
  const { answers, leftOut } = await askDryRuns(reading, pods);
  return { ...facts, dryRuns: answers, dryRunsLeftOut: leftOut };
}

/** Reads the pods of further nodes, and further nodes, for as long as the assessment asks for some. */
export async function withRoom(
  reading: Reading,
  facts: Facts,
  { stillNeeded, moreNodes }: Pick<ObserveOptions, "stillNeeded"> & { readonly moreNodes?: SomeNodes["rest"] },
): Promise<Facts> {
  if (stillNeeded === undefined) return facts;
  const asked = new Set(facts.targets);
  let known = facts;
  while (asked.size - facts.targets.length < roomNodesAtMost) {
    const left = roomNodesAtMost - (asked.size - facts.targets.length);
    const wanted = stillNeeded(known);
    const next = wanted.filter((node) => node !== unreadNodes && !asked.has(node)).slice(0, left);
    if (next.length > 0) {
      for (const node of next) asked.add(node);
      known = withPodsOf(known, await Promise.all(next.map((node) => readRoom(reading, node))));
      // All there is to know is known.
      if (!known.nodesUnread && known.nodes.every((node) => asked.has(node.metadata.name))) return known;
    } else if (moreNodes !== undefined && known.nodesUnread && wanted.includes(unreadNodes)) {
      known = withNodes(reading, known, await moreNodes());
    } else {
      return known;
    }
  }
  return known;
}

function withNodes(reading: Reading, facts: Facts, more: Attempt<readonly Node[]>): Facts {
  if (more.ok) return { ...facts, nodes: more.value, nodesUnread: undefined };
  reading.noteGap(gapOf(resourceTypes.nodes, "list", undefined, more.error));
  return { ...facts, nodesUnread: undefined };
}

interface Room {
  readonly node: string;
  readonly pods: readonly Pod[] | undefined;
}

async function readRoom(reading: Reading, node: string): Promise<Room> {
  return { node, pods: await reading.list(resourceTypes.pods, { fieldSelector: `spec.nodeName=${node}` }, decodePod) };
}

function withPodsOf(facts: Facts, rooms: readonly Room[]): Facts {
  const read = rooms.filter((room): room is Room & { readonly pods: readonly Pod[] } => room.pods !== undefined);
  const known = new Set(facts.pods.map((pod) => pod.metadata.uid));
  const added = read.flatMap(({ pods }) => pods).filter((pod) => !known.has(pod.metadata.uid));
  return {
    ...facts,
    pods: [...facts.pods, ...added],
    roomKnown: [...facts.roomKnown, ...read.map(({ node }) => node)],
  };
}
