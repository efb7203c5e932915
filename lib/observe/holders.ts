/** Finds out who else has taken a node out of service: maintenance operators, remediations, platforms, another operation of ours. */
import type { Discovery, ResourceType } from "../kube/api.ts";
import type { NodeHolder } from "../model/facts.ts";
import type { Node } from "../model/kubernetes.ts";
import { recordAnnotation } from "../model/record.ts";
import { wholeSeconds } from "../model/timestamp.ts";
import { objectParts } from "./decode/metadata.ts";
import { recordOnNode } from "./decode/record.ts";
import { type HolderKind, holderKinds, holdingAnnotations, holdingTaints, machineKinds } from "./holder-kinds.ts";
import { gapOf, isNotFound, type Reading } from "./reading.ts";

export interface HolderQuestion {
  readonly discovery: Discovery;
  /** The nodes that are asked about. */
  readonly nodes: readonly Node[];
  /** Whose own drains are nobody else's; as the API server names the user. */
  readonly user?: string | undefined;
}

/** Everybody who holds one of the nodes. Kinds that the cluster does not have are not asked for. */
export async function readHolders(reading: Reading, question: HolderQuestion): Promise<readonly NodeHolder[]> {
  const { discovery, nodes } = question;
  const asked = [
    ...holderKinds.map((kind) => holdersOfKind(reading, discovery, kind, nodes)),
    ...nodes.map((node) => deletedMachine(reading, discovery, node)),
  ];
  const written = nodes.flatMap((node) => [...markHolders(node), ...recordHolder(node, question.user)]);
  return [...written, ...(await Promise.all(asked)).flat()];
}

/** The type in the version that the server prefers; undefined when it does not serve the kind. */
export function servedType(discovery: Discovery, type: ResourceType): ResourceType | undefined {
  const versions = discovery.groups.find(({ name }) => name === type.group)?.versions ?? [];
  // Servers that tell groups alone are taken to have the kinds that made the group.
  const served = versions.find(({ version, resources }) =>
    resources === undefined ? version === type.version : resources.some(({ name }) => name === type.plural),
  );
  return served === undefined ? undefined : { ...type, version: served.version };
}

async function holdersOfKind(
  reading: Reading,
  discovery: Discovery,
  kind: HolderKind,
  nodes: readonly Node[],
): Promise<readonly NodeHolder[]> {
  const type = servedType(discovery, kind.type);
  const objects = type === undefined ? undefined : await reading.list(type, {}, objectParts);
  const asked = new Set(nodes.map((node) => node.metadata.name));
  return (objects ?? []).flatMap((object) =>
    [...new Set(kind.nodesOf(object))]
      .filter((node) => asked.has(node))
      .map((node) => ({
        node,
        kind: kind.kind,
        object: `${kind.singular}/${object.metadata.name}`,
        detail: kind.detailOf(object),
      })),
  );
}

async function deletedMachine(reading: Reading, discovery: Discovery, node: Node): Promise<readonly NodeHolder[]> {
  for (const kind of machineKinds) {
    const named = kind.machineOf(node.metadata.annotations);
    const type = named && servedType(discovery, kind.type);
    if (named === undefined || type === undefined) continue;
    const answer = await reading.attempt((client) => client.get({ type, ...named }, { signal: reading.signal }));
    // Whichever namespace it is in, it is about the node.
    if (!answer.ok && !isNotFound(answer.error)) reading.noteGap(gapOf(type, "get", undefined, answer.error));
    const since = answer.ok ? objectParts(answer.value.object)?.metadata.deletionTimestamp : undefined;
    if (since === undefined) continue;
    const object = `machine/${named.name}`;
    return [{ node: node.metadata.name, kind: "Machine", object, detail: `being deleted since ${since}` }];
  }
  return [];
}

function markHolders(node: Node): readonly NodeHolder[] {
  const holders: NodeHolder[] = [];
  for (const [annotation, kind] of Object.entries(holdingAnnotations)) {
    const value = node.metadata.annotations[annotation];
    if (value !== undefined)
      holders.push({
        node: node.metadata.name,
        kind,
        object: annotation,
        detail: `annotation is ${JSON.stringify(value)}`,
      });
  }
  for (const { key } of node.spec.taints) {
    const kind = holdingTaints[key];
    if (kind !== undefined) holders.push({ node: node.metadata.name, kind, object: key, detail: "taint on the node" });
  }
  return holders;
}

/**
 * An operation that is recorded on the node, unless it is a drain of the same user, which a new drain takes up, or the node
 * has been made schedulable since, so that the record is stale.
 */
function recordHolder(node: Node, user: string | undefined): readonly NodeHolder[] {
  const found = recordOnNode(node);
  const holder = (kind: NodeHolder["kind"], detail: string): readonly NodeHolder[] => [
    { node: node.metadata.name, kind, object: recordAnnotation, detail },
  ];
  switch (found.kind) {
    case "none":
      return [];
    case "damaged":
      return holder("UnknownRecord", "a record that cannot be read");
    case "newer":
      return holder("UnknownRecord", `a record of a newer version of this program (layout ${found.version})`);
    case "record": {
      const { kind, by, since, reason } = found.record;
      if (!node.spec.unschedulable || (kind === "drain" && by === user)) return [];
      return holder(
        "Record",
        `${kind} by ${by} since ${wholeSeconds(since)}${reason === undefined ? "" : `: ${reason}`}`,
      );
    }
  }
}
