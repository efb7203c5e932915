/**
 * Room elsewhere: places all VMs that a drain moves or restarts on the other nodes, one after another in thought, so that
 * what each takes is missing to the next.
 */
import { formatUnits } from "../model/quantity.ts";
import { type Arrival, fits, type Refusal, reaches } from "./fitting.ts";
import { affinityRule, hasUnreadableTerms } from "./pod-affinity.ts";
import { demandOf, occupy, type Place, vacate } from "./room.ts";

export interface NodeRefusal extends Refusal {
  readonly node: string;
}

export interface NoFit {
  readonly kind: "none";
  readonly refusals: readonly NodeRefusal[];
  /** The refusals in one sentence. */
  readonly summary: string;
}

export type Fit =
  /** A node takes it. */
  | { readonly kind: "fits"; readonly node: string }
  /** Nodes would take it, if they have room, which is not known; none are named where they could not be read at all. */
  | { readonly kind: "unknown"; readonly nodes: readonly string[] }
  | NoFit;

export interface Request {
  readonly key: string;
  readonly arrival: Arrival;
  /** Movers are placed before those that restart, as a drain takes them. */
  readonly moves: boolean;
}

export interface Placement {
  readonly fits: ReadonlyMap<string, Fit>;
  /** The least memory left on a node that took one of the VMs. */
  readonly smallestRoom?: { readonly node: string; readonly memory: string } | undefined;
}

/**
 * Places the requests: movers first, the largest memory first, then by name, so that the same picture gives the same answer.
 * Each goes to the node with most memory left. What finds no place because of other pods is tried again when those have moved.
 */
export function placeAll(requests: readonly Request[], places: readonly Place[]): Placement {
  const found = new Map<string, Fit>();
  const used = new Set<Place>();
  let waiting = [...requests].sort(byTurn);
  for (let placed = true; placed && waiting.length > 0; ) {
    placed = false;
    for (const request of waiting) {
      const { fit, place } = placeOne(request.arrival, places);
      found.set(request.key, fit);
      if (place === undefined) continue;
      settle(request.arrival, place, places);
      used.add(place);
      placed = true;
    }
    waiting = waiting.filter((request) => found.get(request.key)?.kind === "none");
  }
  return { fits: found, smallestRoom: smallestRoom([...used]) };
}

function byTurn(left: Request, right: Request): number {
  if (left.moves !== right.moves) return left.moves ? -1 : 1;
  const difference = memoryOf(right) - memoryOf(left);
  if (difference !== 0) return difference;
  return left.key < right.key ? -1 : 1;
}

function memoryOf({ arrival }: Request): number {
  return demandOf(arrival.pod).get("memory") ?? 0;
}

function placeOne(arrival: Arrival, places: readonly Place[]): { readonly fit: Fit; readonly place?: Place } {
  const refusals: NodeRefusal[] = [];
  const perhaps: Place[] = [];
  const affinity = affinityRule(arrival.pod, places, arrival.leaving);
  let best: Place | undefined;
  for (const place of places) {
    const { name } = place.node.metadata;
    if (name === arrival.source) continue;
    const answer = fits(arrival, place, affinity);
    if (answer === undefined) perhaps.push(place);
    else if (answer !== true) refusals.push({ node: name, ...answer });
    else if (best === undefined || freeMemory(place) > freeMemory(best)) best = place;
  }
  if (best !== undefined) return { fit: { kind: "fits", node: best.node.metadata.name }, place: best };
  const [first] = perhaps;
  if (first !== undefined) {
    return { fit: { kind: "unknown", nodes: perhaps.map((place) => place.node.metadata.name) }, place: first };
  }
  return { fit: { kind: "none", refusals, summary: summarise(arrival, places, refusals) } };
}

function freeMemory(place: Place): number {
  return place.free.get("memory") ?? 0;
}

function settle(arrival: Arrival, place: Place, places: readonly Place[]): void {
  const source = places.find((entry) => entry.node.metadata.name === arrival.source);
  const before = source && [...source.pods].find((pod) => pod.metadata.uid === arrival.pod.metadata.uid);
  if (source !== undefined && before !== undefined) vacate(source, before);
  occupy(place, arrival.pod);
}

function smallestRoom(used: readonly Place[]): Placement["smallestRoom"] {
  const known = used.filter((place) => place.roomKnown);
  const [least] = known.sort((left, right) => freeMemory(left) - freeMemory(right));
  if (least === undefined) return undefined;
  return { node: least.node.metadata.name, memory: formatUnits("memory", freeMemory(least)) };
}

/** The refusals in one sentence, nodes with the same reason together. */
function summarise(arrival: Arrival, places: readonly Place[], refusals: readonly NodeRefusal[]): string {
  const disk = arrival.disks.find((entry) => !places.some((place) => !place.isTarget && reaches(entry, place)));
  if (disk !== undefined) return `its disk ${disk.name} exists only on ${arrival.source}`;
  if (refusals.length === 0) return "there is no other node";
  const nodesByReason = new Map<string, string[]>();
  for (const { node, reason } of refusals) nodesByReason.set(reason, [...(nodesByReason.get(reason) ?? []), node]);
  const groups = [...nodesByReason].map(([reason, nodes]) => `${shorten(nodes)}: ${reason}`);
  return groups.join("; ");
}

function shorten(nodes: readonly string[]): string {
  return nodes.length > 4 ? `${nodes.slice(0, 3).join(", ")} and ${nodes.length - 3} more` : nodes.join(", ");
}

/** Scheduling rules of the pod that are not worked out here, in words. */
export function rulesNotWorkedOut(arrival: Arrival): readonly string[] {
  const rules: string[] = [];
  if (arrival.pod.spec.spreadRequired === true) rules.push("topologySpreadConstraints");
  if (hasUnreadableTerms(arrival.pod)) rules.push("a pod affinity with a namespaceSelector");
  return rules;
}
