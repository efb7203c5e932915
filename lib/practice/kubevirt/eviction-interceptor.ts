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
import type { Release } from "./release.ts";
import { effectiveStrategy } from "./settings.ts";
import { virtApiSilence } from "./writes.ts";

const passed: AdmissionAnswer = { allowed: true };
const path = "/pod-eviction-validate";

/** The webhook that a name of an Eviction calls, by its match condition; without match conditions one webhook sees them all. */
function webhookFor(release: Release, name: string): string | undefined {
  if (!release.failsClosed || name.startsWith("virt-launcher")) return launcherWebhook;
  return release.guardsHotplugPods && name.startsWith("hp-volume-") ? hotplugWebhook : undefined;
}

/** Answers an eviction; marks the VMI for evacuation unless the request is dry. */
export function interceptEviction(world: World, release: Release, request: AdmissionRequest): AdmissionAnswer {
  const eviction = request.object;
  const webhook = webhookFor(release, eviction?.metadata?.name ?? request.name ?? "");
  if (webhook === undefined) return passed;
  const silence = virtApiSilence(world, path);
  if (silence !== undefined) return release.failsClosed ? { unreachable: true, webhook, detail: silence } : passed;
  const refusal = judge(world, release, request);
  if (refusal === undefined) return passed;
  return { allowed: false, code: 429, message: `admission webhook "${webhook}" denied the request: ${refusal}` };
}

/** Why the eviction is refused; undefined lets it through. */
function judge(world: World, release: Release, request: AdmissionRequest): string | undefined {
  const pod = world.store.get(pods, request.namespace, request.name ?? "");
  if (pod === undefined) return undefined;
  const app = pod.metadata.labels?.[appLabel];
  const guarded = release.guardsHotplugPods && app === hotplugApp;
  if (guarded && pod.metadata.ownerReferences?.length === 1) return judgeHotplug(world, pod);
  if (app !== launcherApp || (isFinished(pod) && release.honoursDryRunInBody)) return undefined;
  return judgeLauncher(world, release, pod, request);
}

function judgeHotplug(world: World, pod: KubeObject): string | undefined {
  const { namespace, name, ownerReferences = [] } = pod.metadata;
  const owner = world.store.get(pods, namespace, ownerReferences[0]?.name ?? "");
  if (owner === undefined || owner.metadata.labels?.[appLabel] !== launcherApp || isFinished(owner)) return undefined;
  const vmiName = owner.metadata.annotations?.[domainAnnotation];
  if (vmiName === undefined || world.store.get(instances, namespace, vmiName) === undefined) return undefined;
  return `cannot evict hotplug pod: ${name} associated with running vmi: ${vmiName} in namespace ${namespace}`;
}

function judgeLauncher(world: World, release: Release, pod: KubeObject, request: AdmissionRequest): string | undefined {
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
  // Up to 1.4 what follows the mark is left to the budget that KubeVirt keeps for the VMI.
  if (isMarked(vmi)) return release.eviction === "refuses" ? `Evacuation in progress: ${triggered}` : undefined;
  if (vmi.status?.nodeName !== pod.spec.nodeName) {
    return release.eviction === "refuses" ? "Eviction request for target Pod" : undefined;
  }
  if (!isDry(release, request)) mark(world, vmi, pod.spec.nodeName, request.object);
  return release.eviction === "passes" ? undefined : triggered;
}

function isDry(release: Release, request: AdmissionRequest): boolean {
  const inBody = request.object?.deleteOptions?.dryRun?.[0] === "All";
  return request.dryRun || (inBody && release.honoursDryRunInBody);
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
