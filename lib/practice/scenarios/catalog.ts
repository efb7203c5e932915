/** The scenarios by name. */
import { crash } from "./crash.ts";
import { type FleetSize, fleet } from "./fleet.ts";
import { maintenance } from "./maintenance.ts";
import { quiet } from "./quiet.ts";
import type { Scenario } from "./scenario.ts";
import { trouble } from "./trouble.ts";

const written: readonly Scenario[] = [maintenance, quiet, trouble, crash];

/** Every scenario, for help and lists. */
export function allScenarios(): readonly Scenario[] {
  return [...written, fleet()];
}

/** The scenario of that name; the size matters to `fleet` only. Undefined when there is none. */
export function findScenario(name: string, size: FleetSize = {}): Scenario | undefined {
  return name === "fleet" ? fleet(size) : written.find((scenario) => scenario.name === name);
}
