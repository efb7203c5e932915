/** Writes Events, and counts up an event that repeats instead of writing it again (client-go's EventCorrelator). */
import { randomBytes } from "node:crypto";
import { type PracticeClock, rfc3339 } from "../clock.ts";
import type { KubeObject, Store } from "../store.ts";
import { events } from "./keys.ts";

/** Events live for one hour, kube-apiserver's `--event-ttl`. */
export const eventLifetimeMs = 3_600_000;

export interface EventText {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
  /** The component, as `kubectl describe` shows it under From. */
  readonly from: string;
  readonly host?: string;
}

export type Recorder = (about: KubeObject, text: EventText) => void;

/** A recorder for the store; `since` leaves out events that would be gone by the time the cluster can be seen. */
export function createRecorder(store: Store, clock: PracticeClock, since: Date): Recorder {
  const written = new Map<string, { namespace: string; name: string }>();
  return (about, text) => {
    if (clock.now() < since) return;
    const now = rfc3339(clock.now());
    const id = [about.kind, about.metadata.uid, text.reason, text.message, text.from].join("|");
    const earlier = written.get(id);
    const counted =
      earlier === undefined
        ? undefined
        : store.modify(
            events,
            earlier.namespace,
            earlier.name,
            (draft) => {
              draft.count = (draft.count ?? 1) + 1;
              draft.lastTimestamp = now;
            },
            { manager: text.from },
          );
    if (counted !== undefined) return;
    const namespace = about.metadata.namespace || "default";
    const name = `${about.metadata.name}.${randomBytes(8).toString("hex")}`;
    store.create(events, eventObject(about, text, { namespace, name, now }), { manager: text.from });
    written.set(id, { namespace, name });
  };
}

function eventObject(about: KubeObject, text: EventText, at: { namespace: string; name: string; now: string }) {
  const source = text.host === undefined ? { component: text.from } : { component: text.from, host: text.host };
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: { namespace: at.namespace, name: at.name } as KubeObject["metadata"],
    involvedObject: {
      apiVersion: about.apiVersion,
      kind: about.kind,
      name: about.metadata.name,
      ...(about.metadata.namespace ? { namespace: about.metadata.namespace } : {}),
      resourceVersion: about.metadata.resourceVersion,
      uid: about.metadata.uid,
    },
    type: text.type,
    reason: text.reason,
    message: text.message,
    source,
    firstTimestamp: at.now,
    lastTimestamp: at.now,
    count: 1,
    eventTime: null,
    reportingComponent: text.from,
    reportingInstance: text.host ?? "",
  };
}
