/** What a drain of each node by itself would do, from one picture of many nodes: the wide columns of `list`. */
import type { Facts } from "../model/facts.ts";
import type { NodeOverview } from "../model/overview.ts";
import { formatBytes, parseQuantity } from "../model/quantity.ts";
import type { NodeVerdict, Outcome } from "../model/verdict.ts";
import { assessEach } from "./check.ts";

type Forecast = NonNullable<NodeOverview["drain"]>;

/**
 * A forecast for every target of the picture, by the node's name. Each node is judged as if it alone were drained, so that the
 * other targets can take its VMs. Pure.
 */
export function forecastEach(facts: Facts): ReadonlyMap<string, Forecast> {
  const roomKnown = [...new Set([...facts.roomKnown, ...facts.targets])];
  const forecasts = new Map<string, Forecast>();
  for (const node of assessEach({ ...facts, roomKnown }, { waived: new Set() })) {
    forecasts.set(node.name, forecastOf(node));
  }
  return forecasts;
}

function forecastOf({ verdict, vms }: NodeVerdict): Forecast {
  const outcomes: Partial<Record<Outcome, number>> = {};
  let memory = 0;
  for (const vm of vms) {
    outcomes[vm.outcome] = (outcomes[vm.outcome] ?? 0) + 1;
    memory += parseQuantity(vm.memory) ?? 0;
  }
  return { verdict, outcomes, memory: formatBytes(memory) };
}
