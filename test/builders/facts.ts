/** Builders of pictures of a cluster for tests: whole ones, of which a test changes what it is about. */
import type { Facts } from "../../lib/model/facts.ts";
import { aNode, now } from "./kubernetes.ts";
import { aKubeVirt, type aRunningVm } from "./kubevirt.ts";

/** A picture of three healthy nodes, worker-1 being the target, with KubeVirt 1.9 and virt-api on the other two. */
export function someFacts(fields: Partial<Facts> = {}): Facts {
  const kubevirt = "kubevirt" in fields ? fields.kubevirt : aKubeVirt();
  return {
    time: now,
    server: "https://cluster.example:6443",
    versions: { kubernetes: "v1.36.2", kubevirt: kubevirt?.observedVersion },
    targets: ["worker-1"],
    nodes: [aNode("worker-1"), aNode("worker-2"), aNode("worker-3")],
    pods: [],
    roomKnown: ["worker-2", "worker-3"],
    vmis: [],
    virtualMachines: [],
    migrations: [],
    runningMigrations: 0,
    budgets: [],
    claims: [],
    volumes: [],
    kubevirt,
    virtApiNodes: ["worker-2", "worker-3"],
    evacuateCancel: true,
    holders: [],
    dryRuns: {},
    gaps: [],
    ...fields,
  };
}

/** Puts VMs built with `aRunningVm` into a picture, before whatever else `fields` say. */
export function factsWith(vms: readonly ReturnType<typeof aRunningVm>[], fields: Partial<Facts> = {}): Facts {
  return someFacts({
    ...fields,
    vmis: [...vms.map((vm) => vm.vmi), ...(fields.vmis ?? [])],
    pods: [...vms.map((vm) => vm.pod), ...(fields.pods ?? [])],
    virtualMachines: [...vms.flatMap((vm) => vm.vm ?? []), ...(fields.virtualMachines ?? [])],
  });
}
