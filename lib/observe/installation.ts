/** Reads what is true of the whole cluster: versions, what the API server offers, KubeVirt's settings and where virt-api answers. */
import type { Discovery } from "../kube/api.ts";
import { objectOf } from "../model/json.ts";
import { keyOf } from "../model/kubernetes.ts";
import type { KubeVirt } from "../model/kubevirt.ts";
import { subresourcesGroup, virtApiApp } from "../platform/names.ts";
import { decodeKubeVirt } from "./decode/kubevirt.ts";
import { objectParts } from "./decode/metadata.ts";
import { listOf, text } from "./read-field.ts";
import type { Reading } from "./reading.ts";
import { resourceTypes } from "./resource-types.ts";

/** The server's version; undefined when it does not tell. */
export async function readKubernetesVersion(reading: Reading): Promise<string | undefined> {
  const answer = await reading.attempt((client) => client.serverVersion({ signal: reading.signal }));
  return answer.ok ? answer.value.gitVersion || undefined : undefined;
}

/** KubeVirt's settings, from the one resource that there should be. */
export async function readKubeVirt(reading: Reading): Promise<KubeVirt | undefined> {
  const found = await reading.list(resourceTypes.kubevirts, {}, decodeKubeVirt);
  if (found === undefined) return undefined;
  if (found.length === 1) return found[0];
  const resource = resourceTypes.kubevirts.plural;
  const names = found.map(({ metadata }) => keyOf(metadata)).join(", ");
  reading.noteGap({
    resource,
    reason:
      found.length === 0 ? "there is none, so KubeVirt's settings are unknown" : `there should be one, not ${names}`,
  });
  return undefined;
}

/** Nodes of the ready endpoints of the Service `virt-api`; an endpoint that does not tell its node gives an empty name. */
export async function readVirtApiNodes(reading: Reading, namespace: string): Promise<readonly string[] | undefined> {
  const slices = await reading.list(
    resourceTypes.endpointSlices,
    { namespace, labelSelector: `kubernetes.io/service-name=${virtApiApp}` },
    (object) => objectParts(object) && listOf(objectOf(object).endpoints, readyNode),
  );
  return slices?.flat();
}

/** An unset `ready` means ready (discovery/v1 EndpointConditions). */
function readyNode(endpoint: unknown): string | undefined {
  const { conditions, nodeName } = objectOf(endpoint);
  return objectOf(conditions).ready === false ? undefined : (text(nodeName) ?? "");
}

/** Whether evacuations can be cancelled; undefined when virt-api, which would tell, does not answer. */
export async function offersEvacuateCancel(reading: Reading, discovery: Discovery): Promise<boolean | undefined> {
  const version = "v1";
  if (discovery.unavailable.includes(`${subresourcesGroup}/${version}`)) return undefined;
  const served = discovery.groups
    .find(({ name }) => name === subresourcesGroup)
    ?.versions.find((candidate) => candidate.version === version);
  if (served === undefined) return undefined;
  let resources = served.resources;
  if (resources === undefined) {
    const answer = await reading.attempt((client) =>
      client.apiResources(subresourcesGroup, version, { signal: reading.signal }),
    );
    resources = answer.ok ? answer.value : undefined;
  }
  // A server that names no resources at all has not told.
  if (resources === undefined || resources.length === 0) return undefined;
  return resources.some(
    ({ name, subresources }) => name === resourceTypes.vmis.plural && subresources.includes("evacuate/cancel"),
  );
}
