/** Preemption: the pods that the scheduler removes for one of a higher priority that fits nowhere (scheduler plugin DefaultPreemption). */
import type { Pod } from "../model/kubernetes.ts";
import { type Arrival, fits, isClosed, podRules } from "./fitting.ts";
import { copyOf, demandOf, occupy, type Place, shortageFor, vacate } from "./room.ts";

/**
 * The node where those that must make way matter least, and these pods, as few as are needed; undefined where there is none.
 * Those of `arriving` are there in thought only, and stay.
 */
export function makeWay(
  arrival: Arrival,
  places: readonly Place[],
  arriving: ReadonlySet<Pod>,
): { readonly place: Place; readonly victims: readonly Pod[] } | undefined {
  const { pod, source } = arrival;
  if (pod.spec.neverPreempts === true) return undefined;
  const trials = places.flatMap((place) => {
    if (place.node.metadata.name === source) return [];
    const lower = [...place.pods].filter((other) => priorityOf(other) < priorityOf(pod) && !arriving.has(other));
    const price = priceOf(pod, place, lower.sort(byPriority));
    return price === undefined || isClosed(arrival, place) ? [] : [{ place, places, lower, price }];
  });
  for (const trial of trials.sort((left, right) => left.price - right.price)) {
    const victims = victimsOn(arrival, trial);
    if (victims.length > 0) return { place: trial.place, victims };
  }
  return undefined;
}

/**
 * The priority of the most important that must go at least, as the first shortage tells, which is cheap to count, while the rules look
 * at the pods of all nodes; undefined where the going of all is not enough.
 */
function priceOf(pod: Pod, place: Place, lower: readonly Pod[]): number | undefined {
  const { resource = "", needed = 0, free = 0 } = shortageFor(place, pod) ?? {};
  let room = free;
  for (const other of lower) {
    room += demandOf(other).get(resource) ?? 0;
    if (room >= needed) return priorityOf(other);
  }
  return undefined;
}

function byPriority(left: Pod, right: Pod): number {
  return priorityOf(left) - priorityOf(right);
}

interface Trial {
  readonly place: Place;
  readonly places: readonly Place[];
  /** The pods there of lower priority, the lowest first. */
  readonly lower: readonly Pod[];
}

/** First all of them go, then each that need not go is spared, those of the highest priority first. */
function victimsOn(arrival: Arrival, { place, places, lower }: Trial): Pod[] {
  const trial = copyOf(place);
  const all = places.map((other) => (other === place ? trial : other));
  const takesIt = () => fits(arrival, trial, podRules(arrival, { all, repelling: all })) === true;
  for (const pod of lower) vacate(trial, pod);
  if (!takesIt()) return [];
  return lower.toReversed().filter((pod) => {
    occupy(trial, pod);
    if (takesIt()) return false;
    vacate(trial, pod);
    return true;
  });
}

/** The greater, the more important. */
export function priorityOf({ spec }: Pod): number {
  return spec.priority ?? 0;
}
