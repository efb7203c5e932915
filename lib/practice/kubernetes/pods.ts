/** New pods as controllers create them: with everything that kube-apiserver fills in. */
import { StoreError } from "../status.ts";
import type { KubeObject, NewObject, ObjectMeta, OwnerReference, Writer } from "../store.ts";
import { pods } from "./keys.ts";
import { completed } from "./new-objects.ts";
import type { World } from "./world.ts";

/** The pod with the server's defaults: container fields, QoS class, 300 s of patience with lost nodes. */
export function defaultedPod(pod: NewObject): NewObject {
  return completed(pods, pod);
}

/** A pod from a workload's template. */
export function podFromTemplate(
  template: { readonly metadata?: Partial<ObjectMeta>; readonly spec: unknown },
  place: {
    readonly namespace: string;
    readonly generateName: string;
    readonly owner: OwnerReference;
    readonly labels?: Record<string, string>;
  },
): NewObject {
  const { labels, annotations } = template.metadata ?? {};
  return defaultedPod({
    metadata: {
      namespace: place.namespace,
      generateName: place.generateName,
      labels: { ...labels, ...place.labels },
      ...(annotations === undefined ? {} : { annotations }),
      ownerReferences: [place.owner],
    },
    spec: template.spec,
  });
}

/**
 * Makes a pod as controllers do. What the API server answers instead, as it does where a quota is used up, becomes an event
 * about the owner, and is handed back.
 */
export function tryToCreatePod(
  world: World,
  pod: NewObject,
  { owner, from, writer, failed }: PodMaker,
): KubeObject | StoreError {
  try {
    return world.store.create(pods, pod, writer);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    world.record(owner, { type: "Warning", reason: "FailedCreate", message: `${failed}: ${error.message}`, from });
    return error;
  }
}

export interface PodMaker {
  /** Whom the event concerns. */
  readonly owner: KubeObject;
  readonly from: string;
  readonly writer: Writer;
  /** How the event begins. */
  readonly failed: string;
}
