/** virt-api's webhook in front of `pods/eviction` (pkg/virt-api/webhooks/validating-webhook/admitters/pod-eviction-admitter.go). */
import {
  appLabel,
  domainAnnotation,
  evictionSourceAnnotation,
  hotplugApp,
  hotplugWebhook,
  launcherApp,
  launcherWebhook,
} from "../../platform/names.ts";
import type { AdmissionAnswer, AdmissionRequest } from "../api/admission.ts";
import { instances, managers, pods } from "../kubernetes/keys.ts";
import { isFinished } from "../kubernetes/objects.ts";
import type { World } from "../kubernetes/world.ts";
import { groupResource } from "../status.ts";
import type { KubeObject } from "../store.ts";
import { isMarked, isMigratable } from "./instance.ts";
import { effectiveStrategy } from "./settings.ts";
import { virtApiSilence } from "./writes.ts";

const passed: AdmissionAnswer = { allowed: true };
const path = "/pod-eviction-validate";

/** The webhook that a name of an Eviction calls, by its match condition. */
function webhookFor(name: string): string | undefined {
  if (name.startsWith("virt-launcher")) return launcherWebhook;
  return name.startsWith("hp-volume-") ? hotplugWebhook : undefined;
}

/** Answers an eviction; marks the VMI for evacuation unless the request is dry. */
export function interceptEviction(world: World, request: AdmissionRequest): AdmissionAnswer {
  const eviction = request.object;
  const webhook = webhookFor(eviction?.metadata?.name ?? request.name ?? "");
  if (webhook === undefined) return passed;
  const silence = virtApiSilence(world, path);
  if (silence !== undefined) return { unreachable: true, webhook, detail: silence };
  const refusal = judge(world, request);
  if (refusal === undefined) return passed;
  return { allowed: false, code: 429, message: `admission webhook "${webhook}" denied the request: ${refusal}` };
}

/** Why the eviction is refused; undefined lets it through. */
function judge(world: World, request: AdmissionRequest): string | undefined {
  const pod = world.store.get(pods, request.namespace, request.name ?? "");
  if (pod === undefined) return undefined;
  const app = pod.metadata.labels?.[appLabel];
  if (app === hotplugApp && pod.metadata.ownerReferences?.length === 1) return judgeHotplug(world, pod);
  return app === launcherApp && !isFinished(pod) ? judgeLauncher(world, pod, request) : undefined;
}

function judgeHotplug(world: World, pod: KubeObject): string | undefined {
  const { namespace, name, ownerReferences = [] } = pod.metadata;
  const owner = world.store.get(pods, namespace, ownerReferences[0]?.name ?? "");
  if (owner === undefined || owner.metadata.labels?.[appLabel] !== launcherApp || isFinished(owner)) return undefined;
  const vmiName = owner.metadata.annotations?.[domainAnnotation];
  if (vmiName === undefined || world.store.get(instances, namespace, vmiName) === undefined) return undefined;
  return `cannot evict hotplug pod: ${name} associated with running vmi: ${vmiName} in namespace ${namespace}`;
}

function judgeLauncher(world: World, pod: KubeObject, request: AdmissionRequest): string | undefined {
  const { namespace } = pod.metadata;
  const name = pod.metadata.annotations?.[domainAnnotation];
  if (name === undefined) return undefined;
  const vmi = world.store.get(instances, namespace, name);
  if (vmi === undefined) return `kubevirt failed getting the vmi: ${groupResource(instances)} "${name}" not found`;
  const strategy = effectiveStrategy(world, vmi);
  if (strategy === "LiveMigrate" && !isMigratable(vmi)) {
    return `VMI ${name} is configured with an eviction strategy but is not live-migratable`;
  }
  const moves = (strategy === "LiveMigrate" || strategy === "LiveMigrateIfPossible") && isMigratable(vmi);
  if (!moves && strategy !== "External") return undefined;
  // The descheduler relies on this wording.
  const triggered = `Eviction triggered evacuation of VMI "${namespace}/${name}"`;
  if (isMarked(vmi)) return `Evacuation in progress: ${triggered}`;
  if (vmi.status?.nodeName !== pod.spec.nodeName) return "Eviction request for target Pod";
  if (!isDry(request)) mark(world, vmi, pod.spec.nodeName, request.object);
  return triggered;
}

/** Dry by the request, or by the body alone (honoured since KubeVirt 1.4). */
function isDry(request: AdmissionRequest): boolean {
  return request.dryRun || request.object?.deleteOptions?.dryRun?.[0] === "All";
}

function mark(world: World, vmi: KubeObject, node: string, eviction: KubeObject | undefined): void {
  const fromDescheduler = eviction?.metadata?.annotations?.["requested-by"] === "sigs.k8s.io/descheduler";
  const change = (draft: KubeObject): void => {
    draft.status.evacuationNodeName = node;
    if (!fromDescheduler) return;
    draft.metadata.annotations = { ...draft.metadata.annotations, [evictionSourceAnnotation]: "descheduler" };
  };
  world.store.modify(instances, vmi.metadata.namespace, vmi.metadata.name, change, managers.virtApi);
}
