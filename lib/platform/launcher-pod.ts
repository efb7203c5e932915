/** Which pods are launcher pods, and whose: the one place that knows by what KubeVirt tells them. */
import { controllerOf, isFinishedPod, type Pod } from "../model/kubernetes.ts";
import { appLabel, domainAnnotation, launcherApp, vmiKind } from "./names.ts";

/** A pod in which a VM runs or ran, by the label that KubeVirt's webhook asks for (pkg/virt-api/webhooks, isVirtLauncher). */
export function isLauncherPod(pod: Pod): boolean {
  return pod.metadata.labels[appLabel] === launcherApp;
}

/** Launcher pods that have not ended. */
export function liveLaunchers(pods: readonly Pod[]): readonly Pod[] {
  return pods.filter((pod) => isLauncherPod(pod) && !isFinishedPod(pod));
}

/**
 * The VMI of a launcher pod: the annotation's, which the eviction webhook looks up, else the owner's. The label
 * `vm.kubevirt.io/name` is cut short. Undefined when nothing tells.
 */
export function vmiOfLauncher(pod: Pod): { readonly namespace: string; readonly name: string } | undefined {
  const owner = controllerOf(pod.metadata);
  const name = pod.metadata.annotations[domainAnnotation] ?? (owner?.kind === vmiKind ? owner.name : undefined);
  return name === undefined || name === "" ? undefined : { namespace: pod.metadata.namespace, name };
}
