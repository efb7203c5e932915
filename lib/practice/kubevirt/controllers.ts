/** All controllers of KubeVirt, added to the control loop. */
import type { World } from "../kubernetes/world.ts";
import { createEvacuation } from "./evacuation.ts";
import type { Guest } from "./guests.ts";
import { createHandler, handlerReconciler } from "./handler.ts";
import { createMigrationHandler, migrationReconciler } from "./handler-migration.ts";
import { createHeartbeat, heartbeatReconciler } from "./heartbeat.ts";
import { createInstanceBudgets } from "./instance-budgets.ts";
import { Leader } from "./leader.ts";
import { createMigrationController } from "./migration-controller.ts";
import { createNodeController } from "./node-controller.ts";
import { createInstanceReplicaSets } from "./replica-set.ts";
import type { Virt } from "./virt.ts";
import { createVmController } from "./vm-controller.ts";
import { createVmiController } from "./vmi-controller.ts";

/** Adds the controllers; they work once the loop is started. */
export function addKubeVirtControllers(virt: Virt): void {
  const { world } = virt;
  const leader = new Leader(world);
  const controllers = [
    createVmController,
    createVmiController,
    createInstanceReplicaSets,
    createMigrationController,
    createEvacuation,
    createNodeController,
    ...(virt.release.budgetPerInstance ? [createInstanceBudgets] : []),
  ];
  // The heartbeat first: a cluster that opens must not look as if its nodes had been silent.
  world.loop.add(createHeartbeat(world));
  for (const make of controllers) world.loop.add(leader.leads(make(virt)));
  world.loop.add(createHandler(virt));
  world.loop.add(createMigrationHandler(virt));
  world.hosts.onChange((host) => wakeHandler(virt, host.name));
}

/** virt-handler looks at all VMIs of its node when it comes (back) to work. */
export function wakeHandler(virt: Virt, node: string): void {
  const { world } = virt;
  world.loop.enqueue(heartbeatReconciler, node);
  const host = world.hosts.get(node);
  const here = world.instancesOn.get(node).map((vmi) => `${vmi.metadata.namespace}/${vmi.metadata.name}`);
  const guests = host === undefined ? [] : virt.guests.on(host);
  for (const vmi of new Set([...here, ...guests.map((guest) => keyOfGuest(guest))])) wakeFor(world, node, vmi);
}

/** A domain has changed: its host's virt-handler looks at the VMI. */
export function guestChanged(world: World, guest: Guest): void {
  wakeFor(world, guest.host.name, keyOfGuest(guest));
}

function keyOfGuest(guest: Guest): string {
  return `${guest.vmi.metadata.namespace}/${guest.vmi.metadata.name}`;
}

function wakeFor(world: World, node: string, vmi: string): void {
  for (const reconciler of [handlerReconciler, migrationReconciler]) world.loop.enqueue(reconciler, `${node}|${vmi}`);
}
