/** The practice cluster: store, controllers, scenario and API server put together. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ApiServer, type LoggedRequest, startApiServer } from "./api/server.ts";
import { type PracticeClock, startClock } from "./clock.ts";
import { type ClusterFaults, createFaults } from "./faults.ts";
import { addKubernetesControllers } from "./kubernetes/controllers.ts";
import { nodes } from "./kubernetes/keys.ts";
import { createWorld, type World } from "./kubernetes/world.ts";
import { addKubeVirtControllers, guestChanged, wakeHandler } from "./kubevirt/controllers.ts";
import { type DoubleRun, Guests } from "./kubevirt/guests.ts";
import { beat } from "./kubevirt/heartbeat.ts";
import { launcherImage } from "./kubevirt/install.ts";
import { handlerBehaviour, isHandler, isLauncher, launcherBehaviour } from "./kubevirt/launchers.ts";
import { virtApi } from "./kubevirt/subresources.ts";
import { createVirt, type Virt } from "./kubevirt/virt.ts";
import { kubevirtAdmission } from "./kubevirt/webhooks.ts";
import { type PastClock, pastClock } from "./past-clock.ts";
import { findScenario } from "./scenarios/catalog.ts";
import { loadScenario, pastOf, placementOf } from "./scenarios/load.ts";
import type { Scenario } from "./scenarios/scenario.ts";
import { createStore, type Store } from "./store.ts";

export interface PracticeOptions {
  /** A scenario, or the name of one; default `maintenance`. */
  readonly scenario?: string | Scenario;
  /** For `fleet`: how many nodes, and VMs on the first and on each other one. */
  readonly nodes?: number;
  readonly machines?: number;
  readonly machinesElsewhere?: number;
  /** Practice seconds per real second; default 1. */
  readonly speed?: number;
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
/** The last part of the past is played with leases, heartbeats and monitors at work. */
const livelyMs = 15 * 60_000;
const eventLifetimeMs = 3_600_000;

/** Starts a practice cluster whose scenario's past has already happened. Throws when there is no such scenario. */
export async function startPracticeCluster(options: PracticeOptions): Promise<PracticeCluster> {
  const scenario = chosenScenario(options);
  const now = new Date();
  const start = new Date(now.getTime() - pastOf(scenario));
  const clock = pastClock(start);
  const version = options.kubevirtVersion ?? defaultVersion;
  const cluster = assemble({
    clock,
    scenario,
    version,
    eventsSince: new Date(now.getTime() - eventLifetimeMs),
    options,
  });
  const { world, virt, live } = cluster;
  world.loop.start();
  const livelyFrom = new Date(now.getTime() - (scenario.past?.some((step) => "host" in step) ? livelyMs : 0));
  clock.schedule(livelyFrom.getTime() - start.getTime(), live);
  loadScenario({ virt, clock, scenario, version }, now);
  const ticking = startClock({ start: now, speed: options.speed ?? 1 });
  clock.goLive(ticking);
  const server = await startApiServer({
    store: world.store,
    clock,
    admission: virt.admit,
    aggregated: virtApi({ world, admit: virt.admit, guests: virt.guests, gitVersion: version }),
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
    faults: cluster.faults,
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

interface Assembled {
  readonly world: World;
  readonly virt: Virt;
  readonly faults: ClusterFaults;
  /** Ends the replay: from now on everything that repeats itself does. */
  readonly live: () => void;
}

function assemble(parts: {
  clock: PastClock;
  scenario: Scenario;
  version: string;
  eventsSince: Date;
  options: PracticeOptions;
}): Assembled {
  const { clock, scenario, version, eventsSince, options } = parts;
  let lively = false;
  const place = placementOf(scenario);
  const world: World = createWorld({
    store: createStore({ clock }),
    clock,
    eventsSince,
    behaviourOf: (pod) => (isLauncher(pod) ? launcher : isHandler(pod) ? handler : undefined),
    placement: (pod) => (opened ? undefined : place(pod)),
    every: (ms) => (lively ? ms : undefined),
    onBug: options.onBug ?? rethrowLater,
  });
  let opened = false;
  const guests = new Guests(world, (guest) => guestChanged(world, guest));
  const launcher = launcherBehaviour(world, guests);
  const handler = handlerBehaviour(
    world,
    (node) => goodbye(world, node),
    (node) => wakeHandler(virt, node),
  );
  const virt = createVirt({ world, guests, admit: kubevirtAdmission(world), launcherImage: launcherImage(version) });
  const { faults, broken } = createFaults(world);
  addKubernetesControllers(world, broken);
  addKubeVirtControllers(virt);
  const live = (): void => {
    lively = true;
    opened = true;
    world.loop.lookAt(nodes);
  };
  return { world, virt, faults, live };
}

function goodbye(world: World, node: string): void {
  const host = world.hosts.get(node);
  if (host?.powered && host.connected) beat(world, host, false);
}

/** A bug of the practice cluster must not hide behind a cluster that merely behaves oddly. */
function rethrowLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
