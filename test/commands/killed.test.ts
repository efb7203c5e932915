/** A drain that is killed at any moment, and then started again: the same end as if nothing had happened, and nothing done twice. */
import { beforeAll, expect, test } from "vitest";
import { maintenance } from "../../lib/practice/scenarios/maintenance.ts";
import { quiet } from "../../lib/practice/scenarios/quiet.ts";
import type { Scenario } from "../../lib/practice/scenarios/scenario.ts";
import { type EndState, endState } from "../parity/end-state.ts";
import { type DrivenCluster, startDrivenCluster } from "./driven-cluster.ts";
import { type Death, Mortal } from "./mortal.ts";

/** The scenario `maintenance` with what leaves the node in one way or another. */
const leaving: Scenario = {
  ...maintenance,
  name: "leaving",
  machines: maintenance.machines.filter(({ namespace }) => namespace === "shop" || namespace === "lab"),
  budgets: (maintenance.budgets ?? []).filter(({ namespace }) => namespace === "shop"),
  past: (maintenance.past ?? []).filter((step) => "migrate" in step && step.migrate.startsWith("shop/")),
};

const line = "drain worker-1 --yes --reason 'new fan'";
/** How an undisturbed drain ends. */
const undisturbed: Record<string, EndState> = {};
/** Writes of an undisturbed drain: the cordon, and one eviction for each VM. */
const writes: Record<string, number> = {};

/** How it stands when everything that goes on by itself has had its time. */
async function end(world: DrivenCluster): Promise<EndState> {
  await world.pass(3 * 60_000);
  return endState(world.cluster, "worker-1");
}

/** Real evictions that reached the server, by pod. */
function evictions({ cluster }: DrivenCluster): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { method, url } of cluster.requests) {
    const pod = method === "POST" && !url.includes("dryRun") && /\/pods\/([^/]+)\/eviction$/.exec(url)?.[1];
    if (pod) counts[pod] = (counts[pod] ?? 0) + 1;
  }
  return counts;
}

async function within<T>(scenario: Scenario, use: (world: DrivenCluster) => Promise<T>): Promise<T> {
  const world = await startDrivenCluster(scenario);
  try {
    return await use(world);
  } finally {
    await world.close();
  }
}

beforeAll(async () => {
  for (const scenario of [quiet, leaving]) {
    await within(scenario, async (world) => {
      const { code, stdout, stderr } = await world.run(line);
      expect(code, stdout + stderr).toBe(0);
      writes[scenario.name] = world.writes().length;
      undisturbed[scenario.name] = await end(world);
    });
  }
}, 120_000);

test("an undisturbed drain writes the cordon and one eviction for each VM", () => {
  expect(writes).toEqual({ quiet: 1 + 4, leaving: 1 + 15 });
});

/** The cordon, the first and the last eviction of the small drain; moments in the middle and at the end of the large one. */
const moments: { scenario: Scenario; death: Death }[] = [
  ...[1, 2, 5].map((write) => ({ scenario: quiet, write })),
  ...[4, 10, 16].map((write) => ({ scenario: leaving, write })),
].flatMap(({ scenario, write }) => [true, false].map((reached) => ({ scenario, death: { write, reached } })));

test.each(moments.map(({ scenario, death }) => ({ scenario, death, when: death.reached ? "after" : "before" })))(
  "$scenario.name, killed $when write $death.write",
  async ({ scenario, death }) => {
    await within(scenario, async (world) => {
      expect(await world.runUntilDeath(line, new Mortal(death))).toBe(true);
      const { code, stdout, stderr } = await world.run(line);
      expect(code, stdout + stderr).toBe(0);
      expect(await end(world)).toEqual(undisturbed[scenario.name]);
      expect(Object.values(evictions(world)).filter((count) => count > 1)).toEqual([]);
      const record = JSON.parse(world.node("worker-1").metadata.annotations?.["kubectl-vmnode/operation"] ?? "{}");
      expect(record).toMatchObject({ kind: "drain", reason: "new fan", cordonedByUs: true });
      expect(world.cluster.doubleRuns).toEqual([]);
    });
  },
);
