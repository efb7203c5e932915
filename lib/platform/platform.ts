/** Which flavour of KubeVirt a cluster runs, told from the API groups that it serves. */
import type { KubeVirt } from "../model/kubevirt.ts";
import {
  deckhouseGroup,
  harvesterGroup,
  hyperConvergedGroup,
  hyperConvergedKind,
  kubevirtGroup,
  subresourcesGroup,
} from "./names.ts";

export type Flavour = "upstream" | "hyperconverged" | "harvester" | "deckhouse" | "none";

export interface Platform {
  readonly flavour: Flavour;
  /** Why no command may go on; undefined where the cluster's VMs can be seen. */
  readonly refusal?: string | undefined;
}

/**
 * Tells the flavour from the names of the API groups. Whoever does not see every VM of a node must not drain it, so that a
 * cluster with a renamed KubeVirt is refused, also when an upstream one is installed beside it.
 */
export function detectPlatform(groups: Iterable<string>): Platform {
  const served = new Set(groups);
  const renamed = [...served].find((group) => group === deckhouseGroup || group.endsWith(`.${deckhouseGroup}`));
  if (renamed !== undefined) {
    return {
      flavour: "deckhouse",
      refusal: `this cluster runs Deckhouse virtualization, whose KubeVirt API is renamed (group ${renamed}); its VMs cannot be seen yet, so nothing is done here`,
    };
  }
  if (!served.has(kubevirtGroup)) {
    const orphaned = served.has(subresourcesGroup) ? `, although ${subresourcesGroup} is served` : "";
    return {
      flavour: "none",
      refusal: `this cluster does not serve the API group ${kubevirtGroup}${orphaned}: KubeVirt is not installed, or its API cannot be seen`,
    };
  }
  if (served.has(harvesterGroup)) return { flavour: "harvester" };
  return { flavour: served.has(hyperConvergedGroup) ? "hyperconverged" : "upstream" };
}

/** True when the KubeVirt resource belongs to a HyperConverged one, which takes back whatever is changed in it. */
export function isHyperConverged(kubevirt: KubeVirt): boolean {
  return (
    kubevirt.metadata.name === "kubevirt-kubevirt-hyperconverged" ||
    kubevirt.metadata.ownerReferences.some((owner) => owner.kind === hyperConvergedKind)
  );
}
