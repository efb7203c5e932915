/** Required affinity and anti-affinity between pods (scheduler plugin InterPodAffinity), on the nodes of the picture. */
import type { Pod, PodAffinityTerm } from "../model/kubernetes.ts";
import { matchesSelector } from "../model/selectors.ts";
import type { Place } from "./room.ts";

export interface AffinityQuestion {
  /** The pod that is to run at `place`. */
  readonly pod: Pod;
  readonly place: Place;
  readonly places: readonly Place[];
  /** The pod that ends before the new one starts, and so counts no longer. */
  readonly leaving?: Pod | undefined;
}

/** Why pods that are there, or are not, keep the pod from this node; undefined when they do not. */
export function affinityRefusal(question: AffinityQuestion): string | undefined {
  const { pod, place, places } = question;
  for (const term of pod.spec.affinity.requiredAntiPods) {
    const other = podInDomain(question, term, pod);
    if (other !== undefined) return `anti-affinity with pod ${other.metadata.namespace}/${other.metadata.name}`;
  }
  for (const term of pod.spec.affinity.requiredPods) {
    if (!isMet(question, term)) return "no pod near it that its affinity asks for";
  }
  for (const there of places) {
    for (const other of there.repelling) {
      if (other === question.leaving) continue;
      for (const term of other.spec.affinity.requiredAntiPods) {
        if (selects(term, other, pod) && sameDomain(term, there, place))
          return `pod ${other.metadata.namespace}/${other.metadata.name} does not tolerate it near (anti-affinity)`;
      }
    }
  }
  return undefined;
}

/** True when the pod has rules that cannot be worked out from the picture: namespaces are not read. */
export function hasUnreadableTerms(pod: Pod): boolean {
  const { requiredPods, requiredAntiPods } = pod.spec.affinity;
  return [...requiredPods, ...requiredAntiPods].some((term) => !isReadable(term));
}

function isMet(question: AffinityQuestion, term: PodAffinityTerm): boolean {
  if (!isReadable(term)) return true;
  if (podInDomain(question, term, question.pod) !== undefined) return true;
  // Pods that were not read may be what is asked for.
  if (question.places.some((there) => !there.roomKnown && !there.isTarget && sameDomain(term, there, question.place)))
    return true;
  // The first pod of a group that wants to be together may run anywhere where the key exists.
  const nowhere = question.places.every(
    (there) => !podsAt(question, there).some((o) => selects(term, question.pod, o)),
  );
  return (
    nowhere &&
    selects(term, question.pod, question.pod) &&
    question.place.node.metadata.labels[term.topologyKey] !== undefined
  );
}

function podInDomain(question: AffinityQuestion, term: PodAffinityTerm, from: Pod): Pod | undefined {
  if (!isReadable(term)) return undefined;
  for (const there of question.places) {
    if (!sameDomain(term, there, question.place)) continue;
    const found = podsAt(question, there).find((other) => selects(term, from, other));
    if (found !== undefined) return found;
  }
  return undefined;
}

function podsAt(question: AffinityQuestion, place: Place): Pod[] {
  return [...place.pods].filter((pod) => pod !== question.leaving);
}

function sameDomain(term: PodAffinityTerm, left: Place, right: Place): boolean {
  const domain = left.node.metadata.labels[term.topologyKey];
  return domain !== undefined && domain === right.node.metadata.labels[term.topologyKey];
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
