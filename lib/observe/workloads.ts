/** Reads what runs on nodes: their pods, and the VMIs behind the launcher pods among them. */
import { keyOf, type Pod } from "../model/kubernetes.ts";
import type { VirtualMachineInstance } from "../model/kubevirt.ts";
import { liveLaunchers, vmiOfLauncher } from "../platform/launcher-pod.ts";
import { appLabel, hotplugApp, launcherApp, nodeNameLabel } from "../platform/names.ts";
import { decodePod } from "./decode/core.ts";
import { decodeVmi } from "./decode/kubevirt.ts";
import { selectAny } from "./label-selectors.ts";
import { type NamedKind, type ObjectName, readNamed } from "./named-objects.ts";
import { type Attempt, type Decoder, gapOf, isForbidden, type Reading, type ReadSelection } from "./reading.ts";
import { resourceTypes } from "./resource-types.ts";

export const vmisByName: NamedKind<VirtualMachineInstance> = {
  type: resourceTypes.vmis,
  decode: decodeVmi,
  singlesAtMost: 3,
  requestsAtMost: 40,
};

/** With more nodes than this their VMs' pods are read in one list, instead of all pods of each node. */
const nodesReadSingly = 25;

export interface Workloads {
  readonly pods: readonly Pod[];
  /** VMIs that run on the nodes, and those of unfinished launcher pods there. */
  readonly vmis: readonly VirtualMachineInstance[];
  /** VMIs that launcher pods name and that do not exist, as `namespace/name`. */
  readonly absent: readonly string[];
}

/**
 * The pods and VMIs of the nodes; of many nodes the VMs' pods alone, unless `allPods`. A VMI that starts, or whose migration
 * only arrives, does not carry the node's label yet and is read by the name that its launcher pod tells. Who may not list
 * the whole cluster gets what the namespaces hold that are known from the lists that could be read.
 */
export async function readWorkloads(reading: Reading, nodes: readonly string[], allPods: boolean): Promise<Workloads> {
  const podQueries = queriesForPods(nodes, allPods);
  const vmiQueries = selectAny(nodeNameLabel, nodes).map(({ selector }) => ({ labelSelector: selector }));
  const [podAnswers, vmiAnswers] = await Promise.all([
    Promise.all(podQueries.map((query) => reading.attemptList(resourceTypes.pods, query, decodePod))),
    Promise.all(vmiQueries.map((query) => reading.attemptList(resourceTypes.vmis, query, decodeVmi))),
  ]);
  const ownNamespace = reading.client.connection.namespace;
  const podsComplete = podAnswers.every((answer) => answer.ok);

  const ofVmis = namespacesOf(readOnes(vmiAnswers)).add(ownNamespace);
  const podLists = podQueries.map((query, index) =>
    orByNamespace(reading, { type: resourceTypes.pods, query, decode: decodePod }, podAnswers[index], ofVmis, false),
  );
  const onNodes = new Set(nodes);
  const pods = (await Promise.all(podLists)).flat().filter((pod) => onNodes.has(pod.spec.nodeName ?? ""));

  const ofLaunchers = namespacesOf(liveLaunchers(pods));
  if (!podsComplete) ofLaunchers.add(ownNamespace);
  const vmiLists = vmiQueries.map((query, index) =>
    orByNamespace(
      reading,
      { type: resourceTypes.vmis, query, decode: decodeVmi },
      vmiAnswers[index],
      ofLaunchers,
      podsComplete,
    ),
  );
  const labelled = (await Promise.all(vmiLists)).flat();
  const names = unlabelledNames(pods, labelled);
  const unlabelled = await readNamed(reading, vmisByName, names);
  const found = new Set(unlabelled.map((vmi) => keyOf(vmi.metadata)));
  // What a list that failed would have held is not known to be absent.
  const complete = !reading.gaps.some(({ resource }) => resource === resourceTypes.vmis.plural);
  const absent = complete ? names.map(keyOf).filter((key) => !found.has(key)) : [];
  return { pods, vmis: [...labelled, ...unlabelled], absent };
}

/** The VMIs of unfinished launcher pods that are not among `known`. */
function unlabelledNames(pods: readonly Pod[], known: readonly VirtualMachineInstance[]): readonly ObjectName[] {
  const knownKeys = new Set(known.map((vmi) => keyOf(vmi.metadata)));
  return liveLaunchers(pods)
    .map(vmiOfLauncher)
    .filter((name) => name !== undefined)
    .filter((name) => !knownKeys.has(keyOf(name)));
}

function queriesForPods(nodes: readonly string[], allPods: boolean): readonly ReadSelection[] {
  if (nodes.length > nodesReadSingly && !allPods)
    return [{ labelSelector: `${appLabel} in (${launcherApp},${hotplugApp})` }];
  return nodes.map((node) => ({ fieldSelector: `spec.nodeName=${node}` }));
}

interface Query<T> {
  readonly type: (typeof resourceTypes)["pods" | "vmis"];
  readonly query: ReadSelection;
  readonly decode: Decoder<T>;
}

/** The list as it was answered or, where the whole cluster is forbidden, that of the namespaces. `complete`: nothing is outside of them. */
async function orByNamespace<T>(
  reading: Reading,
  { type, query, decode }: Query<T>,
  answer: Attempt<readonly T[]> | undefined,
  namespaces: ReadonlySet<string>,
  complete: boolean,
): Promise<readonly T[]> {
  if (answer === undefined) return [];
  if (answer.ok) return answer.value;
  const forbidden = isForbidden(answer.error);
  if (!forbidden || !complete) reading.noteGap(gapOf(type, "list", undefined, answer.error));
  if (!forbidden) return [];
  const lists = [...namespaces].map((namespace) => reading.list(type, { ...query, namespace }, decode));
  return (await Promise.all(lists)).flatMap((list) => list ?? []);
}

function readOnes<T>(answers: readonly Attempt<readonly T[]>[]): readonly T[] {
  return answers.flatMap((answer) => (answer.ok ? answer.value : []));
}

function namespacesOf(objects: readonly { readonly metadata: { readonly namespace: string } }[]): Set<string> {
  return new Set(objects.map((object) => object.metadata.namespace));
}
