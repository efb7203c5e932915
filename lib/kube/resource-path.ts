/** Where resources live on the server. */
import type { ResourcePath, ResourceType } from "./api.ts";

/** `/api/v1/namespaces/NS/pods` or `/apis/GROUP/VERSION/PLURAL`; without a namespace the collection of all of them. */
export function collectionPath(type: ResourceType, namespace: string | undefined): string {
  const root = type.group === "" ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  const scope = type.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  return `${root}${scope}/${type.plural}`;
}

/** One object, or a subresource of it such as `evacuate/cancel`. */
export function objectPath({ type, namespace, name, subresource }: ResourcePath): string {
  const sub = subresource === undefined ? "" : `/${subresource.split("/").map(encodeURIComponent).join("/")}`;
  return `${collectionPath(type, namespace)}/${encodeURIComponent(name)}${sub}`;
}
