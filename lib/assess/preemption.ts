/** Preemption: the pods that the scheduler removes for one of a higher priority that fits nowhere (scheduler plugin DefaultPreemption). */
import { keyOf, type Pod } from "../model/kubernetes.ts";
import { type Arrival, fits, isClosed, podRules } from "./fitting.ts";
import { copyOf, occupy, type Place, vacate } from "./room.ts";

/**
 * `namespace/name` of the pods that make way on the first node where that helps, as few as are needed; empty where none does, and
 * for a migration, which is not begun where no node fits.
 */
export function victimsOf(arrival: Arrival, places: readonly Place[]): string[] {
  const { pod, source } = arrival;
  if (pod.spec.neverPreempts === true || arrival.leaving === undefined) return [];
  for (const place of places) {
    const lower = [...place.pods].filter((other) => priorityOf(other) < priorityOf(pod));
    if (place.node.metadata.name === source || lower.length === 0 || isClosed(arrival, place)) continue;
    const victims = victimsOn(arrival, { place, places, lower });
    if (victims.length > 0) return victims.map(({ metadata }) => keyOf(metadata)).sort();
  }
  return [];
}

interface Trial {
  readonly place: Place;
  readonly places: readonly Place[];
  /** The pods there of lower priority. */
  readonly lower: readonly Pod[];
}

/** First all of them go, then each that need not go is spared, those of the highest priority first. */
function victimsOn(arrival: Arrival, { place, places, lower }: Trial): Pod[] {
  const trial = copyOf(place);
  const all = places.map((other) => (other === place ? trial : other));
  const takesIt = () => fits(arrival, trial, podRules(arrival, { all, repelling: all })) === true;
  for (const pod of lower) vacate(trial, pod);
  if (!takesIt()) return [];
  const bySparing = [...lower].sort((left, right) => priorityOf(right) - priorityOf(left));
  return bySparing.filter((pod) => {
    occupy(trial, pod);
    if (takesIt()) return false;
    vacate(trial, pod);
    return true;
  });
}

function priorityOf({ spec }: Pod): number {
  return spec.priority ?? 0;
}
