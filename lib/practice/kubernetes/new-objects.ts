/** Objects that controllers and scenarios create without a request: with everything that kube-apiserver fills in. */

import { fillDefaults, prepareNew } from "../api/defaults.ts";
import { cloneJson } from "../fields.ts";
import type { KubeObject, NewObject, ResourceKey, Store, Writer } from "../store.ts";

/** The object as the API server would store it. */
export function completed(key: ResourceKey, object: NewObject): NewObject {
  const complete = cloneJson(object);
  fillDefaults(key, complete);
  prepareNew(key, complete);
  return complete;
}

/** Stores a new object as a request would. */
export function createCompleted(store: Store, key: ResourceKey, object: NewObject, who: Writer): KubeObject {
  return store.create(key, completed(key, object), who);
}
