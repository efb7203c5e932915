/** The parts of a practice cluster put together, without a server: store, machines, and the controllers of Kubernetes and KubeVirt. */
import { type ClusterFaults, createFaults } from "./faults.ts";
import { addKubernetesControllers } from "./kubernetes/controllers.ts";
import { nodes } from "./kubernetes/keys.ts";
import { refuseOverQuota } from "./kubernetes/quota.ts";
import { eventLifetimeMs } from "./kubernetes/recorder.ts";
import { createWorld, type World } from "./kubernetes/world.ts";
import { addKubeVirtControllers, guestChanged, wakeHandler } from "./kubevirt/controllers.ts";
import { Guests } from "./kubevirt/guests.ts";
import { beat } from "./kubevirt/heartbeat.ts";
import { launcherImage } from "./kubevirt/install.ts";
import { handlerBehaviour, isHandler, isLauncher, launcherBehaviour } from "./kubevirt/launchers.ts";
import { releaseOf } from "./kubevirt/release.ts";
import { createVirt, type Virt } from "./kubevirt/virt.ts";
import { kubevirtAdmission } from "./kubevirt/webhooks.ts";
import { createStore } from "./memory-store.ts";
import { type PastClock, pastClock } from "./past-clock.ts";
import { loadScenario, pastOf, placementOf } from "./scenarios/load.ts";
import type { Scenario } from "./scenarios/scenario.ts";
import { createSwitches } from "./switches.ts";

export interface OpenedCluster {
  readonly world: World;
  readonly virt: Virt;
  readonly faults: ClusterFaults;
  readonly clock: PastClock;
}

/** The last part of a past with faults is played with leases, heartbeats and monitors at work. */
const livelyMs = 15 * 60_000;

/** Puts a cluster together and plays the scenario's past on it, up to `now`; the clock that comes with it stands there. */
export function openScenario(parts: {
  readonly scenario: Scenario;
  readonly version: string;
  readonly now: Date;
  readonly onBug: (error: unknown, where: string) => void;
}): OpenedCluster {
  const { scenario, version, now, onBug } = parts;
  const start = now.getTime() - pastOf(scenario);
  const clock = pastClock(new Date(start));
  const stage: Stage = { lively: false };
  const { world, virt, faults } = assemble({ clock, scenario, version, stage, now, onBug });
  const raiseCurtain = (): void => {
    stage.lively = true;
    world.loop.lookAt(nodes);
  };
  const hasFaults = scenario.past?.some((step) => "host" in step) === true;
  world.loop.start();
  clock.schedule(now.getTime() - (hasFaults ? livelyMs : 0) - start, raiseCurtain);
  loadScenario({ virt, clock, scenario }, now);
  return { world, virt, faults, clock };
}

/** `lively`: what repeats itself does so; before that a past of weeks is played, in which nothing would ever come to rest. */
interface Stage {
  lively: boolean;
}

function assemble(parts: {
  readonly clock: PastClock;
  readonly scenario: Scenario;
  readonly version: string;
  readonly stage: Stage;
  readonly now: Date;
  readonly onBug: (error: unknown, where: string) => void;
}): Omit<OpenedCluster, "clock"> {
  const { clock, scenario, stage } = parts;
  const release = releaseOf(parts.version);
  const place = placementOf(scenario);
  const world: World = createWorld({
    store: createStore({ clock, atCreation: refuseOverQuota }),
    clock,
    eventsSince: new Date(parts.now.getTime() - eventLifetimeMs),
    behaviourOf: (pod) => (isLauncher(pod) ? launcher : isHandler(pod) ? handler : undefined),
    placement: (pod) => (stage.lively ? undefined : place(pod)),
    every: (ms) => (stage.lively ? ms : undefined),
    onBug: parts.onBug,
  });
  const guests = new Guests(world, (guest) => guestChanged(world, guest));
  const launcher = launcherBehaviour(world, guests);
  const goodbye = (node: string): void => {
    const host = world.hosts.get(node);
    if (host?.powered && host.connected) beat(world, host, false);
  };
  const handler = handlerBehaviour(world, goodbye, (node) => wakeHandler(virt, node));
  const admit = kubevirtAdmission(world, release);
  const virt = createVirt({ world, guests, admit, release, launcherImage: launcherImage(release.version) });
  const { faults, broken } = createFaults(world);
  addKubernetesControllers(world, broken);
  addKubeVirtControllers(virt);
  world.loop.add(createSwitches(world, faults));
  return { world, virt, faults };
}
