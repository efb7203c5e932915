/** The fleet that is measured: VMIs of the size that they have in real clusters, so that what a list costs is not flattered or made worse. */
import { type FleetSize, fleet } from "../lib/practice/scenarios/fleet.ts";
import type { Scenario } from "../lib/practice/scenarios/scenario.ts";

/** The scenario fleet; labels fill its VMIs, of which managedFields then are a third, up to the 11 KB that VMIs of real clusters have. */
export function fleetOfFullSize(size: FleetSize): Scenario {
  const scenario = fleet(size);
  const labels = Object.fromEntries(
    Array.from({ length: 36 }, (_none, index) => [`bench.example.com/some-label-of-the-team-${index}`, "x".repeat(60)]),
  );
  return { ...scenario, machines: scenario.machines.map((machine) => ({ ...machine, labels })) };
}
