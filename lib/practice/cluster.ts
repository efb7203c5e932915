/** The practice cluster: store, controllers, scenario and API server put together. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { aggregatedResources } from "./api/aggregation.ts";
import { type ApiServer, type LoggedRequest, startApiServer } from "./api/server.ts";
import { openScenario } from "./assemble.ts";
import { type PracticeClock, startClock } from "./clock.ts";
import type { ClusterFaults } from "./faults.ts";
import type { DoubleRun } from "./kubevirt/guests.ts";
import { virtApi } from "./kubevirt/subresources.ts";
import { findScenario } from "./scenarios/catalog.ts";
import type { Scenario } from "./scenarios/scenario.ts";
import type { Store } from "./store.ts";

export interface PracticeOptions {
  /** A scenario, or the name of one; default `maintenance`. */
  readonly scenario?: string | Scenario;
  /** For `fleet`: how many nodes, and VMs on the first and on each other one. */
  readonly nodes?: number;
  readonly machines?: number;
  readonly machinesElsewhere?: number;
  /** Practice seconds per real second; default 1. */
  readonly speed?: number;
  /** Time itself, for tests that move it by hand; default: a clock that runs at `speed` from now on. */
  readonly clock?: PracticeClock;
  /** Default: any free port. */
  readonly port?: number;
  /** Default `v1.9.0`. */
  readonly kubevirtVersion?: string;
  /** Where the kubeconfig file is written. */
  readonly workDirectory: string;
  /** Hears of faults in the practice cluster itself; default: they end the process as uncaught errors. */
  readonly onBug?: (error: unknown, where: string) => void;
}

export interface PracticeCluster {
  readonly scenario: Scenario;
  readonly kubeconfigPath: string;
  readonly kubeconfigYaml: string;
  readonly server: ApiServer;
  readonly store: Store;
  readonly clock: PracticeClock;
  /** Every request since the start, oldest first. */
  readonly requests: LoggedRequest[];
  readonly faults: ClusterFaults;
  /** Moments at which two guests of one VM were alive: must stay empty. */
  readonly doubleRuns: readonly DoubleRun[];
  close(): Promise<void>;
}

const defaultVersion = "v1.9.0";

/** Starts a practice cluster whose scenario's past has already happened. Throws when there is no such scenario or KubeVirt version. */
export async function startPracticeCluster(options: PracticeOptions): Promise<PracticeCluster> {
  const scenario = chosenScenario(options);
  const now = options.clock?.now() ?? new Date();
  const { world, virt, faults, clock } = openScenario({
    scenario,
    version: options.kubevirtVersion ?? defaultVersion,
    now,
    onBug: options.onBug ?? rethrowLater,
  });
  const { speed = 1 } = options;
  // While the cluster was being put together the machine's clock went on, which it is to agree with.
  if (options.clock === undefined && speed === 1) clock.runUntil(new Date());
  clock.goLive(options.clock ?? startClock({ start: clock.now(), speed }));
  const server = await startApiServer({
    store: world.store,
    clock,
    admission: virt.admit,
    aggregated: virtApi(virt),
    aggregatedResources: aggregatedResources.filter(
      (name) => virt.release.cancelsEvacuations || !name.endsWith("/evacuate/cancel"),
    ),
    ...(options.port === undefined ? {} : { port: options.port }),
  });
  const kubeconfigYaml = await server.kubeconfig();
  const kubeconfigPath = join(options.workDirectory, "kubeconfig");
  await mkdir(options.workDirectory, { recursive: true });
  await writeFile(kubeconfigPath, kubeconfigYaml, { mode: 0o600 });
  return {
    scenario,
    kubeconfigPath,
    kubeconfigYaml,
    server,
    store: world.store,
    clock,
    requests: server.requests,
    faults,
    doubleRuns: virt.guests.doubleRuns,
    async close() {
      world.loop.stop();
      await server.close();
    },
  };
}

function chosenScenario(options: PracticeOptions): Scenario {
  const { scenario = "maintenance", nodes, machines, machinesElsewhere } = options;
  if (typeof scenario !== "string") return scenario;
  const found = findScenario(scenario, {
    ...(nodes === undefined ? {} : { nodes }),
    ...(machines === undefined ? {} : { machines }),
    ...(machinesElsewhere === undefined ? {} : { machinesElsewhere }),
  });
  if (found === undefined) throw new Error(`there is no scenario "${scenario}"`);
  return found;
}

/** A bug of the practice cluster must not hide behind a cluster that merely behaves oddly. */
function rethrowLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
