/** Required affinity and anti-affinity between pods, as kube-scheduler's filter plugin InterPodAffinity has them. */
import { matchesSelector } from "../../model/selectors.ts";
import type { KubeObject } from "../store.ts";
import { namespaces, nodes } from "./keys.ts";
import { type Misfit, resolvable, unresolvable } from "./misfit.ts";
import { isFinished } from "./objects.ts";
import type { World } from "./world.ts";

type Selector = Parameters<typeof matchesSelector>[1];

interface Term {
  readonly labelSelector?: Selector;
  readonly topologyKey: string;
  readonly namespaces?: readonly string[];
  readonly namespaceSelector?: Selector;
}

/** Why the pod may not run on the node because of pods that are there, or are not. */
export function affinityMisfits(world: World, pod: KubeObject, node: KubeObject): Misfit[] {
  const wanted = termsOf(pod, "podAffinity");
  // Pods that are missing cannot be made by removing others.
  if (wanted.length > 0 && !isNearWanted(world, pod, node, wanted))
    return unresolvable("node(s) didn't match pod affinity rules");
  for (const term of termsOf(pod, "podAntiAffinity")) {
    const near = podsNear(world, node, term.topologyKey);
    if (near.some((other) => speaksOf(world, term, pod, other)))
      return resolvable("node(s) didn't match pod anti-affinity rules");
  }
  return isRepelled(world, pod, node) ? resolvable("node(s) didn't satisfy existing pods anti-affinity rules") : [];
}

function termsOf(pod: KubeObject, kind: "podAffinity" | "podAntiAffinity"): Term[] {
  return pod.spec.affinity?.[kind]?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
}

/** The pods that are wanted near must match all terms; where none is to be found, a pod of their kind may be the first. */
function isNearWanted(world: World, pod: KubeObject, node: KubeObject, terms: readonly Term[]): boolean {
  if (terms.some((term) => node.metadata.labels?.[term.topologyKey] === undefined)) return false;
  const matchesAll = (other: KubeObject) => terms.every((term) => speaksOf(world, term, pod, other));
  if (terms.every((term) => podsNear(world, node, term.topologyKey).some(matchesAll))) return true;
  return matchesAll(pod) && !world.store.list(nodes).some((other) => counts(world, other, terms, matchesAll));
}

function counts(world: World, node: KubeObject, terms: readonly Term[], matches: (pod: KubeObject) => boolean) {
  return (
    terms.some((term) => node.metadata.labels?.[term.topologyKey] !== undefined) && podsOf(world, node).some(matches)
  );
}

function isRepelled(world: World, pod: KubeObject, node: KubeObject): boolean {
  return world.store.list(nodes).some((place) =>
    podsOf(world, place).some((other) =>
      termsOf(other, "podAntiAffinity").some((term) => {
        const domain = place.metadata.labels?.[term.topologyKey];
        const isNear = domain !== undefined && domain === node.metadata.labels?.[term.topologyKey];
        return isNear && speaksOf(world, term, other, pod);
      }),
    ),
  );
}

/** Whether a term of `holder` selects `other`. Without namespaces it means those of its own pod. */
function speaksOf(world: World, term: Term, holder: KubeObject, other: KubeObject): boolean {
  return inNamespaces(world, term, holder, other) && matchesSelector(other.metadata.labels, term.labelSelector);
}

function inNamespaces(world: World, term: Term, holder: KubeObject, { metadata }: KubeObject): boolean {
  const { namespaces: named = [], namespaceSelector } = term;
  if (named.length === 0 && namespaceSelector === undefined) return metadata.namespace === holder.metadata.namespace;
  if (named.includes(metadata.namespace ?? "")) return true;
  const labels = world.store.get(namespaces, undefined, metadata.namespace ?? "")?.metadata.labels;
  return namespaceSelector !== undefined && matchesSelector(labels, namespaceSelector);
}

/** The unfinished pods in the node's topology domain. */
function podsNear(world: World, node: KubeObject, topologyKey: string): KubeObject[] {
  const domain = node.metadata.labels?.[topologyKey];
  if (domain === undefined) return [];
  const places = world.store.list(nodes).filter((other) => other.metadata.labels?.[topologyKey] === domain);
  return places.flatMap((place) => podsOf(world, place));
}

function podsOf(world: World, node: KubeObject): KubeObject[] {
  return world.podsOn.get(node.metadata.name).filter((pod) => !isFinished(pod));
}
