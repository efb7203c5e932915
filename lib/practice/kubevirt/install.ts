/** KubeVirt as virt-operator installs it: the KubeVirt CR, virt-api, virt-controller and virt-handler with services and budgets. */
import { appLabel, virtApiApp, virtControllerApp, virtHandlerApp } from "../../platform/names.ts";
import { rfc3339 } from "../clock.ts";
import {
  budgets,
  daemonSets,
  deployments,
  kubevirts,
  managers,
  namespaces,
  onStatus,
  services,
} from "../kubernetes/keys.ts";
import { createCompleted } from "../kubernetes/new-objects.ts";
import type { World } from "../kubernetes/world.ts";
import type { KubeObject, NewObject, ResourceKey } from "../store.ts";
import { installNamespace, kubevirtName } from "./names.ts";
import type { Release } from "./release.ts";
import { webhookConfigurations } from "./webhook-configurations.ts";

export interface KubeVirtInstallation {
  readonly release: Release;
  /** `spec.configuration` of the KubeVirt CR. */
  readonly configuration?: object;
  readonly virtApiReplicas?: number;
}

const writer = managers.virtOperator;

/** Where the launcher of that version is pulled from. */
export function launcherImage(version: string): string {
  return `quay.io/kubevirt/virt-launcher:${version}`;
}

/** Creates everything that belongs to KubeVirt; its pods start as any others. */
export function installKubeVirt(world: World, installation: KubeVirtInstallation): void {
  const { release } = installation;
  const make = (key: ResourceKey, object: NewObject): void => {
    createCompleted(world.store, key, object, writer);
  };
  make(namespaces, {
    metadata: { name: installNamespace, labels: { "pod-security.kubernetes.io/enforce": "privileged" } },
  });
  world.store.create(
    kubevirts,
    {
      metadata: { namespace: installNamespace, name: kubevirtName, finalizers: ["foregroundDeleteKubeVirt"] },
      spec: {
        certificateRotateStrategy: {},
        configuration: installation.configuration ?? {},
        customizeComponents: {},
        imagePullPolicy: "IfNotPresent",
        workloadUpdateStrategy: {},
      },
    },
    { manager: "kubectl-create" },
  );
  for (const component of [virtApiApp, virtControllerApp]) {
    const replicas = component === virtApiApp ? (installation.virtApiReplicas ?? 2) : 2;
    make(deployments, deployment(component, replicas, release.version));
    make(budgets, budget(component, replicas));
  }
  make(daemonSets, handlerSet(release.version));
  make(services, service());
  for (const { key, object } of webhookConfigurations(release)) make(key, object);
  reportDeployed(world, release.version);
}

function template(component: string, version: string) {
  return {
    metadata: { labels: { [appLabel]: component, "prometheus.kubevirt.io": "true" } },
    spec: {
      containers: [
        {
          name: component,
          image: `quay.io/kubevirt/${component}:${version}`,
          resources: { requests: { cpu: "5m", memory: component === virtHandlerApp ? "325Mi" : "500Mi" } },
        },
      ],
      priorityClassName: "kubevirt-cluster-critical",
      priority: 1_000_000_000,
      serviceAccountName: `kubevirt-${component === virtApiApp ? "apiserver" : component.slice("virt-".length)}`,
      tolerations: [{ key: "CriticalAddonsOnly", operator: "Exists" }],
    },
  };
}

function metadataOf(component: string) {
  return {
    namespace: installNamespace,
    name: component,
    labels: { [appLabel]: component, "app.kubernetes.io/managed-by": "virt-operator" },
  };
}

function deployment(component: string, replicas: number, version: string): NewObject {
  const { spec, metadata } = template(component, version);
  const own = { matchExpressions: [{ key: appLabel, operator: "In", values: [component] }] };
  const apart = { weight: 1, podAffinityTerm: { labelSelector: own, topologyKey: "kubernetes.io/hostname" } };
  const affinity = { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [apart] } };
  return {
    metadata: metadataOf(component),
    spec: {
      replicas,
      selector: { matchLabels: { [appLabel]: component } },
      template: { metadata, spec: { ...spec, affinity } },
    },
  };
}

function handlerSet(version: string): NewObject {
  const { spec, metadata } = template(virtHandlerApp, version);
  return {
    metadata: metadataOf(virtHandlerApp),
    spec: {
      selector: { matchLabels: { [appLabel]: virtHandlerApp } },
      template: { metadata, spec: { ...spec, nodeSelector: { "kubernetes.io/os": "linux" } } },
    },
  };
}

/** `<deployment>-pdb`: one replica may go at a time. */
function budget(component: string, replicas: number): NewObject {
  const name = `${component}-pdb`;
  return {
    metadata: { namespace: installNamespace, name, labels: { [appLabel]: name } },
    spec: { minAvailable: replicas - 1, selector: { matchLabels: { [appLabel]: component } } },
  };
}

function service(): NewObject {
  return {
    metadata: metadataOf(virtApiApp),
    spec: {
      clusterIP: "10.96.113.24",
      clusterIPs: ["10.96.113.24"],
      ports: [{ port: 443, targetPort: 8443 }],
      selector: { [appLabel]: virtApiApp },
    },
  };
}

function reportDeployed(world: World, version: string): void {
  const now = rfc3339(world.clock.now());
  const condition = (type: string, status: string, reason: string, message: string) => {
    return { type, status, reason, message, lastProbeTime: now, lastTransitionTime: now };
  };
  const change = (draft: KubeObject): void => {
    draft.status = {
      conditions: [
        condition("Available", "True", "AllComponentsReady", "All components are ready."),
        condition("Progressing", "False", "AllComponentsReady", "All components are ready."),
        condition("Degraded", "False", "AllComponentsReady", "All components are ready."),
        condition("Created", "True", "AllResourcesCreated", "All resources were created."),
      ],
      defaultArchitecture: "amd64",
      observedGeneration: draft.metadata.generation,
      observedKubeVirtRegistry: "quay.io/kubevirt",
      observedKubeVirtVersion: version,
      operatorVersion: version,
      outdatedVirtualMachineInstanceWorkloads: 0,
      phase: "Deployed",
      targetKubeVirtRegistry: "quay.io/kubevirt",
      targetKubeVirtVersion: version,
    };
  };
  world.store.modify(kubevirts, installNamespace, kubevirtName, change, onStatus(writer));
}
