/** Preemption: the pods that the scheduler removes for one of a higher priority that fits nowhere (scheduler plugin DefaultPreemption). */
import type { Pod } from "../model/kubernetes.ts";
import { type Arrival, fits, isClosed, podRules } from "./fitting.ts";
import { copyOf, demandOf, occupy, type Place, shortageFor, vacate } from "./room.ts";

/**
 * The first node where it helps that pods make way, and those pods, as few as are needed; undefined where there is none.
 * Those of `arriving` are there in thought only, and stay.
 */
export function makeWay(
  arrival: Arrival,
  places: readonly Place[],
  arriving: ReadonlySet<Pod>,
): { readonly place: Place; readonly victims: readonly Pod[] } | undefined {
  const { pod, source } = arrival;
  if (pod.spec.neverPreempts === true) return undefined;
  for (const place of places) {
    if (place.node.metadata.name === source) continue;
    const lower = [...place.pods].filter((other) => priorityOf(other) < priorityOf(pod) && !arriving.has(other));
    if (lower.length === 0 || !isEnough(pod, place, lower) || isClosed(arrival, place)) continue;
    const victims = victimsOn(arrival, { place, places, lower });
    if (victims.length > 0) return { place, victims };
  }
  return undefined;
}

/** Whether their going could end the first shortage: counting is cheap, while the rules look at the pods of all nodes. */
function isEnough(pod: Pod, place: Place, lower: readonly Pod[]): boolean {
  const shortage = shortageFor(place, pod);
  if (shortage === undefined) return true;
  const { resource, needed, free } = shortage;
  return lower.reduce((sum, other) => sum + (demandOf(other).get(resource) ?? 0), free) >= needed;
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

/** The greater, the more important. */
export function priorityOf({ spec }: Pod): number {
  return spec.priority ?? 0;
}
