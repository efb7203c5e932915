/** A practice cluster without a server whose time is moved by hand: for tests of its controllers. */

import type { AdmissionAnswer } from "../../../lib/practice/api/admission.ts";
import { openScenario } from "../../../lib/practice/assemble.ts";
import { conditionOf } from "../../../lib/practice/kubernetes/conditions.ts";
import type { Host } from "../../../lib/practice/kubernetes/hosts.ts";
import {
  attachments,
  budgets,
  events,
  instances,
  migrations,
  nodes,
  pods,
  virtualMachines,
} from "../../../lib/practice/kubernetes/keys.ts";
import { currentPod } from "../../../lib/practice/kubevirt/instance.ts";
import { create } from "../../../lib/practice/kubevirt/writes.ts";
import type { MachineRow, NodeRow, Scenario } from "../../../lib/practice/scenarios/scenario.ts";
import type { KubeObject, NewObject, ResourceKey } from "../../../lib/practice/store.ts";

const noon = new Date("2026-08-22T12:00:00Z");
const user = { manager: "kubectl", user: "alice" };

export type SmallCluster = ReturnType<typeof openCluster>;

/** Three nodes unless the scenario says otherwise; VMs are there and running. */
export function openCluster(scenario: Partial<Scenario> = {}, version = "v1.9.0") {
  const bugs: unknown[] = [];
  const full: Scenario = {
    name: "test",
    summary: "",
    notes: [],
    nodes: ["n1", "n2", "n3"].map((name) => node(name)),
    machines: [],
    ...scenario,
  };
  const opened = openScenario({ scenario: full, version, now: noon, onBug: (error) => bugs.push(error) });
  const { world, virt, faults, clock } = opened;
  const { store } = world;
  const find = (key: ResourceKey, name: string): KubeObject | undefined => {
    const [first = "", second] = name.split("/");
    return second === undefined ? store.get(key, undefined, first) : store.get(key, first, second);
  };
  const must = (key: ResourceKey, name: string): KubeObject => {
    const found = find(key, name);
    if (found === undefined) throw new Error(`there is no ${key.resource} ${name}`);
    return found;
  };
  const hostOf = (name: string): Host => {
    const host = world.hosts.get(name);
    if (host === undefined) throw new Error(`there is no host ${name}`);
    return host;
  };
  return {
    world,
    virt,
    faults,
    store,
    /** Lets so many seconds pass. */
    run(seconds: number): void {
      clock.runUntil(new Date(clock.now().getTime() + seconds * 1000));
      if (bugs.length > 0) throw bugs[0];
    },
    find,
    node: (name: string) => must(nodes, name),
    vm: (name: string) => must(virtualMachines, name),
    vmi: (name: string) => must(instances, name),
    pod: (name: string) => must(pods, name),
    /** The pod in which the VMI runs. */
    launcher(name: string): KubeObject {
      const pod = currentPod(world, must(instances, name));
      if (pod === undefined) throw new Error(`VMI ${name} has no pod`);
      return pod;
    },
    migrationsOf: (name: string) => world.migrationsOf.get(name).sort(byCreation),
    /** The guests that really run on a host. */
    guestsOn: (name: string) => virt.guests.on(hostOf(name)),
    attachments: () => store.list(attachments).map((each) => each.spec.nodeName as string),
    budget: (name: string) => must(budgets, name),
    eventsOf(object: KubeObject): string[] {
      const about = store.list(events).filter((event) => event.involvedObject.uid === object.metadata.uid);
      return about.map((event) => `${event.reason}: ${event.message}`);
    },
    /** What KubeVirt's webhook says to an eviction. */
    evict(pod: KubeObject, extra: { dryRun?: boolean; body?: object } = {}): AdmissionAnswer {
      const { namespace, name } = pod.metadata;
      const body = { apiVersion: "policy/v1", kind: "Eviction", metadata: { namespace, name }, ...extra.body };
      return virt.admit({
        operation: "CREATE",
        key: pods,
        subresource: "eviction",
        namespace,
        name,
        object: body as unknown as KubeObject,
        dryRun: extra.dryRun ?? false,
        user: "alice",
        groups: [],
      });
    },
    deletePod(pod: KubeObject, gracePeriodSeconds?: number): void {
      store.delete(pods, pod.metadata.namespace, pod.metadata.name, { gracePeriodSeconds }, user);
    },
    /** Creates an object of KubeVirt's as a user, through its webhooks. */
    create: (key: ResourceKey, object: NewObject & { metadata: { namespace: string } }) =>
      create(world, virt.admit, key, object, user),
    migrate(name: string, selector?: Record<string, string>): KubeObject {
      const [namespace = "", vmiName] = name.split("/");
      const spec = { vmiName, ...(selector === undefined ? {} : { addedNodeSelector: selector }) };
      const object = { metadata: { namespace, generateName: "kubevirt-migrate-vm-" }, spec };
      return create(world, virt.admit, migrations, object, user);
    },
    change(key: ResourceKey, name: string, edit: (draft: KubeObject) => void): void {
      const { metadata } = must(key, name);
      store.modify(key, metadata.namespace, metadata.name, edit, user);
    },
    cordon(name: string): void {
      const edit = (draft: KubeObject): void => {
        draft.spec.unschedulable = true;
      };
      store.modify(nodes, undefined, name, edit, user);
    },
    taint(name: string, key: string, effect: string): void {
      const edit = (draft: KubeObject): void => {
        draft.spec.taints = [...(draft.spec.taints ?? []), { key, effect }];
      };
      store.modify(nodes, undefined, name, edit, user);
    },
  };
}

export function node(name: string, more: Partial<NodeRow> = {}): NodeRow {
  return { name, cpu: 16, memory: "64Gi", ...more };
}

/** A migratable VM that always runs, on n1. */
export function machine(name: string, more: Partial<MachineRow> = {}): MachineRow {
  return { name, namespace: "app", node: "n1", run: "Always", strategy: "LiveMigrate", disk: "shared", ...more };
}

/** A bare VMI: the row without a run strategy. */
export function bare(row: MachineRow): MachineRow {
  const { run: _run, ...rest } = row;
  return rest;
}

export function condition(object: KubeObject, type: string): string | undefined {
  const found = conditionOf(object, type);
  return found === undefined ? undefined : [found.status, found.reason].filter(Boolean).join(" ");
}

function byCreation(a: KubeObject, b: KubeObject): number {
  return a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1;
}
