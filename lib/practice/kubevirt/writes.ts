/** How KubeVirt's components write its own kinds: through the API server, whose webhooks need a virt-api that answers. */
import type { Admission, AdmissionRequest } from "../api/admission.ts";
import { cloneJson, sameJson } from "../fields.ts";
import { instances, virtualMachines } from "../kubernetes/keys.ts";
import { readyEndpoints } from "../kubernetes/services.ts";
import type { World } from "../kubernetes/world.ts";
import { failure, StoreError } from "../status.ts";
import type { KubeObject, NewObject, ResourceKey, Writer } from "../store.ts";
import { installNamespace } from "./names.ts";

const service = "virt-api";
let turn = 0;

/** Why virt-api does not answer a call to this path, in the words of kube-apiserver; undefined when it answers. */
export function virtApiSilence(world: World, path: string): string | undefined {
  const url = `https://${service}.${installNamespace}.svc:443${path}?timeout=10s`;
  const endpoints = readyEndpoints(world, installNamespace, service);
  if (endpoints.length === 0)
    return `failed to call webhook: Post "${url}": no endpoints available for service "${service}"`;
  const endpoint = endpoints[turn++ % endpoints.length];
  const host = world.hosts.get(endpoint?.node);
  if (host === undefined || (host.powered && host.connected)) return undefined;
  return `failed to call webhook: Post "${url}": context deadline exceeded`;
}

/** The error of a request whose webhook did not answer (apiserver `webhook.toStatusErr`, failurePolicy Fail). */
function webhookFailure(webhook: string, detail: string): StoreError {
  const message = `failed calling webhook "${webhook}": ${detail}`;
  const details = { causes: [{ message }] };
  return new StoreError(failure(500, `Internal error occurred: ${message}`, "InternalError", details));
}

const updateWebhooks: Readonly<Record<string, readonly [string, string]>> = {
  virtualmachines: ["virtualmachines-mutator.kubevirt.io", "/virtualmachines-mutate"],
  virtualmachineinstances: ["virtualmachineinstances-mutator.kubevirt.io", "/virtualmachineinstances-mutate"],
  virtualmachineinstancemigrations: ["migration-update-validator.kubevirt.io", "/migration-validate-update"],
};

function assertReachable(world: World, key: ResourceKey): void {
  const [webhook, path] = updateWebhooks[key.resource] ?? ["kubevirt-status-validator.kubevirt.io", "/status-validate"];
  const silence = virtApiSilence(world, path);
  if (silence !== undefined) throw webhookFailure(webhook, silence);
}

/** Changes an object of KubeVirt's if it is still the same one; throws when something would change and virt-api does not answer. */
export function modify(
  world: World,
  key: ResourceKey,
  object: KubeObject,
  change: (draft: KubeObject) => void,
  who: Writer,
): KubeObject | undefined {
  const { namespace, name, uid } = object.metadata;
  const current = world.store.get(key, namespace, name);
  if (current?.metadata.uid !== uid) return undefined;
  // Most reconciliations change nothing; finding that out must not cost as much as a write.
  const bare = withoutOwnership(current);
  const draft = cloneJson(bare);
  change(draft);
  if (sameJson(bare, draft)) return current;
  assertReachable(world, key);
  return world.store.update(key, draft, who);
}

function withoutOwnership(object: KubeObject): KubeObject {
  const { managedFields: _owners, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** Changes a VMI, which has no status subresource: everything is an update of the object itself. */
export function modifyInstance(
  world: World,
  vmi: KubeObject,
  change: (draft: KubeObject) => void,
  who: Writer,
): KubeObject | undefined {
  return modify(world, instances, vmi, change, who);
}

/** Changes a VirtualMachine likewise. */
export function modifyMachine(
  world: World,
  vm: KubeObject,
  change: (draft: KubeObject) => void,
  who: Writer,
): KubeObject | undefined {
  return modify(world, virtualMachines, vm, change, who);
}

/** Creates an object of KubeVirt's through its webhooks. */
export function create(
  world: World,
  admit: Admission,
  key: ResourceKey,
  object: NewObject & { metadata: { namespace: string } },
  who: Writer & { user: string },
): KubeObject {
  const request: AdmissionRequest = {
    operation: "CREATE",
    key,
    namespace: object.metadata.namespace,
    object: object as unknown as KubeObject,
    dryRun: false,
    user: who.user,
    groups: ["system:serviceaccounts", `system:serviceaccounts:${installNamespace}`, "system:authenticated"],
  };
  const answer = admit(request);
  if ("unreachable" in answer) throw webhookFailure(answer.webhook, answer.detail);
  if (!answer.allowed) throw new StoreError(failure(answer.code, answer.message, answer.reason));
  return world.store.create(key, answer.object ?? object, who);
}
