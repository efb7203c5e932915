/** Plays a scenario's past on the real controllers, so that the cluster opens with VMs that have run for days. */
import { parseGoDuration } from "../../model/duration.ts";
import { instances, migrations } from "../kubernetes/keys.ts";
import type { World } from "../kubernetes/world.ts";
import { interceptEviction } from "../kubevirt/eviction-interceptor.ts";
import { installKubeVirt } from "../kubevirt/install.ts";
import { currentPod } from "../kubevirt/instance.ts";
import type { Virt } from "../kubevirt/virt.ts";
import { create } from "../kubevirt/writes.ts";
import type { PastClock } from "../past-clock.ts";
import type { KubeObject } from "../store.ts";
import { addApplication, addBudget, addNamespace, addStaticPod } from "./applications.ts";
import { addCopies } from "./copies.ts";
import { addMachine, addMachineSet, addStorageClasses } from "./machines.ts";
import { addNode } from "./nodes.ts";
import type { CopyRow, MachineRow, PastStep, Scenario } from "./scenario.ts";

const defaultAge = "26h";
/** The cluster is this much older than the oldest thing in it. */
const leadMs = 3_600_000;
/** A VM that was started so long ago has come to rest. */
const settleMs = 300_000;
const pods = { group: "", resource: "pods" };

/** How far back a scenario's past reaches. */
export function pastOf(scenario: Scenario): number {
  const ages = [...scenario.machines, ...(scenario.replicaSets ?? [])].map((row) =>
    milliseconds(row.age ?? defaultAge),
  );
  const steps = (scenario.past ?? []).map((step) => milliseconds(step.ago));
  return Math.max(milliseconds(defaultAge), ...ages, ...steps) + leadMs;
}

/** Builds the scenario up to `now`; the clock stands at its beginning. */
export function loadScenario(
  { virt, clock, scenario }: { virt: Virt; clock: PastClock; scenario: Scenario },
  now: Date,
): void {
  const { world } = virt;
  const at = (agoMs: number): void => clock.runUntil(new Date(now.getTime() - agoMs));
  for (const name of ["default", "kube-node-lease", "kube-public", "kube-system"]) addNamespace(world, name);
  for (const row of scenario.nodes) addNode(world, row);
  addStorageClasses(world);
  const { configuration, virtApiReplicas } = scenario;
  installKubeVirt(world, {
    release: virt.release,
    ...(configuration === undefined ? {} : { configuration }),
    ...(virtApiReplicas === undefined ? {} : { virtApiReplicas }),
  });
  for (const namespace of namespacesOf(scenario)) addNamespace(world, namespace);
  for (const row of scenario.staticPods ?? []) addStaticPod(world, row);
  for (const row of scenario.applications ?? []) addApplication(world, row);
  for (const row of scenario.budgets ?? []) addBudget(world, row);
  // virt-api must answer before a VM can be created.
  clock.runUntil(new Date(clock.now().getTime() + 60_000));
  for (const { agoMs, act } of timeline(virt, scenario)) {
    at(agoMs);
    act();
  }
  at(0);
}

function namespacesOf(scenario: Scenario): Set<string> {
  const rows = [...scenario.machines, ...(scenario.replicaSets ?? []), ...(scenario.applications ?? [])];
  return new Set([...rows, ...(scenario.budgets ?? [])].map((row) => row.namespace));
}

function timeline(virt: Virt, scenario: Scenario): { agoMs: number; act: () => void }[] {
  const machines = scenario.machines.map((row) => ({ row, act: () => addMachine(virt, row) }));
  const sets = (scenario.replicaSets ?? []).map((row) => ({ row, act: () => addMachineSet(virt, row) }));
  const started = [...machines, ...sets].map(({ row, act }) => ({ agoMs: milliseconds(row.age ?? defaultAge), act }));
  const steps = (scenario.past ?? []).map((step) => ({ agoMs: milliseconds(step.ago), act: () => repeat(virt, step) }));
  const copies = (scenario.copies ?? []).map((row) => ({
    agoMs: milliseconds(originalOf(scenario, row).age ?? defaultAge) - settleMs,
    act: () => addCopies(virt, row),
  }));
  return [...started, ...copies, ...steps].sort((a, b) => b.agoMs - a.agoMs);
}

function originalOf(scenario: Scenario, { of }: CopyRow): MachineRow {
  const row = scenario.machines.find((machine) => `${machine.namespace}/${machine.name}` === of);
  if (row === undefined) throw new Error(`the scenario copies ${of}, which is not in its table`);
  return row;
}

function repeat(virt: Virt, step: PastStep): void {
  if ("host" in step) virt.world.hosts.change(step.host, step.fault);
  else if ("migrate" in step) migrate(virt, instanceNamed(virt, step.migrate), step.to);
  else if ("evict" in step) evict(virt, instanceNamed(virt, step.evict));
  else {
    const vmi = instanceNamed(virt, step.pause);
    const host = virt.world.hosts.get(vmi.status.nodeName);
    const guest = host && virt.guests.on(host).find((other) => other.vmi.metadata.uid === vmi.metadata.uid);
    if (guest !== undefined) virt.guests.pause(guest, true);
  }
}

function instanceNamed({ world }: Virt, key: string): KubeObject {
  const [namespace = "", name = ""] = key.split("/");
  const vmi = world.store.get(instances, namespace, name);
  if (vmi === undefined) throw new Error(`the scenario's past names ${key}, which does not run`);
  return vmi;
}

function migrate(virt: Virt, vmi: KubeObject, to: string | undefined): void {
  const object = {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstanceMigration",
    metadata: { namespace: vmi.metadata.namespace ?? "", generateName: "kubevirt-migrate-vm-" },
    spec: {
      vmiName: vmi.metadata.name,
      ...(to === undefined ? {} : { addedNodeSelector: { "kubernetes.io/hostname": to } }),
    },
  };
  create(virt.world, virt.admit, migrations, object, { manager: "virt-api", user: "kubernetes-admin" });
}

/** Somebody has tried to drain the VM's node. */
function evict(virt: Virt, vmi: KubeObject): void {
  const pod = currentPod(virt.world, vmi);
  if (pod === undefined) return;
  const { namespace = "", name } = pod.metadata;
  interceptEviction(virt.world, virt.release, {
    operation: "CREATE",
    key: pods,
    subresource: "eviction",
    namespace,
    name,
    object: { apiVersion: "policy/v1", kind: "Eviction", metadata: pod.metadata },
    dryRun: false,
    user: "kubernetes-admin",
    groups: [],
  });
}

/** Where the scheduler puts the scenario's pods while the past is played. */
export function placementOf(scenario: Scenario): World["placement"] {
  const machines = new Map(scenario.machines.map((row) => [`${row.namespace}/${row.name}`, row.node]));
  const turns = new Map<string, number>();
  const spread = (key: string, among: readonly string[]): string | undefined => {
    const turn = turns.get(key) ?? 0;
    turns.set(key, turn + 1);
    return among[turn % among.length];
  };
  return (pod) => {
    const { namespace, annotations, labels } = pod.metadata;
    const machine = machines.get(`${namespace}/${annotations?.["kubevirt.io/domain"]}`);
    if (machine !== undefined) return machine;
    const rows = [...(scenario.replicaSets ?? []), ...(scenario.applications ?? [])];
    const row = rows.find((each) => each.namespace === namespace && each.name === labels?.app);
    return row?.nodes === undefined ? undefined : spread(`${namespace}/${row.name}`, row.nodes);
  };
}

function milliseconds(text: string): number {
  const ms = parseGoDuration(text);
  if (ms === undefined) throw new Error(`"${text}" is no duration`);
  return ms;
}
