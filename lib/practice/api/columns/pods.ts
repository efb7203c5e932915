/** The table of pods (kubernetes pkg/printers/internalversion/printers.go, printPod). */
import type { KubeObject } from "../../store.ts";
import { ageColumn, type Column, column, nameColumn, orNone, since, wide } from "./column.ts";

interface ContainerStatus {
  readonly name: string;
  readonly ready?: boolean;
  readonly started?: boolean;
  readonly restartCount?: number;
  readonly state?: ContainerState;
  readonly lastState?: ContainerState;
}

interface ContainerState {
  readonly waiting?: { reason?: string };
  readonly running?: object;
  readonly terminated?: { exitCode?: number; signal?: number; reason?: string; finishedAt?: string };
}

interface Container {
  readonly name: string;
  readonly restartPolicy?: string;
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
}

interface Summary {
  readonly ready: number;
  readonly total: number;
  readonly reason: string;
  readonly restarts: number;
  readonly lastRestart: string | undefined;
}

export const podColumns: readonly Column[] = [
  nameColumn,
  column("Ready", (pod) => {
    const { ready, total } = summary(pod);
    return `${ready}/${total}`;
  }),
  column("Status", (pod) => summary(pod).reason),
  column("Restarts", (pod, now) => {
    const { restarts, lastRestart } = summary(pod);
    return restarts === 0 || lastRestart === undefined ? `${restarts}` : `${restarts} (${since(lastRestart, now)} ago)`;
  }),
  ageColumn,
  ...wide(
    column("IP", (pod) => orNone(pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP)),
    column("Node", (pod) => orNone(pod.spec?.nodeName)),
    column("Nominated Node", (pod) => orNone(pod.status?.nominatedNodeName)),
    column("Readiness Gates", readinessGates),
  ),
];

/** The rows of finished pods carry this, so that `kubectl get` can tell them apart. */
export function podRowConditions(pod: KubeObject): object[] | undefined {
  const phase = pod.status?.phase;
  if (phase === "Succeeded") {
    return [{ type: "Completed", status: "True", reason: "Succeeded", message: "The pod has completed successfully." }];
  }
  return phase === "Failed"
    ? [{ type: "Completed", status: "True", reason: "Failed", message: "The pod failed." }]
    : undefined;
}

const summaries = new WeakMap<KubeObject, Summary>();

function summary(pod: KubeObject): Summary {
  let found = summaries.get(pod);
  if (found === undefined) {
    found = summarise(pod);
    summaries.set(pod, found);
  }
  return found;
}

function summarise(pod: KubeObject): Summary {
  const { spec = {}, status = {}, metadata } = pod;
  const conditions: readonly Condition[] = status.conditions ?? [];
  const scheduled = conditions.find(({ type }) => type === "PodScheduled");
  let reason: string = status.reason || status.phase || "";
  if (scheduled?.reason === "SchedulingGated") reason = "SchedulingGated";
  const init = initSummary(spec.initContainers ?? [], status.initContainerStatuses ?? []);
  const initialised = conditions.some(({ type, status }) => type === "Initialized" && status === "True");
  const main = mainSummary(status.containerStatuses ?? []);
  const useMain = init.reason === undefined || initialised;
  if (init.reason !== undefined) reason = init.reason;
  if (useMain) reason = main.reason ?? reason;
  if (useMain && reason === "Completed" && main.running) {
    const ready = conditions.some(({ type, status }) => type === "Ready" && status === "True");
    reason = ready ? "Running" : "NotReady";
  }
  if (metadata.deletionTimestamp !== undefined) {
    if (status.reason === "NodeLost") reason = "Unknown";
    else if (status.phase !== "Succeeded" && status.phase !== "Failed") reason = "Terminating";
  }
  return {
    ready: init.ready + (useMain ? main.ready : 0),
    total: (spec.containers ?? []).length + init.sidecars,
    reason,
    restarts: useMain ? main.restarts + init.sidecarRestarts : init.restarts,
    lastRestart: useMain ? main.lastRestart : init.lastRestart,
  };
}

/** What the init containers say; `reason` is set while they have not all ended well. */
function initSummary(
  containers: readonly Container[],
  statuses: readonly ContainerStatus[],
): {
  reason: string | undefined;
  ready: number;
  sidecars: number;
  restarts: number;
  sidecarRestarts: number;
  lastRestart: string | undefined;
} {
  const sidecar = new Set(containers.filter((each) => each.restartPolicy === "Always").map((each) => each.name));
  const result = { reason: undefined as string | undefined, ready: 0, sidecars: sidecar.size, restarts: 0 };
  let sidecarRestarts = 0;
  let lastRestart: string | undefined;
  for (const [index, container] of statuses.entries()) {
    result.restarts += container.restartCount ?? 0;
    lastRestart = later(lastRestart, container.lastState?.terminated?.finishedAt);
    const { terminated, waiting } = container.state ?? {};
    if (sidecar.has(container.name)) {
      sidecarRestarts += container.restartCount ?? 0;
      if (container.ready) result.ready++;
      if (container.started === true) continue;
    }
    if (terminated?.exitCode === 0) continue;
    if (terminated !== undefined) result.reason = `Init:${endText(terminated)}`;
    else if (waiting?.reason && waiting.reason !== "PodInitializing") result.reason = `Init:${waiting.reason}`;
    else result.reason = `Init:${index}/${containers.length}`;
    break;
  }
  return { ...result, sidecarRestarts, lastRestart };
}

function mainSummary(statuses: readonly ContainerStatus[]): {
  reason: string | undefined;
  ready: number;
  running: boolean;
  restarts: number;
  lastRestart: string | undefined;
} {
  let reason: string | undefined;
  let ready = 0;
  let restarts = 0;
  let lastRestart: string | undefined;
  for (const container of statuses.toReversed()) {
    restarts += container.restartCount ?? 0;
    lastRestart = later(lastRestart, container.lastState?.terminated?.finishedAt);
    const { waiting, terminated, running } = container.state ?? {};
    if (waiting?.reason) reason = waiting.reason;
    else if (terminated !== undefined) reason = endText(terminated);
    else if (container.ready && running !== undefined) ready++;
  }
  return { reason, ready, running: ready > 0, restarts, lastRestart };
}

function endText({ reason, signal, exitCode }: NonNullable<ContainerState["terminated"]>): string {
  if (reason) return reason;
  return signal ? `Signal:${signal}` : `ExitCode:${exitCode ?? 0}`;
}

function later(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Date.parse(a) > Date.parse(b) ? a : b;
}

function readinessGates(pod: KubeObject): string {
  const gates: readonly { conditionType: string }[] = pod.spec?.readinessGates ?? [];
  if (gates.length === 0) return "<none>";
  const conditions: readonly Condition[] = pod.status?.conditions ?? [];
  const met = gates.filter(({ conditionType }) =>
    conditions.some(({ type, status }) => type === conditionType && status === "True"),
  );
  return `${met.length}/${gates.length}`;
}
