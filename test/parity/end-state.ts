/** What a drain leaves behind, in words that are the same for two clusters whose pods have other names. */
import type { PracticeCluster } from "../../lib/practice/cluster.ts";
import type { KubeObject, ResourceKey } from "../../lib/practice/store.ts";

const pods: ResourceKey = { group: "", resource: "pods" };
const nodes: ResourceKey = { group: "", resource: "nodes" };
const machines: ResourceKey = { group: "kubevirt.io", resource: "virtualmachines" };
const instances: ResourceKey = { group: "kubevirt.io", resource: "virtualmachineinstances" };
const sets: ResourceKey = { group: "kubevirt.io", resource: "virtualmachineinstancereplicasets" };

export interface EndState {
  readonly cordoned: boolean;
  /** Unfinished pods on the node, as `namespace/name`. */
  readonly podsLeft: readonly string[];
  /** `namespace/name` of each VM: its status, and whether its VMI is still on the node. */
  readonly machines: Readonly<Record<string, string>>;
  /** The same of VMIs without a VM. */
  readonly instances: Readonly<Record<string, string>>;
  /** `namespace/name` of replica sets: how many VMIs are ready. */
  readonly replicaSets: Readonly<Record<string, number>>;
  readonly marks: readonly string[];
}

/** Names of the pods on a node that have ended. */
export function finishedPods({ store }: PracticeCluster, node: string): string[] {
  return store
    .list(pods)
    .filter(({ spec, status }) => spec?.nodeName === node && ["Succeeded", "Failed"].includes(status?.phase))
    .map(({ metadata }) => metadata.name);
}

/** What there is now. Finished launcher pods do not count: kubectl removes them, and we leave them to KubeVirt. */
export function endState({ store }: PracticeCluster, node: string): EndState {
  const vmis = store.list(instances);
  const onNode = (vmi: KubeObject | undefined): boolean => vmi?.status?.nodeName === node && !isFinal(vmi);
  const named = (objects: readonly KubeObject[], say: (object: KubeObject) => string): Record<string, string> =>
    Object.fromEntries(objects.map((object): [string, string] => [keyOf(object), say(object)]).sort());
  return {
    cordoned: store.get(nodes, undefined, node)?.spec?.unschedulable === true,
    podsLeft: store
      .list(pods)
      .filter(({ spec, status }) => spec?.nodeName === node && !["Succeeded", "Failed"].includes(status?.phase))
      .map(keyOf)
      .sort(),
    machines: named(store.list(machines), (vm) => {
      const vmi = store.get(instances, vm.metadata.namespace, vm.metadata.name);
      return `${vm.status?.printableStatus}${onNode(vmi) ? " there" : ""}`;
    }),
    instances: named(
      vmis.filter(({ metadata }) => metadata.ownerReferences === undefined),
      (vmi) => `${vmi.status?.phase}${onNode(vmi) ? " there" : ""}`,
    ),
    replicaSets: Object.fromEntries(store.list(sets).map((set) => [keyOf(set), set.status?.readyReplicas ?? 0])),
    marks: vmis.filter(({ status }) => status?.evacuationNodeName).map(keyOf),
  };
}

function isFinal({ status }: KubeObject): boolean {
  return status?.phase === "Succeeded" || status?.phase === "Failed";
}

function keyOf({ metadata }: KubeObject): string {
  return `${metadata.namespace}/${withoutSuffix(metadata.name)}`;
}

/** The name without the random part that controllers give it: of a pod, and of a replica set's member in it. */
function withoutSuffix(name: string): string {
  return name
    .replace(/-[bcdfghjklmnpqrstvwxz2456789]{5}$/, "")
    .replace(/-[0-9a-f]{8,10}$/, "")
    .replace(/(crawler)[bcdfghjklmnpqrstvwxz2456789]{5}$/, "$1");
}

/**
 * kubectl's lines about results, sorted, each once: kubectl says "evicting pod" again at every try. Pods of these names are left
 * out.
 */
export function resultLines(output: string, leftOut: readonly string[] = []): string[] {
  const results = [
    /^node\/\S+ (already )?(cordoned|drained)$/,
    /^(evicting pod) (\S+)$/,
    /^(pod)\/(\S+) (evicted|deleted|eviction failed)$/,
  ];
  const lines = output
    .split("\n")
    .filter((line) => results.some((pattern) => pattern.test(line)))
    .filter((line) => !leftOut.some((name) => line.includes(name)));
  const anonymous = lines.map((line) =>
    line
      .replace(/^(evicting pod )(\S+)$/, (_, verb, name) => verb + withoutSuffix(name))
      .replace(/^pod\/(\S+) /, (_, name) => `pod/${withoutSuffix(name)} `),
  );
  return [...new Set(anonymous)].sort();
}
