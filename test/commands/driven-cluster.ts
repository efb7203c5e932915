/** A practice cluster in driven time, and commands that run on it: five minutes of migrations pass in a second, the same on every machine. */
import type { Connection } from "../../lib/kube/connection.ts";
import { manualClock } from "../../lib/practice/clock.ts";
import type { Scenario } from "../../lib/practice/scenarios/scenario.ts";
import { startCluster, type TestCluster } from "../practice-cluster.ts";
import type { Run, Scene } from "../unit/cmd/fake-world.ts";
import { DrivenTime } from "./driven-time.ts";
import type { Mortal } from "./mortal.ts";
import { runCommand } from "./run.ts";

export type Through = (connection: Connection) => Connection;

export interface DrivenCluster extends TestCluster {
  /** Runs a command to its end; `through` may change what its requests get as answers. */
  run(commandLine: string, scene?: Scene & { readonly through?: Through }): Promise<Run>;
  /** Runs a command until it dies; false when it came to its end. */
  runUntilDeath(commandLine: string, life: Mortal): Promise<boolean>;
  /** Lets time pass. */
  pass(ms: number): Promise<void>;
}

export async function startDrivenCluster(scenario: string | Scenario): Promise<DrivenCluster> {
  const clock = manualClock(new Date());
  const world = await startCluster(scenario, clock);
  const time = new DrivenTime(clock);
  return {
    ...world,
    run: (commandLine, { through = (connection: Connection) => connection, ...scene } = {}) =>
      time.run((driven) =>
        runCommand(commandLine, world.env, {
          ...scene,
          ...driven,
          through: (connection) => driven.through(through(connection)),
        }),
      ),
    runUntilDeath: (commandLine, life) =>
      time.run<boolean>(
        async (driven) => {
          await runCommand(commandLine, world.env, life.endanger(driven));
          return false;
        },
        { until: life.died.then(() => true) },
      ),
    pass: (ms) => time.pass(ms),
  };
}
