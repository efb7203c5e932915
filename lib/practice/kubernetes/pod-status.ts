/** What a kubelet reports about a pod: container states, conditions and addresses, from what runs on the host. */
import { rfc3339 } from "../clock.ts";
import type { KubeObject } from "../store.ts";
import { conditionOf, setCondition } from "./conditions.ts";
import type { HostedPod } from "./hosts.ts";
import { hashOf } from "./objects.ts";

interface ContainerSpec {
  readonly name: string;
  readonly image?: string;
  readonly restartPolicy?: string;
}

type Report = (container: ContainerSpec, initial: boolean) => Record<string, unknown>;

/** The containers are being created: addresses of the host, nothing runs yet. */
export function reportCreating(draft: KubeObject, now: Date): void {
  const at = rfc3339(now);
  draft.status ??= {};
  draft.status.startTime ??= at;
  draft.status.hostIP = hostAddress(draft.spec.nodeName);
  draft.status.hostIPs = [{ ip: draft.status.hostIP }];
  const reason = draft.spec.initContainers?.length ? "PodInitializing" : "ContainerCreating";
  const waiting: Report = (container) => ({
    ...statusOf(container),
    ready: false,
    restartCount: 0,
    imageID: "",
    started: false,
    state: { waiting: { reason } },
    lastState: {},
  });
  reportContainers(draft, waiting);
  const notReady = containersNotReady(draft);
  setConditions(draft, at, {
    PodReadyToStartContainers: { status: "False" },
    Initialized: { status: "True" },
    Ready: notReady,
    ContainersReady: notReady,
  });
}

/** All containers run; the pod is ready as soon as its readiness gates are met, unless `broken` says why it is not. */
export function reportRunning(draft: KubeObject, hosted: HostedPod, now: Date, broken?: string): void {
  const at = rfc3339(now);
  draft.status.phase = "Running";
  draft.status.podIP = draft.spec.hostNetwork
    ? draft.status.hostIP
    : podAddress(draft.metadata.uid, draft.spec.nodeName);
  draft.status.podIPs = [{ ip: draft.status.podIP }];
  const running = { running: { startedAt: hosted.startedAt } };
  const crashing = {
    waiting: {
      reason: "CrashLoopBackOff",
      message: `back-off 5m0s restarting failed container pod=${draft.metadata.name}`,
    },
  };
  reportContainers(draft, (container, initial) =>
    initial && container.restartPolicy !== "Always"
      ? terminated(container, hosted, 0, true)
      : {
          ...statusOf(container),
          ready: broken === undefined,
          started: broken === undefined,
          restartCount: broken === undefined ? 0 : 5,
          state: broken === undefined ? running : crashing,
          lastState: {},
        },
  );
  const ready = { status: "True" };
  const unready = containersNotReady(draft);
  setConditions(draft, at, {
    PodReadyToStartContainers: ready,
    Initialized: ready,
    Ready: broken !== undefined ? unready : (unmetGate(draft) ?? ready),
    ContainersReady: broken === undefined ? ready : unready,
  });
}

/** All containers have ended; exit code 0 is success. */
export function reportEnded(draft: KubeObject, hosted: HostedPod, now: Date): void {
  const exitCode = hosted.exitCode ?? 0;
  const succeeded = exitCode === 0;
  draft.status ??= {};
  draft.status.phase = succeeded ? "Succeeded" : "Failed";
  reportContainers(draft, (container, initial) =>
    terminated(container, hosted, initial && container.restartPolicy !== "Always" ? 0 : exitCode, initial),
  );
  const reason = succeeded ? "PodCompleted" : "PodFailed";
  setConditions(draft, rfc3339(now), {
    PodReadyToStartContainers: { status: "False" },
    Initialized: { status: "True", ...(succeeded ? { reason } : {}) },
    Ready: { status: "False", reason },
    ContainersReady: { status: "False", reason },
  });
}

function terminated(container: ContainerSpec, hosted: HostedPod, exitCode: number, initial: boolean) {
  return {
    ...statusOf(container),
    ready: initial && exitCode === 0,
    started: false,
    restartCount: 0,
    state: {
      terminated: {
        exitCode,
        reason: exitCode === 0 ? "Completed" : "Error",
        startedAt: hosted.startedAt ?? null,
        finishedAt: hosted.endedAt ?? hosted.startedAt ?? null,
        containerID: statusOf(container).containerID,
      },
    },
    lastState: {},
  };
}

function statusOf(container: ContainerSpec) {
  const image = container.image ?? "";
  return {
    name: container.name,
    image,
    imageID: `${image.split(/[@:](?=[^/]*$)/)[0]}@sha256:${digest(image)}`,
    containerID: `containerd://${digest(container.name + image)}`,
  };
}

function digest(text: string): string {
  let out = "";
  for (let part = 0; out.length < 64; part++)
    out += hashOf(`${part}${text}`, 2 ** 32)
      .toString(16)
      .padStart(8, "0");
  return out;
}

function reportContainers(draft: KubeObject, report: Report): void {
  draft.status.containerStatuses = (draft.spec.containers ?? []).map((container: ContainerSpec) =>
    report(container, false),
  );
  const initial: ContainerSpec[] = draft.spec.initContainers ?? [];
  if (initial.length > 0) draft.status.initContainerStatuses = initial.map((container) => report(container, true));
}

function setConditions(
  draft: KubeObject,
  at: string,
  wanted: Record<string, { status: string; reason?: string; message?: string }>,
): void {
  for (const [type, condition] of Object.entries(wanted)) {
    setCondition(draft, { type, lastProbeTime: null, ...condition }, at);
  }
}

/** The Ready condition of a pod whose containers are ready but a readiness gate is not (kubelet `status.GeneratePodReadyCondition`). */
function unmetGate(pod: KubeObject): { status: string; reason: string; message: string } | undefined {
  const gates: { conditionType: string }[] = pod.spec.readinessGates ?? [];
  for (const { conditionType } of gates) {
    const status = conditionOf(pod, conditionType)?.status;
    if (status === "True") continue;
    const message =
      status === undefined
        ? `corresponding condition of pod readiness gate "${conditionType}" does not exist.`
        : `the status of pod readiness gate "${conditionType}" is not "True", but ${status}`;
    return { status: "False", reason: "ReadinessGatesNotReady", message };
  }
  return undefined;
}

/** Ready and ContainersReady of a pod none of whose containers is ready. */
function containersNotReady(pod: KubeObject) {
  const names = (pod.spec.containers ?? []).map((container: ContainerSpec) => container.name).join(" ");
  return { status: "False", reason: "ContainersNotReady", message: `containers with unready status: [${names}]` };
}

/** The host's address in the practice network 192.168.100.0/22. */
export function hostAddress(node: string): string {
  const number = Number(/(\d+)$/.exec(node)?.[1] ?? hashOf(node, 200)) + 10;
  return `192.168.${100 + Math.floor(number / 250)}.${(number % 250) + 1}`;
}

/** A pod's address in the practice network 10.244.0.0/16. */
export function podAddress(uid: string, node: string): string {
  const number = hashOf(uid, 250 * 250);
  const subnet = hashOf(node, 4) * 64 + Math.floor(number / 1000);
  return `10.244.${subnet % 256}.${(number % 250) + 2}`;
}
