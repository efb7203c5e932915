/** What runs in a cluster beside VMs: Deployments, DaemonSets, static pods; and budgets. */
import { mirrorPodAnnotation } from "../../platform/names.ts";
import { budgets, daemonSets, deployments, managers, namespaces, nodes, pods } from "../kubernetes/keys.ts";
import { createCompleted } from "../kubernetes/new-objects.ts";
import type { World } from "../kubernetes/world.ts";
import type { NewObject, ResourceKey } from "../store.ts";
import type { ApplicationRow, BudgetRow } from "./scenario.ts";

const administrator = { manager: "kubectl-client-side-apply" };

function make(world: World, key: ResourceKey, object: NewObject, who = administrator): void {
  createCompleted(world.store, key, object, who);
}

/** Makes the namespace unless it is there. */
export function addNamespace(world: World, name: string): void {
  if (world.store.get(namespaces, undefined, name) === undefined) make(world, namespaces, { metadata: { name } });
}

/** A Deployment, with a replica for each node of the row, or a DaemonSet. */
export function addApplication(world: World, row: ApplicationRow): void {
  const labels = { app: row.name };
  const { namespace, name } = row;
  const metadata = { namespace, name, labels };
  const scratch = { volumes: [{ name: "cache", emptyDir: {} }] };
  const resources = { requests: { cpu: "100m", memory: row.memory ?? "128Mi" } };
  const template = {
    metadata: { labels },
    spec: { containers: [{ name, image: row.image, resources }], ...(row.emptyDir ? scratch : {}) },
  };
  const selector = { matchLabels: labels };
  if (row.kind === "DaemonSet") make(world, daemonSets, { metadata, spec: { selector, template } });
  else make(world, deployments, { metadata, spec: { replicas: row.nodes?.length ?? 1, selector, template } });
}

/** The mirror of a pod that a kubelet runs from a file on its host. */
export function addStaticPod(world: World, { name, node }: { name: string; node: string }): void {
  const owner = world.store.get(nodes, undefined, node);
  const hash = "4d1f0a7be9c3";
  make(
    world,
    pods,
    {
      metadata: {
        namespace: "kube-system",
        name: `${name}-${node}`,
        labels: { component: name, tier: "node" },
        annotations: {
          [mirrorPodAnnotation]: hash,
          "kubernetes.io/config.hash": hash,
          "kubernetes.io/config.source": "file",
        },
        ownerReferences: [
          { apiVersion: "v1", kind: "Node", name: node, uid: owner?.metadata.uid ?? "", controller: true },
        ],
      },
      spec: {
        nodeName: node,
        hostNetwork: true,
        containers: [{ name, image: `registry.k8s.io/${name}:v3.2.6`, resources: { requests: { cpu: "50m" } } }],
        priorityClassName: "system-node-critical",
        priority: 2_000_001_000,
        tolerations: [{ operator: "Exists", effect: "NoExecute" }],
      },
    },
    managers.kubelet,
  );
}

/** A PodDisruptionBudget as the row says. */
export function addBudget(world: World, row: BudgetRow): void {
  const { minAvailable, maxUnavailable } = row;
  make(world, budgets, {
    metadata: { namespace: row.namespace, name: row.name },
    spec: {
      ...(minAvailable === undefined ? {} : { minAvailable }),
      ...(maxUnavailable === undefined ? {} : { maxUnavailable }),
      selector: { matchLabels: { ...row.selects } },
    },
  });
}
