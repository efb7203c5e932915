/** What stands between a valid request and the store: the namespace's life cycle and the admission webhooks. */
import { failure, groupResource, internalError, notFound, StoreError } from "../status.ts";
import type { KubeObject } from "../store.ts";
import type { AdmissionRequest } from "./admission.ts";
import { type ApiContext, isDryRun, type ResourceCall } from "./call.ts";

const namespaces = { group: "", resource: "namespaces" };

/** The object as the webhooks leave it. Throws the Status of a webhook that refuses or does not answer. */
export function admit<T extends KubeObject | undefined>(
  context: ApiContext,
  call: ResourceCall,
  operation: AdmissionRequest["operation"],
  { object, oldObject, dryRun = isDryRun(call) }: { object: T; oldObject?: KubeObject | undefined; dryRun?: boolean },
): T {
  const { info, resource, user } = call;
  if (operation === "CREATE") checkNamespace(context, call, object);
  const answer = context.admission({
    operation,
    key: { group: resource.group, resource: resource.resource },
    subresource: info.subresource || undefined,
    namespace: info.namespace || undefined,
    name: info.name || object?.metadata.name,
    object,
    oldObject,
    dryRun,
    user: user.name,
    groups: user.groups,
  });
  if ("unreachable" in answer) throw internalError(`failed calling webhook "${answer.webhook}": ${answer.detail}`);
  if (answer.allowed) return (answer.object ?? object) as T;
  const details = answer.causes === undefined ? undefined : { causes: answer.causes };
  throw new StoreError(failure(answer.code, answer.message, answer.reason, details));
}

/** Nothing is created in a namespace that is missing or on its way out (apiserver plugin NamespaceLifecycle). */
function checkNamespace({ store }: ApiContext, { resource, info }: ResourceCall, object: KubeObject | undefined): void {
  if (!resource.namespaced || info.namespace === "") return;
  const namespace = store.get(namespaces, undefined, info.namespace);
  if (namespace === undefined) throw notFound(namespaces, info.namespace);
  if (namespace.metadata.deletionTimestamp === undefined) return;
  const name = info.name || object?.metadata.name || object?.metadata.generateName || "";
  const why = `unable to create new content in namespace ${info.namespace} because it is being terminated`;
  const details = {
    name,
    ...(resource.group === "" ? {} : { group: resource.group }),
    kind: resource.resource,
    causes: [
      {
        reason: "NamespaceTerminating",
        message: `namespace ${info.namespace} is being terminated`,
        field: "metadata.namespace",
      },
    ],
  };
  throw new StoreError(failure(403, `${groupResource(resource)} "${name}" is forbidden: ${why}`, "Forbidden", details));
}
