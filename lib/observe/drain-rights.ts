/** Asks for the rights without which a drain would come to a halt in its midst. */
import type { KubeClient } from "../kube/client.ts";
import { KubeError } from "../model/errors.ts";
import { type AccessQuestion, mayI } from "./access.ts";
import { resourceTypes } from "./resource-types.ts";

export interface DrainRights {
  /** The first right that the API server says we lack: `patch nodes`, and where or what for. */
  readonly missing: string | undefined;
  /** Why the API server did not say of every right whether we have it. */
  readonly silence: string | undefined;
}

/** The namespaces that a drain has to do with. */
export interface DrainNamespaces {
  readonly ofVms: ReadonlySet<string>;
  /** Of the pods that are evicted. */
  readonly ofPods: ReadonlySet<string>;
}

/** What is not allowed in the whole cluster may be allowed in the namespaces that matter. Throws ExpectedError when nobody answers. */
export async function askDrainRights(client: KubeClient, { ofVms, ofPods }: DrainNamespaces): Promise<DrainRights> {
  let silence: string | undefined;
  const isRefused = async (question: AccessQuestion): Promise<boolean> => {
    try {
      return !(await mayI(client, question));
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      silence ??= error.message;
      return false;
    }
  };
  const lackOf = async (question: AccessQuestion, right: string, namespaces?: ReadonlySet<string>) => {
    if (!(await isRefused(question))) return undefined;
    if (namespaces === undefined) return `${right}, so that they cannot be cordoned`;
    for (const namespace of namespaces)
      if (await isRefused({ ...question, namespace })) return `${right} in namespace ${namespace}`;
    return undefined;
  };
  const lacks = await Promise.all([
    lackOf({ verb: "get", type: resourceTypes.nodes }, "get nodes"),
    lackOf({ verb: "patch", type: resourceTypes.nodes }, "patch nodes"),
    // A VM that has left its node is looked up by its name.
    lackOf({ verb: "get", type: resourceTypes.vmis }, "get virtualmachineinstances", ofVms),
    lackOf({ verb: "create", type: resourceTypes.pods, subresource: "eviction" }, "create pods/eviction", ofPods),
  ]);
  return { missing: lacks.find((lack) => lack !== undefined), silence };
}
