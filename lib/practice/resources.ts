/** The table of resources that a cluster with KubeVirt serves; definitions of custom resources add to it. */
import { builtinResources } from "./builtin-resources.ts";
import { kubevirtResources } from "./kubevirt-resources.ts";
import type { Resource } from "./resource.ts";

export interface ResourceTable {
  find(group: string, resource: string): Resource | undefined;
  all(): readonly Resource[];
  /** Serves a further resource (a CustomResourceDefinition), or replaces its description. */
  register(resource: Resource): void;
  /** Stops serving a resource. */
  unregister(group: string, resource: string): void;
}

/** The table of a cluster with KubeVirt installed. */
export function createResourceTable(): ResourceTable {
  const table = new Map<string, Resource>();
  const nameOf = (group: string, resource: string): string => `${group}/${resource}`;
  const register = (resource: Resource): void => {
    table.set(nameOf(resource.group, resource.resource), resource);
  };
  for (const resource of [...builtinResources, ...kubevirtResources]) register(resource);
  return {
    find: (group, resource) => table.get(nameOf(group, resource)),
    all: () => [...table.values()],
    register,
    unregister: (group, resource) => void table.delete(nameOf(group, resource)),
  };
}
