/** Many VMs out of one: copies the objects of a running VM, with names, UIDs and addresses of their own, and its guest. */
import { randomUUID } from "node:crypto";
import { instances, pods, virtualMachines } from "../kubernetes/keys.ts";
import { podAddress } from "../kubernetes/pod-status.ts";
import { currentPod } from "../kubevirt/instance.ts";
import type { Virt } from "../kubevirt/virt.ts";
import { nameSuffix } from "../lifecycle.ts";
import type { KubeObject } from "../store.ts";
import type { CopyRow } from "./scenario.ts";

/** Puts copies of a VM into the cluster as if each had been started by itself at the same moment. */
export function addCopies(virt: Virt, { of, machines }: CopyRow): void {
  const [namespace = "", name = ""] = of.split("/");
  const { store, loop } = virt.world;
  const vm = store.get(virtualMachines, namespace, name);
  const vmi = store.get(instances, namespace, name);
  const pod = vmi === undefined ? undefined : currentPod(virt.world, vmi);
  if (vm === undefined || vmi === undefined || pod === undefined)
    throw new Error(`${of} does not run, so it has no copies`);
  const original = particularsOf({ vm, vmi, pod });
  const molds = { vm: moldOf(vm, original), vmi: moldOf(vmi, original), pod: moldOf(pod, original) };
  loop.unattended(() => {
    for (const machine of machines) addCopy(virt, molds, machine);
  });
}

interface Original {
  readonly vm: KubeObject;
  readonly vmi: KubeObject;
  readonly pod: KubeObject;
}

/** What differs between two VMs of a kind, in the order in which it is looked for. */
interface Particulars {
  readonly podName: string;
  readonly name: string;
  readonly vmUid: string;
  readonly vmiUid: string;
  readonly podUid: string;
  /** Quoted: `worker-1` is also the beginning of `worker-10`. */
  readonly node: string;
  readonly address: string;
}

function particularsOf({ vm, vmi, pod }: Original): Particulars {
  return {
    podName: pod.metadata.name,
    name: vm.metadata.name,
    vmUid: vm.metadata.uid,
    vmiUid: vmi.metadata.uid,
    podUid: pod.metadata.uid,
    node: JSON.stringify(pod.spec.nodeName),
    address: JSON.stringify(pod.status.podIP),
  };
}

type Mold = (particulars: Particulars) => KubeObject;

/** A function that makes copies of an object: its text, cut once at everything that differs. */
function moldOf(object: KubeObject, original: Particulars): Mold {
  const fields = Object.keys(original) as (keyof Particulars)[];
  const pattern = new RegExp(fields.map((field) => original[field].replaceAll(".", "\\.")).join("|"), "g");
  const text = JSON.stringify(object);
  const fixed = text.split(pattern);
  const gaps = [...text.matchAll(pattern)].map(([found]) => fields.find((field) => original[field] === found));
  return (particulars) => {
    let copy = fixed[0] ?? "";
    for (const [index, field] of gaps.entries()) {
      if (field !== undefined) copy += particulars[field] + fixed[index + 1];
    }
    return JSON.parse(copy);
  };
}

function addCopy(
  virt: Virt,
  molds: Record<keyof Original, Mold>,
  { name, node }: { name: string; node: string },
): void {
  const host = virt.world.hosts.get(node);
  if (host === undefined) throw new Error(`there is no host ${node}`);
  const podUid = randomUUID();
  const particulars: Particulars = {
    podName: `virt-launcher-${name}-${nameSuffix()}`,
    name,
    vmUid: randomUUID(),
    vmiUid: randomUUID(),
    podUid,
    node: JSON.stringify(node),
    address: JSON.stringify(podAddress(podUid, node)),
  };
  const { store } = virt.world;
  store.restore(virtualMachines, molds.vm(particulars));
  const vmi = store.restore(instances, molds.vmi(particulars));
  const pod = store.restore(pods, molds.pod(particulars));
  host.pods.set(podUid, { pod, state: "running", startedAt: pod.status.startTime });
  virt.guests.adopt(host, vmi, podUid);
}
