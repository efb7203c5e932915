/** New pods as controllers create them: with everything that kube-apiserver fills in. */
import type { NewObject, ObjectMeta } from "../store.ts";
import { pods } from "./keys.ts";
import { completed } from "./new-objects.ts";
import type { OwnerReference } from "./objects.ts";

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
