/** Nodes as kubelet and virt-handler's node labeller describe themselves. */
import { architectureLabel, hostnameLabel } from "../../platform/names.ts";
import { managers, nodes } from "../kubernetes/keys.ts";
import { hostAddress } from "../kubernetes/pod-status.ts";
import type { World } from "../kubernetes/world.ts";
import type { KubeObject } from "../store.ts";
import type { NodeRow } from "./scenario.ts";

const kubernetesVersion = "v1.36.2";
export const gpuResource = "nvidia.com/GA102GL_A10";

/** A machine and the Node it registers. */
export function addNode(world: World, row: NodeRow): void {
  const host = world.hosts.add(row.name);
  const address = hostAddress(row.name);
  world.store.create(
    nodes,
    {
      metadata: {
        name: row.name,
        labels: {
          "beta.kubernetes.io/arch": "amd64",
          "beta.kubernetes.io/os": "linux",
          [architectureLabel]: "amd64",
          [hostnameLabel]: row.name,
          "kubernetes.io/os": "linux",
          "node-role.kubernetes.io/worker": "",
          ...(row.zone === undefined ? {} : { "topology.kubernetes.io/zone": row.zone }),
          ...row.labels,
        },
        annotations: {
          "node.alpha.kubernetes.io/ttl": "0",
          "volumes.kubernetes.io/controller-managed-attach-detach": "true",
        },
      },
      spec: {
        podCIDR: `10.244.${address.split(".")[3]}.0/24`,
        ...(row.taints === undefined ? {} : { taints: row.taints }),
      },
      status: {
        addresses: [
          { type: "InternalIP", address },
          { type: "Hostname", address: row.name },
        ],
        capacity: capacityOf(row, row.memory),
        allocatable: capacityOf(row, `${Number.parseInt(row.memory, 10) - 1}Gi`),
        daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
        nodeInfo: {
          architecture: "amd64",
          bootID: host.bootId,
          containerRuntimeVersion: "containerd://2.2.1",
          kernelVersion: "6.12.0-55.el10.x86_64",
          kubeProxyVersion: "",
          kubeletVersion: kubernetesVersion,
          machineID: host.bootId.replaceAll("-", ""),
          operatingSystem: "linux",
          osImage: "CentOS Stream 10 (Coughlan)",
          systemUUID: host.bootId,
        },
      },
    },
    managers.kubelet,
  );
  labelForVirtualMachines(world, row.name);
}

function capacityOf(row: NodeRow, memory: string): Record<string, string> {
  return {
    cpu: String(row.cpu),
    "devices.kubevirt.io/kvm": "1k",
    "devices.kubevirt.io/tun": "1k",
    "devices.kubevirt.io/vhost-net": "1k",
    "ephemeral-storage": "203056560Ki",
    "hugepages-1Gi": "0",
    "hugepages-2Mi": "0",
    memory,
    pods: "250",
    ...(row.gpus === undefined ? {} : { [gpuResource]: String(row.gpus) }),
  };
}

const models = ["Haswell-noTSX", "Broadwell-noTSX", "Skylake-Server-noTSX-IBRS", "Cascadelake-Server-noTSX"];
const features = ["aes", "apic", "avx", "avx2", "avx512f", "ssbd", "vmx"];
const hostModel = "Cascadelake-Server-noTSX";

/** What the node labeller finds out about the CPU (pkg/virt-handler/node-labeller). */
function labelForVirtualMachines(world: World, name: string): void {
  const labels: Record<string, string> = {
    "cpu-vendor.node.kubevirt.io/Intel": "true",
    [`host-model-cpu.node.kubevirt.io/${hostModel}`]: "true",
    "host-model-required-features.node.kubevirt.io/ssbd": "true",
    "hyperv.node.kubevirt.io/base": "true",
    "kubevirt.io/ksm-enabled": "false",
    "machine-type.node.kubevirt.io/q35": "true",
    "machine-type.node.kubevirt.io/pc-q35-rhel9.6.0": "true",
    "scheduling.node.kubevirt.io/tsc-frequency-2394454000": "true",
  };
  for (const model of models) {
    labels[`cpu-model.node.kubevirt.io/${model}`] = "true";
    labels[`cpu-model-migration.node.kubevirt.io/${model}`] = "true";
  }
  for (const feature of features) labels[`cpu-feature.node.kubevirt.io/${feature}`] = "true";
  const change = (draft: KubeObject): void => {
    draft.metadata.labels = { ...draft.metadata.labels, ...labels };
  };
  world.store.modify(nodes, undefined, name, change, managers.virtHandler);
}
