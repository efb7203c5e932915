/** The switches of the fire drill, thrown by kubectl: annotations of a Node, and of the KubeVirt object, that break parts of the cluster. */
import { parseGoDuration } from "../model/duration.ts";
import type { ClusterFaults } from "./faults.ts";
import type { Reconciler } from "./kubernetes/control-loop.ts";
import type { HostFault } from "./kubernetes/hosts.ts";
import { isOf, keyOf, kubevirts, nodes, splitKey } from "./kubernetes/keys.ts";
import type { World } from "./kubernetes/world.ts";
import type { KubeObject } from "./store.ts";

/** Every switch is `practice.vmnode/<name>`; taken off it is on again. */
export const switchPrefix = "practice.vmnode/";

interface Switch {
  readonly name: string;
  /** What stands in a list of the switches. */
  readonly values: string;
  readonly about: string;
}

/** The switches of a Node. */
export const nodeSwitches: readonly Switch[] = [
  { name: "power", values: "off|on", about: "the host with everything on it; switched on again it boots anew" },
  { name: "network", values: "cut|on", about: "the host's way to the API server; its VMs go on" },
  { name: "kubelet", values: "off|on", about: "the kubelet alone; virt-handler and the VMs go on" },
  { name: "virt-handler", values: "off|on", about: "virt-handler alone; kubelet and VMs go on" },
  { name: "clock", values: "+10m|-10m|on", about: "how far the host's clock is wrong" },
];

/** The switch of the KubeVirt object. */
export const virtApiSwitch: Switch = {
  name: "virt-api",
  values: "off|on",
  about: "all virt-api pods: KubeVirt's webhooks",
};

/** Brings the hosts to what the annotations say. Acts on changes alone: what a scenario has broken stays so until it is switched. */
export function createSwitches(world: World, faults: ClusterFaults): Reconciler {
  /** By key of the object and name of the switch. */
  const thrown = new Map<string, string>();
  const turn = (object: KubeObject, name: string, act: (value: string) => boolean): void => {
    const id = `${keyOf(object)} ${name}`;
    const value = object.metadata.annotations?.[switchPrefix + name];
    if (value === thrown.get(id)) return;
    if (value === undefined) thrown.delete(id);
    else thrown.set(id, value);
    const known = act(value ?? "on");
    world.record(object, {
      type: known ? "Normal" : "Warning",
      reason: known ? "PracticeSwitch" : "UnknownPracticeSwitch",
      message: known ? `${name} is ${value ?? "on"} now` : `${switchPrefix}${name}=${value} is not understood`,
      from: "practice",
    });
  };
  return {
    name: "practice-switches",
    *touches({ type, key, object }) {
      if (type !== "DELETED" && (isOf(key, nodes) || isOf(key, kubevirts))) yield `${key.resource}|${keyOf(object)}`;
    },
    reconcile(key) {
      const [resource, of = ""] = key.split("|");
      const { namespace, name } = splitKey(of);
      if (resource === kubevirts.resource) {
        const kubevirt = world.store.get(kubevirts, namespace, name);
        if (kubevirt !== undefined) turn(kubevirt, virtApiSwitch.name, (value) => switchVirtApi(faults, value));
        return undefined;
      }
      const node = world.store.get(nodes, undefined, name);
      if (node === undefined || world.hosts.get(name) === undefined) return undefined;
      for (const one of nodeSwitches)
        turn(node, one.name, (value) => {
          const fault = hostFault(one.name, value);
          if (fault !== undefined) world.hosts.change(name, fault);
          return fault !== undefined;
        });
      return undefined;
    },
  };
}

function switchVirtApi(faults: ClusterFaults, value: string): boolean {
  if (value === "off") faults.stopVirtApi();
  else if (value === "on") faults.startVirtApi();
  else return false;
  return true;
}

/** What a switch does to the host; undefined for a value that it does not have. */
function hostFault(name: string, value: string): HostFault | undefined {
  if (name === "clock") {
    const ms = value === "on" ? 0 : parseGoDuration(value);
    return ms === undefined ? undefined : { clockSkewMs: ms };
  }
  const off = name === "network" ? "cut" : "off";
  if (value !== "on" && value !== off) return undefined;
  const works = value === "on";
  if (name === "power") return { powered: works };
  if (name === "network") return { connected: works };
  return name === "kubelet" ? { kubelet: works } : { handler: works };
}
