/** The kubelets: run the pods that are bound to their node, end those that are deleted, and report both (kubernetes pkg/kubelet). */
import { rfc3339 } from "../clock.ts";
import type { KubeObject } from "../store.ts";
import type { Reconciler } from "./control-loop.ts";
import { type Host, type HostedPod, kubeletServes } from "./hosts.ts";
import { attachments, claims, isOf, keyOf, managers, objectAt, onStatus, pods, volumes } from "./keys.ts";
import { isDeleting, isFinished, remainingGraceMs } from "./objects.ts";
import { reportCreating, reportEnded, reportRunning } from "./pod-status.ts";
import { claimsOf, type World } from "./world.ts";

/** From the start of a container to its readiness, image present. */
const startMs = 1500;
/** A process that handles SIGTERM ends this soon. */
const stopMs = 1000;
/** Containers of pods that vanished from the API without grace. */
const strayGraceMs = 2000;

/** Pods whose containers crash as soon as they start; a fault that the fire drill can switch on. */
export interface BrokenPods {
  readonly isBroken: (pod: KubeObject) => boolean;
}

export function createKubelets(world: World, broken: BrokenPods): Reconciler {
  return {
    name: "kubelet",
    *touches({ key, object }) {
      if (isOf(key, pods) && object.spec?.nodeName !== undefined) yield queueKey(object.spec.nodeName, keyOf(object));
      if (isOf(key, attachments)) {
        for (const pod of world.podsOn.get(object.spec.nodeName)) {
          if (pod.status?.phase === "Pending") yield queueKey(object.spec.nodeName, keyOf(pod));
        }
      }
    },
    reconcile(key) {
      const bar = key.indexOf("|");
      const host = world.hosts.get(key.slice(0, bar));
      if (!kubeletServes(host)) return undefined;
      const named = key.slice(bar + 1);
      const pod = objectAt(world.store, pods, named);
      const mine = pod?.spec.nodeName === host.name ? pod : undefined;
      for (const hosted of host.pods.values()) {
        const { uid } = hosted.pod.metadata;
        if (keyOf(hosted.pod) === named && uid !== mine?.metadata.uid) endStray(world, host, hosted);
      }
      if (mine !== undefined) sync(world, host, mine, broken);
      return undefined;
    },
  };
}

/** Marks all pods of a node, in the API and on the host: the kubelet looks at everything when it comes back. */
export function wakeKubelet(world: World, host: Host): void {
  for (const pod of world.podsOn.get(host.name)) world.loop.enqueue("kubelet", queueKey(host.name, keyOf(pod)));
  for (const hosted of host.pods.values()) wake(world, host, hosted);
}

/** The containers of a pod have ended by themselves. */
export function endHostedPod(world: World, host: Host, uid: string, exitCode: number): void {
  const hosted = host.pods.get(uid);
  if (hosted === undefined || hosted.state === "ended") return;
  hosted.cancel?.();
  hosted.state = "ended";
  hosted.exitCode = exitCode;
  hosted.endedAt = rfc3339(world.clock.now());
  wake(world, host, hosted);
}

function queueKey(node: string, pod: string): string {
  return `${node}|${pod}`;
}

function wake(world: World, host: Host, hosted: HostedPod): void {
  world.loop.enqueue("kubelet", queueKey(host.name, keyOf(hosted.pod)));
}

function sync(world: World, host: Host, pod: KubeObject, broken: BrokenPods): void {
  const hosted = host.pods.get(pod.metadata.uid);
  if (hosted !== undefined) hosted.pod = pod;
  if (isFinished(pod)) {
    host.pods.delete(pod.metadata.uid);
    if (isDeleting(pod)) removeFromApi(world, pod);
  } else if (hosted === undefined) {
    if (isDeleting(pod)) removeUnstarted(world, host, pod);
    else begin(world, host, pod);
  } else syncHosted(world, host, hosted, broken);
}

function syncHosted(world: World, host: Host, hosted: HostedPod, broken: BrokenPods): void {
  const { pod } = hosted;
  if (isDeleting(pod) && (hosted.state === "starting" || hosted.state === "running")) stop(world, host, hosted);
  if (hosted.state === "ended") finish(world, host, hosted);
  else if (hosted.state !== "starting") {
    const problem = broken.isBroken(pod) ? "crashing" : undefined;
    report(world, pod, (draft) => reportRunning(draft, hosted, world.clock.now(), problem));
  }
}

/** Starts a pod, or ends it when it was running before the host booted anew and may not be restarted. */
function begin(world: World, host: Host, pod: KubeObject): void {
  const lost = pod.status?.phase === "Running" && pod.spec.restartPolicy === "Never";
  const hosted: HostedPod = { pod, state: "starting" };
  if (lost) {
    host.pods.set(pod.metadata.uid, hosted);
    endHostedPod(world, host, pod.metadata.uid, 137);
    return;
  }
  report(world, pod, (draft) => reportCreating(draft, world.clock.now()));
  if (!volumesAttached(world, pod)) return;
  host.pods.set(pod.metadata.uid, hosted);
  hosted.cancel = world.clock.schedule(startMs, () => {
    hosted.state = "running";
    hosted.startedAt = rfc3339(world.clock.now());
    world.behaviourOf(pod)?.started(host, pod);
    wake(world, host, hosted);
  });
}

/** True when the attach/detach controller has attached every volume that needs it to the pod's node. */
function volumesAttached(world: World, pod: KubeObject): boolean {
  return claimsOf(pod).every((key) => {
    const volumeName = objectAt(world.store, claims, key)?.spec.volumeName;
    const volume = volumeName === undefined ? undefined : world.store.get(volumes, undefined, volumeName);
    if (volume === undefined) return false;
    if (volume.spec.csi === undefined) return true;
    return world.attachmentsOf
      .get(volumeName)
      .some((attachment) => attachment.spec.nodeName === pod.spec.nodeName && attachment.status?.attached === true);
  });
}

function stop(world: World, host: Host, hosted: HostedPod): void {
  const { pod } = hosted;
  const wasRunning = hosted.state === "running";
  hosted.cancel?.();
  hosted.state = "stopping";
  const graceMs = Math.max(1000, remainingGraceMs(pod, world.clock.now()));
  world.record(pod, {
    type: "Normal",
    reason: "Killing",
    message: `Stopping container ${pod.spec.containers?.[0]?.name ?? ""}`,
    from: "kubelet",
    host: host.name,
  });
  const behaviour = wasRunning ? world.behaviourOf(pod) : undefined;
  const kill = world.clock.schedule(behaviour === undefined ? Math.min(stopMs, graceMs) : graceMs, () => {
    behaviour?.killed(host, pod);
    endHostedPod(world, host, pod.metadata.uid, behaviour === undefined ? 0 : 137);
  });
  hosted.cancel = kill;
  behaviour?.stop(host, pod, graceMs, (exitCode) => endHostedPod(world, host, pod.metadata.uid, exitCode));
}

function finish(world: World, host: Host, hosted: HostedPod): void {
  const { pod } = hosted;
  report(world, pod, (draft) => reportEnded(draft, hosted, world.clock.now()));
  host.pods.delete(pod.metadata.uid);
  if (isDeleting(pod)) removeFromApi(world, pod);
}

/** A pod that is deleted before anything of it ran. */
function removeUnstarted(world: World, host: Host, pod: KubeObject): void {
  const hosted: HostedPod = { pod, state: "ended", exitCode: 137 };
  if (pod.status?.phase === "Running") report(world, pod, (draft) => reportEnded(draft, hosted, world.clock.now()));
  host.pods.delete(pod.metadata.uid);
  removeFromApi(world, pod);
}

/** Ends what the API knows nothing of any more: such pods get no grace of their own. */
function endStray(world: World, host: Host, hosted: HostedPod): void {
  if (hosted.state === "killed") return;
  hosted.cancel?.();
  if (hosted.state === "ended") {
    host.pods.delete(hosted.pod.metadata.uid);
    return;
  }
  hosted.state = "killed";
  hosted.cancel = world.clock.schedule(strayGraceMs, () => {
    host.pods.delete(hosted.pod.metadata.uid);
    world.behaviourOf(hosted.pod)?.killed(host, hosted.pod);
  });
}

function removeFromApi(world: World, pod: KubeObject): void {
  const { namespace, name, uid } = pod.metadata;
  world.store.delete(pods, namespace, name, { gracePeriodSeconds: 0, preconditions: { uid } }, managers.kubelet);
}

function report(world: World, pod: KubeObject, change: (draft: KubeObject) => void): void {
  world.store.modify(pods, pod.metadata.namespace, pod.metadata.name, change, onStatus(managers.kubelet));
}
