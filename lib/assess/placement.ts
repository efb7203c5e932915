/**
 * Room elsewhere: places all VMs that a drain moves or restarts on the other nodes, one after another in thought, so that
 * what each takes is missing to the next.
 */
import { keyOf, type Pod, type ResourceQuota } from "../model/kubernetes.ts";
import { formatUnits } from "../model/quantity.ts";
import { cordonToleration } from "../model/scheduling.ts";
import { type Arrival, fits, type PodRules, podRules, type Refusal, reaches } from "./fitting.ts";
import { makeWay, priorityOf } from "./preemption.ts";
import { copyOf, demandOf, occupy, type Place, vacate } from "./room.ts";

export interface NodeRefusal extends Refusal {
  readonly node: string;
}

export interface NoFit {
  readonly kind: "none";
  readonly refusals: readonly NodeRefusal[];
  /** The refusals in one sentence. */
  readonly summary: string;
  /** Pods of lower priority, `namespace/name`, that the scheduler would remove for it. */
  readonly victims: readonly string[];
}

/** A quota refuses its pod, wherever it is to run. */
export interface OverQuota {
  readonly kind: "quota";
  readonly quota: ResourceQuota;
  /** As the quota calls it: `requests.memory`. */
  readonly resource: string;
  readonly needed: number;
  readonly left: number;
}

type Elsewhere =
  /** A node takes it. */
  | { readonly kind: "fits"; readonly node: string }
  /** Nodes would take it, if they have room, which is not known; none are named where they could not be read at all. */
  | { readonly kind: "unknown"; readonly nodes: readonly string[] }
  | NoFit
  | OverQuota;

export type Fit = Elsewhere & {
  /** Nodes that are to be emptied, where it may come all the same, because it tolerates their cordon. */
  readonly drained?: readonly string[] | undefined;
};

export interface Request {
  readonly key: string;
  readonly arrival: Arrival;
  /** Movers are placed before those that restart, as a drain takes them. */
  readonly moves: boolean;
  /** Another pod of the VM is there beside the one that runs: no quota has refused it. */
  readonly isSecond?: boolean | undefined;
}

export interface Placement {
  readonly fits: ReadonlyMap<string, Fit>;
  /** The least memory left on a node that took one of the VMs. */
  readonly smallestRoom?: { readonly node: string; readonly memory: string } | undefined;
}

/**
 * Places the requests: movers first, the largest memory first, then by name, so that the same picture gives the same answer.
 * Each goes to the node with most memory left. What finds no place because of other pods is tried again when those have moved;
 * in the end pods of lower priority make way for it.
 * Afterwards the places are as they were before, so that they serve the next question, too.
 */
export function placeAll(requests: readonly Request[], places: PlacesInOrder): Placement {
  const found = new Map<string, Fit>();
  const used = new Set<Place>();
  const before = [...places.all];
  const takeBack: (() => void)[] = [];
  let waiting = [...requests].sort(byTurn);
  for (let placed = true; placed && waiting.length > 0; ) {
    placed = false;
    for (const request of waiting) {
      const rules = podRules(request.arrival, places);
      const { fit, place } = placeOne(request.arrival, places, rules);
      found.set(request.key, { ...fit, drained: drainedThatFit(request.arrival, places, rules) });
      if (place === undefined) continue;
      takeBack.push(settle(request.arrival, place, places));
      used.add(place);
      placed = true;
    }
    waiting = waiting.filter((request) => found.get(request.key)?.kind === "none");
  }
  // What has been placed so far keeps its place: of two that both need it, none is promised that the other makes way.
  const arriving = new Set(requests.map(({ arrival }) => arrival.pod));
  for (const { key, arrival } of waiting.sort(byImportance)) {
    const fit = found.get(key);
    const way = makeWay(arrival, places.all, arriving);
    if (fit?.kind !== "none" || way === undefined) continue;
    found.set(key, { ...fit, victims: way.victims.map(({ metadata }) => keyOf(metadata)).sort() });
    takeBack.push(settle(arrival, way.place, places, way.victims));
    used.add(way.place);
  }
  const placement = { fits: found, smallestRoom: smallestRoom([...used]) };
  for (const undo of takeBack.reverse()) undo();
  places.all = before;
  return placement;
}

/** Keeps places in order while VMs are placed, most memory first: of a thousand nodes the first one that is looked at mostly takes the VM. */
export class PlacesInOrder {
  all: Place[];
  readonly repelling: Set<Place>;
  readonly #byNode: ReadonlyMap<string, Place>;

  constructor(places: readonly Place[]) {
    this.all = [...places].sort(byMemory);
    this.repelling = new Set(places.filter(({ repelling }) => repelling.size > 0));
    this.#byNode = new Map(places.map((place) => [place.node.metadata.name, place]));
  }

  find(node: string): Place | undefined {
    return this.#byNode.get(node);
  }

  /** Puts a place where it belongs after `change`. */
  move(place: Place, change: () => void): void {
    this.all.splice(this.all.indexOf(place), 1);
    change();
    if (place.repelling.size > 0) this.repelling.add(place);
    let [low, high] = [0, this.all.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.all[middle];
      if (other !== undefined && byMemory(other, place) < 0) low = middle + 1;
      else high = middle;
    }
    this.all.splice(low, 0, place);
  }
}

function byMemory(left: Place, right: Place): number {
  return freeMemory(right) - freeMemory(left) || byName(left.node.metadata, right.node.metadata);
}

function byName(left: { readonly name: string }, right: { readonly name: string }): number {
  return left.name < right.name ? -1 : 1;
}

function byTurn(left: Request, right: Request): number {
  if (left.moves !== right.moves) return left.moves ? -1 : 1;
  const difference = memoryOf(right) - memoryOf(left);
  if (difference !== 0) return difference;
  return left.key < right.key ? -1 : 1;
}

function byImportance(left: Request, right: Request): number {
  return priorityOf(right.arrival.pod) - priorityOf(left.arrival.pod);
}

function memoryOf({ arrival }: Request): number {
  return demandOf(arrival.pod).get("memory") ?? 0;
}

function placeOne(
  arrival: Arrival,
  places: PlacesInOrder,
  rules: PodRules,
): { readonly fit: Fit; readonly place?: Place } {
  const refusals: NodeRefusal[] = [];
  const perhaps: Place[] = [];
  for (const place of places.all) {
    const { name } = place.node.metadata;
    if (name === arrival.source) continue;
    const answer = fits(arrival, place, rules);
    if (answer === true) return { fit: { kind: "fits", node: name }, place };
    if (answer === undefined) perhaps.push(place);
    else refusals.push({ node: name, ...answer });
  }
  refusals.sort((left, right) => byName({ name: left.node }, { name: right.node }));
  const [first] = perhaps.sort((left, right) => byName(left.node.metadata, right.node.metadata));
  if (first !== undefined) {
    return { fit: { kind: "unknown", nodes: perhaps.map((place) => place.node.metadata.name) }, place: first };
  }
  const summary = summarise(arrival, places.all, refusals);
  return { fit: { kind: "none", refusals, summary, victims: [] } };
}

/** A migration's target never runs on its source, but the next start of a VM may be where the last one was. */
function drainedThatFit(arrival: Arrival, { all }: PlacesInOrder, rules: PodRules): string[] | undefined {
  const { pod, leaving, source } = arrival;
  if (cordonToleration(pod.spec.tolerations) === undefined) return undefined;
  const fitting = all.filter((place) => {
    if (place.node.metadata.name !== source) return place.isTarget && isOpen(arrival, place, rules);
    if (leaving === undefined) return false;
    const emptied = copyOf(place);
    const before = sameOn(place, leaving);
    if (before !== undefined) vacate(emptied, before);
    return isOpen(arrival, emptied, rules);
  });
  return fitting.map((place) => place.node.metadata.name).sort();
}

/** The pod as it stands on that place, where it may be another copy of it. */
function sameOn({ pods }: Place, { metadata: { uid } }: Pod): Pod | undefined {
  return [...pods].find(({ metadata }) => metadata.uid === uid);
}

/** Whether nothing but the drain that is to come keeps the pod away. */
function isOpen(arrival: Arrival, place: Place, rules: PodRules): boolean {
  return typeof fits(arrival, { ...place, isTarget: false }, rules) !== "object";
}

function freeMemory(place: Place): number {
  return place.free.get("memory") ?? 0;
}

/** Returns how to undo it, but for the order of the places. */
function settle(arrival: Arrival, place: Place, places: PlacesInOrder, victims: readonly Pod[] = []): () => void {
  const source = places.find(arrival.source);
  const before = source && sameOn(source, arrival.pod);
  if (source !== undefined && before !== undefined) places.move(source, () => vacate(source, before));
  places.move(place, () => {
    for (const pod of victims) vacate(place, pod);
    occupy(place, arrival.pod);
  });
  return () => {
    vacate(place, arrival.pod);
    for (const pod of victims) occupy(place, pod);
    if (source !== undefined && before !== undefined) occupy(source, before);
  };
}

function smallestRoom(used: readonly Place[]): Placement["smallestRoom"] {
  const known = used.filter((place) => place.roomKnown);
  const [least] = known.sort((left, right) => freeMemory(left) - freeMemory(right));
  if (least === undefined) return undefined;
  return { node: least.node.metadata.name, memory: formatUnits("memory", freeMemory(least)) };
}

/** The refusals in one sentence. */
function summarise(arrival: Arrival, places: readonly Place[], refusals: readonly NodeRefusal[]): string {
  const disk = arrival.disks.find((entry) => !places.some((place) => !place.isTarget && reaches(entry, place)));
  if (disk !== undefined) return `its disk ${disk.name} exists only on ${arrival.source}`;
  if (refusals.length === 0) return "there is no other node";
  return byReason(refusals);
}

/** Why each node does not take it, in one sentence: nodes with the same reason together. */
export function byReason(refusals: readonly NodeRefusal[]): string {
  const nodesByReason = new Map<string, string[]>();
  for (const { node, reason } of refusals) nodesByReason.set(reason, [...(nodesByReason.get(reason) ?? []), node]);
  const groups = [...nodesByReason].map(([reason, nodes]) => `${shorten(nodes)}: ${reason}`);
  return groups.join("; ");
}

function shorten(nodes: readonly string[]): string {
  return nodes.length > 4 ? `${nodes.slice(0, 3).join(", ")} and ${nodes.length - 3} more` : nodes.join(", ");
}
