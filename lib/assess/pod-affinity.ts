/**
 * Required affinity and anti-affinity between pods (scheduler plugin InterPodAffinity), on the nodes of the picture. As in the
 * scheduler, what the pods that are there mean for a new one is worked out once, and then looked up for each node.
 */
import { keyOf, type Pod, type PodAffinityTerm } from "../model/kubernetes.ts";
import { matchesSelector } from "../model/selectors.ts";
import type { Place } from "./room.ts";

/** Why pods that are there, or are not, keep the new pod from a node; undefined when they do not. */
export type AffinityRule = (place: Place) => string | undefined;

export interface Surroundings {
  readonly all: readonly Place[];
  /** At least those with pods that do not tolerate others near them: mostly there are none among a thousand nodes. */
  readonly repelling: Iterable<Place>;
}

/**
 * The rule for one new pod. `leaving` is the pod that ends before the new one starts, and so does not count.
 */
export function affinityRule(pod: Pod, { all: places, repelling }: Surroundings, leaving?: Pod): AffinityRule {
  const repelled = domainsThatRepel(pod, repelling, leaving);
  const avoided = pod.spec.affinity.requiredAntiPods
    .filter(isReadable)
    .map((term) => domainsWith(term, places, leaving, (other) => selects(term, pod, other)));
  const isNearWanted = nearWanted(pod, places, leaving);
  return (place) => {
    for (const domains of avoided) {
      const other = domains.at(place);
      if (other !== undefined) return `anti-affinity with pod ${keyOf(other.metadata)}`;
    }
    if (!isNearWanted(place)) return "no pod near it that its affinity asks for";
    for (const domains of repelled) {
      const other = domains.at(place);
      if (other !== undefined) return `pod ${keyOf(other.metadata)} does not tolerate it near (anti-affinity)`;
    }
    return undefined;
  };
}

/** True when the pod has rules that cannot be worked out from the picture: namespaces are not read. */
export function hasUnreadableTerms(pod: Pod): boolean {
  const { requiredPods, requiredAntiPods } = pod.spec.affinity;
  return [...requiredPods, ...requiredAntiPods].some((term) => !isReadable(term));
}

/** The values of one topology key, each with a pod that is found there. */
class Domains {
  readonly topologyKey: string;
  readonly #pods = new Map<string, Pod>();

  constructor(topologyKey: string) {
    this.topologyKey = topologyKey;
  }

  get isEmpty(): boolean {
    return this.#pods.size === 0;
  }

  add(place: Place, pod: Pod): void {
    const value = this.valueAt(place);
    if (value !== undefined && !this.#pods.has(value)) this.#pods.set(value, pod);
  }

  at(place: Place): Pod | undefined {
    const value = this.valueAt(place);
    return value === undefined ? undefined : this.#pods.get(value);
  }

  valueAt(place: Place): string | undefined {
    return place.node.metadata.labels[this.topologyKey];
  }
}

/** Where pods are that match. */
function domainsWith(
  { topologyKey }: PodAffinityTerm,
  places: readonly Place[],
  leaving: Pod | undefined,
  matches: (other: Pod) => boolean,
): Domains {
  const domains = new Domains(topologyKey);
  for (const place of places) {
    if (domains.at(place) !== undefined) continue;
    for (const pod of place.pods) {
      if (pod === leaving || !matches(pod)) continue;
      domains.add(place, pod);
      break;
    }
  }
  return domains;
}

/** Where pods are that do not tolerate the new one near them. */
function domainsThatRepel(newPod: Pod, places: Iterable<Place>, leaving: Pod | undefined): Domains[] {
  const byKey = new Map<string, Domains>();
  for (const place of places) {
    for (const pod of place.repelling) {
      if (pod === leaving) continue;
      for (const term of pod.spec.affinity.requiredAntiPods) {
        if (!selects(term, pod, newPod)) continue;
        const domains = byKey.get(term.topologyKey) ?? new Domains(term.topologyKey);
        byKey.set(term.topologyKey, domains);
        domains.add(place, pod);
      }
    }
  }
  return [...byKey.values()];
}

/** Whether a place is near pods that the new one must be near. Each of them must match all terms (podMatchesAllAffinityTerms). */
function nearWanted(pod: Pod, places: readonly Place[], leaving: Pod | undefined): (place: Place) => boolean {
  const terms = pod.spec.affinity.requiredPods.filter(isReadable);
  // Most pods want nobody near, and in a large cluster there are ten thousand of them for a thousand places.
  if (terms.length === 0) return () => true;
  const meetsAll = (other: Pod) => terms.every((term) => selects(term, pod, other));
  const wanted = terms.map((term) => domainsWith(term, places, leaving, meetsAll));
  // Pods that were not read may be what is asked for.
  const unread = places.filter((place) => !place.roomKnown && !place.isTarget);
  const perhaps = wanted.map((domains) => new Set(unread.map((place) => domains.valueAt(place))));
  // The first pod of a group that wants to be together may run anywhere where the keys exist.
  const isFirst = wanted.every((domains) => domains.isEmpty) && meetsAll(pod);
  return (place) =>
    wanted.every((domains, index) => {
      const value = domains.valueAt(place);
      return value !== undefined && (isFirst || domains.at(place) !== undefined || perhaps[index]?.has(value));
    });
}

/** Whether a term of `from` speaks of `other`. Without namespaces it means those of its own pod. */
function selects(term: PodAffinityTerm, from: Pod, other: Pod): boolean {
  if (!isReadable(term)) return false;
  const everywhere = term.namespaceSelector !== undefined;
  const namespaces = term.namespaces.length > 0 ? term.namespaces : [from.metadata.namespace];
  if (!everywhere && !namespaces.includes(other.metadata.namespace)) return false;
  return matchesSelector(other.metadata.labels, term.labelSelector);
}

/** An empty namespaceSelector means all namespaces; any other needs the labels of namespaces. */
function isReadable({ namespaceSelector: selector }: PodAffinityTerm): boolean {
  if (selector === undefined) return true;
  return Object.keys(selector.matchLabels).length === 0 && selector.matchExpressions.length === 0;
}
