/** Nodes as places for VMs: what is free on each, and which pods are there. Changes as VMs are placed in thought. */
import { isFinishedPod, type Node, type Pod } from "../model/kubernetes.ts";
import { toUnits } from "../model/quantity.ts";
import { type Amounts, podRequests } from "../model/scheduling.ts";
import type { Index } from "./subjects.ts";

export interface Place {
  readonly node: Node;
  /** One of the nodes that the command empties. */
  readonly isTarget: boolean;
  /** False when not all pods of the node were read: what is free there cannot be told. */
  readonly roomKnown: boolean;
  readonly free: Map<string, number>;
  readonly pods: Set<Pod>;
  /** Those of `pods` that tolerate certain others not near them. */
  readonly repelling: Set<Pod>;
}

/** All nodes of the picture, in the order of their names. */
export function placesOf(index: Index): Place[] {
  const roomKnown = new Set(index.facts.roomKnown);
  const targets = new Set(index.facts.targets);
  const places: Place[] = [];
  for (const node of index.facts.nodes) {
    const { name } = node.metadata;
    const place: Place = {
      node,
      isTarget: targets.has(name),
      roomKnown: roomKnown.has(name),
      free: new Map(Object.entries(node.status.allocatable).map(([key, text]) => [key, toUnits(key, text)])),
      pods: new Set(),
      repelling: new Set(),
    };
    for (const pod of index.podsByNode.get(name) ?? []) if (!isFinishedPod(pod)) occupy(place, pod);
    places.push(place);
  }
  return places.sort((left, right) => (left.node.metadata.name < right.node.metadata.name ? -1 : 1));
}

/** The same place, to try something out. */
export function copyOf(place: Place): Place {
  return { ...place, free: new Map(place.free), pods: new Set(place.pods), repelling: new Set(place.repelling) };
}

/** Puts a pod on the node. */
export function occupy(place: Place, pod: Pod): void {
  place.pods.add(pod);
  if (pod.spec.affinity.requiredAntiPods.length > 0) place.repelling.add(pod);
  for (const [resource, amount] of demandOf(pod)) place.free.set(resource, (place.free.get(resource) ?? 0) - amount);
}

/** Takes a pod off the node. */
export function vacate(place: Place, pod: Pod): void {
  if (!place.pods.delete(pod)) return;
  place.repelling.delete(pod);
  for (const [resource, amount] of demandOf(pod)) place.free.set(resource, (place.free.get(resource) ?? 0) + amount);
}

export interface Shortage {
  readonly resource: string;
  readonly needed: number;
  readonly free: number;
}

/** The first resource of which the node has too little left (scheduler plugin NodeResourcesFit). */
export function shortageFor(place: Place, pod: Pod): Shortage | undefined {
  for (const [resource, needed] of demandOf(pod)) {
    const free = place.free.get(resource) ?? 0;
    if (needed > 0 && needed > free) return { resource, needed, free };
  }
  return undefined;
}

/** What the pod takes up; every pod is also one of the `pods` that a node may have. */
export function demandOf(pod: Pod): Amounts {
  const known = demands.get(pod.spec.containers);
  if (known !== undefined) return known;
  const demand = new Map<string, number>([["pods", 1], ...podRequests(pod)]);
  demands.set(pod.spec.containers, demand);
  return demand;
}

/** Pods are immutable and are asked about over and over, also in copies with another node selector; their containers stay the same. */
const demands = new WeakMap<Pod["spec"]["containers"], Amounts>();

/** How many nodes are named at a time by `largestOf`. */
const nodesAtATime = 5;

/** Of these nodes those with the most memory free, the first first: whose pods are to be read next. */
export function largestOf(index: Index, names: ReadonlySet<string>): readonly string[] {
  const places = placesOf(index).filter(({ node }) => names.has(node.metadata.name));
  places.sort((left, right) => (right.free.get("memory") ?? 0) - (left.free.get("memory") ?? 0));
  return places.slice(0, nodesAtATime).map(({ node }) => node.metadata.name);
}
