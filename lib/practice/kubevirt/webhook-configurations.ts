/** virt-api's webhooks as objects of the cluster: what a client can read about them (pkg/virt-operator/resource/generate/components/webhooks.go). */
import { hotplugWebhook, launcherWebhook } from "../../platform/names.ts";
import type { NewObject, ResourceKey } from "../store.ts";
import { installNamespace } from "./names.ts";
import type { Release } from "./release.ts";

const group = "admissionregistration.k8s.io";
const validatingWebhooks: ResourceKey = { group, resource: "validatingwebhookconfigurations" };
const mutatingWebhooks: ResourceKey = { group, resource: "mutatingwebhookconfigurations" };

interface Rule {
  readonly name: string;
  readonly path: string;
  readonly operations: readonly string[];
  readonly resources: readonly string[];
}

const kinds = (name: string, path: string, operations: string[], ...resources: string[]): Rule => {
  return { name: `${name}.kubevirt.io`, path, operations, resources };
};

const mutating: readonly Rule[] = [
  kinds("virtualmachines-mutator", "/virtualmachines-mutate", ["CREATE", "UPDATE"], "virtualmachines"),
  kinds(
    "virtualmachineinstances-mutator",
    "/virtualmachineinstances-mutate",
    ["CREATE", "UPDATE"],
    "virtualmachineinstances",
  ),
  kinds("migrations-mutator", "/migration-mutate-create", ["CREATE"], "virtualmachineinstancemigrations"),
];

const validating: readonly Rule[] = [
  kinds(
    "virtualmachineinstances-create-validator",
    "/virtualmachineinstances-validate-create",
    ["CREATE"],
    "virtualmachineinstances",
  ),
  kinds(
    "virtualmachineinstances-update-validator",
    "/virtualmachineinstances-validate-update",
    ["UPDATE"],
    "virtualmachineinstances",
  ),
  kinds("virtualmachine-validator", "/virtualmachines-validate", ["CREATE", "UPDATE"], "virtualmachines"),
  kinds(
    "virtualmachinereplicaset-validator",
    "/virtualmachinereplicaset-validate",
    ["CREATE", "UPDATE"],
    "virtualmachineinstancereplicasets",
  ),
  kinds("migration-create-validator", "/migration-validate-create", ["CREATE"], "virtualmachineinstancemigrations"),
  kinds("migration-update-validator", "/migration-validate-update", ["UPDATE"], "virtualmachineinstancemigrations"),
  kinds(
    "kubevirt-crd-status-validator",
    "/status-validate",
    ["CREATE", "UPDATE"],
    "virtualmachines/status",
    "virtualmachineinstancereplicasets/status",
    "virtualmachineinstancemigrations/status",
  ),
];

/** The two configurations of a release. */
export function webhookConfigurations(release: Release): { key: ResourceKey; object: NewObject }[] {
  const evictions = [evictionWebhook(release, launcherWebhook, "only-vms", "virt-launcher")];
  if (release.guardsHotplugPods) {
    evictions.push(evictionWebhook(release, hotplugWebhook, "only-hotplug-pods", "hp-volume-"));
  }
  return [
    { key: validatingWebhooks, object: named("virt-api-validator", [...evictions, ...validating.map(webhook)]) },
    { key: mutatingWebhooks, object: named("virt-api-mutator", mutating.map(webhook)) },
  ];
}

function named(name: string, webhooks: object[]): NewObject {
  const labels = { "kubevirt.io": name, "app.kubernetes.io/managed-by": "virt-operator" };
  return { metadata: { name, labels }, webhooks };
}

function webhook({ name, path, operations, resources }: Rule): object {
  const rule = { apiGroups: ["kubevirt.io"], apiVersions: ["v1alpha3", "v1"], operations, resources, scope: "*" };
  return { ...common(name, path), failurePolicy: "Fail", rules: [rule], sideEffects: "None" };
}

function evictionWebhook(release: Release, name: string, condition: string, prefix: string): object {
  const rule = { apiGroups: [""], apiVersions: ["v1"], operations: ["*"], resources: ["pods/eviction"], scope: "*" };
  const expression = `object.metadata.name.startsWith("${prefix}")`;
  return {
    ...common(name, "/pod-eviction-validate"),
    failurePolicy: release.failsClosed ? "Fail" : "Ignore",
    ...(release.failsClosed ? { matchConditions: [{ name: condition, expression }] } : {}),
    rules: [rule],
    sideEffects: "NoneOnDryRun",
  };
}

function common(name: string, path: string): object {
  const service = { name: "virt-api", namespace: installNamespace, path, port: 443 };
  return {
    name,
    admissionReviewVersions: ["v1"],
    clientConfig: { service },
    matchPolicy: "Equivalent",
    namespaceSelector: {},
    objectSelector: {},
    timeoutSeconds: 10,
  };
}
