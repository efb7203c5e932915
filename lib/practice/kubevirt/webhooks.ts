/** virt-api's webhooks in front of KubeVirt's kinds: defaults, protected status and labels, and what may be migrated. */

import { vmiNameLabel } from "../../platform/names.ts";
import type { Admission, AdmissionAnswer, AdmissionRequest } from "../api/admission.ts";
import { cloneJson, sameJson } from "../fields.ts";
import { conditionOf } from "../kubernetes/conditions.ts";
import { instances, isOf, migrations, pods, virtualMachines } from "../kubernetes/keys.ts";
import { addFinalizer } from "../kubernetes/objects.ts";
import type { World } from "../kubernetes/world.ts";
import { invalid, type StoreError } from "../status.ts";
import type { KubeObject } from "../store.ts";
import { completeInstance, completeMachine } from "./defaults.ts";
import { interceptEviction } from "./eviction-interceptor.ts";
import { isFinal, isFinalMigration } from "./instance.ts";
import { accounts, migrationFinalizer, migrationTargetNodeLabel, outdatedImageLabel } from "./names.ts";
import type { Release } from "./release.ts";
import { virtApiSilence } from "./writes.ts";

const trusted: readonly string[] = Object.values(accounts);
const passed: AdmissionAnswer = { allowed: true };

/** The chain of KubeVirt's webhooks; requests that concern none of them pass. */
export function kubevirtAdmission(world: World, release: Release): Admission {
  return (request) => {
    if (isOf(request.key, pods)) {
      return request.subresource === "eviction" ? interceptEviction(world, release, request) : passed;
    }
    const webhook = webhooks.find(
      ({ key, operation, subresource }) =>
        isOf(request.key, key) && operation === request.operation && subresource === request.subresource,
    );
    if (webhook === undefined || request.object === undefined) return passed;
    const detail = virtApiSilence(world, webhook.path);
    if (detail !== undefined) return { unreachable: true, webhook: webhook.name, detail };
    return webhook.answer(world, request, request.object);
  };
}

interface Webhook {
  /** The name under which the server complains when it does not answer. */
  readonly name: string;
  readonly path: string;
  readonly key: typeof instances;
  readonly operation: AdmissionRequest["operation"];
  readonly subresource?: string;
  answer(world: World, request: AdmissionRequest, object: KubeObject): AdmissionAnswer;
}

const webhooks: readonly Webhook[] = [
  {
    name: "virtualmachines-mutator.kubevirt.io",
    path: "/virtualmachines-mutate",
    key: virtualMachines,
    operation: "CREATE",
    answer: (_world, _request, object) => admitMachine(object),
  },
  {
    name: "virtualmachines-mutator.kubevirt.io",
    path: "/virtualmachines-mutate",
    key: virtualMachines,
    operation: "UPDATE",
    answer: (_world, _request, object) => admitMachine(object),
  },
  {
    name: "virtualmachineinstances-mutator.kubevirt.io",
    path: "/virtualmachineinstances-mutate",
    key: instances,
    operation: "CREATE",
    answer: (world, _request, object) => admitNewInstance(world, object),
  },
  {
    name: "virtualmachineinstances-mutator.kubevirt.io",
    path: "/virtualmachineinstances-mutate",
    key: instances,
    operation: "UPDATE",
    answer: (_world, request, object) => admitInstanceUpdate(request, object),
  },
  {
    name: "migrations-mutator.kubevirt.io",
    path: "/migration-mutate-create",
    key: migrations,
    operation: "CREATE",
    answer: admitNewMigration,
  },
  {
    name: "migration-update-validator.kubevirt.io",
    path: "/migration-validate-update",
    key: migrations,
    operation: "UPDATE",
    answer: (_world, request, object) => admitMigrationUpdate(request, object),
  },
  ...[virtualMachines, migrations].map(
    (key): Webhook => ({
      name: "kubevirt-crd-status-validator.kubevirt.io",
      path: "/status-validate",
      key,
      operation: "UPDATE",
      subresource: "status",
      answer: () => passed,
    }),
  ),
];

/** Type of a field error, as `metav1.CauseType`. */
type FieldFault = "FieldValueInvalid" | "FieldValueRequired" | "FieldValueNotSupported" | "FieldValueForbidden";

/** Field errors become 422 Invalid with causes (`webhookutils.ToAdmissionResponse`). */
function refuse(
  webhook: string,
  message: string,
  { field, reason = "FieldValueInvalid" }: { field?: string; reason?: FieldFault },
): AdmissionAnswer {
  const text = `admission webhook "${webhook}" denied the request: ${message}`;
  const cause = { reason, message, ...(field === undefined ? {} : { field }) };
  return { allowed: false, code: 422, reason: "Invalid", message: text, causes: [cause] };
}

/** A plain error is a 400 (`webhookutils.ToAdmissionResponseError`). */
function reject(webhook: string, message: string): AdmissionAnswer {
  return { allowed: false, code: 400, message: `admission webhook "${webhook}" denied the request: ${message}` };
}

const machineValidator = "virtualmachine-validator.kubevirt.io";
const createValidator = "virtualmachineinstances-create-validator.kubevirt.io";
const updateValidator = "virtualmachineinstances-update-validator.kubevirt.io";
const migrationValidator = "migration-create-validator.kubevirt.io";

function admitMachine(vm: KubeObject): AdmissionAnswer {
  const { running, runStrategy, template } = vm.spec ?? {};
  if (template === undefined) {
    const fault = { field: "spec.template", reason: "FieldValueRequired" } as const;
    return refuse(machineValidator, "missing virtual machine template.", fault);
  }
  if (running !== undefined && runStrategy !== undefined) {
    const message =
      "Running and RunStrategy are mutually exclusive. Note that Running is deprecated, please use RunStrategy instead";
    return refuse(machineValidator, message, { field: "spec.running" });
  }
  if (running === undefined && runStrategy === undefined) {
    const message = "One of Running or RunStrategy must be specified";
    return refuse(machineValidator, message, { field: "spec.running" });
  }
  const strategies = ["Halted", "Manual", "Always", "RerunOnFailure", "Once", "WaitAsReceiver"];
  if (runStrategy !== undefined && !strategies.includes(runStrategy)) {
    return refuse(machineValidator, `Invalid RunStrategy (${runStrategy})`, { field: "spec.runStrategy" });
  }
  const unknown = unknownStrategy(template.spec);
  if (unknown !== undefined) return refuse(machineValidator, unknown, { field: "spec.template.spec.evictionStrategy" });
  return { allowed: true, object: completeMachine(vm) };
}

function unknownStrategy(spec: KubeObject["spec"]): string | undefined {
  const strategy = spec?.evictionStrategy;
  const known = ["None", "LiveMigrate", "LiveMigrateIfPossible", "External"];
  if (strategy === undefined || known.includes(strategy)) return undefined;
  return `spec.evictionStrategy is set with an unrecognized option: ${strategy}`;
}

function admitNewInstance(world: World, vmi: KubeObject): AdmissionAnswer {
  const unknown = unknownStrategy(vmi.spec);
  if (unknown !== undefined) return refuse(createValidator, unknown, { field: "spec.evictionStrategy" });
  const volumes: { name: string }[] = vmi.spec?.volumes ?? [];
  const disks: { name: string }[] = vmi.spec?.domain?.devices?.disks ?? [];
  const loose = disks.findIndex((disk) => !volumes.some(({ name }) => name === disk.name));
  if (loose >= 0) {
    const field = `spec.domain.devices.disks[${loose}].Name`;
    return refuse(createValidator, `${field} '${disks[loose]?.name}' not found.`, { field });
  }
  return { allowed: true, object: completeInstance(world, vmi) };
}

const protectedLabels = [
  "kubevirt.io/created-by",
  "kubevirt.io/nodeName",
  migrationTargetNodeLabel,
  outdatedImageLabel,
  "kubevirt.io/migrationJobUID",
];

/** Users change neither spec nor reserved labels; what they write into the status is put back without a word. */
function admitInstanceUpdate(request: AdmissionRequest, vmi: KubeObject): AdmissionAnswer {
  const old = request.oldObject;
  if (old === undefined || trusted.includes(request.user)) return passed;
  if (!sameJson(vmi.spec, old.spec)) {
    return refuse(updateValidator, "update of VMI object is restricted", { reason: "FieldValueNotSupported" });
  }
  const reserved = (object: KubeObject): unknown =>
    protectedLabels.map((label) => object.metadata.labels?.[label] ?? null);
  if (!sameJson(reserved(vmi), reserved(old))) {
    const message = "modification of the following reserved kubevirt.io/ labels on a VMI object is prohibited";
    return refuse(updateValidator, message, { reason: "FieldValueNotSupported" });
  }
  return sameJson(vmi.status, old.status) ? passed : { allowed: true, object: { ...vmi, status: old.status } };
}

function admitNewMigration(world: World, request: AdmissionRequest, migration: KubeObject): AdmissionAnswer {
  const { namespace } = request;
  const vmiName: string | undefined = migration.spec?.vmiName;
  if (!vmiName)
    return refuse(migrationValidator, "vmiName is missing", { field: "spec.vmiName", reason: "FieldValueRequired" });
  if (migration.spec.priority !== undefined && request.user !== accounts.virtController) {
    const message = "Migration priority queue, only virt-controller is allowed to set priority field";
    return refuse(migrationValidator, message, { field: "spec.migrationPriority", reason: "FieldValueForbidden" });
  }
  const vmi = world.store.get(instances, namespace, vmiName);
  if (vmi === undefined) return reject(migrationValidator, `the VMI "${namespace}/${vmiName}" does not exist`);
  if (isFinal(vmi)) return reject(migrationValidator, "Cannot migrate VMI in finalized state.");
  const migratable = conditionOf(vmi, "LiveMigratable");
  if (migratable?.status === "False") {
    const { reason, message } = migratable;
    return reject(migrationValidator, `Cannot migrate VMI, Reason: ${reason}, Message: ${message}`);
  }
  const active = world.migrationsOf.get(`${namespace}/${vmiName}`).find((other) => !isFinalMigration(other));
  if (active !== undefined) {
    const { uid } = active.metadata;
    return reject(
      migrationValidator,
      `in-flight migration detected. Active migration job (${uid}) is currently already in progress for VMI ${vmiName}.`,
    );
  }
  const object = cloneJson(migration);
  object.metadata.labels = { ...object.metadata.labels, [vmiNameLabel]: vmiName };
  if (vmiName.length > longestLabelValue) throw labelTooLong(object, vmiName);
  addFinalizer(object, migrationFinalizer);
  return { allowed: true, object };
}

const longestLabelValue = 63;

/** No webhook says so, but the registry, which does not take the label that the mutator has set. */
function labelTooLong({ metadata }: KubeObject, value: string): StoreError {
  const message = `Invalid value: "${value}": must be no more than ${longestLabelValue} bytes`;
  const kind = { group: "kubevirt.io", kind: "VirtualMachineInstanceMigration" };
  return invalid(kind, metadata.name ?? `${metadata.generateName}x2x4l`, [
    { reason: "FieldValueInvalid", message, field: "metadata.labels" },
  ]);
}

function admitMigrationUpdate(request: AdmissionRequest, migration: KubeObject): AdmissionAnswer {
  const webhook = "migration-update-validator.kubevirt.io";
  const old = request.oldObject;
  if (old === undefined) return passed;
  if (!sameJson(migration.spec, old.spec)) {
    return refuse(webhook, "update of Migration object's spec is restricted", { reason: "FieldValueNotSupported" });
  }
  const [before, after] = [old.metadata.labels?.[vmiNameLabel], migration.metadata.labels?.[vmiNameLabel]];
  if (isFinalMigration(migration) || before === undefined || before === after) return passed;
  const verb = migration.metadata.labels === undefined ? "removed from" : "modified on";
  const message = `selector label can't be ${verb} an in-flight migration`;
  return refuse(webhook, message, { reason: "FieldValueNotSupported" });
}
